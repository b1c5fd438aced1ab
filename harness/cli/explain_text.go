package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// headline is the explanation in one line.
func (x *explained) headline() string {
	rows := x.Table.Len()
	switch {
	case x.fired():
		return "fired: " + count(rows, "alert")
	case rows > 0:
		return fmt.Sprintf("did not fire: %s, and the rule's trigger is %s %d", count(rows, "row"), x.rule.TriggerOperator, x.rule.TriggerThreshold)
	case len(x.Steps) == 0:
		return "did not fire, and its operators cannot be looked at one by one: on their own, some fail"
	case x.Nearest == nil && x.rule.QueryPeriod != "":
		return fmt.Sprintf("did not fire: nothing is in the tables that it reads (%s) within its query period (%s)", strings.Join(x.query.Tables(), ", "), x.rule.QueryPeriod)
	case x.Nearest == nil:
		return "did not fire: nothing is in the tables that it reads (" + strings.Join(x.query.Tables(), ", ") + ")"
	}
	n := x.Nearest
	at := x.Steps[n.Step].Span
	what := x.textOf(x.Steps[n.Step])
	if len(n.Reasons) > 0 {
		at, what = n.Reasons[0].Span, x.oneLine(n.Reasons[0].Span)
	}
	return fmt.Sprintf("did not fire: nearest miss is %s at line %d: %s", x.named(n.Row.Sources(0)), x.source.Position(at.Start).Line, short(what, stepWidth))
}

// named are events as people call them.
func (x *explained) named(sources []kql.Source) string {
	var names []string
	for _, s := range sources {
		if s < 0 || int(s) >= len(x.events) {
			continue
		}
		e := &x.events[s]
		names = append(names, fmt.Sprintf("event %d (%s %d)", e.RecordID, shortChannel(e.Channel), e.EventID))
	}
	const most = 3
	switch n := len(names); {
	case n == 0:
		return "a row without an event"
	case n > most:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(names, ", ")
}

// stepWidth keeps a step on its line; valueWidth keeps what a command line can hold readable.
const stepWidth, valueWidth = 90, 300

func short(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// explainWriter writes an explanation for people.
type explainWriter struct {
	*explained
	palette report.Palette
	out     bytes.Buffer
}

func (w *explainWriter) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

func (w *explainWriter) write() {
	outcome := harness.Fail
	if w.fired() {
		outcome = harness.Pass
	}
	w.printf("%s\n%s\n", report.OneLine(w.rule.Name), w.palette.Paint(outcome, report.OneLine(w.headline())))
	for _, u := range w.unfilled() {
		if !strings.Contains(u, ".") { // a column that matters shows up as a hint
			w.printf("warning: reads table %s, which no source of geiger fills\n", u)
		}
	}
	w.steps()
	w.alerts()
	for i := range w.Fates {
		w.fate(&w.Fates[i])
	}
	if w.Nearest != nil {
		w.printf("\nnearest miss: %s, which passed %d of %d predicates\n", w.named(w.Nearest.Row.Sources(0)), w.Nearest.Passed, w.Nearest.Predicates)
		w.rejection(w.Nearest)
	}
}

// steps is the list of operators, in the order in which rows go through them.
func (w *explainWriter) steps() {
	w.printf("\n%s\n", w.palette.Faint("line       in      out"))
	let := ""
	for _, s := range w.Steps {
		if s.Let != let && s.Let != "" {
			w.printf("%s\n", w.palette.Faint(strings.Repeat(" ", 24)+"let "+s.Let))
		}
		let = s.Let
		line, in, out := "", "", "-"
		if s.Span != (syntax.Span{}) {
			line = fmt.Sprint(w.source.Position(s.Span.Start).Line)
		}
		if len(s.Inputs) > 0 || s.In > 0 {
			in = fmt.Sprint(s.In)
		}
		if s.Runs > 0 {
			out = fmt.Sprint(s.Out)
		}
		text := strings.Repeat("  ", s.Depth) + short(w.textOf(s), stepWidth)
		if s.In > 0 && s.Out == 0 {
			text = w.palette.Paint(harness.Fail, text)
		}
		w.printf("%4s %8s %8s  %s\n", line, in, out, text)
	}
}

func (w *explainWriter) alerts() {
	if !w.fired() {
		return
	}
	w.printf("\n")
	for row := range w.Table.Len() {
		w.printf("alert %d comes from %s\n", row+1, w.named(w.Table.Sources(row)))
		if w.rows {
			w.cells(w.Table, row)
		}
	}
}

func (w *explainWriter) cells(t *kql.Table, row int) {
	for _, c := range cellsOf(t, row) {
		w.printf("    %s: %s\n", c.Column, report.OneLine(c.Value))
	}
}

// tooOld reports whether a table that the rule reads has an event which the rule was not shown.
func (x *explained) tooOld(s kql.Source) bool {
	read := x.query.Tables()
	return slices.ContainsFunc(x.tablesWith(s), func(name string) bool { return slices.Contains(read, name) })
}

func (w *explainWriter) fate(f *kql.Fate) {
	w.printf("\n%s: ", w.named([]kql.Source{f.Source}))
	switch {
	case len(f.Scans) == 0 && w.tooOld(f.Source):
		w.printf("is older than the rule's query period (%s before %s)", w.rule.QueryPeriod, w.now.Format(time.RFC3339))
	case len(f.Scans) == 0:
		w.printf("is no row of the tables that the rule reads (%s)", strings.Join(w.query.Tables(), ", "))
		if in := w.tablesWith(f.Source); len(in) > 0 {
			w.printf("; it is one of %s", strings.Join(in, ", "))
		} else {
			w.printf(", nor of any other that geiger fills")
		}
	case len(f.Rows) > 0:
		w.printf("is behind %s", alertNumbers(f.Rows))
	case len(f.Rejections) == 0:
		w.printf("is read by the rule, and only looked at by its conditions")
	default:
		w.printf("was turned away")
	}
	w.printf("\n")
	for i := range f.Rejections {
		w.rejection(&f.Rejections[i])
	}
}

func alertNumbers(rows []int) string {
	var numbers []string
	for _, r := range rows {
		numbers = append(numbers, fmt.Sprint(r+1))
	}
	if len(numbers) == 1 {
		return "alert " + numbers[0]
	}
	return "alerts " + strings.Join(numbers, ", ")
}

func (w *explainWriter) rejection(r *kql.Rejection) {
	if w.rows {
		w.cells(r.Row, 0)
	}
	for i, reason := range r.Reasons {
		which := "turned away by"
		switch {
		case i > 0 && reason.Alternative:
			which = "or"
		case i > 0:
			which = "and by"
		}
		w.reason(which, reason)
	}
}

// reason shows a predicate with carets under it, what it saw and what it wanted.
func (w *explainWriter) reason(which string, r kql.Reason) {
	where := w.source.Describe(syntax.Diagnostic{Span: r.Span, Message: which})
	_, excerpt, _ := strings.Cut(where, "\n")
	w.printf("  %s line %d\n", which, w.source.Position(r.Span.Start).Line)
	for line := range strings.Lines(excerpt) {
		w.printf("  %s\n", strings.TrimRight(report.Visible(line), "\n"))
	}
	for _, s := range r.Saw {
		w.printf("      saw     %s = %s\n", s.Name, short(report.OneLine(kql.Literal(s.Value)), valueWidth))
	}
	w.printf("      wanted  %s\n", short(report.OneLine(r.Wanted), valueWidth))
	for _, h := range r.Hints {
		w.printf("      %s\n", w.palette.Paint(harness.Inconclusive, "hint    "+report.OneLine(hintText(h))))
	}
}
