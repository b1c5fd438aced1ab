package series

import (
	"math"
	"slices"
)

// Polynomial is a polynomial through points.
type Polynomial struct {
	Quality
	Coefficients []float64 // from the highest power to the lowest
}

// maxWork bounds the multiplications of a fit, and with them its memory: the number of points times the square of the number of
// coefficients.
const maxWork = 2e8

// FitPolynomial is the regression of y on the powers of x up to a degree. Points without a value in y or x do not take part. It is
// false for a degree that is negative, too high for the points to decide, or too much work.
// Source: https://learn.microsoft.com/kusto/query/series-fit-poly-function
func FitPolynomial(y, x []float64, degree int) (Polynomial, bool) {
	var knownX, knownY []float64
	for i := range min(len(x), len(y)) {
		if finite(x[i]) && finite(y[i]) {
			knownX, knownY = append(knownX, x[i]), append(knownY, y[i])
		}
	}
	if degree < 0 || len(knownX) <= degree || float64(len(knownX))*float64(degree+1)*float64(degree+1) > maxWork {
		return Polynomial{}, false
	}
	rising, ok := leastSquares(powers(knownX, degree), knownY)
	if !ok {
		return Polynomial{}, false
	}
	fitted := make([]float64, len(y))
	for i := range y {
		fitted[i] = math.NaN()
		if i < len(x) {
			fitted[i] = horner(rising, x[i])
		}
	}
	stats, _ := Describe(knownY, true)
	left := 0.0
	if len(knownY) > 1 {
		left = residuals(y[:len(fitted)], fitted) / float64(len(knownY)-1)
	}
	p := Polynomial{Quality: qualityOf(stats.Variance, left, fitted)}
	for i := range rising {
		p.Coefficients = append(p.Coefficients, rising[len(rising)-1-i])
	}
	return p, true
}

// powers are columns: x to the power of 0, 1 ... degree.
func powers(x []float64, degree int) [][]float64 {
	out := make([][]float64, degree+1)
	for k := range out {
		out[k] = make([]float64, len(x))
		for i := range x {
			if k == 0 {
				out[k][i] = 1
			} else {
				out[k][i] = out[k-1][i] * x[i]
			}
		}
	}
	return out
}

func horner(rising []float64, x float64) float64 {
	sum := 0.0
	for _, c := range slices.Backward(rising) {
		sum = sum*x + c
	}
	return sum
}

// leastSquares solves for the weights of the columns that come closest to y, by Householder reflections, which keep the
// precision that the normal equations would square away. The columns are overwritten. It is false if they do not
// decide the weights.
func leastSquares(columns [][]float64, y []float64) ([]float64, bool) {
	right := append([]float64(nil), y...)
	diagonal := make([]float64, len(columns))
	whole := make([]float64, len(columns))
	for k, v := range columns {
		whole[k] = norm(v)
	}
	for k, v := range columns {
		scale := norm(v[k:])
		if !(scale > indistinct*whole[k]) || math.IsInf(scale, 0) {
			return nil, false
		}
		if v[k] > 0 {
			scale = -scale
		}
		diagonal[k] = scale
		v[k] -= scale
		for _, other := range columns[k+1:] {
			reflect(v[k:], other[k:])
		}
		reflect(v[k:], right[k:])
	}
	weights := make([]float64, len(columns))
	for k := len(columns) - 1; k >= 0; k-- {
		sum := right[k]
		for j := k + 1; j < len(columns); j++ {
			sum -= columns[j][k] * weights[j]
		}
		weights[k] = sum / diagonal[k]
		if !finite(weights[k]) {
			return nil, false
		}
	}
	return weights, true
}

// indistinct is the share of a column that rounding leaves over if the columns before it make up the whole of it.
const indistinct = 1e-14

func norm(v []float64) float64 { return math.Sqrt(squares(v, 0)) }

// reflect mirrors x at the plane that v is normal to.
func reflect(v, x []float64) {
	var vx, vv float64
	for i := range v {
		vx, vv = vx+v[i]*x[i], vv+v[i]*v[i]
	}
	if vv == 0 {
		return
	}
	for i := range v {
		x[i] -= 2 * vx / vv * v[i]
	}
}
