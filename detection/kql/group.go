package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// grouping assigns every row to a group of equal keys, numbered by first appearance.
type grouping struct {
	of    []uint32 // group of each row
	first []uint32 // first row of each group
	sizes []int64  // rows of each group
}

// group finds the rows with equal keys; null equals null. No keys make one group, also
// of no rows.
func group(rows int, keys []*vector) *grouping {
	if len(keys) == 0 {
		return &grouping{of: make([]uint32, rows), first: []uint32{0}, sizes: []int64{int64(rows)}}
	}
	g := &grouping{of: make([]uint32, rows)}
	numberings := make([]*numbering, len(keys))
	dense, combinations := uint64(max(8*rows, 1<<12)), uint64(1)
	for i, k := range keys {
		numberings[i] = newNumbering(k)
		combinations = min(combinations*uint64(numberings[i].n), dense+1)
	}
	if combinations <= dense {
		g.numberDense(numberings, int(combinations))
		return g
	}
	ids, n := numberings[0].all(), numberings[0].n
	for _, k := range numberings[1:] {
		ids, n = combine(ids, k.all(), n, k.n)
	}
	g.number(0, ids, make([]uint32, n))
	return g
}

// numberDense makes one number of those of all keys, a piece of the rows at a time.
func (g *grouping) numberDense(keys []*numbering, combinations int) {
	index := make([]uint32, combinations)
	ids, next := make([]uint32, piece), make([]uint32, piece)
	for from := 0; from < len(g.of); from += piece {
		ids = ids[:min(piece, len(g.of)-from)]
		keys[0].read(from, ids)
		for _, k := range keys[1:] {
			k.read(from, next[:len(ids)])
			for i, n := range next[:len(ids)] {
				ids[i] = ids[i]*uint32(k.n) + n
			}
		}
		g.number(from, ids, index)
	}
}

// number gives rows their groups, by the number of their keys. The index has one more than the group of every number
// that was met.
func (g *grouping) number(from int, ids, index []uint32) {
	for i, id := range ids {
		if index[id] == 0 {
			g.first = append(g.first, uint32(from+i))
			g.sizes = append(g.sizes, 0)
			index[id] = uint32(len(g.first))
		}
		of := index[id] - 1
		g.of[from+i] = of
		g.sizes[of]++
	}
}

// identify gives every row a number below n that equal values share. The numbers may be the codes of the vector, and
// are not to be changed.
func identify(v *vector) (ids []uint32, n int) {
	if v.distinct && v.codes != nil {
		return v.codes, max(v.size(), 1)
	}
	entries, n := identifyEntries(v)
	return v.spread(entries), max(n, 1)
}

// spread gives every row what its payload entry has.
func (v *vector) spread(entries []uint32) []uint32 {
	switch {
	case v.constant:
		out := make([]uint32, v.rows)
		for row := range out {
			out[row] = entries[0]
		}
		return out
	case v.codes != nil:
		return pick(entries, v.codes)
	default:
		return entries
	}
}

// identifyEntries numbers the payload entries.
func identifyEntries(v *vector) ([]uint32, int) {
	if v.distinct {
		return sequence(v.size()), v.size()
	}
	switch storageOf(v.typ) {
	case inStrings:
		return numbered(len(v.strs), func(i int) string { return v.strs[i] })
	case inInts:
		return numbered(len(v.ints), func(i int) [2]int64 {
			if v.isNull(i) {
				return [2]int64{0, 1}
			}
			return [2]int64{v.ints[i], 0}
		})
	case inReals:
		return numbered(len(v.reals), func(i int) [2]uint64 {
			if v.isNull(i) {
				return [2]uint64{0, 1}
			}
			return [2]uint64{math.Float64bits(v.reals[i]), 0}
		})
	default:
		return numbered(len(v.boxes), func(i int) string { return value.Key(v.at(i)) })
	}
}

func numbered[K comparable](n int, key func(int) K) ([]uint32, int) {
	index := make(map[K]uint32, min(n, 1024))
	ids := make([]uint32, n)
	for i := range ids {
		k := key(i)
		id, ok := index[k]
		if !ok {
			id = uint32(len(index))
			index[k] = id
		}
		ids[i] = id
	}
	return ids, len(index)
}

// combine numbers the pairs of two numberings; small products need no map.
func combine(a, b []uint32, n, m int) ([]uint32, int) {
	if n*m <= 1<<20 {
		for i := range a {
			a[i] = a[i]*uint32(m) + b[i]
		}
		return a, n * m
	}
	return numbered(len(a), func(i int) uint64 { return uint64(a[i])<<32 | uint64(b[i]) })
}
