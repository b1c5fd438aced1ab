package bind

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// maxDepth bounds how deep expressions and calls nest, so that a hostile text cannot exhaust the stack.
const maxDepth = 2_500

// bindExpr binds an expression where a scalar is usual; it may turn out to be a table.
func (b *binder) bindExpr(e syntax.Expr) *bound { return b.bindIn(e, false) }

// bindTable binds an expression where a table is expected, which decides how an unknown name is reported.
func (b *binder) bindTable(e syntax.Expr) *relation {
	out := b.bindIn(e, true)
	switch {
	case out.table != nil:
		return out.table
	case len(out.tables) > 0:
		return b.unionOf(out.tables, e, "outer", nil)
	case out.typing.shape == tabular:
		return &relation{open: true, op: b.nowhere(e)}
	case out.typing.shape != invalid:
		b.report("KS111", e.Span(), "tabular value expected")
	}
	return &relation{open: true, op: b.nowhere(e)}
}

// nowhere stands for a table that did not bind.
func (b *binder) nowhere(e syntax.Node) Operator {
	return &Opaque{Output: Output{At: e.Span(), Open: true}, Keyword: "unresolved"}
}

func (b *binder) bindIn(e syntax.Expr, table bool) *bound {
	if e == nil {
		return &bound{expr: placeholder(nil)}
	}
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		b.report("KS245", e.Span(), "the query nests too deeply")
		return bad(e)
	}
	before := b.size
	if !b.spend(1, e) {
		return bad(e)
	}
	out := b.bindForm(e, table)
	out.size = b.size - before
	return out
}

// bindForm binds an expression by its form.
func (b *binder) bindForm(e syntax.Expr, table bool) *bound {
	if out := b.bindSource(e); out != nil {
		return out
	}
	switch e := e.(type) {
	case *syntax.Name:
		return b.bindName(e, table)
	case *syntax.Call:
		return b.bindCall(e, table)
	case *syntax.Parens:
		return b.bindParens(e, table)
	case *syntax.Member:
		return b.bindMember(e)
	case *syntax.Wildcard:
		return b.bindWildcard(e)
	default:
		return b.bindScalar(e)
	}
}

// bindSource binds the expressions that are tables by their form; nil for all others.
func (b *binder) bindSource(e syntax.Expr) *bound {
	switch e := e.(type) {
	case *syntax.Pipeline:
		return b.bindPipeline(e)
	case *syntax.DataTable:
		return tableOf(e, b.bindDataTable(e))
	case *syntax.ContextualDataTable:
		return tableOf(e, &relation{columns: b.schemaColumns(e.Schema), op: b.nowhere(e)})
	case *syntax.ExternalData:
		return tableOf(e, b.bindExternalData(e))
	case *syntax.InlineExternalTable:
		return tableOf(e, b.bindInlineExternal(e))
	case *syntax.Materialize:
		return b.bindMaterialize(e)
	case *syntax.ToTable:
		saved := b.row
		b.row = nil
		defer func() { b.row = saved }()
		return tableOf(e, b.bindTable(e.Input))
	case *syntax.Function:
		return &bound{node: e, fn: b.declareFunction("", e)}
	case *syntax.EntityGroup:
		return &bound{node: e, typing: typing{shape: nothing}}
	default:
		return nil
	}
}

func (b *binder) bindScalar(e syntax.Expr) *bound {
	switch e := e.(type) {
	case *syntax.Literal:
		return b.bindLiteral(e)
	case *syntax.Dynamic:
		return b.bindDynamic(e)
	case *syntax.TypeOf:
		return b.bindTypeOf(e)
	case *syntax.Star:
		return &bound{node: e, star: true, typing: typing{shape: anything}, expr: placeholder(e)}
	case *syntax.Unary:
		return b.bindUnary(e)
	case *syntax.Binary:
		return b.bindBinary(e)
	case *syntax.In:
		return b.bindMembership(e)
	case *syntax.Between:
		return b.bindBetween(e)
	case *syntax.Element:
		return b.bindElement(e)
	case *syntax.ToScalar:
		return b.bindToScalar(e)
	case *syntax.NamedExpr:
		return b.bindArgument(e)
	case *syntax.Bracketed:
		return b.bindBracketed(e)
	case *syntax.JSONObject, *syntax.JSONArray:
		return b.bindJSON(e)
	default:
		return bad(e)
	}
}

func (b *binder) bindParens(e *syntax.Parens, table bool) *bound {
	inner := *b.bindIn(e.Inner, table)
	inner.node = e
	inner.column = nil
	inner.literal = false
	return &inner
}

// bindName resolves a name: a column, a variable, a table, or a function without parentheses.
func (b *binder) bindName(e *syntax.Name, table bool) *bound {
	out := b.resolve(e, table) // a bound of its own, whatever the name stands for
	out.node = e
	out.name, out.hasName = e.Text, true
	if l, ok := out.expr.(*Literal); ok {
		out.expr = &Literal{Typed: Typed{Result: l.Result, At: e.Span()}, Value: l.Value}
	}
	out.literal = false
	return out
}

func (b *binder) resolve(e *syntax.Name, table bool) *bound {
	name := e.Text
	if e.Client {
		b.report("KS213", e.Span(), "client parameters are not supported")
		return &bound{typing: typing{shape: unknown}, expr: placeholder(e)}
	}
	if out := b.resolveColumn(e); out != nil && b.mode == normal {
		return out
	}
	if sym := b.scope.find(name); sym != nil {
		return b.useSymbol(sym, e)
	}
	if f, ok := b.schema.Function(name); ok {
		b.report("KS117", e.Span(), "the function '%s' requires an argument list", name)
		return &bound{table: &relation{columns: newColumns(f.Columns), open: true, op: b.nowhere(e)}, typing: typing{shape: tabular}}
	}
	if t, ok := b.schema.Table(name); ok {
		return tableOf(e, b.scan(t, e.Span()))
	}
	if _, ok := b.builtins.scalars[name]; ok {
		b.report("KS117", e.Span(), "the function '%s' requires an argument list", name)
		return bad(e)
	}
	if b.row != nil && b.row.open && b.mode == normal {
		c := b.infer(b.row, name)
		return &bound{typing: c.typing, column: c, result: c, expr: &LateColumn{Typed: Typed{At: e.Span()}, Name: name}}
	}
	return b.unresolved(e, table)
}

// resolveColumn looks for a column of the rows at hand.
func (b *binder) resolveColumn(e *syntax.Name) *bound {
	for _, r := range []*relation{b.row, b.right} {
		if r == nil {
			continue
		}
		if i, c := r.find(e.Text); c != nil {
			var x Expr = &Column{Typed: Typed{Result: c.typing.valueType(), At: e.Span()}, Index: i, Name: c.name}
			if i >= len(r.columns) {
				x = &LateColumn{Typed: Typed{At: e.Span()}, Name: c.name}
			}
			return &bound{typing: c.typing, column: c, result: c, expr: x}
		}
	}
	return nil
}

func (b *binder) scan(t *Table, at syntax.Span) *relation {
	if b.quiet == 0 {
		b.tables = append(b.tables, TableUse{Name: t.Name, At: at})
	}
	r := &relation{columns: newColumns(t.Columns), name: t.Name, fields: t.Columns}
	r.op = &Scan{Output: Output{Fields: t.Columns, At: at}, Table: t.Name}
	return r
}

func newColumns(cols []value.Column) []*column {
	out, together := make([]*column, len(cols)), make([]column, len(cols))
	for i, c := range cols {
		together[i] = column{name: c.Name, typing: scalar(c.Type)}
		out[i] = &together[i]
	}
	return out
}

// useSymbol is what a declared name stands for.
func (b *binder) useSymbol(sym *symbol, e *syntax.Name) *bound {
	if !b.spend(sym.size, e) {
		return bad(e)
	}
	switch {
	case sym.scalar != nil:
		if sym.byRow && b.row != nil {
			b.add(syntax.Diagnostic{
				Class: syntax.ClassRuntime, Span: e.Span(),
				Message: "the argument '" + sym.name + "' depends on a row and cannot be used inside a table expression",
			})
		}
		out := *sym.scalar
		out.column, out.result, out.argument = nil, nil, nil
		return &out
	case sym.table != nil:
		return tableOf(e, sym.table)
	case sym.fn != nil:
		if sym.fn.optionalOnly() {
			return sym.fn.named(b.expand(sym.fn, nil, e))
		}
		b.report("KS117", e.Span(), "the function '%s' requires an argument list", sym.name)
		return bad(e)
	default:
		out := *sym.bound
		return &out
	}
}

// unresolved reports a name that refers to nothing.
func (b *binder) unresolved(e *syntax.Name, table bool) *bound {
	if e.Text == "" || len(b.diagnostics) >= maxDiagnostics {
		return bad(e)
	}
	if b.mode == aggregating {
		if c := b.resolveColumn(e); c != nil {
			b.report("KS236", e.Span(), "the name '%s' is not an aggregate or scalar function", e.Text)
			return bad(e)
		}
	}
	if table {
		b.unresolvedTable(e)
		return tableOf(e, &relation{open: true, op: b.nowhere(e)})
	}
	d := b.report("KS142", e.Span(), "the name '%s' does not refer to any known column, table, variable or function", e.Text)
	d.Hint = hint(e.Text, b.visibleNames())
	return bad(e)
}

func (b *binder) unresolvedTable(e *syntax.Name) {
	if b.fuzzy {
		b.warn("KS205", e.Span(), "the fuzzy name '%s' does not refer to any known table", e.Text)
		return
	}
	d := b.report("KS204", e.Span(), "the name '%s' does not refer to any known table, tabular variable or function", e.Text)
	d.Hint = hint(e.Text, append(b.scope.names(), b.schema.TableNames()...))
}

func hint(name string, candidates []string) string {
	s, ok := syntax.Suggest(name, candidates)
	if !ok {
		return ""
	}
	if strings.HasSuffix(s, name) && s != name {
		s = commonPrefix(name, s, candidates)
	}
	return `did you mean "` + s + `"?`
}

// commonPrefix chooses among the candidates that end with the name the one whose beginning most candidates share:
// AccountName is rather InitiatingProcessAccountName than RequestAccountName where many columns begin with InitiatingProcess.
func commonPrefix(name, first string, candidates []string) string {
	best, most := first, 0
	for _, c := range candidates {
		prefix, ok := strings.CutSuffix(c, name)
		if !ok || prefix == "" {
			continue
		}
		n := 0
		for _, other := range candidates {
			if strings.HasPrefix(other, prefix) {
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}

// visibleNames lists what a name could have meant: columns first.
func (b *binder) visibleNames() []string {
	var out []string
	for _, c := range b.row.all() {
		out = append(out, c.name)
	}
	for _, c := range b.right.all() {
		out = append(out, c.name)
	}
	if len(out) == 0 {
		out = append(out, b.schema.TableNames()...)
	}
	return append(out, b.scope.names()...)
}

// bindToScalar binds toscalar(...).
func (b *binder) bindToScalar(e *syntax.ToScalar) *bound {
	saved, mode := b.row, b.mode
	b.row, b.mode = nil, normal
	in := b.bindIn(e.Input, true)
	b.row, b.mode = saved, mode
	out := &bound{node: e, constant: true}
	switch {
	case in.table != nil:
		cols := in.table.all()
		if len(cols) == 0 {
			if !missing(in.table.op) {
				b.report("KS190", e.Input.Span(), "the table has no columns")
			}
			return &bound{node: e, constant: true, typing: typing{shape: unknown}, expr: placeholder(e)}
		}
		out.typing = cols[0].typing
		out.expr = &ToScalar{Typed: Typed{Result: out.typing.valueType(), At: e.Span()}, Plan: in.table.op}
	case in.typing.isScalar():
		out.typing, out.expr = in.typing, in.expr
	default:
		if in.typing.shape != invalid {
			b.report("KS112", e.Input.Span(), "a tabular or scalar value expected")
		}
		out.expr = placeholder(e)
	}
	return out
}

// bindArgument binds a named argument.
func (b *binder) bindArgument(e *syntax.NamedExpr) *bound {
	out := *b.bindExpr(e.Value)
	out.node = e.Value
	if len(e.Names) == 1 {
		out.argument = e.Names[0]
		out.name, out.hasName = out.argument.Text, true
	}
	if len(e.Names) > 1 {
		b.report("KS194", e.Span(), "compound named arguments are not supported")
	}
	return &out
}
