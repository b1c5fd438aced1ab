package powershell_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// render shows a result: standard output (|), standard error (!), what changed on the machine (*), the exit code.
func (r result) render() string {
	var b strings.Builder
	for mark, text := range map[string]string{"| ": r.stdout} {
		prefix(&b, mark, text)
	}
	prefix(&b, "! ", r.stderr)
	for _, e := range r.effects() {
		b.WriteString("* " + strings.ReplaceAll(strings.ReplaceAll(e, "\r", `\r`), "\n", `\n`) + "\n")
	}
	fmt.Fprintf(&b, "exit %d\n", r.code)
	return b.String()
}

func prefix(b *strings.Builder, mark, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n") {
		b.WriteString(strings.TrimRight(mark+line, " ") + "\n")
	}
}

// TestScripts runs testdata/*.txtar: each file NAME.ps1 is run as Invoke-AtomicRedTeam would run it, on one machine per
// archive, and the file NAME.want behind it holds what came of it. With NAME.line instead, the text is the whole
// command line. -update rewrites the results.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runArchive(t, file) })
	}
}

func runArchive(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	require.NoError(t, err)
	m := newMachine(t)
	var out []txtar.File
	for i := 0; i < len(archive.Files); i++ {
		f := archive.Files[i]
		out = append(out, f)
		text := strings.TrimSuffix(string(f.Data), "\n")
		var got string
		switch filepath.Ext(f.Name) {
		case ".ps1":
			got = m.run(t, text).render()
		case ".line":
			got = m.start(t, text, "").render()
		default:
			t.Fatalf("%s: unexpected file %s", file, f.Name)
		}
		want := ""
		name := strings.TrimSuffix(f.Name, filepath.Ext(f.Name)) + ".want"
		if i+1 < len(archive.Files) && archive.Files[i+1].Name == name {
			want = string(archive.Files[i+1].Data)
			i++
		}
		out = append(out, txtar.File{Name: name, Data: []byte(got)})
		if !*update {
			require.Empty(t, cmp.Diff(want, got), "%s: %s", f.Name, text)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(file, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: out}), 0o600))
	}
}
