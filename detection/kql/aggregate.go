package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// aggregation is one aggregate being computed for all groups at once.
type aggregation struct {
	x      *execution
	call   *aggregateCall
	args   []*vector
	of     []uint32 // group of each row
	groups int
	sizes  []int64 // rows of each group, where they are known
	// condition is the last argument of an ...if function, nil for the others.
	condition *vector
}

// aggregateFunction gives one vector for each result, with an entry for each group.
type aggregateFunction func(a *aggregation) ([]*vector, error)

// aggregateOf finds an aggregate function by its canonical name.
func aggregateOf(name string) (aggregateFunction, bool) {
	switch name {
	case "count", "cnt":
		return aggregateCount, true
	case "countif":
		return conditional(aggregateCount, 0), true
	case "sum":
		return aggregateSum, true
	case "sumif":
		return conditional(aggregateSum, 1), true
	case "avg":
		return aggregateAverage, true
	case "avgif":
		return conditional(aggregateAverage, 1), true
	case "min":
		return extremeOf(-1), true
	case "minif":
		return conditional(extremeOf(-1), 1), true
	case "max":
		return extremeOf(1), true
	case "maxif":
		return conditional(extremeOf(1), 1), true
	case "arg_min", "argmin":
		return argExtreme(-1), true
	case "arg_max", "argmax":
		return argExtreme(1), true
	case "take_any", "any", "passthrough":
		// passthrough is not documented: it hands on a value that is the same in all rows.
		return aggregateAny, true
	case "take_anyif", "anyif":
		return conditional(aggregateAny, 1), true
	}
	if f, ok := collectingAggregate(name); ok {
		return f, true
	}
	if f, ok := sketchingAggregate(name); ok {
		return f, true
	}
	return statisticalAggregate(name)
}

// conditional takes the condition out of the arguments; only rows for which it is true
// count.
func conditional(f aggregateFunction, at int) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		inner := *a
		inner.condition = convertVector(a.args[at], value.Bool)
		inner.args = append(append([]*vector{}, a.args[:at]...), a.args[at+1:]...)
		return f(&inner)
	}
}

// each visits the rows that count.
func (a *aggregation) each(visit func(row int, group uint32)) error {
	for from := 0; from < len(a.of); from += checkEvery {
		if err := a.x.ctx.Err(); err != nil {
			return err
		}
		for i, g := range a.of[from:min(from+checkEvery, len(a.of))] {
			if a.counts(from + i) {
				visit(from+i, g)
			}
		}
	}
	return nil
}

// counts reports whether a row meets the condition.
func (a *aggregation) counts(row int) bool {
	c := a.condition
	if c == nil {
		return true
	}
	e := c.entry(row)
	return c.ints[e] != 0 && !c.isNull(e)
}

// one is a single result of the declared type.
func (a *aggregation) one(v *vector) []*vector {
	return []*vector{convertVector(v, a.call.results[0].Type)}
}

func longs(n []int64) *vector { return &vector{typ: value.Long, rows: len(n), ints: n} }

func reals(f []float64) *vector { return &vector{typ: value.Real, rows: len(f), reals: f} }

func aggregateCount(a *aggregation) ([]*vector, error) {
	if a.condition == nil && a.sizes != nil {
		return a.one(longs(a.sizes)), nil
	}
	n := make([]int64, a.groups)
	err := a.each(func(_ int, g uint32) { n[g]++ })
	return a.one(longs(n)), err
}

// aggregateSum ignores nulls; the sum of nothing is 0.
func aggregateSum(a *aggregation) ([]*vector, error) {
	v := a.args[0]
	switch storageOf(v.typ) {
	case inInts:
		n := make([]int64, a.groups)
		err := a.each(func(row int, g uint32) {
			if e := v.entry(row); !v.isNull(e) {
				n[g] += v.ints[e]
			}
		})
		out := longs(n)
		if v.typ == value.Timespan {
			out.typ = value.Timespan
		}
		return a.one(out), err
	case inReals:
		f := make([]float64, a.groups)
		err := a.each(func(row int, g uint32) {
			if e := v.entry(row); !v.isNull(e) {
				f[g] += v.reals[e]
			}
		})
		return a.one(reals(f)), err
	default:
		return a.sumScalars(v)
	}
}

// sumScalars adds decimals and the numbers inside dynamics.
func (a *aggregation) sumScalars(v *vector) ([]*vector, error) {
	t := a.call.results[0].Type
	sums := make([]value.Value, a.groups)
	for g := range sums {
		sums[g] = value.Convert(value.NewLong(0), t)
	}
	err := a.each(func(row int, g uint32) {
		if n := value.Scalar(v.value(row)); !n.IsNull() {
			if sum := value.Calculate('+', sums[g], n, t); !sum.IsNull() {
				sums[g] = sum
			}
		}
	})
	return []*vector{vectorOf(t, sums)}, err
}

func vectorOf(t value.Type, cells []value.Value) *vector {
	b := newBuffer(t, len(cells))
	for i, c := range cells {
		b.set(i, c)
	}
	return b.vector()
}

// aggregateAverage is NaN for nothing; of timespans and datetimes it keeps the type.
func aggregateAverage(a *aggregation) ([]*vector, error) {
	v := a.args[0]
	sums, counts := make([]float64, a.groups), make([]float64, a.groups)
	err := a.each(func(row int, g uint32) {
		if n := value.Scalar(v.value(row)); !n.IsNull() && (n.Type().Numeric() || storageOf(n.Type()) == inInts) {
			sums[g] += n.Real()
			counts[g]++
		}
	})
	for g := range sums {
		sums[g] /= counts[g]
	}
	out := reals(sums)
	if t := a.call.results[0].Type; t == value.Timespan || t == value.DateTime {
		return []*vector{roundedTicks(out, t)}, err
	}
	return a.one(out), err
}

// roundedTicks makes durations or instants of reals; NaN is null.
func roundedTicks(v *vector, t value.Type) *vector {
	b := newBuffer(t, v.rows)
	for i, f := range v.reals {
		if math.IsNaN(f) {
			b.setNull(i)
		} else {
			b.v.ints[i] = int64(math.Round(f))
		}
	}
	return b.vector()
}

// extremeRows finds, for each group, the row with the greatest (or least) value, the
// first one if several; -1 if all are null.
func (a *aggregation) extremeRows(v *vector, direction int) ([]int, error) {
	best := make([]int, a.groups)
	for g := range best {
		best[g] = -1
	}
	compare := entryComparer(v)
	err := a.each(func(row int, g uint32) {
		e := v.entry(row)
		if v.missing(e) {
			return
		}
		if best[g] < 0 || compare(e, v.entry(best[g])) == direction {
			best[g] = row
		}
	})
	return best, err
}

// extremeOf is min and max: null for nothing.
func extremeOf(direction int) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		best, err := a.extremeRows(a.args[0], direction)
		return []*vector{a.rowsOf(a.args[0], best, a.call.results[0].Type)}, err
	}
}

// rowsOf takes a value from one row for each group; -1 gives null.
func (a *aggregation) rowsOf(v *vector, rows []int, t value.Type) *vector {
	if picked, ok := allRows(rows); ok && v.typ == t {
		return v.gather(picked)
	}
	b := newBuffer(t, a.groups)
	for g, row := range rows {
		if row < 0 {
			b.setNull(g)
		} else {
			b.set(g, v.value(row))
		}
	}
	return b.vector()
}

// allRows gives the row numbers if none is missing.
func allRows(rows []int) ([]uint32, bool) {
	out := make([]uint32, len(rows))
	for i, row := range rows {
		if row < 0 {
			return nil, false
		}
		out[i] = uint32(row)
	}
	return out, true
}

// argExtreme is arg_min and arg_max: the extreme, then the other columns of its row. A
// group that has only nulls gives its first row.
func argExtreme(direction int) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		best, err := a.extremeRows(a.args[0], direction)
		if err != nil {
			return nil, err
		}
		err = a.each(func(row int, g uint32) {
			if best[g] < 0 {
				best[g] = row
			}
		})
		return a.columnsOf(best), err
	}
}

// columnsOf takes all arguments from one row for each group.
func (a *aggregation) columnsOf(rows []int) []*vector {
	out := make([]*vector, len(a.call.results))
	for i, c := range a.call.results {
		out[i] = a.rowsOf(a.args[i], rows, c.Type)
	}
	return out
}

// aggregateAny takes each group's first row, preferring one whose value is not null if
// there is a single argument.
func aggregateAny(a *aggregation) ([]*vector, error) {
	first := make([]int, a.groups)
	for g := range first {
		first[g] = -1
	}
	single := len(a.call.results) == 1
	err := a.each(func(row int, g uint32) {
		v := a.args[0]
		if first[g] < 0 || single && v.missing(v.entry(first[g])) && !v.missing(v.entry(row)) {
			first[g] = row
		}
	})
	return a.columnsOf(first), err
}
