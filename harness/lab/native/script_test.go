package native_test

import (
	"bytes"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/cmd"
	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel/kerneltest"
	"github.com/seed-67b27da2/geiger/harness/lab/native"
)

var update = flag.Bool("update", false, "rewrite the expected results of testdata/*.txtar")

// machine is a computer with the native programs and cmd.exe, and a shell of
// the user that runs the commands.
type machine struct {
	k        *kernel.Kernel
	log      *eventlog.Log
	shell    *kernel.Process
	activity []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	h := host.New(host.Options{Seed: 1})
	k := kernel.New(h)
	server := iis.New(k)
	t.Cleanup(server.Close)
	m := &machine{k: k, log: eventlog.New(h.Clock, h.Name)}
	for image, program := range native.Programs(k, m.log, server) {
		k.Install(image, program)
	}
	k.Install(`C:\Windows\System32\cmd.exe`, cmd.Program(k))
	for i := range 3 {
		m.log.Append(eventlog.Application, eventlog.Event{
			Provider: "Lab", EventID: 1000 + i, Level: 4, Data: []eventlog.Field{{Name: "Number", Value: fmt.Sprint(i)}},
		}, h.Clock.Now())
	}
	m.logon(t, "Administrator")
	k.Subscribe(m.observe)
	return m
}

func (m *machine) logon(t *testing.T, user string) {
	t.Helper()
	m.shell = kerneltest.OpenShell(t, m.k, user, `C:\Users\`+user)
}

// observe notes what a command does to the machine; reads and images are left
// out, and so is what the machine does by itself.
func (m *machine) observe(a kernel.Activity) {
	switch a := a.(type) {
	case kernel.ProcessCreated:
		if a.Process.Name() != "conhost.exe" {
			m.note("process", a.Process.CommandLine)
		}
	case kernel.FileCreated:
		m.note("create", a.File.Path)
	case kernel.FileDeleted:
		m.note("delete", a.File.Path)
	case kernel.RegistryKeyCreated:
		m.note("key", a.Key)
	case kernel.RegistryKeyDeleted:
		m.note("delete key", a.Key)
	case kernel.RegistryValueSet:
		m.note("value", a.Key+`\`+a.Value.Name+" "+a.Value.Type.String()+" "+a.Value.Data())
	case kernel.RegistryValueDeleted:
		m.note("delete value", a.Key+`\`+a.Name)
	case kernel.ConfigurationCommitted:
		m.note("configuration", fmt.Sprintf("%s %s %q -> %q", a.Operation, a.Section, a.OldValue, a.NewValue))
	case kernel.UserChanged:
		m.note("user", fmt.Sprint(a.User.Name, " ", a.Change))
	case kernel.GroupChanged:
		m.note("group", fmt.Sprint(a.Group.Name, " ", a.Change, " ", a.Member.Name))
	case kernel.AuditPolicyChanged:
		m.note("audit policy", fmt.Sprint(a.Subcategory.Name, ": ", a.Previous, " -> ", a.Subcategory.Setting))
	case kernel.EventLogged:
		m.note("event", fmt.Sprint(a.Channel, " ", a.EventID))
	case kernel.Unsupported:
		m.note("unsupported", a.Kind+" "+a.Name+": "+a.Detail)
	}
}

func (m *machine) note(what, detail string) { m.activity = append(m.activity, what+" "+detail) }

// unstable are numbers that a change of the machine's furniture moves.
var unstable = regexp.MustCompile(`(PID +: |ProcessId = |fileSize: |with PID |,")\d+|S-1-5-21-\d+-\d+-\d+|S-1-5-5-0-\d+`)

func (m *machine) run(t *testing.T, line, input string) string {
	t.Helper()
	m.activity = nil
	var stdout, stderr bytes.Buffer
	code, err := m.k.Run(t.Context(), m.shell, kernel.Spec{CommandLine: line}, kernel.Stdio{In: strings.NewReader(input), Out: &stdout, Err: &stderr})
	require.NoError(t, err, line)
	require.NotContains(t, strings.ReplaceAll(stdout.String(), "\r\n", ""), "\n", "line ends are those of Windows")
	var b strings.Builder
	for part := range strings.Lines(strings.ReplaceAll(stdout.String(), "\r\n", "\n")) {
		b.WriteString("| " + strings.TrimRight(part, "\n") + "\n")
	}
	for part := range strings.Lines(strings.ReplaceAll(stderr.String(), "\r\n", "\n")) {
		b.WriteString("! " + strings.TrimRight(part, "\n") + "\n")
	}
	for _, activity := range m.activity[1:] { // the first is the process itself
		b.WriteString("* " + activity + "\n")
	}
	fmt.Fprintf(&b, "exit %d\n", code)
	return unstable.ReplaceAllStringFunc(b.String(), func(s string) string {
		return regexp.MustCompile(`\d+(-\d+)*$`).ReplaceAllString(s, "N")
	})
}

// TestScripts runs testdata/*.txtar: see [kerneltest.Scripts]. Lines begin with
// | for output, ! for errors and * for activities.
func TestScripts(t *testing.T) {
	kerneltest.Scripts(t, *update, func(t *testing.T) kerneltest.Machine {
		t.Helper()
		m := newMachine(t)
		return kerneltest.Machine{Kernel: m.k, Run: m.run, As: m.logon}
	})
}
