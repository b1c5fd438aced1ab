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
	b.checkKind(op.Properties, []string{"case_insensitive", "case_sensitive", "default"})
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
	return same(union, &Where{Output: b.output(union, op), Input: union.op, Predicate: shifted(v.expr, 1)})
}

// withTableName puts the column $table before those of the input.
func (b *binder) withTableName(in *relation, op syntax.Node) *relation {
	p := newProjection()
	text := &Literal{Typed: Typed{Result: value.String, At: op.Span()}, Value: value.NewString(in.name)}
	p.add(&column{name: "$table", typing: scalar(value.String)}, text, "", false, false)
	p.addRow(in, false, false)
	return b.projected(p, in, op, "search")
}

// shifted is an expression over a row that has n more columns in front.
func shifted(e Expr, n int) Expr {
	switch e := e.(type) {
	case *Column:
		c := *e
		c.Index += n
		return &c
	case *AnyColumn:
		c := *e
		c.Columns = append([]int(nil), e.Columns...)
		for i := range c.Columns {
			c.Columns[i] += n
		}
		c.Arg = shifted(e.Arg, n)
		return &c
	case *Call:
		c := *e
		c.Args = make([]Expr, len(e.Args))
		for i, a := range e.Args {
			c.Args[i] = shifted(a, n)
		}
		return &c
	case *Member:
		c := *e
		c.Target = shifted(e.Target, n)
		return &c
	case *Element:
		c := *e
		c.Target, c.Index = shifted(e.Target, n), shifted(e.Index, n)
		return &c
	case *Part:
		c := *e
		c.Target = shifted(e.Target, n)
		return &c
	case *InTable:
		c := *e
		c.Arg = shifted(e.Arg, n)
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

func (b *binder) bindFind(op *syntax.Find, in *relation, first bool) *relation {
	legs := b.bindSources(op.Tables, in, first)
	row := b.row
	all := byName(legs)
	b.row = all
	v := b.bindSearchPredicate(op.Predicate, "has")
	b.requireBool(v)
	source := "source_"
	if p := property(op.Properties, "withsource", "with_source"); p != nil {
		source = word(p)
	}
	cols := []*column{{name: source, typing: scalar(value.String)}}
	referred := b.referredColumns(op.Predicate, all)
	tables := findTables(op.Predicate, legs, referred)
	project := op.Project.Text
	packed := false
	if project == "project" {
		cols, packed = b.findProjection(op, cols)
	} else {
		cols = smartColumns(cols, tables, referred)
	}
	if project == "project-away" {
		cols = findAway(op, cols, source, packed)
	}
	b.row = row
	open := project != "project" && all.open
	return b.opaque(cols, open, op, legs...)
}

// byName is a relation of all columns of the legs, one for each name.
func byName(legs []*relation) *relation {
	out := &relation{}
	seen := map[string]bool{}
	for _, leg := range legs {
		out.open = out.open || leg.open
		for _, c := range leg.columns {
			if !seen[c.name] {
				seen[c.name] = true
				out.columns = append(out.columns, c)
			}
		}
	}
	return out
}

// referredColumns are the columns that the predicate names.
func (b *binder) referredColumns(e syntax.Expr, all *relation) []*column {
	var out []*column
	if e == nil {
		return nil
	}
	syntax.Walk(e, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			if _, c := all.find(name.Text); c != nil && !contains(out, c) {
				out = append(out, c)
			}
		}
		return true
	})
	return out
}

// findTables are the tables that can have rows: those with one of the columns, or all if the predicate looks everywhere.
func findTables(predicate syntax.Expr, legs []*relation, referred []*column) []*relation {
	everywhere := len(legs) == 1 || len(referred) == 0
	if predicate != nil {
		syntax.Walk(predicate, func(n syntax.Node) bool {
			if _, ok := n.(*syntax.Star); ok {
				everywhere = true
			}
			return true
		})
	}
	if everywhere {
		return legs
	}
	var out []*relation
	for _, leg := range legs {
		for _, c := range referred {
			if _, found := leg.find(c.name); found != nil || leg.open {
				out = append(out, leg)
				break
			}
		}
	}
	return out
}

// smartColumns are the columns of find without project: those common to all tables, those referred to, and the rest packed.
func smartColumns(cols []*column, tables []*relation, referred []*column) []*column {
	if len(tables) > 0 {
		for _, c := range tables[0].columns {
			inAllTables := true
			for _, t := range tables[1:] {
				if _, d := t.find(c.name); d == nil {
					inAllTables = false
				}
			}
			if inAllTables {
				cols = append(cols, c)
			}
		}
	}
	for _, c := range referred {
		known := false
		for _, d := range cols {
			known = known || d.name == c.name
		}
		if !known {
			cols = append(cols, c)
		}
	}
	return packRest(cols, tables)
}

func packRest(cols []*column, tables []*relation) []*column {
	known := map[string]bool{}
	for _, c := range cols {
		known[c.name] = true
	}
	for _, t := range tables {
		for _, c := range t.columns {
			if !known[c.name] {
				return append(cols, &column{name: "pack_", typing: scalar(value.Dynamic)})
			}
		}
	}
	return cols
}

// findProjection adds the columns that project names, and reports whether one is pack(*).
func (b *binder) findProjection(op *syntax.Find, cols []*column) ([]*column, bool) {
	packed := false
	for i, c := range op.Columns {
		switch v := c.Value.(type) {
		case *syntax.Call:
			packed = true
			if i < len(op.Columns)-1 {
				b.report("KS185", v.Span(), "the pack(*) expression must be the last item in the list")
				continue
			}
			cols = append(cols, &column{name: "pack_", typing: scalar(value.Dynamic)})
		case *syntax.Name:
			bound := b.bindExpr(v)
			if !b.requireColumn(bound) {
				continue
			}
			t := bound.typing
			if c.Type.Present() {
				t = b.typeByName(c.Type)
			}
			cols = append(cols, &column{name: v.Text, typing: t})
		}
	}
	return cols, packed
}

// findAway removes the columns that project-away names; a star leaves the source and an explicit pack(*).
func findAway(op *syntax.Find, cols []*column, source string, packed bool) []*column {
	gone := map[string]bool{}
	star := false
	for _, c := range op.Columns {
		switch v := c.Value.(type) {
		case *syntax.Star:
			star = true
		case *syntax.Name:
			gone[v.Text] = true
		}
	}
	var out []*column
	for _, c := range cols {
		keep := !gone[c.name]
		if star {
			keep = c.name == source || c.name == "pack_" && packed
		}
		if keep {
			out = append(out, c)
		}
	}
	return out
}
