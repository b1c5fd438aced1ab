package kql

import "github.com/seed-67b27da2/geiger/detection/kql/value"

// frame is the arguments of a function, reduced to the distinct combinations it must
// be evaluated for: one if all are constant, the payload entries if all arguments that
// vary share their codes, else every row.
type frame struct {
	args  []*vector
	n     int
	rows  int
	codes []uint32
	fixed bool
}

func newFrame(rows int, args []*vector) *frame {
	f := &frame{args: args, n: rows, rows: rows}
	lead, shared := leading(args)
	switch {
	case lead == nil:
		f.n, f.fixed = 1, true
	case shared && lead.size() <= rows:
		f.n, f.codes = lead.size(), lead.codes
		f.args = make([]*vector, len(args))
		for i, a := range args {
			f.args[i] = a.payload()
		}
	}
	return f
}

// leading finds the first argument that varies, and whether all that vary share its codes.
func leading(args []*vector) (lead *vector, shared bool) {
	shared = true
	for _, a := range args {
		switch {
		case a.constant:
		case lead == nil:
			lead = a
			shared = len(a.codes) > 0
		case len(a.codes) == 0 || !shared || &a.codes[0] != &lead.codes[0]:
			shared = false
		}
	}
	return lead, shared
}

// payload is the vector of the distinct values; a constant stays one.
func (v *vector) payload() *vector {
	if v.constant || v.codes == nil {
		return v
	}
	out := *v
	out.codes, out.rows = nil, v.size()
	return &out
}

// finish spreads the results over the rows again.
func (f *frame) finish(out *vector) *vector {
	out.rows = f.rows
	out.codes = f.codes
	out.constant = f.fixed
	return out
}

// integers gives the argument's int64 payload, one entry for each evaluation, and its
// nulls; a constant has one entry, which stride 0 repeats.
func (f *frame) integers(i int) operand[int64] {
	a := f.args[i]
	if a.codes == nil {
		return operand[int64]{a.ints, a.nulls, strideOf(a)}
	}
	o := operand[int64]{values: make([]int64, len(a.codes)), stride: 1}
	for row, code := range a.codes {
		o.values[row] = a.ints[code]
	}
	o.nulls = pick(a.nulls, a.codes)
	return o
}

// numbers is integers for real arithmetic: int and long are converted.
func (f *frame) numbers(i int) operand[float64] {
	a := f.args[i]
	if a.typ == value.Real && a.codes == nil {
		return operand[float64]{a.reals, a.nulls, strideOf(a)}
	}
	o := operand[float64]{stride: strideOf(a)}
	n := f.n
	if a.constant {
		n = 1
	}
	o.values = make([]float64, n)
	for row := range o.values {
		e := a.entry(row)
		if a.isNull(e) {
			if o.nulls == nil {
				o.nulls = make([]bool, n)
			}
			o.nulls[row] = true
			continue
		}
		if a.typ == value.Real {
			o.values[row] = a.reals[e]
		} else {
			o.values[row] = float64(a.ints[e])
		}
	}
	return o
}

// operand is one side of an arithmetic loop.
type operand[T any] struct {
	values []T
	nulls  []bool
	stride int
}

func strideOf(a *vector) int {
	if a.constant {
		return 0
	}
	return 1
}

func (o operand[T]) at(i int) T { return o.values[i*o.stride] }

func (o operand[T]) null(i int) bool { return o.nulls != nil && o.nulls[i*o.stride] }

// evalAll evaluates the arguments of a call.
func evalAll(x *execution, r *relation, args []expr) ([]*vector, error) {
	out := make([]*vector, len(args))
	for i, a := range args {
		v, err := a.eval(x, r)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
