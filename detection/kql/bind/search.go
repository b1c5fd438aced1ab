package bind

import (
	"regexp"
	"strings"

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
		if e.Op.Text == ":" {
			return searchColumn(sign, b.bindExpr(e))
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

// searchTerm looks for a text in any column, by the operator that its stars ask for.
func (b *binder) searchTerm(sign string, v *bound, e syntax.Node) Expr {
	text, ok := v.text()
	if !ok {
		return b.anyColumn(sign, v.expr, e.Span())
	}
	if text == "*" {
		return &Literal{Typed: Typed{Result: value.Bool, At: e.Span()}, Value: value.NewBool(true)}
	}
	sign, text = starredTerm(sign, text)
	arg := &Literal{Typed: Typed{Result: value.String, At: e.Span()}, Value: value.NewString(text)}
	return b.anyColumn(sign, arg, e.Span())
}

// searchColumn makes `column: "text"` of a search what its stars ask for.
func searchColumn(sign string, v *bound) *bound {
	c, ok := v.expr.(*Call)
	if !ok || len(c.Args) != 2 {
		return v
	}
	l, ok := c.Args[1].(*Literal)
	if !ok || l.Result != value.String {
		return v
	}
	name, text := starredTerm(sign, l.Value.Str())
	arg := &Literal{Typed: l.Typed, Value: value.NewString(text)}
	v.expr = &Call{Typed: c.Typed, Name: name, Args: []Expr{c.Args[0], arg}}
	return v
}

// starredTerm is the operator and its argument for a term of search: a* for words that begin with a, *a for those that end
// with it, *a* anywhere, and a*b for a regular expression.
func starredTerm(has, text string) (sign, arg string) {
	suffix := strings.TrimPrefix(has, "has")
	inner := strings.Trim(text, "*")
	switch front, back := strings.HasPrefix(text, "*"), strings.HasSuffix(text, "*"); {
	case inner == "":
		return has, text
	case strings.Contains(inner, "*"):
		return "matches regex", starredPattern(text, suffix == "")
	case front && back:
		return "contains" + suffix, inner
	case front:
		return "hassuffix" + suffix, inner
	case back:
		return "hasprefix" + suffix, inner
	default:
		return has, text
	}
}

// starredPattern is the regular expression for a term with a star inside: whole words at the ends that have no star.
func starredPattern(text string, ignoreCase bool) string {
	parts := strings.Split(text, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	pattern := strings.Join(parts, ".*")
	if parts[0] != "" {
		pattern = `\b` + pattern
	}
	if parts[len(parts)-1] != "" {
		pattern += `\b`
	}
	if ignoreCase {
		pattern = "(?i)" + pattern
	}
	return pattern
}
