package kql

import "strings"

// scanner finds the places where one of several ASCII needles begins, by the method of Wu and Manber: the last two bytes
// of a window, as wide as the shortest needle, say how far no needle can begin.
type scanner struct {
	needles []needle
	window  int
	shift   [pairs]uint8
	begins  [pairs]bool      // a needle begins with the pair
	ends    map[uint32][]int // needles by the pair that ends their window
}

// A pair is two bytes, of which letters are told apart but for their case, and some signs are not: a table for these few
// pairs stays in the fastest memory.
const (
	pairBits = 12
	pairs    = 1 << pairBits
)

// pairOf mixes two bytes into pairBits bits, after setting the bit in which upper and lower case differ.
func pairOf(a, b byte) uint32 {
	return ((uint32(a) | uint32(b)<<8 | 0x2020) * 0x9e3779b1) >> (32 - pairBits)
}

// newScanner gives nil if the needles are not fit for it: too short, not ASCII, or with
// the NUL that ends the values of an arena.
func newScanner(needles []needle) *scanner {
	window := 255
	for i := range needles {
		n := &needles[i]
		if !n.ascii || len(n.text) < 2 || strings.Contains(n.text, "\x00") {
			return nil
		}
		window = min(window, len(n.text))
	}
	if len(needles) == 0 {
		return nil
	}
	s := &scanner{needles: needles, window: window, ends: map[uint32][]int{}}
	for i := range s.shift {
		s.shift[i] = uint8(window - 1)
	}
	for i := range needles {
		s.add(i)
	}
	return s
}

func (s *scanner) add(index int) {
	text := s.needles[index].text
	for end := 2; end <= s.window; end++ {
		distance := uint8(s.window - end)
		pair := pairOf(text[end-2], text[end-1])
		s.shift[pair] = min(s.shift[pair], distance)
		if distance == 0 {
			s.ends[pair] = append(s.ends[pair], index)
		}
	}
	s.begins[pairOf(text[0], text[1])] = true
}

// next is the first place at or after from where a needle stands with the boundaries it needs, or -1. It decides how
// fast an unknown question is answered, and is all that a vector kernel would have to do instead.
func (s *scanner) next(text string, from int) int {
	last := s.window - 1
	for p := from + last; p < len(text); {
		pair := pairOf(text[p-1], text[p])
		if skip := s.shift[pair]; skip > 0 {
			p += int(skip)
			continue
		}
		if first := p - last; s.begins[pairOf(text[first], text[first+1])] && s.matchAt(text, first, pair) {
			return first
		}
		p++
	}
	return -1
}

func (s *scanner) matchAt(text string, p int, pair uint32) bool {
	for _, i := range s.ends[pair] {
		n := &s.needles[i]
		if n.sensitive && strings.HasPrefix(text[p:], n.text) || !n.sensitive && hasFoldedPrefix(text[p:], n.text) {
			if n.bounded(text, p) {
				return true
			}
		}
	}
	return false
}

// over reports, for every value of the dictionary, whether it holds one of the needles.
func (s *scanner) over(d *dictionary) *answer {
	a := newAnswer(len(d.values))
	value, end := 0, 0
	for p := s.next(d.arena, 0); p >= 0; p = s.next(d.arena, end+1) {
		value, end = d.holding(p, value)
		a.set(value)
	}
	for _, v := range d.foreign {
		a.bits[v>>6] &^= 1 << (v & 63)
		if s.foundIn(d.values[v]) {
			a.set(int(v))
		}
	}
	return a.complete()
}

// in reports whether a text holds one of the needles.
func (s *scanner) in(text string) bool {
	if isASCII(text) {
		return s.next(text, 0) >= 0
	}
	return s.foundIn(text)
}

// foundIn is in for texts whose case needs Unicode.
func (s *scanner) foundIn(text string) bool {
	for i := range s.needles {
		if s.needles[i].find(text, false) {
			return true
		}
	}
	return false
}
