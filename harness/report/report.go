// Package report shows what came of a run: Text, Markdown and HTML for people, JSON for programs, JUnit for continuous
// integration, a layer for the ATT&CK Navigator, and ATTiRe for VECTR.
//
// What a host sent (names, paths, command lines, output) is shown with control characters made visible, so that a file
// name can neither move the cursor of a terminal nor forge a line of a report.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/seed-67b27da2/geiger/harness"
)

// SchemaVersion is the version of the JSON document. It grows when a field changes its meaning or goes away.
const SchemaVersion = 1

// Run is what a report is about.
type Run struct {
	Geiger  string // version
	Results []Result
	// Interrupted says that scenarios may be missing.
	Interrupted bool
}

// Result is a verdict with what it is about. Scenario and Evidence are only needed by the reports that tell of the
// attack as well, and Rules by HTML.
type Result struct {
	Verdict  harness.Verdict
	Scenario *harness.Scenario
	Evidence *harness.Evidence
	Rules    []harness.RuleTrace // of [harness.Trace]
}

// Verdicts are those of all results.
func (r *Run) Verdicts() []harness.Verdict {
	all := make([]harness.Verdict, len(r.Results))
	for i := range r.Results {
		all[i] = r.Results[i].Verdict
	}
	return all
}

// ExitStatus is that of the verdicts; of a run that was interrupted nothing better can be said than inconclusive.
func (r *Run) ExitStatus() int {
	n := harness.ExitStatus(r.Verdicts())
	if r.Interrupted && n == harness.ExitPass {
		return harness.ExitInconclusive
	}
	return n
}

// Summary counts outcomes.
type Summary struct {
	Pass         int `json:"pass"`
	Fail         int `json:"fail"`
	Inconclusive int `json:"inconclusive"`
	Skip         int `json:"skip"`
}

func (r *Run) summary() Summary {
	var s Summary
	for _, v := range r.Verdicts() {
		switch v.Outcome {
		case harness.Pass:
			s.Pass++
		case harness.Fail:
			s.Fail++
		case harness.Inconclusive:
			s.Inconclusive++
		case harness.Skip:
			s.Skip++
		}
	}
	return s
}

func (r *Run) simulated() bool {
	for _, v := range r.Verdicts() {
		if v.Simulated {
			return true
		}
	}
	return false
}

// JSON writes the run as one document. Simulated is true if any verdict comes from a simulated host; each verdict
// says it of itself as well.
func JSON(w io.Writer, r *Run) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		SchemaVersion int               `json:"schemaVersion"`
		Geiger        string            `json:"geiger"`
		Simulated     bool              `json:"simulated"`
		Summary       Summary           `json:"summary"`
		ExitStatus    int               `json:"exitStatus"`
		Verdicts      []harness.Verdict `json:"verdicts"`
	}{SchemaVersion, r.Geiger, r.simulated(), r.summary(), r.ExitStatus(), r.Verdicts()})
}

// Line writes one verdict as one line, for following a run.
func Line(w io.Writer, v *harness.Verdict, p Palette) error { return line(w, v.Scenario, v, p) }

// LineOnTarget is Line for a run on several targets.
func LineOnTarget(w io.Writer, v *harness.Verdict, p Palette) error {
	return line(w, fmt.Sprintf("%-15s %s", v.Target, v.Scenario), v, p)
}

func line(w io.Writer, name string, v *harness.Verdict, p Palette) error {
	text, more, _ := strings.Cut(headline(v), "\n")
	if more != "" {
		text += " …" // the chain has the rest
	}
	_, err := fmt.Fprintf(w, "%s %-22s %s\n", p.mark(v.Outcome), name, Visible(text))
	return err
}

// Text writes the table of verdicts, the chain of every verdict that does not pass, and what there is to know beside.
func Text(w io.Writer, r *Run, p Palette) error {
	out := &errWriter{w: w}
	table(out, r, p)
	if len(r.Targets()) > 1 {
		matrix(out, r, p)
	}
	for i := range r.Results {
		if v := &r.Results[i].Verdict; v.Outcome != harness.Pass {
			out.keep(Chain(out, v, p))
		}
	}
	notes(out, r)
	s := r.summary()
	fmt.Fprintf(out, "\n%d pass, %d fail, %d inconclusive", s.Pass, s.Fail, s.Inconclusive)
	if s.Skip > 0 {
		fmt.Fprintf(out, ", %d skipped", s.Skip)
	}
	if r.simulated() {
		fmt.Fprint(out, "  "+p.faint("(simulated host: a rule that works here still has to be seen working on a VM)"))
	}
	fmt.Fprintln(out)
	return out.err
}

func table(w *errWriter, r *Run, p Palette) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	fmt.Fprintf(t, "SCENARIO\tTARGET\t%s\tALERTS\tWHY\n", p.paint(plain, "VERDICT"))
	for i := range r.Results {
		v := &r.Results[i].Verdict
		target := v.Target
		if v.Simulated {
			target += " (simulated)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", v.Scenario, target, p.outcome(v.Outcome), len(v.Alerts), Visible(short(headline(v))))
	}
	w.keep(t.Flush())
}

// matrix shows which scenario does what on which target.
func matrix(w *errWriter, r *Run, p Palette) {
	var scenarios []string
	outcomes := map[[2]string]harness.Outcome{}
	for i := range r.Results {
		v := &r.Results[i].Verdict
		if !slices.Contains(scenarios, v.Scenario) {
			scenarios = append(scenarios, v.Scenario)
		}
		outcomes[[2]string{v.Target, v.Scenario}] = v.Outcome
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	fmt.Fprint(t, "TARGET")
	for _, s := range scenarios {
		fmt.Fprint(t, "\t", p.paint(plain, s))
	}
	fmt.Fprintln(t)
	for _, target := range r.Targets() {
		fmt.Fprint(t, target)
		for _, s := range scenarios {
			o, ran := outcomes[[2]string{target, s}]
			text := p.paint(plain, "-")
			if ran {
				text = p.outcome(o)
			}
			fmt.Fprint(t, "\t", text)
		}
		fmt.Fprintln(t)
	}
	w.keep(t.Flush())
}

// headline is a verdict in a few words.
func headline(v *harness.Verdict) string {
	if v.Outcome == harness.Pass {
		for _, l := range v.Chain {
			if l.Name == harness.LinkFired {
				return l.Evidence
			}
		}
		return ""
	}
	return fmt.Sprintf("%s: %s", v.Reason, v.Why)
}

// headlineWidth keeps the table readable; the chain below it has the whole text.
const headlineWidth = 100

func short(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > headlineWidth {
		return string(runes[:headlineWidth-1]) + "…"
	}
	if more {
		line += " …"
	}
	return line
}

// Chain writes the links of one verdict, and its alerts.
func Chain(to io.Writer, v *harness.Verdict, p Palette) error {
	w := &errWriter{w: to}
	fmt.Fprintf(w, "\n%s on %s: %s", v.Scenario, v.Target, p.outcome(v.Outcome))
	if v.Reason != "" {
		fmt.Fprintf(w, " (%s)", v.Reason)
	}
	fmt.Fprintln(w)
	for _, l := range v.Chain {
		text := strings.ReplaceAll(l.Evidence, "\n", "\n                   ")
		line := fmt.Sprintf("  %s %-14s %s", p.link(l.State), l.Name, Visible(text))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	for _, a := range v.Alerts {
		mark := "expected"
		if !a.Expected {
			mark = "not expected"
		}
		fmt.Fprintf(w, "  alert (%s, %s phase) of %s\n", mark, a.Phase, a.Rule)
		for _, c := range a.Row {
			if c.Value != "" {
				fmt.Fprintf(w, "    %s: %s\n", c.Column, OneLine(c.Value))
			}
		}
	}
	return w.err
}

func notes(w io.Writer, r *Run) {
	first := true
	for _, v := range r.Verdicts() {
		for _, n := range v.Notes {
			if first {
				fmt.Fprintln(w)
				first = false
			}
			fmt.Fprintf(w, "note: %s: %s\n", v.Scenario, OneLine(n))
		}
	}
}

// OneLine is Visible for text that must stay within its line.
func OneLine(text string) string {
	return strings.NewReplacer("\n", "␊", "\t", "␉").Replace(Visible(text))
}

// Visible replaces control characters by their Unicode pictures and invisible formatting by a question mark in a
// diamond. Line ends and tabs stay.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7F:
			return 0x2421
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// errWriter keeps the first error, so that a report is written as one sequence of lines.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) keep(err error) {
	if e.err == nil {
		e.err = err
	}
}

// Write implements io.Writer.
func (e *errWriter) Write(b []byte) (int, error) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
	return len(b), nil
}
