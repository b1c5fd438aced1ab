package harness_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// dropped is a rule that sees a DLL appear anywhere.
func dropped(query string) []*detection.Rule {
	return []*detection.Rule{{
		ID: "r1", Name: "DLL dropped", TriggerOperator: "gt", File: "r1.yaml", Query: query,
		EntityMappings: []detection.EntityMapping{{EntityType: "File", FieldMappings: []detection.FieldMapping{{Identifier: "Name", ColumnName: "FileName"}}}},
	}}
}

const anyDLL = `DeviceFileEvents | where FileName endswith ".dll" | where ActionType == "FileCreated" | project Timestamp, FileName, InitiatingProcessFileName`

// drop is a scenario: a test that writes x.dll, and a rule that must say so.
func drop() *harness.Scenario {
	return &harness.Scenario{
		Name: "drop",
		Test: &atomics.Test{
			Name:         "drop",
			Dependencies: []atomics.Dependency{{Description: "a disk", PrereqCommand: "exit 0", GetPrereqCommand: "get"}},
			Executor:     atomics.Executor{Name: atomics.PowerShell, Command: "write", CleanupCommand: "remove"},
		},
		Phases:  []harness.Phase{harness.Prerequisite, harness.Attack, harness.Cleanup},
		Effect:  []harness.Check{{Description: "it says hello", Output: regexp.MustCompile("hello")}},
		Cleaned: []harness.Check{{Description: "it is gone", Executor: atomics.PowerShell, Command: "gone"}},
		Alerts:  []harness.AlertExpectation{{Rule: "DLL dropped", Phase: harness.Attack, AtLeast: 1, AtMost: 1, Row: []harness.Match{{Column: "FileName", Kind: harness.Exact, Pattern: "x.dll"}}}},
	}
}

func created(name string) func(string) []string {
	return func(guid string) []string {
		return []string{"11|" + eventData("ProcessGuid", guid, "Image", `C:\p.exe`, "TargetFilename", `C:\`+name, "CreationUtcTime", "2026-01-02 03:04:10.000")}
	}
}

func dropping() *target {
	t := newTarget()
	t.effects[harness.Attack] = created("x.dll")
	return t
}

func run(t *testing.T, m *target, s *harness.Scenario, rules []*detection.Rule) (harness.Verdict, *harness.Evidence) {
	t.Helper()
	r := &harness.Runner{Clock: m.clock, Run: func() string { return "r1" }}
	e, err := r.Observe(t.Context(), m, s)
	require.NoError(t, err)
	v, err := harness.Judge(t.Context(), s, e, rules)
	require.NoError(t, err)
	require.Equal(t, `sweep geiger\r1`, lastSweep(m.calls))
	return v, e
}

func lastSweep(calls []string) string {
	if len(calls) == 1 {
		return `sweep geiger\r1` // nothing but the inspection: nothing to sweep
	}
	return calls[len(calls)-1]
}

func TestVerdicts(t *testing.T) {
	match := func(column, text string) []harness.Match {
		return []harness.Match{{Column: column, Kind: harness.Exact, Pattern: text}}
	}
	for _, c := range []struct {
		name    string
		query   string
		change  func(*target, *harness.Scenario)
		outcome harness.Outcome
		reason  harness.Reason
		why     string
	}{
		{"as expected", anyDLL, nil, harness.Pass, "", ""},
		{"quiet", `DeviceFileEvents | where false`, func(_ *target, s *harness.Scenario) { s.Alerts = nil }, harness.Pass, "", ""},
		{"missed", `DeviceFileEvents | where FileName == "y.dll"`, nil, harness.Fail, harness.Missed, `rule "DLL dropped" did not fire; expected 1 row with phase attack, FileName = "x.dll"`},
		{"unexpected", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts = nil }, harness.Fail, harness.Unexpected, `raised x.dll by powershell.exe (attack phase)`},
		{"another file as well", anyDLL, func(m *target, _ *harness.Scenario) { m.effects[harness.Cleanup] = created("y.dll") }, harness.Fail, harness.Unexpected, "y.dll"},
		{"only because of the cleanup", anyDLL, func(m *target, _ *harness.Scenario) {
			m.effects[harness.Attack], m.effects[harness.Cleanup] = nil, created("x.dll")
		}, harness.Fail, harness.WrongPhase, "fired only because of the cleanup, not of the attack"},
		{"wrong row", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].Row = match("FileName", "z.dll") }, harness.Fail, harness.WrongRow, `FileName is "x.dll", expected FileName = "z.dll"`},
		{"no such column", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].Row = match("Nope", "") }, harness.Fail, harness.WrongRow, `no column "Nope"`},
		{"wrong count", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].AtLeast, s.Alerts[0].AtMost = 2, 2 }, harness.Fail, harness.WrongCount, "raised 1 row with"},
		{"at least", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].AtMost = harness.Unlimited }, harness.Pass, "", ""},
		{"too few", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].AtLeast, s.Alerts[0].AtMost = 2, harness.Unlimited }, harness.Fail, harness.WrongCount, "expected at least 2"},
		{"at most", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].AtLeast, s.Alerts[0].AtMost = 0, 2 }, harness.Pass, "", ""},
		{"none, at most", anyDLL, func(m *target, s *harness.Scenario) {
			m.effects[harness.Attack], s.Alerts[0].AtLeast, s.Alerts[0].AtMost = nil, 0, 2
		}, harness.Pass, "", ""},
		{"too many", anyDLL + ` | mv-expand n = range(1, 3)`, func(_ *target, s *harness.Scenario) { s.Alerts[0].AtMost = 2 }, harness.Fail, harness.WrongCount, "raised 3 rows with phase attack, FileName = \"x.dll\", expected 1 to 2"},
		{"named on the host", anyDLL + ` | extend Name = "IIS01"`, func(_ *target, s *harness.Scenario) {
			s.Alerts[0].Row = match("Name", "{{host.name}}")
		}, harness.Pass, "", ""},
		{"wrong entity", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Alerts[0].Entities = []harness.EntityExpectation{{Type: "File", Fields: match("Name", "y.dll")}}
		}, harness.Fail, harness.WrongRow, `it has no entity File with Name = "y.dll"`},
		{"entity", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Alerts[0].Entities = []harness.EntityExpectation{{Type: "file", Fields: match("Name", "x.dll")}}
		}, harness.Pass, "", ""},
		{"not quiet", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Quiet, s.Alerts = []harness.AlertExpectation{{Rule: "r1", Row: match("FileName", "x.dll")}}, nil
		}, harness.Fail, harness.Unexpected, `rule "DLL dropped" must stay quiet with FileName = "x.dll", and raised x.dll by powershell.exe (attack phase)`},
		{"quiet about another file", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Quiet = []harness.AlertExpectation{{Rule: "r1", Row: match("FileName", "y.dll")}}
		}, harness.Pass, "", ""},
		{"tolerated", anyDLL, func(m *target, s *harness.Scenario) {
			m.effects[harness.Cleanup] = created("y.dll")
			s.Tolerated = []harness.Toleration{{Rule: "r1", Phase: harness.Cleanup, Row: match("FileName", "y.dll"), Because: "noise"}}
		}, harness.Pass, "", ""},
		{"toleration of another phase", anyDLL, func(m *target, s *harness.Scenario) {
			m.effects[harness.Cleanup] = created("y.dll")
			s.Tolerated = []harness.Toleration{{Rule: "r1", Phase: harness.Background, Row: match("FileName", "y.dll"), Because: "noise"}}
		}, harness.Fail, harness.Unneeded, `nothing makes use of the toleration for rule "DLL dropped" with phase background, FileName = "y.dll"; remove it (it says: noise)`},
		{"residue", anyDLL, func(m *target, _ *harness.Scenario) { m.exit[harness.Harness] = 1 }, harness.Fail, harness.Residue, "it is gone: does not hold (exit status 1: hello)"},
		{"leftovers of geiger", anyDLL, func(m *target, _ *harness.Scenario) { m.fail["sweep"] = errors.New("in use") }, harness.Fail, harness.Residue, "in use"},
		{"not reached", anyDLL, func(m *target, _ *harness.Scenario) { m.fail["inspect"] = errors.New("connection refused") }, harness.Inconclusive, harness.NotReached, "connection refused"},
		{"no bookmarks", anyDLL, func(m *target, _ *harness.Scenario) { m.fail["bookmark"] = errors.New("denied") }, harness.Inconclusive, harness.NotReached, "denied"},
		{"not prepared", anyDLL, func(m *target, _ *harness.Scenario) { m.exit[harness.Prerequisite] = 1 }, harness.Inconclusive, harness.NotPrepared, "a disk: not met (exit status 1)"},
		{"not executed", anyDLL, func(m *target, _ *harness.Scenario) { m.fail["attack"] = errors.New("shell gone") }, harness.Inconclusive, harness.NotExecuted, "shell gone"},
		{"exit status without a proof", anyDLL, func(m *target, s *harness.Scenario) { m.exit[harness.Attack], s.Effect = 5, nil }, harness.Inconclusive, harness.NotExecuted, "exit status 5: hello"},
		{"no effect", anyDLL, func(_ *target, s *harness.Scenario) { s.Effect[0].Output = regexp.MustCompile("bye") }, harness.Inconclusive, harness.NoEffect, "it says hello: does not hold (exit status 0: hello)"},
		{"channel off", anyDLL, func(m *target, _ *harness.Scenario) { m.disabled = telemetry.ChannelSysmon }, harness.Inconclusive, harness.ChannelOff, "is disabled"},
		{"not recorded", anyDLL, func(m *target, _ *harness.Scenario) { m.silent = true }, harness.Inconclusive, harness.NotRecorded, "did not appear within"},
		{"collection fails", anyDLL, func(m *target, _ *harness.Scenario) { m.fail["collect"] = errors.New("hash differs") }, harness.Inconclusive, harness.NotRecorded, "hash differs"},
		{"expected telemetry is missing", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Telemetry = []harness.TelemetryExpectation{{Table: "DeviceRegistryEvents", Phase: harness.Attack, AtLeast: 1}}
		}, harness.Inconclusive, harness.NotRecorded, "DeviceRegistryEvents with phase attack: 0 rows, at least 1 expected"},
		{"expected telemetry has no such column", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Telemetry = []harness.TelemetryExpectation{{Table: "DeviceFileEvents", AtLeast: 1, Where: match("FolderPth", "x")}}
		}, harness.Inconclusive, harness.NotRecorded, `DeviceFileEvents has no column "FolderPth"`},
		{"cleanup does not end", anyDLL, func(m *target, _ *harness.Scenario) { m.endless = harness.Cleanup }, harness.Fail, harness.Residue, "did not end within 2m0s and was stopped"},
		{"attack does not end", anyDLL, func(m *target, _ *harness.Scenario) { m.endless = harness.Attack }, harness.Inconclusive, harness.NotExecuted, "did not end within 2m0s and was stopped"},
		{"the lab lacks something in the cleanup", anyDLL, func(m *target, _ *harness.Scenario) {
			m.exit[harness.Harness] = 1
			m.effects[harness.Cleanup] = func(guid string) []string {
				return []string{"lab|" + eventData("ProcessGuid", guid, "Kind", "command", "Name", "frob")}
			}
		}, harness.Inconclusive, harness.UnsupportedInLab, "the lab does not simulate command frob (cleanup phase); try a VM"},
		{"a row of no event", `datatable(FileName:string)["x.dll"]`, nil, harness.Fail, harness.WrongPhase, "fired only because of the background"},
		{"rule does not bind", "DeviceFileEvents | where AccountName == 1", nil, harness.Inconclusive, harness.RuleDoesNotBind, `r1.yaml#query:1:26`},
		{"the rule that must fire is unknown", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].Rule = "DLL droped" }, harness.Inconclusive, harness.RuleDoesNotBind, `rule "DLL droped" is expected to fire or not, and is not in scope ("DLL dropped")`},
		{"a tolerated rule is not in scope", anyDLL, func(_ *target, s *harness.Scenario) {
			s.Tolerated = []harness.Toleration{{Rule: "r2", Row: match("FileName", "y.dll"), Because: "noise"}}
		}, harness.Inconclusive, harness.RuleDoesNotBind, `rule "r2" is expected to fire or not`},
		{"rule is not in scope", anyDLL, func(_ *target, s *harness.Scenario) { s.Rules = []string{"other"} }, harness.Inconclusive, harness.RuleDoesNotBind, `no rule "other"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := dropping(), drop()
			if c.change != nil {
				c.change(m, s)
			}
			v, _ := run(t, m, s, dropped(c.query))
			require.Equal(t, c.outcome, v.Outcome, "%s", v.Why)
			require.Equal(t, c.reason, v.Reason)
			require.Contains(t, v.Why, c.why)
			names := make([]harness.LinkName, 0, 9)
			for _, l := range v.Chain {
				names = append(names, l.Name)
			}
			require.Equal(t, []harness.LinkName{
				harness.LinkReached, harness.LinkPrepared, harness.LinkExecuted, harness.LinkTookEffect, harness.LinkRecorded,
				harness.LinkNormalised, harness.LinkBound, harness.LinkFired, harness.LinkCleanedUp,
			}, names)
		})
	}
}

func TestCommandsAreThoseOfInvokeAtomicRedTeam(t *testing.T) {
	m := dropping()
	run(t, m, drop(), dropped(anyDLL))
	require.Equal(t, []string{
		"powershell.exe & {exit 0}", "cmd.exe /d /c rem geiger-canary-r1", "powershell.exe & {write}", "powershell.exe & {remove}", "powershell.exe & {gone}",
		"cmd.exe /d /c rem geiger-fence-r1",
	}, m.lines)
}

func TestPrerequisiteIsProvidedAndCheckedAgain(t *testing.T) {
	m := dropping()
	m.exit[harness.Prerequisite] = 1
	m.onRun = func(c harness.Command) {
		if c.Arguments == "& {get}" {
			m.exit[harness.Prerequisite] = 0
		}
	}
	v, _ := run(t, m, drop(), dropped(anyDLL))
	require.Equal(t, harness.Pass, v.Outcome, v.Why)
	require.Equal(t, []string{"powershell.exe & {exit 0}", "powershell.exe & {get}", "powershell.exe & {exit 0}"}, m.lines[:3])
}

func TestCleansUpWhenInterrupted(t *testing.T) {
	m, s := dropping(), drop()
	ctx, cancel := context.WithCancel(t.Context())
	m.onRun = func(c harness.Command) {
		if c.Phase == harness.Attack {
			cancel()
		}
	}
	r := &harness.Runner{Clock: m.clock, Run: func() string { return "r1" }}
	e, err := r.Observe(ctx, m, s)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, m.lines, "powershell.exe & {remove}", "the cleanup runs on a context of its own")
	require.Equal(t, `sweep geiger\r1`, m.calls[len(m.calls)-1])
	require.Equal(t, harness.Fault{Link: harness.LinkExecuted, Reason: harness.Interrupted, Why: "the run was interrupted; the host was cleaned up"}, *e.Fault)
	v, err := harness.Judge(t.Context(), s, e, dropped(anyDLL))
	require.NoError(t, err)
	require.Equal(t, harness.Inconclusive, v.Outcome)
	require.Equal(t, harness.Interrupted, v.Reason)
}

func TestFenceWaitsOnTheInjectedClock(t *testing.T) {
	m := dropping()
	before := m.clock.now
	_, e := run(t, m, drop(), dropped(anyDLL))
	require.True(t, e.Fence.Seen)
	require.GreaterOrEqual(t, e.Fence.Waited, 15*time.Second)
	require.Less(t, m.clock.now.Sub(before), time.Minute)
}

func TestWhatCannotBeSeenIsNotAttacked(t *testing.T) {
	m := dropping()
	m.silent = true
	_, e := run(t, m, drop(), dropped(anyDLL))
	require.False(t, e.Canary.Seen)
	require.GreaterOrEqual(t, e.Canary.Waited, time.Minute)
	require.NotContains(t, m.lines, "powershell.exe & {write}")
}

func TestRecordedRunGivesTheSameVerdict(t *testing.T) {
	m, s := dropping(), drop()
	v, e := run(t, m, s, dropped(anyDLL))
	s.Text = []byte("name: drop\n")
	recording, err := e.Recording(s, "test")
	require.NoError(t, err)
	files := fstest.MapFS{}
	require.NoError(t, recording.Write(func(name string, content []byte) error {
		files[name] = &fstest.MapFile{Data: content}
		return nil
	}))
	read, err := telemetry.Read(files)
	require.NoError(t, err)
	again, text, err := harness.ReadEvidence(read)
	require.NoError(t, err)
	require.Equal(t, "name: drop\n", string(text))
	replayed, err := harness.Judge(t.Context(), s, again, dropped(anyDLL))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(v, replayed))
	first, err := json.Marshal(v)
	require.NoError(t, err)
	second, err := json.Marshal(replayed)
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
}

// TestPhaseIsCounterfactual checks the attribution in another way: an alert belongs to a phase if it vanishes when the
// events of that phase are taken away, and stays when those of any other are.
func TestPhaseIsCounterfactual(t *testing.T) {
	for _, cause := range []harness.Phase{harness.Prerequisite, harness.Attack, harness.Cleanup} {
		m, s := newTarget(), drop()
		m.effects[cause] = created("x.dll")
		v, e := run(t, m, s, dropped(anyDLL))
		require.Len(t, v.Alerts, 1)
		require.Equal(t, cause, v.Alerts[0].Phase)
		for _, removed := range []harness.Phase{harness.Prerequisite, harness.Attack, harness.Cleanup, harness.Harness} {
			without := *e
			without.Events = nil
			for _, ev := range e.Events {
				if harness.PhaseOf(e, &ev) != removed {
					without.Events = append(without.Events, ev)
				}
			}
			again, err := harness.Judge(t.Context(), s, &without, dropped(anyDLL))
			require.NoError(t, err)
			require.Equal(t, removed != cause, len(again.Alerts) == 1, "cause %s, removed %s", cause, removed)
		}
	}
}

func TestExitStatus(t *testing.T) {
	verdicts := func(outcomes ...harness.Outcome) []harness.Verdict {
		var all []harness.Verdict
		for _, o := range outcomes {
			all = append(all, harness.Verdict{Outcome: o})
		}
		return all
	}
	require.Equal(t, 0, harness.ExitStatus(verdicts(harness.Pass, harness.Skip)))
	require.Equal(t, 2, harness.ExitStatus(verdicts(harness.Pass, harness.Inconclusive)))
	require.Equal(t, 1, harness.ExitStatus(verdicts(harness.Inconclusive, harness.Fail)))
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		kind    harness.MatchKind
		pattern string
		text    string
		want    bool
	}{
		{harness.Exact, "a", "a", true},
		{harness.Exact, "a", "A", false},
		{harness.Glob, `C:\Win*\[x].dll`, `c:\windows\system32\[X].DLL`, true},
		{harness.Glob, "a?c", "abbc", false},
		{harness.Regexp, "^b", "abc", false},
		{harness.Regexp, "b", "abc", true},
	} {
		m, err := harness.NewMatch("c", c.kind, c.pattern)
		require.NoError(t, err)
		require.Equal(t, c.want, m.Matches(c.text), "%v %q", m, c.text)
	}
	_, err := harness.NewMatch("c", harness.Regexp, "(")
	require.Error(t, err)
}

// TestWhatWasThereBeforeIsNotCleanedUp: a prerequisite may be that a file is not there, because the cleanup would remove
// it. The cleanup of a test that was not started must not run.
func TestWhatWasThereBeforeIsNotCleanedUp(t *testing.T) {
	for name, change := range map[string]func(*target){
		"not prepared":      func(m *target) { m.exit[harness.Prerequisite] = 1 },
		"could not be seen": func(m *target) { m.silent = true },
	} {
		t.Run(name, func(t *testing.T) {
			m := dropping()
			change(m)
			v, _ := run(t, m, drop(), dropped(anyDLL))
			require.Equal(t, harness.Inconclusive, v.Outcome)
			require.NotContains(t, m.lines, "powershell.exe & {remove}")
			require.NotContains(t, m.lines, "powershell.exe & {gone}")
		})
	}
	m := dropping()
	m.fail["attack"] = errors.New("shell gone")
	run(t, m, drop(), dropped(anyDLL))
	require.Contains(t, m.lines, "powershell.exe & {remove}", "how far a test came that was started is not known")
}

// TestResidueIsNeverHidden: a run that could not be judged for another reason still says that the host is not clean.
func TestResidueIsNeverHidden(t *testing.T) {
	m, s := dropping(), drop()
	s.Effect[0].Output = regexp.MustCompile("bye")
	m.exit[harness.Harness] = 1
	v, _ := run(t, m, s, dropped(anyDLL))
	require.Equal(t, harness.NoEffect, v.Reason)
	require.Contains(t, v.Notes, "the host was not left as it was found: it is gone: does not hold (exit status 1: hello)")
}

// recorded is evidence of events only.
func recorded(executions []harness.Execution, events ...telemetry.Event) *harness.Evidence {
	return &harness.Evidence{Run: "r1", Executions: executions, Events: events}
}

func sysmon(id int, second int, fields ...string) telemetry.Event {
	at := time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC)
	e := telemetry.Event{Channel: telemetry.ChannelSysmon, EventID: id, TimeCreated: at, ProcessID: 1000}
	for i := 0; i+1 < len(fields); i += 2 {
		e.Data = append(e.Data, telemetry.Field{Name: fields[i], Value: fields[i+1]})
	}
	return e
}

const attackDir = `C:\Users\x\AppData\Local\Temp\geiger\r1\attack\`

func TestPhaseOfEvents(t *testing.T) {
	attack := sysmon(1, 10, "ProcessGuid", "{A}", "ParentProcessGuid", "{L}", "ProcessId", "70", "CurrentDirectory", attackDir)
	child := sysmon(1, 11, "ProcessGuid", "{B}", "ParentProcessGuid", "{a}", "ProcessId", "71", "CurrentDirectory", `C:\`)
	again := sysmon(1, 30, "ProcessGuid", "{C}", "ParentProcessGuid", "{X}", "ProcessId", "70", "CurrentDirectory", `C:\`)
	launcher := sysmon(1, 5, "ProcessGuid", "{L}", "ParentProcessGuid", "{W}", "ProcessId", "60", "ParentImage", `C:\Windows\System32\WinrsHost.exe`)
	other := sysmon(1, 40, "ProcessGuid", "{D}", "ParentProcessGuid", "{X}", "ProcessId", "60", "CurrentDirectory", `C:\`)
	second := sysmon(1, 6, "ProcessGuid", "{M}", "ParentProcessGuid", "{W}", "ProcessId", "61", "ParentImage", `C:\Windows\System32\WinrsHost.exe`)
	circle1 := sysmon(1, 1, "ProcessGuid", "{E}", "ParentProcessGuid", "{F}", "ProcessId", "80")
	circle2 := sysmon(1, 1, "ProcessGuid", "{F}", "ParentProcessGuid", "{E}", "ProcessId", "81")
	otherRun := sysmon(1, 1, "ProcessGuid", "{G}", "ProcessId", "82", "CurrentDirectory", `C:\Temp\geiger\r2\attack\`)
	other2 := func(channel string, id int, at int, pid uint32, fields ...string) telemetry.Event {
		e := sysmon(id, at, fields...)
		e.Channel, e.ProcessID = channel, pid
		return e
	}
	executions := []harness.Execution{{Phase: harness.Attack, LauncherID: 60, Started: attack.TimeCreated}}
	// In no order that a parent would come before its child.
	e := recorded(executions, again, child, other, attack, second, launcher, circle1, circle2, otherRun)
	for _, c := range []struct {
		name  string
		event telemetry.Event
		want  harness.Phase
	}{
		{"marked", attack, harness.Attack},
		{"child in another folder, its parent in another spelling", child, harness.Attack},
		{"file written by the child", sysmon(11, 12, "ProcessGuid", "{B}"), harness.Attack},
		{"the id used again", again, harness.Background},
		{"launcher", launcher, harness.Harness},
		{"the launcher's id used again", other, harness.Background},
		{"another shell of geiger", second, harness.Harness},
		{"the shell's host, which started before the run", sysmon(11, 12, "ProcessGuid", "{W}"), harness.Harness},
		{"a circle of parents", circle1, harness.Background},
		{"the same phase of another run", otherRun, harness.Background},
		{"opened by the attack", sysmon(10, 12, "SourceProcessGUID", "{B}", "TargetProcessGUID", "{X}"), harness.Attack},
		{"4688 of the child", other2(telemetry.ChannelSecurity, 4688, 11, 4, "NewProcessId", "0x47", "ProcessId", "0x46"), harness.Attack},
		{"4688 a moment before Sysmon's event", other2(telemetry.ChannelSecurity, 4688, 10, 4, "NewProcessId", "0x46"), harness.Attack},
		{"4104 by process id", other2(telemetry.ChannelPowerShell, 4104, 12, 71), harness.Attack},
		{"4104 of the earlier process of that id", other2(telemetry.ChannelPowerShell, 4104, 3, 70), harness.Background},
		{"4104 of the later process of that id", other2(telemetry.ChannelPowerShell, 4104, 35, 70), harness.Background},
		{"29 by process id", other2(telemetry.ChannelIISConfiguration, 29, 13, 70), harness.Attack},
		{"29 of a process unseen", other2(telemetry.ChannelIISConfiguration, 29, 13, 4444), harness.Background},
		{"no process at all", other2(telemetry.ChannelSecurity, 1102, 13, 0), harness.Background},
	} {
		require.Equal(t, c.want, harness.PhaseOf(e, &c.event), c.name)
	}
}

// TestPhaseDoesNotDependOnTheOrderOfEvents is a property of attribution: records come late and out of order.
func TestPhaseDoesNotDependOnTheOrderOfEvents(t *testing.T) {
	_, e := run(t, dropping(), drop(), dropped(anyDLL))
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a property test wants the same order every time
	for range 50 {
		shuffled := *e
		shuffled.Events = slices.Clone(e.Events)
		random.Shuffle(len(shuffled.Events), func(i, j int) {
			shuffled.Events[i], shuffled.Events[j] = shuffled.Events[j], shuffled.Events[i]
		})
		for i := range e.Events {
			require.Equal(t, harness.PhaseOf(e, &e.Events[i]), harness.PhaseOf(&shuffled, &e.Events[i]))
		}
	}
}

// TestLostRecords: cleared, wrapped and replaced logs are told from quiet ones.
func TestLostRecords(t *testing.T) {
	for _, c := range []struct {
		name         string
		oldest, last uint64
		lost         bool
	}{
		{"quiet", 1, 50, false},
		{"new records", 1, 60, false},
		{"the oldest is the next", 51, 60, false},
		{"wrapped", 52, 60, true},
		{"cleared and used again", 58, 60, true},
		{"cleared and empty", 0, 0, true},
		{"replaced by an older file", 1, 20, true},
	} {
		m := dropping()
		m.security = &harness.Batch{Channel: telemetry.ChannelSecurity, State: harness.ChannelEnabled, Oldest: c.oldest, Last: c.last}
		v, _ := run(t, m, drop(), dropped(anyDLL))
		if !c.lost {
			require.Equal(t, harness.Pass, v.Outcome, "%s: %s", c.name, v.Why)
			continue
		}
		require.Equal(t, harness.NotRecorded, v.Reason, c.name)
		require.Contains(t, v.Why, "channel Security lost records", c.name)
	}
}

// TestPrerequisitesOfTheCommandPrompt: one failing line means that a prerequisite is not met, but the lines that provide
// it all run, as Invoke-AtomicRedTeam joins them.
func TestPrerequisitesOfTheCommandPrompt(t *testing.T) {
	m, s := dropping(), drop()
	s.Test.DependencyExecutorName = atomics.CommandPrompt
	s.Test.Dependencies[0] = atomics.Dependency{Description: "x", PrereqCommand: "a\nb\n", GetPrereqCommand: "c\nd\n"}
	m.exit[harness.Prerequisite] = 1
	run(t, m, s, dropped(anyDLL))
	require.Equal(t, []string{"cmd.exe /c a && b", "cmd.exe /c c & d", "cmd.exe /c a && b"}, m.lines[:3])
}

// FuzzJudge: whatever stands in the evidence of a recording, it is judged or refused.
func FuzzJudge(f *testing.F) {
	f.Add([]byte(`{"run":"r1","executions":[{"phase":"attack","launcherProcessId":1}],"checks":[{"link":"took effect","holds":true}],"channels":[{"channel":"Security","lost":true}],"fault":{"link":"executed","reason":"not executed"}}`),
		[]byte("<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-01-02T03:04:05Z'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel></System><EventData><Data Name='ProcessGuid'>{A}</Data><Data Name='ParentProcessGuid'>{A}</Data></EventData></Event>"))
	rules := dropped(anyDLL)
	f.Fuzz(func(t *testing.T, evidence, event []byte) {
		r := &telemetry.Recording{Documents: map[string][]byte{"executions.json": evidence}}
		if e, err := telemetry.ParseXML(event); err == nil {
			r.Events = []telemetry.Event{e, e}
		}
		e, _, err := harness.ReadEvidence(r)
		if err != nil {
			return
		}
		v, err := harness.Judge(t.Context(), drop(), e, rules)
		require.NoError(t, err)
		require.Len(t, v.Chain, 9)
		require.NotEmpty(t, v.Outcome)
		require.Equal(t, v.Outcome == harness.Pass, v.Reason == "")
	})
}
