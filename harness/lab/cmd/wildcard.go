package cmd

import (
	"strconv"
	"strings"
)

// matches says whether a file name matches a DOS pattern: * stands for any
// run, ? for one character or none at the end, *.* for every name, and a
// pattern that ends in a dot for names without an extension.
func matches(pattern, name string) bool {
	pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	if pattern == "*.*" || pattern == "*" {
		return true
	}
	if stem, ok := strings.CutSuffix(pattern, ".*"); ok && !strings.Contains(name, ".") && match(stem, name) {
		return true
	}
	if stem, ok := strings.CutSuffix(pattern, "."); ok {
		return !strings.Contains(name, ".") && match(stem, name)
	}
	return match(pattern, name)
}

func match(pattern, name string) bool {
	star, mark, p, n := -1, 0, 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' && name[n] != '.' || pattern[p] == name[n]):
			p++
			n++
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && pattern[p] == '?' && name[n] == '.':
			p++ // ? matches nothing in front of a dot
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*?") == ""
}

func hasWildcard(s string) bool { return strings.ContainsAny(s, "*?") }

func itoa(n int) string { return strconv.Itoa(n) }
