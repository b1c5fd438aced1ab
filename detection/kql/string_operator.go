package kql

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// stringOperator is what an operator of "String operators" in the documentation asks.
type stringOperator struct {
	kind      matchKind
	sensitive bool
	negated   bool
}

type matchKind uint8

const (
	matchEqual matchKind = iota
	matchContains
	matchStart
	matchEnd
	matchTerm
	matchTermPrefix
	matchTermSuffix
	matchRegex
	matchAnyTerm
	matchAllTerms
	matchIn
)

// parseStringOperator knows the operators by their sign. == and != are not here: they
// become one when both sides are strings.
func parseStringOperator(sign string) (stringOperator, bool) {
	switch sign {
	case "=~":
		return stringOperator{kind: matchEqual}, true
	case "!~":
		return stringOperator{kind: matchEqual, negated: true}, true
	case "in", "!in":
		return stringOperator{kind: matchIn, sensitive: true, negated: sign[0] == '!'}, true
	case "in~", "!in~":
		return stringOperator{kind: matchIn, negated: sign[0] == '!'}, true
	case "matches regex":
		return stringOperator{kind: matchRegex, sensitive: true}, true
	case "has_any":
		return stringOperator{kind: matchAnyTerm}, true
	case "has_all":
		return stringOperator{kind: matchAllTerms}, true
	case "notcontains":
		return stringOperator{kind: matchContains, negated: true}, true
	}
	name, negated := strings.CutPrefix(sign, "!")
	name, sensitive := strings.CutSuffix(name, "_cs")
	kind, ok := map[string]matchKind{
		"contains": matchContains, "startswith": matchStart, "endswith": matchEnd, "has": matchTerm, ":": matchTerm,
		"hasprefix": matchTermPrefix, "hassuffix": matchTermSuffix,
	}[name]
	return stringOperator{kind: kind, sensitive: sensitive, negated: negated}, ok
}

// matcher is a predicate over texts, prepared for its needles. It is immutable.
type matcher struct {
	operator stringOperator
	key      string // identifies operator and needles, to remember answers by
	matches  func(string) bool
	// scan answers for all values of a dictionary; nil if matching each is as good.
	scan func(*dictionary) *answer
}

// newMatcher prepares an operator other than matches regex, whose pattern can be wrong.
func newMatcher(op stringOperator, needles []string) *matcher {
	m := &matcher{operator: op, key: matcherKey(op, needles)}
	switch op.kind {
	case matchEqual, matchIn:
		m.matches = memberOf(needles, op.sensitive)
	case matchStart:
		m.matches = startMatcher(needles[0], op.sensitive)
	case matchEnd:
		m.matches = endMatcher(needles[0], op.sensitive)
	case matchAllTerms:
		m.searchAll(op.needles(needles))
	default:
		m.searchAny(op.needles(needles))
	}
	return m
}

// newRegexMatcher prepares matches regex.
func newRegexMatcher(op stringOperator, pattern string) (*matcher, error) {
	re, err := function.CompilePattern(pattern)
	if err != nil {
		return nil, err
	}
	return &matcher{operator: op, key: matcherKey(op, []string{pattern}), matches: re.MatchString}, nil
}

func matcherKey(op stringOperator, needles []string) string {
	var key []byte
	key = append(key, byte(op.kind), byte('0'))
	if op.sensitive {
		key[1] = '1'
	}
	for _, n := range needles {
		key = append(strconv.AppendInt(key, int64(len(n)), 10), ':')
		key = append(key, n...)
	}
	return string(key)
}

// needles gives texts the boundaries that the operator asks for.
func (op stringOperator) needles(texts []string) []needle {
	left := op.kind != matchContains && op.kind != matchTermSuffix
	right := op.kind != matchContains && op.kind != matchTermPrefix
	out := make([]needle, len(texts))
	for i, t := range texts {
		out[i] = newNeedle(t, op.sensitive, left, right)
	}
	return out
}

// searchAny looks for one of the needles, all at once where they are fit for it.
func (m *matcher) searchAny(needles []needle) {
	scan := sync.OnceValue(func() *scanner { return newScanner(needles) })
	m.matches = func(s string) bool {
		if all := scan(); all != nil {
			return all.in(s)
		}
		ascii := isASCII(s)
		return slices.ContainsFunc(needles, func(n needle) bool { return n.find(s, ascii) })
	}
	m.scan = func(d *dictionary) *answer {
		if all := scan(); all != nil {
			return all.over(d)
		}
		return m.each(d.values)
	}
}

// searchAll looks for every needle.
func (m *matcher) searchAll(needles []needle) {
	parts := make([]*matcher, len(needles))
	for i := range needles {
		parts[i] = &matcher{}
		parts[i].searchAny(needles[i : i+1])
	}
	m.matches = func(s string) bool {
		return !slices.ContainsFunc(parts, func(p *matcher) bool { return !p.matches(s) })
	}
	m.scan = func(d *dictionary) *answer {
		if len(parts) == 0 {
			return m.each(d.values)
		}
		a := parts[0].scan(d)
		for _, p := range parts[1:] {
			a.and(p.scan(d))
		}
		return a.complete()
	}
}

// each matches values one by one.
func (m *matcher) each(values []string) *answer {
	a := newAnswer(len(values))
	for i, s := range values {
		if m.matches(s) {
			a.set(i)
		}
	}
	return a.complete()
}

// over answers for a stored dictionary, at most once for each question.
func (m *matcher) over(d *dictionary) *answer {
	return d.answer(m.key, func() *answer {
		if m.scan != nil {
			return m.scan(d)
		}
		return m.each(d.values)
	})
}

// memberOf is equality with one of the texts.
func memberOf(texts []string, sensitive bool) func(string) bool {
	set := make(map[string]bool, len(texts))
	var lengths [64]bool // of the texts, the last entry for all longer ones
	ascii := true
	for _, t := range texts {
		lengths[min(len(t), 63)] = true
		ascii = ascii && isASCII(t)
		if !sensitive {
			t = fold(t)
		}
		set[t] = true
	}
	if sensitive {
		return func(s string) bool { return lengths[min(len(s), 63)] && set[s] }
	}
	return func(s string) bool {
		if ascii && !lengths[min(len(s), 63)] && isASCII(s) {
			return false
		}
		return set[fold(s)]
	}
}

// startMatcher is startswith. Bytes that differ decide, unless one of them is not ASCII
// and may fold into it.
func startMatcher(text string, sensitive bool) func(string) bool {
	if sensitive {
		return func(s string) bool { return strings.HasPrefix(s, text) }
	}
	folded := fold(text)
	return func(s string) bool {
		for i := range len(folded) {
			switch {
			case i >= len(s):
				return false
			case lowerByte(s[i]) == folded[i] && folded[i] < utf8.RuneSelf:
			case s[i] < utf8.RuneSelf && folded[i] < utf8.RuneSelf:
				return false
			default:
				return strings.HasPrefix(fold(s), folded)
			}
		}
		return true
	}
}

// endMatcher is endswith, by the same reasoning from the end.
func endMatcher(text string, sensitive bool) func(string) bool {
	if sensitive {
		return func(s string) bool { return strings.HasSuffix(s, text) }
	}
	folded := fold(text)
	return func(s string) bool {
		for i := 1; i <= len(folded); i++ {
			if i > len(s) {
				return false
			}
			have, want := s[len(s)-i], folded[len(folded)-i]
			switch {
			case lowerByte(have) == want && want < utf8.RuneSelf:
			case have < utf8.RuneSelf && want < utf8.RuneSelf:
				return false
			default:
				return strings.HasSuffix(fold(s), folded)
			}
		}
		return true
	}
}

// texts flattens the right side of a list operator: scalars as their text, the elements
// of arrays one by one. Null lists nothing.
func texts(list []string, v value.Value) []string {
	if v.Type() != value.Dynamic {
		return append(list, v.String())
	}
	array, ok := v.Dynamic().([]any)
	if !ok {
		if v.IsNull() {
			return list
		}
		return append(list, v.String())
	}
	for _, e := range array {
		list = append(list, value.NewDynamic(e).String())
	}
	return list
}

// hasAnyIndex is the position of the first needle of the list that the text has as a
// term, or -1.
func hasAnyIndex(_ *function.Invocation, args []value.Value) value.Value {
	for i, t := range texts(nil, args[1]) {
		n := newNeedle(t, false, true, true)
		if n.in(args[0].String()) {
			return value.NewLong(int64(i))
		}
	}
	return value.NewLong(-1)
}
