package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// match numbers the key combinations of the right side, and finds those of the left side among them. A number may be
// that of a value that no row of the right side holds.
func (s *sides) match(o *join) error {
	left, err := atRest(s.x, s.left, o.leftKeys)
	if err != nil {
		return err
	}
	right, err := atRest(s.x, s.right, o.rightKeys)
	if err != nil {
		return err
	}
	s.leftIDs, s.rightIDs, s.keys = make([]uint32, s.left.rows), make([]uint32, s.right.rows), 1
	_, err = attended(s.x, 16*(s.left.rows+s.right.rows), func() struct{} {
		if len(left) > 0 {
			s.number(left, right)
		}
		s.rightRows = rowsOfKeys(s.rightIDs, s.keys)
		return struct{}{}
	})
	return err
}

// number numbers the first key, then the pairs of what is numbered and every other key.
func (s *sides) number(left, right []*vector) {
	own := make([]*numbering, len(left))
	pairs := make([]*pairIndex, len(left))
	for i := range left {
		l, r := matchKey(left[i], right[i])
		own[i] = l
		if i == 0 {
			s.rightIDs, s.keys = r.all(), r.n
			continue
		}
		pairs[i] = newPairIndex(s.right.rows)
		for row, id := range r.all() {
			s.rightIDs[row] = pairs[i].add(s.rightIDs[row], id)
		}
		s.keys = len(pairs[i].numbers)
	}
	next := make([]uint32, piece)
	for from := 0; from < len(s.leftIDs); from += piece {
		ids := s.leftIDs[from:min(from+piece, len(s.leftIDs))]
		own[0].read(from, ids)
		for i := 1; i < len(own); i++ {
			own[i].read(from, next[:len(ids)])
			pairs[i].findAll(ids, next)
		}
	}
}

// matchKey numbers the values of a key column of the right side, and gives those of the left side the same numbers.
func matchKey(left, right *vector) (l, r *numbering) {
	if t := keyType(left.typ, right.typ); t != left.typ || t != right.typ {
		left, right = convertVector(left, t), convertVector(right, t)
	}
	in, ok := intervalOf(right)
	if ok && left.codes == nil && left.nulls == nil && !left.constant {
		r = newNumbering(right)
		return &numbering{v: left, near: true, least: in.least, reach: in.width(), n: r.n}, r
	}
	left, right = unpackIntegers(left), unpackIntegers(right)
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
func matchBy[K comparable](left, right *vector, key func(*vector, int) K) (l, r *numbering) {
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
	return &numbering{v: left, n: len(index), table: own}, &numbering{v: right, n: len(index), table: theirs}
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

// findAll replaces numbers by those of their pairs with the other ones.
func (p *pairIndex) findAll(a, b []uint32) {
	for i, n := range a {
		if m := b[i]; n != unmatched && m != unmatched {
			a[i] = p.find(n, m)
		} else {
			a[i] = unmatched
		}
	}
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
