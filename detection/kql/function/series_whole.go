package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/series"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// seriesOf reads an array as a series, in which what is no number has no value. It is false for anything but an array.
func seriesOf(v value.Value) ([]float64, bool) {
	o, ok := operandOf(v)
	if !ok || o.scalar {
		return nil, false
	}
	y := make([]float64, len(o.numbers))
	for i, n := range o.numbers {
		y[i] = math.NaN()
		if n.valid {
			y[i] = n.real
		}
	}
	return y, true
}

// completeSeries reads an array of numbers. An element that is none makes it false: among the functions of whole series only
// series_outliers() is documented to take nulls, and a null result is what this engine makes of that.
// Source: https://learn.microsoft.com/kusto/query/series-fill-linear-function
func completeSeries(v value.Value) ([]float64, bool) {
	y, ok := seriesOf(v)
	for _, x := range y {
		ok = ok && !math.IsNaN(x)
	}
	return y, ok
}

// realArray is a series as a dynamic; points without a value are nulls.
func realArray(y []float64) value.Value {
	out := make([]any, len(y))
	for i, v := range y {
		if !math.IsNaN(v) {
			out[i] = v
		}
	}
	return value.NewDynamic(out)
}

// realOrNull is a real, null for one that is not defined.
func realOrNull(f float64) value.Value {
	if math.IsNaN(f) {
		return value.Null(value.Real)
	}
	return value.NewReal(f)
}

// given reports whether an optional argument is there and not null.
func given(args []value.Value, i int) bool { return i < len(args) && !args[i].IsNull() }

// realArg is an argument as a real, with a default for one that is absent or null.
func realArg(args []value.Value, i int, absent float64) float64 {
	if !given(args, i) {
		return absent
	}
	if v := value.Convert(args[i], value.Real); !v.IsNull() {
		return v.Real()
	}
	return absent
}

// seriesProduct ignores what is no number.
func seriesProduct(c *Invocation, args []value.Value) value.Value {
	y, ok := seriesOf(args[0])
	if !ok || len(y) == 0 {
		return c.Null()
	}
	product := 1.0
	for _, v := range y {
		if !math.IsNaN(v) {
			product *= v
		}
	}
	return value.NewReal(product)
}

func seriesMagnitude(c *Invocation, args []value.Value) value.Value {
	y, ok := seriesOf(args[0])
	if !ok {
		return c.Null()
	}
	return realOrNull(series.Magnitude(y))
}

// seriesDotProduct takes a scalar for either array.
func seriesDotProduct(c *Invocation, args []value.Value) value.Value {
	a, aOK := operandOf(args[0])
	b, bOK := operandOf(args[1])
	if !aOK || !bOK {
		return c.Null()
	}
	n := min(a.length(b), b.length(a))
	return realOrNull(series.Dot(a.reals(n), b.reals(n)))
}

// length of an array; a scalar is as long as the other operand.
func (o operand) length(other operand) int {
	if o.scalar {
		return len(other.numbers)
	}
	return len(o.numbers)
}

func (o operand) reals(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
		if x := o.at(i); x.valid {
			out[i] = x.real
		}
	}
	return out
}

// seriesCosine may be told the magnitudes of the arrays.
func seriesCosine(c *Invocation, args []value.Value) value.Value {
	a, aOK := seriesOf(args[0])
	b, bOK := seriesOf(args[1])
	if !aOK || !bOK {
		return c.Null()
	}
	if !given(args, 2) && !given(args, 3) {
		return realOrNull(series.CosineSimilarity(a, b))
	}
	n := min(len(a), len(b))
	left, right := realArg(args, 2, series.Magnitude(a[:n])), realArg(args, 3, series.Magnitude(b[:n]))
	return realOrNull(series.Dot(a, b) / (left * right))
}

func seriesCorrelation(c *Invocation, args []value.Value) value.Value {
	a, aOK := seriesOf(args[0])
	b, bOK := seriesOf(args[1])
	if !aOK || !bOK {
		return c.Null()
	}
	return realOrNull(series.Correlation(a, b))
}

// seriesFIR normalizes the filter unless it has a negative coefficient; asked to normalize such a one, it gives null.
func seriesFIR(c *Invocation, args []value.Value) value.Value {
	y, ok := seriesOf(args[0])
	filter, fine := completeSeries(args[1])
	if !ok || !fine {
		return c.Null()
	}
	normalize := true
	for _, f := range filter {
		normalize = normalize && f >= 0
	}
	if given(args, 2) {
		normalize = args[2].Bool()
	}
	if normalize {
		if filter, ok = series.Normalized(filter); !ok {
			return c.Null()
		}
	}
	return realArray(series.Convolve(y, filter, given(args, 3) && args[3].Bool()))
}

// maxFilterWork keeps series_iir() from running for minutes, which nothing could interrupt.
const maxFilterWork = 1e9

func seriesIIR(c *Invocation, args []value.Value) value.Value {
	y, ok := seriesOf(args[0])
	numerators, numeratorsOK := completeSeries(args[1])
	denominators, denominatorsOK := completeSeries(args[2])
	if !ok || !numeratorsOK || !denominatorsOK {
		return c.Null()
	}
	if float64(len(y))*float64(len(numerators)+len(denominators)) > maxFilterWork {
		return c.Fail("a filter of %d coefficients is too long for a series of %d points", len(numerators)+len(denominators), len(y))
	}
	out := series.Recurse(y, numerators, denominators)
	if out == nil {
		return c.Null()
	}
	return realArray(out)
}

// fourierParts is series_fft() or series_ifft(): the real and the imaginary parts.
func fourierParts(transform func(re, im []float64) ([]float64, []float64)) func(*Invocation, []value.Value) []value.Value {
	return func(_ *Invocation, args []value.Value) []value.Value {
		re, ok := completeSeries(args[0])
		im := make([]float64, len(re))
		if ok && len(args) > 1 {
			im, ok = completeSeries(args[1])
		}
		if !ok || len(im) != len(re) {
			return nil
		}
		outRe, outIm := transform(re, im)
		return []value.Value{realArray(outRe), realArray(outIm)}
	}
}
