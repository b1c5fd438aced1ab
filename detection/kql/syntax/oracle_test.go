package syntax

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shared finds the folder of research data beside the repository, or skips the test.
func shared(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("GEIGER_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		candidate := filepath.Join(dir, "..", "shared")
		if _, err := os.Stat(filepath.Join(candidate, "kql")); err == nil {
			return candidate
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("no research data: ../shared is not there and GEIGER_SHARED is not set")
		}
		dir = parent
	}
}

// verdict is a query and whether Microsoft's parser takes it.
type verdict struct {
	ID      string `json:"id"`
	Query   string `json:"query"`
	ParseOK bool   `json:"parse_ok"`
	Expect  string `json:"expect"`
}

// verdicts reads the queries of a file of the research data.
func verdicts(t testing.TB, name string) []verdict {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t), "kql", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var list []verdict
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var v verdict
		require.NoError(t, json.Unmarshal(lines.Bytes(), &v))
		list = append(list, v)
	}
	require.NoError(t, lines.Err())
	return list
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
	for _, name := range []string{"real_rules.jsonl", "docs_bind_only.jsonl"} {
		for _, v := range verdicts(t, name) {
			_, diagnostics := Parse(&Source{Text: v.Query})
			if IsUnsupported(NewError(nil, diagnostics)) {
				continue // a management command
			}
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
