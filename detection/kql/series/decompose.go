package series

import "math"

// Trend is how the trend of a series is found.
type Trend int

// The trends of the documentation: none is 0, average the mean, linear the regression line.
const (
	AverageTrend Trend = iota
	LinearTrend
	NoTrend
)

// Thresholds of the score from which a detected period counts.
const (
	// DecomposeThreshold is the default of series_decompose().
	DecomposeThreshold = 0.6
	// SeasonalThreshold is that of series_seasonal().
	SeasonalThreshold = 0.7
)

// Autodetect stands for a period that is to be detected.
const Autodetect = -1

// Season says how the seasonal part of a series is found.
type Season struct {
	// Period in points; [Autodetect] finds it, 0 (and any other that is not positive) means there is none.
	Period int
	// Threshold is the score that a detected period must have.
	Threshold float64
}

// Decomposition is a series taken apart: Baseline is Seasonal plus Trend, and Residual what the series has beyond it.
type Decomposition struct {
	Baseline, Seasonal, Trend, Residual []float64
}

// Decompose takes a series apart. The last testPoints points are not learned from; the components go on over them.
// Source: https://learn.microsoft.com/kusto/query/series-decompose-function
func Decompose(y []float64, season Season, trend Trend, testPoints int) Decomposition {
	learn := Learned(y, testPoints)
	d := Decomposition{Seasonal: Seasonal(y, season, testPoints)}
	d.Trend = trendOf(minus(y, d.Seasonal), trend, learn)
	d.Baseline = make([]float64, len(y))
	for i := range y {
		d.Baseline[i] = d.Seasonal[i] + d.Trend[i]
	}
	d.Residual = minus(y, d.Baseline)
	return d
}

// Learned is how many points of a series are learned from if the last testPoints are not.
func Learned(y []float64, testPoints int) int { return len(y) - min(max(testPoints, 0), len(y)) }

// Seasonal is the seasonal part of a series: each point is the median of the points at the same phase, of those that
// are learned from; all zeros without a period.
// Source: https://learn.microsoft.com/kusto/query/series-seasonal-function
func Seasonal(y []float64, season Season, testPoints int) []float64 {
	learn := y[:Learned(y, testPoints)]
	period := season.Period
	if period == Autodetect {
		period = 0
		if best := DetectPeriods(learn, 0, math.Inf(1)); len(best) > 0 && best[0].Score >= season.Threshold {
			period = int(best[0].Length)
		}
	}
	out := make([]float64, len(y))
	if period <= 0 {
		return out
	}
	// A longer period than the series has every point by itself, as one of its length does.
	period = min(period, len(y))
	var phase []float64
	for first := range period {
		phase = phase[:0]
		for i := first; i < len(learn); i += period {
			phase = append(phase, learn[i])
		}
		median := percentile(sorted(phase), 50)
		if math.IsNaN(median) {
			// Nothing was learned about this phase.
			median = 0
		}
		for i := first; i < len(out); i += period {
			out[i] = median
		}
	}
	return out
}

func trendOf(y []float64, trend Trend, learn int) []float64 {
	out := make([]float64, len(y))
	var line regression
	switch trend {
	case AverageTrend:
		line.interception = mean(y[:learn])
	case LinearTrend:
		m := momentsOf(y[:learn])
		line = m.line()
	case NoTrend:
	}
	for i := range out {
		out[i] = line.at(i)
	}
	return out
}

func minus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// Anomalies are the points of a series that its decomposition does not explain.
type Anomalies struct {
	Flags    []int // 1 above what is expected, -1 below, 0 else
	Scores   []float64
	Baseline []float64
}

// FindAnomalies scores the residuals of a decomposition as outliers, and flags those beyond the threshold.
// Source: https://learn.microsoft.com/kusto/query/series-decompose-anomalies-function
func FindAnomalies(d Decomposition, fence Fence, threshold float64, testPoints int) Anomalies {
	scores := Outliers(d.Residual, fence, Learned(d.Residual, testPoints))
	flags := make([]int, len(scores))
	for i, s := range scores {
		switch {
		case s > threshold:
			flags[i] = 1
		case s < -threshold:
			flags[i] = -1
		}
	}
	return Anomalies{Flags: flags, Scores: scores, Baseline: d.Baseline}
}
