package kqltest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// TestOperatorsHaveCases holds the list of operators that no case of the suite uses: it
// must be exact, so that a new case shortens it. -update writes it.
func TestOperatorsHaveCases(t *testing.T) {
	used := map[string]bool{}
	walkCases(t, func(n syntax.Node) {
		if op, ok := n.(syntax.Operator); ok {
			used[op.Keyword().Text] = true
		}
	})
	requireListed(t, "testdata/operators_without_cases.txt", unused(used, "", syntax.OperatorWords()))
}

// TestBuiltinsHaveCases does the same for functions, aggregates and plugins.
func TestBuiltinsHaveCases(t *testing.T) {
	used := map[string]bool{}
	walkCases(t, func(n syntax.Node) {
		if call, ok := n.(*syntax.Call); ok {
			used[call.Name.Text] = true
		}
	})
	functions, aggregates, plugins := bind.Builtins()
	list := unused(used, "function ", functions) + unused(used, "aggregate ", aggregates) + unused(used, "plugin ", plugins)
	requireListed(t, "testdata/builtins_without_cases.txt", list)
}

// walkCases visits the nodes of all queries of the suite.
func walkCases(t *testing.T, visit func(syntax.Node)) {
	t.Helper()
	queries, err := kqltest.Queries(os.DirFS("testdata"))
	require.NoError(t, err)
	for _, text := range queries {
		q, diagnostics := syntax.Parse(&syntax.Source{Text: text})
		if len(diagnostics) > 0 {
			continue
		}
		syntax.Walk(q, func(n syntax.Node) bool {
			visit(n)
			return true
		})
	}
}

// unused lists the words that are not used, a line for each. Names that begin with two underscores are Kusto's own.
func unused(used map[string]bool, prefix string, words []string) string {
	var b strings.Builder
	for _, word := range words {
		if !used[word] && !strings.HasPrefix(word, "__") {
			b.WriteString(prefix + word + "\n")
		}
	}
	return b.String()
}

// requireListed compares a list with a file, or writes the file.
func requireListed(t *testing.T, file, list string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(list), 0o644))
	}
	listed, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(listed), list, "run the tests of this package with -update")
}
