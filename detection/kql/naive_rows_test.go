package kql_test

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func (n *naive) where(p *bind.Where) [][]value.Value {
	in := n.run(p.Input)
	var rows [][]value.Value
	for i, row := range in.rows {
		if naiveTrue(n.expr(p.Predicate, in.at(i))) {
			rows = append(rows, row)
		}
	}
	return rows
}

// naiveTrue is truth: null is not true.
func naiveTrue(v value.Value) bool {
	v = value.Convert(v, value.Bool)
	return !v.IsNull() && v.Bool()
}

func (n *naive) extend(p *bind.Extend) [][]value.Value {
	in := n.run(p.Input)
	var rows [][]value.Value
	for i, row := range in.rows {
		cells := make([]value.Value, len(p.Fields))
		copy(cells, row)
		for _, a := range p.Assignments {
			cells[a.Index] = n.expr(a.Expr, in.at(i))
		}
		rows = append(rows, cells)
	}
	return rows
}

func (n *naive) project(in *naiveTable, exprs []bind.Expr) [][]value.Value {
	var rows [][]value.Value
	for i := range in.rows {
		rows = append(rows, n.exprs(exprs, in.at(i)))
	}
	return rows
}

// sorted orders rows by keys; rows with equal keys keep their order.
func (n *naive) sorted(in *naiveTable, keys []bind.SortKey) [][]value.Value {
	type keyed struct{ row, keys []value.Value }
	var list []keyed
	for i, row := range in.rows {
		k := keyed{row: row}
		for _, key := range keys {
			k.keys = append(k.keys, n.expr(key.Expr, in.at(i)))
		}
		list = append(list, k)
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		for i, key := range keys {
			if order := naiveKeyOrder(a.keys[i], b.keys[i], key); order != 0 {
				return order
			}
		}
		return 0
	})
	var rows [][]value.Value
	for _, k := range list {
		rows = append(rows, k.row)
	}
	return rows
}

// naiveMissing is null, or NaN, which sorts with the nulls.
func naiveMissing(v value.Value) bool {
	return v.IsNull() || v.Type() == value.Real && math.IsNaN(v.Real())
}

func naiveKeyOrder(a, b value.Value, key bind.SortKey) int {
	switch {
	case naiveMissing(a) && naiveMissing(b) && a.IsNull() == b.IsNull():
		return 0
	case naiveMissing(a) && naiveMissing(b) && a.IsNull() == key.NullsFirst:
		return -1
	case naiveMissing(a) && naiveMissing(b):
		return 1
	case naiveMissing(a) == key.NullsFirst && naiveMissing(a) != naiveMissing(b):
		return -1
	case naiveMissing(a) != naiveMissing(b):
		return 1
	case key.Descending:
		return naiveTotalOrder(b, a)
	default:
		return naiveTotalOrder(a, b)
	}
}

// naiveTotalOrder also orders what has no order: by its text.
func naiveTotalOrder(a, b value.Value) int {
	if order, ok := naiveOrder(a, b); ok {
		return order
	}
	return strings.Compare(a.String(), b.String())
}

func naiveDistinct(rows [][]value.Value) [][]value.Value {
	seen := map[string]bool{}
	var out [][]value.Value
	for _, row := range rows {
		if key := naiveKeys(row); !seen[key] {
			seen[key] = true
			out = append(out, row)
		}
	}
	return out
}

// naiveKeys is a text that equal rows share.
func naiveKeys(row []value.Value) string {
	var b strings.Builder
	for _, v := range row {
		key := naiveKey(v)
		b.WriteString(strconv.Itoa(len(key)) + ":" + key)
	}
	return b.String()
}

// naiveKey is a text that equal values of a type share; null has one of its own.
func naiveKey(v value.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == value.Dynamic:
		return "dynamic " + value.JSON(v.Dynamic())
	case v.Type() == value.Decimal:
		return "decimal " + v.Decimal().RatString()
	default:
		return "value " + v.String()
	}
}

// groups splits rows by keys, in the order of their first rows.
func (n *naive) groups(in *naiveTable, by []bind.Expr) (keys [][]value.Value, members []*naiveTable) {
	index := map[string]int{}
	for i, row := range in.rows {
		cells := n.exprs(by, in.at(i))
		at, ok := index[naiveKeys(cells)]
		if !ok {
			at = len(keys)
			index[naiveKeys(cells)] = at
			keys = append(keys, cells)
			members = append(members, &naiveTable{columns: in.columns})
		}
		members[at].rows = append(members[at].rows, row)
	}
	return keys, members
}

func (n *naive) summarize(p *bind.Summarize) [][]value.Value {
	in := n.run(p.Input)
	keys, members := n.groups(in, p.By)
	if len(p.By) == 0 && len(keys) == 0 {
		keys, members = [][]value.Value{nil}, []*naiveTable{{columns: in.columns}}
	}
	var rows [][]value.Value
	for g := range keys {
		middle := append(slices.Clone(keys[g]), n.aggregates(p.Aggregates, members[g])...)
		rows = append(rows, n.exprs(p.Exprs, naiveRow(middle)))
	}
	return rows
}

func (n *naive) union(p *bind.Union) [][]value.Value {
	if len(p.Legs) == 0 {
		panic(naiveFailure("no table of the union exists"))
	}
	var rows [][]value.Value
	for _, leg := range p.Legs {
		for _, row := range n.run(leg.Input).rows {
			cells := make([]value.Value, len(p.Fields))
			for i, from := range leg.Fields {
				switch {
				case i == p.Source:
					cells[i] = value.NewString(leg.Name)
				case from < 0:
					cells[i] = value.Null(p.Fields[i].Type)
				default:
					cells[i] = row[from]
				}
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// partition runs the subquery over the rows of each value.
func (n *naive) partition(p *bind.Partition) [][]value.Value {
	_, members := n.groups(n.run(p.Input), []bind.Expr{p.By})
	var rows [][]value.Value
	for _, m := range members {
		rows = append(rows, n.subquery(p.ID, m, p.Subquery)...)
	}
	return rows
}

// subquery runs a plan over the rows of its subject. What it looked up for another subject is forgotten.
func (n *naive) subquery(id int, subject *naiveTable, plan bind.Operator) [][]value.Value {
	n.subjects[id] = subject
	shared, tables := n.shared, n.tables
	n.shared, n.tables = map[int]*naiveTable{}, map[bind.Operator]*naiveTable{}
	defer func() { n.shared, n.tables = shared, tables }()
	return n.run(plan).rows
}
