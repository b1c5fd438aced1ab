package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// where applies its conjuncts one after the other.
type where struct {
	input      operator
	predicates []expr
}

// predicates compiles a condition into conjuncts, the cheapest first; one that looks at
// neighbouring rows stays in one piece.
func (c *compiler) predicates(e bind.Expr) []expr {
	outer := c.windowed
	c.windowed = false
	predicate := c.expr(e)
	windowed := c.windowed
	c.windowed = outer
	if windowed {
		return []expr{whole{predicate}}
	}
	return byCost(conjuncts(nil, predicate))
}

func (o *where) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	for _, p := range o.predicates {
		if err := x.ctx.Err(); err != nil {
			return nil, err
		}
		keep, err := truth(x, r, p)
		if err != nil {
			return nil, err
		}
		if len(keep) < r.rows {
			r = r.filter(keep)
		}
		if r.rows == 0 {
			return r, nil
		}
	}
	return r, nil
}

// extend sets columns; every expression sees the input row.
type extend struct {
	input   operator
	columns []value.Column
	indexes []int
	exprs   []expr
}

func (c *compiler) extend(p *bind.Extend) operator {
	o := &extend{input: c.operator(p.Input), columns: p.Fields}
	for _, a := range p.Assignments {
		o.indexes = append(o.indexes, a.Index)
		o.exprs = append(o.exprs, c.expr(a.Expr))
	}
	return o
}

func (o *extend) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	slots := make([]*slot, len(o.columns))
	copy(slots, r.slots)
	for i, e := range o.exprs {
		at := o.indexes[i]
		if slots[at], err = computed(x, r, e, o.columns[at].Type); err != nil {
			return nil, err
		}
	}
	return r.with(o.columns, slots), nil
}

// computed evaluates an expression into a slot of the wanted type; a bare column keeps
// its slot.
func computed(x *execution, r *relation, e expr, t value.Type) (*slot, error) {
	if c, ok := e.(*columnRef); ok && r.slots[c.index].typ == t {
		return r.slots[c.index], nil
	}
	v, err := e.eval(x, r)
	if err != nil {
		return nil, err
	}
	return newSlot(convertVector(v, t)), nil
}

// project computes all columns.
type project struct {
	input   operator
	columns []value.Column
	exprs   []expr
}

func (o *project) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	return o.apply(x, r)
}

func (o *project) apply(x *execution, r *relation) (*relation, error) {
	slots := make([]*slot, len(o.exprs))
	for i, e := range o.exprs {
		s, err := computed(x, r, e, o.columns[i].Type)
		if err != nil {
			return nil, err
		}
		slots[i] = s
	}
	return r.with(o.columns, slots), nil
}

// take keeps the first n rows.
type take struct {
	input operator
	n     expr
}

func (o *take) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	n, err := rowCount(x, o.n)
	if err != nil {
		return nil, err
	}
	return r.head(n), nil
}

// rowCount evaluates a number of rows; null and negative are none.
func rowCount(x *execution, e expr) (int, error) {
	v, err := e.eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return 0, err
	}
	n := value.Convert(v.value(0), value.Long)
	if n.IsNull() {
		return 0, nil
	}
	return int(max(0, min(n.Int(), maxRows))), nil
}

// count counts rows; its row comes from all of them.
type count struct {
	input   operator
	columns []value.Column
}

func (o *count) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	lineage := x.lineage.collect(r, make([]uint32, r.rows), 1)
	return newRelation(o.columns, []*vector{constantOf(value.NewLong(int64(r.rows)), 1)}, lineageOf(lineage)), nil
}
