package kql

import (
	"math"
	"math/bits"
)

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
	flip := uint64(0)
	if negated {
		flip = ^flip
	}
	switch {
	case a.bytes != nil && codes.bytes != nil:
		keepByBytes(s, codes.bytes, a.bytes, flip)
	case a.bytes != nil && codes.halves != nil:
		keepByBytes(s, codes.halves, a.bytes, flip)
	case codes.bytes != nil:
		keepByBits(s, codes.bytes, a.bits, flip)
	case codes.halves != nil:
		keepByBits(s, codes.halves, a.bits, flip)
	default:
		keepByBits(s, codes.words, a.bits, flip)
	}
}

// keepByBytes keeps the rows whose code has a one, after flipping all answers. Of full words the loop takes four rows at
// a time, whose bits do not wait for each other.
func keepByBytes[T uint8 | uint16](s *rowset, codes []T, answers []uint8, flip uint64) {
	for i, w := range s.words {
		switch {
		case w == 0:
		case len(codes) < i*64+64 || bits.OnesCount64(w) < sparse:
			hits := uint64(0)
			for rest := w; rest != 0; rest &= rest - 1 {
				j := bits.TrailingZeros64(rest)
				hits |= uint64(answers[codes[i*64+j]]) << j
			}
			s.words[i] = w & (hits ^ flip)
		default:
			part := (*[64]T)(codes[i*64:])
			var a, b, c, d uint64
			for j := range 16 {
				a = a>>1 | uint64(answers[part[j]])<<15
				b = b>>1 | uint64(answers[part[j+16]])<<15
				c = c>>1 | uint64(answers[part[j+32]])<<15
				d = d>>1 | uint64(answers[part[j+48]])<<15
			}
			s.words[i] = w & ((a | b<<16 | c<<32 | d<<48) ^ flip)
		}
	}
}

// keepByBits is keepByBytes for answers that are bits.
func keepByBits[T uint8 | uint16 | uint32](s *rowset, codes []T, answers []uint64, flip uint64) {
	bit := func(c T) uint64 { return answers[c>>6] >> (c & 63) & 1 }
	for i, w := range s.words {
		switch {
		case w == 0:
		case len(codes) < i*64+64 || bits.OnesCount64(w) < sparse:
			hits := uint64(0)
			for rest := w; rest != 0; rest &= rest - 1 {
				j := bits.TrailingZeros64(rest)
				hits |= bit(codes[i*64+j]) << j
			}
			s.words[i] = w & (hits ^ flip)
		default:
			part := (*[64]T)(codes[i*64:])
			var a, b, c, d uint64
			for j := range 16 {
				a = a>>1 | bit(part[j])<<15
				b = b>>1 | bit(part[j+16])<<15
				c = c>>1 | bit(part[j+32])<<15
				d = d>>1 | bit(part[j+48])<<15
			}
			s.words[i] = w & ((a | b<<16 | c<<32 | d<<48) ^ flip)
		}
	}
}

// keepOrdered keeps the rows whose number stands to the bound as the sign says. Blocks of which all or no numbers do
// are not looked into.
func (s *rowset) keepOrdered(p *packed, sign relationSign, bound int64) {
	in, some := sign.interval(bound)
	negated := sign == isLess|isGreater
	for i := range p.blocks {
		b := &p.blocks[i]
		words := s.words[i*blockRows/64 : min((i+1)*blockRows/64, len(s.words))]
		switch {
		case !some || in.most < b.least || b.most < in.least:
			if !negated {
				clear(words)
			}
		case in.least <= b.least && b.most <= in.most:
			if negated {
				clear(words)
			}
		default:
			b.keepWithin(words, interval{max(in.least, b.least), min(in.most, b.most)}, negated)
		}
	}
}

// interval is the numbers that a sign accepts, or for != those that it does not; false if there are none.
func (s relationSign) interval(bound int64) (interval, bool) {
	in := interval{math.MinInt64, math.MaxInt64}
	switch s {
	case isLess:
		in.most = bound - 1
		return in, bound != math.MinInt64
	case isLess | isEqual:
		in.most = bound
	case isGreater:
		in.least = bound + 1
		return in, bound != math.MaxInt64
	case isGreater | isEqual:
		in.least = bound
	default:
		in = interval{bound, bound}
	}
	return in, true
}

// keepWithin keeps the rows of a block whose number lies in an interval, or if negated does not. Both ends of the
// interval lie in the block's own.
func (b *block) keepWithin(words []uint64, in interval, negated bool) {
	flip := uint64(0)
	if negated {
		flip = ^flip
	}
	low, width := uint64(in.least)-uint64(b.least), uint64(in.most)-uint64(in.least)
	switch {
	case b.wide != nil:
		keepRange(words, b.wide, uint64(in.least), width, flip)
	case b.above.bytes != nil:
		keepRange(words, b.above.bytes, low, width, flip)
	case b.above.halves != nil:
		keepRange(words, b.above.halves, low, width, flip)
	default:
		keepRange(words, b.above.words, low, width, flip)
	}
}

// keepRange keeps the rows whose number is at most width above low, modulo 2^64, after flipping all bits.
func keepRange[T uint8 | uint16 | uint32 | int64](words []uint64, numbers []T, low, width, flip uint64) {
	for i, w := range words {
		if w == 0 {
			continue
		}
		hits := uint64(0)
		for j, n := range numbers[i*64 : min(i*64+64, len(numbers))] {
			_, outside := bits.Sub64(width, uint64(n)-low, 0)
			hits |= (1 - outside) << (j & 63)
		}
		words[i] = w & (hits ^ flip)
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
