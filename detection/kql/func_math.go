package kql

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// mathFunction finds functions of numbers.
func mathFunction(name string) rowFunction {
	if f := realFunction(name); f != nil {
		return sticky(onReal(f))
	}
	switch name {
	case "abs":
		return sticky(absolute)
	case "sign":
		return sticky(func(c *invocation, args []value.Value) value.Value {
			f := numberOf(args[0]).Real()
			return value.Convert(value.NewReal(float64(b2i(f > 0)-b2i(f < 0))), c.result)
		})
	case "round":
		return sticky(round)
	case "ceiling":
		return sticky(func(c *invocation, args []value.Value) value.Value {
			return value.Convert(value.NewReal(math.Ceil(numberOf(args[0]).Real())), c.result)
		})
	case "pow":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return value.NewReal(math.Pow(args[0].Real(), args[1].Real()))
		})
	case "atan2":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return value.NewReal(math.Atan2(args[0].Real(), args[1].Real()))
		})
	case "pi":
		return func(*invocation, []value.Value) value.Value { return value.NewReal(math.Pi) }
	case "isnan":
		return classify(math.IsNaN)
	case "isinf":
		return classify(func(f float64) bool { return math.IsInf(f, 0) })
	case "isfinite":
		return classify(func(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) })
	case "tohex":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			s := strconv.FormatUint(uint64(args[0].Int()), 16)
			for int64(len(s)) < long(args, 1, 0) && len(s) < 64 {
				s = "0" + s
			}
			return value.NewString(s)
		})
	default:
		return bitFunction(name)
	}
}

// onReal makes a function of a real null where it has no value, as in the root of -1.
func onReal(f func(float64) float64) rowFunction {
	return func(_ *invocation, args []value.Value) value.Value {
		x := value.Convert(args[0], value.Real).Real()
		y := f(x)
		if math.IsNaN(y) && !math.IsNaN(x) {
			return value.Null(value.Real)
		}
		return value.NewReal(y)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// realFunction finds functions of one real.
func realFunction(name string) func(float64) float64 {
	switch name {
	case "sqrt":
		return math.Sqrt
	case "log":
		return math.Log
	case "log2":
		return math.Log2
	case "log10":
		return math.Log10
	case "exp":
		return math.Exp
	case "exp2":
		return math.Exp2
	case "exp10":
		return func(f float64) float64 { return math.Pow(10, f) }
	case "sin":
		return math.Sin
	case "cos":
		return math.Cos
	case "tan":
		return math.Tan
	case "cot":
		return func(f float64) float64 { return 1 / math.Tan(f) }
	case "asin":
		return math.Asin
	case "acos":
		return math.Acos
	case "atan":
		return math.Atan
	case "degrees":
		return func(f float64) float64 { return f * 180 / math.Pi }
	case "radians":
		return func(f float64) float64 { return f * math.Pi / 180 }
	case "gamma":
		return math.Gamma
	case "loggamma":
		return func(f float64) float64 { g, _ := math.Lgamma(f); return g }
	case "erf":
		return math.Erf
	case "erfc":
		return math.Erfc
	default:
		return nil
	}
}

func classify(f func(float64) bool) rowFunction {
	return func(_ *invocation, args []value.Value) value.Value {
		v := numberOf(args[0])
		return truthy(!v.IsNull() && f(v.Real()))
	}
}

func absolute(c *invocation, args []value.Value) value.Value {
	v := numberOf(args[0])
	negative := v.Type() == value.Real && v.Real() < 0 || v.Type() != value.Real && v.Real() < 0
	if negative {
		return negate(c, []value.Value{v})
	}
	return v
}

// round rounds halves away from zero; a negative precision rounds before the point.
func round(c *invocation, args []value.Value) value.Value {
	v := numberOf(args[0])
	precision := long(args, 1, 0)
	if v.Type() != value.Real && precision >= 0 {
		return value.Convert(v, c.result)
	}
	f := roundTo(v.Real(), int(precision))
	return value.Convert(value.NewReal(f), c.result)
}

// roundTo uses the decimal text of the number, so that 1.005 is what it says.
func roundTo(f float64, digits int) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || digits > 15 || digits < -300 {
		return f
	}
	scale := math.Pow(10, float64(digits))
	scaled := f * scale
	if math.IsInf(scaled, 0) {
		return f
	}
	return math.Round(scaled) / scale
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

// bitFunction finds functions of the bits of a long.
func bitFunction(name string) rowFunction {
	var f func(a, b int64) int64
	switch name {
	case "binary_and":
		f = func(a, b int64) int64 { return a & b }
	case "binary_or":
		f = func(a, b int64) int64 { return a | b }
	case "binary_xor":
		f = func(a, b int64) int64 { return a ^ b }
	case "binary_shift_left":
		f = func(a, b int64) int64 { return a << (uint64(b) % 64) }
	case "binary_shift_right":
		f = func(a, b int64) int64 { return a >> (uint64(b) % 64) }
	case "binary_not":
		f = func(a, _ int64) int64 { return ^a }
	case "bitset_count_ones":
		f = func(a, _ int64) int64 { return int64(bits.OnesCount64(uint64(a))) }
	default:
		return nil
	}
	shift := strings.HasPrefix(name, "binary_shift")
	return sticky(func(_ *invocation, args []value.Value) value.Value {
		a, b := long(args, 0, 0), long(args, 1, 0)
		if shift && b < 0 {
			return value.Null(value.Long)
		}
		return value.NewLong(f(a, b))
	})
}
