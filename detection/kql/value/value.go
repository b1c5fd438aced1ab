package value

import (
	"math"
	"math/big"
	"strconv"
)

// Value is one scalar. The zero Value is a null of type [Unknown]. A string has no
// null: the missing string is the empty one.
type Value struct {
	typ   Type
	valid bool
	bits  int64 // bool, int, long, ticks, or the bits of a real
	text  string
	any   any // dynamic, or *big.Rat of a decimal
}

// Null is the null of a type; for [String], which has none, the empty string.
func Null(t Type) Value { return Value{typ: t, valid: t == String} }

// NewString makes a string.
func NewString(s string) Value { return Value{typ: String, valid: true, text: s} }

// NewGUID makes a guid from text; text that is no guid gives null.
func NewGUID(s string) Value {
	canonical, ok := ParseGUID(s)
	if !ok {
		return Null(GUID)
	}
	return Value{typ: GUID, valid: true, text: canonical}
}

// NewBool makes a bool.
func NewBool(b bool) Value {
	v := Value{typ: Bool, valid: true}
	if b {
		v.bits = 1
	}
	return v
}

// NewLong makes a long.
func NewLong(n int64) Value { return Value{typ: Long, valid: true, bits: n} }

// NewInt makes an int.
func NewInt(n int32) Value { return Value{typ: Int, valid: true, bits: int64(n)} }

// NewReal makes a real; NaN and the infinities are values, not nulls.
func NewReal(f float64) Value {
	return Value{typ: Real, valid: true, bits: int64(math.Float64bits(f))}
}

// NewDateTime makes a datetime.
func NewDateTime(t Instant) Value { return Value{typ: DateTime, valid: true, bits: int64(t)} }

// NewTimespan makes a timespan.
func NewTimespan(d Duration) Value { return Value{typ: Timespan, valid: true, bits: int64(d)} }

// NewDecimal makes a decimal; nil gives null.
func NewDecimal(r *big.Rat) Value { return Value{typ: Decimal, valid: r != nil, any: r} }

// NewDynamic makes a dynamic from a JSON-shaped Go value; see [Normalize] for the
// shapes it takes. nil is the null dynamic.
func NewDynamic(x any) Value {
	x = Normalize(x)
	return Value{typ: Dynamic, valid: x != nil, any: x}
}

// Type is the scalar type; a null has one too.
func (v Value) Type() Type { return v.typ }

// IsNull reports whether v is null; a string never is.
func (v Value) IsNull() bool { return !v.valid }

// Str is the text of a string or guid, and "" for anything else.
func (v Value) Str() string { return v.text }

// Int is the number of an int or long, the ticks of a datetime or timespan, or 1 for
// the bool true.
func (v Value) Int() int64 { return v.bits }

// Bool is the truth of a bool; null is false.
func (v Value) Bool() bool { return v.bits != 0 }

// Real is the number of an int, long, real or decimal as a real.
func (v Value) Real() float64 {
	switch v.typ {
	case Real:
		return math.Float64frombits(uint64(v.bits))
	case Decimal:
		if !v.valid {
			return 0
		}
		f, _ := v.Decimal().Float64()
		return f
	default:
		return float64(v.bits)
	}
}

// DateTime is the instant of a datetime.
func (v Value) DateTime() Instant { return Instant(v.bits) }

// Timespan is the duration of a timespan.
func (v Value) Timespan() Duration { return Duration(v.bits) }

// Decimal is the exact number of a decimal; nil for null and for other types.
func (v Value) Decimal() *big.Rat {
	r, _ := v.any.(*big.Rat)
	return r
}

// Dynamic is the JSON-shaped content of a dynamic: nil, bool, int64, float64, string,
// []any, *Bag, [Instant] or [Duration].
func (v Value) Dynamic() any {
	if v.typ != Dynamic {
		return nil
	}
	return v.any
}

// String is the text that tostring() gives: null of any type is "", bool is True or
// False, a dynamic string is bare, and other dynamics are compact JSON.
func (v Value) String() string {
	if !v.valid {
		return ""
	}
	switch v.typ {
	case Bool:
		if v.bits != 0 {
			return "True"
		}
		return "False"
	case Int, Long:
		return strconv.FormatInt(v.bits, 10)
	case Real:
		return FormatReal(v.Real())
	case Decimal:
		return FormatDecimal(v.Decimal())
	case DateTime:
		return v.DateTime().String()
	case Timespan:
		return v.Timespan().String()
	case Dynamic:
		switch x := v.any.(type) {
		case string:
			return x
		case Instant:
			return x.String()
		case Duration:
			return x.String()
		default:
			return JSON(x)
		}
	default:
		return v.text
	}
}

// FormatReal prints the shortest text that reads back as f, with a fraction even when
// it is whole (5.0), and NaN, Infinity and -Infinity by name.
func FormatReal(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if abs := math.Abs(f); abs >= 1e15 || (abs != 0 && abs < 1e-5) {
		return strconv.FormatFloat(f, 'E', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	for i := range len(s) {
		if s[i] == '.' {
			return s
		}
	}
	return s + ".0"
}

// FormatDecimal prints at most 28 fraction digits, without trailing zeros.
func FormatDecimal(r *big.Rat) string {
	const digits = 28
	s := r.FloatString(digits)
	if r.IsInt() {
		return r.Num().String()
	}
	end := len(s)
	for s[end-1] == '0' {
		end--
	}
	return s[:end]
}
