package kql_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/testdata"
)

// pruned is a database without some of its events.
func pruned(db kql.Tables, gone []kql.Source) kql.Tables {
	out := kql.Tables{}
	for name, t := range db {
		b := kql.NewBuilder(t.Columns())
		for row := range t.Len() {
			sources := t.Sources(row)
			if len(sources) == 0 {
				b.Append(-1, cellsOf(t, row)...)
			} else if !slices.Contains(gone, sources[0]) {
				b.Append(sources[0], cellsOf(t, row)...)
			}
		}
		out[name] = b.Table()
	}
	return out
}

func cellsOf(t *kql.Table, row int) []value.Value {
	cells := make([]value.Value, len(t.Columns()))
	for i := range cells {
		cells[i] = t.At(row, i)
	}
	return cells
}

// numbered gives every row of every table an event of its own. A table with the name of a fixture holds none.
func numbered(db kql.Tables) (kql.Tables, []kql.Source) {
	out, events := kql.Tables{}, []kql.Source{}
	for _, name := range sortedNames(db) {
		t := db[name]
		b := kql.NewBuilder(t.Columns())
		for row := range t.Len() {
			events = append(events, kql.Source(len(events)))
			b.Append(events[len(events)-1], cellsOf(t, row)...)
		}
		out[name] = b.Table()
	}
	return out, events
}

func sortedNames(db kql.Tables) []string {
	var names []string
	for name := range db {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// answer is the rows of a result as text, with their sources.
type answer struct {
	rows    []string
	sources [][]kql.Source
}

func answerOf(t *testing.T, q *kql.Query, db kql.Tables) (*answer, error) {
	t.Helper()
	out, err := q.Run(t.Context(), db, benchNow)
	if err != nil {
		return nil, err
	}
	a := &answer{}
	header := strings.Join(columnTexts(out.Columns()), ",")
	for row := range out.Len() {
		a.rows = append(a.rows, header+"\n"+comparable(cellsOf(out, row)))
		a.sources = append(a.sources, out.Sources(row))
	}
	return a, nil
}

// count is how many rows are like this one, and are what is left of such a row. Those that come from nowhere do not count: it
// is what an aggregate without keys says of nothing. Neither do those that are another row of before with less to come from,
// nor rows that were not there before, which take the place of one.
func (a *answer) count(row string, before *answer) int {
	n := 0
	for i, r := range a.rows {
		if r == row && len(a.sources[i]) > 0 && !before.hasOther(row, a.sources[i]) && before.holds(row, a.sources[i]) {
			n++
		}
	}
	return n
}

// hasOther reports whether a row that is not like this one comes from these sources and others.
func (a *answer) hasOther(row string, sources []kql.Source) bool {
	for i, r := range a.rows {
		if r != row && len(a.sources[i]) > len(sources) && !slices.ContainsFunc(sources, func(s kql.Source) bool { return !slices.Contains(a.sources[i], s) }) {
			return true
		}
	}
	return false
}

// holds reports whether a row is there with at least these sources.
func (a *answer) holds(row string, sources []kql.Source) bool {
	for i, r := range a.rows {
		if r == row && !slices.ContainsFunc(sources, func(s kql.Source) bool { return !slices.Contains(a.sources[i], s) }) {
			return true
		}
	}
	return false
}

// checkLineage deletes what a row comes from, and then everything else one by one.
func checkLineage(t *testing.T, q *kql.Query, db kql.Tables, events []kql.Source) error {
	t.Helper()
	before, err := answerOf(t, q, db)
	if err != nil {
		return nil //nolint:nilerr // a query that fails has no rows to come from anywhere
	}
	for i, row := range before.rows {
		if len(before.sources[i]) == 0 || i >= 8 {
			continue
		}
		left, err := answerOf(t, q, pruned(db, before.sources[i]))
		if err == nil && left.count(row, before) >= occurrences(before.rows, row) {
			return fmt.Errorf("row %s stays without its sources %v", row, before.sources[i])
		}
	}
	for _, event := range events {
		left, err := answerOf(t, q, pruned(db, []kql.Source{event}))
		if err != nil {
			return fmt.Errorf("without event %d: %w", event, err)
		}
		for i, row := range before.rows {
			if !slices.Contains(before.sources[i], event) && !left.holds(row, before.sources[i]) {
				return fmt.Errorf("row %s from %v is another without event %d:\n%s", row, before.sources[i], event, strings.Join(left.rows, "\n"))
			}
		}
	}
	return nil
}

// TestLineageOfGeneratedQueries holds the property for every generated query without a caveat.
func TestLineageOfGeneratedQueries(t *testing.T) {
	checked, caveats := 0, map[string]int{}
	for seed := range uint64(lineageQueriesGenerated) {
		g := newGenerator(seed)
		db, events := numbered(g.tables())
		text := g.query()
		q, err := kql.Compile(&syntax.Source{Text: text}, generatedSchema())
		if err != nil {
			continue
		}
		if list := q.Caveats(); len(list) > 0 {
			for _, c := range list {
				caveats[c.Reason]++
			}
			continue
		}
		checked++
		require.NoError(t, checkLineage(t, q, db, events), "seed %d: %s", seed, text)
	}
	t.Logf("%d queries checked; caveats: %v", checked, caveats)
	require.Greater(t, checked, lineageQueriesGenerated/3)
}

const lineageQueriesGenerated = 600

// TestLineageOfConformanceCases holds it for the conformance cases that read tables.
func TestLineageOfConformanceCases(t *testing.T) {
	checked := 0
	t.Run("cases", func(t *testing.T) {
		kqltest.Run(t, os.DirFS("kqltest/testdata"), func(ctx context.Context, query string, tables kql.Tables) (*kql.Table, error) {
			got, err := kqltest.Offline(ctx, query, tables)
			if err != nil || len(tables) == 0 {
				return got, err
			}
			list := make([]bind.Table, 0, len(tables))
			for name, t := range tables {
				list = append(list, bind.Table{Name: name, Columns: t.Columns()})
			}
			q, err := kql.Compile(&syntax.Source{Text: query}, bind.NewSchema("test", list, schema.Functions()...))
			if err != nil || len(q.Tables()) == 0 || len(q.Fixtures()) > 0 || len(q.Caveats()) > 0 {
				return got, err
			}
			checked++
			read := kql.Tables{}
			for _, name := range q.Tables() {
				read[name] = tables[name]
			}
			db, events := numbered(read)
			return got, checkLineage(t, q, db, events)
		})
	})
	t.Logf("%d runs checked", checked)
	require.Greater(t, checked, 300)
}

// TestLineageOfPublishedRules holds it for a sample of the published rules, over two rows in every table.
func TestLineageOfPublishedRules(t *testing.T) {
	xdr, logs := newService(schema.DefenderXDR()), newService(schema.LogAnalytics())
	checked, clean, rows := 0, 0, 0
	for i, r := range testdata.SharedLines[corpusRule](t, "kql/real_rules.jsonl") {
		s := logs
		if r.Bind["defender_xdr"] {
			s = xdr
		}
		if i%30 != 0 && !*everything {
			continue
		}
		q, err := kql.Compile(&syntax.Source{Text: r.Query}, s.schema)
		if err != nil {
			continue
		}
		checked++
		if len(q.Caveats()) > 0 || len(q.Fixtures()) > 0 {
			continue
		}
		clean++
		read := kql.Tables{}
		for _, name := range q.Tables() {
			if t, ok := s.tables[name]; ok {
				read[name] = t
			}
		}
		db, events := numbered(read)
		if out, err := q.Run(t.Context(), db, benchNow); err == nil {
			rows += out.Len()
		}
		require.NoError(t, checkLineage(t, q, db, events), "%s: %s", r.ID, r.Query)
	}
	t.Logf("%d of %d rules have no caveat, and give %d rows", clean, checked, rows)
}

// TestCaveats names what makes a row depend on events that it does not come from, and what does not.
func TestCaveats(t *testing.T) {
	const (
		place  = "takes the place of another"
		group  = "changes the group"
		match  = "is a match where there was none"
		looked = "depends on rows that the row does not come from"
	)
	for query, want := range map[string]string{
		"Events | where File has 'f1' | project Host":                                                                       "",
		"Events | summarize arg_max(Size, *) by Host | where Size > 3":                                                      "",
		"Events | join kind=inner Hosts on Host | summarize count() by Host":                                                "",
		"Events | where Host in (Hosts | project Host) | summarize count() by File":                                         "",
		"Events | join kind=leftanti Hosts on Host":                                                                         "",
		"Events | top 3 by Size":                                                                                            "",
		"Events | summarize n = count() by Host | summarize sum(n)":                                                         "",
		"Events | top 3 by Size | count":                                                                                    group,
		"Events | join kind=leftanti Hosts on Host | count":                                                                 group,
		"Events | join kind=leftouter Hosts on Host | summarize count() by File1":                                           group,
		"Events | summarize n = count() by Host | where n < 3 | count":                                                      group,
		"Events | summarize n = count() by Host | summarize make_set(Host) by n":                                            group,
		"Events | where Host !in (Hosts | project Host) | count":                                                            group,
		"Events | where Host !in (Events | summarize n = count() by Host | where n < 9 | project Host)":                     "takes rows away",
		"Events | join kind=leftanti (Events | summarize n = count() by Host | where n < 9) on Host":                        match,
		"Events | summarize n = count() by Host | top 1 by n asc":                                                           place,
		"Events | join kind=leftanti Hosts on Host | join (Hosts) on File":                                                  place,
		"Events | where Size > toscalar(Events | summarize avg(Size))":                                                      looked,
		"Events | where Size > toscalar(print 3)":                                                                           "",
		"Events | where Size > 9 or Host in (Hosts | project Host)":                                                         looked,
		"Events | sort by Size asc | extend n = row_number()":                                                               "rows before it",
		"Events | make-series count() on Size step 10 by Host":                                                              "the axis",
		"Events | make-series count() on Size from 0 to 100 step 10 by Host":                                                "",
		"Events | top-nested 2 of Host by count()":                                                                          "all rows of the input",
		"Events | extend x = parse_json(Extra) | mv-apply t = x.tags on (top 1 by tostring(t)) | summarize count() by Host": "",
	} {
		list := compile(t, query).Caveats()
		if want == "" {
			require.Empty(t, list, query)
			continue
		}
		require.NotEmpty(t, list, query)
		require.Contains(t, list[0].Reason, want, query)
		require.NotZero(t, list[0].At.End, query)
	}
}
