package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// statisticalAggregate finds the aggregates over distributions and bits.
func statisticalAggregate(name string) (aggregateFunction, bool) {
	switch name {
	case "stdev":
		return spread(true, true), true
	case "stdevif":
		return conditional(spread(true, true), 1), true
	case "stdevp":
		return spread(true, false), true
	case "variance":
		return spread(false, true), true
	case "varianceif":
		return conditional(spread(false, true), 1), true
	case "variancep":
		return spread(false, false), true
	case "variancepif":
		return conditional(spread(false, false), 1), true
	case "covariance":
		return covariance(true), true
	case "covarianceif":
		return conditional(covariance(true), 2), true
	case "covariancep":
		return covariance(false), true
	case "covariancepif":
		return conditional(covariance(false), 2), true
	case "binary_all_and":
		return combineBits(-1, func(a, b int64) int64 { return a & b }), true
	case "binary_all_or":
		return combineBits(0, func(a, b int64) int64 { return a | b }), true
	case "binary_all_xor":
		return combineBits(0, func(a, b int64) int64 { return a ^ b }), true
	default:
		return percentileAggregate(name)
	}
}

// spread is variance and standard deviation, of a sample or a population, by Welford's
// method; of fewer values than it needs, 0.
func spread(root, sample bool) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		n, mean, m2 := make([]float64, a.groups), make([]float64, a.groups), make([]float64, a.groups)
		v := a.args[0]
		err := a.each(func(row int, g uint32) {
			cell := value.Scalar(v.value(row))
			if cell.IsNull() || !cell.Type().Numeric() {
				return
			}
			n[g]++
			delta := cell.Real() - mean[g]
			mean[g] += delta / n[g]
			m2[g] += delta * (cell.Real() - mean[g])
		})
		for g := range m2 {
			m2[g] = spreadOf(m2[g], n[g], root, sample)
		}
		return a.one(reals(m2)), err
	}
}

// covariance is that of the pairs without a null, of a sample or a population.
// Source: https://learn.microsoft.com/kusto/query/covariance-aggregation-function
func covariance(sample bool) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		n, meanX, meanY, c := make([]float64, a.groups), make([]float64, a.groups), make([]float64, a.groups), make([]float64, a.groups)
		err := a.each(func(row int, g uint32) {
			x, y := value.Scalar(a.args[0].value(row)), value.Scalar(a.args[1].value(row))
			if x.IsNull() || y.IsNull() || !x.Type().Numeric() || !y.Type().Numeric() {
				return
			}
			n[g]++
			dx := x.Real() - meanX[g]
			meanX[g] += dx / n[g]
			meanY[g] += (y.Real() - meanY[g]) / n[g]
			c[g] += dx * (y.Real() - meanY[g])
		})
		for g := range c {
			c[g] = spreadOf(c[g], n[g], false, sample)
		}
		return a.one(reals(c)), err
	}
}

func spreadOf(m2, n float64, root, sample bool) float64 {
	if sample {
		n--
	}
	if n <= 0 {
		return 0
	}
	if root {
		return math.Sqrt(m2 / n)
	}
	return m2 / n
}

// combineBits is binary_all_and, _or, _xor.
func combineBits(start int64, operation func(a, b int64) int64) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		n := make([]int64, a.groups)
		for g := range n {
			n[g] = start
		}
		v := convertVector(a.args[0], value.Long)
		err := a.each(func(row int, g uint32) {
			if e := v.entry(row); !v.isNull(e) {
				n[g] = operation(n[g], v.ints[e])
			}
		})
		return a.one(longs(n)), err
	}
}
