package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
)

// partition runs a subquery over the rows of each value of a column.
type partition struct {
	input    operator
	plan     *bind.Partition
	by       expr
	subquery operator
}

func (c *compiler) partition(p *bind.Partition) operator {
	return &partition{input: c.operator(p.Input), plan: p, by: c.expr(p.By), subquery: c.operator(p.Subquery)}
}

// legacyPartitions is how many parts the legacy strategy takes.
// Source: https://learn.microsoft.com/kusto/query/partition-operator
const legacyPartitions = 64

func (o *partition) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	by, err := o.by.eval(x, r)
	if err != nil {
		return nil, err
	}
	g := group(r.rows, []*vector{by})
	if o.plan.Limited && len(g.first) > legacyPartitions {
		return nil, x.fail(o.plan.Span(), "partition has more than %d parts, which needs hint.strategy=native or shuffle", legacyPartitions)
	}
	members := make([][]uint32, len(g.first))
	for row, id := range g.of {
		members[id] = append(members[id], uint32(row))
	}
	parts := make([]*relation, 0, len(members))
	for _, rows := range members {
		part, err := x.feed(o.plan.ID, r.filter(rows), o.subquery)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		if err := x.ctx.Err(); err != nil {
			return nil, err
		}
	}
	return concat(o.plan.Fields, parts, sameColumn), nil
}
