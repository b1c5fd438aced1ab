package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
)

// builder turns a document into a scenario and collects every fault on the way.
type builder struct {
	file     string
	library  Library
	document *document
	scenario *harness.Scenario
	faults   []error
	values   map[string]string // of the placeholders
}

func (b *builder) fault(at *yaml.Node, format string, arguments ...any) {
	b.faults = append(b.faults, &Error{b.file, max(at.Line, 1), max(at.Column, 1), fmt.Sprintf(format, arguments...)})
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

func (b *builder) build() {
	d := b.document
	if !nameForm.MatchString(d.Name.Value) {
		b.fault(&d.Name, "name %q: give the scenario a name of lower-case letters, digits and hyphens", d.Name.Value)
	}
	b.test()
	b.phases()
	if d.Window.Value != "" {
		w, err := parseWindow(d.Window.Value)
		if err != nil {
			b.fault(&d.Window, "%v", err)
		}
		b.scenario.Window = w
	}
	b.fixtures(&d.Fixtures)
	b.scenario.Effect = b.checks(d.Effect)
	b.scenario.Cleaned = b.checks(d.Cleaned)
	for i := range d.Expect.Alerts {
		b.alert(&d.Expect.Alerts[i])
	}
	for i := range d.Expect.Telemetry {
		b.telemetry(&d.Expect.Telemetry[i])
	}
}

// test finds and prepares the atomic test. A scenario without one only watches.
func (b *builder) test() {
	d := b.document
	switch {
	case d.Atomic != nil && d.Test != nil:
		b.fault(&d.Test.node, `both "atomic" and "test": a scenario has one test`)
	case d.Atomic != nil:
		t, err := atomics.Find(b.library.Techniques, d.Atomic.Test.Value)
		if err != nil {
			b.fault(&d.Atomic.Test, "%v", err)
			return
		}
		b.prepare(&d.Atomic.Test, t, d.Atomic.Arguments)
	case d.Test != nil:
		t := &atomics.Test{Technique: b.scenario.Name, Number: 1}
		if err := d.Test.node.Decode(t); err != nil {
			b.faults = append(b.faults, yamlError(b.file, err))
			return
		}
		b.prepare(&d.Test.node, t, nil)
	}
}

func (b *builder) prepare(at *yaml.Node, t *atomics.Test, arguments map[string]string) {
	p, err := t.Prepare(arguments, b.library.AtomicsFolder)
	if err != nil {
		b.fault(at, "%v", err)
		return
	}
	if _, _, err := atomics.CommandLine(p.Executor.Name, p.Executor.Command, false); err != nil {
		b.fault(at, "test %s: %v", t.ID(), err)
		return
	}
	if !runsOnWindows(p.SupportedPlatforms) {
		b.fault(at, "test %s supports %s; targets are Windows machines", t.ID(), strings.Join(p.SupportedPlatforms, ", "))
		return
	}
	b.scenario.Test = p
	b.values = map[string]string{}
	for _, a := range p.InputArguments {
		b.values[a.Name] = a.Default
	}
}

// runsOnWindows follows Invoke-AtomicRedTeam: a test of a cloud platform runs from any system. A test written in place
// may leave its platforms out.
func runsOnWindows(platforms []string) bool {
	return len(platforms) == 0 || slices.ContainsFunc(platforms, func(p string) bool {
		return p == "windows" || !slices.Contains([]string{"linux", "macos", "esxi"}, p)
	})
}

func (b *builder) phases() {
	known := []harness.Phase{harness.Prerequisite, harness.Attack, harness.Cleanup}
	if len(b.document.Phases) == 0 {
		b.scenario.Phases = known
		return
	}
	for i := range b.document.Phases {
		n := &b.document.Phases[i]
		p := harness.Phase(n.Value)
		if !slices.Contains(known, p) {
			b.fault(n, "no phase %q of a test; use prerequisite, attack, cleanup", n.Value)
		}
		b.scenario.Phases = append(b.scenario.Phases, p)
	}
}

func (b *builder) checks(nodes []checkNode) []harness.Check {
	var checks []harness.Check
	for i := range nodes {
		n := &nodes[i]
		at := first(&n.Output, &n.PowerShell, &n.CommandPrompt, &b.document.Name)
		c := harness.Check{Description: b.text(at, n.Description)}
		switch {
		case n.Output.Value != "":
			re, err := regexp.Compile(b.pattern(at, n.Output.Value))
			if err != nil {
				b.fault(&n.Output, "%v", err)
				continue
			}
			c.Output = re
		case n.PowerShell.Value != "":
			c.Executor, c.Command = atomics.PowerShell, b.text(at, n.PowerShell.Value)
		case n.CommandPrompt.Value != "":
			c.Executor, c.Command = atomics.CommandPrompt, b.text(at, n.CommandPrompt.Value)
		default:
			b.fault(at, "the check %q asks nothing; give it output, powershell or command_prompt", n.Description)
			continue
		}
		if c.Description == "" {
			b.fault(at, "the check has no description, which reports quote")
		}
		checks = append(checks, c)
	}
	return checks
}

func (b *builder) alert(d *alertDoc) {
	x := harness.AlertExpectation{Rule: d.Rule.Value, Count: 1, Phase: b.phase(&d.Phase), Row: b.matches(&d.Row)}
	if x.Rule == "" {
		b.fault(&d.Row, `the expected alert names no "rule"`)
	}
	if d.Count != nil {
		x.Count = *d.Count
	}
	if x.Count < 1 {
		b.fault(first(&d.Rule, &d.Row), "count is %d; to demand silence, leave the alert out: what is not listed must not come", x.Count)
	}
	b.scenario.Alerts = append(b.scenario.Alerts, x)
}

// first is the first of the nodes that the file has.
func first(nodes ...*yaml.Node) *yaml.Node {
	for _, n := range nodes {
		if n.Line > 0 {
			return n
		}
	}
	return nodes[0]
}

func (b *builder) telemetry(d *telemetryDoc) {
	x := harness.TelemetryExpectation{
		Table: d.Table, Channel: d.Channel, EventID: d.Event, Phase: b.phase(&d.Phase), AtLeast: 1, Where: b.matches(&d.Where),
	}
	if d.AtLeast != nil {
		x.AtLeast = *d.AtLeast
	}
	if (x.Table == "") == (x.Channel == "") {
		b.fault(&d.Where, `expected telemetry is either a "table" or a "channel" with an "event"`)
	}
	b.scenario.Telemetry = append(b.scenario.Telemetry, x)
}

// phase reads the phase of an expectation; the attack unless it says otherwise.
func (b *builder) phase(n *yaml.Node) harness.Phase {
	switch p := harness.Phase(n.Value); p {
	case "":
		return harness.Attack
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
		kind, pattern := harness.Exact, b.text(v, v.Value)
		if v.Kind == yaml.MappingNode {
			if len(v.Content) != 2 || v.Content[0].Value != "glob" && v.Content[0].Value != "regexp" {
				b.fault(v, "%s: expected a value, {glob: ...} or {regexp: ...}", key.Value)
				continue
			}
			kind, pattern = harness.MatchKind(v.Content[0].Value), v.Content[1].Value
			if kind == harness.Regexp {
				pattern = b.pattern(v.Content[1], pattern)
			} else {
				pattern = b.text(v.Content[1], pattern)
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

var placeholder = regexp.MustCompile(`\{\{\s*([\w-]+)\s*\}\}`)

func (b *builder) text(at *yaml.Node, text string) string {
	return b.fill(at, text, func(v string) string { return v })
}

// pattern fills a regular expression: what comes from an argument is meant literally.
func (b *builder) pattern(at *yaml.Node, text string) string {
	return b.fill(at, text, regexp.QuoteMeta)
}

func (b *builder) fill(at *yaml.Node, text string, quote func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := placeholder.FindStringSubmatch(found)[1]
		v, ok := b.values[name]
		switch {
		case ok:
			return quote(v)
		case b.scenario.Test == nil && (b.document.Atomic != nil || b.document.Test != nil):
			// What is wrong with the test has been said; its arguments are not known.
		default:
			b.fault(at, "%s: the test has no input argument %q", found, name)
		}
		return found
	})
}
