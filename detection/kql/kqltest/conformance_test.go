package kqltest_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

var update = flag.Bool("update", false, "write the outcomes of the cases into testdata instead of comparing them")

func TestConformance(t *testing.T) {
	var options []kqltest.Option
	if *update {
		options = append(options, kqltest.Update(func(name string, text []byte) error {
			return os.WriteFile(filepath.Join("testdata", name), text, 0o644)
		}))
	}
	kqltest.Run(t, os.DirFS("testdata"), kqltest.Offline, options...)
}

// FuzzPrint prints what is like the conformance cases: a print means the same as what was printed.
func FuzzPrint(f *testing.F) {
	queries, err := kqltest.Queries(os.DirFS("testdata"))
	require.NoError(f, err)
	for _, q := range queries {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, diagnostics := syntax.Parse(&syntax.Source{Text: query})
		if len(diagnostics) > 0 {
			return
		}
		printed := syntax.Print(q)
		again, diagnostics := syntax.Parse(&syntax.Source{Text: printed})
		require.Empty(t, diagnostics, printed)
		require.Equal(t, printed, syntax.Print(again))
	})
}
