package series

import "math"

// Quality says how well a fit describes a series.
type Quality struct {
	RSquare   float64 // share of the variance that the fit explains, 0 to 1
	Variance  float64 // of the series
	RVariance float64 // of what the fit leaves over
	Fitted    []float64
}

// Line is a straight line through a series, whose points are counted from 1.
type Line struct {
	Quality
	Slope        float64
	Interception float64
}

// FitLine is the regression of a series on 1, 2, 3 ... Points without a value do not take part, but the
// fitted line passes their places too.
// Source: https://learn.microsoft.com/kusto/query/series-fit-line-function
func FitLine(y []float64) Line {
	m := momentsOf(y)
	l := m.line()
	fitted := make([]float64, len(y))
	for i := range y {
		fitted[i] = l.at(i)
	}
	return Line{
		Quality: qualityOf(m.variance(m.yy()), m.variance(l.left), fitted), Slope: l.slope,
		Interception: l.interception - l.slope,
	}
}

func qualityOf(variance, left float64, fitted []float64) Quality {
	q := Quality{Variance: variance, RVariance: left, Fitted: fitted}
	if variance != 0 {
		q.RSquare = 1 - left/variance
	}
	return q
}

// moments are the sums that a regression on 0, 1, 2 ... needs, about a centre that keeps them exact.
type moments struct {
	n, x, y, xx, xySum, yySum float64
	centreX, centreY          float64
}

// add counts a point, or takes it away again with sign -1.
func (m *moments) add(x int, y, sign float64) {
	if !finite(y) {
		return
	}
	dx, dy := float64(x)-m.centreX, y-m.centreY
	m.n += sign
	m.x += sign * dx
	m.y += sign * dy
	m.xx += sign * dx * dx
	m.xySum += sign * dx * dy
	m.yySum += sign * dy * dy
}

func momentsOf(y []float64) moments {
	m := moments{centreX: float64(len(y)-1) / 2, centreY: mean(y)}
	for i, v := range y {
		m.add(i, v, 1)
	}
	return m
}

// yy is the sum of the squared distances from the mean.
func (m *moments) yy() float64 { return max(0, m.yySum-m.y*m.y/m.n) }

func (m *moments) variance(squares float64) float64 {
	if m.n < 2 {
		return 0
	}
	return squares / (m.n - 1)
}

// regression is a line over 0, 1, 2 ... and the sum of squares that it leaves.
type regression struct{ slope, interception, left float64 }

func (r regression) at(i int) float64 { return r.slope*float64(i) + r.interception }

func (m *moments) line() regression {
	if m.n == 0 {
		return regression{slope: math.NaN(), interception: math.NaN(), left: math.NaN()}
	}
	sxx, sxy := m.xx-m.x*m.x/m.n, m.xySum-m.x*m.y/m.n
	r := regression{left: m.yy()}
	if m.n > 1 && sxx > 0 {
		r.slope = sxy / sxx
		r.left = max(0, r.left-r.slope*sxy)
	}
	r.interception = m.centreY + m.y/m.n - r.slope*(m.centreX+m.x/m.n)
	return r
}

// TwoLines are two straight lines, one up to the split and one from there on.
type TwoLines struct {
	Quality
	Split       int // index of the first point of the right line
	Left, Right Line
}

// FitTwoLines splits a series into two parts, of two points at least, where two lines leave least over. A series
// of less than four points is all on the right.
// Source: https://learn.microsoft.com/kusto/query/series-fit-2lines-function
func FitTwoLines(y []float64) TwoLines {
	split := bestSplit(y)
	whole := momentsOf(y)
	out := TwoLines{Split: split, Left: FitLine(y[:split]), Right: FitLine(y[split:])}
	left := whole.variance(residuals(y[:split], out.Left.Fitted) + residuals(y[split:], out.Right.Fitted))
	fitted := append(append(make([]float64, 0, len(y)), out.Left.Fitted...), out.Right.Fitted...)
	out.Quality = qualityOf(whole.variance(whole.yy()), left, fitted)
	return out
}

// bestSplit moves a point from the right to the left, again and again.
func bestSplit(y []float64) int {
	right := momentsOf(y)
	left := moments{centreX: right.centreX, centreY: right.centreY}
	best, least := 0, math.Inf(1)
	for k := 1; k <= len(y)-2; k++ {
		left.add(k-1, y[k-1], 1)
		right.add(k-1, y[k-1], -1)
		l, r := left.line(), right.line()
		if k >= 2 && l.left+r.left < least {
			best, least = k, l.left+r.left
		}
	}
	return best
}

// residuals is the sum of the squared distances of a series from a fit.
func residuals(y, fitted []float64) float64 {
	sum := 0.0
	for i, v := range y {
		if finite(v) {
			sum += (v - fitted[i]) * (v - fitted[i])
		}
	}
	return sum
}
