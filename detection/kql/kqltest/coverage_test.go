package kqltest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// longestFile is how many lines a file of the suite has at most: one for each family of operators or functions.
const longestFile = 300

func suite(t *testing.T) []*file {
	t.Helper()
	files, err := readFiles(os.DirFS("testdata"))
	require.NoError(t, err)
	return files
}

func TestOperatorsHaveCases(t *testing.T) {
	used := map[string]bool{}
	walkCases(t, func(n syntax.Node) {
		if op, ok := n.(syntax.Operator); ok {
			used[op.Keyword().Text] = true
		}
	})
	require.Empty(t, unused(used, syntax.OperatorWords()))
}

func TestBuiltinsHaveCases(t *testing.T) {
	// These name what only a database has, so that their cases say that it is not there.
	used := map[string]bool{
		"entity_group": true, "external_table": true, "graph": true, "materialized_view": true, "stored_query_result": true,
	}
	walkCases(t, func(n syntax.Node) {
		if call, ok := n.(*syntax.Call); ok {
			used[call.Name.Text] = true
		}
	})
	functions, aggregates, plugins := bind.Builtins()
	require.Empty(t, unused(used, functions), "functions")
	require.Empty(t, unused(used, aggregates), "aggregates")
	require.Empty(t, unused(used, plugins), "plugins")
}

// walkCases visits the nodes of all queries of the suite that give rows, or that the engine says it lacks.
func walkCases(t *testing.T, visit func(syntax.Node)) {
	t.Helper()
	for _, f := range suite(t) {
		for _, b := range f.blocks {
			if b.kind != queryBlock || len(b.outcome) > 0 && strings.HasPrefix(b.outcome[0], "error ") {
				continue
			}
			q, _ := syntax.Parse(&syntax.Source{Text: b.query()})
			syntax.Walk(q, func(n syntax.Node) bool {
				visit(n)
				return true
			})
		}
	}
}

// unused lists the words that are not used. Names that begin with two underscores are Kusto's own.
func unused(used map[string]bool, words []string) []string {
	var list []string
	for _, word := range words {
		if !used[word] && !strings.HasPrefix(word, "__") {
			list = append(list, word)
		}
	}
	return list
}

func TestFilesAreShortAndNameTheirSource(t *testing.T) {
	for _, f := range suite(t) {
		text := f.String()
		require.LessOrEqual(t, strings.Count(text, "\n"), longestFile, f.name)
		require.Contains(t, "\n"+text, "\n# source: https://learn.microsoft.com/kusto/", f.name)
	}
}
