package syntax_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// FuzzParse parses what is like the constructs and the conformance suite: spans lie within the text and within one
// another, every diagnostic can be shown, and what is printed is printed the same again.
func FuzzParse(f *testing.F) {
	queries, err := kqltest.Queries(os.DirFS("../kqltest/testdata"))
	require.NoError(f, err)
	for _, text := range append(queries, syntax.Seeds(f)...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		source := &syntax.Source{Text: text}
		q, diagnostics := syntax.Parse(source)
		syntax.CheckTree(t, q)
		for _, d := range diagnostics {
			require.LessOrEqual(t, 0, d.Span.Start)
			require.LessOrEqual(t, d.Span.Start, d.Span.End)
			require.LessOrEqual(t, d.Span.End, len(text))
			require.NotEmpty(t, source.Describe(d))
		}
		if len(diagnostics) == 0 {
			syntax.CheckStable(t, q)
		} else {
			syntax.Print(q) // what can be made of it
		}
	})
}
