package kql

import "math"

// numbering gives every row of a column a number below n that equal values share. It is read a piece at a time, which
// stays in the fastest memory, and packed columns are not unpacked for it.
type numbering struct {
	v *vector
	n int
	// near says that numbers are the distances of integers from the least one, else they are the places of payload
	// entries; a table gives others in their stead.
	near  bool
	least int64
	reach uint64 // distances from here on are unmatched
	table []uint32
}

// unmatched is the number of a value that is not among those that were numbered.
const unmatched = math.MaxUint32

// piece is how many rows are read at a time: those of a block.
const piece = blockRows

// newNumbering numbers the values of a column, packed or not.
func newNumbering(v *vector) *numbering {
	if in, ok := intervalOf(v); ok {
		return &numbering{v: v, near: true, least: in.least, reach: in.width(), n: int(in.width())}
	}
	if v.distinct {
		return &numbering{v: v, n: max(v.size(), 1)}
	}
	v = v.unpack()
	table, n := identifyEntries(v)
	return &numbering{v: v, n: max(n, 1), table: table}
}

// interval is the least and the greatest of some integers.
type interval struct{ least, most int64 }

// width is how many integers the interval has, if they are not all.
func (in interval) width() uint64 { return uint64(in.most) - uint64(in.least) + 1 }

// maxWidth is the width up to which a table has an entry for every integer of an interval.
const maxWidth = 1 << 22

// intervalOf is the interval of a column of integers, one for each row and none of them null, that lie close together.
func intervalOf(v *vector) (interval, bool) {
	if storageOf(v.typ) != inInts || v.constant || v.codes != nil || v.nulls != nil || v.rows == 0 {
		return interval{}, false
	}
	in := interval{math.MaxInt64, math.MinInt64}
	if v.packed != nil {
		for i := range v.packed.blocks {
			b := &v.packed.blocks[i]
			in.least, in.most = min(in.least, b.least), max(in.most, b.most)
		}
	}
	for _, n := range v.ints {
		in.least, in.most = min(in.least, n), max(in.most, n)
	}
	return in, uint64(in.most)-uint64(in.least) < maxWidth
}

// read gives the numbers of the rows from a multiple of [piece] on, at most as many as that.
func (k *numbering) read(from int, out []uint32) {
	if k.near {
		k.readDistances(from, out)
	} else {
		k.readEntries(from, out)
	}
	if k.table == nil {
		return
	}
	for i, n := range out {
		if n != unmatched {
			out[i] = k.table[n]
		}
	}
}

func (k *numbering) readEntries(from int, out []uint32) {
	v := k.v
	switch {
	case v.constant:
		clear(out)
	case v.packed != nil:
		v.packed.codes.copy(out, from)
	case v.codes != nil:
		copy(out, v.codes[from:])
	default:
		for i := range out {
			out[i] = uint32(from + i)
		}
	}
}

func (k *numbering) readDistances(from int, out []uint32) {
	if k.v.packed == nil {
		distances(out, k.v.ints[from:from+len(out)], -uint64(k.least), k.reach)
		return
	}
	b := &k.v.packed.blocks[from/blockRows]
	base := uint64(b.least) - uint64(k.least)
	switch {
	case b.wide != nil:
		distances(out, b.wide, -uint64(k.least), k.reach)
	case b.above.bytes != nil:
		distances(out, b.above.bytes, base, k.reach)
	case b.above.halves != nil:
		distances(out, b.above.halves, base, k.reach)
	default:
		distances(out, b.above.words, base, k.reach)
	}
}

// distances adds a base to numbers, modulo 2^64.
func distances[T uint8 | uint16 | uint32 | int64](out []uint32, from []T, base, reach uint64) {
	for i, n := range from[:len(out)] {
		d := base + uint64(n)
		if d >= reach {
			d = unmatched
		}
		out[i] = uint32(d)
	}
}

// all is the numbers of all rows.
func (k *numbering) all() []uint32 {
	out := make([]uint32, k.v.rows)
	for from := 0; from < len(out); from += piece {
		k.read(from, out[from:min(from+piece, len(out))])
	}
	return out
}
