package value

import (
	"cmp"
	"math/big"
	"strings"
)

// Compare orders two scalars that are not null: -1, 0 or 1. Numbers of any type compare
// by value, a string compares with another type after conversion to it, and the scalar
// inside a dynamic by its own type. It is false if the two have no common type, as a
// string that is no number and a number.
func Compare(a, b Value, foldCase bool) (order int, ok bool) {
	a, b = Scalar(a), Scalar(b)
	if a.typ != b.typ {
		if a, b, ok = common(a, b); !ok {
			return 0, false
		}
	}
	switch a.typ {
	case String, GUID:
		if foldCase {
			if equalFold(a.text, b.text) {
				return 0, true
			}
		}
		return strings.Compare(a.text, b.text), true
	case Real:
		return cmp.Compare(a.Real(), b.Real()), true
	case Decimal:
		return a.Decimal().Cmp(b.Decimal()), true
	case Dynamic:
		return strings.Compare(JSON(a.any), JSON(b.any)), true
	default:
		return cmp.Compare(a.bits, b.bits), true
	}
}

// Scalar takes the scalar out of a dynamic; arrays and bags stay.
func Scalar(v Value) Value {
	if v.typ == Dynamic {
		return FromDynamic(v.any)
	}
	return v
}

// common converts one of two values of different types to the other's.
func common(a, b Value) (Value, Value, bool) {
	switch {
	case a.typ.Numeric() && b.typ.Numeric():
		switch {
		case a.typ == Decimal || b.typ == Decimal:
			a, b = Convert(a, Decimal), Convert(b, Decimal)
		case a.typ == Real || b.typ == Real:
			a, b = Convert(a, Real), Convert(b, Real)
		default:
			a, b = Convert(a, Long), Convert(b, Long)
		}
	case a.typ == String && b.typ != Dynamic && !b.typ.Numeric():
		a = Convert(a, b.typ)
	case b.typ == String && a.typ != Dynamic && !a.typ.Numeric():
		b = Convert(b, a.typ)
	case a.typ == Bool && b.typ.Numeric():
		a = Convert(a, b.typ)
	case b.typ == Bool && a.typ.Numeric():
		b = Convert(b, a.typ)
	default:
		return a, b, false
	}
	return a, b, !a.IsNull() && !b.IsNull()
}

// Order is [Compare] for any two values: those that have no common type are ordered by their texts.
func Order(a, b Value) int {
	if order, ok := Compare(a, b, false); ok {
		return order
	}
	return strings.Compare(a.String(), b.String())
}

// Equal compares two scalars that may be of different types; null equals nothing.
func Equal(a, b Value) bool {
	if a.IsNull() || b.IsNull() {
		return false
	}
	order, ok := Compare(a, b, false)
	return ok && order == 0
}

// equalFold is equality under simple case folding.
func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// Key is a text that two values of a type share exactly when they are the same value,
// for use in sets and groups. Null has a key of its own.
func Key(v Value) string {
	if v.IsNull() {
		return "\x00"
	}
	if v.typ == Decimal {
		return new(big.Rat).Set(v.Decimal()).RatString()
	}
	if v.typ == Dynamic {
		if _, ok := v.any.(string); ok {
			return JSON(v.any)
		}
	}
	return v.String()
}
