package testdata

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Shared returns the path of a file or folder of the research data, which is too large, or not ours, to be committed.
// The name is slash separated and relative to the folder that the environment variable GEIGER_SHARED names (an absolute
// path), else to the folder "shared" beside the repository. The test is skipped, and says so, where the data is absent.
func Shared(t testing.TB, name string) string {
	t.Helper()
	file := filepath.Join(sharedFolder(t), filepath.FromSlash(name))
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("NOT TESTED against %s, which is not here: the shared research data lies beside the repository only on "+
			"the developers' machines; GEIGER_SHARED names its folder elsewhere", name)
	}
	require.NoError(t, err)
	return file
}

func sharedFolder(t testing.TB) string {
	t.Helper()
	if folder := os.Getenv("GEIGER_SHARED"); folder != "" {
		return folder
	}
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared")
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, dir, parent, "the test does not run inside the repository: no go.mod above its folder")
		dir = parent
	}
}

// OpenShared opens a file of the research data, unpacked if its name ends in .gz, until the test ends. Like [Shared], it
// skips the test where the data is absent.
func OpenShared(t testing.TB, name string) io.Reader {
	t.Helper()
	f, err := os.Open(Shared(t, name))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	unpacked, err := gzip.NewReader(f)
	require.NoError(t, err)
	return unpacked
}

// SharedLines decodes a file of the research data that holds one JSON value a line; a number of no given type stays a
// [json.Number]. Like [Shared], it skips the test where the data is absent.
func SharedLines[T any](t testing.TB, name string) []T {
	t.Helper()
	decoder := json.NewDecoder(OpenShared(t, name))
	decoder.UseNumber()
	var lines []T
	for {
		var line T
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "%s: value %d", name, len(lines)+1)
		lines = append(lines, line)
	}
	require.NotEmpty(t, lines, name)
	return lines
}

// NaturalForms returns the ways in which people write, in PowerShell, the activities that the lab must be able to run.
// Like [Shared], it skips the test where the data is absent.
func NaturalForms(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(Shared(t, "notes/lab-natural-forms.txt"))
	require.NoError(t, err)
	var forms []string
	for _, part := range regexp.MustCompile(`(?m)^###.*$`).Split(string(text), -1) {
		if part = strings.TrimSpace(part); part != "" {
			forms = append(forms, part)
		}
	}
	return forms
}
