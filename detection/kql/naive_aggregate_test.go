package kql_test

import (
	"math"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// aggregates gives the results of aggregates over the rows of a group, one after the other.
func (n *naive) aggregates(list []bind.Aggregate, group *naiveTable) []value.Value {
	var out []value.Value
	for _, a := range list {
		var rows [][]value.Value // the arguments
		for i := range group.rows {
			rows = append(rows, n.exprs(a.Args, group.at(i)))
		}
		name := a.Name
		if plain, at, ok := naiveConditional(name); ok {
			name, rows = plain, naiveChosen(rows, at)
		}
		results := naiveAggregate(name, a, rows)
		for i, c := range a.Results {
			out = append(out, value.Convert(results[i], c.Type))
		}
	}
	return out
}

// naiveConditional knows the aggregates with a condition: the name without it, and which argument it is.
func naiveConditional(name string) (plain string, at int, ok bool) {
	switch name {
	case "countif":
		return "count", 0, true
	case "sumif", "avgif", "minif", "maxif", "dcountif", "count_distinctif", "stdevif", "varianceif", "variancepif", "take_anyif", "anyif":
		return name[:len(name)-2], 1, true
	case "covarianceif", "covariancepif":
		return name[:len(name)-2], 2, true
	case "make_list_if", "make_set_if", "make_bag_if":
		return name[:len(name)-3], 1, true
	default:
		return "", 0, false
	}
}

// naiveChosen keeps the rows whose condition is true, without the condition.
func naiveChosen(rows [][]value.Value, at int) [][]value.Value {
	var out [][]value.Value
	for _, row := range rows {
		if naiveTrue(row[at]) {
			out = append(out, slices.Delete(slices.Clone(row), at, at+1))
		}
	}
	return out
}

// naiveAggregate computes an aggregate of the arguments of each row.
func naiveAggregate(name string, a bind.Aggregate, rows [][]value.Value) []value.Value {
	one := func(v value.Value) []value.Value { return []value.Value{v} }
	switch name {
	case "count", "cnt":
		return one(value.NewLong(int64(len(rows))))
	case "sum":
		return one(naiveSum(naivePresent(rows), a.Results[0].Type))
	case "avg":
		return one(naiveAverage(naivePresent(rows), a.Results[0].Type))
	case "min":
		return one(naiveExtreme(naivePresent(rows), -1))
	case "max":
		return one(naiveExtreme(naivePresent(rows), 1))
	case "arg_max", "argmax":
		return naiveArgument(rows, 1, a)
	case "arg_min", "argmin":
		return naiveArgument(rows, -1, a)
	case "take_any", "any":
		return naiveAny(rows, a)
	case "dcount", "count_distinct":
		return one(value.NewLong(int64(len(naiveDistinct(naiveSingles(naivePresent(rows)))))))
	case "make_list", "makelist", "make_set", "makeset", "make_bag", "make_dictionary", "make_list_with_nulls":
		return one(naiveCollect(name, rows))
	case "stdev", "stdevp", "variance", "variancep":
		return one(naiveSpread(name, naivePresent(rows)))
	case "binary_all_and", "binary_all_or", "binary_all_xor":
		return one(naiveBits(name, naivePresent(rows)))
	case "covariance", "covariancep":
		return one(naiveCovariance(name == "covariance", rows))
	case "percentile", "percentiles":
		return naivePercentiles(a, rows)
	case "percentiles_array":
		return one(naivePercentileArray(rows))
	default:
		panic(naiveUnknown("aggregate " + a.Name))
	}
}

// naivePresent is the first argument of every row in which it is not null.
func naivePresent(rows [][]value.Value) []value.Value {
	var out []value.Value
	for _, row := range rows {
		if !row[0].IsNull() {
			out = append(out, row[0])
		}
	}
	return out
}

// naiveSingles makes a row of every value.
func naiveSingles(list []value.Value) [][]value.Value {
	var out [][]value.Value
	for _, v := range list {
		out = append(out, []value.Value{v})
	}
	return out
}

func naiveSum(list []value.Value, t value.Type) value.Value {
	sum := value.Convert(value.NewLong(0), t)
	for _, v := range list {
		if next := naiveArithmetic("+", sum, v); !next.IsNull() {
			sum = value.Convert(next, t)
		}
	}
	return sum
}

// naiveAverage is NaN for nothing, and null where the result cannot be NaN.
func naiveAverage(list []value.Value, t value.Type) value.Value {
	sum, count := 0.0, 0.0
	for _, v := range list {
		v = naiveInner(v)
		if t := v.Type(); naiveNumber(v) || t == value.Bool || t == value.DateTime || t == value.Timespan {
			sum += v.Real()
			count++
		}
	}
	mean := sum / count
	if t == value.DateTime || t == value.Timespan {
		if math.IsNaN(mean) {
			return value.Null(t)
		}
		return value.Convert(value.NewLong(int64(math.Round(mean))), t)
	}
	return value.NewReal(mean)
}

// naiveExtreme is the first of the greatest or the least values. NaN is neither.
func naiveExtreme(list []value.Value, direction int) value.Value {
	best := value.Null(value.Unknown)
	for _, v := range list {
		if !naiveMissing(v) && (best.IsNull() || naiveTotalOrder(v, best) == direction) {
			best = v
		}
	}
	return best
}

// naiveArgument is the first row with the extreme; the first row if all are null; nulls if there is no row.
func naiveArgument(rows [][]value.Value, direction int, a bind.Aggregate) []value.Value {
	if len(rows) == 0 {
		return naiveNulls(a.Results)
	}
	best := rows[0]
	for _, row := range rows {
		if !naiveMissing(row[0]) && (naiveMissing(best[0]) || naiveTotalOrder(row[0], best[0]) == direction) {
			best = row
		}
	}
	return best
}

// naiveAny is the first row; of a single column the first that is not null.
func naiveAny(rows [][]value.Value, a bind.Aggregate) []value.Value {
	if len(rows) == 0 {
		return naiveNulls(a.Results)
	}
	best := rows[0]
	for _, row := range rows {
		if len(a.Results) == 1 && naiveMissing(best[0]) && !naiveMissing(row[0]) {
			best = row
		}
	}
	return best
}

// naiveCollect is make_list, make_set and make_bag.
func naiveCollect(name string, rows [][]value.Value) value.Value {
	limit := int64(math.MaxInt64)
	if len(rows) > 0 && len(rows[0]) > 1 {
		if n := value.Convert(rows[0][1], value.Long); !n.IsNull() && n.Int() > 0 {
			limit = n.Int()
		}
	}
	list, bag, seen := []any{}, value.NewBag(), map[string]bool{}
	for _, row := range rows {
		switch x := row[0].ToDynamic(); name {
		case "make_bag", "make_dictionary":
			naiveMerge(bag, x, limit)
		case "make_set", "makeset":
			elements, ok := x.([]any)
			if !ok {
				elements = []any{x}
			}
			for _, e := range elements {
				key := naiveKey(value.NewDynamic(e))
				if e != nil && !seen[key] && int64(len(list)) < limit {
					seen[key] = true
					list = append(list, e)
				}
			}
		default:
			if (x != nil || name == "make_list_with_nulls") && int64(len(list)) < limit {
				list = append(list, x)
			}
		}
	}
	if name == "make_bag" || name == "make_dictionary" {
		return value.NewDynamic(bag)
	}
	return value.NewDynamic(list)
}

// naiveMerge adds the keys of a bag that are not there yet.
func naiveMerge(to *value.Bag, x any, limit int64) {
	from, ok := x.(*value.Bag)
	if !ok {
		return
	}
	for _, k := range from.Keys() {
		if _, known := to.Get(k); !known && int64(to.Len()) < limit {
			v, _ := from.Get(k)
			to.Set(k, v)
		}
	}
}

func naiveSpread(name string, list []value.Value) value.Value {
	var numbers []float64
	sum := 0.0
	for _, v := range list {
		if v = naiveInner(v); naiveNumber(v) {
			numbers = append(numbers, v.Real())
			sum += v.Real()
		}
	}
	mean, squares, count := sum/float64(len(numbers)), 0.0, float64(len(numbers))
	for _, f := range numbers {
		squares += (f - mean) * (f - mean)
	}
	if name == "stdev" || name == "variance" {
		count--
	}
	if count <= 0 {
		return value.NewReal(0)
	}
	if name == "stdev" || name == "stdevp" {
		return value.NewReal(math.Sqrt(squares / count))
	}
	return value.NewReal(squares / count)
}

// naivePercentiles takes the value at the nearest rank.
func naivePercentiles(a bind.Aggregate, rows [][]value.Value) []value.Value {
	list := naivePresent(rows)
	slices.SortStableFunc(list, naiveTotalOrder)
	out := naiveNulls(a.Results)
	for i := range out {
		if len(list) > 0 {
			out[i] = naiveRank(list, rows[0][i+1])
		}
	}
	return out
}

func naiveRank(list []value.Value, percent value.Value) value.Value {
	rank := int(math.Ceil(naiveInner(percent).Real() / 100 * float64(len(list))))
	return list[max(1, min(rank, len(list)))-1]
}

// naivePercentileArray lists the values at several ranks.
func naivePercentileArray(rows [][]value.Value) value.Value {
	out := []any{}
	list := naivePresent(rows)
	slices.SortStableFunc(list, naiveTotalOrder)
	if len(list) == 0 {
		return value.Null(value.Dynamic)
	}
	for _, percent := range naiveListed(rows[0][1:]) {
		out = append(out, naiveRank(list, percent).ToDynamic())
	}
	return value.NewDynamic(out)
}

// naiveCovariance is that of the rows in which both arguments are numbers.
func naiveCovariance(sample bool, rows [][]value.Value) value.Value {
	var pairs [][2]float64
	var sum [2]float64
	for _, row := range rows {
		a, b := naiveInner(row[0]), naiveInner(row[1])
		if naiveNumber(a) && naiveNumber(b) && !a.IsNull() && !b.IsNull() {
			pairs = append(pairs, [2]float64{a.Real(), b.Real()})
			sum[0], sum[1] = sum[0]+a.Real(), sum[1]+b.Real()
		}
	}
	count, products := float64(len(pairs)), 0.0
	for _, p := range pairs {
		products += (p[0] - sum[0]/count) * (p[1] - sum[1]/count)
	}
	if sample {
		count--
	}
	if count <= 0 {
		return value.NewReal(0)
	}
	return value.NewReal(products / count)
}

func naiveBits(name string, list []value.Value) value.Value {
	out := int64(0)
	if name == "binary_all_and" {
		out = -1
	}
	for _, v := range list {
		switch n := value.Convert(v, value.Long).Int(); name {
		case "binary_all_and":
			out &= n
		case "binary_all_or":
			out |= n
		default:
			out ^= n
		}
	}
	return value.NewLong(out)
}
