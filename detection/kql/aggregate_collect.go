package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// collectingAggregate finds the aggregates that gather values.
func collectingAggregate(name string) (aggregateFunction, bool) {
	switch name {
	case "dcount", "count_distinct":
		return aggregateDistinct, true
	case "dcountif", "count_distinctif":
		return conditional(aggregateDistinct, 1), true
	case "make_list", "makelist":
		return collectList(false), true
	case "make_list_if":
		return conditional(collectList(false), 1), true
	case "make_list_with_nulls":
		return collectList(true), true
	case "make_set", "makeset":
		return collectSet, true
	case "make_set_if":
		return conditional(collectSet, 1), true
	case "make_bag", "make_dictionary":
		return collectBag, true
	case "make_bag_if":
		return conditional(collectBag, 1), true
	case "buildschema":
		return buildSchema, true
	default:
		return nil, false
	}
}

// eachDistinct visits the first row of every group with each value, for at most limit values of a group; nulls do not
// count.
func (a *aggregation) eachDistinct(v *vector, limit int, visit func(entry int, group uint32)) error {
	ids, n := identify(v)
	seen := newPairs(a.groups, n)
	taken := make([]int, a.groups)
	for from := 0; from < len(a.of); from += checkEvery {
		if err := a.x.ctx.Err(); err != nil {
			return err
		}
		for i, g := range a.of[from:min(from+checkEvery, len(a.of))] {
			row := from + i
			if taken[g] >= limit || !a.counts(row) || !seen.add(g, ids[row]) {
				continue
			}
			if e := v.entry(row); !v.isNull(e) {
				taken[g]++
				visit(e, g)
			}
		}
	}
	return nil
}

// numberPairs is a set of pairs of numbers: bits where that takes little memory, else a hash table.
type numberPairs struct {
	width  uint64
	bits   []uint64
	hashed map[uint64]bool
}

// newPairs is for first numbers below n and second ones below m.
func newPairs(n, m int) *numberPairs {
	const most = 1 << 26
	if product := uint64(n) * uint64(m); product <= most {
		return &numberPairs{width: uint64(m), bits: make([]uint64, product/64+1)}
	}
	return &numberPairs{hashed: map[uint64]bool{}}
}

// count adds pairs and counts the new ones by their first number.
func (p *numberPairs) count(a, b []uint32, n []int64) {
	for i, first := range a {
		at := uint64(first)*p.width + uint64(b[i])
		word := p.bits[at>>6]
		n[first] += int64(^word >> (at & 63) & 1)
		p.bits[at>>6] = word | 1<<(at&63)
	}
}

// add reports whether the pair is new.
func (p *numberPairs) add(a, b uint32) bool {
	if p.bits != nil {
		at := uint64(a)*p.width + uint64(b)
		word, bit := &p.bits[at>>6], uint64(1)<<(at&63)
		if *word&bit != 0 {
			return false
		}
		*word |= bit
		return true
	}
	key := uint64(a)<<32 | uint64(b)
	if p.hashed[key] {
		return false
	}
	p.hashed[key] = true
	return true
}

// aggregateDistinct is dcount, exact where the service estimates.
func aggregateDistinct(a *aggregation) ([]*vector, error) {
	n := make([]int64, a.groups)
	if v := a.args[0]; a.condition == nil && v.typ == value.String {
		values := newNumbering(v)
		if seen := newPairs(a.groups, values.n); seen.bits != nil {
			ids := make([]uint32, piece)
			for from := 0; from < len(a.of); from += piece {
				of := a.of[from:min(from+piece, len(a.of))]
				values.read(from, ids[:len(of)])
				seen.count(of, ids, n)
			}
			return a.one(longs(n)), nil
		}
	}
	a.args[0] = a.args[0].unpack()
	err := a.eachDistinct(a.args[0], math.MaxInt, func(_ int, g uint32) { n[g]++ })
	return a.one(longs(n)), err
}

// maxCollected is the most elements that make_list, make_set and make_bag gather.
// Source: https://learn.microsoft.com/kusto/query/make-list-aggregation-function
const maxCollected = 1 << 20

// sizeLimit is the optional maximum size of make_list, make_set and make_bag.
func (a *aggregation) sizeLimit() int {
	if len(a.args) < 2 || a.args[1].rows == 0 {
		return maxCollected
	}
	n := value.Convert(a.args[1].value(0), value.Long)
	if n.IsNull() || n.Int() <= 0 {
		return maxCollected
	}
	return int(min(n.Int(), maxCollected))
}

// collectList is make_list: the values in row order, without nulls.
func collectList(keepNulls bool) aggregateFunction {
	return func(a *aggregation) ([]*vector, error) {
		lists, limit := emptyLists(a.groups), a.sizeLimit()
		v := a.args[0]
		err := a.each(func(row int, g uint32) {
			e := v.entry(row)
			if list := lists[g].([]any); len(list) < limit && (keepNulls || !v.isNull(e)) {
				lists[g] = append(list, v.at(e).ToDynamic())
			}
		})
		return []*vector{dynamics(lists)}, err
	}
}

func emptyLists(n int) []any {
	lists := make([]any, n)
	for i := range lists {
		lists[i] = []any{}
	}
	return lists
}

func dynamics(boxes []any) *vector {
	return &vector{typ: value.Dynamic, rows: len(boxes), boxes: boxes}
}

// collectSet is make_set: the distinct values in the order of their first row. Arrays
// are taken apart: the set is of their elements.
func collectSet(a *aggregation) ([]*vector, error) {
	lists, limit := emptyLists(a.groups), a.sizeLimit()
	v := a.args[0]
	add := func(g uint32, x any) {
		if list := lists[g].([]any); len(list) < limit {
			lists[g] = append(list, x)
		}
	}
	if v.typ != value.Dynamic {
		return a.collectScalars(limit)
	}
	seen := make([]map[string]bool, a.groups)
	for g := range seen {
		seen[g] = map[string]bool{}
	}
	err := a.eachDistinct(v, math.MaxInt, func(e int, g uint32) {
		for _, x := range elementsOf(v.boxes[e]) {
			if key := value.Key(value.NewDynamic(x)); x != nil && !seen[g][key] {
				seen[g][key] = true
				add(g, x)
			}
		}
	})
	return []*vector{dynamics(lists)}, err
}

// collectScalars is make_set of values that are no containers.
func (a *aggregation) collectScalars(limit int) ([]*vector, error) {
	v, lists := a.args[0], make([][]any, a.groups)
	err := a.eachDistinct(v, limit, func(e int, g uint32) { lists[g] = append(lists[g], v.at(e).ToDynamic()) })
	boxes := emptyLists(a.groups)
	for g, list := range lists {
		if list != nil {
			boxes[g] = list
		}
	}
	return []*vector{dynamics(boxes)}, err
}

// elementsOf is the elements of an array, or the value alone.
func elementsOf(x any) []any {
	if list, ok := x.([]any); ok {
		return list
	}
	return []any{x}
}

// collectBag is make_bag: the keys of all bags; of a key given twice, the first value.
func collectBag(a *aggregation) ([]*vector, error) {
	bags := make([]any, a.groups)
	for g := range bags {
		bags[g] = value.NewBag()
	}
	limit, v := a.sizeLimit(), a.args[0]
	err := a.each(func(row int, g uint32) {
		from, ok := v.value(row).Dynamic().(*value.Bag)
		if !ok {
			return
		}
		to := bags[g].(*value.Bag)
		for _, k := range from.Keys() {
			if _, exists := to.Get(k); !exists && to.Len() < limit {
				x, _ := from.Get(k)
				to.Set(k, x)
			}
		}
	})
	return []*vector{dynamics(bags)}, err
}
