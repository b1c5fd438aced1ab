package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection"
)

// compare holds the alerts against the expectations. Each alert counts for the first expectation that it fits; the
// first thing that is not as expected breaks the link. It returns the expectation that was missed, if that is it.
func (j *judgement) compare(scope []*detection.Rule) (missed *AlertExpectation) {
	for i := range j.scenario.Alerts {
		x := &j.scenario.Alerts[i]
		if reason, why := j.expect(x, scope); reason != "" {
			j.breaks(LinkFired, Fail, reason, why)
			if reason == Missed {
				return x
			}
			return nil
		}
	}
	for _, check := range [...]func([]*detection.Rule) (Reason, string){j.quiet, j.tolerate, j.nothingElse, j.inTime} {
		if reason, why := check(scope); reason != "" {
			j.breaks(LinkFired, Fail, reason, why)
			return nil
		}
	}
	j.gap()
	j.link(LinkFired, LinkHolds, j.asExpected())
	return nil
}

// asExpected says what came of the rules when all is well.
func (j *judgement) asExpected() string {
	n, tolerated, first := 0, 0, -1
	for i := range j.verdict.Alerts {
		if j.verdict.Alerts[i].Because != "" {
			tolerated++
			continue
		}
		if n++; first < 0 {
			first = i
		}
	}
	text := "quiet, as expected"
	if n > 0 {
		a := &j.verdict.Alerts[first]
		text = fmt.Sprintf("%d alert%s of the %s, as expected: %s", n, plural(n), a.Phase, a.summary())
	}
	if tolerated > 0 {
		text += fmt.Sprintf(" (%d tolerated)", tolerated)
	}
	return text
}

// expect marks the alerts of one expectation, and says what is wrong if they are not as expected.
func (j *judgement) expect(x *AlertExpectation, scope []*detection.Rule) (Reason, string) {
	rule := FindRule(scope, x.Rule)
	fitting, otherPhase, otherRow := 0, -1, -1
	for i := range j.verdict.Alerts {
		a := &j.verdict.Alerts[i]
		switch {
		case a.Expected || a.RuleID != rule.ID:
		case a.unlike(x) != "":
			otherRow = i
		case !j.inPhase(x.Phase, a.Phase):
			otherPhase = i
		case fitting < x.AtMost:
			a.Expected = true
			fitting++
		default:
			fitting++ // one too many
		}
	}
	switch {
	case x.AtLeast <= fitting && fitting <= x.AtMost:
		return "", ""
	case fitting == 0 && otherPhase >= 0:
		return WrongPhase, fmt.Sprintf("rule %q fired only because of the %s, not of the %s", rule.Name, j.verdict.Alerts[otherPhase].Phase, x.Phase)
	case fitting == 0 && otherRow >= 0:
		return WrongRow, fmt.Sprintf("rule %q fired, but %s", rule.Name, j.verdict.Alerts[otherRow].unlike(x))
	case fitting == 0:
		return Missed, fmt.Sprintf("rule %q did not fire; expected %s%s", rule.Name, x.rows(), conditions(x.Phase, x.Row))
	}
	return WrongCount, fmt.Sprintf("rule %q raised %d row%s%s, expected %s", rule.Name, fitting, plural(fitting), conditions(x.Phase, x.Row), x.number())
}

// number says how many rows are expected.
func (x *AlertExpectation) number() string {
	switch {
	case x.AtLeast == x.AtMost:
		return strconv.Itoa(x.AtLeast)
	case x.AtMost == Unlimited:
		return fmt.Sprintf("at least %d", x.AtLeast)
	case x.AtLeast == 0:
		return fmt.Sprintf("at most %d", x.AtMost)
	}
	return fmt.Sprintf("%d to %d", x.AtLeast, x.AtMost)
}

func (x *AlertExpectation) rows() string {
	if x.AtLeast == 1 && (x.AtMost == 1 || x.AtMost == Unlimited) {
		return x.number() + " row"
	}
	return x.number() + " rows"
}

// quiet looks for alerts that the scenario rules out by name.
func (j *judgement) quiet(scope []*detection.Rule) (Reason, string) {
	for i := range j.scenario.Quiet {
		x := &j.scenario.Quiet[i]
		rule := FindRule(scope, x.Rule)
		for k := range j.verdict.Alerts {
			if a := &j.verdict.Alerts[k]; !a.Expected && a.RuleID == rule.ID && j.inPhase(x.Phase, a.Phase) && a.unlike(x) == "" {
				return Unexpected, fmt.Sprintf("rule %q must stay quiet%s, and raised %s (%s phase)", rule.Name, conditions(x.Phase, x.Row), a.summary(), a.Phase)
			}
		}
	}
	return "", ""
}

// tolerate marks known noise. An exception that is not needed would hide the next thing it happens to fit.
func (j *judgement) tolerate(scope []*detection.Rule) (Reason, string) {
	for i := range j.scenario.Tolerated {
		t := &j.scenario.Tolerated[i]
		rule, used := FindRule(scope, t.Rule), false
		for k := range j.verdict.Alerts {
			a := &j.verdict.Alerts[k]
			if !a.Expected && a.RuleID == rule.ID && j.inPhase(t.Phase, a.Phase) && a.difference(t.Row) == "" {
				a.Expected, a.Because, used = true, t.Because, true
			}
		}
		if !used {
			return Unneeded, fmt.Sprintf("nothing makes use of the toleration for rule %q%s; remove it (it says: %s)", rule.Name, conditions(t.Phase, t.Row), t.Because)
		}
	}
	return "", ""
}

func (j *judgement) nothingElse([]*detection.Rule) (Reason, string) {
	for _, a := range j.verdict.Alerts {
		if !a.Expected {
			return Unexpected, fmt.Sprintf("rule %q raised %s (%s phase), which no expectation covers", a.Rule, a.summary(), a.Phase)
		}
	}
	return "", ""
}

// inTime holds the time that the marker behind the last phase took to become readable against the budget.
func (j *judgement) inTime([]*detection.Rule) (Reason, string) {
	budget, took := j.scenario.Latency, j.evidence.Fence.Latency
	if budget == 0 || took <= budget {
		return "", ""
	}
	return Late, fmt.Sprintf("telemetry could be read %s after it happened, the budget is %s", took.Round(time.Millisecond), budget)
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

// unlike says how an alert is not the expected one, or "".
func (a *RaisedAlert) unlike(x *AlertExpectation) string {
	if d := a.difference(x.Row); d != "" {
		return d
	}
	for i := range x.Entities {
		if e := &x.Entities[i]; !slices.ContainsFunc(a.Entities, e.is) {
			return "it has no entity " + e.String()
		}
	}
	return ""
}

// is reports whether an entity is the expected one.
func (x *EntityExpectation) is(e detection.Entity) bool {
	return strings.EqualFold(x.Type, e.Type) && !slices.ContainsFunc(x.Fields, func(m Match) bool {
		v, ok := e.Fields[m.Column]
		return !ok || !m.Matches(v)
	})
}

// String shows an entity as messages do.
func (x *EntityExpectation) String() string { return x.Type + conditions("", x.Fields) }

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
