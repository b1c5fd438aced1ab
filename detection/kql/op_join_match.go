package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// unmatched is the key number of a row whose keys the other side does not have. A number below it may still be that of a
// value that no row of the other side holds.
const unmatched = math.MaxUint32

// match numbers the key combinations of the right side, and finds those of the left side among them.
func (s *sides) match(o *join) error {
	left, err := evalAll(s.x, s.left, o.leftKeys)
	if err != nil {
		return err
	}
	right, err := evalAll(s.x, s.right, o.rightKeys)
	if err != nil {
		return err
	}
	var l, r []uint32
	n := 1
	for i := range left {
		t := keyType(left[i].typ, right[i].typ)
		own, theirs, size := matchKey(convertVector(left[i], t), convertVector(right[i], t))
		if i == 0 {
			l, r, n = own, theirs, size
			continue
		}
		l, r, n = pairKeys(l, own, r, theirs)
	}
	if len(left) == 0 {
		l, r = make([]uint32, s.left.rows), make([]uint32, s.right.rows)
	}
	s.leftIDs, s.rightIDs, s.keys = l, r, n
	s.rightRows = rowsOfKeys(r, n)
	return s.x.ctx.Err()
}

// matchKey numbers the values of a key column on the right side, and finds those of the left side among them.
func matchKey(left, right *vector) (l, r []uint32, n int) {
	if storageOf(right.typ) == inInts {
		if in, ok := intervalOf(right); ok {
			return matchClose(left, right, in)
		}
	}
	switch storageOf(right.typ) {
	case inStrings:
		return matchBy(left, right, func(v *vector, i int) string { return v.strs[i] })
	case inInts:
		return matchBy(left, right, func(v *vector, i int) [2]int64 {
			if v.isNull(i) {
				return [2]int64{0, 1}
			}
			return [2]int64{v.ints[i], 0}
		})
	case inReals:
		return matchBy(left, right, func(v *vector, i int) [2]uint64 {
			if v.isNull(i) {
				return [2]uint64{0, 1}
			}
			return [2]uint64{math.Float64bits(v.reals[i]), 0}
		})
	default:
		return matchBy(left, right, func(v *vector, i int) string { return value.Key(v.at(i)) })
	}
}

// matchBy matches by what a payload entry is known by.
func matchBy[K comparable](left, right *vector, key func(*vector, int) K) (l, r []uint32, n int) {
	index := make(map[K]uint32, min(right.size(), 1024))
	theirs := make([]uint32, right.size())
	for i := range theirs {
		k := key(right, i)
		id, ok := index[k]
		if !ok {
			id = uint32(len(index))
			index[k] = id
		}
		theirs[i] = id
	}
	own := make([]uint32, left.size())
	for i := range own {
		own[i] = unmatched
		if id, ok := index[key(left, i)]; ok {
			own[i] = id
		}
	}
	return left.spread(own), right.spread(theirs), len(index)
}

// interval is the least and the greatest of some integers.
type interval struct{ least, most int64 }

// intervalOf is the interval of a column of integers that lie close enough together for a table, none of them null.
func intervalOf(v *vector) (interval, bool) {
	const most = 1 << 22
	if v.nulls != nil || len(v.ints) == 0 {
		return interval{}, false
	}
	in := interval{v.ints[0], v.ints[0]}
	for _, n := range v.ints {
		in.least, in.most = min(in.least, n), max(in.most, n)
	}
	return in, uint64(in.most)-uint64(in.least) < most
}

// matchClose matches integers that lie close together.
func matchClose(left, right *vector, in interval) (l, r []uint32, n int) {
	table := make([]uint32, in.most-in.least+1) // one more than the number of the key
	theirs := make([]uint32, len(right.ints))
	for i, x := range right.ints {
		id := &table[x-in.least]
		if *id == 0 {
			n++
			*id = uint32(n)
		}
		theirs[i] = *id - 1
	}
	own := make([]uint32, len(left.ints))
	for i, x := range left.ints {
		own[i] = unmatched
		if at := uint64(x) - uint64(in.least); at < uint64(len(table)) && !left.isNull(i) {
			own[i] = table[at] - 1 // of none, unmatched
		}
	}
	return left.spread(own), right.spread(theirs), n
}

// pairKeys numbers the pairs of two keys.
func pairKeys(a, b, c, d []uint32) (l, r []uint32, n int) {
	p := newPairIndex(len(c))
	r = make([]uint32, len(c))
	for i := range c {
		r[i] = p.add(c[i], d[i])
	}
	l = make([]uint32, len(a))
	for i, key := range a {
		l[i] = unmatched
		if key != unmatched && b[i] != unmatched {
			l[i] = p.find(key, b[i])
		}
	}
	return l, r, len(p.numbers)
}

// pairIndex numbers pairs. Most that are looked up are not in it, which its bits tell without a look into the map.
type pairIndex struct {
	numbers map[uint64]uint32
	bits    []uint64
	shift   uint
}

// newPairIndex is for up to n pairs.
func newPairIndex(n int) *pairIndex {
	p := &pairIndex{numbers: map[uint64]uint32{}, shift: 64 - 12}
	for p.shift > 64-26 && 1<<(64-p.shift) < 32*n {
		p.shift--
	}
	p.bits = make([]uint64, 1<<(64-p.shift)/64)
	return p
}

func (p *pairIndex) bit(key uint64) (word int, mask uint64) {
	at := key * 0x9e3779b97f4a7c15 >> p.shift
	return int(at >> 6), 1 << (at & 63)
}

func (p *pairIndex) add(a, b uint32) uint32 {
	key := uint64(a)<<32 | uint64(b)
	id, ok := p.numbers[key]
	if !ok {
		id = uint32(len(p.numbers))
		p.numbers[key] = id
		word, mask := p.bit(key)
		p.bits[word] |= mask
	}
	return id
}

func (p *pairIndex) find(a, b uint32) uint32 {
	key := uint64(a)<<32 | uint64(b)
	if word, mask := p.bit(key); p.bits[word]&mask == 0 {
		return unmatched
	}
	if id, ok := p.numbers[key]; ok {
		return id
	}
	return unmatched
}

// keyRows lists rows by the number of their key.
type keyRows struct {
	starts []uint32
	rows   []uint32
}

// rowsOfKeys sorts the rows of a side by their keys, which are below n or unmatched.
func rowsOfKeys(ids []uint32, n int) keyRows {
	k := keyRows{starts: make([]uint32, n+1)}
	for _, id := range ids {
		if id != unmatched {
			k.starts[id+1]++
		}
	}
	for i := range n {
		k.starts[i+1] += k.starts[i]
	}
	k.rows = make([]uint32, k.starts[n])
	next := append([]uint32(nil), k.starts...)
	for row, id := range ids {
		if id != unmatched {
			k.rows[next[id]] = uint32(row)
			next[id]++
		}
	}
	return k
}

// of lists the rows with a key in ascending order.
func (k *keyRows) of(id uint32) []uint32 {
	if id == unmatched {
		return nil
	}
	return k.rows[k.starts[id]:k.starts[id+1]]
}
