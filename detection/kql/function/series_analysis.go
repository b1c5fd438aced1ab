package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/series"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// trendArg is the trend of a decomposition; false, and a failure, for a name that is none.
func trendArg(c *Invocation, args []value.Value, i int) (series.Trend, bool) {
	if !given(args, i) {
		return series.AverageTrend, true
	}
	switch name := text(args[i]); name {
	case "avg", "":
		return series.AverageTrend, true
	case "linefit":
		return series.LinearTrend, true
	case "none":
		return series.NoTrend, true
	default:
		c.Fail("%q is no trend: there are avg, linefit and none", name)
		return 0, false
	}
}

// fenceArg is the method by which outliers are found.
func fenceArg(c *Invocation, args []value.Value, i int) (series.Fence, bool) {
	if !given(args, i) {
		return series.CustomTukey(), true
	}
	switch name := text(args[i]); name {
	case "ctukey", "":
		return series.CustomTukey(), true
	case "tukey":
		return series.Tukey(), true
	default:
		c.Fail("%q is no method to find outliers: there are ctukey and tukey", name)
		return series.Fence{}, false
	}
}

// intArg is an argument as an int of any size, with a default for one that is absent or null.
func intArg(args []value.Value, i, absent int) int {
	return int(max(math.MinInt32, min(math.MaxInt32, long(args, i, int64(absent)))))
}

func seasonArgs(args []value.Value, period, threshold int) series.Season {
	return series.Season{
		Period:    intArg(args, period, series.Autodetect),
		Threshold: realArg(args, threshold, series.DecomposeThreshold),
	}
}

// decomposition is series_decompose() and its kin, whose arguments stand in different places.
func decomposition(c *Invocation, args []value.Value, period, trend, testPoints, threshold int) (series.Decomposition, bool) {
	y, ok := completeSeries(args[0])
	if !ok {
		return series.Decomposition{}, false
	}
	kind, ok := trendArg(c, args, trend)
	if !ok {
		return series.Decomposition{}, false
	}
	return series.Decompose(y, seasonArgs(args, period, threshold), kind, intArg(args, testPoints, 0)), true
}

func decomposeParts(c *Invocation, args []value.Value) []value.Value {
	d, ok := decomposition(c, args, 1, 2, 3, 4)
	if !ok {
		return nil
	}
	return partsOf(d)
}

// forecastParts begins with the forecast, which is the baseline.
func forecastParts(c *Invocation, args []value.Value) []value.Value {
	d, ok := decomposition(c, args, 2, 3, 1, 4)
	if !ok {
		return nil
	}
	return partsOf(d)
}

func partsOf(d series.Decomposition) []value.Value {
	return []value.Value{realArray(d.Baseline), realArray(d.Seasonal), realArray(d.Trend), realArray(d.Residual)}
}

func anomalyParts(c *Invocation, args []value.Value) []value.Value {
	d, ok := decomposition(c, args, 2, 3, 4, 6)
	if !ok {
		return nil
	}
	fence, ok := fenceArg(c, args, 5)
	if !ok {
		return nil
	}
	found := series.FindAnomalies(d, fence, realArg(args, 1, 1.5), intArg(args, 4, 0))
	flags := make([]any, len(found.Flags))
	for i, f := range found.Flags {
		flags[i] = int64(f)
	}
	return []value.Value{value.NewDynamic(flags), realArray(found.Scores), realArray(found.Baseline)}
}

// seriesOutliers is series_outliers(series, kind, ignore_val, min_percentile, max_percentile, test_points).
func seriesOutliers(c *Invocation, args []value.Value) value.Value {
	y, ok := seriesOf(args[0])
	if !ok {
		return c.Null()
	}
	fence, ok := fenceArg(c, args, 1)
	if !ok {
		return c.Null()
	}
	if fence.Low != 25 && (given(args, 3) || given(args, 4)) {
		low, high := realArg(args, 3, fence.Low), realArg(args, 4, fence.High)
		if !(low >= 2 && low <= 98 && high >= 2 && high <= 98) {
			return c.Fail("a percentile of series_outliers() must be between 2 and 98")
		}
		fence = series.PercentileFence(low, high)
	}
	if ignored := realArg(args, 2, math.NaN()); !math.IsNaN(ignored) {
		for i := range y {
			if y[i] == ignored {
				y[i] = math.NaN()
			}
		}
	}
	return realArray(series.Outliers(y, fence, series.Learned(y, intArg(args, 5, 0))))
}

func seriesSeasonal(c *Invocation, args []value.Value) value.Value {
	y, ok := completeSeries(args[0])
	if !ok {
		return c.Null()
	}
	season := series.Season{Period: intArg(args, 1, series.Autodetect), Threshold: series.SeasonalThreshold}
	return realArray(series.Seasonal(y, season, intArg(args, 2, 0)))
}

// maxPeriods bounds the arrays of series_periods_detect(), which are as long as the query asks for.
const maxPeriods = 10_000

func detectedPeriods(c *Invocation, args []value.Value) []value.Value {
	y, ok := completeSeries(args[0])
	if !ok {
		return nil
	}
	n := long(args, 3, 1)
	if n < 0 || n > maxPeriods {
		c.Fail("series_periods_detect() gives between 0 and %d periods", maxPeriods)
		return nil
	}
	periods, scores := make([]float64, n), make([]float64, n)
	for i, p := range series.DetectPeriods(y, realArg(args, 1, 0), realArg(args, 2, math.Inf(1))) {
		if i < len(periods) {
			periods[i], scores[i] = p.Length, p.Score
		}
	}
	return []value.Value{realArray(periods), realArray(scores)}
}

func validatedPeriods(_ *Invocation, args []value.Value) []value.Value {
	y, ok := completeSeries(args[0])
	if !ok {
		return nil
	}
	var periods, scores []float64
	for i := 1; i < len(args); i++ {
		p := realArg(args, i, math.NaN())
		periods, scores = append(periods, p), append(scores, series.ValidatePeriod(y, p))
	}
	return []value.Value{realArray(periods), realArray(scores)}
}

// describe reads the arguments of series_stats() and series_stats_dynamic().
func describe(args []value.Value) (series.Statistics, bool) {
	y, ok := seriesOf(args[0])
	if !ok {
		return series.Statistics{}, false
	}
	return series.Describe(y, given(args, 1) && args[1].Bool())
}

func statsParts(_ *Invocation, args []value.Value) []value.Value {
	s, ok := describe(args)
	if !ok {
		return nil
	}
	return []value.Value{
		value.NewReal(s.Min), value.NewLong(int64(s.MinIndex)), value.NewReal(s.Max), value.NewLong(int64(s.MaxIndex)),
		value.NewReal(s.Mean), value.NewReal(s.Deviation()), value.NewReal(s.Variance),
	}
}

func statsBag(c *Invocation, args []value.Value) value.Value {
	s, ok := describe(args)
	if !ok {
		return c.Null()
	}
	bag := value.NewBag()
	bag.Set("min", s.Min)
	bag.Set("min_idx", int64(s.MinIndex))
	bag.Set("max", s.Max)
	bag.Set("max_idx", int64(s.MaxIndex))
	bag.Set("avg", s.Mean)
	bag.Set("stdev", s.Deviation())
	bag.Set("variance", s.Variance)
	bag.Set("sum", s.Sum)
	bag.Set("len", int64(s.Len))
	return value.NewDynamic(bag)
}
