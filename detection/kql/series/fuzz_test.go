package series_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/series"
)

func floats(data []byte) []float64 {
	var out []float64
	for ; len(data) >= 8; data = data[8:] {
		out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(data)))
	}
	return out
}

func bytesOf(y ...float64) []byte {
	var out []byte
	for _, v := range y {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}

// FuzzSeries runs every function on any series: none panics or hangs, each gives as many points as it got,
// and periods and their scores are within bounds.
func FuzzSeries(f *testing.F) {
	f.Add(bytesOf(), 0, 0)
	f.Add(bytesOf(1), -1, 1)
	f.Add(bytesOf(3, 3, 3, 3, 3, 3, 3, 3, 3), -1, 3)
	f.Add(bytesOf(1, math.NaN(), math.Inf(1), math.MaxFloat64, -math.MaxFloat64, 5e-324), 2, -5)
	f.Add(bytesOf(weekly(5, 1)...), -1, 14)
	f.Add(bytesOf(1, 5, 2, 8, 2, 9, 4, 5, 6, 7, 8, 9, 10, 11, 13), math.MaxInt, math.MinInt)
	f.Fuzz(func(t *testing.T, data []byte, period, tail int) {
		y := floats(data)
		if len(y) > 500 {
			return
		}
		for _, p := range series.DetectPeriods(y, 0, math.Inf(1)) {
			require.GreaterOrEqual(t, p.Length, 4.0)
			require.LessOrEqual(t, p.Length, float64(len(y))/2)
			require.Greater(t, p.Score, 0.0)
			require.LessOrEqual(t, p.Score, 1.0)
		}
		for trend := range 3 {
			season := series.Season{Period: period, Threshold: series.DecomposeThreshold}
			d := series.Decompose(y, season, series.Trend(trend), tail)
			found := series.FindAnomalies(d, series.PercentileFence(2, 98), 1.5, tail)
			require.Len(t, found.Flags, len(y))
		}
		require.Len(t, series.FitLine(y).Fitted, len(y))
		require.Len(t, series.FitTwoLines(y).Fitted, len(y))
		series.FitPolynomial(y, y, period)
		series.Describe(y, true)
		series.ValidatePeriod(y, float64(period))
		require.Len(t, series.Convolve(y, y, true), len(y))
		re, _ := series.Fourier(y, y)
		require.Len(t, re, len(y))
		series.Recurse(y, y, y)
		series.Correlation(y, y)
		series.CosineSimilarity(y, y)
	})
}

// BenchmarkDecompose takes a series whose length has no factors, the worst case of a Fourier transform.
func BenchmarkDecompose(b *testing.B) {
	y := make([]float64, 10_007)
	for i := range y {
		y[i] = math.Sin(float64(i)/20) + math.Sin(float64(i)*1.7)
	}
	season := series.Season{Period: series.Autodetect, Threshold: series.DecomposeThreshold}
	for b.Loop() {
		series.Decompose(y, season, series.LinearTrend, 0)
		series.FitTwoLines(y)
	}
}
