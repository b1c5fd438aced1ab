package harness

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// RuleTrace is a rule in scope, and what became in it of the rows of a run. It is plain data, for reports.
type RuleTrace struct {
	Rule   string
	RuleID string
	File   string
	Query  string
	Line   int // of the file, on which the query begins; from 1
	Rows   int // of the result
	// Fault is why the rule could not be run; then there is nothing else.
	Fault string
	// Steps are the operators in the order in which rows go through them; none if they cannot be looked at one by one.
	Steps []TraceStep
	// Nearest is, of a rule without rows, the row that passed the most predicates: the one of the verdict's nearest miss if
	// the rule was missed.
	Nearest *TracedMiss
}

// TraceStep is an operator of the query with the rows that it took and gave. Lines count as RuleTrace.Line does.
type TraceStep struct {
	Operator string
	Line     int // 0 if the operator is not written in the query
	Source   bool
	Ran      bool
	In       int
	Out      int
}

// TracedMiss is a row that a rule turned away, with everything that kept it from passing.
type TracedMiss struct {
	Events             []EventRef
	Passed, Predicates int
	Row                []RowCell // as the operator saw it, without the empty columns
	Reasons            []TracedReason
}

// TracedReason is a predicate that does not hold.
type TracedReason struct {
	Line        int
	Predicate   string
	Alternative bool      // one of several operands of an or
	Saw         []RowCell // as KQL writes the values
	Wanted      string
	Hints       []string
}

// Trace follows the rows of a run through the rules that a verdict was reached by. The error is the context's.
func Trace(ctx context.Context, s *Scenario, e *Evidence, rules []*detection.Rule, v *Verdict) ([]RuleTrace, error) {
	if len(e.Events) == 0 {
		return nil, nil // the verdict says why; rules without rows say nothing
	}
	j := newJudgement(s, e)
	scope, missing := j.inScope(rules)
	if missing != "" {
		return nil, nil // as the verdict says
	}
	var traces []RuleTrace
	for _, r := range scope {
		t := RuleTrace{Rule: r.Name, RuleID: r.ID, File: r.File, Query: r.Query, Line: max(r.Line, 1)}
		b, err := r.BindFirst(j.schemas...)
		if err == nil {
			err = j.trace(ctx, &t, b, v.Nearest)
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			t.Fault = err.Error()
		}
		traces = append(traces, t)
	}
	return traces, nil
}

func (j *judgement) trace(ctx context.Context, t *RuleTrace, b *detection.Bound, near *NearestMiss) error {
	x, err := b.Query.Explain(ctx, b.InPeriod(j.tablesOf(b.Schema), j.evidence.Ended), j.evidence.Ended, kql.ExplainOptions{Candidates: j.candidates(b, near)})
	if err != nil {
		return err
	}
	source := b.Query.Source()
	t.Rows = x.Table.Len()
	for _, s := range x.Steps {
		step := TraceStep{Operator: s.Operator, Source: len(s.Inputs) == 0, Ran: s.Runs > 0, In: s.In, Out: s.Out}
		if s.Span != (syntax.Span{}) {
			step.Line = source.Position(s.Span.Start).Line
		}
		t.Steps = append(t.Steps, step)
	}
	if x.Nearest != nil {
		t.Nearest = j.tracedMiss(source, x.Nearest)
	}
	return nil
}

// candidates keeps to the events of the verdict's nearest miss, which were chosen for what the scenario expects.
func (j *judgement) candidates(b *detection.Bound, near *NearestMiss) func(kql.Source) bool {
	if near == nil || near.Rule != b.Rule.Name || len(near.Events) == 0 {
		return nil
	}
	return func(s kql.Source) bool {
		return slices.ContainsFunc(j.refs([]kql.Source{s}), func(r EventRef) bool { return slices.Contains(near.Events, r) })
	}
}

func (j *judgement) tracedMiss(source *syntax.Source, r *kql.Rejection) *TracedMiss {
	m := &TracedMiss{Events: j.refs(r.Row.Sources(0)), Passed: r.Passed, Predicates: r.Predicates}
	for i, c := range r.Row.Columns() {
		if text := r.Row.At(0, i).String(); text != "" {
			m.Row = append(m.Row, RowCell{c.Name, text})
		}
	}
	for _, reason := range r.Reasons {
		traced := TracedReason{
			Line: source.Position(reason.Span.Start).Line, Alternative: reason.Alternative, Wanted: reason.Wanted,
			Predicate: strings.Join(strings.Fields(source.Slice(reason.Span)), " "),
		}
		for _, s := range reason.Saw {
			traced.Saw = append(traced.Saw, RowCell{s.Name, kql.Literal(s.Value)})
		}
		for _, h := range reason.Hints {
			traced.Hints = append(traced.Hints, h.Text)
		}
		m.Reasons = append(m.Reasons, traced)
	}
	return m
}
