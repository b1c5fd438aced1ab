package sketch

import (
	"math"
	"slices"
	"sort"
)

// TDigest is a summary of the distribution of numbers: clusters of neighbouring values, small at both ends and
// larger in the middle. Up to [maxClusters] distinct values each has its own, and every answer is exact.
//
// Source: T. Dunning, O. Ertl, "Computing extremely accurate quantiles using t-digests" (2019)
type TDigest struct {
	weights map[float64]float64
	total   float64
}

// maxClusters is how many clusters there can be; [compressed] are left when there were more.
const (
	maxClusters = 4096
	compressed  = 1024
)

// tdigestFormat is the number that the service writes at the head of a digest.
const tdigestFormat = int64(7)

// cluster is the mean of some values and how many they are.
type cluster struct{ mean, weight float64 }

// NewTDigest makes a digest of nothing.
func NewTDigest() *TDigest { return &TDigest{weights: map[float64]float64{}} }

// Add counts a value, weight times. Weights that are not positive, and values that are no number, count nothing.
func (d *TDigest) Add(x, weight float64) {
	if !(weight > 0) || math.IsInf(weight, 0) || math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	d.weights[x] += weight
	d.total += weight
	if len(d.weights) > maxClusters {
		d.compress()
	}
}

// Merge adds what another digest has counted.
func (d *TDigest) Merge(other *TDigest) {
	for _, c := range other.clusters() {
		d.Add(c.mean, c.weight)
	}
}

// clusters lists the clusters in the order of their means.
func (d *TDigest) clusters() []cluster {
	out := make([]cluster, 0, len(d.weights))
	for mean, weight := range d.weights {
		out = append(out, cluster{mean, weight})
	}
	slices.SortFunc(out, func(a, b cluster) int {
		if a.mean < b.mean {
			return -1
		}
		return 1
	})
	return out
}

// compress joins neighbours as far as the scale function k1 of the paper lets them grow.
func (d *TDigest) compress() {
	list := d.clusters()
	d.weights = make(map[float64]float64, maxClusters)
	current, before := list[0], 0.0
	limit := d.limit(before)
	for _, c := range list[1:] {
		if before+current.weight+c.weight <= limit {
			current.weight += c.weight
			current.mean += (c.mean - current.mean) * c.weight / current.weight
			continue
		}
		d.weights[current.mean] += current.weight
		before += current.weight
		current, limit = c, d.limit(before)
	}
	d.weights[current.mean] += current.weight
}

// limit is where a cluster that begins after some weight must end.
func (d *TDigest) limit(before float64) float64 {
	k := float64(compressed)/(2*math.Pi)*math.Asin(2*before/d.total-1) + 1
	angle := k * 2 * math.Pi / compressed
	if angle >= math.Pi/2 {
		return d.total
	}
	return d.total * (math.Sin(angle) + 1) / 2
}

// Total is the weight of all values.
func (d *TDigest) Total() float64 { return d.total }

// Percentile is the value at a percentage from 0 to 100 by the nearest rank; ok is false if there is none.
func (d *TDigest) Percentile(percent float64) (x float64, ok bool) {
	list := d.clusters()
	if len(list) == 0 || math.IsNaN(percent) {
		return 0, false
	}
	rank, sum := percent*d.total/100, 0.0
	for _, c := range list {
		if sum += c.weight; sum >= rank {
			return c.mean, true
		}
	}
	return list[len(list)-1].mean, true
}

// Rank is the weight of the values that are at most x.
func (d *TDigest) Rank(x float64) float64 {
	list := d.clusters()
	n := sort.Search(len(list), func(i int) bool { return list[i].mean > x })
	sum := 0.0
	for _, c := range list[:n] {
		sum += c.weight
	}
	return sum
}

// Dynamic is the digest as a dynamic value: its format, the means in ascending order, and the weights. Whole
// numbers are longs.
func (d *TDigest) Dynamic() any {
	means, weights := []any{}, []any{}
	for _, c := range d.clusters() {
		means, weights = append(means, number(c.mean)), append(weights, number(c.weight))
	}
	return []any{[]any{tdigestFormat}, means, weights}
}

// number is a long where nothing is lost by it.
func number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// ParseTDigest reads what [TDigest.Dynamic] gives; ok is false for anything else.
func ParseTDigest(x any) (d *TDigest, ok bool) {
	parts, ok := x.([]any)
	if !ok || len(parts) != 3 {
		return nil, false
	}
	head, means, weights := listOf(parts[0]), listOf(parts[1]), listOf(parts[2])
	if len(head) != 1 || len(means) != len(weights) || len(means) > maxClusters {
		return nil, false
	}
	d = NewTDigest()
	for i := range means {
		mean, fine := parseNumber(means[i])
		weight, right := parseNumber(weights[i])
		if !fine || !right || weight <= 0 {
			return nil, false
		}
		d.Add(mean, weight)
	}
	return d, true
}

func parseNumber(x any) (float64, bool) {
	switch x := x.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	default:
		return 0, false
	}
}
