package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
)

const (
	mostRules = 4   // of a scenario, shown with their query; of the others the names
	mostLines = 400 // of a query
)

// htmlRule is a rule in scope with the rows that survive each of its lines.
type htmlRule struct {
	Name, File string
	Rows       int
	Alerts     int
	Missed     bool
	Open       bool
	Fault      string
	Stepless   bool
	Lines      []htmlLine
	MoreLines  int
	Elsewhere  []htmlFlow // operators that are written nowhere in the query
	Nearest    *htmlMiss
}

type htmlLine struct {
	Number  int
	Text    string
	Comment bool
	Turned  bool // it turned away the row of the nearest miss
	Flows   []htmlFlow
}

// htmlFlow is what went through an operator.
type htmlFlow struct {
	Operator string
	In       string // "" where rows come from
	Out      string
	State    string // none where all rows end, idle where none came
	Width    int    // of the bar, in percent of the widest; rows are counted on a logarithmic scale
}

type htmlMiss struct {
	Passed, Predicates int
	Row                []htmlValue
	Reasons            []htmlReason
	Events             []htmlEvent
}

type htmlReason struct {
	How, Predicate, Wanted string
	Line                   int
	Saw                    []htmlValue
	Hints                  []string
}

// rules shows the rules that matter to the verdict first. Those without a row are the first to be left out.
func (h *htmlResult) rules(r *Result, events eventIndex) {
	order := make([]*harness.RuleTrace, len(r.Rules))
	for i := range r.Rules {
		order[i] = &r.Rules[i]
	}
	weight := func(t *harness.RuleTrace) int {
		switch {
		case missed(t, &r.Verdict) || t.Fault != "":
			return 0
		case alertsOf(t, &r.Verdict) > 0:
			return 1
		case t.Rows > 0:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(order, func(a, b *harness.RuleTrace) int { return weight(a) - weight(b) })
	for i, t := range order {
		if i < mostRules {
			h.Rules = append(h.Rules, newHTMLRule(t, &r.Verdict, events))
			continue
		}
		h.MoreRules = append(h.MoreRules, fmt.Sprintf("%s (%s)", t.Rule, plural(t.Rows, "row")))
	}
}

// missed tells the rule whose alert the scenario expected in vain.
func missed(t *harness.RuleTrace, v *harness.Verdict) bool {
	return v.Reason == harness.Missed && v.Nearest != nil && v.Nearest.Rule == t.Rule
}

func alertsOf(t *harness.RuleTrace, v *harness.Verdict) int {
	n := 0
	for i := range v.Alerts {
		if v.Alerts[i].RuleID == t.RuleID {
			n++
		}
	}
	return n
}

func newHTMLRule(t *harness.RuleTrace, v *harness.Verdict, events eventIndex) htmlRule {
	h := htmlRule{Name: t.Rule, File: t.File, Rows: t.Rows, Fault: t.Fault, Stepless: t.Fault == "" && len(t.Steps) == 0}
	h.Alerts, h.Missed = alertsOf(t, v), missed(t, v)
	h.Open = h.Missed || h.Fault != ""
	h.lines(t)
	if t.Nearest != nil {
		h.Nearest = newHTMLMiss(t.Nearest, events)
	}
	return h
}

func (h *htmlRule) lines(t *harness.RuleTrace) {
	text := strings.TrimRight(strings.ReplaceAll(t.Query, "\r\n", "\n"), "\n")
	for i, line := range strings.Split(text, "\n") {
		comment := strings.HasPrefix(strings.TrimSpace(line), "//")
		h.Lines = append(h.Lines, htmlLine{Number: t.Line + i, Text: clip(line, mostCell), Comment: comment})
	}
	most := 0
	for _, s := range t.Steps {
		most = max(most, s.Out)
	}
	for _, s := range t.Steps {
		flow := newHTMLFlow(&s, most)
		if line := h.line(s.Line - t.Line); line != nil {
			line.Flows = append(line.Flows, flow)
		} else {
			h.Elsewhere = append(h.Elsewhere, flow)
		}
	}
	if n := t.Nearest; n != nil && len(n.Reasons) > 0 && h.Missed {
		if line := h.line(n.Reasons[0].Line - t.Line); line != nil {
			line.Turned = true
		}
	}
	h.MoreLines = max(len(h.Lines)-mostLines, 0)
	h.Lines = h.Lines[:len(h.Lines)-h.MoreLines]
}

// line is a line of the query, counted from 0, or nil.
func (h *htmlRule) line(at int) *htmlLine {
	if at < 0 || at >= len(h.Lines) {
		return nil
	}
	return &h.Lines[at]
}

func newHTMLFlow(s *harness.TraceStep, most int) htmlFlow {
	f := htmlFlow{Operator: s.Operator, Out: "not run", State: "idle"}
	if !s.Ran {
		return f
	}
	f.Out, f.State = fmt.Sprint(s.Out), "some"
	if !s.Source {
		f.In = fmt.Sprint(s.In)
	}
	switch {
	case s.Out == 0 && s.In > 0:
		f.State = "none"
	case s.Out == 0:
		f.State = "idle"
	}
	if most > 0 {
		f.Width = int(math.Ceil(100 * math.Log1p(float64(s.Out)) / math.Log1p(float64(most))))
	}
	return f
}

func newHTMLMiss(n *harness.TracedMiss, events eventIndex) *htmlMiss {
	m := &htmlMiss{Passed: n.Passed, Predicates: n.Predicates, Row: filled(n.Row, events.left)}
	for i, r := range n.Reasons {
		how := "turned away by"
		switch {
		case i > 0 && r.Alternative:
			how = "or by"
		case i > 0:
			how = "and by"
		}
		m.Reasons = append(m.Reasons, htmlReason{
			How: how, Predicate: clip(r.Predicate, mostCell), Wanted: clip(r.Wanted, mostCell), Line: r.Line, Saw: filled(r.Saw, events.left), Hints: r.Hints,
		})
	}
	m.Events, _ = events.shown(n.Events)
	return m
}
