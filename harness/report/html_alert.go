package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
)

// htmlAlert is a row that a rule raised.
type htmlAlert struct {
	Rule       string
	State      string // expected, tolerated, unexpected
	Because    string
	Phase      harness.Phase
	Time       string
	Row        []harness.RowCell
	Entities   []string
	Events     []htmlEvent
	MoreEvents int
}

// The states of an alert.
const (
	stateUnexpected = "unexpected"
	stateExpected   = "expected"
	stateTolerated  = "tolerated"
)

func alertState(a *harness.RaisedAlert) string {
	switch {
	case a.Because != "":
		return stateTolerated
	case a.Expected:
		return stateExpected
	}
	return stateUnexpected
}

// alerts are in the order in which they matter: unexpected, expected, tolerated.
func (h *htmlResult) alerts(v *harness.Verdict, events eventIndex) {
	order := []string{stateUnexpected, stateExpected, stateTolerated}
	sorted := slices.Clone(v.Alerts)
	slices.SortStableFunc(sorted, func(a, b harness.RaisedAlert) int {
		return cmp.Compare(slices.Index(order, alertState(&a)), slices.Index(order, alertState(&b)))
	})
	h.MoreAlerts = max(len(sorted)-mostAlerts, 0)
	for i := range sorted[:len(sorted)-h.MoreAlerts] {
		h.Alerts = append(h.Alerts, newHTMLAlert(&sorted[i], events))
	}
}

func newHTMLAlert(a *harness.RaisedAlert, events eventIndex) htmlAlert {
	h := htmlAlert{Rule: a.Rule, State: alertState(a), Because: a.Because, Phase: a.Phase, Row: filled(a.Row, events.left)}
	for i := range a.Entities {
		h.Entities = append(h.Entities, entityText(a.Entities[i].Type, a.Entities[i].Fields, events.left))
	}
	h.Events, h.MoreEvents = events.shown(a.Events)
	if len(h.Events) > 0 {
		h.Time = h.Events[0].Time
	}
	return h
}

// filled are the cells that hold something.
func filled(row []harness.RowCell, left *allowance) []harness.RowCell {
	var cells []harness.RowCell
	for _, c := range row {
		if c.Value != "" {
			cells = append(cells, harness.RowCell{Column: c.Column, Value: left.clip(c.Value, mostCell)})
		}
	}
	return cells
}

func entityText(kind string, fields map[string]string, left *allowance) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, fmt.Sprintf("%s %s", name, left.clip(fields[name], mostCell)))
	}
	return kind + ": " + strings.Join(parts, ", ")
}
