package kql

import (
	"cmp"
	"math"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// where applies its conjuncts one after the other.
type where struct {
	input      operator
	predicates []expr
}

// where joins conditions that follow each other, so that the cheapest of all predicates goes first.
func (c *compiler) where(p *bind.Where) operator {
	o := &where{input: c.operator(p.Input), predicates: c.predicates(p.Predicate)}
	inner, ok := o.input.(*where)
	if !ok || inner.windowed() || o.windowed() {
		return o
	}
	return &where{input: inner.input, predicates: byCost(slices.Concat(inner.predicates, o.predicates))}
}

// windowed reports whether the condition looks at neighbouring rows.
func (o *where) windowed() bool {
	return slices.ContainsFunc(o.predicates, func(p expr) bool { _, ok := p.(whole); return ok })
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
	if err != nil || r.rows == 0 {
		return r, err
	}
	r, rest, err := o.narrowed(x, r)
	if err != nil {
		return nil, err
	}
	for _, p := range rest {
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
	return o.witnessed(x, r)
}

// witnessed adds to the lineage what conditions found in other tables.
func (o *where) witnessed(x *execution, r *relation) (*relation, error) {
	for _, p := range o.predicates {
		in, ok := p.(*inTable)
		if !ok {
			continue
		}
		var err error
		if r, err = in.witnessed(x, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// narrower is a predicate that can say of all rows of a stored table at once which of them it turns away. It reports
// whether it did; if not, because another way may be faster or the only one, the set is as it was.
type narrower interface {
	narrow(x *execution, r *relation, live *rowset) (bool, error)
}

// narrowed applies what predicates it can to a stored table as a whole, and gives the rows that are left and the
// predicates that they have yet to pass.
func (o *where) narrowed(x *execution, r *relation) (*relation, []expr, error) {
	if r.rows < packedFrom || len(r.slots) == 0 {
		return r, o.predicates, nil
	}
	live := allRowsOf(r.rows)
	left, applied := r.rows, false
	var rest []expr
	for _, p := range o.inOrder(x, r) {
		n, ok := p.(narrower)
		if !ok || left == 0 {
			rest = append(rest, p)
			continue
		}
		done, err := n.narrow(x, r, live)
		if err != nil {
			return nil, nil, err
		}
		if !done {
			rest = append(rest, p)
			continue
		}
		left, applied = live.count(), true
	}
	if applied && left < r.rows {
		r = r.filter(live.list())
	}
	return r, rest, nil
}

// inOrder puts predicates on texts in order: those whose answers are at hand by how few values pass, then the others
// by how much there is to look through. Comparisons of numbers come first, and what is neither last.
func (o *where) inOrder(x *execution, r *relation) []expr {
	if len(o.predicates) == 1 {
		return o.predicates
	}
	work := make([]float64, len(o.predicates))
	order := make([]int, len(o.predicates))
	for i, p := range o.predicates {
		order[i] = i
		if m, ok := p.(*stringMatch); ok {
			work[i] = m.work(x, r)
		} else if cost(p) > 0 {
			work[i] = math.Inf(1)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(work[a], work[b]) })
	out := make([]expr, len(order))
	for i, k := range order {
		out[i] = o.predicates[k]
	}
	return out
}

// extend sets columns; every expression sees the input row.
type extend struct {
	input   operator
	columns []value.Column
	indexes []int
	exprs   []expr
	at      syntax.Span
}

func (c *compiler) extend(p *bind.Extend) operator {
	o := &extend{input: c.operator(p.Input), columns: p.Fields, at: p.Span()}
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
		if slots[at], err = computed(x, r, e, o.columns[at].Type, o.at); err != nil {
			return nil, err
		}
	}
	return r.with(o.columns, slots), nil
}

// computed evaluates an expression into a slot of the wanted type; a bare column keeps
// its slot.
func computed(x *execution, r *relation, e expr, t value.Type, at syntax.Span) (*slot, error) {
	if c, ok := e.(*columnRef); ok && r.slots[c.index].typ == t {
		return r.slots[c.index], nil
	}
	v, err := e.eval(x, r)
	if err != nil {
		return nil, err
	}
	v = convertVector(v, t)
	return newSlot(v), x.chargeVector(at, v)
}

// project computes all columns.
type project struct {
	input   operator
	columns []value.Column
	exprs   []expr
	at      syntax.Span
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
		s, err := computed(x, r, e, o.columns[i].Type, o.at)
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
	return int(max(0, min(n.Int(), math.MaxInt32))), nil
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
	out := &relation{columns: o.columns, rows: 1, slots: []*slot{newSlot(constantOf(value.NewLong(int64(r.rows)), 1))}}
	out.lineage = lazySlot(value.Long, func() *vector { return lineageOf(x.lineage.collect(r, make([]uint32, r.rows), 1)) })
	return out, nil
}
