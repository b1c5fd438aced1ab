package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/ingest"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

type diffOptions struct {
	library
	format string
}

func newDiff(env *Environment) *cobra.Command {
	var o diffOptions
	c := &cobra.Command{
		Use:   "diff OLD NEW RECORDING...",
		Short: "Show the rows that a rule change gains and loses",
		Long: `Show the rows that a rule change gains and loses, on recorded runs and with their clocks.

OLD and NEW are two rule files, or two folders of rules whose rules are paired by their ids. A rule that only one side has
raises nothing on the other. Rows that come from the same events and differ in a cell are changed, not gained and lost.
Exit status: 0 no difference, 1 some, 2 a rule could not be run on both sides, 3 the command or its input is wrong.`,
		Example: "  geiger diff old.yaml new.yaml run1\n  geiger diff --format markdown main/rules rules recordings >> $GITHUB_STEP_SUMMARY",
		Args:    cobra.MinimumNArgs(3),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	c.Flags().StringVar(&o.scenarios, "scenarios", "", "`folder` of scenario files instead of the built-in one, for their fixtures")
	c.Flags().StringVar(&o.format, "format", "text", "output: text, json or markdown")
	return c
}

// ruleDiff is what a rule change does, recording by recording.
type ruleDiff struct {
	SchemaVersion int         `json:"schemaVersion"`
	Summary       diffSummary `json:"summary"`
	Changes       []rowChange `json:"changes"`
	Faults        []diffFault `json:"faults"`
}

type diffSummary struct {
	Rules      int `json:"rules"`
	Recordings int `json:"recordings"`
	Gained     int `json:"gained"`
	Lost       int `json:"lost"`
	Changed    int `json:"changed"`
}

// rowChange is one row that is gained, lost or changed. Old and New are nil for a row that the side does not have.
type rowChange struct {
	Rule      string             `json:"rule"`
	RuleID    string             `json:"ruleId"`
	Recording string             `json:"recording"`
	Kind      string             `json:"kind"` // gained, lost or changed
	Phase     harness.Phase      `json:"phase,omitempty"`
	Old       []harness.RowCell  `json:"old,omitempty"`
	New       []harness.RowCell  `json:"new,omitempty"`
	Events    []harness.EventRef `json:"events"`
}

// diffFault is a version of a rule that gave no rows to compare.
type diffFault struct {
	Rule      string `json:"rule"`
	Version   string `json:"version"` // old or new
	Recording string `json:"recording"`
	Error     string `json:"error"`
}

// rulePair is a rule before and after; nil where it is not there.
type rulePair struct{ before, after *detection.Rule }

func (o *diffOptions) run(ctx context.Context, env *Environment, args []string) error {
	if err := checkFormat(o.format, "text", "json", "markdown"); err != nil {
		return err
	}
	pairs, err := pairRules(args[0], args[1])
	if err != nil {
		return err
	}
	known, err := o.loadScenarios()
	if err != nil {
		return err
	}
	found, err := recordings(args[2:])
	if err != nil {
		return err
	}
	d := &ruleDiff{SchemaVersion: 1, Summary: diffSummary{Rules: len(pairs), Recordings: len(found)}, Changes: []rowChange{}, Faults: []diffFault{}}
	for _, rec := range found {
		r, err := o.recorded(rec, known)
		if err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
		for _, p := range pairs {
			if err := d.add(ctx, r, p); err != nil {
				return err
			}
		}
	}
	if err := d.write(env, o.format); err != nil {
		return err
	}
	return d.status()
}

func (d *ruleDiff) status() error {
	switch {
	case len(d.Faults) > 0:
		return exitError(harness.ExitInconclusive)
	case len(d.Changes) > 0:
		return exitError(harness.ExitFail)
	}
	return nil
}

// pairRules pairs two files, or the rules of two folders by id.
func pairRules(before, after string) ([]rulePair, error) {
	olds, err := rulesAt(before)
	if err != nil {
		return nil, err
	}
	news, err := rulesAt(after)
	if err != nil {
		return nil, err
	}
	if len(olds) == 1 && len(news) == 1 {
		return []rulePair{{olds[0], news[0]}}, nil
	}
	var pairs []rulePair
	for _, r := range olds {
		at := slices.IndexFunc(news, func(n *detection.Rule) bool { return n.ID == r.ID })
		if at < 0 {
			pairs = append(pairs, rulePair{before: r})
			continue
		}
		pairs = append(pairs, rulePair{r, news[at]})
		news = slices.Delete(news, at, at+1)
	}
	for _, r := range news {
		pairs = append(pairs, rulePair{after: r})
	}
	return pairs, nil
}

// recordedRun is a recording made ready for rules.
type recordedRun struct {
	dir    string
	events []telemetry.Event
	rows   []telemetry.Table
	now    time.Time
	phase  func([]kql.Source) harness.Phase // nil of telemetry without a run
	tables map[*kql.Schema]kql.Tables
	extra  []harness.Fixture
}

func (o *diffOptions) recorded(rec recordingFiles, known []*harness.Scenario) (*recordedRun, error) {
	r, err := telemetry.Read(rec.files)
	if err != nil {
		return nil, err
	}
	rows, err := r.Tables()
	if err != nil {
		return nil, err
	}
	run := &recordedRun{dir: rec.name, events: r.Events, rows: rows, now: r.Manifest.Ended, tables: map[*kql.Schema]kql.Tables{}}
	e, kept, err := harness.ReadEvidence(r)
	if err != nil {
		return run, nil // telemetry without a run: all rows count alike
	}
	run.now, run.phase = e.Ended, harness.Phases(e)
	s, err := o.scenarioOf(rec, e, kept, known)
	if err != nil {
		return nil, err
	}
	run.extra = s.Fixtures
	return run, nil
}

func (r *recordedRun) tablesOf(s *kql.Schema) (kql.Tables, error) {
	if t, ok := r.tables[s]; ok {
		return t, nil
	}
	t := ingest.Tables(r.events, s)
	if err := ingest.Merge(t, r.rows, s); err != nil {
		return nil, err
	}
	for _, f := range r.extra {
		t[f.Name] = f.Table
	}
	r.tables[s] = t
	return t, nil
}

// alerts are what a rule raises; none if it is not there.
func (r *recordedRun) alerts(ctx context.Context, rule *detection.Rule) ([]detection.Alert, error) {
	if rule == nil {
		return nil, nil
	}
	b, err := rule.BindFirst(schema.DefenderXDR(), schema.LogAnalytics())
	if err != nil {
		return nil, err
	}
	tables, err := r.tablesOf(b.Schema)
	if err != nil {
		return nil, err
	}
	return b.Evaluate(ctx, tables, r.now)
}

// add compares the two versions of a rule on one recording. The error is the context's.
func (d *ruleDiff) add(ctx context.Context, r *recordedRun, p rulePair) error {
	rule := p.after
	if rule == nil {
		rule = p.before
	}
	before, oldErr := r.alerts(ctx, p.before)
	after, newErr := r.alerts(ctx, p.after)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if oldErr != nil {
		d.Faults = append(d.Faults, diffFault{rule.Name, "old", r.dir, oldErr.Error()})
	}
	if newErr != nil {
		d.Faults = append(d.Faults, diffFault{rule.Name, "new", r.dir, newErr.Error()})
	}
	if oldErr != nil || newErr != nil {
		return nil
	}
	for _, c := range detection.Diff(before, after) {
		d.Changes = append(d.Changes, d.change(r, rule, c))
	}
	return nil
}

func (d *ruleDiff) change(r *recordedRun, rule *detection.Rule, c detection.Change) rowChange {
	out := rowChange{Rule: rule.Name, RuleID: rule.ID, Recording: r.dir, Kind: "changed", Events: []harness.EventRef{}}
	shown := c.New
	switch {
	case c.Old == nil:
		out.Kind = "gained"
		d.Summary.Gained++
	case c.New == nil:
		out.Kind, shown = "lost", c.Old
		d.Summary.Lost++
	default:
		d.Summary.Changed++
	}
	out.Old, out.New = alertCells(c.Old), alertCells(c.New)
	if r.phase != nil {
		out.Phase = r.phase(shown.Sources)
	}
	for _, s := range shown.Sources {
		if s >= 0 && int(s) < len(r.events) {
			out.Events = append(out.Events, harness.EventRef{Channel: r.events[s].Channel, RecordID: r.events[s].RecordID})
		}
	}
	return out
}

func alertCells(a *detection.Alert) []harness.RowCell {
	if a == nil {
		return nil
	}
	cells := make([]harness.RowCell, len(a.Row))
	for i, c := range a.Row {
		cells[i] = harness.RowCell{Column: c.Column, Value: c.Value.String()}
	}
	return cells
}

func (d *ruleDiff) write(env *Environment, format string) error {
	switch format {
	case "json":
		e := json.NewEncoder(env.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(d)
	case "markdown":
		return d.markdown(env.Stdout)
	}
	return d.text(env.Stdout)
}
