package value

import (
	"math"
	"math/big"
)

// CalculateReal is + - * / or % of reals; division by zero is infinite, and a remainder never negative.
func CalculateReal(sign byte, a, b float64) float64 {
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

// Negate is unary minus, null for what is no number or duration.
func Negate(v Value, result Type) Value {
	v = Scalar(v)
	if v.IsNull() {
		return Null(result)
	}
	switch v.Type() {
	case Real:
		return NewReal(-v.Real())
	case Decimal:
		return NewDecimal(new(big.Rat).Neg(v.Decimal()))
	case Timespan:
		return NewTimespan(-v.Timespan())
	case Int, Long:
		return Convert(NewLong(-v.Int()), result)
	default:
		return Null(result)
	}
}

// Calculate is + - * / or % of any two scalars, as result; what has no meaning is null.
func Calculate(sign byte, a, b Value, result Type) Value {
	a, b = Scalar(a), Scalar(b)
	if a.IsNull() || b.IsNull() {
		return Null(result)
	}
	if a.Type() == DateTime || b.Type() == DateTime {
		return Convert(calculateInstant(sign, a, b), result)
	}
	if a.Type() == Timespan || b.Type() == Timespan {
		return calculateDuration(sign, a, b, result)
	}
	if !a.Type().Numeric() || !b.Type().Numeric() {
		return Null(result)
	}
	switch {
	case a.Type() == Decimal || b.Type() == Decimal:
		return Convert(calculateDecimal(sign, Convert(a, Decimal), Convert(b, Decimal)), result)
	case a.Type() == Real || b.Type() == Real:
		return Convert(NewReal(CalculateReal(sign, a.Real(), b.Real())), result)
	default:
		return Convert(calculateWhole(sign, a.Int(), b.Int()), result)
	}
}

// calculateWhole truncates quotients toward zero, gives null for division by zero, and
// remainders that are never negative (numerical-operators, "About modulo operator").
func calculateWhole(sign byte, a, b int64) Value {
	switch {
	case sign == '+':
		return NewLong(a + b)
	case sign == '-':
		return NewLong(a - b)
	case sign == '*':
		return NewLong(a * b)
	case b == 0:
		return Null(Long)
	case sign == '/':
		return NewLong(a / b)
	}
	m := a % b
	if m < 0 {
		m += max(b, -b)
	}
	return NewLong(m)
}

func calculateDecimal(sign byte, a, b Value) Value {
	if a.IsNull() || b.IsNull() {
		return Null(Decimal)
	}
	u, v := a.Decimal(), b.Decimal()
	out := new(big.Rat)
	switch {
	case sign == '+':
		return NewDecimal(out.Add(u, v))
	case sign == '-':
		return NewDecimal(out.Sub(u, v))
	case sign == '*':
		return NewDecimal(out.Mul(u, v))
	case v.Sign() == 0:
		return Null(Decimal)
	case sign == '/':
		return NewDecimal(out.Quo(u, v))
	}
	q := new(big.Rat).Quo(u, v)
	whole := new(big.Int).Div(q.Num(), q.Denom())
	return NewDecimal(out.Sub(u, out.Mul(v, new(big.Rat).SetInt(whole))))
}

// calculateInstant is datetime ± timespan, timespan + datetime, datetime - datetime.
func calculateInstant(sign byte, a, b Value) Value {
	switch {
	case a.Type() == DateTime && b.Type() == DateTime && sign == '-':
		return NewTimespan(Duration(a.Int() - b.Int()))
	case a.Type() == DateTime && b.Type() == Timespan && sign == '-':
		return Shift(a, -b.Timespan())
	case a.Type() == DateTime && b.Type() == Timespan && sign == '+':
		return Shift(a, b.Timespan())
	case b.Type() == DateTime && a.Type() == Timespan && sign == '+':
		return Shift(b, a.Timespan())
	default:
		return Null(DateTime)
	}
}

// Shift is t + d, or null outside the years 1 to 9999.
func Shift(t Value, d Duration) Value {
	u, ok := t.DateTime().Add(d)
	if !ok {
		return Null(DateTime)
	}
	return NewDateTime(u)
}

// calculateDuration is timespan ± timespan, timespan / timespan (a real), % and the
// product or quotient with a number.
func calculateDuration(sign byte, a, b Value, result Type) Value {
	both := a.Type() == Timespan && b.Type() == Timespan
	switch {
	case both && sign == '/':
		return Convert(NewReal(a.Real()/b.Real()), result)
	case both && sign != '*':
		v := calculateWhole(sign, a.Int(), b.Int())
		if v.IsNull() {
			return Null(result)
		}
		return NewTimespan(Duration(v.Int()))
	case both:
		return Null(result)
	case sign == '*' && a.Type().Numeric():
		return scaled(b, a.Real(), result)
	case sign == '*' && b.Type().Numeric():
		return scaled(a, b.Real(), result)
	case sign == '/' && b.Type().Numeric() && b.Real() != 0:
		return scaled(a, 1/b.Real(), result)
	default:
		return Null(result)
	}
}

func scaled(d Value, factor float64, result Type) Value {
	if factor == math.Trunc(factor) && math.Abs(factor) < 1<<53 {
		return NewTimespan(Duration(d.Int() * int64(factor)))
	}
	f := math.Round(d.Real() * factor)
	if math.IsNaN(f) || math.Abs(f) > math.MaxInt64 {
		return Null(result)
	}
	return NewTimespan(Duration(f))
}
