package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func (b *binder) bindFind(op *syntax.Find, in *relation, first bool) *relation {
	legs := oneType(b.bindSources(op.Tables, in, first))
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
	r := &relation{columns: cols, open: project != "project" && all.open}
	r.op = b.findPlan(op, r, tables, all, v.expr, source)
	return r
}

// oneType makes the columns dynamic that tables have by one name and in several types.
func oneType(legs []*relation) []*relation {
	types, several := map[string]value.Type{}, map[string]bool{}
	for _, leg := range legs {
		for _, c := range leg.columns {
			t, known := types[c.name]
			several[c.name] = several[c.name] || known && t != c.typing.valueType()
			types[c.name] = c.typing.valueType()
		}
	}
	out := make([]*relation, len(legs))
	for i, leg := range legs {
		changed := *leg
		changed.fields = nil
		changed.columns = make([]*column, len(leg.columns))
		for j, c := range leg.columns {
			if changed.columns[j] = c; several[c.name] {
				changed.columns[j] = &column{name: c.name, typing: scalar(value.Dynamic)}
			}
		}
		out[i] = &changed
	}
	return out
}

// findPlan is the plan of find: the rows of all tables for which the predicate is true, in the columns of r.
func (b *binder) findPlan(
	op *syntax.Find, r *relation, tables []*relation, all *relation, predicate Expr, source string,
) Operator {
	union := b.unionOf(tables, op, "outer", &column{name: source, typing: scalar(value.String)})
	index := map[string]int{}
	for i, c := range union.columns {
		index[c.name] = i
	}
	if len(union.columns) != 1+len(byName(tables).columns) || all.open {
		return b.opaque(r.columns, r.open, op, tables...).op
	}
	where := moved(predicate, func(i int) int {
		if j, ok := index[all.columns[i].name]; ok {
			return j
		}
		return -1
	})
	filtered := &Where{Output: b.output(union, op), Input: union.op, Predicate: where}
	project := &Project{Output: b.output(r, op), Input: filtered, Keyword: "find"}
	taken := map[string]bool{}
	for _, c := range r.columns {
		taken[c.name] = true
	}
	for _, c := range r.columns {
		i, ok := index[c.name]
		switch {
		case c.name == "pack_":
			project.Exprs = append(project.Exprs, packRemaining(union, taken, op.Span()))
		case ok:
			project.Exprs = append(project.Exprs, converted(columnAt(i, union.columns[i]), c.typing))
		default:
			project.Exprs = append(project.Exprs, &Literal{
				Typed: Typed{Result: c.typing.valueType(), At: op.Span()}, Value: value.Null(c.typing.valueType()),
			})
		}
	}
	return project
}

// packRemaining packs the columns that are not taken, without those that are null or empty.
func packRemaining(union *relation, taken map[string]bool, at syntax.Span) Expr {
	pack := &Call{Typed: Typed{Result: value.Dynamic, At: at}, Name: "pack_all"}
	pack.Args = append(pack.Args, &Literal{Typed: Typed{Result: value.Bool, At: at}, Value: value.NewBool(true)})
	for i, c := range union.columns {
		if taken[c.name] {
			continue
		}
		name := &Literal{Typed: Typed{Result: value.String, At: at}, Value: value.NewString(c.name)}
		pack.Args = append(pack.Args, name, columnAt(i, c))
	}
	return pack
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
