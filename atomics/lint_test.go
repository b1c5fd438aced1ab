package atomics_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
)

var update = flag.Bool("update", false, "rewrite the expected problems in testdata")

// TestLint reads txtar files: a technique, and the problems it has.
func TestLint(t *testing.T) {
	paths, err := filepath.Glob("testdata/lint/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, p := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(p)
			require.NoError(t, err)
			require.Len(t, archive.Files, 2)
			var got strings.Builder
			for _, problem := range atomics.Lint(archive.Files[0].Name, archive.Files[0].Data) {
				got.WriteString(problem.Error() + "\n")
			}
			if *update {
				archive.Files[1].Data = []byte(got.String())
				require.NoError(t, os.WriteFile(p, txtar.Format(archive), 0o600))
			}
			require.Equal(t, string(archive.Files[1].Data), got.String())
		})
	}
}

func TestBundledAtomicsHaveNoProblems(t *testing.T) {
	folder := atomics.BundledFolder()
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !d.IsDir() {
			text, err := fs.ReadFile(folder, name)
			require.NoError(t, err)
			require.Empty(t, atomics.Lint(name, text))
		}
		return nil
	})
	require.NoError(t, err)
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a: [":                      "T1.yaml:1:1: ",
		"x: 1":                      `T1.yaml:1:1: not a technique: it has no "attack_technique"`,
		"attack_technique: [1, 2]":  "T1.yaml:1:1: ",
		"attack_technique: T1\n- x": "T1.yaml:",
	} {
		_, err := atomics.Parse("T1.yaml", []byte(text))
		require.ErrorContains(t, err, want)
	}
}

func FuzzLint(f *testing.F) {
	text, err := fs.ReadFile(atomics.BundledFolder(), "T1505.004/T1505.004.yaml")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("attack_technique: T1000\natomic_tests: [{input_arguments: {a: }, executor: {name: manual}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// YAML ends lines at more characters than an editor does.
		lines := strings.Count(strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(text)), "\n") + 1
		for _, p := range atomics.Lint("T1000.yaml", text) {
			require.Positive(t, p.Line)
			require.LessOrEqual(t, p.Line, lines+1)
		}
		if technique, err := atomics.Parse("T1000.yaml", text); err == nil {
			for i := range technique.Tests {
				// Preparing may fail, but never panics.
				_, _ = technique.Tests[i].Prepare(nil, "C:\\")
			}
		}
	})
}
