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
