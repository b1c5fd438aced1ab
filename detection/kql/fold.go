package kql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Case-insensitive operators compare by Unicode simple case folding. Which folding the
// service uses is not documented; for ASCII, which is all that rules use as needles,
// there is no difference.

// foldRune gives the representative of the runes that are equal but for case.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least < utf8.RuneSelf {
		return unicode.ToLower(least)
	}
	return least
}

// fold gives the text that equals that of every spelling which differs only in case.
func fold(s string) string { return strings.Map(foldRune, s) }

// isASCII reports whether all bytes are below 0x80.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lowerByte folds an ASCII byte.
func lowerByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

// upperByte gives the upper case of an ASCII byte.
func upperByte(b byte) byte {
	if 'a' <= b && b <= 'z' {
		b -= 'a' - 'A'
	}
	return b
}

// hasFoldedPrefix reports whether s begins with a needle that is folded ASCII.
func hasFoldedPrefix(s, needle string) bool {
	if len(s) < len(needle) {
		return false
	}
	for i := range len(needle) {
		if lowerByte(s[i]) != needle[i] {
			return false
		}
	}
	return true
}

// isTermRune reports whether r is part of a term: letters and digits are, and nothing
// else (datatypes-string-operators, "What is a term?").
func isTermRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// termBefore reports whether the rune that ends at i is part of a term.
func termBefore(s string, i int) bool {
	if i == 0 {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return isTermRune(r)
}

// termAt reports whether the rune that begins at i is part of a term.
func termAt(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return isTermRune(r)
}
