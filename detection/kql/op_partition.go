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
	members := make([][]uint32, len(g.first))
	for row, id := range g.of {
		members[id] = append(members[id], uint32(row))
	}
	parts := make([]*relation, 0, len(members))
	for _, rows := range members {
		x.subjects[o.plan.ID] = r.filter(rows)
		part, err := o.subquery.run(x)
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
