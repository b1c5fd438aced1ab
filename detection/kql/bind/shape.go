package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindParse binds parse and parse-where.
func (b *binder) bindParse(op *syntax.ParseOperator, in *relation) *relation {
	text := b.bindExpr(op.Input)
	b.require(text, "Scalar")
	plan := &Parse{
		Input: in.op, Keyword: op.Name(), Kind: "simple", Flags: word(property(op.Properties, "flags")), Text: text.expr,
	}
	if w := word(property(op.Properties, "kind")); w != "" {
		plan.Kind = w
	}
	r := &relation{columns: append([]*column(nil), in.all()...), open: in.open, serialized: in.serialized}
	declared := map[string]bool{}
	for i, part := range op.Pattern {
		b.bindParsePart(op.Pattern, i, part, plan, r, declared)
	}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

func (b *binder) bindParsePart(
	parts []syntax.Node, i int, part syntax.Node, plan *Parse, r *relation, declared map[string]bool,
) {
	switch part := part.(type) {
	case *syntax.Star:
		plan.Pattern = append(plan.Pattern, ParsePart{Star: true, Index: -1})
		if i+1 < len(parts) && !isText(parts[i+1]) {
			b.report("KS102", part.Span(), "a string literal must follow a *")
		}
		if i > 0 {
			if d, ok := parts[i-1].(*syntax.ColumnDeclaration); ok && (!d.Type.Present() || d.Type.Text == "string") {
				b.report("KS103", part.Span(), "using * after parsing a string column is ambiguous")
			}
		}
	case *syntax.Literal:
		plan.Pattern = append(plan.Pattern, ParsePart{Text: part.Text, Index: -1})
	case *syntax.ColumnDeclaration:
		if i > 0 && !isText(parts[i-1]) {
			b.report("KS101", part.Span(), "the column name must follow a string literal")
		}
		t := scalar(value.String)
		if part.Type.Present() {
			t = b.typeByName(part.Type)
		}
		if part.Name == nil {
			return
		}
		name := part.Name.Text
		if declared[name] {
			b.report("KS171", part.Name.Span(), "a column with the name '%s' is already declared", name)
			return
		}
		declared[name] = true
		index := r.set(&column{name: name, typing: t})
		plan.Pattern = append(plan.Pattern, ParsePart{Index: index, Type: t.valueType()})
	}
}

// set puts a column in place of the one of that name, or at the end.
func (r *relation) set(c *column) int {
	for i, old := range r.columns {
		if old.name == c.name {
			r.columns[i] = c
			return i
		}
	}
	r.columns = append(r.columns, c)
	return len(r.columns) - 1
}

func isText(n syntax.Node) bool {
	l, ok := n.(*syntax.Literal)
	return ok && l.Kind == syntax.StringLiteral
}

func (b *binder) bindParseKV(op *syntax.ParseKV, in *relation) *relation {
	text := b.bindExpr(op.Input)
	b.require(text, "Scalar")
	plan := &ParseKV{Input: in.op, Text: text.expr, Settings: settings(op.With)}
	r := &relation{columns: append([]*column(nil), in.all()...), open: in.open, serialized: in.serialized}
	for _, c := range b.schemaColumns(op.Schema) {
		plan.Keys = append(plan.Keys, ParseKey{Name: c.name, Index: r.set(c), Type: c.typing.valueType()})
	}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

func settings(list []*syntax.Property) []Setting {
	var out []Setting
	for _, p := range list {
		if p.Name != nil {
			out = append(out, Setting{p.Name.Text, word(p)})
		}
	}
	return out
}

func (b *binder) bindMakeSeries(op *syntax.MakeSeries, in *relation) *relation {
	p := newProjection()
	by := b.bindItems(op.By)
	for _, it := range by {
		b.require(it.value, "Scalar")
		b.place(p, it, placing{})
	}
	plan := &MakeSeries{Input: in.op, By: p.exprs, Nonempty: word(property(op.Properties, "kind")) == "nonempty"}
	dynamic := typing{shape: anything}
	group := &aggregation{base: len(p.exprs)}
	p.exprs = append([]Expr(nil), p.exprs...)
	for _, a := range op.Aggregates {
		saved := b.aggregates
		b.aggregates, b.mode = group, aggregating
		it := b.bindItem(a.Column)
		b.mode, b.aggregates = normal, saved
		b.require(it.value, "Scalar")
		var fill Expr
		if a.Default != nil {
			v := b.bindExpr(a.Default)
			fill = v.expr
			if !v.literal {
				b.report("KS131", v.span(), "the expression must be a literal")
			} else {
				b.requireType(v, it.value.typing, promoted)
			}
		}
		placed := len(p.columns)
		b.place(p, it, placing{style: summarizeStyle, typing: &dynamic})
		for i := placed; i < len(p.columns); i++ {
			// Kusto's binder leaves percentile(), take_any() and their like the type of an element; they are arrays as well.
			p.columns[i] = &column{name: p.columns[i].name, typing: dynamic}
		}
		for len(plan.By)+len(plan.Defaults) < len(p.exprs) {
			plan.Defaults = append(plan.Defaults, fill)
		}
	}
	plan.Aggregates, plan.Exprs = group.calls, p.exprs[len(plan.By):]
	if op.On != nil {
		on := b.bindItem(op.On)
		b.require(on.value, "Scalar")
		b.place(p, on, placing{typing: &dynamic})
		plan.Axis = on.value.expr
		b.bindAxis(op, plan, on.value.typing)
	}
	r := &relation{columns: p.columns, open: in.open}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

// bindAxis binds the range of make-series.
func (b *binder) bindAxis(op *syntax.MakeSeries, plan *MakeSeries, axis typing) {
	from, to, step := op.From, op.To, op.Step
	if op.Range != nil {
		if len(op.Range.Args) != 3 {
			b.report("KS119", op.Range.Span(), "the function 'range' expects 3 arguments")
			return
		}
		from, to, step = op.Range.Args[0], op.Range.Args[1], op.Range.Args[2]
		plan.Inclusive = true
	}
	for _, end := range []struct {
		e   syntax.Expr
		out *Expr
	}{{from, &plan.From}, {to, &plan.To}} {
		if end.e == nil {
			continue
		}
		v := b.bindExpr(end.e)
		b.requireType(v, axis, promoted)
		*end.out = v.expr
	}
	if step != nil {
		v := b.bindExpr(step)
		plan.Step = v.expr
		b.requireInterval(v, axis)
	}
}

// requireInterval checks that a step can be added to the axis.
func (b *binder) requireInterval(v *bound, axis typing) {
	if v.typing.unresolved() || axis.unresolved() {
		return
	}
	found := choose(b.builtins.operators["+"].signatures, []*bound{{node: v.node, typing: axis}, v}, true)
	if len(found) == 1 && assignable(axis, b.result(nil, found[0]), exact) {
		return
	}
	b.report("KS178", v.span(), "the type '%s' is not an appropriate interval type for '%s'", v.typing, axis)
}

func (b *binder) bindDataTable(e *syntax.DataTable) *relation {
	r := &relation{columns: b.schemaColumns(e.Schema)}
	plan := &Values{}
	n := len(r.columns)
	var row []value.Value
	for i, x := range e.Values {
		v := b.bindExpr(x)
		if n == 0 {
			continue
		}
		want := r.columns[i%n].typing
		row = append(row, b.cell(v, want))
		if len(row) == n {
			plan.Rows = append(plan.Rows, row)
			row = nil
		}
	}
	if n > 0 && len(e.Values)%n != 0 {
		b.report("KS173", e.Values[len(e.Values)-1].Span(), "the values should appear in multiples of %d", n)
	}
	plan.Output = b.output(r, e)
	r.op = plan
	return r
}

// cell is a value of a datatable in the type of its column.
func (b *binder) cell(v *bound, want typing) value.Value {
	to := want.valueType()
	l, ok := v.expr.(*Literal)
	if !ok {
		if v.typing.shape != invalid && !v.constant {
			b.report("KS129", v.span(), "the expression must be a constant")
		}
		return value.Null(to)
	}
	if to == value.Dynamic {
		if l.Value.IsNull() {
			return value.Null(to)
		}
		return value.NewDynamic(l.Value.ToDynamic())
	}
	if l.Value.Type() == to {
		return l.Value
	}
	return value.Convert(l.Value, to)
}

func (b *binder) bindExternalData(e *syntax.ExternalData) *relation {
	r := &relation{columns: b.schemaColumns(e.Schema)}
	plan := &External{Properties: words(e.With)}
	for _, u := range e.URIs {
		v := b.bindExpr(u)
		plan.Addresses = append(plan.Addresses, v.expr)
	}
	plan.Output = b.output(r, e)
	r.op = plan
	return r
}

func (b *binder) bindInlineExternal(e *syntax.InlineExternalTable) *relation {
	r := &relation{columns: b.schemaColumns(e.Schema), open: e.Schema == nil}
	scope := b.scope
	defer func() { b.scope = scope }()
	b.scope = newScope(scope)
	for _, c := range r.columns {
		b.scope.define(&symbol{name: c.name, scalar: &bound{node: e, typing: c.typing, expr: placeholder(e)}})
	}
	for _, p := range e.Partitions {
		t := b.typeByName(p.Type)
		if p.Default != nil {
			b.bindExpr(p.Default)
		} else if p.Name != nil {
			r.columns = append(r.columns, &column{name: p.Name.Text, typing: t})
		}
	}
	for _, u := range e.URIs {
		b.bindExpr(u)
	}
	r.op = &Opaque{Output: b.output(r, e), Keyword: "external_table"}
	return r
}
