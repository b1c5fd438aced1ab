package scenario

import (
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/harness"
)

func (b *builder) expectations(d *expectationDoc) {
	for i := range d.Alerts {
		x := b.alert(&d.Alerts[i])
		b.numbers(&d.Alerts[i], &x)
		b.scenario.Alerts = append(b.scenario.Alerts, x)
	}
	for i := range d.Quiet {
		b.quiet(&d.Quiet[i])
	}
	for i := range d.Tolerate {
		b.toleration(&d.Tolerate[i])
	}
	b.scenario.Latency = b.duration("latency", &d.Latency)
	for i := range d.Telemetry {
		b.telemetry(&d.Telemetry[i])
	}
}

func (b *builder) alert(d *alertDoc) harness.AlertExpectation {
	x := harness.AlertExpectation{Rule: d.Rule.Value, Phase: b.phase(&d.Phase, harness.Attack), Row: b.matches(&d.Row)}
	if x.Rule == "" {
		b.fault(first(&d.Row, &d.Phase, &b.document.Name), `the expected alert names no "rule"`)
	}
	for i := range d.Entities {
		e := &d.Entities[i]
		if e.Type.Value == "" {
			b.fault(first(&e.Fields, &d.Rule), `the expected entity has no "type", such as Host, Process or File`)
		}
		x.Entities = append(x.Entities, harness.EntityExpectation{Type: e.Type.Value, Fields: b.matches(&e.Fields)})
	}
	return x
}

// numbers reads how many rows are expected: one, unless the scenario says otherwise.
func (b *builder) numbers(d *alertDoc, x *harness.AlertExpectation) {
	at := first(&d.Rule, &d.Row)
	x.AtLeast, x.AtMost = 1, 1
	switch {
	case d.Count != nil && (d.AtLeast != nil || d.AtMost != nil):
		b.fault(at, `both "count" and a range: count is exact, at_least and at_most are its bounds`)
	case d.Count != nil:
		x.AtLeast, x.AtMost = *d.Count, *d.Count
	case d.AtLeast != nil || d.AtMost != nil:
		x.AtLeast, x.AtMost = 0, harness.Unlimited
		if d.AtLeast != nil {
			x.AtLeast = *d.AtLeast
		}
		if d.AtMost != nil {
			x.AtMost = *d.AtMost
		}
	}
	switch {
	case x.AtMost < 1:
		b.fault(at, `no alert is expected; to demand silence, list it under "quiet", or leave it out: what is not listed must not come`)
	case x.AtLeast < 0 || x.AtLeast > x.AtMost:
		b.fault(at, "at_least is %d and at_most is %d; no number is both", x.AtLeast, x.AtMost)
	}
}

func (b *builder) quiet(d *alertDoc) {
	if d.Count != nil || d.AtLeast != nil || d.AtMost != nil {
		b.fault(first(&d.Rule, &d.Row), "what must stay quiet has no number")
	}
	x := b.alert(d)
	if d.Phase.Value == "" {
		x.Phase = ""
	}
	b.scenario.Quiet = append(b.scenario.Quiet, x)
}

func (b *builder) toleration(d *tolerationDoc) {
	at := first(&d.Rule, &d.Row, &d.Phase)
	t := harness.Toleration{Rule: d.Rule.Value, Phase: b.phase(&d.Phase, harness.Background), Row: b.matches(&d.Row), Because: d.Because}
	switch {
	case t.Rule == "":
		b.fault(at, `the toleration names no "rule"`)
	case len(t.Row) == 0:
		b.fault(at, `the toleration has no "row": name the columns that tell the known noise from everything else`)
	case t.Because == "":
		b.fault(at, `the toleration has no "because", which reports quote`)
	}
	b.scenario.Tolerated = append(b.scenario.Tolerated, t)
}

func (b *builder) telemetry(d *telemetryDoc) {
	x := harness.TelemetryExpectation{
		Table: d.Table, Channel: d.Channel, EventID: d.Event, Phase: b.phase(&d.Phase, harness.Attack), AtLeast: 1, Where: b.matches(&d.Where),
	}
	if d.AtLeast != nil {
		x.AtLeast = *d.AtLeast
	}
	if (x.Table == "") == (x.Channel == "") {
		b.fault(&d.Where, `expected telemetry is either a "table" or a "channel" with an "event"`)
	}
	b.scenario.Telemetry = append(b.scenario.Telemetry, x)
}

// phase reads the phase of an expectation.
func (b *builder) phase(n *yaml.Node, otherwise harness.Phase) harness.Phase {
	switch p := harness.Phase(n.Value); p {
	case "":
		return otherwise
	case "any":
		return ""
	case harness.Prerequisite, harness.Attack, harness.Cleanup, harness.Harness, harness.Background:
		return p
	}
	b.fault(n, "no phase %q; use prerequisite, attack, cleanup, harness, background or any", n.Value)
	return ""
}

// matches reads a mapping of columns to values, globs and regular expressions, in the order of the file.
func (b *builder) matches(n *yaml.Node) []harness.Match {
	var all []harness.Match
	if n.Kind != 0 && n.Kind != yaml.MappingNode {
		b.fault(n, "expected a mapping of columns to values")
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		kind, pattern := harness.Exact, b.expected(v, v.Value)
		if v.Kind == yaml.MappingNode {
			if len(v.Content) != 2 || v.Content[0].Value != "glob" && v.Content[0].Value != "regexp" {
				b.fault(v, "%s: expected a value, {glob: ...} or {regexp: ...}", key.Value)
				continue
			}
			kind, pattern = harness.MatchKind(v.Content[0].Value), v.Content[1].Value
			if kind == harness.Regexp {
				pattern = b.expectedPattern(v.Content[1], pattern)
			} else {
				pattern = b.expected(v.Content[1], pattern)
			}
		}
		m, err := harness.NewMatch(key.Value, kind, pattern)
		if err != nil {
			b.fault(v, "%s: %v", key.Value, err)
		}
		all = append(all, m)
	}
	return all
}

// expected is text that also may name what only the host knows.
func (b *builder) expected(at *yaml.Node, text string) string {
	return b.fill(at, text, func(v string) string { return v }, hostPlaceholder)
}

// expectedPattern is expected for regular expressions.
func (b *builder) expectedPattern(at *yaml.Node, text string) string {
	return b.fill(at, text, regexp.QuoteMeta, hostPlaceholder)
}

// hostPlaceholder reports whether a placeholder is filled only when a scenario is judged.
func hostPlaceholder(name string) bool { return slices.Contains(harness.HostPlaceholders(), name) }
