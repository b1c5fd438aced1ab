package kql_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// events is a small table of twelve events on three hosts.
func events() []bind.Table {
	columns := []value.Column{
		{Name: "Host", Type: value.String},
		{Name: "File", Type: value.String},
		{Name: "Size", Type: value.Long},
		{Name: "Extra", Type: value.String},
	}
	return []bind.Table{{Name: "Events", Columns: columns}, {Name: "Hosts", Columns: columns[:2]}}
}

// without builds the tables without the rows of the given sources.
func without(gone []kql.Source) kql.Tables {
	schema := events()
	b, h := kql.NewBuilder(schema[0].Columns), kql.NewBuilder(schema[1].Columns)
	for i := range 12 {
		id := kql.Source(i)
		if slices.Contains(gone, id) {
			continue
		}
		b.Append(id, value.NewString(fmt.Sprintf("h%d", i%3)), value.NewString(fmt.Sprintf("f%d.%s", i, []string{"dll", "txt"}[i%2])),
			value.NewLong(int64(i*i)), value.NewString(fmt.Sprintf(`{"user":"u%d","tags":["a","t%d"]}`, i%4, i)))
	}
	for i := range 3 {
		if id := kql.Source(100 + i); !slices.Contains(gone, id) {
			h.Append(id, value.NewString(fmt.Sprintf("h%d", i)), value.NewString(fmt.Sprintf("os%d", i)))
		}
	}
	return kql.Tables{"Events": b.Table(), "Hosts": h.Table()}
}

func compile(t testing.TB, text string) *kql.Query {
	t.Helper()
	q, err := kql.Compile(&syntax.Source{Text: text}, bind.NewSchema("test", events()))
	require.NoError(t, err)
	return q
}

func run(t testing.TB, q *kql.Query, db kql.Database) *kql.Table {
	t.Helper()
	out, err := q.Run(context.Background(), db, benchNow)
	require.NoError(t, err)
	return out
}

func rowsOf(t *kql.Table) []string {
	var rows []string
	for row := range t.Len() {
		text := ""
		for col := range t.Columns() {
			text += t.At(row, col).String() + "|"
		}
		rows = append(rows, text)
	}
	return rows
}

// lineageQueries covers every operator that moves, drops or combines rows.
var lineageQueries = []string{
	"Events",
	"Events | where File endswith '.dll' | project Host, File",
	"Events | sort by Size desc | take 3",
	"Events | top 4 by Host asc",
	"Events | summarize n = count(), files = make_set(File) by Host",
	"Events | summarize arg_max(Size, *) by Host",
	"Events | distinct Host",
	"Events | where Size > 20 | count",
	"union withsource = T (Events | where Size < 10), (Events | where Host == 'h1')",
	"Events | join kind=inner (Hosts) on Host",
	"Events | join (Hosts) on Host | summarize n = count() by File1",
	"Events | join kind=leftouter (Hosts | where Host != 'h2') on Host",
	"Events | join kind=leftsemi (Hosts) on Host",
	"Events | join kind=rightsemi (Hosts) on Host",
	"Events | join kind=leftanti (Hosts | where Host == 'h0') on Host",
	"Events | lookup kind=inner (Hosts | project Host, Os = File) on Host",
	"Events | extend x = parse_json(Extra) | mv-expand t = x.tags | where t startswith 't'",
	"Events | extend x = parse_json(Extra) | mv-apply t = x.tags on (where t == 'a') | project File, t",
	"Events | parse File with name '.' ext | where ext == 'dll'",
	"Events | partition by Host (top 1 by Size | project File)",
	"Events | extend x = parse_json(Extra) | project Host, x | evaluate bag_unpack(x)",
	"Events | summarize arg_max(Size, File) by Host | evaluate pivot(Host, max(Size), File)",
	"Events | make-series count() on Size from 0 to 200 step 100 by Host",
	"let t = Events | where Size > 3; union t, (t | where Host == 'h0')",
	"Events | summarize total = sum(Size) by Host | where total > 100 | join kind=inner Events on Host",
}

// TestLineage deletes the sources of every result row in turn: a row that came from them
// must be gone, and the sources of rows are sorted and without repetition.
func TestLineage(t *testing.T) {
	whole := without(nil)
	for _, text := range lineageQueries {
		q := compile(t, text)
		out := run(t, q, whole)
		require.NotZero(t, out.Len(), text)
		rows := rowsOf(out)
		for row := range out.Len() {
			sources := out.Sources(row)
			require.NotEmpty(t, sources, "%s: row %s", text, rows[row])
			require.True(t, slices.IsSorted(sources), text)
			require.Len(t, slices.Compact(slices.Clone(sources)), len(sources), text)
			left := run(t, q, without(sources))
			require.Less(t, occurrences(rowsOf(left), rows[row]), occurrences(rows, rows[row]), "%s: row %s stays without %v", text, rows[row], sources)
		}
	}
}

func occurrences(rows []string, row string) int {
	n := 0
	for _, r := range rows {
		if r == row {
			n++
		}
	}
	return n
}

func TestLineageOfRowsFromNowhere(t *testing.T) {
	out := run(t, compile(t, "print x = 1"), without(nil))
	require.Empty(t, out.Sources(0))
	out = run(t, compile(t, "union (print Host = 'x'), (Events | take 1)"), without(nil))
	require.Empty(t, out.Sources(0))
	require.Equal(t, []kql.Source{0}, out.Sources(1))
}

// TestResultAsSource queries the result of another query; its lineage goes on.
func TestResultAsSource(t *testing.T) {
	grouped := run(t, compile(t, "Events | summarize Size = sum(Size) by Host, File = '', Extra = ''"), without(nil))
	out := run(t, compile(t, "Events | summarize sum(Size)"), kql.Tables{"Events": grouped})
	require.Equal(t, int64(506), out.At(0, 0).Int())
	require.Len(t, out.Sources(0), 12)
}
