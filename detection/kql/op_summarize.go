package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// distinct keeps the first row of every combination of values; its lineage is that of
// all rows with the combination.
type distinct struct {
	input   operator
	columns []value.Column
	exprs   []expr
	at      syntax.Span
}

func (o *distinct) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	r, err = (&project{columns: o.columns, exprs: o.exprs, at: o.at}).apply(x, r)
	if err != nil {
		return nil, err
	}
	keys := make([]*vector, len(r.slots))
	for i := range keys {
		keys[i] = r.vector(i)
	}
	g, err := x.group(r.rows, keys)
	if err != nil {
		return nil, err
	}
	if r.rows == 0 {
		return r, nil
	}
	out := r.filter(g.first)
	out.lineage = x.lineage.grouped(r, g.of, len(g.first))
	return out, nil
}

// summarize groups rows and aggregates each group.
type summarize struct {
	input      operator
	by         []expr
	aggregates []aggregateCall
	output     project
}

// aggregateCall is an aggregate with its compiled arguments.
type aggregateCall struct {
	function aggregateFunction
	args     []expr
	results  []value.Column
	plan     bind.Aggregate
}

func (c *compiler) summarize(p *bind.Summarize) operator {
	o := &summarize{input: c.operator(p.Input), by: c.exprs(p.By)}
	for _, a := range p.Aggregates {
		o.aggregates = append(o.aggregates, c.aggregate(a))
	}
	o.output = project{columns: p.Fields, exprs: c.exprs(p.Exprs), at: p.Span()}
	return o
}

func (c *compiler) aggregate(a bind.Aggregate) aggregateCall {
	f, ok := aggregateOf(a.Name)
	if !ok {
		c.unsupported(a.At, "aggregate %s is not supported", a.Name)
	}
	return aggregateCall{function: f, args: c.exprs(a.Args), results: a.Results, plan: a}
}

func (o *summarize) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	keys, err := atRest(x, r, o.by)
	if err != nil {
		return nil, err
	}
	g, err := x.group(r.rows, keys)
	if err != nil {
		return nil, err
	}
	n := len(g.first)
	middle := &relation{rows: n, lineage: x.lineage.grouped(r, g.of, n)}
	for _, k := range keys {
		middle.slots = append(middle.slots, newSlot((&selection{rows: g.first}).gather(k)))
	}
	for _, a := range o.aggregates {
		vectors, err := a.run(x, r, g)
		if err != nil {
			return nil, err
		}
		for _, v := range vectors {
			middle.slots = append(middle.slots, newSlot(v))
		}
	}
	return o.output.apply(x, middle)
}

func (a *aggregateCall) run(x *execution, r *relation, g *grouping) ([]*vector, error) {
	evaluate := evalAll
	if a.plan.Name == "dcount" {
		evaluate = atRest // it counts codes
	}
	args, err := evaluate(x, r, a.args)
	if err != nil {
		return nil, err
	}
	agg := &aggregation{x: x, call: a, args: args, of: g.of, groups: len(g.first), sizes: g.sizes}
	if err := x.ctx.Err(); err != nil {
		return nil, err
	}
	out, err := a.function(agg)
	if err != nil {
		return nil, err
	}
	for _, v := range out {
		if err := x.chargeVector(a.plan.At, v); err != nil {
			return nil, err
		}
		if err := x.acceptAll(a.plan.At, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
