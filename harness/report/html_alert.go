package report

import (
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
	Row        []htmlValue
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

// alertStates are in the order in which a reader must know of them, with how many alerts of each are shown.
var alertStates = [...]struct {
	state string
	most  int
}{{stateUnexpected, 10}, {stateExpected, 10}, {stateTolerated, 5}}

func (h *htmlResult) alerts(v *harness.Verdict, events eventIndex) {
	for _, s := range alertStates {
		shown := 0
		for i := range v.Alerts {
			switch a := &v.Alerts[i]; {
			case alertState(a) != s.state:
			case shown == s.most:
				h.MoreAlerts++
			default:
				shown++
				h.Alerts = append(h.Alerts, newHTMLAlert(a, events))
			}
		}
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

// htmlValue is a value by its name. A long one is folded behind its beginning.
type htmlValue struct{ Column, Beginning, Value string }

const foldedAt, foldedTo = 400, 120 // runes

// filled are the cells that hold something.
func filled(row []harness.RowCell, left *allowance) []htmlValue {
	var cells []htmlValue
	for _, c := range row {
		if c.Value == "" {
			continue
		}
		v := htmlValue{Column: c.Column, Value: left.clip(c.Value, mostCell)}
		if runes := []rune(v.Value); len(runes) > foldedAt {
			v.Beginning = string(runes[:foldedTo]) + "…"
		}
		cells = append(cells, v)
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
