package syntax

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeepNestingIsRefused(t *testing.T) {
	for _, s := range []string{"(", "a in (", "T | join (", "let a = () {", "f(a=", "T | mv-apply a on (", "T | fork (", "[", "dynamic([["} {
		source := &Source{Text: strings.Repeat(s, 3*maxDepth)}
		q, diagnostics := Parse(source)
		require.NotEmpty(t, diagnostics, s)
		require.NotPanics(t, func() { Print(q) }, s)
	}
}

func TestManyErrorsAreCapped(t *testing.T) {
	_, diagnostics := Parse(&Source{Text: strings.Repeat("T where ", 10*maxErrors)})
	require.Len(t, diagnostics, maxErrors)
}
