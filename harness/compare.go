package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection"
)

// compare holds the alerts against the expectations. Each alert counts for the first expectation that it fits; the
// first thing that is not as expected breaks the link. It returns the expectation that was missed, if that is it.
func (j *judgement) compare(scope []*detection.Rule) (missed *AlertExpectation) {
	for i := range j.scenario.Alerts {
		if reason, why := j.expect(&j.scenario.Alerts[i], scope); reason != "" {
			j.breaks(LinkFired, Fail, reason, why)
			if reason != Missed {
				return nil
			}
			return &j.scenario.Alerts[i]
		}
	}
	for _, a := range j.verdict.Alerts {
		if !a.Expected {
			j.breaks(LinkFired, Fail, Unexpected, fmt.Sprintf("rule %q raised %s (%s phase), which no expectation covers", a.Rule, a.summary(), a.Phase))
			return nil
		}
	}
	j.gap()
	if len(j.verdict.Alerts) == 0 {
		j.link(LinkFired, LinkHolds, "quiet, as expected")
		return nil
	}
	n := len(j.verdict.Alerts)
	first := &j.verdict.Alerts[0]
	j.link(LinkFired, LinkHolds, fmt.Sprintf("%d alert%s of the %s, as expected: %s", n, plural(n), first.Phase, first.summary()))
	return nil
}

// expect marks the alerts of one expectation, and says what is wrong if they are not as expected.
func (j *judgement) expect(x *AlertExpectation, scope []*detection.Rule) (Reason, string) {
	rule := FindRule(scope, x.Rule)
	fitting, otherPhase, otherRow := 0, -1, -1
	for i := range j.verdict.Alerts {
		a := &j.verdict.Alerts[i]
		switch {
		case a.Expected || a.RuleID != rule.ID:
		case !a.matches(x.Row):
			otherRow = i
		case !j.inPhase(x.Phase, a.Phase):
			otherPhase = i
		default:
			a.Expected = true
			fitting++
		}
	}
	switch {
	case fitting == x.Count:
		return "", ""
	case fitting == 0 && otherPhase >= 0:
		return WrongPhase, fmt.Sprintf("rule %q fired only because of the %s, not of the %s", rule.Name, j.verdict.Alerts[otherPhase].Phase, x.Phase)
	case fitting == 0 && otherRow >= 0:
		return WrongRow, fmt.Sprintf("rule %q fired, but %s", rule.Name, j.verdict.Alerts[otherRow].difference(x.Row))
	case fitting == 0:
		return Missed, fmt.Sprintf("rule %q did not fire; expected %d row%s%s", rule.Name, x.Count, plural(x.Count), conditions(x.Phase, x.Row))
	}
	return WrongCount, fmt.Sprintf("rule %q raised %d row%s%s, expected %d", rule.Name, fitting, plural(fitting), conditions(x.Phase, x.Row), x.Count)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// value returns a column of the row, and whether the row has it.
func (a *RaisedAlert) value(column string) (string, bool) {
	at := slices.IndexFunc(a.Row, func(c RowCell) bool { return c.Column == column })
	if at < 0 {
		return "", false
	}
	return a.Row[at].Value, true
}

func (a *RaisedAlert) matches(row []Match) bool { return a.difference(row) == "" }

// difference says how a row is not the expected one, or "".
func (a *RaisedAlert) difference(row []Match) string {
	for i := range row {
		m := &row[i]
		got, ok := a.value(m.Column)
		if !ok {
			return fmt.Sprintf("its rows have no column %q", m.Column)
		}
		if !m.Matches(got) {
			return fmt.Sprintf("%s is %q, expected %s", m.Column, got, m)
		}
	}
	return ""
}

// summary says what a row is about: what was detected, on which object, by which process.
func (a *RaisedAlert) summary() string {
	var parts []string
	for _, telling := range [...][]string{{"DetectionType"}, {"FolderPath", "RegistryKey", "FileName"}} {
		for _, column := range telling {
			if v, ok := a.value(column); ok && v != "" {
				parts = append(parts, v)
				break
			}
		}
	}
	if v, ok := a.value("InitiatingProcessFileName"); ok && v != "" {
		parts = append(parts, "by "+v)
	}
	if len(parts) == 0 {
		return "a row"
	}
	return strings.Join(parts, " ")
}

var isTechnique = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

// gapRows bounds how many rows a coverage gap quotes.
const gapRows = 3

// gap notes that no rule in scope sees the attack, with the telemetry that a rule could use. A test that belongs to no
// technique is a control: nothing has to see it.
func (j *judgement) gap() {
	if !j.scenario.Runs(Attack) || !isTechnique.MatchString(j.scenario.Test.Technique) || j.broken || slices.ContainsFunc(j.verdict.Alerts, func(a RaisedAlert) bool { return a.Phase == Attack }) {
		return
	}
	tables := j.tablesOf(j.schemas[0])
	var seen []string
	for _, t := range j.scenario.Telemetry {
		switch {
		case t.Table != "":
			table, ok := tables.Table(t.Table)
			for row := 0; ok && row < table.Len() && len(seen) < gapRows; row++ {
				if j.inPhase(t.Phase, j.phases.ofSources(table.Sources(row))) && matchesRow(t.Where, table, row) {
					seen = append(seen, t.Table+conditions("", t.Where))
					break
				}
			}
		default:
			seen = append(seen, fmt.Sprintf("event %d of %s%s", t.EventID, t.Channel, conditions("", t.Where)))
		}
	}
	text := "no rule in scope sees this: coverage gap"
	if len(seen) > 0 {
		text += "; a rule could use " + strings.Join(seen, "; ")
	}
	j.note("%s", text)
}
