package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func mathFunctions() []Function {
	return []Function{
		{Name: "abs", Signatures: []string{
			"first long number:Integer",
			"first param0 number:Number",
			"first timespan number:timespan",
		}, Doc: "abs-function", Nulls: Propagate, Call: absolute},
		{Name: "sign", Signatures: []string{"- real number:Number"}, Doc: "sign-function", Nulls: Propagate, Call: sign},
		{Name: "round", Signatures: []string{"first param0 number:Number precision:long/Constant?"}, Doc: "round-function", Nulls: Propagate, Call: round},
		{Name: "ceiling", Signatures: []string{"first custom number:Number"}, Doc: "ceiling-function", Nulls: Propagate, Call: ceiling},
		{Name: "bin", Aliases: []string{"floor"}, Signatures: []string{
			"first widest value:Number roundTo:Number",
			"first timespan value:timespan roundTo:timespan",
			"first datetime value:datetime roundTo:datetime",
			"first datetime value:datetime roundTo:timespan",
		}, Doc: "bin-function", Nulls: Propagate, Call: bin},
		{Name: "bin_at", Signatures: []string{
			"first widest value:Number bin_size:Number fixed_point:Number",
			"first timespan value:timespan bin_size:Number fixed_point:timespan",
			"first timespan value:timespan bin_size:timespan fixed_point:timespan",
			"first datetime value:datetime bin_size:Summable fixed_point:datetime",
		}, Doc: "bin-at-function", Nulls: Propagate, Call: binAt},
		{Name: "bin_auto", Signatures: []string{"first custom value:Summable"}, Doc: "bin-auto-function", Call: binAuto},
		{Name: "pow", Signatures: []string{"- real base:Number exponent:Number"}, Doc: "pow-function", Nulls: Propagate, Call: onReals(math.Pow)},
		{Name: "sqrt", Signatures: []string{"first real number:Number"}, Doc: "sqrt-function", Nulls: Propagate, Call: onReal(math.Sqrt)},
		{Name: "log", Signatures: []string{"first real number:Number"}, Doc: "log-function", Nulls: Propagate, Call: onReal(math.Log)},
		{Name: "log2", Signatures: []string{"first real number:Number"}, Doc: "log2-function", Nulls: Propagate, Call: onReal(math.Log2)},
		{Name: "log10", Signatures: []string{"first real number:Number"}, Doc: "log10-function", Nulls: Propagate, Call: onReal(math.Log10)},
		{Name: "exp", Signatures: []string{"first real number:Number"}, Doc: "exp-function", Nulls: Propagate, Call: onReal(math.Exp)},
		{Name: "exp2", Signatures: []string{"first real number:Number"}, Doc: "exp2-function", Nulls: Propagate, Call: onReal(math.Exp2)},
		{Name: "exp10", Signatures: []string{"first real number:Number"}, Doc: "exp10-function", Nulls: Propagate, Call: onReal(exp10)},
		{Name: "pi", Signatures: []string{"- real"}, Doc: "pi-function", Call: pi},
		{Name: "sin", Signatures: []string{"first real number:Number"}, Doc: "sin-function", Nulls: Propagate, Call: onReal(math.Sin)},
		{Name: "cos", Signatures: []string{"first real number:Number"}, Doc: "cos-function", Nulls: Propagate, Call: onReal(math.Cos)},
		{Name: "tan", Signatures: []string{"first real number:Number"}, Doc: "tan-function", Nulls: Propagate, Call: onReal(math.Tan)},
		{Name: "cot", Signatures: []string{"- real number:Number"}, Doc: "cot-function", Nulls: Propagate, Call: onReal(cotangent)},
		{Name: "asin", Signatures: []string{"first real number:Number"}, Doc: "asin-function", Nulls: Propagate, Call: onReal(math.Asin)},
		{Name: "acos", Signatures: []string{"first real number:Number"}, Doc: "acos-function", Nulls: Propagate, Call: onReal(math.Acos)},
		{Name: "atan", Signatures: []string{"first real number:Number"}, Doc: "atan-function", Nulls: Propagate, Call: onReal(math.Atan)},
		{Name: "atan2", Signatures: []string{"first real y:Number x:Number"}, Doc: "atan2-function", Nulls: Propagate, Call: onReals(math.Atan2)},
		{Name: "degrees", Signatures: []string{"- real radians:Number"}, Doc: "degrees-function", Nulls: Propagate, Call: onReal(degrees)},
		{Name: "radians", Signatures: []string{"- real degrees:Number"}, Doc: "radians-function", Nulls: Propagate, Call: onReal(radians)},
		{Name: "gamma", Signatures: []string{"first real number:Number"}, Doc: "gamma-function", Nulls: Propagate, Call: onReal(math.Gamma)},
		{Name: "loggamma", Signatures: []string{"first real number:Number"}, Doc: "loggamma-function", Nulls: Propagate, Call: onReal(logGamma)},
		{Name: "erf", Signatures: []string{"first real number:Number"}, Doc: "erf-function", Nulls: Propagate, Call: onReal(math.Erf)},
		{Name: "erfc", Signatures: []string{"first real number:Number"}, Doc: "erfc-function", Nulls: Propagate, Call: onReal(math.Erfc)},
		{Name: "beta_cdf", Signatures: []string{"- real x:Number alpha:Number beta:Number"}, Doc: "beta-cdf-function", Nulls: Propagate, Call: betaCDF},
		{Name: "beta_inv", Signatures: []string{"- real probability:Number alpha:Number beta:Number"}, Doc: "beta-inv-function", Nulls: Propagate, Call: betaInverse},
		{Name: "beta_pdf", Signatures: []string{"- real x:Number alpha:Number beta:Number"}, Doc: "beta-pdf-function", Nulls: Propagate, Call: betaPDF},
		{Name: "welch_test", Signatures: []string{"- real mean1:Number variance1:Number count1:Number mean2:Number variance2:Number count2:Number"}, Doc: "welch-test-function", Nulls: Propagate, Call: welchTest},
		{Name: "isnan", Signatures: []string{"- bool number:real"}, Doc: "isnan-function", Call: classify(math.IsNaN)},
		{Name: "isinf", Signatures: []string{"- bool number:real"}, Doc: "isinf-function", Call: classify(isInfinite)},
		{Name: "isfinite", Signatures: []string{"- bool number:real"}, Doc: "isfinite-function", Call: classify(isFinite)},
		{Name: "rand", Signatures: []string{"first real number:Integer?"}, Doc: "rand-function", By: Executor},
		{Name: "new_guid", Signatures: []string{"- guid"}, Doc: "new-guid-function", By: Executor},
	}
}

// onReal makes a function of a real null where it has no value, as in the root of -1.
func onReal(f func(float64) float64) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		x := value.Convert(args[0], value.Real).Real()
		y := f(x)
		if math.IsNaN(y) && !math.IsNaN(x) {
			return c.Null()
		}
		return value.NewReal(y)
	}
}

// onReals is a function of two reals.
func onReals(f func(a, b float64) float64) Call {
	return func(_ *Invocation, args []value.Value) value.Value {
		return value.NewReal(f(args[0].Real(), args[1].Real()))
	}
}

func pi(*Invocation, []value.Value) value.Value { return value.NewReal(math.Pi) }

func exp10(f float64) float64 { return math.Pow(10, f) }

func cotangent(f float64) float64 { return 1 / math.Tan(f) }

func degrees(f float64) float64 { return f * 180 / math.Pi }

func radians(f float64) float64 { return f * math.Pi / 180 }

func logGamma(f float64) float64 {
	g, _ := math.Lgamma(f)
	return g
}

func isInfinite(f float64) bool { return math.IsInf(f, 0) }

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func classify(f func(float64) bool) Call {
	return func(_ *Invocation, args []value.Value) value.Value {
		v := value.Scalar(args[0])
		return value.NewBool(!v.IsNull() && f(v.Real()))
	}
}

func absolute(c *Invocation, args []value.Value) value.Value {
	v := value.Scalar(args[0])
	negative := v.Type() == value.Real && v.Real() < 0 || v.Type() != value.Real && v.Real() < 0
	if negative {
		return value.Negate(v, c.Result)
	}
	return v
}

// round rounds halves away from zero; a negative precision rounds before the point.
func round(c *Invocation, args []value.Value) value.Value {
	v := value.Scalar(args[0])
	precision := long(args, 1, 0)
	switch {
	case v.Type() == value.Decimal && precision >= 0:
		// FloatString rounds halves away from zero.
		return value.Convert(value.NewString(v.Decimal().FloatString(int(min(precision, maxPrecision)))), c.Result)
	case v.Type() != value.Real && precision >= 0:
		return value.Convert(v, c.Result)
	}
	return value.Convert(value.NewReal(roundTo(v.Real(), int(max(precision, -maxPrecision)))), c.Result)
}

// maxPrecision is more digits than any number has.
const maxPrecision = 400

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

// sign is -1, 0 or 1.
func sign(c *Invocation, args []value.Value) value.Value {
	f, s := value.Scalar(args[0]).Real(), 0.0
	switch {
	case f > 0:
		s = 1
	case f < 0:
		s = -1
	}
	return value.Convert(value.NewReal(s), c.Result)
}

func ceiling(c *Invocation, args []value.Value) value.Value {
	return value.Convert(value.NewReal(math.Ceil(value.Scalar(args[0]).Real())), c.Result)
}
