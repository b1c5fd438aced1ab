package cli_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab"
)

// block is a fenced block of the README: commands to type, or a file to write.
type block struct{ kind, title, text string }

var fence = regexp.MustCompile("(?ms)^```(sh|yaml|kql|csv)(?: title=(\\S+))?\n(.*?)^```$")

func readme(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	var blocks []block
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block{m[1], m[2], m[3]})
	}
	return blocks
}

// pictureWidth is where the README cuts the lines of its picture.
const pictureWidth = 120

var picture = regexp.MustCompile("(?ms)^```text\n\\$ go tool geiger run\n(.*?)^```$")

// TestReadmePicture holds the picture in the README to what the command prints today; -update draws it anew.
func TestReadmePicture(t *testing.T) {
	r := geiger(t.Context(), new(bytes.Buffer), "run")
	require.Zero(t, r.status, r.stderr)
	var want strings.Builder
	for line := range strings.Lines(r.stdout) {
		if runes := []rune(strings.TrimRight(line, "\n")); len(runes) > pictureWidth {
			line = string(runes[:pictureWidth-1]) + "…\n"
		}
		want.WriteString(line)
	}
	file := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	at := picture.FindSubmatchIndex(text)
	require.NotNil(t, at)
	if *update {
		text = slices.Concat(text[:at[2]], []byte(want.String()), text[at[3]:])
		require.NoError(t, os.WriteFile(file, text, 0o600))
		return
	}
	require.Equal(t, want.String(), string(text[at[2]:at[3]]))
}

// TestReadme types every command block of the README, in order, in a copy of the checkout. `go tool geiger` is this test
// binary; `go test` is the command that runs this test, so only its packages are checked to exist. The VM of the README
// is played by a lab.
func TestReadme(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here: the command blocks of the README are for a POSIX shell")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	host, err := lab.Start(t.Context(), lab.Options{Seed: 2, Random: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close()) })

	dir := t.TempDir()
	for _, name := range []string{"atomics", "detection", "harness", "scenarios", "testdata", "go.mod", "go.sum"} {
		target, err := filepath.Abs(filepath.Join("..", "..", name))
		require.NoError(t, err)
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	bin := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(bin, "geiger")))
	asVM := strings.NewReplacer(
		"computer: IIS01", "computer: "+host.Name(), "iis01.lab.example", fmt.Sprintf("127.0.0.1\n    port: %d", host.TLSPort()), "00:11:22", host.Fingerprint(),
	)
	script := prelude
	for _, b := range readme(t) {
		if b.kind != "sh" {
			require.NotEmpty(t, b.title, "a file in the README needs a name: ```yaml title=NAME")
			require.NoError(t, os.WriteFile(filepath.Join(dir, b.title), []byte(asVM.Replace(b.text)), 0o600))
			continue
		}
		script += typed(strings.ReplaceAll(b.text, "GEIGER_PASSWORD=...", "GEIGER_PASSWORD="+host.Password()))
	}
	c := exec.CommandContext(t.Context(), shell, "-c", script)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// prelude answers for `go` while the README is typed.
const prelude = `set -euo pipefail
go() {
	case "$1 $2" in
	"tool geiger") shift 2; geiger "$@" ;;
	"test "*) shift; for p in "$@"; do [ -d "${p%/...}" ]; done ;;
	*) echo "the README uses go $1, which its test does not know"; return 9 ;;
	esac
}
`

var exits = regexp.MustCompile(`^(.*?)\s+# exits with (\d+)`)

// typed shows each command before it runs, and expects the exit status that the README promises.
func typed(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		want := "0"
		if m := exits.FindStringSubmatch(line); m != nil {
			line, want = m[1], m[2]
		}
		if strings.HasPrefix(line, "export ") {
			b.WriteString(line + "\n")
			continue
		}
		fmt.Fprintf(&b, "echo %s\nstatus=0; %s || status=$?\n[ $status = %s ] || { echo \"exit status $status, expected %s\"; exit 1; }\n", shellQuote(line), line, want, want)
	}
	return b.String()
}

func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
