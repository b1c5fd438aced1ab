package harness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness/ingest"
)

// inScope are the rules that the scenario is about.
func (j *judgement) inScope(rules []*detection.Rule) ([]*detection.Rule, string) {
	if len(j.scenario.Rules) == 0 {
		return slices.DeleteFunc(slices.Clone(rules), func(r *detection.Rule) bool { return strings.EqualFold(r.Status, "Deprecated") }), ""
	}
	var scope []*detection.Rule
	for _, key := range j.scenario.Rules {
		r := FindRule(rules, key)
		if r == nil {
			return nil, key
		}
		scope = append(scope, r)
	}
	return scope, ""
}

func namesOf(rules []*detection.Rule) string {
	if len(rules) == 0 {
		return ", of which there are none"
	}
	var names []string
	for _, r := range rules {
		names = append(names, strconv.Quote(r.Name))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// FindRule returns the rule with an id or a name, or nil.
func FindRule(rules []*detection.Rule, key string) *detection.Rule {
	for _, r := range rules {
		if strings.EqualFold(r.ID, key) || strings.EqualFold(r.Name, key) {
			return r
		}
	}
	return nil
}

// fired binds and evaluates the rules, and compares their alerts with the expectations.
func (j *judgement) fired(ctx context.Context, rules []*detection.Rule) error {
	scope, missing := j.inScope(rules)
	if missing != "" {
		j.breaks(LinkBound, Inconclusive, RuleDoesNotBind, fmt.Sprintf("no rule %q among those loaded%s", missing, namesOf(rules)))
		j.link(LinkFired, LinkUnknown, "")
		return nil
	}
	if name, ok := j.outOfScope(scope); ok {
		j.breaks(LinkBound, Inconclusive, RuleDoesNotBind, fmt.Sprintf("rule %q is expected to fire or not, and is not in scope%s; correct its name, or add it to the scenario's rules", name, namesOf(scope)))
		j.link(LinkFired, LinkUnknown, "")
		return nil
	}
	var bound []*detection.Bound
	for _, r := range scope {
		b, err := r.BindFirst(j.schemas...)
		if err != nil {
			j.unbound(r, err)
			j.link(LinkFired, LinkUnknown, "")
			return nil
		}
		bound = append(bound, b)
		j.unfilled(b)
	}
	j.link(LinkBound, LinkHolds, fmt.Sprintf("%d rule%s", len(bound), plural(len(bound))))
	j.unusedFixtures(bound)
	for _, b := range bound {
		alerts, err := b.Evaluate(ctx, j.tablesOf(b.Schema), j.evidence.Ended)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			j.breaks(LinkFired, Inconclusive, whyNotRun(err), err.Error())
			return nil
		}
		for i := range alerts {
			j.verdict.Alerts = append(j.verdict.Alerts, j.raised(&alerts[i]))
		}
	}
	if missed := j.compare(scope); missed != nil {
		return j.nearestMiss(ctx, missed, bound)
	}
	return nil
}

// outOfScope finds a rule that the scenario says something of, but that it does not run.
func (j *judgement) outOfScope(scope []*detection.Rule) (string, bool) {
	var named []string
	for _, x := range slices.Concat(j.scenario.Alerts, j.scenario.Quiet) {
		named = append(named, x.Rule)
	}
	for _, t := range j.scenario.Tolerated {
		named = append(named, t.Rule)
	}
	at := slices.IndexFunc(named, func(name string) bool { return FindRule(scope, name) == nil })
	if at < 0 {
		return "", false
	}
	return named[at], true
}

func (j *judgement) unbound(r *detection.Rule, err error) {
	reason := RuleDoesNotBind
	if syntax.IsUnsupported(err) {
		reason = UnsupportedKQL
	}
	j.breaks(LinkBound, Inconclusive, reason, fmt.Sprintf("rule %q: %v", r.Name, err))
}

// whyNotRun tells a rule that geiger cannot run from one that no engine could have run on these rows.
func whyNotRun(err error) Reason {
	if syntax.IsUnsupported(err) {
		return UnsupportedKQL
	}
	return RuleFailed
}

// unfilled notes the columns a rule reads that nothing on any host could fill.
func (j *judgement) unfilled(b *detection.Bound) {
	columns := map[string][]string{}
	for _, c := range ingest.Unfilled(b.Query.ReadColumns()) {
		if c.Name == "" {
			j.note("rule %q reads table %s, which no source of geiger fills", b.Rule.Name, c.Table)
			continue
		}
		columns[c.Table] = append(columns[c.Table], c.Table+"."+c.Name)
	}
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		j.note("rule %q reads %s, which no source of geiger fills", b.Rule.Name, several(columns[table]))
	}
}

// several lists names, the first few of many.
func several(names []string) string {
	const shown = 3
	if len(names) <= shown+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more columns", strings.Join(names[:shown], ", "), len(names)-shown)
}

// unusedFixtures notes the fixtures that no rule asks for: a misspelt name would otherwise go unseen. One
// whose name a query computes is noted as well.
func (j *judgement) unusedFixtures(bound []*detection.Bound) {
	for _, f := range j.scenario.Fixtures {
		if !slices.ContainsFunc(bound, func(b *detection.Bound) bool { return slices.Contains(b.Query.Fixtures(), f.Name) }) {
			j.note("no rule in scope asks for the fixture %s (%s)", f.Name, f.File)
		}
	}
}

func (j *judgement) note(format string, arguments ...any) {
	j.verdict.Notes = append(j.verdict.Notes, fmt.Sprintf(format, arguments...))
}

func (j *judgement) raised(a *detection.Alert) RaisedAlert {
	r := RaisedAlert{
		Rule: a.Rule.Name, RuleID: a.Rule.ID, Phase: j.phases.ofSources(a.Sources), Entities: a.Entities, Events: j.refs(a.Sources),
	}
	for _, c := range a.Row {
		r.Row = append(r.Row, RowCell{c.Column, c.Value.String()})
	}
	return r
}

// refs are the events behind sources. A row that a rule itself wrote down, in a datatable, has none.
func (j *judgement) refs(sources []kql.Source) []EventRef {
	refs := []EventRef{}
	for _, s := range sources {
		if s >= 0 && int(s) < len(j.evidence.Events) {
			refs = append(refs, EventRef{j.evidence.Events[s].Channel, j.evidence.Events[s].RecordID})
		}
	}
	return refs
}
