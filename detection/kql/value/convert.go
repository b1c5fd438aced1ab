package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Convert is the conversion of the tostring(), tolong(), todatetime() ... family. It
// never fails: what cannot be converted is null.
func Convert(v Value, to Type) Value {
	if v.typ == to {
		return v
	}
	if to == Dynamic {
		return NewDynamic(v.ToDynamic())
	}
	if v.IsNull() {
		return Null(to)
	}
	if v.typ == Dynamic {
		return convertDynamic(v.any, to)
	}
	switch to {
	case String:
		return NewString(v.String())
	case Bool:
		return toBool(v)
	case Int:
		return toInt(v)
	case Long:
		return toLong(v)
	case Real:
		return toReal(v)
	case Decimal:
		return toDecimal(v)
	case DateTime:
		return toDateTime(v)
	case Timespan:
		return toTimespan(v)
	case GUID:
		return NewGUID(v.text)
	default:
		return Null(to)
	}
}

// convertDynamic converts the scalar inside a dynamic; arrays and bags convert only to
// string.
func convertDynamic(x any, to Type) Value {
	if to == String {
		return NewString(NewDynamic(x).String())
	}
	if inner := FromDynamic(x); inner.typ != Dynamic {
		return Convert(inner, to)
	}
	return Null(to)
}

// toBool takes true, false and integers as text, and non-zero numbers as true.
func toBool(v Value) Value {
	switch v.typ {
	case String:
		switch text := strings.ToLower(strings.TrimSpace(v.text)); text {
		case "true":
			return NewBool(true)
		case "false":
			return NewBool(false)
		default:
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return Null(Bool)
			}
			return NewBool(n != 0)
		}
	case Int, Long:
		return NewBool(v.bits != 0)
	case Real, Decimal:
		return NewBool(v.Real() != 0)
	default:
		return Null(Bool)
	}
}

// toInt wraps a long that does not fit and saturates a real.
func toInt(v Value) Value {
	switch v.typ {
	case Real:
		f := v.Real()
		if math.IsNaN(f) {
			return Null(Int)
		}
		return NewInt(int32(max(math.MinInt32, min(math.MaxInt32, f))))
	case String:
		n := toLong(v)
		if n.IsNull() || n.bits < math.MinInt32 || n.bits > math.MaxInt32 {
			return Null(Int)
		}
		return NewInt(int32(n.bits))
	default:
		n := toLong(v)
		if n.IsNull() {
			return Null(Int)
		}
		return NewInt(int32(n.bits))
	}
}

func toLong(v Value) Value {
	switch v.typ {
	case Bool, Int, Long, DateTime, Timespan:
		return NewLong(v.bits)
	case Real:
		f := v.Real()
		if math.IsNaN(f) {
			return Null(Long)
		}
		return NewLong(truncate(f))
	case Decimal:
		r := v.Decimal()
		q := new(big.Int).Quo(r.Num(), r.Denom())
		if !q.IsInt64() {
			return Null(Long)
		}
		return NewLong(q.Int64())
	case String:
		n, ok := parseInteger(v.text)
		if !ok {
			return Null(Long)
		}
		return NewLong(n)
	default:
		return Null(Long)
	}
}

// truncate drops the fraction and saturates at the range of a long.
func truncate(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	default:
		return int64(f)
	}
}

// parseInteger reads decimal or 0x text with an optional sign and outer blanks; no
// fraction, exponent or separators.
func parseInteger(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 64)
		return int64(n), err == nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func toReal(v Value) Value {
	switch v.typ {
	case String:
		f, ok := parseReal(v.text)
		if !ok {
			return Null(Real)
		}
		return NewReal(f)
	case Bool, Int, Long, Decimal, DateTime, Timespan:
		return NewReal(v.Real())
	default:
		return Null(Real)
	}
}

func parseReal(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if n, ok := parseInteger(s); ok {
		return float64(n), true
	}
	switch strings.ToLower(strings.TrimPrefix(s, "+")) {
	case "nan":
		return math.NaN(), true
	case "inf", "infinity":
		return math.Inf(1), true
	case "-inf", "-infinity":
		return math.Inf(-1), true
	}
	if strings.ContainsAny(s, "_xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func toDecimal(v Value) Value {
	switch v.typ {
	case String:
		if strings.ContainsAny(v.text, "/_xXpP") {
			return Null(Decimal)
		}
		r, ok := new(big.Rat).SetString(strings.TrimSpace(v.text))
		if !ok {
			return Null(Decimal)
		}
		return NewDecimal(r)
	case Bool, Int, Long:
		return NewDecimal(new(big.Rat).SetInt64(v.bits))
	case Real:
		r, ok := new(big.Rat).SetString(strconv.FormatFloat(v.Real(), 'g', -1, 64))
		if !ok {
			return Null(Decimal)
		}
		return NewDecimal(r)
	default:
		return Null(Decimal)
	}
}

func toDateTime(v Value) Value {
	switch v.typ {
	case String:
		t, ok := ParseDateTime(v.text)
		if !ok {
			return Null(DateTime)
		}
		return NewDateTime(t)
	case Int, Long:
		return ticksAsDateTime(v.bits)
	case Real, Decimal:
		return ticksAsDateTime(truncate(v.Real()))
	default:
		return Null(DateTime)
	}
}

func ticksAsDateTime(n int64) Value {
	if t := Instant(n); t.InRange() {
		return NewDateTime(t)
	}
	return Null(DateTime)
}

func toTimespan(v Value) Value {
	switch v.typ {
	case String:
		d, ok := ParseTimespan(v.text)
		if !ok {
			return Null(Timespan)
		}
		return NewTimespan(d)
	case Int, Long:
		return NewTimespan(Duration(v.bits))
	case Real, Decimal:
		return NewTimespan(Duration(truncate(v.Real())))
	default:
		return Null(Timespan)
	}
}
