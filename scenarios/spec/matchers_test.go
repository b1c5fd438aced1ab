package spec_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/scenarios/spec"
)

func fired() *harness.Verdict {
	return &harness.Verdict{
		Scenario: "s", Target: "t", Outcome: harness.Fail, Reason: harness.WrongPhase,
		Chain: []harness.Link{{Name: harness.LinkFired, State: harness.LinkBroken, Evidence: "fired only because of the cleanup"}},
		Alerts: []harness.RaisedAlert{
			{Rule: "A rule", RuleID: "r1", Phase: harness.Cleanup, Row: []harness.RowCell{{Column: "FileName", Value: "x.dll"}}},
			{Rule: "A rule", RuleID: "r1", Phase: harness.Attack, Row: []harness.RowCell{{Column: "FileName", Value: "y.dll"}}},
		},
	}
}

func TestMatchersMatch(t *testing.T) {
	g := NewWithT(t)
	v := fired()
	g.Expect(v).To(spec.FailBecause(harness.WrongPhase))
	g.Expect(*v).NotTo(spec.FailBecause(harness.Missed))
	g.Expect(v).NotTo(spec.Pass())
	g.Expect(v).NotTo(spec.BeInconclusive(harness.NotReached))
	g.Expect(harness.Verdict{Outcome: harness.Inconclusive, Reason: harness.NotReached}).To(spec.BeInconclusive(harness.NotReached))
	g.Expect(harness.Verdict{Outcome: harness.Pass}).To(SatisfyAll(spec.Pass(), spec.StayQuiet()))
	g.Expect(v).NotTo(spec.StayQuiet())
	g.Expect(v).To(spec.Fire("a RULE").Times(2))
	g.Expect(v).To(spec.Fire("r1").InPhase(harness.Cleanup).WithRow("FileName", "x.dll"))
	g.Expect(v).To(spec.Fire("r1").WithRow("FileName", HavePrefix("y")))
	g.Expect(v).NotTo(spec.Fire("r1"), "once, unless Times says otherwise")
	g.Expect(v).To(spec.Fire("another").Times(0))
}

// TestMisuseIsAnError: what is not a verdict, or a column that a row lacks, is neither a match nor a mismatch.
func TestMisuseIsAnError(t *testing.T) {
	g := NewWithT(t)
	for _, actual := range []any{nil, "verdict", (*harness.Verdict)(nil)} {
		for _, m := range []OmegaMatcher{spec.Pass(), spec.StayQuiet(), spec.Fire("r1")} {
			_, err := m.Match(actual)
			g.Expect(err).To(MatchError(ContainSubstring("expected a harness.Verdict")))
		}
	}
	_, err := spec.Fire("r1").WithRow("Nope", "").Match(fired())
	g.Expect(err).To(MatchError(`rule "A rule" has no column "Nope"`))
}

func TestMessagesShowTheChain(t *testing.T) {
	g := NewWithT(t)
	v := fired()
	for _, text := range []string{
		spec.Pass().FailureMessage(v), spec.FailBecause(harness.WrongPhase).NegatedFailureMessage(v), spec.StayQuiet().FailureMessage(v),
		spec.StayQuiet().NegatedFailureMessage(v), spec.Fire("r1").NegatedFailureMessage(v),
		spec.Fire("r1").Times(3).InPhase(harness.Attack).WithRow("FileName", "x").FailureMessage(v),
	} {
		g.Expect(text).To(ContainSubstring("x fired          fired only because of the cleanup"))
		g.Expect(text).To(ContainSubstring("FileName: x.dll"))
	}
	g.Expect(spec.Fire("r1").Times(3).InPhase(harness.Attack).WithRow("FileName", "x").FailureMessage(v)).
		To(HavePrefix(`expected "r1" to raise 3 row(s) in the attack phase, with a fitting FileName:`))
}
