package cmd

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel/kerneltest"
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
	for name, program := range map[string]kernel.Program{"args.exe": showArguments, "upper.exe": upper} {
		path := `C:\Tools\` + name
		k.Host().FS.Put(host.Image(path, host.Version{}))
		k.Install(path, program)
	}
	k.Install(`C:\Windows\System32\cmd.exe`, Program(k))
	m := &machine{k: k, p: kerneltest.OpenShell(t, k, "Administrator", `C:\Users\Administrator`)}
	m.p.Env.Set("PATH", `C:\Tools;`+m.p.Env.Get("PATH"))
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

// TestScripts runs testdata/*.txtar: see [kerneltest.Scripts].
func TestScripts(t *testing.T) {
	kerneltest.Scripts(t, *update, func(t *testing.T) kerneltest.Machine {
		t.Helper()
		m := newMachine(t)
		return kerneltest.Machine{Kernel: m.k, Run: m.run}
	})
}
