package embedded_test

import (
	"crypto/rand"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/embedded"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// lacking is the channel in which the lab says what it cannot do.
const lacking = "Geiger-Lab/Operational"

func channels() []string {
	return []string{
		telemetry.ChannelSysmon, telemetry.ChannelSecurity, telemetry.ChannelPowerShell,
		telemetry.ChannelIISConfiguration, telemetry.ChannelApplication, lacking,
	}
}

// machine is a lab that nobody else uses, as the harness sees it.
type machine struct {
	t      testing.TB
	target harness.Target
	clock  harness.Clock
}

func start(t testing.TB, seed uint64) *machine {
	t.Helper()
	l, err := embedded.Start(t.Context(), seed, rand.Reader)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return &machine{t, l.Target, l.Clock}
}

const run = "e2e-1"

// execute runs a script as a scenario does.
func (m *machine) execute(p harness.Phase, executor atomics.ExecutorName, script string) harness.Execution {
	m.t.Helper()
	file, arguments, err := atomics.CommandLine(executor, script, false)
	require.NoError(m.t, err)
	return m.start(p, file, arguments, time.Minute)
}

func (m *machine) start(p harness.Phase, file, arguments string, limit time.Duration) harness.Execution {
	m.t.Helper()
	e, err := m.target.Execute(m.t.Context(), harness.Command{
		Phase: p, File: file, Arguments: arguments, Dir: harness.WorkDir(run, p), Timeout: limit,
	})
	require.NoError(m.t, err)
	return e
}

// ask runs lines of cmd.exe that are not part of what is observed, and returns what the last one wrote.
func (m *machine) ask(lines string) string {
	m.t.Helper()
	output := ""
	for line := range strings.Lines(lines) {
		e := m.execute(harness.Harness, atomics.CommandPrompt, line)
		require.Zero(m.t, e.ExitCode, "%s: %s%s", line, e.Stdout, e.Stderr)
		output = e.Stdout
	}
	return output
}

// observed is an attack with everything that the machine recorded meanwhile.
type observed struct {
	harness.Execution

	events []telemetry.Event
	tree   map[string]string // ProcessGuid of the attack and of all below it, with the image's name
	pids   map[uint32]bool
}

func (m *machine) observe(executor atomics.ExecutorName, script string) observed {
	m.t.Helper()
	after, err := m.target.Bookmark(m.t.Context(), channels())
	require.NoError(m.t, err)
	o := observed{Execution: m.execute(harness.Attack, executor, script), tree: map[string]string{}, pids: map[uint32]bool{}}
	require.NoError(m.t, m.clock.Sleep(m.t.Context(), 30*time.Second)) // what is written late is written by then
	o.events = m.collect(after)
	o.grow()
	return o
}

func (m *machine) collect(after []harness.Bookmark) []telemetry.Event {
	m.t.Helper()
	batches, err := m.target.Collect(m.t.Context(), after)
	require.NoError(m.t, err)
	var events []telemetry.Event
	for _, b := range batches {
		for _, text := range b.Events {
			e, err := telemetry.ParseXML([]byte(text))
			require.NoError(m.t, err, text)
			require.Equal(m.t, b.Channel, e.Channel)
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b telemetry.Event) int { return a.Time().Compare(b.Time()) })
	return events
}

// grow finds the processes of the attack: the one that the launcher started, and all below it.
func (o *observed) grow() {
	for i := range o.events {
		e := &o.events[i]
		if !of(e, telemetry.ChannelSysmon, 1) {
			continue
		}
		_, below := o.tree[e.Get("ParentProcessGuid")]
		root := number(e.Get("ProcessId")) == o.ProcessID && number(e.Get("ParentProcessId")) == o.LauncherID
		if below || root {
			o.tree[e.Get("ProcessGuid")] = name(e.Get("Image"))
			o.pids[number(e.Get("ProcessId"))] = true
		}
	}
}

func of(e *telemetry.Event, channel string, id int) bool {
	return e.Channel == channel && e.EventID == id
}

// root is event 1 of the attack's first process.
func (o *observed) root(t testing.TB) *telemetry.Event {
	t.Helper()
	for i := range o.events {
		if e := &o.events[i]; of(e, telemetry.ChannelSysmon, 1) && number(e.Get("ProcessId")) == o.ProcessID {
			return e
		}
	}
	require.Fail(t, "the attack's process is not recorded")
	return nil
}

// seen describes what the attack's processes did, in order of time: every process below the first, file and registry
// value, then the changes of the configuration and what the lab lacks, which other channels tell. What every
// PowerShell does when it starts is left out.
func (o *observed) seen() []string {
	var lines, others []string
	for i := range o.events {
		e := &o.events[i]
		sysmon := e.Channel == telemetry.ChannelSysmon
		switch line := o.describe(e); {
		case !o.ours(e) || line == "" || sysmon && isPolicyTest(e):
		case sysmon:
			lines = append(lines, line)
		default:
			others = append(others, line)
		}
	}
	return append(lines, others...)
}

// ours reports whether a process of the attack caused an event.
func (o *observed) ours(e *telemetry.Event) bool {
	if guid := e.Get("ProcessGuid"); guid != "" {
		_, ok := o.tree[guid]
		return ok
	}
	return o.pids[e.ProcessID]
}

func (o *observed) describe(e *telemetry.Event) string {
	by := " < " + name(e.Get("Image"))
	switch {
	case of(e, telemetry.ChannelIISConfiguration, 29):
		return "configuration " + e.Get("Configuration")
	case e.Channel == lacking:
		return "unsupported " + e.Get("Kind") + " " + e.Get("Name")
	case e.Channel != telemetry.ChannelSysmon:
		return ""
	}
	switch e.EventID {
	case 1:
		if number(e.Get("ProcessId")) == o.ProcessID {
			return ""
		}
		return "process " + e.Get("Image") + " < " + name(e.Get("ParentImage")) + " | " + telemetry.Undouble(e.Get("CommandLine"))
	case 2:
		return "redate " + e.Get("TargetFilename") + by
	case 11:
		return "create " + e.Get("TargetFilename") + by
	case 12:
		return strings.ToLower(e.Get("EventType")) + " " + e.Get("TargetObject") + by
	case 13:
		return "value " + e.Get("TargetObject") + " = " + telemetry.Undouble(e.Get("Details")) + by
	case 23, 26:
		return "delete " + e.Get("TargetFilename") + by
	}
	return ""
}

// isPolicyTest recognises the probe files of a starting PowerShell.
func isPolicyTest(e *telemetry.Event) bool {
	return strings.HasPrefix(name(e.Get("TargetFilename")), "__PSScriptPolicyTest_") && name(e.Get("Image")) == "powershell.exe"
}

// scripts returns the script blocks that the attack's processes ran.
func (o *observed) scripts() []string {
	var texts []string
	for i := range o.events {
		if e := &o.events[i]; of(e, telemetry.ChannelPowerShell, 4104) && o.pids[e.ProcessID] {
			texts = append(texts, e.Get("ScriptBlockText"))
		}
	}
	return texts
}

func name(p string) string { return path.Base(strings.ReplaceAll(p, `\`, "/")) }

func number(text string) uint32 {
	n := uint32(0)
	for _, digit := range text {
		n = n*10 + uint32(digit-'0') //nolint:gosec // decimal digits
	}
	return n
}
