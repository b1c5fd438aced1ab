package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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

func TestReports(t *testing.T) {
	run := &report.Run{Geiger: "v0", Verdicts: verdicts()}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text.txt":   func(b *bytes.Buffer) error { return report.Text(b, run, report.Palette{}) },
		"colour.txt": func(b *bytes.Buffer) error { return report.Text(b, run, report.Palette{Colour: true}) },
		"run.json":   func(b *bytes.Buffer) error { return report.JSON(b, run) },
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
	require.NoError(t, report.Text(&got, &report.Run{Verdicts: verdicts()}, report.Palette{}))
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
	run := &report.Run{Verdicts: verdicts()}
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
