package cmd

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

var update = flag.Bool("update", false, "rewrite the expected results of testdata/*.txtar")

// machine is a computer with cmd.exe and two programs that show what they get.
type machine struct {
	k        *kernel.Kernel
	p        *kernel.Process
	activity []string
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	k := kernel.New(host.New(host.Options{Seed: 1}))
	m := &machine{k: k}
	parent, ok := k.ServiceProcess("DcomLaunch")
	require.True(t, ok)
	token, err := k.Logon(parent, "Administrator", kernel.LogonNetwork, "", "NTLM")
	require.NoError(t, err)
	for name, program := range map[string]kernel.Program{"args.exe": showArguments, "upper.exe": upper} {
		path := `C:\Tools\` + name
		k.Host().FS.Put(host.Image(path, host.Version{}))
		k.Install(path, program)
	}
	k.Install(`C:\Windows\System32\cmd.exe`, Program(k))
	env := k.Environment(token)
	env.Set("PATH", `C:\Tools;`+env.Get("PATH"))
	m.p, err = k.StartResident(context.Background(), parent, kernel.Spec{
		Image: `C:\Windows\System32\winrshost.exe`, Dir: `C:\Users\Administrator`, Token: token, Env: env,
	})
	require.NoError(t, err)
	k.Subscribe(m.observe)
	return m
}

// showArguments prints its command line and exits with the number behind /exit:.
func showArguments(_ context.Context, p *kernel.Process, stdio kernel.Stdio) int {
	code := 0
	for _, arg := range p.Args() {
		if text, ok := strings.CutPrefix(arg, "/exit:"); ok {
			code = atoi(text)
		}
		if text, ok := strings.CutPrefix(arg, "/err:"); ok {
			_, _ = io.WriteString(stdio.Err, text+"\r\n")
		}
	}
	_, _ = io.WriteString(stdio.Out, "["+p.CommandLine+"]\r\n")
	return code
}

func upper(_ context.Context, _ *kernel.Process, stdio kernel.Stdio) int {
	data, _ := io.ReadAll(stdio.In)
	_, _ = io.WriteString(stdio.Out, strings.ToUpper(string(data)))
	return 0
}

func (m *machine) observe(a kernel.Activity) {
	switch a := a.(type) {
	case kernel.ProcessCreated:
		if a.Process.Name() != "conhost.exe" {
			m.note("process", a.Process.CommandLine)
		}
	case kernel.FileCreated:
		m.note("create", a.File.Path)
	case kernel.FileWritten:
		m.note("write", fmt.Sprintf("%s %q", a.File.Path, a.File.Content))
	case kernel.FileDeleted:
		m.note("delete", a.File.Path)
	case kernel.FileRenamed:
		m.note("rename", a.From+" "+a.File.Path)
	case kernel.Unsupported:
		m.note("unsupported", a.Kind+" "+a.Name)
	}
}

func (m *machine) note(what, detail string) { m.activity = append(m.activity, what+" "+detail) }

// run executes one command line and reports everything that it did.
func (m *machine) run(t *testing.T, line, input string) string {
	t.Helper()
	m.activity = nil
	var stdout, stderr bytes.Buffer
	code, err := m.k.Run(t.Context(), m.p, kernel.Spec{CommandLine: line, Dir: `C:\Users\Administrator`}, kernel.Stdio{In: strings.NewReader(input), Out: &stdout, Err: &stderr})
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(stdout.String(), "\r\n", "\n"))
	if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		b.WriteString("<no line end>\n")
	}
	for part := range strings.Lines(strings.ReplaceAll(stderr.String(), "\r\n", "\n")) {
		b.WriteString("error: " + strings.TrimRight(part, "\n") + "\n")
	}
	for _, activity := range m.activity[1:] { // the first is the process itself
		b.WriteString("* " + activity + "\n")
	}
	return b.String() + fmt.Sprintf("exit %d\n", code)
}

// TestScripts runs testdata/*.txtar. A section "file PATH" puts a file on a
// fresh machine, "input" is the standard input of the next command, "$ LINE" is
// a command line with all that it printed and did.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			m := newMachine(t)
			input := ""
			for i, section := range archive.Files {
				switch kind, rest, _ := strings.Cut(section.Name, " "); kind {
				case "file":
					text := strings.ReplaceAll(string(section.Data), "\n", "\r\n")
					m.k.Host().FS.Put(host.File{Path: rest, Content: []byte(text), Attributes: host.Archive, Owner: host.Administrators})
				case "input":
					input = string(section.Data)
				case "$":
					got := m.run(t, rest, input)
					input = ""
					if *update {
						archive.Files[i].Data = []byte(got)
						continue
					}
					require.Empty(t, cmp.Diff(string(section.Data), got), "%s", rest)
				default:
					t.Fatalf("unknown section %q", section.Name)
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
			}
		})
	}
}
