package syntax

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/testdata"
)

// seeds are short texts with one of every construct.
func seeds(t testing.TB) []string {
	data, err := os.ReadFile("testdata/constructs.kql")
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(data)), "\n\n")
}

func TestConstructsParseAndPrint(t *testing.T) {
	for _, text := range seeds(t) {
		q, diagnostics := Parse(&Source{Text: text})
		require.NoError(t, NewError(q.Source, diagnostics))
		require.Equal(t, significantTokens(text), significantTokens(Print(q)))
		checkTree(t, q)
		checkStable(t, q)
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(testdata.Shared(b, "kql/seed_rule.kql"))
	require.NoError(b, err)
	source := &Source{Text: string(data)}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, diagnostics := Parse(source); len(diagnostics) > 0 {
			b.Fatal(diagnostics)
		}
	}
}
