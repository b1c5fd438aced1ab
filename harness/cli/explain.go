package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

type explainOptions struct {
	events []string
	rows   bool
	format string
	now    string
}

func newExplain(env *Environment) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain RULE RECORDING|EVENTS|TABLE=FILE...",
		Short: "Say why a rule fired, or why it did not",
		Long: `Say why a rule fired, or why it did not.

A RULE is a rule file (.yaml or .kql), or a built-in rule by its name, id or file name. It is run on a recording, with
the recording's clock, or on what else 'geiger query' can ask. Every operator is shown with the rows that it took and
gave. Of a rule that fired, the events behind each alert are named; of one that did not, the event that passed the most
of its predicates, the predicate that turned it away, and what is likely to be wrong.

--event follows an event through the rule: by its record id, or by channel and record id if several channels have that
record, as in Sysmon/1234 or Microsoft-Windows-Sysmon/Operational/1234. Line numbers count from the first line of the
query.`,
		Example: "  geiger explain iis-components run1\n  geiger explain my-rule.yaml run1 --event Sysmon/1234 --rows",
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	c.Flags().StringArrayVar(&o.events, "event", nil, "follow the event of this record `id`, or CHANNEL/ID; can be repeated")
	c.Flags().BoolVar(&o.rows, "rows", false, "show the rows of alerts, and those that were turned away")
	c.Flags().StringVar(&o.format, "format", "text", "output: text or json")
	c.Flags().StringVar(&o.now, "now", "", "the current `time` of the query, such as 2026-01-02T03:04:05Z")
	return c
}

func (o *explainOptions) run(ctx context.Context, env *Environment, args []string) error {
	if err := checkFormat(o.format, "text", "json"); err != nil {
		return err
	}
	if len(args) < 2 {
		return errors.New("give a rule and a recording; see `geiger help explain`")
	}
	x, err := o.explain(ctx, env, args)
	if err != nil {
		return err
	}
	if o.format == "json" {
		out := json.NewEncoder(env.Stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		return out.Encode(x.document())
	}
	w := &explainWriter{explained: x, palette: report.Palette{Colour: env.Colour}}
	w.write()
	_, err = env.Stdout.Write(w.out.Bytes())
	return err
}

// explained is a rule's explanation with what it is about.
type explained struct {
	*kql.Explanation
	rule   *detection.Rule
	source *syntax.Source
	query  *kql.Query
	tables kql.Tables
	events []telemetry.Event
	now    time.Time
	rows   bool // show them
}

func (o *explainOptions) explain(ctx context.Context, env *Environment, args []string) (*explained, error) {
	rule, err := ruleNamed(args[0])
	if err != nil {
		return nil, err
	}
	d, err := readInputs(args[1:])
	if err != nil {
		return nil, err
	}
	sources, err := eventsNamed(d.events, o.events)
	if err != nil {
		return nil, err
	}
	x := &explained{rule: rule, events: d.events, rows: o.rows, source: rule.Source()}
	if x.now, err = (&queryOptions{now: o.now}).clock(env, d); err != nil {
		return nil, err
	}
	if x.query, x.tables, err = compile(x.source, d); err != nil {
		return nil, err
	}
	seen := (&detection.Bound{Rule: rule, Schema: x.query.Schema(), Query: x.query}).InPeriod(x.tables, x.now)
	x.Explanation, err = x.query.Explain(ctx, seen, x.now, kql.ExplainOptions{Sources: sources})
	return x, err
}

// fired reports whether the rule raises alerts.
func (x *explained) fired() bool { return x.rule.Triggers(x.Table.Len()) }

// ruleNamed reads a rule file, or finds a built-in rule.
func ruleNamed(name string) (*detection.Rule, error) {
	if detection.IsRuleFile(name) {
		rules, err := rulesAt(name)
		if err != nil {
			return nil, err
		}
		return rules[0], nil
	}
	rules, err := detection.Bundled()
	if err != nil {
		return nil, err
	}
	if r := harness.FindRule(rules, name); r != nil {
		return r, nil
	}
	var names []string
	for _, r := range rules {
		file := strings.TrimSuffix(path.Base(r.File), path.Ext(r.File))
		if strings.EqualFold(file, name) {
			return r, nil
		}
		names = append(names, file)
	}
	if near, ok := syntax.Suggest(name, names); ok {
		return nil, fmt.Errorf("no rule %q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("no rule %q; give a rule file, or one of %s", name, strings.Join(names, ", "))
}

// eventsNamed finds events by record id, with or without their channel.
func eventsNamed(events []telemetry.Event, names []string) ([]kql.Source, error) {
	var out []kql.Source
	for _, name := range names {
		channel, id := "", name
		if at := strings.LastIndexByte(name, '/'); at >= 0 {
			channel, id = name[:at], name[at+1:]
		}
		record, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("--event %q: give a record id, such as 1234 or Sysmon/1234", name)
		}
		found, channels := findEvents(events, channel, record)
		switch {
		case len(found) == 0:
			return nil, fmt.Errorf("--event %q: no such event", name)
		case len(channels) > 1:
			return nil, fmt.Errorf("--event %q: several channels have that record; say which: %s", name, strings.Join(channels, ", "))
		}
		out = append(out, found...)
	}
	return out, nil
}

func findEvents(events []telemetry.Event, channel string, record uint64) (found []kql.Source, channels []string) {
	for i := range events {
		e := &events[i]
		named := channel == "" || strings.EqualFold(channel, e.Channel) || strings.EqualFold(channel, shortChannel(e.Channel))
		if e.RecordID != record || !named {
			continue
		}
		found = append(found, kql.Source(i))
		if short := shortChannel(e.Channel); !slices.Contains(channels, short+"/"+strconv.FormatUint(record, 10)) {
			channels = append(channels, short+"/"+strconv.FormatUint(record, 10))
		}
	}
	return found, channels
}

// shortChannel is the telling part of a channel's name: Sysmon of Microsoft-Windows-Sysmon/Operational.
func shortChannel(channel string) string {
	name, _, _ := strings.Cut(channel, "/")
	return name[strings.LastIndexByte(name, '-')+1:]
}
