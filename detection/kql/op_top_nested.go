package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// topNested is top-nested: the values with the greatest aggregates, for each of them those of the next level,
// and so on.
// Source: https://learn.microsoft.com/kusto/query/top-nested-operator
type topNested struct {
	input  operator
	plan   *bind.TopNested
	levels []nestedLevel
}

// nestedLevel is a clause.
type nestedLevel struct {
	n, of, others expr // n and others may be nil
	aggregates    []aggregateCall
	by            expr // over the aggregates
	plan          bind.NestedLevel
}

func (c *compiler) topNested(p *bind.TopNested) operator {
	o := &topNested{input: c.operator(p.Input), plan: p}
	for _, l := range p.Levels {
		level := nestedLevel{n: c.optional(l.N), of: c.expr(l.Of), others: c.optional(l.Others), by: c.expr(l.By), plan: l}
		for _, a := range l.Aggregates {
			level.aggregates = append(level.aggregates, c.aggregate(a))
		}
		o.levels = append(o.levels, level)
	}
	return o
}

// nestedRow is a row of the result, with the rows of the input it comes from: all those that the aggregate of its
// first level is about.
type nestedRow struct {
	cells []value.Value
	rows  []uint32
}

func (o *topNested) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	b := NewBuilder(o.plan.Fields)
	var handles []int64
	err = o.nest(x, r, sequence(r.rows), nil, func(row nestedRow) {
		b.Append(-1, row.cells...)
		handles = append(handles, x.lineage.of(r, row.rows))
	})
	if err != nil {
		return nil, err
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles)), nil
}

// nest gives the rows of the levels that follow a prefix of cells, over some rows of the input.
func (o *topNested) nest(x *execution, r *relation, rows []uint32, prefix []value.Value, give func(nestedRow)) error {
	depth := len(prefix) / 2
	if depth == len(o.levels) {
		give(nestedRow{prefix, rows})
		return nil
	}
	if len(rows) == 0 {
		return nil
	}
	level := &o.levels[depth]
	part := r.filter(rows)
	values, err := level.of.eval(x, part)
	if err != nil {
		return err
	}
	g := group(part.rows, []*vector{values})
	by, err := level.aggregate(x, part, g)
	if err != nil {
		return err
	}
	order, n, err := level.order(x, by)
	if err != nil {
		return err
	}
	members := make([][]uint32, len(g.first))
	for i, id := range g.of {
		members[id] = append(members[id], rows[i])
	}
	for _, id := range order[:n] {
		cells := append(slices.Clip(prefix), values.value(int(g.first[id])), by.value(int(id)))
		next := give
		if depth == 0 {
			next = func(row nestedRow) { give(nestedRow{row.cells, members[id]}) }
		}
		if err := o.nest(x, r, members[id], cells, next); err != nil {
			return err
		}
	}
	var rest []uint32
	for _, id := range order[n:] {
		rest = append(rest, members[id]...)
	}
	return level.rest(x, r, rest, prefix, give)
}

// rest gives the row of `with others`, which has no further levels.
func (l *nestedLevel) rest(x *execution, r *relation, rows []uint32, prefix []value.Value, give func(nestedRow)) error {
	if l.others == nil || len(rows) == 0 {
		return nil
	}
	slices.Sort(rows)
	name, err := l.others.eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return err
	}
	by, err := l.aggregate(x, r.filter(rows), &grouping{of: make([]uint32, len(rows)), first: []uint32{0}})
	if err != nil {
		return err
	}
	give(nestedRow{append(slices.Clip(prefix), name.value(0), by.value(0)), rows})
	return nil
}

// aggregate is the value that the groups are ordered by.
func (l *nestedLevel) aggregate(x *execution, r *relation, g *grouping) (*vector, error) {
	middle := &relation{rows: len(g.first), lineage: newSlot(noLineage(len(g.first)))}
	for _, a := range l.aggregates {
		results, err := a.run(x, r, g)
		if err != nil {
			return nil, err
		}
		for _, v := range results {
			middle.slots = append(middle.slots, newSlot(v))
		}
	}
	return l.by.eval(x, middle)
}

// order sorts the groups, and says how many are wanted.
func (l *nestedLevel) order(x *execution, by *vector) (order []uint32, n int, err error) {
	order = sequence(by.rows)
	compare := sortKey{descending: l.plan.Descending, nullsFirst: !l.plan.Descending}.comparer(by)
	slices.SortStableFunc(order, compare)
	n = len(order)
	if l.n != nil {
		wanted, err := rowCount(x, l.n)
		if err != nil {
			return nil, 0, err
		}
		n = min(n, wanted)
	}
	return order, n, nil
}
