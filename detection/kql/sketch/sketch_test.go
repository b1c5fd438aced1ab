package sketch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/sketch"
)

// hash spreads numbers over 64 bits (the finalizer of SplitMix64).
func hash(n uint64) uint64 {
	n += 0x9E3779B97F4A7C15
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

func counting(t *testing.T, accuracy int, from, to uint64) *sketch.HLL {
	t.Helper()
	h, ok := sketch.NewHLL(accuracy)
	require.True(t, ok)
	for n := from; n < to; n++ {
		h.Add(hash(n))
		h.Add(hash(n))
	}
	return h
}

func TestFewDistinctValuesAreCountedExactly(t *testing.T) {
	h := counting(t, sketch.DefaultAccuracy, 0, 1024)
	require.EqualValues(t, 1024, h.Count())
	require.EqualValues(t, 0, counting(t, 0, 0, 0).Count())
}

// TestAccuracy holds the estimates within four times the errors that the documentation gives for the accuracies.
func TestAccuracy(t *testing.T) {
	for accuracy, percent := range []float64{1.6, 0.8, 0.4, 0.28, 0.2} {
		const n = 200_000
		got := float64(counting(t, accuracy, 0, n).Count())
		require.InEpsilon(t, n, got, 4*percent/100, "accuracy %d", accuracy)
	}
	for _, accuracy := range []int{-1, 5} {
		_, ok := sketch.NewHLL(accuracy)
		require.False(t, ok)
	}
}

// TestMergedSketches are those of all values together, whatever the accuracies: the lower one remains.
func TestMergedSketches(t *testing.T) {
	for _, c := range []struct{ a, b int }{{1, 1}, {4, 0}, {0, 4}, {2, 3}} {
		for _, size := range []uint64{10, 5000} {
			h := counting(t, c.a, 0, size)
			h.Merge(counting(t, c.b, size/2, 2*size))
			require.Equal(t, counting(t, min(c.a, c.b), 0, 2*size).Dynamic(), h.Dynamic(), "%d into %d, %d values", c.b, c.a, size)
		}
	}
}

func TestSketchesReadBack(t *testing.T) {
	for _, size := range []uint64{0, 3, 3000} {
		h := counting(t, 2, 0, size)
		back, ok := sketch.ParseHLL(h.Dynamic())
		require.True(t, ok)
		require.Equal(t, h.Count(), back.Count())
		require.Equal(t, h.Dynamic(), back.Dynamic())
	}
}

func TestWhatIsNoSketch(t *testing.T) {
	for _, x := range []any{
		nil, "x",
		[]any{},
		[]any{int64(1), int64(2), int64(3)},
		[]any{[]any{int64(1024), int64(13)}, []any{}, []any{}},
		[]any{[]any{int64(1024), int64(14)}, []any{"one"}, []any{}},
		[]any{[]any{int64(1024), int64(14)}, []any{}, []any{"short"}},
	} {
		_, ok := sketch.ParseHLL(x)
		require.False(t, ok, "%v", x)
		_, ok = sketch.ParseTDigest(x)
		require.False(t, ok, "%v", x)
	}
}

func TestPercentilesOfFewValuesAreExact(t *testing.T) {
	d := sketch.NewTDigest()
	for n := 1; n <= 1000; n++ {
		d.Add(float64(n), 1)
	}
	for percent, want := range map[float64]float64{0: 1, 50: 500, 99.9: 999, 100: 1000} {
		got, ok := d.Percentile(percent)
		require.True(t, ok)
		require.InDelta(t, want, got, 0, "percentile %v", percent)
	}
	require.InDelta(t, 685, d.Rank(685), 0)
	require.InDelta(t, 1000, d.Total(), 0)
	_, ok := sketch.NewTDigest().Percentile(50)
	require.False(t, ok)
}

func TestPercentilesOfManyValues(t *testing.T) {
	d, other := sketch.NewTDigest(), sketch.NewTDigest()
	const n = 100_000
	for i := range uint64(n) {
		x := float64(hash(i)) / math.MaxUint64
		if i%2 == 0 {
			d.Add(x, 1)
		} else {
			other.Add(x, 1)
		}
	}
	d.Merge(other)
	for _, percent := range []float64{0.1, 1, 50, 99, 99.9} {
		got, _ := d.Percentile(percent)
		require.InDelta(t, percent/100, got, 0.01)
		require.InDelta(t, got*n, d.Rank(got), 0.01*n)
	}
}

func TestWeights(t *testing.T) {
	d := sketch.NewTDigest()
	for value, weight := range map[float64]float64{10: 8, 20: 6, 30: 3, 40: 1, 50: 0, 60: -1} {
		d.Add(value, weight)
	}
	d.Add(math.NaN(), 1)
	require.InDelta(t, 18, d.Total(), 0)
	for percent, want := range map[float64]float64{44: 10, 45: 20, 75: 20, 99.9: 40} {
		got, _ := d.Percentile(percent)
		require.InDelta(t, want, got, 0, "percentile %v", percent)
	}
	back, ok := sketch.ParseTDigest(d.Dynamic())
	require.True(t, ok)
	require.Equal(t, d.Dynamic(), back.Dynamic())
	require.Equal(t, []any{[]any{int64(7)}, []any{int64(10), int64(20), int64(30), int64(40)}, []any{int64(8), int64(6), int64(3), int64(1)}}, d.Dynamic())
}

func TestIntersections(t *testing.T) {
	few := []*sketch.HLL{counting(t, 1, 0, 100), counting(t, 2, 50, 150), counting(t, 1, 90, 95)}
	require.EqualValues(t, 100, sketch.Intersection(few[:1]))
	require.EqualValues(t, 50, sketch.Intersection(few[:2]))
	require.EqualValues(t, 5, sketch.Intersection(few))
	many := []*sketch.HLL{counting(t, 4, 0, 20_000), counting(t, 4, 10_000, 30_000)}
	require.InEpsilon(t, 10_000, sketch.Intersection(many), 0.02)
}
