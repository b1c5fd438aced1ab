package series

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// Convolve filters a series with a finite impulse response: each point becomes the sum of itself and its predecessors, each
// times a coefficient. A centred filter takes as many points after the current one as before it. Before
// and after the series there are zeros.
//
// For a centred filter of even length the documentation is silent; here the window has its extra point in the past.
// Source: https://learn.microsoft.com/kusto/query/series-fir-function
func Convolve(y, coefficients []float64, centred bool) []float64 {
	ahead := 0
	if centred {
		ahead = (len(coefficients) - 1) / 2
	}
	if float64(len(y))*float64(len(coefficients)) > maxProducts {
		return convolveBySpectrum(y, coefficients, ahead)
	}
	out := make([]float64, len(y))
	for i := range y {
		// Only the coefficients that meet a point of the series.
		first, last := max(0, i+ahead-len(y)+1), min(len(coefficients)-1, i+ahead)
		for k := first; k <= last; k++ {
			out[i] += coefficients[k] * y[i+ahead-k]
		}
	}
	return out
}

// maxProducts is from where on spectra are quicker than sums of products.
const maxProducts = 1 << 24

// convolveBySpectrum multiplies Fourier transforms. A point without a value leaves none to any point, as it has a share in all
// of the spectrum.
func convolveBySpectrum(y, coefficients []float64, ahead int) []float64 {
	size := 1 << bits.Len(uint(len(y)+len(coefficients)-1))
	a, b := make([]complex128, size), make([]complex128, size)
	for i, v := range y {
		a[i] = complex(v, 0)
	}
	for i, v := range coefficients {
		b[i] = complex(v, 0)
	}
	radix2(a)
	radix2(b)
	for i := range a {
		a[i] = cmplx.Conj(a[i] * b[i])
	}
	radix2(a)
	out := make([]float64, len(y))
	for i := range out {
		out[i] = real(a[i+ahead]) / float64(size)
	}
	return out
}

// Normalized divides coefficients by their sum, and leaves the argument as it is. It is false if one
// is negative or the sum is 0: such a filter cannot be normalized.
func Normalized(coefficients []float64) ([]float64, bool) {
	sum := 0.0
	for _, c := range coefficients {
		if c < 0 || math.IsNaN(c) {
			return nil, false
		}
		sum += c
	}
	if sum == 0 {
		return nil, false
	}
	out := make([]float64, len(coefficients))
	for i, c := range coefficients {
		out[i] = c / sum
	}
	return out, true
}

// Recurse filters a series with an infinite impulse response: each point is a sum of itself and its predecessors, weighed by the
// numerators, less a sum of the results before it, weighed by the denominators, all divided by the first denominator.
// It is nil if that is absent or 0. The cost is the length of the series times that of the filter.
// Source: https://learn.microsoft.com/kusto/query/series-iir-function
func Recurse(y, numerators, denominators []float64) []float64 {
	if len(denominators) == 0 || denominators[0] == 0 {
		return nil
	}
	out := make([]float64, len(y))
	for i := range y {
		sum := 0.0
		for k := 0; k < len(numerators) && k <= i; k++ {
			sum += numerators[k] * y[i-k]
		}
		for k := 1; k < len(denominators) && k <= i; k++ {
			sum -= denominators[k] * out[i-k]
		}
		out[i] = sum / denominators[0]
	}
	return out
}
