package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// arithmetic compiles + - * / % and unary minus. Whole numbers and reals have loops of
// their own; dates, durations, decimals and dynamics go scalar by scalar.
func (c *compiler) arithmetic(e *bind.Call, args []expr) expr {
	if len(args) == 1 {
		return c.row(e, negate, args...)
	}
	a, b := e.Args[0].Type(), e.Args[1].Type()
	sign := e.Name[0]
	whole := func(t value.Type) bool { return t == value.Int || t == value.Long }
	switch {
	case whole(a) && whole(b) && e.Type() != value.Real && sign != '/' && sign != '%':
		return &wholeArithmetic{sign: sign, args: args, result: e.Type()}
	case e.Type() == value.Real && a.Numeric() && b.Numeric() && a != value.Decimal && b != value.Decimal && sign != '%':
		return &realArithmetic{sign: sign, args: args}
	default:
		return c.row(e, func(c *function.Invocation, args []value.Value) value.Value {
			return value.Calculate(sign, args[0], args[1], c.Result)
		}, args...)
	}
}

// wholeArithmetic is + - * of whole numbers, which wrap around.
type wholeArithmetic struct {
	sign   byte
	args   []expr
	result value.Type
}

func (e *wholeArithmetic) eval(x *execution, r *relation) (*vector, error) {
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, args)
	a, b := f.integers(0), f.integers(1)
	out := &vector{typ: e.result, ints: make([]int64, f.n)}
	for i := range out.ints {
		switch e.sign {
		case '+':
			out.ints[i] = a.at(i) + b.at(i)
		case '-':
			out.ints[i] = a.at(i) - b.at(i)
		default:
			out.ints[i] = a.at(i) * b.at(i)
		}
		if e.result == value.Int {
			out.ints[i] = int64(int32(out.ints[i]))
		}
	}
	out.nulls = eitherNull(f.n, a, b)
	return f.finish(out), nil
}

// wholeBin is function.Bin() of whole numbers, instants and durations: the largest multiple of
// the size that is not greater; null for a size that is not positive.
type wholeBin struct {
	args   []expr
	result value.Type
}

func (e *wholeBin) eval(x *execution, r *relation) (*vector, error) {
	if v, err := e.stored(x, r); v != nil || err != nil {
		return v, err
	}
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, args)
	a, size := f.integers(0), f.integers(1)
	out := &vector{typ: e.result, ints: make([]int64, f.n)}
	out.nulls = eitherNull(f.n, a, size)
	for i := range out.ints {
		width := size.at(i)
		if width <= 0 {
			if out.nulls == nil {
				out.nulls = make([]bool, f.n)
			}
			out.nulls[i] = true
			continue
		}
		out.ints[i] = floorQuotient(a.at(i), width) * width
	}
	return f.finish(out), nil
}

// eitherNull is the nulls of an operation for which null is sticky.
func eitherNull[T any](n int, a, b operand[T]) []bool {
	if a.nulls == nil && b.nulls == nil {
		return nil
	}
	nulls := make([]bool, n)
	for i := range nulls {
		nulls[i] = a.null(i) || b.null(i)
	}
	return nulls
}

// realArithmetic is + - * / of reals; division by zero is infinite.
type realArithmetic struct {
	sign byte
	args []expr
}

func (e *realArithmetic) eval(x *execution, r *relation) (*vector, error) {
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, args)
	a, b := f.numbers(0), f.numbers(1)
	out := &vector{typ: value.Real, reals: make([]float64, f.n)}
	for i := range out.reals {
		out.reals[i] = value.CalculateReal(e.sign, a.at(i), b.at(i))
	}
	out.nulls = eitherNull(f.n, a, b)
	return f.finish(out), nil
}

// negate is unary minus.
func negate(c *function.Invocation, args []value.Value) value.Value {
	return value.Negate(args[0], c.Result)
}
