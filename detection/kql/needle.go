package kql

import (
	"strings"
	"unicode/utf8"
)

// needle is a text to find, with the term boundaries it needs. A boundary is needed on
// a side only if the operator asks for it there and the needle's own character on that
// side is part of a term: `"x a-b y" has "a-b"` needs both, `has "\\dir\\"` none.
type needle struct {
	text        string // folded unless sensitive
	sensitive   bool
	left, right bool
	ascii       bool
}

func newNeedle(text string, sensitive, left, right bool) needle {
	n := needle{text: text, sensitive: sensitive, ascii: isASCII(text)}
	if !sensitive {
		n.text = fold(text)
	}
	n.left = left && termAt(text, 0)
	n.right = right && termBefore(text, len(text))
	return n
}

// in reports whether some occurrence of the needle in s has the boundaries it needs.
func (n *needle) in(s string) bool { return n.find(s, isASCII(s)) }

// find is in for a text that is known to be ASCII or not.
func (n *needle) find(s string, ascii bool) bool {
	if n.text == "" {
		return true
	}
	if !n.sensitive {
		if n.ascii && ascii {
			return n.inASCII(s)
		}
		s = fold(s)
	}
	for from := 0; ; {
		i := strings.Index(s[from:], n.text)
		if i < 0 {
			return false
		}
		i += from
		if n.bounded(s, i) {
			return true
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		from = i + size
	}
}

// inASCII looks for a folded needle without folding the text.
func (n *needle) inASCII(s string) bool {
	first := n.text[0]
	upper := upperByte(first)
	for i := 0; i+len(n.text) <= len(s); i++ {
		if (s[i] == first || s[i] == upper) && hasFoldedPrefix(s[i:], n.text) && n.bounded(s, i) {
			return true
		}
	}
	return false
}

// bounded reports whether the occurrence at i has the boundaries.
func (n *needle) bounded(s string, i int) bool {
	return (!n.left || !termBefore(s, i)) && (!n.right || !termAt(s, i+len(n.text)))
}

// scanner finds several ASCII needles at once in a dictionary's arena, by the method of
// Wu and Manber: the last two bytes of a window, as wide as the shortest needle, say how
// far no needle can begin.
type scanner struct {
	needles []needle
	window  int
	shift   *[1 << 16]uint8
	starts  map[uint16][]int // needles by the two bytes that end their window
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
	s := &scanner{needles: needles, window: window, shift: new([1 << 16]uint8), starts: map[uint16][]int{}}
	for i := range s.shift {
		s.shift[i] = uint8(window - 1)
	}
	for i := range needles {
		s.add(i)
	}
	return s
}

func (s *scanner) add(index int) {
	n := &s.needles[index]
	for end := 2; end <= s.window; end++ {
		distance := uint8(s.window - end)
		for _, a := range n.spelled(end - 2) {
			for _, b := range n.spelled(end - 1) {
				pair := uint16(a)<<8 | uint16(b)
				s.shift[pair] = min(s.shift[pair], distance)
				if distance == 0 {
					s.starts[pair] = append(s.starts[pair], index)
				}
			}
		}
	}
}

// spelled lists the bytes that match the needle at i.
func (n *needle) spelled(i int) []byte {
	b := n.text[i]
	if u := upperByte(b); !n.sensitive && u != b {
		return []byte{b, u}
	}
	return []byte{b}
}

// any reports, for every value of the dictionary, whether it holds one of the needles.
func (s *scanner) any(d *dictionary) []bool {
	bits := make([]bool, len(d.values))
	text, value := d.arena, 0
	for p := 0; p+s.window <= len(text); {
		pair := uint16(text[p+s.window-2])<<8 | uint16(text[p+s.window-1])
		if skip := s.shift[pair]; skip > 0 {
			p += int(skip)
			continue
		}
		if !s.matchAt(text, p, pair) {
			p++
			continue
		}
		value = d.holding(p, value)
		bits[value] = true
		p = d.end(value) + 1
	}
	for _, v := range d.foreign {
		bits[v] = s.anyIn(d.values[v])
	}
	return bits
}

func (s *scanner) matchAt(text string, p int, pair uint16) bool {
	for _, i := range s.starts[pair] {
		n := &s.needles[i]
		if n.sensitive && strings.HasPrefix(text[p:], n.text) || !n.sensitive && hasFoldedPrefix(text[p:], n.text) {
			if n.bounded(text, p) {
				return true
			}
		}
	}
	return false
}

func (s *scanner) anyIn(text string) bool {
	ascii := isASCII(text)
	for i := range s.needles {
		if s.needles[i].find(text, ascii) {
			return true
		}
	}
	return false
}
