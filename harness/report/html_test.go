package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// start is when the run of [pageRun] begins, on its host's clock.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// sysmonEvent is an event of a process that works for a phase.
func sysmonEvent(id int, record uint64, after time.Duration, phase harness.Phase) telemetry.Event {
	guid := "{" + string(phase) + "}"
	return telemetry.Event{
		Channel: telemetry.ChannelSysmon, EventID: id, RecordID: record, TimeCreated: start.Add(after),
		Data: []telemetry.Field{{Name: "ProcessGuid", Value: guid}, {Name: "CurrentDirectory", Value: `C:\Temp\` + harness.WorkDir("run1", phase)}},
		XML: fmt.Appendf(nil, `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-Sysmon"/>`+
			`<EventID>%d</EventID></System><EventData><Data Name="Image">C:\a &amp; b.exe</Data><Data Name="Empty"></Data></EventData></Event>`, id),
	}
}

// pageRun is a run of three scenarios: one missed its alert, one raised alerts of every state, one did not reach its host.
func pageRun() *report.Run {
	evidence := func() *harness.Evidence {
		return &harness.Evidence{
			Run: "run1", Target: "iis01", Started: start, Ended: start.Add(21 * time.Second),
			Host: harness.HostFacts{
				Name: "IIS01", Product: "Microsoft", OS: "Windows Server 2022", Build: "10.0.20348", User: `IIS01\ann`, Elevated: true, PowerShell: "5.1",
				Bits: 64, LanguageMode: "FullLanguage", IIS: "10.0", W3SVC: "Running", WebAdministration: true, Sysmon: "Running", SysmonVersion: "15.15",
				SysmonConfigHash: "SHA256=00FF", ScriptBlockLogging: true, ClockSkew: -1500 * time.Millisecond,
			},
			Executions: []harness.Execution{
				{Phase: harness.Attack, File: "powershell.exe", Arguments: "& {Set-Content x.dll}", Dir: `C:\Temp\geiger\run1\attack`, ProcessID: 7, Started: start.Add(4 * time.Second), Ended: start.Add(5 * time.Second), Stdout: "one\r\ntwo\r\n", Stderr: "oops"},
				{Phase: harness.Cleanup, File: "cmd.exe", Arguments: "/c del x.dll", ProcessID: 8, Started: start.Add(6 * time.Second), Ended: start.Add(8 * time.Second), ExitCode: 1, TimedOut: true},
			},
			Checks:   []harness.CheckResult{{Link: harness.LinkTookEffect, Description: "the file is there", Holds: true}, {Link: harness.LinkCleanedUp, Description: "the file is gone", Saw: "exit status 1"}},
			Channels: []harness.ChannelReading{{Channel: telemetry.ChannelSysmon, State: harness.ChannelEnabled, After: 40, Last: 44}, {Channel: telemetry.ChannelSecurity, State: harness.ChannelDisabled, Lost: true}},
			Canary:   harness.Fence{Seen: true, Latency: 1200 * time.Millisecond}, Fence: harness.Fence{Seen: true, Latency: time.Second},
			Events: []telemetry.Event{
				sysmonEvent(1, 41, 4*time.Second, harness.Attack), sysmonEvent(11, 42, 4500*time.Millisecond, harness.Attack),
				sysmonEvent(1, 43, 7*time.Second, harness.Cleanup), sysmonEvent(1, 44, 20*time.Second, harness.Harness),
				{Channel: telemetry.ChannelSecurity, EventID: 4688, RecordID: 9, TimeCreated: start, Data: []telemetry.Field{{Name: "NewProcessName", Value: "x"}}},
			},
		}
	}
	ref := func(record uint64) []harness.EventRef {
		return []harness.EventRef{{Channel: telemetry.ChannelSysmon, RecordID: record}}
	}
	chain := func(last harness.LinkState) []harness.Link {
		return []harness.Link{
			{Name: harness.LinkReached, State: harness.LinkHolds, Evidence: "IIS01", Duration: 500 * time.Millisecond},
			{Name: harness.LinkPrepared, State: harness.LinkNotNeeded},
			{Name: harness.LinkRecorded, State: harness.LinkHolds, Evidence: "5 events", Duration: 15*time.Second + 123456789},
			{Name: harness.LinkFired, State: last, Evidence: "as it says\n  hint: two lines"},
			{Name: harness.LinkCleanedUp, State: harness.LinkUnknown, Duration: 90 * time.Second},
		}
	}
	test := &atomics.Test{Name: "Write a file", Technique: "T1505.004"}
	query := "// what is written\nDeviceFileEvents\n| where FileName == \"X.DLL\" | count\n| where Count > 0\n"
	trace := harness.RuleTrace{
		Rule: "A rule", RuleID: "r1", File: "rules/a.yaml", Query: query, Line: 7,
		Steps: []harness.TraceStep{
			{Operator: "DeviceFileEvents", Line: 8, Source: true, Ran: true, Out: 86},
			{Operator: "where", Line: 9, Ran: true, In: 86},
			{Operator: "count", Line: 9, Ran: true, Out: 1},
			{Operator: "where", Line: 10, Ran: true, In: 1, Out: 0},
			{Operator: "serialize"},
		},
		Nearest: &harness.TracedMiss{
			Events: ref(42), Passed: 1, Predicates: 2, Row: []harness.RowCell{{Column: "FileName", Value: "x.dll"}, {Column: "Long", Value: strings.Repeat("A", 500)}},
			Reasons: []harness.TracedReason{
				{Line: 9, Predicate: `FileName == "X.DLL"`, Saw: []harness.RowCell{{Column: "FileName", Value: `"x.dll"`}}, Wanted: `== "X.DLL"`, Hints: []string{"=~ compares without case"}},
				{Line: 9, Predicate: "A == 1", Alternative: true, Wanted: "== 1"},
				{Line: 10, Predicate: "Count > 0", Wanted: "> 0"},
			},
		},
	}
	fired := harness.RuleTrace{Rule: "Another", RuleID: "r2", Query: "T", Line: 1, Rows: 3}
	broken := harness.RuleTrace{Rule: "Broken", RuleID: "r3", Query: "Nowhere", Line: 1, Fault: "r.yaml:1:1: no table \"Nowhere\"\n  Nowhere\n  ^"}
	raised := func(expected bool, because string, record uint64, p harness.Phase) harness.RaisedAlert {
		return harness.RaisedAlert{
			Rule: "Another", RuleID: "r2", Phase: p, Expected: expected, Because: because, Events: ref(record),
			Row:      []harness.RowCell{{Column: "FileName", Value: "x.dll"}, {Column: "Empty"}},
			Entities: []detection.Entity{{Type: "File", Fields: map[string]string{"Name": "x.dll", "Directory": `C:\x`}}},
		}
	}
	return &report.Run{Geiger: "v0", Results: []report.Result{
		{
			Verdict: harness.Verdict{
				Scenario: "missing", Target: "iis01", Outcome: harness.Fail, Reason: harness.Missed, Why: `rule "A rule" did not fire`, Chain: chain(harness.LinkBroken),
				Alerts: []harness.RaisedAlert{}, Nearest: &harness.NearestMiss{Rule: "A rule", Events: ref(42)}, Notes: []string{"a note"},
			},
			Scenario: &harness.Scenario{Name: "missing", Description: "Says what it is for.\n", Test: test}, Evidence: evidence(), Rules: []harness.RuleTrace{fired, broken, trace},
		},
		{
			Verdict: harness.Verdict{
				Scenario: "raising", Target: "lab", Simulated: true, Outcome: harness.Pass, Chain: chain(harness.LinkHolds),
				Alerts: []harness.RaisedAlert{raised(true, "", 42, harness.Attack), raised(true, "known noise", 44, harness.Harness), raised(false, "", 43, harness.Cleanup)},
			},
			Scenario: &harness.Scenario{Name: "raising"}, Evidence: evidence(), Rules: []harness.RuleTrace{fired},
		},
		{
			Verdict: harness.Verdict{
				Scenario: "missing", Target: "lab", Simulated: true, Outcome: harness.Inconclusive, Reason: harness.NotReached, Why: "connection refused",
				Chain: []harness.Link{{Name: harness.LinkReached, State: harness.LinkBroken, Evidence: "connection refused"}},
			},
			Scenario: &harness.Scenario{Name: "missing"},
			Evidence: &harness.Evidence{Run: "run1", Fault: &harness.Fault{Link: harness.LinkReached, Reason: harness.NotReached, Why: "connection refused"}},
		},
	}}
}

func pageOf(t *testing.T, r *report.Run) ([]byte, *html.Node) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, r))
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	return b.Bytes(), root
}

// find returns the elements of a tag and, if it is given, a class, in the order of the page.
func find(n *html.Node, tag, class string) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == tag && (class == "" || strings.Contains(" "+attribute(d, "class")+" ", " "+class+" ")) {
			found = append(found, d)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func TestHTMLFragments(t *testing.T) {
	_, root := pageOf(t, pageRun())
	articles := find(root, "article", "")
	require.Len(t, articles, 3)
	missing, raising, unreached := articles[0], articles[1], articles[2]
	for name, nodes := range map[string][]*html.Node{
		"header":     find(root, "header", "")[:1],
		"matrix":     find(root, "table", "matrix"),
		"headline":   find(missing, "header", ""),
		"chain":      find(missing, "ol", "chain"),
		"timeline":   find(raising, "figure", "timeline"),
		"tables":     find(raising, "table", ""),
		"alerts":     find(raising, "section", "alert"),
		"rules":      find(missing, "details", "rule"),
		"provenance": find(missing, "dl", "row")[len(find(missing, "dl", "row"))-1:],
		"unreached":  {unreached},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEmpty(t, nodes)
			var got bytes.Buffer
			for _, n := range nodes {
				require.NoError(t, html.Render(&got, n))
				got.WriteByte('\n')
			}
			file := filepath.Join("testdata", "html", name+".html")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

func TestHTMLIsDeterministic(t *testing.T) {
	first, _ := pageOf(t, pageRun())
	for range 10 {
		again, _ := pageOf(t, pageRun())
		require.Equal(t, string(first), string(again))
	}
}

// TestHTMLIsSelfContained: the page asks for nothing, and its policy would let it have nothing but its own style sheet.
func TestHTMLIsSelfContained(t *testing.T) {
	_, root := pageOf(t, pageRun())
	sheets := find(root, "style", "")
	require.Len(t, sheets, 1)
	hash := sha256.Sum256([]byte(textOf(sheets[0])))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'"
	require.Equal(t, policy, attribute(find(root, "meta", "")[1], "content"))
	require.NotContains(t, textOf(sheets[0]), "url(")
	require.NotContains(t, textOf(sheets[0]), "@import")
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			require.NotContains(t, []string{"src", "srcset", "style", "action", "data", "poster", "background"}, a.Key, n.Data)
			require.False(t, strings.HasPrefix(a.Key, "on"), "%s of %s", a.Key, n.Data)
			if a.Key == "href" {
				require.Regexp(t, `^#(r\d+|verdicts)$`, a.Val)
			}
		}
		require.NotContains(t, []string{"script", "link", "img", "iframe", "object", "embed", "form", "input", "base"}, n.Data)
	}
}

// TestHTMLCanBeNavigated: headings go down one level at a time, tables have headers, what scrolls can be reached by
// keyboard, drawings have a text, and every link leads somewhere.
func TestHTMLCanBeNavigated(t *testing.T) {
	_, root := pageOf(t, pageRun())
	require.Equal(t, "en", attribute(find(root, "html", "")[0], "lang"))
	ids, level := map[string]bool{}, 0
	for n := range root.Descendants() {
		if id := attribute(n, "id"); id != "" {
			require.False(t, ids[id], "two elements are called %s", id)
			ids[id] = true
		}
		if n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && unicode.IsDigit(rune(n.Data[1])) {
			next := int(n.Data[1] - '0')
			require.LessOrEqual(t, next, level+1, "heading %q", textOf(n))
			level = next
		}
	}
	for n := range root.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "table":
			require.NotEmpty(t, find(n, "th", ""))
		case n.Data == "th":
			require.Contains(t, []string{"col", "row"}, attribute(n, "scope"))
		case n.Data == "svg" && attribute(n, "aria-hidden") == "":
			require.Equal(t, "img", attribute(n, "role"))
			require.NotEmpty(t, attribute(n, "aria-label"))
		case attribute(n, "class") == "scroll":
			require.Equal(t, "0", attribute(n, "tabindex"))
			require.NotEmpty(t, attribute(n, "aria-label")+attribute(n, "aria-labelledby"))
		case n.Data == "a":
			require.True(t, ids[strings.TrimPrefix(attribute(n, "href"), "#")], attribute(n, "href"))
		}
	}
	for _, link := range find(find(root, "table", "matrix")[0], "a", "") {
		require.Contains(t, textOf(link), attribute(link, "class")[len("verdict "):], "an outcome is told by more than its colour")
	}
}

// TestHTMLOfMuch: lists are cut with a word about what is left out, and the page stays small, whatever hosts send.
func TestHTMLOfMuch(t *testing.T) {
	run := &report.Run{}
	for i := range 7 {
		r := pageRun().Results[1]
		r.Verdict.Scenario = fmt.Sprint("much-", i)
		v, e := &r.Verdict, r.Evidence
		for k := range 3000 {
			x := sysmonEvent(k%30, uint64(1000+k), time.Duration(k)*7*time.Millisecond, harness.Attack)
			x.XML = []byte(strings.Repeat(`<"&>`, 2000))
			e.Events = append(e.Events, x)
		}
		for k := range 400 {
			a := v.Alerts[k%3]
			a.Row = []harness.RowCell{{Column: "Much", Value: strings.Repeat(`"`, 10_000)}}
			a.Events = []harness.EventRef{{Channel: telemetry.ChannelSysmon, RecordID: uint64(1000 + k)}}
			for n := range 5 {
				a.Events = append(a.Events, harness.EventRef{Channel: telemetry.ChannelSysmon, RecordID: uint64(1500 + n)})
			}
			v.Alerts = append(v.Alerts, a)
		}
		for range 100 {
			x := e.Executions[0]
			x.Stdout = strings.Repeat("<br>\r\n", 10_000)
			e.Executions = append(e.Executions, x)
		}
		for k := range 20 {
			r.Rules = append(r.Rules, harness.RuleTrace{Rule: fmt.Sprint("rule ", k), Query: strings.Repeat("| where FileName has \"much\"\n", 60)})
		}
		run.Results = append(run.Results, r)
	}
	text, root := pageOf(t, run)
	require.Less(t, len(text), 1<<20)
	article := textOf(find(root, "article", "")[0])
	for _, said := range []string{
		"378 more alerts are left out", "3 more events behind this alert are left out", "72 more commands are left out",
		"17 more rules in scope", "rule 19 (0 rows)", " bytes more",
	} {
		require.Contains(t, article, said)
	}
}

// TestHTMLOfManyResults: those that need attention are told in full first.
func TestHTMLOfManyResults(t *testing.T) {
	run := &report.Run{}
	for range 50 {
		run.Results = append(run.Results, pageRun().Results[1])
	}
	run.Results = append(run.Results, pageRun().Results[0])
	for i := range run.Results {
		run.Results[i].Verdict.Target = fmt.Sprint("target-", i)
	}
	_, root := pageOf(t, run)
	articles := find(root, "article", "")
	require.Len(t, articles, 51)
	require.Contains(t, textOf(find(root, "main", "")[0]), "Of 11 of 51 results only the chain is shown")
	require.NotEmpty(t, find(articles[50], "figure", ""), "the one that fails")
	require.Empty(t, find(articles[49], "figure", ""))
	require.NotEmpty(t, find(articles[49], "ol", "chain"))
	require.Len(t, find(find(root, "table", "matrix")[0], "tr", ""), 52, "targets go down the page when they are more than the scenarios")
}

func TestHTMLOfNothing(t *testing.T) {
	_, root := pageOf(t, &report.Run{Geiger: "v0", Interrupted: true})
	text := textOf(find(root, "body", "")[0])
	require.Contains(t, text, "Nothing was run.")
	require.Contains(t, text, "Interrupted.")
	require.ErrorContains(t, report.HTML(full{}, &report.Run{}), "no space left")
}
