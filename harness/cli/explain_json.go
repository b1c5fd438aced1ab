package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/ingest"
)

// explainDocument is an explanation for programs. Steps, and rows of the result, are referred to by their index.
type explainDocument struct {
	Rule     explainedRule    `json:"rule"`
	Now      time.Time        `json:"now"` // of the query: the end of the recording
	Fired    bool             `json:"fired"`
	Headline string           `json:"headline"`
	Steps    []explainedStep  `json:"steps"`
	Alerts   []explainedAlert `json:"alerts"` // the rows of the result
	Events   []explainedEvent `json:"events"` // those that --event names
	Nearest  *explainedMiss   `json:"nearest,omitempty"`
	Unfilled []string         `json:"unfilled"` // columns that the rule reads and no source of geiger fills
}

type explainedRule struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	File string `json:"file"`
}

// explainedStep is an operator; line and col count from the first line of the query.
type explainedStep struct {
	Operator   string `json:"operator"`
	Text       string `json:"text"`
	Line       int    `json:"line"`
	Col        int    `json:"col"`
	Let        string `json:"let,omitempty"`
	Depth      int    `json:"depth"`
	Inputs     []int  `json:"inputs"`
	Conditions []int  `json:"conditions,omitempty"` // steps that give the tables inside its expressions
	Runs       int    `json:"runs"`
	In         int    `json:"in"`
	Out        int    `json:"out"`
}

type explainedAlert struct {
	Row    []harness.RowCell  `json:"row,omitempty"` // with --rows, the columns that hold something
	Events []harness.EventRef `json:"events"`
}

type explainedEvent struct {
	harness.EventRef
	EventID    int             `json:"eventId"`
	Tables     []string        `json:"tables"` // that have a row of it, whether the rule reads them or not
	Steps      []int           `json:"steps"`  // that read it
	Alerts     []int           `json:"alerts"`
	Rejections []explainedMiss `json:"rejections"`
}

type explainedMiss struct {
	Step       int                `json:"step"`
	Events     []harness.EventRef `json:"events"`
	Passed     int                `json:"passed,omitempty"`
	Predicates int                `json:"predicates,omitempty"`
	Row        []harness.RowCell  `json:"row,omitempty"` // with --rows
	Reasons    []explainedReason  `json:"reasons"`
}

type explainedReason struct {
	Text        string          `json:"text"`
	Line        int             `json:"line"`
	Col         int             `json:"col"`
	Alternative bool            `json:"alternative,omitempty"` // one of several operands of an or
	Saw         []explainedSeen `json:"saw"`
	Wanted      string          `json:"wanted"`
	Hints       []explainedHint `json:"hints"`
}

type explainedSeen struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

type explainedHint struct {
	Kind kql.HintKind `json:"kind"`
	Text string       `json:"text"`
}

func (x *explained) document() explainDocument {
	d := explainDocument{
		Rule: explainedRule{x.rule.ID, x.rule.Name, x.rule.File}, Now: x.now, Fired: x.fired(), Headline: x.headline(),
		Steps: []explainedStep{}, Alerts: []explainedAlert{}, Events: []explainedEvent{}, Unfilled: x.unfilled(),
	}
	for _, s := range x.Steps {
		at := x.source.Position(s.Span.Start)
		d.Steps = append(d.Steps, explainedStep{
			s.Operator, x.textOf(s), at.Line, at.Column, s.Let, s.Depth, append([]int{}, s.Inputs...), s.Conditions, s.Runs, s.In, s.Out,
		})
	}
	for row := range x.Table.Len() {
		d.Alerts = append(d.Alerts, explainedAlert{x.shownCells(x.Table, row), x.refs(x.Table.Sources(row))})
	}
	for i := range x.Fates {
		d.Events = append(d.Events, x.event(&x.Fates[i]))
	}
	if x.Nearest != nil {
		m := x.miss(x.Nearest)
		d.Nearest = &m
	}
	return d
}

func (x *explained) event(f *kql.Fate) explainedEvent {
	e := &x.events[f.Source]
	out := explainedEvent{
		EventRef: harness.EventRef{Channel: e.Channel, RecordID: e.RecordID}, EventID: e.EventID, Tables: x.tablesWith(f.Source),
		Steps: append([]int{}, f.Scans...), Alerts: append([]int{}, f.Rows...), Rejections: []explainedMiss{},
	}
	for i := range f.Rejections {
		out.Rejections = append(out.Rejections, x.miss(&f.Rejections[i]))
	}
	return out
}

func (x *explained) miss(r *kql.Rejection) explainedMiss {
	out := explainedMiss{
		Step: r.Step, Events: x.refs(r.Row.Sources(0)), Passed: r.Passed, Predicates: r.Predicates,
		Row: x.shownCells(r.Row, 0), Reasons: []explainedReason{},
	}
	for _, reason := range r.Reasons {
		at := x.source.Position(reason.Span.Start)
		o := explainedReason{
			Text: x.oneLine(reason.Span), Line: at.Line, Col: at.Column, Alternative: reason.Alternative,
			Wanted: reason.Wanted, Saw: []explainedSeen{}, Hints: []explainedHint{},
		}
		for _, s := range reason.Saw {
			o.Saw = append(o.Saw, explainedSeen{s.Name, s.Value.Type().String(), jsonValue(s.Value)})
		}
		for _, h := range reason.Hints {
			o.Hints = append(o.Hints, explainedHint{h.Kind, hintText(h)})
		}
		out.Reasons = append(out.Reasons, o)
	}
	return out
}

// shownCells are those of a row, if rows are asked for.
func (x *explained) shownCells(t *kql.Table, row int) []harness.RowCell {
	if !x.rows {
		return nil
	}
	return cellsOf(t, row)
}

// cellsOf are the cells of a row that hold something.
func cellsOf(t *kql.Table, row int) []harness.RowCell {
	cells := []harness.RowCell{}
	for i, c := range t.Columns() {
		if text := t.At(row, i).String(); text != "" {
			cells = append(cells, harness.RowCell{Column: c.Name, Value: text})
		}
	}
	return cells
}

func (x *explained) refs(sources []kql.Source) []harness.EventRef {
	refs := []harness.EventRef{}
	for _, s := range sources {
		if s >= 0 && int(s) < len(x.events) {
			refs = append(refs, harness.EventRef{Channel: x.events[s].Channel, RecordID: x.events[s].RecordID})
		}
	}
	return refs
}

// tablesWith lists the tables that have a row of an event.
func (x *explained) tablesWith(s kql.Source) []string {
	names := []string{}
	for name, t := range x.tables {
		for row := range t.Len() {
			if slices.Contains(t.Sources(row), s) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

func (x *explained) unfilled() []string {
	names := []string{}
	for _, c := range ingest.Unfilled(x.query.ReadColumns()) {
		if t, ok := x.tables.Table(c.Table); c.Name != "" || !ok || t.Len() == 0 {
			names = append(names, strings.TrimSuffix(c.Table+"."+c.Name, "."))
		}
	}
	return names
}

// hintText adds, to a column that is always empty, whether anything could fill it.
func hintText(h kql.Hint) string {
	if h.Kind != kql.HintNeverSet {
		return h.Text
	}
	for _, c := range ingest.Columns() {
		if c.Table == h.Table && c.Name == h.Column && c.Source != "" {
			return h.Text + "; it is filled from " + c.Source
		}
	}
	return h.Text + ", and no source of geiger fills it"
}

// textOf is a step in one line.
func (x *explained) textOf(s kql.Step) string {
	if s.Span == (syntax.Span{}) {
		return s.Operator
	}
	return x.oneLine(s.Span)
}

func (x *explained) oneLine(s syntax.Span) string {
	return strings.Join(strings.Fields(x.source.Slice(s)), " ")
}
