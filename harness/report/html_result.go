package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
)

// What an HTML report shows at most of one scenario, so that a page stays one that a browser opens. What is left out is
// counted on the page.
const (
	mostEvents     = 3 // behind one alert
	mostExecutions = 30
	mostText       = 4 << 10 // bytes of a raw event, of a command or of what it printed
	mostCell       = 2 << 10 // bytes of a value
)

// htmlResult is a scenario on a target.
type htmlResult struct {
	ID         string
	Scenario   string
	Target     string
	Outcome    harness.Outcome
	Reason     string
	Headline   string
	About      string
	Technique  string
	Test       string
	Chain      []htmlLink
	Notes      []string
	Detailed   bool
	Timeline   *htmlTimeline
	Alerts     []htmlAlert
	MoreAlerts int
	Unjudged   bool // the chain broke before the rules
	Rules      []htmlRule
	MoreRules  []string
	Executions []htmlExecution
	MoreExec   int
	Checks     []htmlCheck
	Facts      []htmlFact
	Channels   []htmlChannel
	left       allowance
}

type htmlLink struct {
	Name     harness.LinkName
	State    harness.LinkState
	Class    string
	Evidence string
	Took     string
}

type htmlFact struct{ Name, Value string }

type htmlChannel struct {
	harness.ChannelReading
	Events int
}

type htmlCheck struct {
	harness.CheckResult
	Answer string
}

func newHTMLResult(r *Result, index int, detailed bool, left allowance) htmlResult {
	v := &r.Verdict
	h := htmlResult{
		ID: resultID(index), Scenario: v.Scenario, Target: targetName(v), Outcome: v.Outcome,
		Reason: string(v.Reason), Headline: v.Why, Notes: v.Notes, Detailed: detailed, left: left,
	}
	if v.Outcome == harness.Pass {
		h.Headline = headline(v)
	}
	if s := r.Scenario; s != nil {
		h.About = strings.TrimSpace(s.Description)
		if s.Test != nil {
			h.Technique, h.Test = s.Test.Technique, s.Test.Name
		}
	}
	h.Headline = h.left.clip(h.Headline, mostText)
	for _, l := range v.Chain {
		h.Chain = append(h.Chain, htmlLink{l.Name, l.State, linkClass(l.State), h.left.clip(l.Evidence, mostText), took(l.Duration)})
	}
	if detailed {
		h.details(r)
	}
	return h
}

func linkClass(s harness.LinkState) string {
	switch s {
	case harness.LinkHolds:
		return "holds"
	case harness.LinkBroken:
		return "broken"
	}
	return "idle"
}

// took is a duration in a few digits; "" for one that was not measured.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// details adds what only the evidence tells.
func (h *htmlResult) details(r *Result) {
	e := r.Evidence
	var events eventIndex
	if e != nil {
		events = indexEvents(e)
		h.Timeline = newHTMLTimeline(e, &r.Verdict, events)
		h.provenance(e)
	}
	h.Unjudged = stateOf(&r.Verdict, harness.LinkFired) == harness.LinkUnknown
	events.left = &h.left
	h.alerts(&r.Verdict, events)
	h.rules(r, events)
	if e != nil {
		h.executions(e) // last: what the host sent of alerts is worth more
	}
}

func (h *htmlResult) executions(e *harness.Evidence) {
	for _, x := range e.Executions {
		if len(h.Executions) == mostExecutions {
			h.MoreExec = len(e.Executions) - mostExecutions
			break
		}
		h.Executions = append(h.Executions, newHTMLExecution(&x, &h.left))
	}
	for _, c := range e.Checks {
		answer := "holds"
		if !c.Holds {
			answer = "does not hold"
		}
		c.Saw = h.left.clip(c.Saw, mostCell)
		h.Checks = append(h.Checks, htmlCheck{c, answer})
	}
}

// briefWidth keeps a folded command on one line of a desk's screen.
const briefWidth = 72

// htmlExecution is a command on the host and what it printed.
type htmlExecution struct {
	Phase               harness.Phase
	Brief, Command, Dir string
	ProcessID           uint32
	Started, Took       string
	Exit                string
	Failed              bool
	Stdout, Stderr      string
}

func newHTMLExecution(x *harness.Execution, left *allowance) htmlExecution {
	h := htmlExecution{
		Phase: x.Phase, Command: left.clip(strings.TrimSpace(x.File+" "+x.Arguments), mostText), Dir: x.Dir, ProcessID: x.ProcessID,
		Started: clockTime(x.Started), Took: took(x.Ended.Sub(x.Started)),
		Exit: fmt.Sprintf("exit status %d", x.ExitCode), Failed: x.ExitCode != 0 || x.TimedOut,
		Stdout: left.clip(strings.TrimRight(x.Stdout, "\r\n"), mostText), Stderr: left.clip(strings.TrimRight(x.Stderr, "\r\n"), mostText),
	}
	if x.TimedOut {
		h.Exit = "stopped after its time"
	}
	h.Brief = strings.Join(strings.Fields(h.Command), " ")
	if runes := []rune(h.Brief); len(runes) > briefWidth {
		h.Brief = string(runes[:briefWidth-1]) + "…"
	}
	return h
}

// clockTime is a moment on the host's clock, within a day that the page names elsewhere.
func clockTime(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// provenance says where all this comes from.
func (h *htmlResult) provenance(e *harness.Evidence) {
	f := &e.Host
	h.fact("Run", e.Run)
	h.fact("Host", f.Name)
	h.fact("Operating system", join(f.OS, f.Build))
	h.fact("WS-Management", f.Product)
	h.fact("User", join(f.User, yes(f.User != "" && f.Elevated, "elevated")))
	h.fact("PowerShell", join(f.PowerShell, bits(f.Bits), f.LanguageMode, yes(f.ScriptBlockLogging, "script block logging on")))
	h.fact("IIS", join(f.IIS, yes(f.W3SVC != "", "W3SVC "+f.W3SVC), yes(f.WebAdministration, "WebAdministration")))
	h.fact("Sysmon", join(f.SysmonVersion, f.Sysmon))
	h.fact("Sysmon configuration", f.SysmonConfigHash)
	if f.Name != "" {
		h.fact("Clock", fmt.Sprintf("%v against geiger's", f.ClockSkew.Round(time.Millisecond)))
	}
	if !e.Started.IsZero() {
		h.fact("Time", moment(e.Started)+" to "+moment(e.Ended))
	}
	h.fact("Telemetry took", latency(e))
	if f := e.Fault; f != nil {
		h.fact("Stopped at", fmt.Sprintf("%s (%s): %s", f.Link, f.Reason, f.Why))
	}
	for _, c := range e.Channels {
		n := 0
		for i := range e.Events {
			if e.Events[i].Channel == c.Channel {
				n++
			}
		}
		h.Channels = append(h.Channels, htmlChannel{c, n})
	}
}

func (h *htmlResult) fact(name, value string) {
	if value != "" {
		h.Facts = append(h.Facts, htmlFact{name, value})
	}
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

func yes(is bool, text string) string {
	if !is {
		return ""
	}
	return text
}

func bits(n int) string { return yes(n > 0, fmt.Sprintf("%d bits", n)) }

// latency is how long the marker processes took to be seen.
func latency(e *harness.Evidence) string {
	var parts []string
	if e.Canary.Seen {
		parts = append(parts, e.Canary.Latency.Round(time.Millisecond).String()+" before the attack")
	}
	if e.Fence.Seen {
		parts = append(parts, e.Fence.Latency.Round(time.Millisecond).String()+" after it")
	}
	return strings.Join(parts, ", ")
}
