package series

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// Fourier is the discrete Fourier transform of a complex series of any length, without a factor before the
// sum. The imaginary part may be shorter than the real one; what it lacks is 0.
// Source: https://learn.microsoft.com/kusto/query/series-fft-function
func Fourier(re, im []float64) (outRe, outIm []float64) {
	return parts(transform(complexSeries(re, im)))
}

// InverseFourier undoes [Fourier]: the sum is divided by the length.
// Source: https://learn.microsoft.com/kusto/query/series-ifft-function
func InverseFourier(re, im []float64) (outRe, outIm []float64) {
	x := complexSeries(re, im)
	conjugate(x)
	y := transform(x)
	conjugate(y)
	for i := range y {
		y[i] /= complex(float64(len(y)), 0)
	}
	return parts(y)
}

func complexSeries(re, im []float64) []complex128 {
	out := make([]complex128, len(re))
	for i := range re {
		var imaginary float64
		if i < len(im) {
			imaginary = im[i]
		}
		out[i] = complex(re[i], imaginary)
	}
	return out
}

func parts(x []complex128) (re, im []float64) {
	re, im = make([]float64, len(x)), make([]float64, len(x))
	for i, v := range x {
		re[i], im[i] = real(v), imag(v)
	}
	return re, im
}

func conjugate(x []complex128) {
	for i := range x {
		x[i] = cmplx.Conj(x[i])
	}
}

// transform gives the Fourier transform of x, whose content is lost.
func transform(x []complex128) []complex128 {
	if n := len(x); n&(n-1) == 0 {
		radix2(x)
		return x
	}
	return bluestein(x)
}

// radix2 transforms a series whose length is a power of two, in place.
func radix2(x []complex128) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := 64 - bits.Len(uint(n-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	turn := roots(n)
	for size := 2; size <= n; size *= 2 {
		half, step := size/2, n/size
		for start := 0; start < n; start += size {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*turn[k*step]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

// roots are the first half of the n-th roots of unity, clockwise.
func roots(n int) []complex128 {
	out := make([]complex128, n/2)
	for k := range out {
		sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
		out[k] = complex(cos, sin)
	}
	return out
}

// bluestein transforms a series of any length as a convolution with a chirp, which transforms of a power of two compute.
func bluestein(x []complex128) []complex128 {
	n := len(x)
	size := 1 << bits.Len(uint(2*n-2))
	chirp := make([]complex128, n)
	for i := range chirp {
		// i² is taken modulo the chirp's period, so that the angle stays exact for long series.
		sin, cos := math.Sincos(-math.Pi * float64(i*i%(2*n)) / float64(n))
		chirp[i] = complex(cos, sin)
	}
	a, b := make([]complex128, size), make([]complex128, size)
	for i, c := range chirp {
		a[i] = x[i] * c
		b[i] = cmplx.Conj(c)
		if i > 0 {
			b[size-i] = b[i]
		}
	}
	radix2(a)
	radix2(b)
	for i := range a {
		a[i] = cmplx.Conj(a[i] * b[i])
	}
	radix2(a)
	out := x
	for i, c := range chirp {
		out[i] = cmplx.Conj(a[i]) / complex(float64(size), 0) * c
	}
	return out
}
