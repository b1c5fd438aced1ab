package kql_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

func Example() {
	schema := bind.NewSchema("example", []bind.Table{{Name: "DeviceFileEvents", Columns: []value.Column{
		{Name: "Timestamp", Type: value.DateTime}, {Name: "FolderPath", Type: value.String},
	}}})
	query, err := kql.Compile(&syntax.Source{Text: `DeviceFileEvents
| where Timestamp > ago(1d) and FolderPath has "inetsrv"
| project FolderPath`}, schema)
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	table, _ := schema.Table("DeviceFileEvents")
	events := kql.NewBuilder(table.Columns).
		Append(7, value.NewDateTime(value.FromTime(now.Add(-time.Hour))), value.NewString(`C:\Windows\System32\inetsrv\x.dll`)).
		Append(8, value.NewDateTime(value.FromTime(now.Add(-time.Hour))), value.NewString(`C:\inetsrv2\x.dll`)).
		Table()
	result, err := query.Run(context.Background(), kql.Tables{"DeviceFileEvents": events}, now)
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Len(), result.At(0, 0), result.Sources(0))
	// Output: 1 C:\Windows\System32\inetsrv\x.dll [7]
}

func TestReadColumns(t *testing.T) {
	for text, want := range map[string]map[string][]string{
		"Events | where Size > 1 | project File":                                                   {"Events": {"File", "Size"}},
		"Events | count":                                                                           {"Events": {}},
		"Events | extend z = strcat(Host, File) | project Size":                                    {"Events": {"Size"}},
		"Events | extend Host = 'x' | where Host == 'x' | project Host":                            {"Events": {}},
		"Events | summarize max(Size) by Host":                                                     {"Events": {"Host", "Size"}},
		"Events | join kind=inner Hosts on Host | project Size, File1":                             {"Events": {"Host", "Size"}, "Hosts": {"File", "Host"}},
		"union Events, Hosts | project File":                                                       {"Events": {"File"}, "Hosts": {"File"}},
		"print n = toscalar(Events | where File == 'x' | count)":                                   {"Events": {"File"}},
		"let t = Events | project Host, File; t | where File in (t | project Host) | project Host": {"Events": {"File", "Host"}},
		"Events | where Host in ((Hosts | where File == 'x' | project Host)) | project Size": {
			"Events": {"Host", "Size"}, "Hosts": {"File", "Host"},
		},
	} {
		got := compile(t, text).ReadColumns()
		for table, columns := range got {
			if len(columns) == 0 {
				got[table] = []string{}
			}
		}
		require.Empty(t, cmp.Diff(want, got), text)
	}
}

func TestTablesAreListed(t *testing.T) {
	require.Equal(t, []string{"Events", "Hosts"}, compile(t, "union Hosts, Events").Tables())
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		text  string
		class syntax.Class
		at    string
	}{
		{"Events | where", syntax.ClassSyntax, ""},
		{"Events | project Missing", syntax.ClassBind, "Missing"},
		{"Events | extend x = current_principal()", syntax.ClassUnsupported, "current_principal"},
		{"Events | evaluate infer_storage_schema(dynamic({}))", syntax.ClassUnsupported, ""},
		{"Events | where File matches regex '(?=x)'", syntax.ClassBind, ""},
		{"Events | extend x = extract_all('x', File)", syntax.ClassBind, "'x'"},
	} {
		_, err := kql.Compile(&syntax.Source{Name: "q.kql", Text: c.text}, bind.NewSchema("test", events()))
		var fault *syntax.Error
		require.ErrorAs(t, err, &fault, c.text)
		require.Equal(t, c.class, fault.Diagnostics[0].Class, "%s: %v", c.text, err)
		if c.at != "" {
			s := fault.Diagnostics[0].Span
			require.Equal(t, c.at, c.text[s.Start:s.End], c.text)
		}
	}
}

func TestFixturesAreListed(t *testing.T) {
	list := append(events(), bind.Table{Name: "Files", Columns: []value.Column{{Name: "SHA1", Type: value.String}}})
	q, err := kql.Compile(&syntax.Source{Text: `let a = _GetWatchlist("VIP");
Files | invoke FileProfile(SHA1)
| join kind=leftouter (externaldata(SHA1:string)["https://example.com/b", "https://example.com/a"]) on SHA1
| where SHA1 in (a) and SHA1 !in (_GetWatchlist("VIP"))`}, bind.NewSchema("test", list, schema.Functions()...))
	require.NoError(t, err)
	require.Equal(t, []string{
		"FileProfile", kql.WatchlistFixture("VIP"), kql.ExternalFixture("https://example.com/a"), kql.ExternalFixture("https://example.com/b"),
	}, q.Fixtures())
}

func TestUnsupportedIsReportedAllAtOnce(t *testing.T) {
	_, err := kql.Compile(&syntax.Source{Text: "Events | extend a = current_principal_details(), b = current_principal()"}, bind.NewSchema("test", events()))
	var fault *syntax.Error
	require.ErrorAs(t, err, &fault)
	require.Len(t, fault.Diagnostics, 2)
}

func TestRuntimeErrors(t *testing.T) {
	for _, text := range []string{
		"Events | where File matches regex strcat('(', Host)",
		"range x from 1 to 100000000000 step 1",
	} {
		_, err := compile(t, text).Run(context.Background(), without(nil), benchNow)
		var fault *syntax.Error
		require.ErrorAs(t, err, &fault, text)
		require.Equal(t, syntax.ClassRuntime, fault.Diagnostics[0].Class, text)
	}
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := compile(t, "Events").Run(ctx, without(nil), benchNow)
	require.ErrorIs(t, err, context.Canceled)

	ctx, cancel = context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err = compile(t, "range x from 1 to 3000000 step 1 | extend y = hash_sha256(strcat('text', x)) | summarize dcount(y)").Run(ctx, without(nil), benchNow)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(started), 5*time.Second)
}

func TestNowIsConstant(t *testing.T) {
	out := run(t, compile(t, "print a = now() == now(), b = now(), c = ago(1h), d = now(-1d)"), nil)
	require.True(t, out.At(0, 0).Bool())
	require.Equal(t, benchNow, out.At(0, 1).DateTime().Time())
	require.Equal(t, benchNow.Add(-time.Hour), out.At(0, 2).DateTime().Time())
	require.Equal(t, benchNow.AddDate(0, 0, -1), out.At(0, 3).DateTime().Time())
}

func TestTopIsTheHeadOfSort(t *testing.T) {
	db := kql.Tables{"Events": benchTables(5000)["DeviceRegistryEvents"]}
	schema := bind.NewSchema("test", []bind.Table{{Name: "Events", Columns: db["Events"].Columns()}})
	for _, n := range []int{0, 1, 7, 300, 5000} {
		for _, keys := range []string{"DeviceName asc", "Timestamp desc", "RegistryValueName asc nulls last"} {
			var rows [2][]string
			for i, text := range []string{"Events | top %d by %s", "Events | sort by %[2]s | take %[1]d"} {
				q, err := kql.Compile(&syntax.Source{Text: fmt.Sprintf(text, n, keys)}, schema)
				require.NoError(t, err)
				rows[i] = rowsOf(run(t, q, db))
			}
			require.Equal(t, rows[1], rows[0], "top %d by %s", n, keys)
		}
	}
}

func TestMissingTableIsEmpty(t *testing.T) {
	require.Zero(t, run(t, compile(t, "Events | where Size > 0"), kql.Tables{}).Len())
}

func TestTableOfOtherShape(t *testing.T) {
	table := kql.NewBuilder([]value.Column{{Name: "Size", Type: value.String}, {Name: "More", Type: value.Long}}).
		Append(1, value.NewString("7"), value.NewLong(1)).Table()
	out := run(t, compile(t, "Events"), kql.Tables{"Events": table})
	require.Equal(t, []string{"||7||"}, rowsOf(out), "columns are found by name, converted, and null if absent")
}

func TestQueryIsSafeForConcurrentUse(t *testing.T) {
	q := compile(t, "Events | where File has_any ('dll', 'txt') and Host matches regex 'h[01]' | summarize n = count() by Host | sort by Host asc")
	db := without(nil)
	want := rowsOf(run(t, q, db))
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			out, err := q.Run(context.Background(), db, benchNow)
			if err == nil && !cmp.Equal(want, rowsOf(out)) {
				err = errors.New("another result")
			}
			errs <- err
		})
	}
	wg.Wait()
	for range 8 {
		require.NoError(t, <-errs)
	}
}

// fuzzLimits keep what a fuzzed query makes small.
var fuzzLimits = kql.Limits{Rows: 100000, Bytes: 64 << 20, ValueBytes: 1 << 20, ResultRows: 100000}

// FuzzRun compiles and runs any text over the tables of a conformance case: it may fail, but never panics, ends when its
// time is over, and does not depend on how the rows of its tables are split.
func FuzzRun(f *testing.F) {
	cases, err := kqltest.Cases(os.DirFS("kqltest/testdata"))
	require.NoError(f, err)
	cases = append(cases, kqltest.Case{Tables: without(nil)})
	for i, c := range cases {
		if len(c.Query) < 400 && i%fuzzSeedShare == 0 {
			f.Add(c.Query, uint(i))
		}
	}
	for _, q := range lineageQueries {
		f.Add(q, uint(len(cases)-1))
	}
	for _, q := range []string{
		"print x = bin(7, 0), y = 1/0, z = substring('abc', -9), w = dynamic({'a':[1,2]}).a[-1]",
		"range x from 1 to 1000000000 step 1 | extend s = strrep('x', x) | summarize make_list(s)",
		"Events | mv-expand x = range(1, 1000000) | mv-expand y = range(1, 1000000) | count",
		"Events | summarize percentile(Size, 95), stdev(Size), make_bag(bag_pack(Host, Size)) by bin(Size, 7)",
		"Events | parse kind=regex File with '([a-z]+)' n:long '.' e | extend d = todatetime(File) + 99999999d",
		"print format_datetime(datetime(2020-01-01), 'yyyy-MM-dd HH:mm:ss.fffffffff'), datetime_add('year', 99999, now())",
		"print array_slice(dynamic([1]), -5, 5), array_rotate_left(dynamic([]), 3), split('a', ''), indexof('a', '', 0, -1, 9)",
		"print s = 'x' | extend s = strcat(s, s), t = pack_array(s, s) | extend s = strcat(s, s), t = pack_array(t, t)",
	} {
		f.Add(q, uint(len(cases)-1))
	}
	f.Fuzz(func(t *testing.T, text string, which uint) {
		tables := cases[which%uint(len(cases))].Tables
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		started := time.Now()
		err := kqltest.Vary(ctx, text, tables, limited)
		require.Less(t, time.Since(started), 8*time.Second, text)
		if !namesTables(text) {
			require.NoError(t, err, text)
		}
	})
}

// fuzzSeedShare is one in how many conformance cases is run as a seed by every test run.
const fuzzSeedShare = 7

// namesTables reports whether a query can show the names of its tables, which splitting them changes.
func namesTables(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"source", "$table", "search", "find", "*", "estimate", "rand", "new_guid"}, func(word string) bool { return strings.Contains(text, word) })
}

// limited is the engine with the limits of a fuzzed query. All that a result can be asked is asked.
func limited(ctx context.Context, query string, tables kql.Tables) (*kql.Table, error) {
	list := make([]bind.Table, 0, len(tables))
	for name, t := range tables {
		list = append(list, bind.Table{Name: name, Columns: t.Columns()})
	}
	q, err := kql.Compile(&syntax.Source{Text: query}, bind.NewSchema("test", list, schema.Functions()...))
	if err != nil {
		return nil, err
	}
	_ = q.Caveats()
	out, err := q.RunWithin(ctx, tables, benchNow, fuzzLimits)
	if err != nil {
		return nil, err
	}
	for row := range min(out.Len(), 50) {
		_ = out.Sources(row)
	}
	return out, nil
}
