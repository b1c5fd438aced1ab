package harness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
)

// NearestMiss is, of a rule that did not fire, the row that passed the most of its predicates; `geiger explain` says more.
type NearestMiss struct {
	Rule       string     `json:"rule"`
	Events     []EventRef `json:"events"`
	Line       int        `json:"line"` // of the predicate that turned it away, from the first line of the query
	Col        int        `json:"col"`
	Predicate  string     `json:"predicate"`
	Passed     int        `json:"passed"`
	Predicates int        `json:"predicates"`
	Saw        string     `json:"saw,omitempty"`
	Wanted     string     `json:"wanted,omitempty"`
	Hints      []string   `json:"hints,omitempty"`
}

// nearestMiss explains an expectation that no alert met: by an event that looks like the row expected, else by one of the
// phase that was to cause it, else by any. The error is the context's.
func (j *judgement) nearestMiss(ctx context.Context, x *AlertExpectation, bound []*detection.Bound) error {
	for _, b := range bound {
		if !strings.EqualFold(b.Rule.ID, x.Rule) && !strings.EqualFold(b.Rule.Name, x.Rule) {
			continue
		}
		ofPhase := func(s kql.Source) bool { return j.inPhase(x.Phase, j.phases.ofSources([]kql.Source{s})) }
		alike := j.alike(x, j.tablesOf(b.Schema))
		likely := func(s kql.Source) bool { return alike[s] && ofPhase(s) }
		for _, candidates := range []func(kql.Source) bool{likely, ofPhase, nil} {
			e, err := b.Query.Explain(ctx, b.InPeriod(j.tablesOf(b.Schema), j.evidence.Ended), j.evidence.Ended, kql.ExplainOptions{Candidates: candidates})
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				j.note("rule %q ran, but could not be explained: %v", b.Rule.Name, err)
				return nil
			case e.Nearest != nil:
				j.showNearest(b, e.Nearest)
				return nil
			}
		}
	}
	return nil
}

// alike finds the events whose rows have what is expected of the alert, in the columns that both have.
func (j *judgement) alike(x *AlertExpectation, tables kql.Tables) map[kql.Source]bool {
	found := map[kql.Source]bool{}
	for _, t := range tables {
		shared := slices.DeleteFunc(slices.Clone(x.Row), func(m Match) bool { return columnOf(t, m.Column) < 0 })
		for row := 0; row < t.Len() && len(shared) > 0; row++ {
			if !matchesRow(shared, t, row) {
				continue
			}
			for _, s := range t.Sources(row) {
				found[s] = true
			}
		}
	}
	return found
}

// showNearest adds the nearest miss to the verdict, and to what the broken link shows.
func (j *judgement) showNearest(b *detection.Bound, r *kql.Rejection) {
	n := &NearestMiss{Rule: b.Rule.Name, Events: j.refs(r.Row.Sources(0)), Passed: r.Passed, Predicates: r.Predicates}
	if len(r.Reasons) > 0 {
		n.explain(b, &r.Reasons[0])
	}
	j.verdict.Nearest = n
	last := &j.verdict.Chain[len(j.verdict.Chain)-1]
	last.Evidence += "\n" + n.String()
}

func (n *NearestMiss) explain(b *detection.Bound, r *kql.Reason) {
	source := b.Query.Source()
	at := source.Position(r.Span.Start)
	n.Line, n.Col, n.Predicate = at.Line, at.Column, strings.Join(strings.Fields(source.Slice(r.Span)), " ")
	var saw []string
	for _, s := range r.Saw {
		saw = append(saw, s.Name+" = "+kql.Literal(s.Value))
	}
	n.Saw, n.Wanted = strings.Join(saw, ", "), r.Wanted
	for _, h := range r.Hints {
		n.Hints = append(n.Hints, h.Text)
	}
}

// String is the nearest miss in a few lines.
func (n *NearestMiss) String() string {
	who := "a row without an event"
	if len(n.Events) > 0 {
		who = fmt.Sprintf("event %d of %s", n.Events[0].RecordID, n.Events[0].Channel)
	}
	if more := len(n.Events) - 1; more > 0 {
		who += fmt.Sprintf(" and %d more", more)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "nearest miss: %s passed %d of %d predicates; line %d turned it away: %s", who, n.Passed, n.Predicates, n.Line, n.Predicate)
	if n.Saw != "" {
		text.WriteString("\n  saw " + n.Saw)
	}
	for _, h := range n.Hints {
		text.WriteString("\n  hint: " + h)
	}
	return text.String()
}
