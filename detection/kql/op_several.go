package kql

import (
	"cmp"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// several is fork and facet: all of their tables are computed, and the first one is the result.
type several struct{ branches []operator }

func (c *compiler) several(p *bind.Several) operator {
	o := &several{}
	for _, branch := range p.Branches {
		o.branches = append(o.branches, c.operator(branch))
	}
	return o
}

func (o *several) run(x *execution) (*relation, error) {
	var first *relation
	for i, branch := range o.branches {
		r, err := branch.run(x)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			first = r
		}
	}
	return first, nil
}

// consume runs its input for nothing.
type consume struct {
	input operator
	plan  *bind.Consume
}

func (o *consume) run(x *execution) (*relation, error) {
	_, err := o.input.run(x)
	return newRelation(o.plan.Fields, nil, noLineage(0)), err
}

// topHitters is the values with the most rows, or the greatest sum of weights; exact, where the service estimates.
// Source: https://learn.microsoft.com/kusto/query/top-hitters-operator
type topHitters struct {
	input operator
	plan  *bind.TopHitters
	n, of expr
	sum   aggregateCall
}

func (c *compiler) topHitters(p *bind.TopHitters) operator {
	o := &topHitters{input: c.operator(p.Input), plan: p, n: c.expr(p.N), of: c.expr(p.Of)}
	weight := bind.Aggregate{Name: "count", Results: []value.Column{p.Fields[1]}, At: p.Span()}
	if p.By != nil {
		weight.Name, weight.Args = "sum", []bind.Expr{p.By}
	}
	o.sum = c.aggregate(weight)
	return o
}

func (o *topHitters) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	of, err := o.of.eval(x, r)
	if err != nil {
		return nil, err
	}
	g := group(r.rows, []*vector{of})
	if r.rows == 0 {
		g.first = nil
	}
	sums, err := o.sum.run(x, r, g)
	if err != nil {
		return nil, err
	}
	n, err := o.n.eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return nil, err
	}
	order := sequence(len(g.first))
	slices.SortStableFunc(order, func(a, b uint32) int {
		return cmp.Compare(sums[0].value(int(b)).Real(), sums[0].value(int(a)).Real())
	})
	all := newRelation(o.plan.Fields, []*vector{of.gather(g.first), sums[0]}, lineageOf(x.lineage.collect(r, g.of, len(g.first))))
	return all.filter(order).head(int(n.value(0).Int())), nil
}
