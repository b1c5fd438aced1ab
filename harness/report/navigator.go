package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
)

// coverage is how far a technique got in a run. The states are ordered.
type coverage int

const (
	declared coverage = iota // a scenario names it
	executed                 // its test ran and took effect
	seen                     // the host's telemetry shows it
	detected                 // a rule raised an alert because of the attack
)

func (c coverage) String() string {
	return [...]string{"declared", "executed", "telemetry seen", "detected"}[c]
}

// colour is that of the state in the Navigator: grey, red, amber, green.
func (c coverage) colour() string { return [...]string{"#bdbdbd", "#e57373", "#ffb74d", "#81c784"}[c] }

// The parts of a layer file that are used. Source: the Navigator's layer format, version 4.5
// (github.com/mitre-attack/attack-navigator, layers/spec/v4.5/layerformat.md).
type (
	layer struct {
		Name        string           `json:"name"`
		Versions    layerVersions    `json:"versions"`
		Domain      string           `json:"domain"`
		Description string           `json:"description"`
		Techniques  []layerTechnique `json:"techniques"`
		Legend      []layerLegend    `json:"legendItems"`
		Metadata    []layerMetadata  `json:"metadata"`
	}
	layerVersions struct {
		Attack    string `json:"attack"`
		Navigator string `json:"navigator"`
		Layer     string `json:"layer"`
	}
	layerTechnique struct {
		ID       string          `json:"techniqueID"`
		Score    int             `json:"score"`
		Colour   string          `json:"color"`
		Comment  string          `json:"comment"`
		Enabled  bool            `json:"enabled"`
		Metadata []layerMetadata `json:"metadata"`
		Show     bool            `json:"showSubtechniques"`
	}
	layerLegend struct {
		Label  string `json:"label"`
		Colour string `json:"color"`
	}
	layerMetadata struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

var techniqueID = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

func isTechnique(id string) bool { return techniqueID.MatchString(id) }

// Navigator writes a layer for the ATT&CK Navigator that shows how far each technique got: declared, executed, telemetry
// seen, detected. Of several scenarios the best counts; the comment tells of each.
func Navigator(w io.Writer, r *Run) error {
	best, comments := map[string]coverage{}, map[string][]string{}
	for i := range r.Results {
		id := technique(&r.Results[i])
		if !isTechnique(id) {
			continue
		}
		v := &r.Results[i].Verdict
		c := coverageOf(v)
		best[id] = max(best[id], c)
		comments[id] = append(comments[id], fmt.Sprintf("%s on %s: %s, %s%s", v.Scenario, v.Target, c, v.Outcome, because(v)))
	}
	l := layer{
		Name: "geiger", Versions: layerVersions{Attack: "17", Navigator: "5.1.0", Layer: "4.5"}, Domain: "enterprise-attack",
		Description: "What geiger ran, saw and detected.", Techniques: []layerTechnique{},
		Metadata: []layerMetadata{{"geiger", r.Geiger}},
	}
	if r.simulated() {
		l.Description += " From a simulated host: a rule that works here still has to be seen working on a VM."
	}
	for c := declared; c <= detected; c++ {
		l.Legend = append(l.Legend, layerLegend{c.String(), c.colour()})
	}
	for _, id := range slices.Sorted(maps.Keys(best)) {
		l.Techniques = append(l.Techniques, layerTechnique{
			ID: id, Score: int(best[id]), Colour: best[id].colour(), Comment: Visible(strings.Join(comments[id], "\n")), Enabled: true,
			Metadata: []layerMetadata{{"state", best[id].String()}}, Show: true,
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(l)
}

// coverageOf is how far a verdict's test got. An alert of the cleanup or of geiger itself detects nothing.
func coverageOf(v *harness.Verdict) coverage {
	if !holds(v, harness.LinkExecuted) || broken(v, harness.LinkTookEffect) {
		return declared
	}
	for _, a := range v.Alerts {
		if a.Phase == harness.Attack && a.Expected {
			return detected
		}
	}
	if holds(v, harness.LinkNormalised) {
		return seen
	}
	return executed
}

func because(v *harness.Verdict) string {
	if v.Reason == "" {
		return ""
	}
	return " (" + string(v.Reason) + ")"
}

func holds(v *harness.Verdict, name harness.LinkName) bool {
	return stateOf(v, name) == harness.LinkHolds
}

func broken(v *harness.Verdict, name harness.LinkName) bool {
	return stateOf(v, name) == harness.LinkBroken
}

func stateOf(v *harness.Verdict, name harness.LinkName) harness.LinkState {
	for _, l := range v.Chain {
		if l.Name == name {
			return l.State
		}
	}
	return harness.LinkUnknown
}
