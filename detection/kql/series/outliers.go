package series

import "math"

// Fence says which points of a series are outliers: those beyond two percentiles by more than a multiple of
// the range between them.
type Fence struct {
	Low, High float64 // percentiles, 0 to 100
	factor    [2]float64
}

// tukeyScore is the score at which a point is a mild outlier in Tukey's test.
const tukeyScore = 1.5

// quartile is the third quartile of the standard normal distribution.
const quartile = 0.6744897501960817

// Tukey is the fence at the quartiles.
func Tukey() Fence { return Fence{Low: 25, High: 75, factor: [2]float64{1, 1}} }

// CustomTukey is the service's default fence, at the 10th and 90th percentiles.
//
// Its scores are scaled such that the mild outliers of a normal distribution have the score they have at the quartiles. The
// service reckons with a mild outlier at 2.7 standard deviations and with the 90th percentile at 1.29682082 (exactly it would be
// at 1.28155): with these its scores come out to 15 digits.
// Source: https://github.com/microsoft/Kusto-Query-Language/issues/136
func CustomTukey() Fence {
	const mild, high = 2.7, 1.29682082
	const factor = tukeyScore * 2 * high / (mild - high)
	return Fence{Low: 10, High: 90, factor: [2]float64{factor, factor}}
}

// PercentileFence is a fence at any two percentiles. Its factors follow the rule of [CustomTukey] with exact
// quantiles; no score of the service with such percentiles is known.
func PercentileFence(low, high float64) Fence {
	if low == 10 && high == 90 {
		return CustomTukey()
	}
	zLow, zHigh := quantile(low/100), quantile(high/100)
	// The mild outlier is at the third quartile and 1.5 times the range of the quartiles.
	mild := quartile + tukeyScore*2*quartile
	return Fence{Low: low, High: high, factor: [2]float64{
		tukeyScore * (zHigh - zLow) / (mild + zLow), tukeyScore * (zHigh - zLow) / (mild - zHigh),
	}}
}

// quantile of the standard normal distribution.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// Outliers scores the points of a series: 0 between the percentiles, above 0 beyond the upper one, below 0 beyond the lower
// one. A mild outlier has a score of 1.5. Only the first learn points make the percentiles, which are interpolated.
// A point without a value has the score 0.
//
// If the percentiles are equal there is no range to measure by, and all scores are 0. (The service's authors say of
// this case that no score can be computed; what it answers is not known.)
// Source: https://learn.microsoft.com/kusto/query/series-outliers-function
func Outliers(y []float64, fence Fence, learn int) []float64 {
	rising := sorted(y[:min(max(learn, 0), len(y))])
	low, high := percentile(rising, fence.Low), percentile(rising, fence.High)
	out := make([]float64, len(y))
	if !(high > low) {
		return out
	}
	for i, v := range y {
		switch {
		case v > high:
			out[i] = (v - high) / (high - low) * fence.factor[1]
		case v < low:
			out[i] = (v - low) / (high - low) * fence.factor[0]
		}
	}
	return out
}
