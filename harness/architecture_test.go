package harness_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/seed-67b27da2/geiger/"

// allowed says which of our packages a package may import. An entry that ends in /... means a whole tree. A new package
// is a line here first.
var allowed = map[string][]string{
	"testdata":  {},
	"scenarios": {},
	"atomics":   {},

	"detection/kql/function": {"detection/kql/geo", "detection/kql/series", "detection/kql/sketch", "detection/kql/value"},
	"detection/kql/sketch":   {},
	"detection/kql/value":    {},
	"detection/kql/syntax":   {},
	"detection/kql/bind":     {"detection/kql/function", "detection/kql/syntax", "detection/kql/value"},
	"detection/kql/geo":      {},
	"detection/kql/series":   {},
	"detection/kql":          {"detection/kql/..."},
	"detection/kql/fleet":    {"detection/kql/value"},
	"detection/kql/kqltest":  {"detection/kql", "detection/kql/...", "detection/schema"},
	"detection/schema":       {"detection/kql", "detection/kql/..."},
	"detection/tablefile":    {"detection/kql", "detection/kql/value"},
	"detection":              {"detection/..."},

	"harness/telemetry": {},
	"harness/ingest":    {"harness/telemetry", "detection/..."},
	"harness":           {"atomics", "detection", "detection/...", "harness/telemetry", "harness/ingest"},
	"harness/scenario":  {"harness", "atomics", "detection", "detection/..."},
	"harness/journal":   {"harness"},
	"harness/report":    {"harness", "harness/telemetry"}, // what rules made of the rows comes to it as plain data
	"harness/doctor":    {"harness", "harness/lab/sensor", "harness/telemetry"},

	"harness/winrm":      {"harness", "harness/doctor", "harness/telemetry", "harness/winrm/..."},
	"harness/winrm/ntlm": {},

	// The lab knows nothing of tests, rules, or the harness: it is a host, and is reached like any other.
	"harness/lab":                   {"harness/lab/..."},
	"harness/lab/host":              {},
	"harness/lab/kernel":            {"harness/lab/host"},
	"harness/lab/kernel/kerneltest": {"harness/lab/host", "harness/lab/kernel"},
	"harness/lab/eventlog":          {"harness/lab/host"},
	"harness/lab/sensor":            {"harness/lab/host", "harness/lab/kernel", "harness/lab/eventlog"},
	"harness/lab/iis":               {"harness/lab/host", "harness/lab/kernel"},
	"harness/lab/cmd":               {"harness/lab/host", "harness/lab/kernel"},
	"harness/lab/native":            {"harness/lab/host", "harness/lab/kernel", "harness/lab/eventlog", "harness/lab/iis"},
	"harness/lab/powershell":        {"harness/lab/host", "harness/lab/kernel", "harness/lab/eventlog", "harness/lab/iis", "harness/lab/powershell/..."},
	"harness/lab/powershell/syntax": {},
	"harness/lab/noise":             {"harness/lab/host", "harness/lab/kernel", "harness/lab/iis"},
	"harness/lab/wsman":             {"harness/lab/wsman/..."},
	"harness/lab/wsman/ntlm":        {},
	"harness/lab/wsman/spnego":      {},

	"harness/embedded": {"harness", "harness/lab", "harness/winrm"},

	"harness/cli":        {"atomics", "detection", "detection/...", "harness", "harness/...", "scenarios"},
	"harness/cmd/geiger": {"harness/cli"},
	"scenarios/spec":     {"atomics", "detection", "detection/...", "harness", "harness/...", "scenarios"},
}

// TestImportsFlowOneWay parses the import clauses itself: `go list` would be answered from the test cache after another
// package has changed.
func TestImportsFlowOneWay(t *testing.T) {
	root := os.DirFS("..")
	seen := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		dir := path.Dir(name)
		seen[dir] = true
		rules, known := allowed[dir]
		require.True(t, known, "%s: a new package; say in architecture_test.go what it may import", dir)
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if own, ok := strings.CutPrefix(imported, module); ok && own != dir {
				require.True(t, permits(rules, own), "%s imports %s; %s may import only %v", name, own, dir, rules)
			}
		}
		return nil
	})
	require.NoError(t, err)
	for dir := range allowed {
		require.True(t, seen[dir], "%s is in architecture_test.go but has no Go file", dir)
	}
}

func permits(rules []string, imported string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		tree, whole := strings.CutSuffix(rule, "/...")
		return rule == imported || whole && strings.HasPrefix(imported, tree+"/")
	})
}

func TestTopLevelIsFixed(t *testing.T) {
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	want := []string{"LICENSE", "README.md", "atomics", "detection", "go.mod", "go.sum", "harness", "scenarios", "testdata"}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			got = append(got, e.Name())
		}
	}
	require.Equal(t, want, got)
}
