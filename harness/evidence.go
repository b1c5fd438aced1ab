package harness

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// Evidence is everything that a run brings back, and all that Judge looks at.
type Evidence struct {
	Run        string           `json:"run"`
	Scenario   string           `json:"scenario"`
	Target     string           `json:"target"`
	Host       HostFacts        `json:"host"`
	Started    time.Time        `json:"started"` // the host's clock, as all times here
	Ended      time.Time        `json:"ended"`   // the current time of every rule evaluation
	Executions []Execution      `json:"executions"`
	Checks     []CheckResult    `json:"checks,omitempty"`
	Channels   []ChannelReading `json:"channels"`
	Canary     Fence            `json:"canary"` // before the attack
	Fence      Fence            `json:"fence"`  // after the last phase
	Fault      *Fault           `json:"fault,omitempty"`
	Timings    []Timing         `json:"timings,omitempty"`

	Events []telemetry.Event `json:"-"`
}

// Fault is what kept a run from going on.
type Fault struct {
	Link   LinkName `json:"link"`
	Reason Reason   `json:"reason"`
	Why    string   `json:"why"`
}

// faulty are the links at which a run can stop.
var faulty = [...]LinkName{LinkReached, LinkPrepared, LinkExecuted, LinkTookEffect, LinkRecorded}

// Timing is how long a link took, on the host's clock.
type Timing struct {
	Link     LinkName      `json:"link"`
	Duration time.Duration `json:"durationNanoseconds"`
}

// CheckResult is the answer to a Check.
type CheckResult struct {
	Link        LinkName `json:"link"` // LinkTookEffect or LinkCleanedUp
	Description string   `json:"description"`
	Holds       bool     `json:"holds"`
	Saw         string   `json:"saw,omitempty"`
}

// ChannelReading is how far a channel was read.
type ChannelReading struct {
	Channel string       `json:"channel"`
	State   ChannelState `json:"state"`
	After   uint64       `json:"after"`
	Oldest  uint64       `json:"oldest"`
	Last    uint64       `json:"last"`
	Lost    bool         `json:"lost,omitempty"` // records were overwritten, or the log was replaced, before they were read
}

// Fence is a marker process and what became of it. Before the attack it proves that the host's telemetry can be seen at
// all; after the last phase, that collection waited long enough: the marker was itself collected, and nothing older than
// it arrived any more.
type Fence struct {
	Token   string        `json:"token"`
	Seen    bool          `json:"seen"`
	Latency time.Duration `json:"latencyNanoseconds"` // from the marker's start to the moment it could be read
	Waited  time.Duration `json:"waitedNanoseconds"`
	// Unsettled says that older events were still coming in when collection gave up.
	Unsettled bool `json:"unsettled,omitempty"`
}

// executionsFile is the name of the evidence in a recording.
const executionsFile = "executions.json"

// scenarioFile is the name of the scenario's source in a recording.
const scenarioFile = "scenario.yaml"

// FixtureFolder is where a recording keeps the fixtures of its scenario, under the names that the scenario uses.
const FixtureFolder = "fixtures"

// Recording packs the evidence, with the source of its scenario, for keeping. The version is geiger's own.
func (e *Evidence) Recording(s *Scenario, version string) (*telemetry.Recording, error) {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", e.Scenario, err)
	}
	host, err := json.Marshal(e.Host)
	if err != nil {
		return nil, fmt.Errorf("host facts: %w", err)
	}
	r := &telemetry.Recording{
		Events:    e.Events,
		Documents: map[string][]byte{executionsFile: append(text, '\n')},
		Manifest: telemetry.Manifest{
			Geiger: version, Scenario: e.Scenario, Run: e.Run, Target: e.Target, Simulated: e.Host.Simulated,
			Host: host, Started: e.Started, Ended: e.Ended,
		},
	}
	if len(s.Text) > 0 {
		r.Documents[scenarioFile] = s.Text
		for _, f := range s.Fixtures {
			r.Documents[FixtureFolder+"/"+f.File] = f.Text
		}
	}
	for _, c := range e.Channels {
		r.Manifest.Channels = append(r.Manifest.Channels, telemetry.Channel{
			Name: c.Channel, State: string(c.State), After: c.After, Oldest: c.Oldest, Last: c.Last, Events: e.countEvents(c.Channel),
		})
	}
	return r, nil
}

func (e *Evidence) countEvents(channel string) int {
	n := 0
	for i := range e.Events {
		if e.Events[i].Channel == channel {
			n++
		}
	}
	return n
}

// ReadEvidence unpacks what Recording packed. The second result is the source of the scenario, if it was kept.
func ReadEvidence(r *telemetry.Recording) (*Evidence, []byte, error) {
	text, ok := r.Documents[executionsFile]
	if !ok {
		return nil, nil, fmt.Errorf("the recording has no %s, so it holds telemetry without a run; ask it with `geiger query`, `geiger explain` or `geiger diff`", executionsFile)
	}
	var e Evidence
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, nil, &telemetry.DamagedError{File: executionsFile, Why: "not the evidence of a run", Err: err}
	}
	if f := e.Fault; f != nil && (f.Reason == "" || !slices.Contains(faulty[:], f.Link)) {
		return nil, nil, &telemetry.DamagedError{File: executionsFile, Why: fmt.Sprintf("a fault at the link %q for the reason %q", f.Link, f.Reason)}
	}
	e.Events = r.Events
	return &e, r.Documents[scenarioFile], nil
}
