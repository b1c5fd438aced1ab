package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

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
	b.scenario.Window = b.duration("window", &d.Window)
	b.fixtures(&d.Fixtures)
	b.scenario.Effect = b.checks(d.Effect)
	b.scenario.Cleaned = b.checks(d.Cleaned)
	b.expectations(&d.Expect)
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

// first is the first of the nodes that the file has.
func first(nodes ...*yaml.Node) *yaml.Node {
	for _, n := range nodes {
		if n.Line > 0 {
			return n
		}
	}
	return nodes[0]
}

// duration reads a duration such as 90s, 10m, 2h; 0 if there is none.
func (b *builder) duration(what string, n *yaml.Node) time.Duration {
	if n.Value == "" {
		return 0
	}
	d, err := time.ParseDuration(n.Value)
	if err != nil || d < 0 {
		b.fault(n, "%s %q is not a duration; write 90s, 10m or 2h", what, n.Value)
	}
	return d
}

var placeholder = regexp.MustCompile(`\{\{\s*([\w.-]+)\s*\}\}`)

func (b *builder) text(at *yaml.Node, text string) string {
	return b.fill(at, text, func(v string) string { return v }, noHost)
}

// pattern fills a regular expression: what comes from an argument is meant literally.
func (b *builder) pattern(at *yaml.Node, text string) string {
	return b.fill(at, text, regexp.QuoteMeta, noHost)
}

// noHost is for text that the host is sent before anything is known of it.
func noHost(string) bool { return false }

func (b *builder) fill(at *yaml.Node, text string, quote func(string) string, later func(name string) bool) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := placeholder.FindStringSubmatch(found)[1]
		v, ok := b.values[name]
		switch {
		case ok:
			return quote(v)
		case later(name):
			return "{{" + name + "}}"
		case b.scenario.Test == nil && (b.document.Atomic != nil || b.document.Test != nil):
			// What is wrong with the test has been said; its arguments are not known.
		default:
			b.fault(at, "%s: the test has no input argument %q", found, name)
		}
		return found
	})
}
