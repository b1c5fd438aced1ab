package spec

import (
	"fmt"
	"strings"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// Pass matches a verdict that passes.
func Pass() types.GomegaMatcher { return &outcomeMatcher{outcome: harness.Pass} }

// FailBecause matches a verdict that fails for a reason.
func FailBecause(r harness.Reason) types.GomegaMatcher {
	return &outcomeMatcher{outcome: harness.Fail, reason: r}
}

// BeInconclusive matches a verdict from which nothing follows about the rules, for a reason.
func BeInconclusive(r harness.Reason) types.GomegaMatcher {
	return &outcomeMatcher{outcome: harness.Inconclusive, reason: r}
}

type outcomeMatcher struct {
	outcome harness.Outcome
	reason  harness.Reason
}

// Match implements types.GomegaMatcher.
func (m *outcomeMatcher) Match(actual any) (bool, error) {
	v, err := verdict(actual)
	if err != nil {
		return false, err
	}
	return v.Outcome == m.outcome && v.Reason == m.reason, nil
}

func (m *outcomeMatcher) String() string {
	if m.reason == "" {
		return string(m.outcome)
	}
	return fmt.Sprintf("%s (%s)", m.outcome, m.reason)
}

// FailureMessage implements types.GomegaMatcher.
func (m *outcomeMatcher) FailureMessage(actual any) string {
	return fmt.Sprintf("expected the verdict to be %s:%s", m, shown(actual))
}

// NegatedFailureMessage implements types.GomegaMatcher.
func (m *outcomeMatcher) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("expected the verdict not to be %s:%s", m, shown(actual))
}

// StayQuiet matches a verdict in which no rule raised anything.
func StayQuiet() types.GomegaMatcher { return &quietMatcher{} }

type quietMatcher struct{}

// Match implements types.GomegaMatcher.
func (*quietMatcher) Match(actual any) (bool, error) {
	v, err := verdict(actual)
	if err != nil {
		return false, err
	}
	return len(v.Alerts) == 0, nil
}

// FailureMessage implements types.GomegaMatcher.
func (*quietMatcher) FailureMessage(actual any) string {
	return "expected no alert:" + shown(actual)
}

// NegatedFailureMessage implements types.GomegaMatcher.
func (*quietMatcher) NegatedFailureMessage(actual any) string {
	return "expected an alert:" + shown(actual)
}

// Fire matches a verdict in which a rule, by its name or id, raised exactly one row, unless Times says otherwise.
func Fire(rule string) *FireMatcher { return &FireMatcher{rule: rule, times: 1} }

// FireMatcher counts the rows that a rule raised. It is a types.GomegaMatcher.
type FireMatcher struct {
	rule    string
	times   int
	phase   harness.Phase
	columns []columnMatcher
}

type columnMatcher struct {
	name string
	want types.GomegaMatcher
}

// Times sets how many rows there must be.
func (m *FireMatcher) Times(n int) *FireMatcher { m.times = n; return m }

// InPhase counts only rows that a phase caused.
func (m *FireMatcher) InPhase(p harness.Phase) *FireMatcher { m.phase = p; return m }

// WithRow counts only rows with a value in a column; the value may be a matcher.
func (m *FireMatcher) WithRow(column string, value any) *FireMatcher {
	want, ok := value.(types.GomegaMatcher)
	if !ok {
		want = gomega.Equal(value)
	}
	m.columns = append(m.columns, columnMatcher{column, want})
	return m
}

// Match implements types.GomegaMatcher.
func (m *FireMatcher) Match(actual any) (bool, error) {
	v, err := verdict(actual)
	if err != nil {
		return false, err
	}
	n := 0
	for i := range v.Alerts {
		fits, err := m.fits(&v.Alerts[i])
		if err != nil {
			return false, err
		}
		if fits {
			n++
		}
	}
	return n == m.times, nil
}

func (m *FireMatcher) fits(a *harness.RaisedAlert) (bool, error) {
	if !strings.EqualFold(a.Rule, m.rule) && !strings.EqualFold(a.RuleID, m.rule) || m.phase != "" && a.Phase != m.phase {
		return false, nil
	}
	for _, c := range m.columns {
		got, found := "", false
		for _, cell := range a.Row {
			if cell.Column == c.name {
				got, found = cell.Value, true
			}
		}
		if !found {
			return false, fmt.Errorf("rule %q has no column %q", a.Rule, c.name)
		}
		if ok, err := c.want.Match(got); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (m *FireMatcher) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q to raise %d row(s)", m.rule, m.times)
	if m.phase != "" {
		fmt.Fprintf(&b, " in the %s phase", m.phase)
	}
	for _, c := range m.columns {
		fmt.Fprintf(&b, ", with a fitting %s", c.name)
	}
	return b.String()
}

// FailureMessage implements types.GomegaMatcher.
func (m *FireMatcher) FailureMessage(actual any) string {
	return fmt.Sprintf("expected %s:%s", m, shown(actual))
}

// NegatedFailureMessage implements types.GomegaMatcher.
func (m *FireMatcher) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("expected %s not to happen:%s", m, shown(actual))
}

func verdict(actual any) (*harness.Verdict, error) {
	switch v := actual.(type) {
	case *harness.Verdict:
		if v != nil {
			return v, nil
		}
	case harness.Verdict:
		return &v, nil
	}
	return nil, fmt.Errorf("expected a harness.Verdict, got %T", actual)
}

// shown prints a verdict as the command line does: the chain of links, and the alerts.
func shown(actual any) string {
	v, err := verdict(actual)
	if err != nil {
		return " " + err.Error()
	}
	var b strings.Builder
	if err := report.Chain(&b, v, report.Palette{}); err != nil {
		return " " + err.Error()
	}
	return b.String()
}
