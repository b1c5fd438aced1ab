package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// makeSeries aggregates into arrays along an axis: one element for every step, the
// default where a group has no rows.
type makeSeries struct {
	input          operator
	plan           *bind.MakeSeries
	by             []expr
	aggregates     []aggregateCall
	exprs          []expr
	defaults       []expr
	axis           expr
	from, to, step expr // from and to may be nil
}

func (c *compiler) makeSeries(p *bind.MakeSeries) operator {
	o := &makeSeries{
		input: c.operator(p.Input), plan: p, by: c.exprs(p.By), axis: c.expr(p.Axis),
		exprs: c.exprs(p.Exprs), from: c.optional(p.From), to: c.optional(p.To), step: c.expr(p.Step),
	}
	for _, a := range p.Aggregates {
		o.aggregates = append(o.aggregates, c.aggregate(a))
	}
	for _, e := range p.Defaults {
		o.defaults = append(o.defaults, c.optional(e))
	}
	return o
}

// steps is the axis: where the first step begins, how wide each is, and how many there
// are. Instants, durations and whole numbers are counted exactly.
type steps struct {
	typ         value.Type
	from, width value.Value
	n           int
}

// index is the step that a value lies in; it may be outside the axis.
func (s steps) index(v value.Value) int64 {
	if s.width.Type() == value.Real {
		return truncated(math.Floor((v.Real() - s.from.Real()) / s.width.Real()))
	}
	return floorQuotient(v.Int()-s.from.Int(), s.width.Int())
}

// start is where a step begins.
func (s steps) start(i int64) value.Value {
	if s.width.Type() == value.Real {
		return value.Convert(value.NewReal(s.from.Real()+float64(i)*s.width.Real()), s.typ)
	}
	return value.Convert(value.NewLong(s.from.Int()+i*s.width.Int()), s.typ)
}

func floorQuotient(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// truncated is a real as a long, saturated; NaN is -1, which no axis has.
func truncated(f float64) int64 {
	if math.IsNaN(f) {
		return -1
	}
	return value.Convert(value.NewReal(f), value.Long).Int()
}

func (o *makeSeries) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	axis, err := o.axis.eval(x, r)
	if err != nil {
		return nil, err
	}
	s, err := o.steps(x, axis)
	if err != nil {
		return nil, err
	}
	keep, at := s.place(axis)
	r = r.filter(keep)
	keys, err := evalAll(x, r, o.by)
	if err != nil {
		return nil, err
	}
	g, err := x.group(r.rows, keys)
	if err != nil {
		return nil, err
	}
	if r.rows == 0 && (!o.plan.Nonempty || len(o.by) > 0) { // kind=nonempty makes no group of its own
		g.first = nil
	}
	if len(g.first)*s.n > x.limits.Rows {
		return nil, x.tooMany(o.plan.Span(), "make-series")
	}
	if err := x.charge(o.plan.Span(), 32*len(g.first)*s.n*(1+len(o.exprs))); err != nil {
		return nil, err
	}
	return o.arrays(x, r, keys, g, s, at)
}

// steps finds the bounds; those not given are the first and the last step that has a row.
func (o *makeSeries) steps(x *execution, axis *vector) (steps, error) {
	s := steps{typ: axis.typ}
	var err error
	if s.width, err = o.bound(x, o.step, axis.typ); err != nil {
		return s, err
	}
	if s.width.IsNull() || s.width.Real() <= 0 {
		return s, x.fail(o.plan.Span(), "the step of make-series must be positive")
	}
	to, err := o.bound(x, o.to, axis.typ)
	if err != nil {
		return s, err
	}
	if s.from, err = o.bound(x, o.from, axis.typ); err != nil {
		return s, err
	}
	least, greatest := extent(axis)
	if least.IsNull() && (s.from.IsNull() || to.IsNull()) {
		return s, nil
	}
	if o.plan.Inclusive && !s.from.IsNull() {
		s.from = function.Bin(s.from, s.width, nil, s.from.Type())
	}
	if s.from.IsNull() {
		s.from = function.Bin(least, s.width, nil, least.Type())
	}
	last := s.index(greatest)
	if !to.IsNull() {
		last = s.index(to)
		if order, _ := value.Compare(value.Convert(s.start(last), to.Type()), to, false); order > 0 || order == 0 && !o.plan.Inclusive {
			last--
		}
	}
	if last >= function.MaxElements {
		return s, x.fail(o.plan.Span(), "make-series makes more than %d steps", function.MaxElements)
	}
	s.n = int(max(0, last+1))
	return s, nil
}

// bound evaluates an end or the step of the axis as a real, or as a whole number of what
// the axis counts.
func (o *makeSeries) bound(x *execution, e expr, axis value.Type) (value.Value, error) {
	if e == nil {
		return value.Null(value.Long), nil
	}
	v, err := e.eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return value.Value{}, err
	}
	t := value.Long
	if n := value.Scalar(v.value(0)); storageOf(axis) != inInts || n.Type() == value.Real {
		t = value.Real
	}
	return value.Convert(value.Scalar(v.value(0)), t), nil
}

// extent is the least and the greatest value that is not null.
func extent(axis *vector) (least, greatest value.Value) {
	for row := range axis.rows {
		v := axis.value(row)
		if v.IsNull() {
			continue
		}
		if least.IsNull() || compareBoxed(v, least) < 0 {
			least = v
		}
		if greatest.IsNull() || compareBoxed(v, greatest) > 0 {
			greatest = v
		}
	}
	return least, greatest
}

// place finds the rows that lie on the axis, and the step of each.
func (s steps) place(axis *vector) (keep, at []uint32) {
	keep, at = []uint32{}, []uint32{}
	for row := range axis.rows {
		v := axis.value(row)
		if v.IsNull() || s.n == 0 {
			continue
		}
		if i := s.index(v); i >= 0 && i < int64(s.n) {
			keep, at = append(keep, uint32(row)), append(at, uint32(i))
		}
	}
	return keep, at
}

// arrays aggregates every group and step at once and cuts the results into arrays.
func (o *makeSeries) arrays(x *execution, r *relation, keys []*vector, g *grouping, s steps, at []uint32) (*relation, error) {
	n := len(g.first)
	cells := &grouping{of: make([]uint32, r.rows), first: make([]uint32, n*s.n)}
	filled := make([]bool, n*s.n)
	for row := range cells.of {
		cells.of[row] = g.of[row]*uint32(s.n) + at[row]
		filled[cells.of[row]] = true
	}
	elements, err := o.elements(x, r, keys, g, cells)
	if err != nil {
		return nil, err
	}
	out := &relation{columns: o.plan.Fields, rows: n, lineage: newSlot(lineageOf(x.lineage.collect(r, g.of, n)))}
	for _, k := range keys {
		out.slots = append(out.slots, newSlot(k.gather(g.first)))
	}
	for i, v := range elements {
		absent, err := o.absent(x, i)
		if err != nil {
			return nil, err
		}
		out.slots = append(out.slots, newSlot(cut(v, filled, s.n, n, absent)))
	}
	out.slots = append(out.slots, newSlot(constantOf(value.NewDynamic(s.axis()), n)))
	out.slots = typed(out.columns, out.slots)
	return out, nil
}

// elements evaluates the expressions for every cell: its keys, then its aggregates.
func (o *makeSeries) elements(x *execution, r *relation, keys []*vector, g, cells *grouping) ([]*vector, error) {
	middle := &relation{rows: len(cells.first), lineage: newSlot(noLineage(len(cells.first)))}
	owner := make([]uint32, len(cells.first))
	for cell := range owner {
		owner[cell] = g.first[cell/(len(owner)/len(g.first))]
	}
	for _, k := range keys {
		middle.slots = append(middle.slots, newSlot(k.gather(owner)))
	}
	for _, a := range o.aggregates {
		results, err := a.run(x, r, cells)
		if err != nil {
			return nil, err
		}
		for _, v := range results {
			middle.slots = append(middle.slots, newSlot(v))
		}
	}
	return evalAll(x, middle, o.exprs)
}

// absent is the value of a step without rows: 0 unless the query says otherwise.
func (o *makeSeries) absent(x *execution, i int) (any, error) {
	if o.defaults[i] == nil {
		return value.Convert(value.NewLong(0), o.plan.Exprs[i].Type()).ToDynamic(), nil
	}
	v, err := o.defaults[i].eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return nil, err
	}
	return v.value(0).ToDynamic(), nil
}

// cut makes an array of each group's cells.
func cut(v *vector, filled []bool, width, groups int, absent any) *vector {
	lists := make([]any, groups)
	for g := range lists {
		list := make([]any, width)
		for i := range list {
			list[i] = absent
			if cell := g*width + i; filled[cell] {
				list[i] = v.value(cell).ToDynamic()
			}
		}
		lists[g] = list
	}
	return dynamics(lists)
}

// axis lists where the steps begin.
func (s steps) axis() []any {
	out := make([]any, s.n)
	for i := range out {
		out[i] = s.start(int64(i)).ToDynamic()
	}
	return out
}
