package kql

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func matches(t *testing.T, sign, text string, needles ...string) bool {
	t.Helper()
	op, ok := parseStringOperator(sign)
	require.True(t, ok, sign)
	m := newMatcher(op, needles)
	hit := m.matches(text)
	require.Equal(t, hit, m.over(newDictionary([]string{"x", text, "y"})).has(1), "%q %s %q over a dictionary", text, sign, needles)
	return hit != op.negated
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		text, sign, needle string
		want               bool
	}{
		{"a-b", "has", "a", true},
		{"ab", "has", "a", false},
		{"a_b", "has", "a", true},
		{"éa", "has", "a", false},
		{"x a-b y", "has", "A-B", true},
		{"xa b", "has", "a ", false},
		{"a b", "has", "a ", true},
		{"x ab y", "has", " a", false},
		{"x ab y", "hasprefix", " a", true},
		{"x ab y", "hassuffix", " a", false},
		{"anything", "has", "", true},
		{"a b", "has", " ", true},
		{`C:\Windows\System32\inetsrv\x.dll`, "has", `\system32\INETSRV\`, true},
		{`C:\Windows\System32\inetsrv2\x.dll`, "has", `system32\inetsrv`, false},
		{`C:\Windows\System32\inetsrv2\x.dll`, "contains", `system32\inetsrv`, true},
		{"x.dll", "has", ".dll", true},
		{"x.dlls", "has", ".dll", false},
		{"x.dll.bak", "has", ".dll", true},
		{"W3SVC1", "has", "W3SVC", false},
		{"ImagePath", "has", "Path", false},
		{"Image Path", "has", "Path", true},
		{"xab ab", "has", "ab", true},
		{"Kelvin \u212a", "has", "k", true},
		{"\u212aelvin", "contains", "KEL", true},
		{"STRASSE", "has_cs", "strasse", false},
		{"STRASSE", "!has_cs", "strasse", true},
		{"ab", "startswith", "A", true},
		{"ab", "startswith_cs", "A", false},
		{"ab", "endswith", "B", true},
		{"b", "endswith", "ab", false},
		{"Über", "startswith", "über", true},
		{"Ab", "=~", "aB", true},
		{"Ab", "!~", "aB", false},
		{"Ab", "in", "ab", false},
		{"Ab", "in~", "ab", true},
		{"Ab", "!in~", "ab", false},
	} {
		require.Equal(t, c.want, matches(t, c.sign, c.text, c.needle), "%q %s %q", c.text, c.sign, c.needle)
	}
	require.True(t, matches(t, "has_any", "alpha beta", "zeta", "beta"))
	require.False(t, matches(t, "has_all", "alpha beta", "zeta", "beta"))
	require.True(t, matches(t, "has_all", "alpha beta"), "every text has all of nothing")
	require.False(t, matches(t, "has_any", "alpha beta"), "no text has any of nothing")
}

// TestScannerAgreesWithSearch compares the scan of a whole dictionary with the search of
// each text, over texts and needles of a small alphabet in which everything happens.
func TestScannerAgreesWithSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	word := func(n int) string {
		const alphabet = "aAbB1.\\ _éÉK\u212a"
		letters := []rune(alphabet)
		var out strings.Builder
		for range r.IntN(n) {
			out.WriteRune(letters[r.IntN(len(letters))])
		}
		return out.String()
	}
	signs := []string{"has", "has_cs", "contains", "contains_cs", "hasprefix", "hassuffix", "has_any", "has_all"}
	for range 3000 {
		values := map[string]bool{}
		for range 1 + r.IntN(20) {
			values[word(14)] = true
		}
		var list []string
		for v := range values {
			list = append(list, v)
		}
		op, _ := parseStringOperator(signs[r.IntN(len(signs))])
		needles := []string{word(4)}
		if op.kind == matchAnyTerm || op.kind == matchAllTerms {
			needles = append(needles, word(5), word(6))
		}
		m := newMatcher(op, needles)
		require.Equal(t, m.each(list), m.over(newDictionary(list)), "%v %q %q", op, needles, list)
	}
}
