package kqltest_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
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
