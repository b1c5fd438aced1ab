package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// betaCDF is the regularized incomplete beta function: NaN outside 0 to 1. Parameters that are not positive, which the
// documentation gives NaN, give what the continued fraction makes of them, as was measured.
func betaCDF(_ *Invocation, args []value.Value) value.Value {
	return value.NewReal(incompleteBeta(args[0].Real(), args[1].Real(), args[2].Real()))
}

// betaInverse is the x for which beta_cdf gives a probability. The documentation contradicts itself about arguments out
// of range; its example is followed: null for a probability, NaN for a parameter.
func betaInverse(c *Invocation, args []value.Value) value.Value {
	p, alpha, beta := args[0].Real(), args[1].Real(), args[2].Real()
	if p <= 0 || p > 1 {
		return c.Null()
	}
	if !(alpha > 0) || !(beta > 0) {
		return value.NewReal(math.NaN())
	}
	low, high := 0.0, 1.0
	for range 2000 {
		mid := low + (high-low)/2
		if mid == low || mid == high {
			break
		}
		if incompleteBeta(mid, alpha, beta) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return value.NewReal(high)
}

// betaPDF is the density of the beta distribution, NaN outside of it.
func betaPDF(_ *Invocation, args []value.Value) value.Value {
	x, alpha, beta := args[0].Real(), args[1].Real(), args[2].Real()
	if x <= 0 || x >= 1 || alpha <= 0 || beta <= 0 {
		return value.NewReal(math.NaN())
	}
	return value.NewReal(math.Exp((alpha-1)*math.Log(x) + (beta-1)*math.Log1p(-x) - logBeta(alpha, beta)))
}

// logBeta is the logarithm of the beta function.
func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }

// incompleteBeta evaluates I_x(a, b) by its continued fraction (NIST, Digital Library of Mathematical Functions, 8.17.22),
// on the side where it converges fast.
func incompleteBeta(x, a, b float64) float64 {
	if !(x >= 0 && x <= 1) {
		return math.NaN()
	}
	if x == 0 || x == 1 {
		return x
	}
	front := math.Exp(a*math.Log(x) + b*math.Log1p(-x) - logBeta(a, b))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(x, a, b) / a
	}
	return 1 - front*betaFraction(1-x, b, a)/b
}

// betaFraction is the continued fraction, evaluated from its front by the method of Lentz.
func betaFraction(x, a, b float64) float64 {
	const tiny, precision = 1e-300, 1e-16
	nonzero := func(f float64) float64 {
		if math.Abs(f) < tiny {
			return tiny
		}
		return f
	}
	c, d := 1.0, 1/nonzero(1-(a+b)*x/(a+1))
	sum := d
	for i := range 10_000 {
		m := float64(i + 1)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/nonzero(1+even*d), nonzero(1+even/c)
		sum *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/nonzero(1+odd*d), nonzero(1+odd/c)
		sum *= d * c
		if math.Abs(d*c-1) < precision {
			break
		}
	}
	return sum
}

// welchTest is the p-value of Welch's test whether two means differ, from mean, variance and count of each.
func welchTest(c *Invocation, args []value.Value) value.Value {
	var f [6]float64
	for i := range f {
		f[i] = args[i].Real()
	}
	first, second := f[1]/f[2], f[4]/f[5]
	t := (f[0] - f[3]) / math.Sqrt(first+second)
	freedom := (first + second) * (first + second) / (first*first/(f[2]-1) + second*second/(f[5]-1))
	p := incompleteBeta(freedom/(freedom+t*t), freedom/2, 0.5)
	if math.IsNaN(p) || !(freedom > 0) {
		return c.Null()
	}
	return value.NewReal(p)
}
