package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func bin(c *Invocation, args []value.Value) value.Value { return Bin(args[0], args[1], nil, c.Result) }

func binAt(c *Invocation, args []value.Value) value.Value {
	return Bin(args[0], args[1], &args[2], c.Result)
}

// binAuto is bin_auto(value), which the binder completes with the properties query_bin_auto_size and query_bin_auto_at.
func binAuto(c *Invocation, args []value.Value) value.Value {
	if len(args) < 3 || args[1].IsNull() {
		return c.Fail("bin_auto() needs the property query_bin_auto_size, as in: set query_bin_auto_size = 1h")
	}
	if args[0].IsNull() {
		return c.Null()
	}
	if args[2].IsNull() {
		return Bin(args[0], args[1], nil, c.Result)
	}
	return Bin(args[0], args[1], &args[2], c.Result)
}

// Bin rounds down to a multiple of the size, counted from 0 or from a fixed point; a
// size that is not positive gives null.
func Bin(v, size value.Value, origin *value.Value, result value.Type) value.Value {
	v, size = value.Scalar(v), value.Scalar(size)
	if v.Type() == value.Real || size.Type() == value.Real && v.Type().Numeric() {
		return binReal(v.Real(), size.Real(), origin)
	}
	if v.Type() == value.Decimal {
		return value.Convert(binReal(v.Real(), size.Real(), origin), result)
	}
	width := size.Int()
	if size.Type() == value.Real {
		width = int64(size.Real())
	}
	if width <= 0 {
		return value.Null(result)
	}
	from := int64(0)
	if origin != nil {
		from = origin.Int()
	}
	offset := (v.Int() - from) % width
	if offset < 0 {
		offset += width
	}
	n := v.Int() - offset
	switch v.Type() {
	case value.DateTime:
		return value.NewDateTime(value.Instant(n))
	case value.Timespan:
		return value.NewTimespan(value.Duration(n))
	default:
		return value.Convert(value.NewLong(n), result)
	}
}

// binReal is bin of reals.
func binReal(v, size float64, origin *value.Value) value.Value {
	if !(size > 0) {
		return value.Null(value.Real)
	}
	from := 0.0
	if origin != nil {
		from = origin.Real()
	}
	return value.NewReal(math.Floor((v-from)/size)*size + from)
}
