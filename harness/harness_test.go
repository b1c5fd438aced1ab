package harness_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
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
	return []*detection.Rule{{ID: "r1", Name: "DLL dropped", TriggerOperator: "gt", File: "r1.yaml", Query: query}}
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
		Alerts:  []harness.AlertExpectation{{Rule: "DLL dropped", Phase: harness.Attack, Count: 1, Row: []harness.Match{{Column: "FileName", Kind: harness.Exact, Pattern: "x.dll"}}}},
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
		{"wrong count", anyDLL, func(_ *target, s *harness.Scenario) { s.Alerts[0].Count = 2 }, harness.Fail, harness.WrongCount, "raised 1 row with"},
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
		{"rule does not bind", "DeviceFileEvents | where AccountName == 1", nil, harness.Inconclusive, harness.RuleDoesNotBind, `r1.yaml#query:1:26`},
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
