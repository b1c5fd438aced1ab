package kql_test

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// expand makes the rows of mv-expand, and says which input row each is of.
func (n *naive) expand(
	in *naiveTable, list []bind.Expansion, itemIndex int, limit bind.Expr, bags string, columns []value.Column,
) (rows [][]value.Value, origin []int) {
	most := int64(1 << 40)
	if limit != nil {
		most = n.number(limit)
	}
	for i, row := range in.rows {
		var elements [][]any
		length, null := 0, false
		for _, e := range list {
			x := n.expr(e.Expr, in.at(i)).ToDynamic()
			null = null || x == nil
			elements = append(elements, naiveElements(x, bags))
			length = max(length, len(elements[len(elements)-1]))
		}
		if length == 0 && null {
			length = 1
		}
		for at := 0; at < length && int64(at) < most; at++ {
			cells := make([]value.Value, len(columns))
			copy(cells, row)
			for k, e := range list {
				var x any
				if at < len(elements[k]) {
					x = elements[k][at]
				}
				cells[e.Index] = naiveCast(x, columns[e.Index].Type)
			}
			if itemIndex >= 0 {
				cells[itemIndex] = value.NewLong(int64(at))
			}
			rows, origin = append(rows, cells), append(origin, i)
		}
	}
	return rows, origin
}

// naiveElements takes an array or a bag apart.
func naiveElements(x any, bags string) []any {
	switch x := x.(type) {
	case nil:
		return nil
	case []any:
		return x
	case *value.Bag:
		var out []any
		for _, k := range x.Keys() {
			v, _ := x.Get(k)
			if bags == "array" {
				out = append(out, []any{k, v})
				continue
			}
			one := value.NewBag()
			one.Set(k, v)
			out = append(out, one)
		}
		return out
	default:
		return []any{x}
	}
}

// naiveCast gives an element the wanted type; a text is no number.
func naiveCast(x any, t value.Type) value.Value {
	v := value.FromDynamic(x)
	switch {
	case t == value.Dynamic:
		return value.NewDynamic(x)
	case (t == value.Int || t == value.Long || t == value.Real || t == value.Decimal) && !naiveNumber(v), t == value.Bool && v.Type() != value.Bool:
		return value.Null(t)
	case t == value.String:
		return value.NewString(value.NewDynamic(x).String())
	default:
		return value.Convert(v, t)
	}
}

// mvApply expands every row and runs the subquery over what comes of it.
func (n *naive) mvApply(p *bind.MvApply) [][]value.Value {
	in := n.run(p.Input)
	columns := naiveSubject(p.Subquery, p.ID)
	var rows [][]value.Value
	for _, row := range in.rows {
		expanded, _ := n.expand(&naiveTable{columns: in.columns, rows: [][]value.Value{row}}, p.Expansions, p.ItemIndex, p.Limit, "", columns)
		if len(expanded) == 0 {
			continue
		}
		for _, result := range n.subquery(p.ID, &naiveTable{columns: columns, rows: expanded}, p.Subquery) {
			var cells []value.Value
			for _, i := range p.Kept {
				cells = append(cells, row[i])
			}
			rows = append(rows, append(cells, result...))
		}
	}
	return rows
}

// naiveSubject finds the columns that a subquery is fed.
func naiveSubject(p bind.Operator, id int) []value.Column {
	if s, ok := p.(*bind.Subject); ok && s.ID == id {
		return s.Fields
	}
	for _, input := range kql.Inputs(p) {
		if input == nil {
			continue
		}
		if columns := naiveSubject(input, id); columns != nil {
			return columns
		}
	}
	return nil
}

// topNested takes the values with the greatest aggregates, and for each of them goes on with its rows.
func (n *naive) topNested(in *naiveTable, levels []bind.NestedLevel) [][]value.Value {
	if len(levels) == 0 {
		return [][]value.Value{nil}
	}
	level := levels[0]
	keys, members := n.groups(in, []bind.Expr{level.Of})
	type valued struct {
		key, by value.Value
		members *naiveTable
	}
	var list []valued
	for g := range keys {
		list = append(list, valued{keys[g][0], n.expr(level.By, naiveRow(n.aggregates(level.Aggregates, members[g]))), members[g]})
	}
	order := bind.SortKey{Descending: level.Descending, NullsFirst: !level.Descending}
	slices.SortStableFunc(list, func(a, b valued) int { return naiveKeyOrder(a.by, b.by, order) })
	wanted := len(list)
	if level.N != nil {
		wanted = int(max(0, min(n.number(level.N), int64(len(list)))))
	}
	var rows [][]value.Value
	for _, v := range list[:wanted] {
		for _, rest := range n.topNested(v.members, levels[1:]) {
			rows = append(rows, append([]value.Value{v.key, v.by}, rest...))
		}
	}
	if level.Others == nil || wanted == len(list) {
		return rows
	}
	others := &naiveTable{columns: in.columns}
	for _, row := range in.rows {
		for _, v := range list[wanted:] {
			if slices.ContainsFunc(v.members.rows, func(r []value.Value) bool { return &r[0] == &row[0] }) {
				others.rows = append(others.rows, row)
			}
		}
	}
	by := n.expr(level.By, naiveRow(n.aggregates(level.Aggregates, others)))
	cells := []value.Value{n.expr(level.Others, naiveRow(nil)), by}
	for range levels[1:] {
		cells = append(cells, value.Null(value.String), value.Null(value.Long))
	}
	return append(rows, cells)
}

// plugin evaluates bag_unpack and pivot.
func (n *naive) plugin(p *bind.Evaluate) [][]value.Value {
	switch {
	case p.Name == "bag_unpack" && len(p.Args) == 1:
		return n.bagUnpack(p, n.run(p.Input))
	case p.Name == "pivot" && p.Input != nil:
		return n.pivot(p, n.run(p.Input))
	case p.Name == "bag_unpack":
		panic(naiveUnknown("options of plugin bag_unpack"))
	default:
		panic(naiveUnknown("plugin " + p.Name))
	}
}

// bagUnpack makes a column of every property.
func (n *naive) bagUnpack(p *bind.Evaluate, in *naiveTable) [][]value.Value {
	types := map[string]value.Type{}
	var bags []value.Value
	for i := range in.rows {
		v := n.expr(p.Args[0].Expr, in.at(i))
		bags = append(bags, v)
		bag, ok := v.Dynamic().(*value.Bag)
		if !ok {
			continue
		}
		for _, k := range bag.Keys() {
			x, _ := bag.Get(k)
			t := value.FromDynamic(x).Type()
			known, ok := types[k]
			switch {
			case x == nil && !ok:
				types[k] = value.Unknown
			case x == nil || known == t:
			case !ok || known == value.Unknown:
				types[k] = t
			default:
				types[k] = value.Dynamic
			}
		}
	}
	if p.Open {
		panic(&naiveOpen{p.At, naiveUnpacked(p, in, types)})
	}
	var rows [][]value.Value
	for i, row := range in.rows {
		var cells []value.Value
		for _, c := range p.Fields {
			own := slices.IndexFunc(in.columns, func(d value.Column) bool { return d.Name == c.Name })
			if own >= 0 {
				cells = append(cells, row[own])
			} else {
				cells = append(cells, value.Convert(naiveProperty(bags[i], c.Name), c.Type))
			}
		}
		rows = append(rows, cells)
	}
	return rows
}

// naiveUnpacked is the columns that stay, then the properties by name.
func naiveUnpacked(p *bind.Evaluate, in *naiveTable, types map[string]value.Type) []value.Column {
	var columns []value.Column
	bag, _ := p.Args[0].Expr.(*bind.Column)
	for i, c := range in.columns {
		if bag == nil || bag.Index != i {
			columns = append(columns, c)
		}
	}
	kept := len(columns)
	for name, t := range types {
		if slices.ContainsFunc(columns[:kept], func(c value.Column) bool { return c.Name == name }) {
			panic(naiveFailure("the column exists already"))
		}
		if t == value.Unknown {
			t = value.Dynamic
		}
		columns = append(columns, value.Column{Name: name, Type: t})
	}
	slices.SortFunc(columns[kept:], func(a, b value.Column) int { return strings.Compare(a.Name, b.Name) })
	return columns
}

// pivot makes a column of every value and aggregates in each cell.
func (n *naive) pivot(p *bind.Evaluate, in *naiveTable) [][]value.Value {
	aggregate := bind.Aggregate{Name: "count", Results: []value.Column{{Type: value.Long}}}
	if len(p.Args) > 1 && p.Args[1].Aggregate != nil {
		aggregate = *p.Args[1].Aggregate
	}
	var names []string
	for i := range in.rows {
		names = append(names, n.expr(p.Args[0].Expr, in.at(i)).String())
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(names)))
	if p.Open {
		columns := slices.Clone(p.Fields)
		for _, name := range distinct {
			columns = append(columns, value.Column{Name: name, Type: aggregate.Results[0].Type})
		}
		panic(&naiveOpen{p.At, columns})
	}
	var by []bind.Expr
	for _, c := range p.Fields {
		own := slices.IndexFunc(in.columns, func(d value.Column) bool { return d.Name == c.Name })
		if own >= 0 && !slices.Contains(distinct, c.Name) {
			by = append(by, &bind.Column{Typed: bind.Typed{Result: c.Type}, Index: own, Name: c.Name})
		}
	}
	keys, members := n.groups(in, by)
	var rows [][]value.Value
	for g := range keys {
		cells := slices.Clone(keys[g])
		for _, c := range p.Fields[len(by):] {
			if !slices.Contains(distinct, c.Name) {
				cells = append(cells, value.Null(c.Type)) // declared by the query, and not there
				continue
			}
			cell := &naiveTable{columns: in.columns}
			for i, row := range members[g].rows {
				if n.expr(p.Args[0].Expr, members[g].at(i)).String() == c.Name {
					cell.rows = append(cell.rows, row)
				}
			}
			cells = append(cells, n.aggregates([]bind.Aggregate{aggregate}, cell)...)
		}
		rows = append(rows, cells)
	}
	return rows
}
