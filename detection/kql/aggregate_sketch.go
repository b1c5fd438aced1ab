package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/sketch"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// sketchingAggregate finds the aggregates whose results are summaries, for others to merge or to ask.
func sketchingAggregate(name string) (aggregateFunction, bool) {
	switch name {
	case "hll":
		return aggregateHLL, true
	case "hll_if":
		return conditional(aggregateHLL, 1), true
	case "hll_merge":
		return mergeHLLs, true
	case "tdigest":
		return aggregateTDigest, true
	case "tdigest_merge", "merge_tdigest":
		return mergeTDigests, true
	default:
		return nil, false
	}
}

// aggregateHLL is hll(x, accuracy); nulls do not count. An accuracy that there is not is an error.
// Source: https://learn.microsoft.com/kusto/query/hll-aggregation-function
func aggregateHLL(a *aggregation) ([]*vector, error) {
	accuracy := int64(sketch.DefaultAccuracy)
	if len(a.args) > 1 && a.args[1].size() > 0 {
		accuracy = a.args[1].at(0).Int()
	}
	sketches := make([]*sketch.HLL, a.groups)
	for g := range sketches {
		h, ok := sketch.NewHLL(int(accuracy))
		if !ok {
			return nil, a.x.fail(a.call.plan.At, "the accuracy of %s is a number from 0 to 4", a.call.plan.Name)
		}
		sketches[g] = h
	}
	v := a.args[0]
	err := a.eachDistinct(v, math.MaxInt, func(e int, g uint32) { sketches[g].Add(function.Hash64(v.at(e))) })
	return []*vector{sketchVector(sketches)}, err
}

// mergeHLLs is hll_merge(); what is no sketch does not count, and none at all give null.
func mergeHLLs(a *aggregation) ([]*vector, error) {
	sketches := make([]*sketch.HLL, a.groups)
	err := a.each(func(row int, g uint32) {
		h, ok := sketch.ParseHLL(a.args[0].value(row).Dynamic())
		switch {
		case !ok:
		case sketches[g] == nil:
			sketches[g] = h
		default:
			sketches[g].Merge(h)
		}
	})
	return []*vector{sketchVector(sketches)}, err
}

// aggregateTDigest is tdigest(x, weight). Instants and durations are numbers of ticks.
// Source: https://learn.microsoft.com/kusto/query/tdigest-aggregation-function
func aggregateTDigest(a *aggregation) ([]*vector, error) {
	digests := make([]*sketch.TDigest, a.groups)
	for g := range digests {
		digests[g] = sketch.NewTDigest()
	}
	err := a.each(func(row int, g uint32) {
		if x := value.Scalar(a.args[0].value(row)); !x.IsNull() && storageOf(x.Type()) != inStrings {
			digests[g].Add(x.Real(), a.weight(1, row))
		}
	})
	return []*vector{sketchVector(digests)}, err
}

// weight is the argument that says how often a row counts: once without one, never if it is null.
func (a *aggregation) weight(arg, row int) float64 {
	if len(a.args) <= arg {
		return 1
	}
	w := value.Scalar(a.args[arg].value(row))
	if w.IsNull() {
		return 0
	}
	return w.Real()
}

// mergeTDigests is tdigest_merge(), like mergeHLLs.
func mergeTDigests(a *aggregation) ([]*vector, error) {
	digests := make([]*sketch.TDigest, a.groups)
	err := a.each(func(row int, g uint32) {
		d, ok := sketch.ParseTDigest(a.args[0].value(row).Dynamic())
		switch {
		case !ok:
		case digests[g] == nil:
			digests[g] = d
		default:
			digests[g].Merge(d)
		}
	})
	return []*vector{sketchVector(digests)}, err
}

// sketchVector is the dynamic values of sketches; a group without one has null.
func sketchVector[S interface {
	comparable
	Dynamic() any
}](sketches []S,
) *vector {
	boxes := make([]any, len(sketches))
	var none S
	for g, s := range sketches {
		if s != none {
			boxes[g] = s.Dynamic()
		}
	}
	return &vector{typ: value.Dynamic, rows: len(boxes), boxes: boxes}
}
