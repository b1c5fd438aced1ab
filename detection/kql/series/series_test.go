package series_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/series"
	"github.com/seed-67b27da2/geiger/testdata"
)

// near compares numbers as the service's answers are compared; NaN equals NaN.
var near = cmp.Options{cmpopts.EquateApprox(1e-9, 1e-9), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}

func requireNear(t *testing.T, want, got any) {
	t.Helper()
	require.Empty(t, cmp.Diff(want, got, near))
}

var nan = math.NaN()

// weekly is a made-up series of counts, two a day, with a weekend.
func weekly(weeks int, trend float64) []float64 {
	var out []float64
	for i := range weeks * 14 {
		level := 100.0
		if i%14 >= 10 {
			level = 40
		}
		if i%2 == 1 {
			level *= 1.5
		}
		out = append(out, level+trend*float64(i))
	}
	return out
}

func TestFourierOfEveryLength(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		re, im := make([]float64, n), make([]float64, n)
		for i := range re {
			re[i], im[i] = r.NormFloat64(), r.NormFloat64()
		}
		wantRe, wantIm := make([]float64, n), make([]float64, n)
		for k := range n {
			for i := range n {
				sin, cos := math.Sincos(-2 * math.Pi * float64(i*k) / float64(n))
				wantRe[k] += re[i]*cos - im[i]*sin
				wantIm[k] += re[i]*sin + im[i]*cos
			}
		}
		gotRe, gotIm := series.Fourier(re, im)
		requireNear(t, wantRe, gotRe)
		requireNear(t, wantIm, gotIm)
		backRe, backIm := series.InverseFourier(gotRe, gotIm)
		requireNear(t, re, backRe)
		requireNear(t, im, backIm)
	}
}

func TestFourierTakesAShortImaginaryPart(t *testing.T) {
	re, im := series.Fourier([]float64{1, 2, 3}, []float64{0})
	requireNear(t, []float64{6, -1.5, -1.5}, re)
	requireNear(t, []float64{0, math.Sqrt(3) / 2, -math.Sqrt(3) / 2}, im)
}

func TestDescribe(t *testing.T) {
	s, ok := series.Describe([]float64{4, 1, 7, 1}, false)
	require.True(t, ok)
	requireNear(t, series.Statistics{Min: 1, MinIndex: 1, Max: 7, MaxIndex: 2, Mean: 3.25, Sum: 13, Variance: 8.25, Len: 4}, s)
	_, ok = series.Describe([]float64{4, nan}, false)
	require.False(t, ok)
	s, ok = series.Describe([]float64{nan, 4, math.Inf(1)}, true)
	require.True(t, ok)
	requireNear(t, series.Statistics{Min: 4, MinIndex: 1, Max: 4, MaxIndex: 1, Mean: 4, Sum: 4, Len: 1}, s)
	_, ok = series.Describe(nil, true)
	require.False(t, ok)
}

func TestProducts(t *testing.T) {
	requireNear(t, 11.0, series.Dot([]float64{1, 2, 9}, []float64{3, 4}))
	requireNear(t, 3.0, series.Dot([]float64{1, nan}, []float64{3, 4}))
	requireNear(t, nan, series.Dot(nil, []float64{3}))
	requireNear(t, 5.0, series.Magnitude([]float64{3, 4}))
	requireNear(t, 0.6, series.CosineSimilarity([]float64{3, 4, 7}, []float64{2, 0}))
	requireNear(t, nan, series.CosineSimilarity(nil, nil))
	requireNear(t, -1.0, series.Correlation([]float64{1, 2, 3}, []float64{6, 4, 2}))
	requireNear(t, nan, series.Correlation([]float64{1, 2, 3}, []float64{6, 4}))
	requireNear(t, nan, series.Correlation([]float64{1, nan, 3}, []float64{6, 4, 2}))
	requireNear(t, nan, series.Correlation([]float64{1, 1}, []float64{6, 4}))
}

func TestConvolve(t *testing.T) {
	y := []float64{0, 3, 0, 0, 6}
	requireNear(t, []float64{0, 3, 6, 0, 6}, series.Convolve(y, []float64{1, 2}, false))
	requireNear(t, []float64{3, 3, 3, 6, 6}, series.Convolve(y, []float64{1, 1, 1}, true))
	requireNear(t, []float64{0, 0, 0, 0, 0}, series.Convolve(y, nil, true))
	requireNear(t, []float64{9, 9, 9, 9, 9}, series.Convolve(y, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, true))

	long, wide := make([]float64, 5000), make([]float64, 4001)
	for i := range long {
		long[i] = float64(i % 17)
	}
	wide[0], wide[4000] = 3, -1
	for i, v := range series.Convolve(long, wide, false) {
		want := 3 * long[i]
		if i >= 4000 {
			want -= long[i-4000]
		}
		require.InDelta(t, want, v, 1e-9)
	}
	require.InDelta(t, 3*long[2000], series.Convolve(long, wide, true)[0], 1e-9)

	half, ok := series.Normalized([]float64{1, 3})
	require.True(t, ok)
	requireNear(t, []float64{0.25, 0.75}, half)
	for _, bad := range [][]float64{{1, -1, 2}, {0, 0}, nil} {
		_, ok = series.Normalized(bad)
		require.False(t, ok, "%v", bad)
	}
}

func TestRecurse(t *testing.T) {
	y := []float64{1, 1, 1, 1}
	requireNear(t, []float64{1, 2, 3, 4}, series.Recurse(y, []float64{1}, []float64{1, -1}))
	requireNear(t, []float64{0.5, 0.75, 0.875, 0.9375}, series.Recurse(y, []float64{0.5}, []float64{1, -0.5}))
	requireNear(t, []float64{0.25, 1, 1.25, 1.25}, series.Recurse(y, []float64{1, 3, 1}, []float64{4}))
	require.Nil(t, series.Recurse(y, []float64{1}, []float64{0, 1}))
	require.Nil(t, series.Recurse(y, []float64{1}, nil))
}

func TestFitLine(t *testing.T) {
	requireNear(t, series.Line{
		Quality: series.Quality{RSquare: 1, Variance: 5.0 / 3 * 4, Fitted: []float64{5, 7, 9, 11}}, Slope: 2, Interception: 3,
	}, series.FitLine([]float64{5, 7, 9, 11}))
	requireNear(t, series.Line{Quality: series.Quality{Fitted: []float64{6}}, Interception: 6}, series.FitLine([]float64{6}))
	requireNear(t, series.Line{Quality: series.Quality{Fitted: []float64{6, 6}}, Interception: 6}, series.FitLine([]float64{6, 6}))
	gap := series.FitLine([]float64{1, nan, 3})
	requireNear(t, []float64{1, 2, 3}, gap.Fitted)
	far := series.FitLine([]float64{1e9 + 1, 1e9 + 2, 1e9 + 3})
	requireNear(t, 1.0, far.Slope)
	requireNear(t, 1.0, far.RSquare)
}

func TestFitTwoLines(t *testing.T) {
	fit := series.FitTwoLines([]float64{1, 2, 3, 4, 20, 18, 16})
	require.Equal(t, 4, fit.Split)
	requireNear(t, []float64{1, 2, 3, 4, 20, 18, 16}, fit.Fitted)
	requireNear(t, 1.0, fit.RSquare)
	requireNear(t, 1.0, fit.Left.Slope)
	requireNear(t, -2.0, fit.Right.Slope)
	requireNear(t, 22.0, fit.Right.Interception)
	require.Zero(t, series.FitTwoLines([]float64{1, 2, 9}).Split)
}

func TestFitPolynomial(t *testing.T) {
	var x, y []float64
	for i := range 12 {
		v := float64(i) / 2
		x, y = append(x, v), append(y, 2*v*v*v-v+5)
	}
	p, ok := series.FitPolynomial(y, x, 3)
	require.True(t, ok)
	requireNear(t, []float64{2, 0, -1, 5}, p.Coefficients)
	requireNear(t, y, p.Fitted)
	requireNear(t, 1.0, p.RSquare)

	line := series.FitLine([]float64{3, 1, 4, 1, 5})
	one, ok := series.FitPolynomial([]float64{3, 1, 4, 1, 5}, []float64{1, 2, 3, 4, 5}, 1)
	require.True(t, ok)
	requireNear(t, []float64{line.Slope, line.Interception}, one.Coefficients)
	requireNear(t, line.Quality, one.Quality)

	_, ok = series.FitPolynomial(y, x, 12)
	require.False(t, ok, "as many powers as points do not decide")
	_, ok = series.FitPolynomial([]float64{1, 2}, []float64{3, 3}, 1)
	require.False(t, ok, "a single x has no slope")
}

func TestOutliers(t *testing.T) {
	// Scores do not change with the unit: these are the points of a measured series times 2, plus 1.
	y := []float64{-5, 5.8, 31, 8.8, 11, 13, 10, 11.4, 7, 9, 11, 33, 15, 11, 11, 9}
	want := make([]float64, len(y))
	want[0], want[1], want[2], want[11] = -1.9040785483608571, -0.10021466044004519, 1.3361954725339347, 1.6702443406674186
	requireNear(t, want, series.Outliers(y, series.CustomTukey(), len(y)))
	requireNear(t, want, series.Outliers(y, series.PercentileFence(10, 90), len(y)))

	// The quartiles of 0..8 are 2 and 6: 14 is two ranges above.
	eight := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8}
	scores := series.Outliers(append(eight, 14, nan), series.Tukey(), len(eight))
	requireNear(t, []float64{-0.5, -0.25, 0, 0, 0, 0, 0, 0.25, 0.5, 2, 0}, scores)
	requireNear(t, scores, series.Outliers(append(eight, 14, nan), series.PercentileFence(25, 75), len(eight)))

	requireNear(t, make([]float64, 4), series.Outliers([]float64{1, 1, 1, 9}, series.CustomTukey(), 3))
	require.Empty(t, series.Outliers(nil, series.Tukey(), 5))
}

func TestDetectPeriods(t *testing.T) {
	found := series.DetectPeriods(weekly(5, 0.5), 0, 50)
	require.NotEmpty(t, found)
	requireNear(t, 14.0, found[0].Length)
	require.Greater(t, found[0].Score, 0.6)
	require.Empty(t, series.DetectPeriods(weekly(5, 0.5), 0, 13))
	require.Empty(t, series.DetectPeriods([]float64{5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, 0, 50))
	require.Empty(t, series.DetectPeriods([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 0, 50))
	require.Empty(t, series.DetectPeriods([]float64{1, 9, 1, 9, 1, 9, 1, 9, 1, 9}, 0, 50), "two points are no period")

	requireNear(t, found[0].Score, series.ValidatePeriod(weekly(5, 0.5), 14))
	require.Zero(t, series.ValidatePeriod(weekly(5, 0.5), 10))
	require.Zero(t, series.ValidatePeriod(weekly(5, 0.5), 3))
	require.Zero(t, series.ValidatePeriod(weekly(5, 0.5), 36))
	require.Zero(t, series.ValidatePeriod(weekly(5, 0.5), nan))
}

func TestSeasonalIsTheMedianOfAPhase(t *testing.T) {
	given := series.Season{Period: 2}
	requireNear(t, []float64{1, 4, 1, 4, 1, 4}, series.Seasonal([]float64{1, 4, 1, 4, 9, 4}, given, 0))
	requireNear(t, []float64{1, 4, 1, 4, 1, 4}, series.Seasonal([]float64{1, nan, 1, 4, 1, 4}, given, 0))
	requireNear(t, []float64{2, 4, 2, 4, 2, 4}, series.Seasonal([]float64{1, 4, 3, 4, 100, 100}, given, 2))
	requireNear(t, []float64{0, 0}, series.Seasonal([]float64{1, 4}, series.Season{Period: 0}, 0))
	requireNear(t, []float64{0, 0}, series.Seasonal([]float64{1, 4}, series.Season{Period: -7}, 0))
	requireNear(t, []float64{3, 0}, series.Seasonal([]float64{3, nan}, given, 0))
	auto := series.Season{Period: series.Autodetect, Threshold: series.SeasonalThreshold}
	requireNear(t, weekly(5, 0), series.Seasonal(weekly(5, 0), auto, 0))
}

func TestDecompose(t *testing.T) {
	auto := series.Season{Period: series.Autodetect, Threshold: series.DecomposeThreshold}
	y := weekly(6, 0.25)
	for trend, slope := range map[series.Trend]float64{series.NoTrend: 0, series.AverageTrend: 0, series.LinearTrend: 0.25} {
		d := series.Decompose(y, auto, trend, 14)
		for i := range y {
			requireNear(t, d.Seasonal[i]+d.Trend[i], d.Baseline[i])
			requireNear(t, y[i], d.Baseline[i]+d.Residual[i])
		}
		// What is left of the trend beside a seasonal part of medians climbs in steps of a week.
		require.InDelta(t, slope, (d.Trend[83]-d.Trend[0])/83, 0.02)
	}
	straight := series.Decompose([]float64{2, 4, 6, 0, 0}, series.Season{}, series.LinearTrend, 2)
	requireNear(t, []float64{2, 4, 6, 8, 10}, straight.Baseline)
	requireNear(t, []float64{0, 0, 0, -8, -10}, straight.Residual)
	average := series.Decompose([]float64{2, nan, 6}, series.Season{}, series.AverageTrend, 0)
	requireNear(t, []float64{4, 4, 4}, average.Baseline)
	requireNear(t, []float64{-2, nan, 2}, average.Residual)
}

func TestFindAnomalies(t *testing.T) {
	y := make([]float64, 0, 40)
	for i := range 40 {
		y = append(y, 100+float64(i*7%5))
	}
	y[20], y[30] = 300, 5
	found := series.FindAnomalies(series.Decompose(y, series.Season{}, series.AverageTrend, 0), series.CustomTukey(), 1.5, 0)
	want := make([]int, 40)
	want[20], want[30] = 1, -1
	require.Equal(t, want, found.Flags)
	require.Greater(t, found.Scores[20], 1.5)
}

// measuredDecomposition is a made-up series that the service has decomposed.
type measuredDecomposition struct {
	ID      string   `json:"id"`
	Columns []string `json:"expected_columns"`
	Rows    [][]any  `json:"expected_values"`
}

func (m *measuredDecomposition) column(t *testing.T, name string) []float64 {
	t.Helper()
	var out []float64
	for i, c := range m.Columns {
		if c == name {
			for _, v := range m.Rows[0][i].([]any) {
				number, err := v.(json.Number).Float64()
				require.NoError(t, err)
				out = append(out, number)
			}
		}
	}
	return out
}

// TestMeasuredDecompositions takes series that the service made up with rand() and compares every point that it
// computed from them.
func TestMeasuredDecompositions(t *testing.T) {
	auto := series.Season{Period: series.Autodetect, Threshold: series.DecomposeThreshold}
	compared := 0
	for _, m := range testdata.SharedLines[measuredDecomposition](t, "kql/emulator_docs_cases.jsonl") {
		switch m.ID {
		case "emudocs/series-decompose-function-00", "emudocs/series-decompose-function-01":
			d := series.Decompose(m.column(t, "y"), auto, series.AverageTrend, 0)
			requireNear(t, m.column(t, "series_decompose_y_baseline"), d.Baseline)
			requireNear(t, m.column(t, "series_decompose_y_seasonal"), d.Seasonal)
			requireNear(t, m.column(t, "series_decompose_y_trend"), d.Trend)
			requireNear(t, m.column(t, "series_decompose_y_residual"), d.Residual)
		case "emudocs/series-decompose-anomalies-function-00", "emudocs/series-decompose-anomalies-function-01":
			d := series.Decompose(m.column(t, "y"), auto, series.AverageTrend, 0)
			found := series.FindAnomalies(d, series.CustomTukey(), 1.5, 0)
			requireNear(t, m.column(t, "series_decompose_anomalies_y_baseline"), found.Baseline)
			requireNear(t, m.column(t, "series_decompose_anomalies_y_ad_score"), found.Scores)
			for i, flag := range m.column(t, "series_decompose_anomalies_y_ad_flag") {
				require.Equal(t, flag > 0, found.Flags[i] > 0)
				require.Equal(t, flag < 0, found.Flags[i] < 0)
			}
		default:
			continue
		}
		compared++
	}
	require.Equal(t, 4, compared)
}
