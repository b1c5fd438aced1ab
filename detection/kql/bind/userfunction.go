package bind

import (
	"fmt"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// maxExpansions bounds how often bodies of functions are bound, so that a small text of functions that call each other twice
// cannot keep the binder busy for ever.
const maxExpansions = 10_000

// declareFunction binds the declaration of a function: its parameters, and its body once, with the parameters unknown, so that what is
// wrong with it is reported where it stands.
func (b *binder) declareFunction(name string, e *syntax.Function) *userFunction {
	f := &userFunction{name: name, decl: e, scope: b.scope}
	canBeTable := true
	for _, p := range e.Parameters {
		b.declareParameter(f, p, &canBeTable)
	}
	saved := b.enter(f)
	for i, p := range f.params {
		b.scope.define(f.standIn(i, p, e))
	}
	if e.Body != nil {
		b.bindStatements(e.Body.Statements)
	}
	b.leave(saved)
	return f
}

func (b *binder) declareParameter(f *userFunction, p *syntax.Parameter, canBeTable *bool) {
	name := ""
	if p.Name != nil {
		name = p.Name.Text
	}
	param := parameter{name: name, min: 1, max: 1}
	var given *bound
	var shape *relation
	if p.Schema != nil {
		if !*canBeTable {
			b.report("KS226", p.Span(), "tabular parameters must be declared first")
		}
		param.kind = "Tabular"
		shape = &relation{columns: b.schemaColumns(p.Schema)}
	} else {
		*canBeTable = false
		t := b.typeByName(p.Type)
		param.types = []typing{t}
		if p.Default != nil {
			given = b.bindExpr(p.Default)
			if !given.literal {
				b.report("KS132", p.Default.Span(), "the expression must be a literal scalar value")
			} else {
				b.requireType(given, t, compatible)
			}
			param.min = 0
		}
	}
	f.params = append(f.params, param)
	f.defaults = append(f.defaults, given)
	f.shapes = append(f.shapes, shape)
}

// standIn is what a parameter is while the body is bound for its own sake.
func (f *userFunction) standIn(i int, p parameter, e syntax.Node) *symbol {
	if shape := f.shapes[i]; shape != nil {
		r := *shape
		r.op = &Subject{Output: Output{Fields: valueColumns(r.columns), Open: r.open, At: e.Span()}}
		return &symbol{name: p.name, table: &r}
	}
	return &symbol{name: p.name, scalar: &bound{
		node: e, typing: p.types[0], constant: true,
		expr: &Call{Typed: Typed{Result: p.types[0].valueType(), At: e.Span()}, Name: "parameter"},
	}}
}

// frame is what a function body does not see of its caller.
type frame struct {
	scope      *scope
	row, right *relation
	mode       mode
	aggregates *aggregation
	subject    *relation
	fuzzy      bool
	nextColumn int
}

func (b *binder) enter(f *userFunction) frame {
	saved := frame{b.scope, b.row, b.right, b.mode, b.aggregates, b.subject, b.fuzzy, b.nextColumn}
	b.scope = newScope(f.scope)
	b.row, b.right, b.mode, b.aggregates, b.subject = nil, nil, normal, nil, nil
	b.nextColumn, b.fuzzy = 1, false
	return saved
}

func (b *binder) leave(f frame) {
	b.scope, b.row, b.right, b.mode, b.aggregates = f.scope, f.row, f.right, f.mode, f.aggregates
	b.subject, b.fuzzy, b.nextColumn = f.subject, f.fuzzy, f.nextColumn
}

// callUser binds a call of a function that the query declares.
func (b *binder) callUser(e *syntax.Call, f *userFunction) *bound {
	implicit := b.invoked
	b.invoked = nil
	args := make([]*bound, 0, len(e.Args)+1)
	if implicit != nil {
		args = append(args, tableOf(e.Name, implicit))
	}
	for _, x := range e.Args {
		if n := len(args); n < len(f.params) && f.params[n].kind == "Tabular" {
			args = append(args, b.bindIn(x, true))
			continue
		}
		args = append(args, b.bindExpr(x))
	}
	c := tryCall(f.signature(), args, typings(args))
	for i, p := range c.params {
		if p != nil && p.kind == "Tabular" {
			b.checkShape(f, p, args[i])
		}
	}
	if !b.check(f.name, c, e.Name.Span()) {
		b.quiet++
		defer func() { b.quiet-- }()
	}
	out := f.named(b.expand(f, c, e))
	b.reportHidden(f, e)
	out.name, out.hasName = "", false
	return out
}

// reportHidden reports at the call what is wrong in the body only for these arguments. Microsoft's binder does not look for it, and the
// service finds it when it runs the query.
func (b *binder) reportHidden(f *userFunction, e *syntax.Call) {
	if b.quiet > 0 || len(b.hidden) == 0 {
		return
	}
	first := b.hidden[0]
	b.hidden = nil
	b.add(syntax.Diagnostic{
		Class: syntax.ClassRuntime, Code: first.Code, Span: e.Name.Span(), Hint: first.Hint,
		Message: fmt.Sprintf("in this call of '%s': %s", f.name, first.Message),
	})
}

// checkShape reports a table that lacks the columns a parameter asks for.
func (b *binder) checkShape(f *userFunction, p *parameter, a *bound) {
	shape := f.shapes[0]
	for i := range f.params {
		if f.params[i].name == p.name {
			shape = f.shapes[i]
		}
	}
	if a.table == nil || shape == nil {
		return
	}
	for _, want := range shape.columns {
		_, got := a.table.find(want.name)
		if got == nil || !assignable(want.typing, got.typing, exact) {
			b.report("KS249", a.span(), "the tabular value does not have the required columns: it lacks %s:%s", want.name, want.typing)
			return
		}
	}
}

// expand binds the body of a function anew with the arguments in place of the parameters.
func (b *binder) expand(f *userFunction, c *call, at syntax.Node) *bound {
	if f.pattern != nil {
		return b.callPattern(f, c, at)
	}
	b.depth += 3
	b.expansions++
	defer func() { b.depth -= 3 }()
	if b.expansions > maxExpansions {
		b.report("", at.Span(), "the query calls functions more than %d times, counting calls inside calls", maxExpansions)
		return &bound{node: at, typing: typing{shape: unknown}, expr: placeholder(at)}
	}
	saved := b.enter(f)
	defer b.leave(saved)
	for i, p := range f.params {
		sym := f.standIn(i, p, f.decl)
		if f.defaults[i] != nil {
			sym.scalar = f.defaults[i]
		}
		if c != nil {
			for j, q := range c.params {
				if q != nil && q.name == p.name {
					sym = argumentSymbol(p, c.args[j], saved.row)
				}
			}
		}
		b.scope.define(sym)
	}
	b.quiet++
	defer func() { b.quiet-- }()
	var out *bound
	if f.decl.Body != nil {
		out = b.bindStatements(f.decl.Body.Statements)
	}
	if out == nil {
		return &bound{node: at, typing: typing{shape: unknown}, expr: placeholder(at)}
	}
	result := *out
	result.node = at
	result.column, result.result, result.constant, result.literal = nil, nil, out.constant, false
	if result.typing.shape == invalid {
		result.typing = typing{shape: unknown}
	}
	return &result
}

// named gives the table of a view its name, which union's withsource= shows.
func (f *userFunction) named(out *bound) *bound {
	if out.table == nil || !f.decl.View.Present() {
		return out
	}
	r := *out.table
	r.name = f.name
	out.table = &r
	return out
}

// argumentSymbol gives an argument the name and type of its parameter.
func argumentSymbol(p parameter, a *bound, row *relation) *symbol {
	if a.table != nil {
		return &symbol{name: p.name, table: a.table, size: a.size}
	}
	v := *a
	if len(p.types) == 1 && !v.typing.unresolved() && !equal(v.typing, p.types[0]) {
		v.expr = converted(v.expr, p.types[0])
		v.typing = p.types[0]
	}
	return &symbol{name: p.name, size: a.size, scalar: &v, byRow: row != nil && !a.constant && dependsOnRow(a.expr)}
}

// converted is the value in the type of the parameter.
func converted(e Expr, t typing) Expr {
	to := t.valueType()
	if e == nil || to == e.Type() || to == value.Dynamic || to == value.Unknown || e.Type() == value.Unknown {
		return e
	}
	if l, ok := e.(*Literal); ok {
		return &Literal{Typed: Typed{Result: to, At: l.At}, Value: value.Convert(l.Value, to)}
	}
	return &Call{Typed: Typed{Result: to, At: e.Span()}, Name: "to" + to.String(), Args: []Expr{e}}
}

// dependsOnRow reports whether an expression reads a column.
func dependsOnRow(e Expr) bool {
	switch e := e.(type) {
	case *Column, *LateColumn, *AnyColumn:
		return true
	case *Call:
		return slices.ContainsFunc(e.Args, dependsOnRow)
	case *Member:
		return dependsOnRow(e.Target)
	case *Element:
		return dependsOnRow(e.Target) || dependsOnRow(e.Index)
	case *Part:
		return dependsOnRow(e.Target)
	case *InTable:
		return dependsOnRow(e.Arg)
	}
	return false
}

// callService binds a call of a function of the service.
func (b *binder) callService(e *syntax.Call, f ServiceFunction) *bound {
	input := b.invoked
	b.invoked = nil
	plan := &Service{Output: Output{At: e.Span(), Open: f.Open}, Name: f.Name}
	b.checkServiceArguments(e, f, input, plan)
	r := &relation{open: f.Open, op: plan}
	if input != nil {
		plan.Input = input.op
		r.columns = append(r.columns, input.all()...)
		r.open = r.open || input.open
	} else if f.Invoked {
		r.columns = append(r.columns, b.row.all()...)
	}
	known := map[string]bool{}
	for _, c := range r.columns {
		known[c.name] = true
	}
	for _, c := range newColumns(f.Columns) {
		if !known[c.name] {
			r.columns = append(r.columns, c)
		}
	}
	b.unpacked(r, &plan.Output)
	plan.Fields, plan.Open = valueColumns(r.columns), r.open
	return tableOf(e, r)
}

func (b *binder) checkServiceArguments(e *syntax.Call, f ServiceFunction, input *relation, plan *Service) {
	subject, row := b.subject, b.row
	defer func() { b.subject, b.row = subject, row }()
	b.subject = nil
	if len(e.Args) > len(f.Parameters) {
		b.report("KS119", e.Name.Span(), "the function '%s' expects %d argument%s", f.Name, len(f.Parameters), plural(len(f.Parameters)))
	}
	for i, x := range e.Args {
		b.row = row
		var p ServiceParameter
		if i < len(f.Parameters) {
			p = f.Parameters[i]
		}
		if _, name := x.(*syntax.Name); name && p.Column && input != nil {
			b.row = input
		}
		a := b.bindExpr(x)
		plan.Args = append(plan.Args, a.expr)
		if p.Name != "" && a.typing.shape != invalid && !assignable(scalar(p.Type), a.typing, promoted) && !p.Column {
			b.report("KS107", a.span(), "a value of type %s expected", p.Type)
		}
	}
	for _, p := range f.Parameters[min(len(e.Args), len(f.Parameters)):] {
		if !p.Optional {
			b.report("KS197", e.Name.Span(), "the argument for parameter '%s' is missing", p.Name)
		}
	}
}

// unpacked replaces what is known of an open relation by what a run has found out.
func (b *binder) unpacked(r *relation, out *Output) {
	if cols, ok := b.options.Unpacked[out.At]; ok {
		r.columns, r.open, out.Open = newColumns(cols), false, false
	}
}
