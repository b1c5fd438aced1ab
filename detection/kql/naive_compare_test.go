package kql_test

import (
	"cmp"
	"math"
	"math/big"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// coerced is an operand of a comparison: a string literal is read as the type of the other side.
func (n *naive) coerced(e *bind.Call, i int, in naiveScope) value.Value {
	v, other := n.expr(e.Args[i], in), e.Args[1-i].Type()
	if _, ok := e.Args[i].(*bind.Literal); ok && v.Type() == value.String && other != value.Dynamic && other != value.Unknown {
		return value.Convert(v, other)
	}
	return v
}

// naiveCompare is == != < <= > >=: of one null, == is false and != is true; of two nulls everything is null; an order with a
// null is null. A dynamic is equal to a string if its text is.
func naiveCompare(sign string, a, b value.Value) value.Value {
	equality := sign == "==" || sign == "!=" || sign == "<>"
	if equality && (a.Type() == value.String) != (b.Type() == value.String) && (a.Type() == value.Dynamic || b.Type() == value.Dynamic) {
		a, b = value.Convert(a, value.String), value.Convert(b, value.String)
	}
	switch {
	case a.IsNull() && b.IsNull(), (a.IsNull() || b.IsNull()) && !equality:
		return value.Null(value.Bool)
	case a.IsNull() || b.IsNull():
		return value.NewBool(sign != "==")
	}
	order, ok := naiveOrder(a, b)
	if !ok {
		return value.NewBool(sign == "!=" || sign == "<>")
	}
	switch sign {
	case "==":
		return value.NewBool(order == 0)
	case "<":
		return value.NewBool(order < 0)
	case "<=":
		return value.NewBool(order <= 0)
	case ">":
		return value.NewBool(order > 0)
	case ">=":
		return value.NewBool(order >= 0)
	default:
		return value.NewBool(order != 0)
	}
}

func naiveBetween(negated bool, v, low, high value.Value) value.Value {
	if low.Type() == value.DateTime && high.Type() == value.Timespan {
		high = naiveArithmetic("+", low, high)
	}
	above, below := naiveCompare(">=", v, low), naiveCompare("<=", v, high)
	switch {
	case !above.IsNull() && !above.Bool() || !below.IsNull() && !below.Bool():
		return value.NewBool(negated)
	case above.IsNull() || below.IsNull():
		return value.Null(value.Bool)
	default:
		return value.NewBool(!negated)
	}
}

// naiveOrder compares two values that are not null; false if they cannot be compared, as NaN with anything.
func naiveOrder(a, b value.Value) (int, bool) {
	a, b = naiveInner(a), naiveInner(b)
	switch {
	case a.IsNull() || b.IsNull():
		return 0, false
	case naiveNumber(a) && naiveNumber(b):
		return naiveNumberOrder(a, b)
	case a.Type() == value.String && b.Type() == value.String:
		return strings.Compare(a.Str(), b.Str()), true
	case a.Type() == value.String && !naiveNumber(b) && b.Type() != value.Dynamic:
		return naiveOrder(value.Convert(a, b.Type()), b)
	case b.Type() == value.String && !naiveNumber(a) && a.Type() != value.Dynamic:
		return naiveOrder(a, value.Convert(b, a.Type()))
	case a.Type() == value.Bool && naiveNumber(b) || b.Type() == value.Bool && naiveNumber(a):
		return naiveNumberOrder(a, b)
	case a.Type() != b.Type():
		return 0, false
	case a.Type() == value.GUID:
		return strings.Compare(a.Str(), b.Str()), true
	case a.Type() == value.Dynamic:
		return strings.Compare(value.JSON(a.Dynamic()), value.JSON(b.Dynamic())), true
	default:
		return cmp.Compare(a.Int(), b.Int()), true
	}
}

func naiveNumber(v value.Value) bool {
	switch v.Type() {
	case value.Int, value.Long, value.Real, value.Decimal:
		return true
	default:
		return false
	}
}

func naiveNumberOrder(a, b value.Value) (int, bool) {
	switch {
	case a.Type() == value.Decimal || b.Type() == value.Decimal:
		u, v := value.Convert(a, value.Decimal).Decimal(), value.Convert(b, value.Decimal).Decimal()
		if u == nil || v == nil {
			return 0, false
		}
		return u.Cmp(v), true
	case a.Type() == value.Real || b.Type() == value.Real:
		if math.IsNaN(a.Real()) || math.IsNaN(b.Real()) {
			return 0, false
		}
		return cmp.Compare(a.Real(), b.Real()), true
	default:
		return cmp.Compare(a.Int(), b.Int()), true
	}
}

// naiveArithmetic is an operation on two scalars; null if an operand is, or if it has no meaning.
func naiveArithmetic(sign string, a, b value.Value) value.Value {
	a, b = naiveInner(a), naiveInner(b)
	null := value.Null(value.Unknown)
	at, bt := a.Type(), b.Type()
	switch {
	case a.IsNull() || b.IsNull():
		return null
	case at == value.DateTime && bt == value.DateTime && sign == "-":
		return value.NewTimespan(value.Duration(a.Int() - b.Int()))
	case at == value.DateTime && bt == value.Timespan && (sign == "+" || sign == "-"):
		ticks := b.Int()
		if sign == "-" {
			ticks = -ticks
		}
		return naiveInstant(a.Int() + ticks)
	case at == value.Timespan && bt == value.DateTime && sign == "+":
		return naiveInstant(a.Int() + b.Int())
	case at == value.Timespan && bt == value.Timespan && sign == "/":
		return value.NewReal(float64(a.Int()) / float64(b.Int()))
	case at == value.Timespan && bt == value.Timespan && sign != "*":
		v := naiveWhole(sign, a.Int(), b.Int())
		if v.IsNull() {
			return null
		}
		return value.NewTimespan(value.Duration(v.Int()))
	case at == value.Timespan && naiveNumber(b) && (sign == "*" || sign == "/"):
		return naiveScaled(sign, a.Int(), b)
	case naiveNumber(a) && bt == value.Timespan && sign == "*":
		return naiveScaled(sign, b.Int(), a)
	case !naiveNumber(a) || !naiveNumber(b):
		return null
	case at == value.Decimal || bt == value.Decimal:
		return naiveDecimal(sign, value.Convert(a, value.Decimal).Decimal(), value.Convert(b, value.Decimal).Decimal())
	case at == value.Real || bt == value.Real:
		return value.NewReal(naiveReal(sign, a.Real(), b.Real()))
	default:
		return naiveWhole(sign, a.Int(), b.Int())
	}
}

func naiveInstant(ticks int64) value.Value {
	if t := value.Instant(ticks); t.InRange() {
		return value.NewDateTime(t)
	}
	return value.Null(value.DateTime)
}

// naiveScaled is a duration times or divided by a number.
func naiveScaled(sign string, ticks int64, number value.Value) value.Value {
	factor := new(big.Rat)
	if f := number.Real(); math.IsNaN(f) || math.IsInf(f, 0) || sign == "/" && f == 0 {
		return value.Null(value.Timespan)
	}
	factor.Set(value.Convert(number, value.Decimal).Decimal())
	if sign == "/" {
		factor.Inv(factor)
	}
	exact := factor.Mul(factor, new(big.Rat).SetInt64(ticks))
	f, _ := exact.Float64()
	if math.Abs(f) > math.MaxInt64 {
		return value.Null(value.Timespan)
	}
	return value.NewTimespan(value.Duration(math.Round(f)))
}

// naiveWhole truncates quotients, has no quotient by zero, and remainders that are never negative.
func naiveWhole(sign string, a, b int64) value.Value {
	switch sign {
	case "+":
		return value.NewLong(a + b)
	case "-":
		return value.NewLong(a - b)
	case "*":
		return value.NewLong(a * b)
	}
	if b == 0 {
		return value.Null(value.Long)
	}
	if sign == "/" {
		return value.NewLong(a / b)
	}
	u, v := big.NewInt(a), big.NewInt(b)
	return value.NewLong(u.Mod(u, v.Abs(v)).Int64())
}

func naiveReal(sign string, a, b float64) float64 {
	switch sign {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	}
	m := math.Mod(a, b)
	if m < 0 {
		return m + math.Abs(b)
	}
	return m
}

func naiveDecimal(sign string, a, b *big.Rat) value.Value {
	out := new(big.Rat)
	switch {
	case a == nil || b == nil:
		return value.Null(value.Decimal)
	case sign == "+":
		out.Add(a, b)
	case sign == "-":
		out.Sub(a, b)
	case sign == "*":
		out.Mul(a, b)
	case b.Sign() == 0:
		return value.Null(value.Decimal)
	case sign == "/":
		out.Quo(a, b)
	default:
		quotient := new(big.Rat).Quo(a, new(big.Rat).Abs(b))
		whole := new(big.Rat).SetInt(new(big.Int).Div(quotient.Num(), quotient.Denom()))
		out.Sub(a, whole.Mul(whole, new(big.Rat).Abs(b)))
	}
	return value.NewDecimal(out)
}
