package kql

import "math/bits"

// rowset is a set of the rows of a stored table, one bit each. The conjuncts of a condition clear the bits of rows that
// they turn away, before the rows that are left are listed.
type rowset struct {
	words []uint64
	rows  int
}

// allRowsOf is the set of all rows below n.
func allRowsOf(n int) *rowset {
	s := &rowset{words: make([]uint64, (n+63)/64), rows: n}
	for i := range s.words {
		s.words[i] = ^uint64(0)
	}
	if rest := n % 64; rest != 0 {
		s.words[len(s.words)-1] = 1<<rest - 1
	}
	return s
}

func (s *rowset) clone() *rowset {
	return &rowset{words: append([]uint64(nil), s.words...), rows: s.rows}
}

// count is the number of rows in the set.
func (s *rowset) count() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// list gives the rows in ascending order.
func (s *rowset) list() []uint32 {
	out := make([]uint32, 0, s.count())
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint32(i*64+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// remove takes the rows of another set out.
func (s *rowset) remove(other *rowset) {
	for i, w := range other.words {
		s.words[i] &^= w
	}
}

// sparse is how many bits of a word make it worth looking at every row of it.
const sparse = 12

// keepCodes keeps the rows whose code has the wanted answer.
func (s *rowset) keepCodes(codes *narrow, a *answer, negated bool) {
	switch {
	case codes.bytes != nil:
		keepShort(s, codes.bytes, a.table(1<<8, negated))
	case codes.halves != nil:
		keepShort(s, codes.halves, a.table(1<<16, negated))
	default:
		flip := uint64(0)
		if negated {
			flip = ^flip
		}
		s.keepLong(codes.words, a.bits, flip)
	}
}

// keepShort keeps the rows whose code has a one in the table, which has an entry for every code there can be.
func keepShort[T uint8 | uint16](s *rowset, codes []T, table []uint8) {
	for i, w := range s.words {
		if w == 0 {
			continue
		}
		part := codes[i*64 : min(i*64+64, len(codes))]
		if bits.OnesCount64(w) < sparse {
			for rest := w; rest != 0; rest &= rest - 1 {
				j := bits.TrailingZeros64(rest)
				w &^= uint64(1-table[part[j]]) << j
			}
			s.words[i] = w
			continue
		}
		hits := uint64(0)
		for j, c := range part {
			hits |= uint64(table[c]) << (j & 63)
		}
		s.words[i] = w & hits
	}
}

// keepLong keeps the rows whose code has a bit, after flipping all bits.
func (s *rowset) keepLong(codes []uint32, answers []uint64, flip uint64) {
	for i, w := range s.words {
		if w == 0 {
			continue
		}
		part := codes[i*64 : min(i*64+64, len(codes))]
		if bits.OnesCount64(w) < sparse {
			for rest := w; rest != 0; rest &= rest - 1 {
				j := bits.TrailingZeros64(rest)
				c := part[j]
				w &^= (^(answers[c>>6] ^ flip) >> (c & 63) & 1) << j
			}
			s.words[i] = w
			continue
		}
		hits := uint64(0)
		for j, c := range part {
			hits |= (answers[c>>6] >> (c & 63) & 1) << (j & 63)
		}
		s.words[i] = w & (hits ^ flip)
	}
}

// keepOrdered keeps the rows whose number stands to the bound as the sign says. Blocks of which all or no numbers do
// are not looked into.
func (s *rowset) keepOrdered(p *packed, sign relationSign, bound int64) {
	accepts := func(n int64) bool { return sign.accepts(compareInts(n, bound)) }
	for i := range p.blocks {
		b := &p.blocks[i]
		words := s.words[i*blockRows/64 : min((i+1)*blockRows/64, len(s.words))]
		switch low, high := compareInts(b.least, bound), compareInts(b.most, bound); {
		case low == high && low != 0 || b.least == b.most:
			if !sign.accepts(low) {
				clear(words)
			}
		case low == 0 && high > 0 && sign == isEqual|isGreater, low < 0 && high == 0 && sign == isEqual|isLess:
		default:
			for k, w := range words {
				for rest := w; rest != 0; rest &= rest - 1 {
					j := bits.TrailingZeros64(rest)
					if !accepts(b.at(k*64 + j)) {
						w &^= 1 << j
					}
				}
				words[k] = w
			}
		}
	}
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
