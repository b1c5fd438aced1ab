package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

var update = flag.Bool("update", false, "rewrite the expected reports in testdata")

func verdicts() []harness.Verdict {
	chain := func(fired harness.LinkState, evidence string) []harness.Link {
		return []harness.Link{{Name: harness.LinkReached, State: harness.LinkHolds, Evidence: "IIS01"}, {Name: harness.LinkFired, State: fired, Evidence: evidence}}
	}
	alert := harness.RaisedAlert{
		Rule: "A rule", RuleID: "r1", Phase: harness.Cleanup, Events: []harness.EventRef{{Channel: "Security", RecordID: 7}},
		Row: []harness.RowCell{{Column: "FileName", Value: "a\x1b[2Jb\nc\u202Ed.dll"}, {Column: "Empty", Value: ""}},
	}
	return []harness.Verdict{
		{Scenario: "quiet", Target: "iis01", Outcome: harness.Pass, Chain: chain(harness.LinkHolds, "quiet, as expected"), Alerts: []harness.RaisedAlert{}, Notes: []string{"no rule in scope sees this"}},
		{Scenario: "hostile", Target: "lab", Simulated: true, Outcome: harness.Fail, Reason: harness.WrongPhase, Why: "fired\x07 only " + strings.Repeat("very ", 30) + "late", Chain: chain(harness.LinkBroken, "line one\nline two"), Alerts: []harness.RaisedAlert{alert}},
		{Scenario: "unclear", Target: "lab", Outcome: harness.Inconclusive, Reason: harness.NotReached, Why: "connection refused", Chain: chain(harness.LinkUnknown, ""), Alerts: []harness.RaisedAlert{}},
	}
}

// results are the verdicts with what they are about: the hostile one has run a test, and everything in it is hostile.
func results() []report.Result {
	var all []report.Result
	for _, v := range verdicts() {
		all = append(all, report.Result{Verdict: v, Scenario: &harness.Scenario{Name: v.Scenario}})
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	all[1].Scenario.Test = &atomics.Test{
		Name: "Write a file", Description: "Writes it.\n", GUID: "2c6b2f0e-6c1b-4d57-9a3b-7d0b7a3f5e02", Technique: "T1505.004",
		Executor: atomics.Executor{Name: atomics.PowerShell},
	}
	all[1].Evidence = &harness.Evidence{
		Run: "r1", Host: harness.HostFacts{Name: "LAB\x1b[31m", User: `LAB\ann`}, Started: at, Ended: at.Add(time.Minute),
		Executions: []harness.Execution{
			{Phase: harness.Attack, File: "powershell.exe", Arguments: "& {x}", ProcessID: 7, Started: at, Ended: at.Add(time.Second), ExitCode: 1, Stdout: hostile, Stderr: "no"},
			{Phase: harness.Harness, File: "cmd.exe"},
		},
	}
	all[1].Verdict.Chain = append(all[1].Verdict.Chain, harness.Link{Name: harness.LinkExecuted, State: harness.LinkHolds, Evidence: hostile, Duration: 1500 * time.Millisecond})
	all[1].Verdict.Alerts[0].Row[1].Value = hostile
	return all
}

// hostile is what a host may send to whoever reads about it.
const hostile = "</system-out>]]><script>alert(1)</script> | `x` @team http://evil.example [a](javascript:b) ```\n***\x00\uFFFE"

func TestReports(t *testing.T) {
	run := &report.Run{Geiger: "v0", Results: results()}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text.txt":    func(b *bytes.Buffer) error { return report.Text(b, run, report.Palette{}) },
		"colour.txt":  func(b *bytes.Buffer) error { return report.Text(b, run, report.Palette{Colour: true}) },
		"run.json":    func(b *bytes.Buffer) error { return report.JSON(b, run) },
		"junit.xml":   func(b *bytes.Buffer) error { return report.JUnit(b, run) },
		"summary.md":  func(b *bytes.Buffer) error { return report.Markdown(b, run) },
		"layer.json":  func(b *bytes.Buffer) error { return report.Navigator(b, run) },
		"attire.json": func(b *bytes.Buffer) error { return report.ATTiRe(b, run) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, write(&got))
			file := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.WriteFile(file, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

// TestHostileTextIsMadeVisible: what a host sends moves no cursor and forges no line.
func TestHostileTextIsMadeVisible(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, report.Text(&got, &report.Run{Results: results()}, report.Palette{}))
	require.NotContains(t, got.String(), "\x1b")
	require.NotContains(t, got.String(), "\x07")
	require.NotContains(t, got.String(), "\u202E")
	require.Contains(t, got.String(), "a␛[2Jb")
}

func TestJSONOfNothing(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, report.JSON(&got, &report.Run{}))
	var document map[string]any
	require.NoError(t, json.Unmarshal(got.Bytes(), &document))
	require.Equal(t, []any{}, document["verdicts"])
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriterThatFailsIsAnError(t *testing.T) {
	run := &report.Run{Results: results()}
	require.ErrorContains(t, report.Text(full{}, run, report.Palette{}), "no space left")
	require.ErrorContains(t, report.JSON(full{}, run), "no space left")
}

// TestLineIsOneLine: a rule that does not bind gives a reason of many lines.
func TestLineIsOneLine(t *testing.T) {
	var b strings.Builder
	v := harness.Verdict{Scenario: "s", Outcome: harness.Inconclusive, Reason: harness.RuleDoesNotBind, Why: "r.yaml:1:1: no\n  a | b\n  ^"}
	require.NoError(t, report.Line(&b, &v, report.Palette{}))
	require.Equal(t, 1, strings.Count(b.String(), "\n"))
	require.Contains(t, b.String(), "rule does not bind: r.yaml:1:1: no …")
}

// TestJUnitIsXML: whatever a host sends, the document stays one, with a case for each verdict and nothing of the host's.
func TestJUnitIsXML(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, report.JUnit(&got, &report.Run{Results: results()}))
	cases := 0
	for d := xml.NewDecoder(&got); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			require.NotEqual(t, "script", start.Name.Local)
			if start.Name.Local == "testcase" {
				cases++
			}
		}
	}
	require.Equal(t, 3, cases)
}

// TestMarkdownIsInert: no tag, link, mention or table cell comes from a host.
func TestMarkdownIsInert(t *testing.T) {
	run := &report.Run{Results: results()}
	run.Results[1].Verdict.Why = hostile
	var got bytes.Buffer
	require.NoError(t, report.Markdown(&got, run))
	for line := range strings.Lines(got.String()) {
		if !strings.HasPrefix(line, "| ❌") {
			continue
		}
		require.NotContains(t, line, "<script")
		require.NotContains(t, line, "@team")
		require.NotContains(t, line, "http:")
		require.NotContains(t, line, "](")
		require.Equal(t, 6, strings.Count(line, "|"))
	}
	require.Contains(t, got.String(), "````text", "a fence longer than those inside")
}

func TestNavigatorStates(t *testing.T) {
	link := func(name harness.LinkName, s harness.LinkState) harness.Link {
		return harness.Link{Name: name, State: s}
	}
	executed := link(harness.LinkExecuted, harness.LinkHolds)
	attack := harness.RaisedAlert{Phase: harness.Attack, Expected: true}
	for want, v := range map[string]harness.Verdict{
		"declared":       {Chain: []harness.Link{link(harness.LinkExecuted, harness.LinkBroken)}},
		"executed":       {Chain: []harness.Link{executed, link(harness.LinkNormalised, harness.LinkBroken)}},
		"telemetry seen": {Chain: []harness.Link{executed, link(harness.LinkNormalised, harness.LinkHolds)}, Alerts: []harness.RaisedAlert{{Phase: harness.Cleanup, Expected: true}}},
		"detected":       {Chain: []harness.Link{executed, link(harness.LinkNormalised, harness.LinkHolds)}, Alerts: []harness.RaisedAlert{attack}},
	} {
		s := &harness.Scenario{Test: &atomics.Test{Technique: "T1505.004"}}
		var got bytes.Buffer
		require.NoError(t, report.Navigator(&got, &report.Run{Results: []report.Result{{Verdict: v, Scenario: s}}}))
		var l struct {
			Techniques []struct {
				Metadata []struct{ Value string }
			}
		}
		require.NoError(t, json.Unmarshal(got.Bytes(), &l))
		require.Equal(t, want, l.Techniques[0].Metadata[0].Value)
	}
}

func TestATTiReIsAboutOneTarget(t *testing.T) {
	run := &report.Run{Results: append(results(), results()...)}
	run.Results[4].Verdict.Target = "other"
	require.EqualError(t, report.ATTiRe(io.Discard, run), "an ATTiRe file is about one target, and the run had lab and other")
	require.Equal(t, []string{"iis01", "lab", "other"}, run.Targets())
	require.NoError(t, report.ATTiRe(io.Discard, run.OnTarget("other")))
}
