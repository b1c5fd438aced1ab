package harness

import (
	"time"

	"github.com/seed-67b27da2/geiger/detection"
)

// Outcome is the judgement in one word.
type Outcome string

// The outcomes. Inconclusive means that nothing can be said about the rules; it is never a missed detection.
const (
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive"
	Skip         Outcome = "skip"
)

// Reason names the kind of a failure, or the link that kept a verdict from being reached.
type Reason string

// Reasons to fail.
const (
	Missed     Reason = "missed"              // the evidence is in the tables, no alert came
	Unexpected Reason = "unexpected"          // an alert that no expectation covers
	WrongCount Reason = "wrong count"         // the rule fired on the right rows, but not as often as it must
	WrongRow   Reason = "wrong row"           // the rule fired, but its row is not the expected one
	WrongPhase Reason = "wrong phase"         // the alert was caused by another phase, such as the cleanup
	Unneeded   Reason = "unneeded toleration" // an exception that nothing makes use of hides what comes next
	Late       Reason = "late"                // the telemetry came, but not within the scenario's budget
	Residue    Reason = "residue"             // the host was not left as it was found
)

// Reasons to be inconclusive.
const (
	NotReached       Reason = "not reached"
	NotPrepared      Reason = "not prepared"
	NotExecuted      Reason = "not executed"
	NoEffect         Reason = "no effect"
	ChannelOff       Reason = "channel off"
	NotRecorded      Reason = "not recorded"
	RuleDoesNotBind  Reason = "rule does not bind"
	UnsupportedKQL   Reason = "unsupported KQL"
	RuleFailed       Reason = "rule failed" // it binds, and ended with an error on these rows
	UnsupportedInLab Reason = "unsupported in the lab"
	Interrupted      Reason = "interrupted"
)

// LinkName is a step of the chain from a test to a proven detection.
type LinkName string

// The links, in order.
const (
	LinkReached    LinkName = "reached"
	LinkPrepared   LinkName = "prepared"
	LinkExecuted   LinkName = "executed"
	LinkTookEffect LinkName = "took effect"
	LinkRecorded   LinkName = "recorded"
	LinkNormalised LinkName = "normalised"
	LinkBound      LinkName = "rule binds"
	LinkFired      LinkName = "fired"
	LinkCleanedUp  LinkName = "cleaned up"
)

// LinkState says how far a link held.
type LinkState string

// The states of a link. A link behind a broken one is unknown.
const (
	LinkHolds     LinkState = "holds"
	LinkBroken    LinkState = "broken"
	LinkUnknown   LinkState = "unknown"
	LinkNotNeeded LinkState = "not needed"
)

// Link is one step of the chain, with what proves it.
type Link struct {
	Name     LinkName      `json:"name"`
	State    LinkState     `json:"state"`
	Evidence string        `json:"evidence,omitempty"`
	Duration time.Duration `json:"durationNanoseconds,omitempty"`
}

// Verdict is the judgement on one scenario on one target.
type Verdict struct {
	Scenario  string        `json:"scenario"`
	Target    string        `json:"target"`
	Simulated bool          `json:"simulated"`
	Outcome   Outcome       `json:"outcome"`
	Reason    Reason        `json:"reason,omitempty"`
	Why       string        `json:"why,omitempty"`
	Chain     []Link        `json:"chain"`
	Alerts    []RaisedAlert `json:"alerts"`
	Nearest   *NearestMiss  `json:"nearest,omitempty"` // of the rule that was missed
	Notes     []string      `json:"notes,omitempty"`   // information that changes no outcome, such as coverage gaps
}

// RaisedAlert is an alert with its cause.
type RaisedAlert struct {
	Rule     string             `json:"rule"`
	RuleID   string             `json:"ruleId"`
	Phase    Phase              `json:"phase"`
	Expected bool               `json:"expected"`
	Because  string             `json:"toleratedBecause,omitempty"` // of an alert that is tolerated
	Row      []RowCell          `json:"row"`
	Entities []detection.Entity `json:"entities,omitempty"`
	Events   []EventRef         `json:"events"`
}

// RowCell is one column of an alert's row, as tostring() writes it.
type RowCell struct {
	Column string `json:"column"`
	Value  string `json:"value"`
}

// EventRef points at a raw event of the recording.
type EventRef struct {
	Channel  string `json:"channel"`
	RecordID uint64 `json:"recordId"`
}

// Exit statuses of the command line.
const (
	ExitPass         = 0
	ExitFail         = 1
	ExitInconclusive = 2
	ExitUsage        = 3
)

// ExitStatus is the process exit status of a set of verdicts: 0 when all pass, 1 when some fail, 2 when none fails but
// some are inconclusive.
func ExitStatus(verdicts []Verdict) int {
	status := ExitPass
	for _, v := range verdicts {
		switch v.Outcome {
		case Fail:
			return ExitFail
		case Inconclusive:
			status = ExitInconclusive
		}
	}
	return status
}
