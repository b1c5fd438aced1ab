package powershell_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/cmd"
	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/native"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell"
)

var update = flag.Bool("update", false, "rewrite the expected results of testdata/*.txtar")

const image = `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`

// machine is a computer with every program, and the shell of an administrator that starts PowerShell.
type machine struct {
	k          *kernel.Kernel
	log        *eventlog.Log
	shell      *kernel.Process
	activities []kernel.Activity
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	h := host.New(host.Options{Seed: 1})
	k := kernel.New(h)
	server := iis.New(k)
	t.Cleanup(server.Close)
	m := &machine{k: k, log: eventlog.New(h.Clock, h.Name)}
	for path, program := range native.Programs(k, m.log, server) {
		k.Install(path, program)
	}
	k.Install(`C:\Windows\System32\cmd.exe`, cmd.Program(k))
	k.Install(image, powershell.Program(k, m.log, server))
	k.Install(strings.Replace(image, "System32", "SysWOW64", 1), powershell.Program(k, m.log, server))
	for i := range 3 {
		m.log.Append(eventlog.Application, eventlog.Event{Provider: "Lab", EventID: 1000 + i, Level: 4, Data: []eventlog.Field{{Name: "Number", Value: fmt.Sprint(i)}}}, h.Clock.Now())
	}
	parent, ok := k.ServiceProcess("DcomLaunch")
	require.True(t, ok)
	token, err := k.Logon(parent, "Administrator", kernel.LogonNetwork, "127.0.0.1", "NTLM")
	require.NoError(t, err)
	m.shell, err = k.StartResident(t.Context(), parent, kernel.Spec{
		Image: `C:\Windows\System32\winrshost.exe`, CommandLine: `C:\Windows\system32\WinrsHost.exe -Embedding`,
		Token: token, Env: k.Environment(token), Dir: `C:\Users\Administrator`,
	})
	require.NoError(t, err)
	k.Subscribe(func(a kernel.Activity) { m.activities = append(m.activities, a) })
	return m
}

// result is what one run of powershell.exe gave.
type result struct {
	stdout, stderr string
	code           int
	activities     []kernel.Activity
}

// start runs a command line to its end.
func (m *machine) start(t testing.TB, line, stdin string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	var in io.Reader = strings.NewReader(stdin)
	m.activities = nil
	code, err := m.k.Run(ctx, m.shell, kernel.Spec{Image: programOf(line), CommandLine: line, Dir: `C:\Users\Administrator`}, kernel.Stdio{In: in, Out: &out, Err: &errs})
	require.NoError(t, err, line)
	return result{out.String(), errs.String(), code, m.activities}
}

func programOf(line string) string {
	if strings.Contains(line, "SysWOW64") {
		return strings.Replace(image, "System32", "SysWOW64", 1)
	}
	return image
}

// run gives a script to powershell.exe as Invoke-AtomicRedTeam does: in a block, quotes escaped.
func (m *machine) run(t testing.TB, script string) result {
	t.Helper()
	return m.start(t, `"powershell.exe" & {`+strings.ReplaceAll(script, `"`, `\"`)+`}`, "")
}

// effects renders the activities that change the machine, without what every start of powershell.exe does.
func (r result) effects() []string {
	var out []string
	for _, a := range r.activities {
		s := regexp.MustCompile(`S-1-5-21-\d+-\d+-\d+`).ReplaceAllString(effect(a), "S-1-5-21-N")
		if s != "" && !strings.Contains(s, "__PSScriptPolicyTest_") {
			out = append(out, s)
		}
	}
	return out
}

func effect(a kernel.Activity) string {
	switch x := a.(type) {
	case kernel.FileCreated:
		return fmt.Sprintf("file created %s new=%t", x.File.Path, x.New)
	case kernel.FileWritten:
		if x.File.Name() == "applicationHost.config" {
			return "file written " + x.File.Path // its size is the furniture's
		}
		return fmt.Sprintf("file written %s %d bytes", x.File.Path, x.File.Size())
	case kernel.FileDeleted:
		return "file deleted " + x.File.Path
	case kernel.FileRenamed:
		return "file renamed " + x.From + " to " + x.File.Path
	case kernel.FileTimeChanged:
		return "file time changed " + x.File.Path
	case kernel.RegistryKeyCreated:
		return "key created " + x.Key
	case kernel.RegistryKeyDeleted:
		return "key deleted " + x.Key
	case kernel.RegistryValueSet:
		return fmt.Sprintf("value set %s %s=%s (%s)", x.Key, x.Value.Name, x.Value.Data(), x.Value.Type)
	case kernel.RegistryValueDeleted:
		return "value deleted " + x.Key + " " + x.Name
	case kernel.ConfigurationCommitted:
		return fmt.Sprintf("configuration %s %s %q", x.Operation, x.Section, x.NewValue)
	case kernel.ProcessCreated:
		if name := x.Process.Name(); name == "conhost.exe" || x.Process.Parent.Name() == "winrshost.exe" {
			return ""
		}
		return "process " + x.Process.CommandLine
	case kernel.Unsupported:
		return "unsupported " + x.Kind + " " + x.Name
	}
	return ""
}

// startQuietly runs any text as a command, for a short time.
func (m *machine) startQuietly(t testing.TB, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	spec := kernel.Spec{Image: image, CommandLine: `powershell.exe -Command "` + strings.ReplaceAll(script, `"`, `\"`) + `"`}
	p, err := m.k.Start(ctx, m.shell, spec, kernel.Stdio{})
	require.NoError(t, err)
	late, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	_, err = p.Wait(late)
	require.NoError(t, err, "the process must end soon after its context: %q", script)
	for _, a := range m.activities {
		if u, ok := a.(kernel.Unsupported); ok {
			require.NotEqual(t, "defect", u.Kind, "%s: %q", u.Detail, script)
		}
	}
}
