package harness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness/ingest"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// Judge turns the evidence of a scenario into a verdict, under the given rules. It depends on nothing else: equal
// evidence, scenario and rules give equal verdicts. The error is the context's.
func Judge(ctx context.Context, s *Scenario, e *Evidence, rules []*detection.Rule) (Verdict, error) {
	j := newJudgement(s, e)
	j.reached()
	j.prepared()
	j.executed()
	j.tookEffect()
	j.recorded()
	j.normalised()
	if err := j.fired(ctx, rules); err != nil {
		return Verdict{}, err
	}
	j.cleanedUp()
	j.settle()
	return j.verdict, nil
}

func newJudgement(s *Scenario, e *Evidence) *judgement {
	return &judgement{
		scenario: s.on(&e.Host), evidence: e, phases: attribute(e), tables: map[*kql.Schema]kql.Tables{},
		schemas: []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()},
		verdict: Verdict{Scenario: s.Name, Target: e.Target, Simulated: e.Host.Simulated, Alerts: []RaisedAlert{}},
	}
}

type judgement struct {
	scenario *Scenario
	evidence *Evidence
	phases   *attribution
	schemas  []*kql.Schema
	tables   map[*kql.Schema]kql.Tables
	verdict  Verdict
	broken   bool // a link before this one is broken
	outcome  Outcome
	reason   Reason
	why      string
}

// link appends a link to the chain. Behind a broken link nothing is known.
func (j *judgement) link(name LinkName, state LinkState, evidence string) {
	if j.broken && state != LinkNotNeeded && name != LinkCleanedUp {
		state, evidence = LinkUnknown, ""
	}
	l := Link{Name: name, State: state, Evidence: evidence}
	for _, t := range j.evidence.Timings {
		if t.Link == name {
			l.Duration = t.Duration
		}
	}
	j.verdict.Chain = append(j.verdict.Chain, l)
}

// breaks appends a broken link. The first one is the headline of the verdict.
func (j *judgement) breaks(name LinkName, outcome Outcome, reason Reason, why string) {
	j.link(name, LinkBroken, why)
	if j.outcome == "" && (!j.broken || name == LinkCleanedUp) {
		j.outcome, j.reason, j.why = outcome, reason, why
	}
	if name != LinkFired {
		j.broken = true
	}
}

// faulted breaks a link if the run itself was stopped there.
func (j *judgement) faulted(name LinkName) bool {
	f := j.evidence.Fault
	if f == nil || f.Link != name || j.broken {
		return false
	}
	j.breaks(name, Inconclusive, f.Reason, f.Why)
	return true
}

func (j *judgement) reached() {
	if j.faulted(LinkReached) {
		return
	}
	h := j.evidence.Host
	j.link(LinkReached, LinkHolds, fmt.Sprintf("%s (%s)", h.Name, h.Product))
}

func (j *judgement) prepared() {
	if !j.scenario.Runs(Prerequisite) {
		j.link(LinkPrepared, LinkNotNeeded, "")
		return
	}
	if !j.broken && !j.supported(LinkPrepared, Prerequisite) {
		return
	}
	if j.faulted(LinkPrepared) {
		return
	}
	proof := "the test has no prerequisites"
	if n := len(j.scenario.Test.Dependencies); n > 0 {
		proof = fmt.Sprintf("%d of %d prerequisites met", n, n)
	}
	j.link(LinkPrepared, LinkHolds, proof)
}

// supported breaks a link if the lab met something in the phase that it does not simulate.
func (j *judgement) supported(name LinkName, p Phase) bool {
	for i := range j.evidence.Events {
		e := &j.evidence.Events[i]
		if e.Channel != channelLab || e.EventID != labUnsupported || j.phases.ofEvent(e) != p {
			continue
		}
		j.breaks(name, Inconclusive, UnsupportedInLab, fmt.Sprintf("the lab does not simulate %s %s (%s phase)%s; try a VM", e.Get("Kind"), e.Get("Name"), p, detail(e)))
		return false
	}
	return true
}

// labUnsupported is the id of the lab's event for something it lacks.
const labUnsupported = 1

func detail(e *telemetry.Event) string {
	if d := e.Get("Detail"); d != "" {
		return ": " + d
	}
	return ""
}

func (j *judgement) executed() {
	// What the lab lacks explains a command that failed, so it comes first.
	if !j.broken && (!j.supported(LinkExecuted, Attack) || !j.supported(LinkExecuted, Harness)) {
		return
	}
	if j.faulted(LinkExecuted) {
		return
	}
	if !j.scenario.Runs(Attack) {
		j.link(LinkExecuted, LinkNotNeeded, "")
		return
	}
	for _, x := range j.evidence.Executions {
		if x.Phase == Attack {
			j.link(LinkExecuted, LinkHolds, fmt.Sprintf("%s, process %d, exit status %d", x.File, x.ProcessID, x.ExitCode))
			return
		}
	}
	if f := j.evidence.Fault; f != nil && f.Link == LinkRecorded {
		j.link(LinkExecuted, LinkUnknown, "not attacked, because nothing would have been seen")
		return
	}
	j.breaks(LinkExecuted, Inconclusive, NotExecuted, "the attack left no execution")
}

func (j *judgement) tookEffect() {
	if j.faulted(LinkTookEffect) {
		return
	}
	j.proven(LinkTookEffect, len(j.scenario.Effect), Inconclusive, NoEffect)
}

// proven judges a link by the checks that a scenario makes of it.
func (j *judgement) proven(link LinkName, demanded int, outcome Outcome, reason Reason) {
	checks, failed := j.checks(link)
	switch {
	case failed != "":
		j.breaks(link, outcome, reason, failed)
	case demanded == 0:
		j.link(link, LinkNotNeeded, "")
	case len(checks) == 0:
		j.link(link, LinkUnknown, "")
	default:
		j.link(link, LinkHolds, strings.Join(checks, "; "))
	}
}

// checks lists the checks of a link that hold, and the first that does not.
func (j *judgement) checks(link LinkName) (holding []string, failed string) {
	for _, c := range j.evidence.Checks {
		switch {
		case c.Link != link:
		case c.Holds:
			holding = append(holding, c.Description)
		case failed == "":
			failed = c.Description + ": does not hold"
			if c.Saw != "" {
				failed += " (" + c.Saw + ")"
			}
		}
	}
	return holding, failed
}

func (j *judgement) recorded() {
	if j.faulted(LinkRecorded) {
		return
	}
	for _, c := range j.evidence.Channels {
		switch {
		case c.Channel == telemetry.ChannelSysmon && c.State != ChannelEnabled:
			j.breaks(LinkRecorded, Inconclusive, ChannelOff, fmt.Sprintf("channel %s is %s; install Sysmon or enable the channel", c.Channel, c.State))
			return
		case c.Lost:
			j.breaks(LinkRecorded, Inconclusive, NotRecorded, fmt.Sprintf("channel %s lost records before they were read: the log was cleared, replaced or is too small", c.Channel))
			return
		}
	}
	f := j.evidence.Fence
	if !f.Seen && !j.broken {
		j.breaks(LinkRecorded, Inconclusive, NotRecorded, f.unseen())
		return
	}
	if f.Unsettled {
		j.note("older events were still coming in when collection gave up after %v; what came later is not in this verdict", f.Waited.Round(time.Second))
	}
	for _, t := range j.scenario.Telemetry {
		if t.Channel != "" && !j.recordedIn(t) {
			return
		}
	}
	j.link(LinkRecorded, LinkHolds, fmt.Sprintf("%d events, %d of the attack", len(j.evidence.Events), j.countEvents(Attack)))
}

func (j *judgement) countEvents(p Phase) int {
	n := 0
	for i := range j.evidence.Events {
		if j.phases.ofEvent(&j.evidence.Events[i]) == p {
			n++
		}
	}
	return n
}

// recordedIn checks an expectation of raw events.
func (j *judgement) recordedIn(t TelemetryExpectation) bool {
	for _, c := range j.evidence.Channels {
		if c.Channel == t.Channel && c.State != ChannelEnabled {
			j.breaks(LinkRecorded, Inconclusive, ChannelOff, fmt.Sprintf("channel %s is %s", c.Channel, c.State))
			return false
		}
	}
	n := 0
	for i := range j.evidence.Events {
		e := &j.evidence.Events[i]
		if e.Channel == t.Channel && e.EventID == t.EventID && j.inPhase(t.Phase, j.phases.ofEvent(e)) && matchesEvent(t.Where, e) {
			n++
		}
	}
	if n < t.AtLeast {
		j.breaks(LinkRecorded, Inconclusive, NotRecorded, fmt.Sprintf("event %d of %s%s: %d found, at least %d expected", t.EventID, t.Channel, conditions(t.Phase, t.Where), n, t.AtLeast))
		return false
	}
	return true
}

func (j *judgement) inPhase(want, got Phase) bool { return want == "" || want == got }

func matchesEvent(where []Match, e *telemetry.Event) bool {
	return !slices.ContainsFunc(where, func(m Match) bool { return !m.Matches(e.Get(m.Column)) })
}

func conditions(p Phase, where []Match) string {
	var parts []string
	if p != "" {
		parts = append(parts, "phase "+string(p))
	}
	for i := range where {
		parts = append(parts, where[i].String())
	}
	if len(parts) == 0 {
		return ""
	}
	return " with " + strings.Join(parts, ", ")
}

func (j *judgement) normalised() {
	tables := j.tablesOf(j.schemas[0])
	rows := 0
	for _, t := range tables {
		rows += t.Len()
	}
	for _, t := range j.scenario.Telemetry {
		if t.Table != "" && !j.normalisedIn(tables, t) {
			return
		}
	}
	j.link(LinkNormalised, LinkHolds, fmt.Sprintf("%d rows in %d tables", rows, len(tables)))
}

func (j *judgement) tablesOf(s *kql.Schema) kql.Tables {
	t, ok := j.tables[s]
	if !ok {
		t = ingest.Tables(j.evidence.Events, s)
		for _, f := range j.scenario.Fixtures {
			t[f.Name] = f.Table
		}
		j.tables[s] = t
	}
	return t
}

// normalisedIn checks an expectation of rows. An event that no sensor was set to record is no row either, so the link
// that broke may be the one before; both mean that nothing can be said about the rules.
func (j *judgement) normalisedIn(tables kql.Tables, t TelemetryExpectation) bool {
	table, ok := tables.Table(t.Table)
	if !ok {
		j.breaks(LinkNormalised, Inconclusive, NotRecorded, fmt.Sprintf("no source of geiger fills the table %s", t.Table))
		return false
	}
	for _, m := range t.Where {
		if columnOf(table, m.Column) < 0 {
			j.breaks(LinkNormalised, Inconclusive, NotRecorded, fmt.Sprintf("%s has no column %q; correct the scenario's expectation", t.Table, m.Column))
			return false
		}
	}
	n := 0
	for row := range table.Len() {
		if j.inPhase(t.Phase, j.phases.ofSources(table.Sources(row))) && matchesRow(t.Where, table, row) {
			n++
		}
	}
	if n < t.AtLeast {
		j.breaks(LinkNormalised, Inconclusive, NotRecorded, fmt.Sprintf("%s%s: %d rows, at least %d expected; does the Sysmon configuration record it?", t.Table, conditions(t.Phase, t.Where), n, t.AtLeast))
		return false
	}
	return true
}

func matchesRow(where []Match, table *kql.Table, row int) bool {
	for _, m := range where {
		at := columnOf(table, m.Column)
		if at < 0 || !m.MatchesValue(table.At(row, at)) {
			return false
		}
	}
	return true
}

func columnOf(table *kql.Table, name string) int {
	return slices.IndexFunc(table.Columns(), func(c value.Column) bool { return c.Name == name })
}

func (j *judgement) cleanedUp() {
	if _, failed := j.checks(LinkCleanedUp); failed != "" && !j.supported(LinkCleanedUp, Cleanup) {
		return
	}
	if _, failed := j.checks(LinkCleanedUp); failed != "" && j.outcome != "" {
		j.note("the host was not left as it was found: %s", failed)
	}
	j.proven(LinkCleanedUp, len(j.scenario.Cleaned), Fail, Residue)
}

func (j *judgement) settle() {
	v := &j.verdict
	v.Outcome, v.Reason, v.Why = j.outcome, j.reason, j.why
	if v.Outcome == "" {
		v.Outcome = Pass
	}
}
