package syntax

import (
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/testdata"
)

// verdict is a query and whether Microsoft's parser takes it.
type verdict struct {
	ID      string `json:"id"`
	Query   string `json:"query"`
	ParseOK bool   `json:"parse_ok"`
	Expect  string `json:"expect"`
}

// knownDifferences reads the queries on which this parser is known to differ from Microsoft's.
func knownDifferences(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/differences.txt")
	require.NoError(t, err)
	var list []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			id, _, _ := strings.Cut(line, " ")
			list = append(list, id)
		}
	}
	return list
}

func TestAgreesWithMicrosoftsParser(t *testing.T) {
	differ := []string{}
	for _, name := range []string{"kql/real_rules.jsonl", "kql/docs_bind_only.jsonl"} {
		for _, v := range testdata.SharedLines[verdict](t, name) {
			_, diagnostics := Parse(&Source{Text: v.Query})
			if got := len(diagnostics) == 0; got != v.ParseOK {
				differ = append(differ, v.ID)
				t.Logf("%s: parses %v here, %v there", v.ID, got, v.ParseOK)
				for _, d := range diagnostics {
					t.Log((&Source{Text: v.Query}).Describe(d))
				}
			}
		}
	}
	sort.Strings(differ)
	require.Equal(t, knownDifferences(t), differ, "the committed list of differences must be exact")
}
