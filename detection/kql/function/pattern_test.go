package function_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/function"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{`^\d+$`, "١٢", true},
		{`^\w+$`, "naïve_1", true},
		{`^[\w-]+$`, "é-b", true},
		{`^\S+$`, "a\u00a0b", false},
		{`(?i)POWER`, "power", true},
		{`(?<w>[a-z]+)`, "x", true},
		{`[]a]`, "]", true},
		{`\u0041`, "A", true},
		{`[^\D]`, "7", true},
		{`\\x\.dll`, `\x.dll`, true},
		{`a\_b\-c\/d`, "a_b-c/d", true},
	} {
		re, err := function.CompilePattern(c.pattern)
		require.NoError(t, err, c.pattern)
		require.Equal(t, c.want, re.MatchString(c.text), "%s on %q", c.pattern, c.text)
	}
	for _, pattern := range []string{`(?<= )x`, `(?=x)`, `(a)\1`, `[a-z&&[^b]]`, `(`, `[`, `\u12`} {
		_, err := function.CompilePattern(pattern)
		require.Error(t, err, pattern)
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{`\d+[\w-]`, `[[:alpha:]]`, `(?i)a|b`, `\u{41}`, `[^]a]\`} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, pattern string) {
		if re, err := function.CompilePattern(pattern); err == nil {
			re.MatchString("some text 1")
		}
	})
}
