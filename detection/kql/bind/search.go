package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindSources binds the tables that find and search look through.
func (b *binder) bindSources(list []syntax.Expr, in *relation, first bool) []*relation {
	if list == nil {
		if !first {
			return []*relation{in}
		}
		var out []*relation
		for _, name := range b.schema.TableNames() {
			t, _ := b.schema.Table(name)
			out = append(out, &relation{
				columns: newColumns(t.Columns), name: name, op: &Scan{Output: Output{Fields: t.Columns}, Table: name},
			})
		}
		return append(out, b.views()...)
	}
	row := b.row
	b.row = nil
	defer func() { b.row = row }()
	var out []*relation
	for _, e := range list {
		v := b.bindIn(e, true)
		switch {
		case len(v.tables) > 0:
			out = append(out, v.tables...)
		case v.table != nil:
			out = append(out, v.table)
		case v.typing.shape != invalid:
			b.report("KS111", e.Span(), "tabular value expected")
		}
	}
	return out
}

// views are the tables of the functions that the query declares with the word view.
func (b *binder) views() []*relation { return b.matchingViews(&syntax.Wildcard{Pattern: "*"}) }

func (b *binder) bindSearch(op *syntax.Search, in *relation, first bool) *relation {
	legs := b.bindSources(op.Tables, in, first)
	all := b.unionOf(legs, op, "outer", nil)
	row := b.row
	b.row = all
	sign := "has"
	if word(property(op.Properties, "kind")) == "case_sensitive" {
		sign = "has_cs"
	}
	v := b.bindSearchPredicate(op.Predicate, sign)
	b.requireBool(v)
	b.row = row
	filtered := same(all, &Where{Output: b.output(all, op), Input: all.op, Predicate: v.expr})
	if len(legs) == 1 && !first {
		return b.withTableName(filtered, op)
	}
	union := b.unionOf(legs, op, "outer", &column{name: "$table", typing: scalar(value.String)})
	return same(union, &Where{Output: b.output(union, op), Input: union.op, Predicate: moved(v.expr, func(i int) int { return i + 1 })})
}

// withTableName puts the column $table before those of the input.
func (b *binder) withTableName(in *relation, op syntax.Node) *relation {
	p := newProjection()
	text := &Literal{Typed: Typed{Result: value.String, At: op.Span()}, Value: value.NewString(in.name)}
	p.add(&column{name: "$table", typing: scalar(value.String)}, text, "", false, false)
	p.addRow(in, false, false)
	return b.projected(p, in, op, "search")
}

// moved is an expression over a row whose columns are at other positions: to gives the new one, or -1 for a column that is gone, which is null.
func moved(e Expr, to func(int) int) Expr {
	switch e := e.(type) {
	case *Column:
		c := *e
		if c.Index = to(e.Index); c.Index < 0 {
			return &Literal{Typed: e.Typed, Value: value.Null(e.Result)}
		}
		return &c
	case *AnyColumn:
		c := *e
		c.Columns = nil
		for _, i := range e.Columns {
			if j := to(i); j >= 0 {
				c.Columns = append(c.Columns, j)
			}
		}
		c.Arg = moved(e.Arg, to)
		return &c
	case *Call:
		c := *e
		c.Args = make([]Expr, len(e.Args))
		for i, a := range e.Args {
			c.Args[i] = moved(a, to)
		}
		return &c
	case *Member:
		c := *e
		c.Target = moved(e.Target, to)
		return &c
	case *Element:
		c := *e
		c.Target, c.Index = moved(e.Target, to), moved(e.Index, to)
		return &c
	case *Part:
		c := *e
		c.Target = moved(e.Target, to)
		return &c
	case *InTable:
		c := *e
		c.Arg = moved(e.Arg, to)
		return &c
	default:
		return e
	}
}

// bindSearchPredicate binds the predicate of search and find, in which a text on its own is a term to look for in any column.
func (b *binder) bindSearchPredicate(e syntax.Expr, sign string) *bound {
	switch e := e.(type) {
	case *syntax.Parens:
		v := *b.bindSearchPredicate(e.Inner, sign)
		v.node = e
		return &v
	case *syntax.Star:
		return &bound{node: e, typing: scalar(value.Bool), expr: &Literal{
			Typed: Typed{Result: value.Bool, At: e.Span()}, Value: value.NewBool(true),
		}}
	case *syntax.Binary:
		if e.Op.Text == "and" || e.Op.Text == "or" {
			args := []*bound{b.bindSearchPredicate(e.Left, sign), b.bindSearchPredicate(e.Right, sign)}
			return b.apply(e, e.Op.Text, e.Op.Span, args, true)
		}
		return b.bindExpr(e)
	case *syntax.Literal, *syntax.Name:
		v := b.bindExpr(e)
		if v.constant && v.typing.is(value.String) {
			return &bound{node: e, typing: scalar(value.Bool), expr: b.searchTerm(sign, v, e)}
		}
		return v
	default:
		return b.bindExpr(e)
	}
}

// searchTerm looks for a text in any column: a* for words that begin with a, *a for those that end with it, *a* anywhere.
func (b *binder) searchTerm(sign string, v *bound, e syntax.Node) Expr {
	text, ok := v.text()
	suffix := ""
	if sign == "has_cs" {
		suffix = "_cs"
	}
	if ok && text != "*" && len(text) > 0 {
		front, back := text[0] == '*', text[len(text)-1] == '*'
		switch {
		case front && back && len(text) > 2:
			sign, text = "contains"+suffix, text[1:len(text)-1]
		case front:
			sign, text = "hassuffix"+suffix, text[1:]
		case back:
			sign, text = "hasprefix"+suffix, text[:len(text)-1]
		}
		arg := &Literal{Typed: Typed{Result: value.String, At: e.Span()}, Value: value.NewString(text)}
		return b.anyColumn(sign, arg, e.Span())
	}
	return b.anyColumn(sign, v.expr, e.Span())
}
