package kql

import (
	"math"
	"math/big"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
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
		return c.row(e, func(c *invocation, args []value.Value) value.Value {
			return calculate(sign, args[0], args[1], c.result)
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

// wholeBin is bin() of whole numbers, instants and durations: the largest multiple of
// the size that is not greater; null for a size that is not positive.
type wholeBin struct {
	args   []expr
	result value.Type
}

func (e *wholeBin) eval(x *execution, r *relation) (*vector, error) {
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
		out.reals[i] = realResult(e.sign, a.at(i), b.at(i))
	}
	out.nulls = eitherNull(f.n, a, b)
	return f.finish(out), nil
}

func realResult(sign byte, a, b float64) float64 {
	switch sign {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return a * b
	case '/':
		return a / b
	default:
		m := math.Mod(a, b)
		if m < 0 {
			m += math.Abs(b)
		}
		return m
	}
}

// negate is unary minus.
func negate(c *invocation, args []value.Value) value.Value {
	v := numberOf(args[0])
	if v.IsNull() {
		return c.null()
	}
	switch v.Type() {
	case value.Real:
		return value.NewReal(-v.Real())
	case value.Decimal:
		return value.NewDecimal(new(big.Rat).Neg(v.Decimal()))
	case value.Timespan:
		return value.NewTimespan(-v.Timespan())
	case value.Int, value.Long:
		return value.Convert(value.NewLong(-v.Int()), c.result)
	default:
		return c.null()
	}
}

// numberOf takes the number out of a dynamic.
func numberOf(v value.Value) value.Value {
	if v.Type() == value.Dynamic {
		return value.FromDynamic(v.Dynamic())
	}
	return v
}

// calculate is an operation on any two scalars; what has no meaning is null.
func calculate(sign byte, a, b value.Value, result value.Type) value.Value {
	a, b = numberOf(a), numberOf(b)
	if a.IsNull() || b.IsNull() {
		return value.Null(result)
	}
	if a.Type() == value.DateTime || b.Type() == value.DateTime {
		return value.Convert(calculateInstant(sign, a, b), result)
	}
	if a.Type() == value.Timespan || b.Type() == value.Timespan {
		return calculateDuration(sign, a, b, result)
	}
	if !a.Type().Numeric() || !b.Type().Numeric() {
		return value.Null(result)
	}
	switch {
	case a.Type() == value.Decimal || b.Type() == value.Decimal:
		return value.Convert(calculateDecimal(sign, value.Convert(a, value.Decimal), value.Convert(b, value.Decimal)), result)
	case a.Type() == value.Real || b.Type() == value.Real:
		return value.Convert(value.NewReal(realResult(sign, a.Real(), b.Real())), result)
	default:
		return value.Convert(calculateWhole(sign, a.Int(), b.Int()), result)
	}
}

// calculateWhole truncates quotients toward zero, gives null for division by zero, and
// remainders that are never negative (numerical-operators, "About modulo operator").
func calculateWhole(sign byte, a, b int64) value.Value {
	switch {
	case sign == '+':
		return value.NewLong(a + b)
	case sign == '-':
		return value.NewLong(a - b)
	case sign == '*':
		return value.NewLong(a * b)
	case b == 0:
		return value.Null(value.Long)
	case sign == '/':
		return value.NewLong(a / b)
	}
	m := a % b
	if m < 0 {
		m += max(b, -b)
	}
	return value.NewLong(m)
}

func calculateDecimal(sign byte, a, b value.Value) value.Value {
	if a.IsNull() || b.IsNull() {
		return value.Null(value.Decimal)
	}
	u, v := a.Decimal(), b.Decimal()
	out := new(big.Rat)
	switch {
	case sign == '+':
		return value.NewDecimal(out.Add(u, v))
	case sign == '-':
		return value.NewDecimal(out.Sub(u, v))
	case sign == '*':
		return value.NewDecimal(out.Mul(u, v))
	case v.Sign() == 0:
		return value.Null(value.Decimal)
	case sign == '/':
		return value.NewDecimal(out.Quo(u, v))
	}
	q := new(big.Rat).Quo(u, v)
	whole := new(big.Int).Div(q.Num(), q.Denom())
	return value.NewDecimal(out.Sub(u, out.Mul(v, new(big.Rat).SetInt(whole))))
}

// calculateInstant is datetime ± timespan, timespan + datetime, datetime - datetime.
func calculateInstant(sign byte, a, b value.Value) value.Value {
	switch {
	case a.Type() == value.DateTime && b.Type() == value.DateTime && sign == '-':
		return value.NewTimespan(value.Duration(a.Int() - b.Int()))
	case a.Type() == value.DateTime && b.Type() == value.Timespan && sign == '-':
		return moved(a, -b.Timespan())
	case a.Type() == value.DateTime && b.Type() == value.Timespan && sign == '+':
		return moved(a, b.Timespan())
	case b.Type() == value.DateTime && a.Type() == value.Timespan && sign == '+':
		return moved(b, a.Timespan())
	default:
		return value.Null(value.DateTime)
	}
}

// moved is t + d, or null outside the years 1 to 9999.
func moved(t value.Value, d value.Duration) value.Value {
	u, ok := t.DateTime().Add(d)
	if !ok {
		return value.Null(value.DateTime)
	}
	return value.NewDateTime(u)
}

// calculateDuration is timespan ± timespan, timespan / timespan (a real), % and the
// product or quotient with a number.
func calculateDuration(sign byte, a, b value.Value, result value.Type) value.Value {
	both := a.Type() == value.Timespan && b.Type() == value.Timespan
	switch {
	case both && sign == '/':
		return value.Convert(value.NewReal(a.Real()/b.Real()), result)
	case both && sign != '*':
		v := calculateWhole(sign, a.Int(), b.Int())
		if v.IsNull() {
			return value.Null(result)
		}
		return value.NewTimespan(value.Duration(v.Int()))
	case both:
		return value.Null(result)
	case sign == '*' && a.Type().Numeric():
		return scaled(b, a.Real(), result)
	case sign == '*' && b.Type().Numeric():
		return scaled(a, b.Real(), result)
	case sign == '/' && b.Type().Numeric() && b.Real() != 0:
		return scaled(a, 1/b.Real(), result)
	default:
		return value.Null(result)
	}
}

func scaled(d value.Value, factor float64, result value.Type) value.Value {
	if factor == math.Trunc(factor) && math.Abs(factor) < 1<<53 {
		return value.NewTimespan(value.Duration(d.Int() * int64(factor)))
	}
	f := math.Round(d.Real() * factor)
	if math.IsNaN(f) || math.Abs(f) > math.MaxInt64 {
		return value.Null(result)
	}
	return value.NewTimespan(value.Duration(f))
}
