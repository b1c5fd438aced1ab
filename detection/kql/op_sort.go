package kql

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// sortKey is a compiled key of sort and top.
type sortKey struct {
	expr       expr
	descending bool
	nullsFirst bool
}

func (c *compiler) sortKeys(keys []bind.SortKey) []sortKey {
	out := make([]sortKey, len(keys))
	for i, k := range keys {
		out[i] = sortKey{c.expr(k.Expr), k.Descending, k.NullsFirst}
	}
	return out
}

// sortRows puts rows in order; equal rows keep theirs.
type sortRows struct {
	input operator
	keys  []sortKey
}

func (o *sortRows) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	order, err := sorted(x, r, o.keys)
	if err != nil {
		return nil, err
	}
	return r.filter(order), nil
}

// topRows is the first n rows in order.
type topRows struct {
	input operator
	keys  []sortKey
	n     expr
}

func (o *topRows) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	n, err := rowCount(x, o.n)
	if err != nil {
		return nil, err
	}
	compare, err := comparerOf(x, r, o.keys)
	if err != nil {
		return nil, err
	}
	order, err := first(x, r.rows, n, compare)
	if err != nil {
		return nil, err
	}
	return r.filter(order), nil
}

// first gives the n first row numbers in order. It sorts only candidates: rows that come
// before the last of those kept so far.
func first(x *execution, rows, n int, compare func(a, b uint32) int) ([]uint32, error) {
	var kept []uint32
	full := false
	trim := func() {
		slices.SortFunc(kept, func(a, b uint32) int { return cmp.Or(compare(a, b), cmp.Compare(a, b)) })
		full = len(kept) >= n
		kept = kept[:min(n, len(kept))]
	}
	for row := range rows {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		if full && (n == 0 || compare(uint32(row), kept[n-1]) >= 0) {
			continue
		}
		if kept = append(kept, uint32(row)); len(kept) >= 2*n+64 {
			trim()
		}
	}
	trim()
	return kept, nil
}

// sorted gives the row numbers in the order of the keys.
func sorted(x *execution, r *relation, keys []sortKey) ([]uint32, error) {
	compare, err := comparerOf(x, r, keys)
	if err != nil {
		return nil, err
	}
	order := sequence(r.rows)
	comparisons, stopped := 0, false
	slices.SortStableFunc(order, func(a, b uint32) int {
		if comparisons++; stopped || comparisons%checkEvery == 0 && x.ctx.Err() != nil {
			stopped = true
			return 0
		}
		return compare(a, b)
	})
	return order, x.ctx.Err()
}

// comparerOf orders two rows by all keys.
func comparerOf(x *execution, r *relation, keys []sortKey) (func(a, b uint32) int, error) {
	compares := make([]func(a, b uint32) int, len(keys))
	for i, k := range keys {
		v, err := k.expr.eval(x, r)
		if err != nil {
			return nil, err
		}
		compares[i] = k.comparer(v)
	}
	return func(a, b uint32) int {
		for _, compare := range compares {
			if c := compare(a, b); c != 0 {
				return c
			}
		}
		return 0
	}, nil
}

// comparer orders two rows by the key's column. NaN sorts with the nulls, between them and the numbers.
// Source: https://learn.microsoft.com/kusto/query/sort-operator#using-special-floating-point-values
func (k sortKey) comparer(v *vector) func(a, b uint32) int {
	compare := entryComparer(v)
	return func(a, b uint32) int {
		i, j := v.entry(int(a)), v.entry(int(b))
		m, n := v.missing(i), v.missing(j)
		switch {
		case m && n:
			return k.compareMissing(v.isNull(i), v.isNull(j))
		case m || n:
			if m == k.nullsFirst {
				return -1
			}
			return 1
		case k.descending:
			return compare(j, i)
		default:
			return compare(i, j)
		}
	}
}

// compareMissing orders nulls and NaN.
func (k sortKey) compareMissing(null, otherNull bool) int {
	switch null {
	case otherNull:
		return 0
	case k.nullsFirst:
		return -1
	default:
		return 1
	}
}

// missing reports null or NaN.
func (v *vector) missing(entry int) bool {
	return v.isNull(entry) || v.typ == value.Real && math.IsNaN(v.reals[entry])
}

// entryComparer orders payload entries that are not missing.
func entryComparer(v *vector) func(i, j int) int {
	switch storageOf(v.typ) {
	case inStrings:
		return func(i, j int) int { return strings.Compare(v.strs[i], v.strs[j]) }
	case inInts:
		return func(i, j int) int { return cmp.Compare(v.ints[i], v.ints[j]) }
	case inReals:
		return func(i, j int) int { return cmp.Compare(v.reals[i], v.reals[j]) }
	default:
		return func(i, j int) int { return compareBoxed(v.at(i), v.at(j)) }
	}
}

// compareBoxed orders dynamics and decimals; values without a common type go by text.
func compareBoxed(a, b value.Value) int {
	if order, ok := value.Compare(a, b, false); ok {
		return order
	}
	return strings.Compare(a.String(), b.String())
}
