package kql

import (
	"math"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// percentileAggregate finds the aggregates that are ranks of the values. weights is where the argument stands
// that says how often a row counts, and 0 without one; the percentages follow.
func percentileAggregate(name string) (aggregateFunction, bool) {
	switch name {
	case "percentile", "percentiles":
		return percentiles(0), true
	case "percentilew", "percentilesw":
		return percentiles(1), true
	case "percentiles_array":
		return percentileArray(0), true
	case "percentilesw_array":
		return percentileArray(1), true
	default:
		return nil, false
	}
}

// ranked is the values of a group in ascending order, each with the weight of all up to it.
type ranked struct {
	values []value.Value
	sums   []float64
}

// ranked sorts each group's values. A value without a positive weight does not count.
func (a *aggregation) ranked(weights int) ([]ranked, error) {
	type weighted struct {
		value  value.Value
		weight float64
	}
	lists := make([][]weighted, a.groups)
	err := a.each(func(row int, g uint32) {
		w := 1.0
		if weights > 0 {
			w = a.weight(weights, row)
		}
		if cell := a.args[0].value(row); !cell.IsNull() && w > 0 {
			lists[g] = append(lists[g], weighted{cell, w})
		}
	})
	out := make([]ranked, a.groups)
	for g, list := range lists {
		slices.SortStableFunc(list, func(a, b weighted) int { return compareBoxed(a.value, b.value) })
		sum := 0.0
		for _, e := range list {
			sum += e.weight
			out[g].values, out[g].sums = append(out[g].values, e.value), append(out[g].sums, sum)
		}
	}
	return out, err
}

// at is the value at a percentage by the nearest rank: the first one whose weight and that of all before it reach
// that share of the whole; exact, where the service estimates.
// Source: https://learn.microsoft.com/kusto/query/percentiles-aggregation-function
func (r *ranked) at(percent float64, t value.Type) value.Value {
	if len(r.values) == 0 || math.IsNaN(percent) {
		return value.Null(t)
	}
	i, _ := slices.BinarySearch(r.sums, percent*r.sums[len(r.sums)-1]/100)
	return r.values[min(i, len(r.values)-1)]
}

// percentages are the constant arguments after the weights; arrays are taken apart.
func (a *aggregation) percentages(weights int) []float64 {
	var constants []value.Value
	for _, v := range a.args[weights+1:] {
		if v.size() > 0 {
			constants = append(constants, v.at(0))
		}
	}
	var out []float64
	for _, p := range listed(constants) {
		out = append(out, value.Scalar(p).Real())
	}
	return out
}

// percentiles has one result for each percentage.
func percentiles(weights int) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		groups, err := a.ranked(weights)
		percents := a.percentages(weights)
		out := make([]*vector, len(a.call.results))
		for i, c := range a.call.results {
			b := newBuffer(c.Type, a.groups)
			for g := range groups {
				b.set(g, groups[g].at(percents[i], c.Type))
			}
			out[i] = b.vector()
		}
		return out, err
	}
}

// percentileArray has all percentages in one array.
func percentileArray(weights int) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		groups, err := a.ranked(weights)
		percents := a.percentages(weights)
		arrays := emptyLists(a.groups)
		for g := range groups {
			for _, p := range percents {
				arrays[g] = append(arrays[g].([]any), groups[g].at(p, a.args[0].typ).ToDynamic())
			}
		}
		return []*vector{dynamics(arrays)}, err
	}
}
