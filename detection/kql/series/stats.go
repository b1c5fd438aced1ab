package series

import (
	"math"
	"slices"
)

// Statistics describe the values of a series.
type Statistics struct {
	Min, Max           float64
	MinIndex, MaxIndex int // the first place of the extreme
	Mean, Sum          float64
	Variance           float64 // of a sample: divided by one less than the length; 0 for a single value
	Len                int     // values counted
}

// Deviation is the standard deviation of a sample.
func (s Statistics) Deviation() float64 { return math.Sqrt(s.Variance) }

// Describe gives the statistics of a series. It is false if the series has no value, or if one is not
// finite (null, NaN or infinite) and those are not to be ignored.
// Source: https://learn.microsoft.com/kusto/query/series-stats-function
func Describe(y []float64, ignoreNonFinite bool) (Statistics, bool) {
	s := Statistics{Min: math.Inf(1), Max: math.Inf(-1)}
	for i, v := range y {
		if !finite(v) {
			if !ignoreNonFinite {
				return Statistics{}, false
			}
			continue
		}
		if v < s.Min {
			s.Min, s.MinIndex = v, i
		}
		if v > s.Max {
			s.Max, s.MaxIndex = v, i
		}
		s.Sum += v
		s.Len++
	}
	if s.Len == 0 {
		return Statistics{}, false
	}
	s.Mean = s.Sum / float64(s.Len)
	if s.Len > 1 {
		s.Variance = squares(y, s.Mean) / float64(s.Len-1)
	}
	return s, true
}

// squares is the sum of the squared distances of the finite values from a centre.
func squares(y []float64, centre float64) float64 {
	sum := 0.0
	for _, v := range y {
		if finite(v) {
			sum += (v - centre) * (v - centre)
		}
	}
	return sum
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// mean of the finite values; NaN without one.
func mean(y []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range y {
		if finite(v) {
			sum += v
			n++
		}
	}
	return sum / float64(n)
}

// sorted gives the finite values in rising order.
func sorted(y []float64) []float64 {
	out := make([]float64, 0, len(y))
	for _, v := range y {
		if finite(v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// percentile of values in rising order, interpolated between neighbours; NaN without a value.
func percentile(rising []float64, percent float64) float64 {
	if len(rising) == 0 {
		return math.NaN()
	}
	place := float64(len(rising)-1) * percent / 100
	i := min(int(place), len(rising)-1)
	if i+1 == len(rising) {
		return rising[i]
	}
	return rising[i] + (place-float64(i))*(rising[i+1]-rising[i])
}

// Magnitude is the Euclidean length of a series as a vector; NaN if it is empty.
// Source: https://learn.microsoft.com/kusto/query/series-magnitude-function
func Magnitude(y []float64) float64 { return math.Sqrt(Dot(y, y)) }

// Dot is the scalar product of two series. The longer one is cut, and places where either has no value are left
// out. It is NaN if a series is empty.
// Source: https://learn.microsoft.com/kusto/query/series-dot-product-function
func Dot(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i := range min(len(a), len(b)) {
		if !math.IsNaN(a[i]) && !math.IsNaN(b[i]) {
			sum += a[i] * b[i]
		}
	}
	return sum
}

// CosineSimilarity is the cosine of the angle between two series as vectors, cut to the shorter one; NaN if one is empty.
// Source: https://learn.microsoft.com/kusto/query/series-cosine-similarity-function
func CosineSimilarity(a, b []float64) float64 {
	n := min(len(a), len(b))
	return Dot(a, b) / (Magnitude(a[:n]) * Magnitude(b[:n]))
}

// Correlation is the Pearson coefficient of two series; NaN if they differ in length, a place has no
// value, or one of them is constant.
// Source: https://learn.microsoft.com/kusto/query/series-pearson-correlation-function
func Correlation(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	meanA, meanB := mean(a), mean(b)
	var xy, xx, yy float64
	for i := range a {
		dx, dy := a[i]-meanA, b[i]-meanB
		xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
	}
	return xy / math.Sqrt(xx*yy)
}
