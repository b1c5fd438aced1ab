package kql_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/testdata"
)

// TestStepCounts cuts random pipelines behind every operator: what the cut query gives is what the step gave.
func TestStepCounts(t *testing.T) {
	operators := []string{
		"where Host == 'h1'", "where Size > 10 and File has 'dll'", "where Size < 90 or Host == 'h0'", "where not(Host in ('h2', 'h3'))",
		"extend Size = Size + 1", "project Host, File, Size, Extra", "sort by Size desc", "take 5", "top 4 by Size", "distinct Host, File, Size, Extra",
		"mv-expand x = range(1, 2) | project-away x", "join kind=inner (Hosts | project Host) on Host", "where Size between (4 .. 60)",
	}
	r := rand.New(rand.NewPCG(3, 4))
	db := without(nil)
	for range 200 {
		query, cuts := "Events", []string{"Events"}
		for range 1 + r.IntN(5) {
			query += " | " + operators[r.IntN(len(operators))]
			cuts = append(cuts, query)
		}
		q := compile(t, query)
		e, err := q.Explain(t.Context(), db, benchNow, kql.ExplainOptions{})
		require.NoError(t, err, query)
		given := map[int]int{} // by where the step ends
		for _, s := range e.Steps {
			if s.Depth == 0 {
				given[s.Span.End] = s.Out
			}
		}
		for _, cut := range cuts {
			require.Equal(t, run(t, compile(t, cut), db).Len(), given[len(cut)], "%s of %s", cut, query)
		}
		require.Equal(t, rowsOf(run(t, q, db)), rowsOf(e.Table), query)
		require.Equal(t, e.Table.Len() == 0, e.Nearest != nil, query)
	}
}

// TestNearestMissPassesMost asks for every predicate of random conjunctions which events pass it: no event passes more
// than the nearest miss, and the first predicate blamed is the first that it does not pass.
func TestNearestMissPassesMost(t *testing.T) {
	conditions := []string{
		"Host == 'h1'", "Host != 'h0'", "Size > 10", "Size < 90", "File has 'dll'", "File startswith 'f1'", "Size between (4 .. 60)",
		"Extra has 'u2'", "not(Host in ('h2', 'h3'))", "Size % 2 == 1", "File !endswith 'txt'", "Size > 10000",
	}
	r := rand.New(rand.NewPCG(5, 6))
	db := without(nil)
	passing := map[string]map[kql.Source]bool{}
	for _, c := range conditions {
		passing[c] = map[kql.Source]bool{}
		out := run(t, compile(t, "Events | where "+c), db)
		for row := range out.Len() {
			passing[c][out.Sources(row)[0]] = true
		}
	}
	missed := 0
	for range 300 {
		query, chosen := "Events | where true", []string{}
		for range 2 + r.IntN(4) {
			c := conditions[r.IntN(len(conditions))]
			chosen = append(chosen, c)
			query += []string{" and ", " | where ", " | extend Extra = strcat(Extra, '') | where "}[r.IntN(3)] + c
		}
		e, err := compile(t, query).Explain(t.Context(), db, benchNow, kql.ExplainOptions{})
		require.NoError(t, err, query)
		if e.Nearest == nil {
			continue
		}
		missed++
		count := func(s kql.Source) (n int) {
			for _, c := range chosen {
				if passing[c][s] {
					n++
				}
			}
			return n
		}
		nearest := e.Nearest.Row.Sources(0)[0]
		for i := range 12 {
			require.LessOrEqual(t, count(kql.Source(i)), count(nearest), "%s: %d", query, i)
		}
		require.Equal(t, []int{count(nearest) + 1, len(chosen) + 1}, []int{e.Nearest.Passed, e.Nearest.Predicates}, query)
		first := chosen[slices.IndexFunc(chosen, func(c string) bool { return !passing[c][nearest] })]
		reason := query[e.Nearest.Reasons[0].Span.Start:e.Nearest.Reasons[0].Span.End]
		require.Contains(t, first, reason, query)
	}
	require.Greater(t, missed, 50)
}

// TestFatesAgreeWithLineage follows every event through the queries of the lineage test: those that are nowhere turned
// away and read by the query are behind a row of the result.
func TestFatesAgreeWithLineage(t *testing.T) {
	db := without(nil)
	var all []kql.Source
	for i := range 12 {
		all = append(all, kql.Source(i))
	}
	all = append(all, 100, 101, 102)
	for _, text := range lineageQueries {
		e, err := compile(t, text).Explain(t.Context(), db, benchNow, kql.ExplainOptions{Sources: all})
		require.NoError(t, err, text)
		require.Equal(t, rowsOf(run(t, compile(t, text), db)), rowsOf(e.Table), text)
		for _, f := range e.Fates {
			if len(f.Scans) > 0 && len(f.Rows) == 0 && !strings.Contains(text, "leftanti") {
				require.NotEmpty(t, f.Rejections, "%s: %d vanished", text, f.Source)
			}
			for _, r := range f.Rejections {
				require.NotEmpty(t, r.Reasons, "%s: %d", text, f.Source)
				require.Less(t, r.Step, len(e.Steps))
				require.Contains(t, r.Row.Sources(0), f.Source)
			}
		}
	}
}

// explainedShare is one in how many published rules the test below takes, to be done in time.
const explainedShare = 5

// TestPublishedRulesAreExplained explains published rules on made-up rows, which few of them want.
func TestPublishedRulesAreExplained(t *testing.T) {
	xdr, logs := newService(schema.DefenderXDR()), newService(schema.LogAnalytics())
	explained := 0
	for i, r := range testdata.SharedLines[corpusRule](t, "kql/real_rules.jsonl") {
		if i%explainedShare > 0 {
			continue
		}
		s := logs
		if r.Device && r.Bind["defender_xdr"] || !r.Bind["log_analytics"] {
			s = xdr
		}
		q, err := kql.Compile(&syntax.Source{Text: r.Query}, s.schema)
		if err != nil {
			continue
		}
		want, runs := q.Run(t.Context(), s, benchNow)
		e, err := q.Explain(t.Context(), s, benchNow, kql.ExplainOptions{Sources: []kql.Source{0}})
		if runs != nil {
			require.EqualError(t, err, runs.Error(), r.ID)
			continue
		}
		require.NoError(t, err, "%s\n%s", r.ID, r.Query)
		if !strings.Contains(r.Query, "rand(") && !strings.Contains(r.Query, "new_guid(") {
			require.Empty(t, cmp.Diff(rowsOf(want), rowsOf(e.Table)), r.ID)
		}
		requireSound(t, &r, e)
		explained++
	}
	t.Logf("%d rules explained", explained)
	require.Greater(t, explained, 400)
}

// requireSound checks what holds of every explanation.
func requireSound(t *testing.T, r *corpusRule, e *kql.Explanation) {
	t.Helper()
	check := func(x *kql.Rejection) {
		require.Less(t, x.Step, len(e.Steps), r.ID)
		require.NotEmpty(t, x.Reasons, "%s: step %s\n%s", r.ID, e.Steps[x.Step].Operator, r.Query)
		for _, reason := range x.Reasons {
			require.LessOrEqual(t, reason.Span.End, len(r.Query), r.ID)
			require.NotEmpty(t, reason.Wanted, r.ID)
		}
	}
	for i := range e.Fates[0].Rejections {
		check(&e.Fates[0].Rejections[i])
	}
	if e.Nearest != nil {
		check(e.Nearest)
		require.LessOrEqual(t, e.Nearest.Passed, e.Nearest.Predicates, "%s\n%s", r.ID, r.Query)
	}
	for i, s := range e.Steps {
		for _, in := range s.Inputs {
			require.Less(t, in, i, fmt.Sprint(r.ID, s))
		}
	}
}

// BenchmarkExplain explains the detection of [BenchmarkRule] with one event to follow.
func BenchmarkExplain(b *testing.B) {
	q, err := kql.Compile(&syntax.Source{Text: iisComponents}, benchSchema())
	require.NoError(b, err)
	tables := benchTables(1_000_000)
	for b.Loop() {
		_, err := q.Explain(b.Context(), tables, benchNow, kql.ExplainOptions{Sources: []kql.Source{17}})
		require.NoError(b, err)
	}
}
