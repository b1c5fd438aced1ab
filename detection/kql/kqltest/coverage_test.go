package kqltest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// TestOperatorsHaveCases holds the list of operators that no case of the suite uses: it
// must be exact, so that a new case shortens it. -update writes it.
func TestOperatorsHaveCases(t *testing.T) {
	const name = "testdata/operators_without_cases.txt"
	queries, err := kqltest.Queries(os.DirFS("testdata"))
	require.NoError(t, err)
	used := map[string]bool{}
	for _, text := range queries {
		q, diagnostics := syntax.Parse(&syntax.Source{Text: text})
		if len(diagnostics) > 0 {
			continue
		}
		syntax.Walk(q, func(n syntax.Node) bool {
			if op, ok := n.(syntax.Operator); ok {
				used[op.Keyword().Text] = true
			}
			return true
		})
	}
	var missing strings.Builder
	for _, word := range syntax.OperatorWords() {
		if !used[word] {
			missing.WriteString(word + "\n")
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(missing.String()), 0o644))
	}
	listed, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(listed), missing.String(), "run the tests of this package with -update")
}
