package kql

import (
	"math"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// makeSeries aggregates into arrays along an axis: one element for every step, the
// default where a group has no rows.
type makeSeries struct {
	input          operator
	plan           *bind.MakeSeries
	by             []expr
	aggregates     []aggregateCall
	defaults       []expr
	axis           expr
	from, to, step expr // from and to may be nil
}

func (c *compiler) makeSeries(p *bind.MakeSeries) operator {
	o := &makeSeries{
		input: c.operator(p.Input), plan: p, by: c.exprs(p.By), axis: c.expr(p.Axis),
		from: c.optional(p.From), to: c.optional(p.To), step: c.expr(p.Step),
	}
	for i, a := range p.Aggregates {
		if !c.standsAlone(a) {
			c.unsupported(a.At, "an expression of aggregates in make-series is not supported")
		}
		o.aggregates = append(o.aggregates, c.aggregate(a))
		var absent bind.Expr
		if i < len(p.Defaults) {
			absent = p.Defaults[i]
		}
		o.defaults = append(o.defaults, c.optional(absent))
	}
	results := 0
	for _, a := range p.Aggregates {
		results += len(a.Results)
	}
	if len(p.By)+results+1 != len(p.Fields) {
		c.unsupported(p.Span(), "a column of make-series that is no aggregate is not supported")
	}
	return o
}

// standsAlone reports whether a call is a whole column of make-series. The plan has the
// calls only, not what an expression makes of them.
func (c *compiler) standsAlone(a bind.Aggregate) bool {
	before := strings.TrimSpace(c.text(syntax.Span{Start: 0, End: a.At.Start}))
	after := strings.TrimSpace(c.text(syntax.Span{Start: a.At.End, End: len(c.source.Text)}))
	begins := strings.HasSuffix(before, ",") || strings.HasSuffix(before, "=") || strings.HasSuffix(before, "make-series")
	return begins && (strings.HasPrefix(after, ",") || strings.HasPrefix(after, "default") || strings.HasPrefix(after, "on"))
}

// steps is the axis: the start of the first step, the width of each, and how many.
type steps struct {
	from, width float64
	n           int
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
	g := group(r.rows, keys)
	if r.rows == 0 {
		g.first = nil
	}
	if len(g.first)*s.n > maxRows {
		return nil, x.tooMany(o.plan.Span(), "make-series")
	}
	return o.arrays(x, r, keys, g, s, at)
}

// steps finds the bounds; those not given are the first and the last step that has a row.
func (o *makeSeries) steps(x *execution, axis *vector) (steps, error) {
	one := newRelation(nil, nil, noLineage(1))
	number := func(e expr) (float64, bool, error) {
		if e == nil {
			return 0, false, nil
		}
		v, err := e.eval(x, one)
		if err != nil {
			return 0, false, err
		}
		n := numberOf(v.value(0))
		return n.Real(), !n.IsNull(), nil
	}
	width, ok, err := number(o.step)
	if err != nil {
		return steps{}, err
	}
	if !ok || !(width > 0) {
		return steps{}, x.fail(o.plan.Span(), "the step of make-series must be positive")
	}
	from, fixedFrom, err := number(o.from)
	if err != nil {
		return steps{}, err
	}
	to, fixedTo, err := number(o.to)
	if err != nil {
		return steps{}, err
	}
	least, greatest := extent(axis)
	if !fixedFrom {
		from = math.Floor(least/width) * width
	}
	if !fixedTo {
		to = from + (math.Floor((greatest-from)/width)+1)*width
	}
	n := math.Ceil((to - from) / width)
	if n > maxElements {
		return steps{}, x.fail(o.plan.Span(), "make-series makes more than %d steps", maxElements)
	}
	if !(n > 0) {
		n = 0
	}
	return steps{from: from, width: width, n: int(n)}, nil
}

// extent is the least and the greatest value that is not null.
func extent(axis *vector) (least, greatest float64) {
	least, greatest = math.Inf(1), math.Inf(-1)
	for row := range axis.rows {
		if v := axis.value(row); !v.IsNull() {
			least, greatest = min(least, v.Real()), max(greatest, v.Real())
		}
	}
	return least, greatest
}

// place finds the rows that lie on the axis, and the step of each.
func (s steps) place(axis *vector) (keep, at []uint32) {
	keep, at = []uint32{}, []uint32{}
	for row := range axis.rows {
		v := axis.value(row)
		if v.IsNull() {
			continue
		}
		if i := math.Floor((v.Real() - s.from) / s.width); i >= 0 && i < float64(s.n) {
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
	out := &relation{columns: o.plan.Fields, rows: n, lineage: newSlot(lineageOf(x.lineage.collect(r, g.of, n)))}
	for _, k := range keys {
		out.slots = append(out.slots, newSlot(k.gather(g.first)))
	}
	for i, a := range o.aggregates {
		results, err := a.run(x, r, cells)
		if err != nil {
			return nil, err
		}
		absent, err := o.absent(x, i)
		if err != nil {
			return nil, err
		}
		for _, v := range results {
			out.slots = append(out.slots, newSlot(cut(v, filled, s.n, n, absent)))
		}
	}
	out.slots = append(out.slots, newSlot(constantOf(value.NewDynamic(s.axis(o.plan.Axis.Type())), n)))
	out.slots = typed(out.columns, out.slots)
	return out, nil
}

// absent is the value of a step without rows: 0 unless the query says otherwise.
func (o *makeSeries) absent(x *execution, i int) (any, error) {
	if o.defaults[i] == nil {
		return value.Convert(value.NewLong(0), o.aggregates[i].results[0].Type).ToDynamic(), nil
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
func (s steps) axis(t value.Type) []any {
	out := make([]any, s.n)
	for i := range out {
		out[i] = value.Convert(roundedReal(s.from+float64(i)*s.width, t), t).ToDynamic()
	}
	return out
}

// roundedReal is a real as a number of a type; ticks and whole numbers are rounded.
func roundedReal(f float64, t value.Type) value.Value {
	if t == value.Real {
		return value.NewReal(f)
	}
	return value.NewLong(int64(math.Round(f)))
}
