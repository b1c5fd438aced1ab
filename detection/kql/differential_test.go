package kql_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
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
	"github.com/seed-67b27da2/geiger/testdata"
)

// differ says how the naive evaluator's answer differs from the engine's. The error is a naiveUnknown if the evaluator
// has none.
func differ(text string, s *kql.Schema, db kql.Database, now time.Time, got *kql.Table) error {
	want, err := runNaive(text, s, db, now)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(columnTexts(want.columns), columnTexts(got.Columns())); diff != "" {
		return fmt.Errorf("columns (- naive, + engine):\n%s", diff)
	}
	naive, engine := []string{}, []string{}
	for _, row := range want.rows {
		naive = append(naive, comparable(row))
	}
	for row := range got.Len() {
		cells := make([]value.Value, len(got.Columns()))
		for i := range cells {
			cells[i] = got.At(row, i)
		}
		engine = append(engine, comparable(cells))
	}
	if !ordered(text, s) {
		slices.Sort(naive)
		slices.Sort(engine)
	}
	if diff := cmp.Diff(naive, engine); diff != "" {
		return fmt.Errorf("rows (- naive, + engine):\n%s", diff)
	}
	return nil
}

func columnTexts(columns []value.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name + ":" + c.Type.String()
	}
	return out
}

// comparable is a row as text, with reals to nine digits: sums may be made in another order.
func comparable(row []value.Value) string {
	var cells []string
	for _, v := range row {
		cells = append(cells, comparableCell(v))
	}
	return strings.Join(cells, " | ")
}

func comparableCell(v value.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == value.Real:
		return rounded(v.Real())
	case v.Type() == value.String:
		return strconv.Quote(v.Str())
	case v.Type() == value.Dynamic:
		return comparableDynamic(v.Dynamic())
	default:
		return v.String()
	}
}

func rounded(f float64) string {
	if math.Abs(f) < 1e-300 {
		f = 0 // also of a negative zero
	}
	return strconv.FormatFloat(f, 'e', 8, 64)
}

func comparableDynamic(x any) string {
	switch x := x.(type) {
	case float64:
		return rounded(x)
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, comparableDynamic(e))
		}
		return "[" + strings.Join(out, ",") + "]"
	case *value.Bag:
		var out []string
		for _, k := range x.Keys() {
			e, _ := x.Get(k)
			out = append(out, strconv.Quote(k)+":"+comparableDynamic(e))
		}
		return "{" + strings.Join(out, ",") + "}"
	default:
		return value.JSON(x)
	}
}

// ordered reports whether the rows of a query come in an order.
func ordered(text string, s *kql.Schema) bool {
	source := &syntax.Source{Text: text}
	tree, _ := syntax.Parse(source)
	p := bind.Bind(source, tree, s).Plan
	for {
		switch q := p.(type) {
		case *bind.Sort, *bind.Top:
			return true
		case *bind.Where, *bind.Extend, *bind.Project, *bind.Take, *bind.As, *bind.Render, *bind.Parse, *bind.MvExpand:
			p = kql.Inputs(q)[0]
		default:
			return false
		}
	}
}

// unknowns collects what the naive evaluator does not know, with how often it came up.
type unknowns struct {
	mu    sync.Mutex
	names map[string]int
	same  int
}

// check compares; what the evaluator does not know is noted, and is no difference.
func (u *unknowns) check(text string, s *kql.Schema, db kql.Database, now time.Time, got *kql.Table) error {
	err := differ(text, s, db, now, got)
	u.mu.Lock()
	defer u.mu.Unlock()
	var unknown naiveUnknown
	switch {
	case errors.As(err, &unknown):
		u.names[string(unknown)]++
		return nil
	case err == nil:
		u.same++
	}
	return err
}

// naiveLacks is everything that the naive evaluator does not know and a test meets. Whoever adds to the engine teaches the
// evaluator or puts a line here.
var naiveLacks = []string{
	"*bind.Consume", "*bind.Reduce", "*bind.Several", "*bind.TopHitters",
	"aggregate buildschema", "aggregate hll", "aggregate hll_if", "aggregate hll_merge",
	"aggregate passthrough", "aggregate percentilesw", "aggregate percentilesw_array", "aggregate percentilew", "aggregate tdigest",
	"functions of the service", "options of plugin bag_unpack", "parse kind=regex", "parse-kv",
	"plugin basket", "plugin autocluster", "plugin diffpatterns", "plugin active_users_count", "plugin activity_counts_metrics", "plugin activity_engagement", "plugin activity_metrics",
	"plugin dcount_intersect", "plugin funnel_sequence", "plugin funnel_sequence_completion", "plugin identity",
	"plugin ipv4_lookup", "plugin ipv6_lookup", "plugin narrow", "plugin new_activity_metrics", "plugin preview",
	"plugin rolling_percentile", "plugin rows_near", "plugin sequence_detect", "plugin session_count",
	"plugin sliding_window_counts", "rand", "scan",
}

// measuredLacks is what no conformance case needs, but one of the measured cases.
var measuredLacks = []string{"new_guid", "plugin schema_merge"}

// require checks that everything unknown is listed.
func (u *unknowns) require(t *testing.T) {
	t.Helper()
	for name := range u.names {
		require.Contains(t, slices.Concat(naiveLacks, measuredLacks), name, "teach the naive evaluator what this is, or list it in naiveLacks")
	}
	require.Positive(t, u.same)
	t.Logf("%d runs are the same, %v are not known", u.same, u.names)
}

// TestNaiveAgreesOnConformance runs every conformance case, and its variants, both ways.
func TestNaiveAgreesOnConformance(t *testing.T) {
	seen := &unknowns{names: map[string]int{}}
	t.Run("cases", func(t *testing.T) {
		kqltest.Run(t, os.DirFS("kqltest/testdata"), func(ctx context.Context, query string, tables kql.Tables) (*kql.Table, error) {
			got, err := kqltest.Offline(ctx, query, tables)
			if err != nil {
				return got, err
			}
			list := make([]bind.Table, 0, len(tables))
			for name, t := range tables {
				list = append(list, bind.Table{Name: name, Columns: t.Columns()})
			}
			return got, seen.check(query, bind.NewSchema("test", list, schema.Functions()...), tables, kqltest.Now(), got)
		})
	})
	seen.require(t)
	for _, name := range naiveLacks {
		require.Contains(t, seen.names, name, "nothing needs this entry of naiveLacks")
	}
}

// TestNaiveAgreesOnMeasuredCases runs the cases that were run on Microsoft's emulator both ways.
func TestNaiveAgreesOnMeasuredCases(t *testing.T) {
	seen := &unknowns{names: map[string]int{}}
	now, s := time.Date(2026, 8, 6, 12, 0, 0, 0, time.UTC), bind.NewSchema("emulator", nil)
	for _, file := range []string{"emulator_facts.jsonl", "emulator_docs_cases.jsonl"} {
		for _, c := range testdata.SharedLines[measured](t, "kql/"+file) {
			q, err := kql.Compile(&syntax.Source{Text: c.Query}, s)
			if err != nil {
				continue
			}
			got, err := q.Run(t.Context(), kql.Tables{}, now)
			if err != nil || got.Len() > 2000 {
				continue // a table of that size says nothing that a smaller one does not, and takes seconds
			}
			if err := seen.check(c.Query, s, kql.Tables{}, now, got); err != nil {
				t.Errorf("%s: %s\n%v", c.ID, c.Query, err)
			}
		}
	}
	seen.require(t)
}

// TestNaiveAgreesOnPublishedRules runs a sample of the published rules both ways, over rows made for their tables.
func TestNaiveAgreesOnPublishedRules(t *testing.T) {
	seen := &unknowns{names: map[string]int{}}
	xdr, logs := newService(schema.DefenderXDR()), newService(schema.LogAnalytics())
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
		got, err := q.Run(t.Context(), s, benchNow)
		if err != nil {
			continue
		}
		if err := seen.check(r.Query, s.schema, s, benchNow, got); err != nil {
			t.Errorf("%s: %s\n%v", r.ID, r.Query, err)
		}
	}
	seen.require(t)
}

var everything = flag.Bool("everything", false, "compare all published rules with the naive evaluator, not one in thirty; it takes a minute")

// generatedQueries is how many random queries every test run compares; the fuzz target goes on from there.
const generatedQueries = 3000

// compareGenerated makes a database and a query from a seed and runs it both ways; ran is false if it does not bind.
func compareGenerated(t *testing.T, seed uint64, seen *unknowns) (ran bool) {
	t.Helper()
	g := newGenerator(seed)
	db, text := g.tables(), g.query()
	if seed%300 == 299 {
		db = g.tablesOf(700) // enough for the forms that the engine has for many rows
	}
	s := generatedSchema()
	q, err := kql.Compile(&syntax.Source{Text: text}, s)
	if err != nil {
		var fault *syntax.Error
		require.ErrorAs(t, err, &fault)
		require.NotEqual(t, syntax.ClassUnsupported, fault.Diagnostics[0].Class, "%s: %v", text, err)
		return false
	}
	got, err := q.RunWithin(t.Context(), db, benchNow, kql.Limits{Rows: 50000})
	if err != nil && strings.Contains(err.Error(), "the limit of one operator") {
		return true // what the naive evaluator makes of it would not fit into memory
	}
	require.NoError(t, err, "seed %d: %s", seed, text)
	if err := seen.check(text, s, db, benchNow, got); err != nil {
		t.Errorf("seed %d: %s\n%v", seed, text, err)
	}
	return true
}

// TestNaiveAgreesOnGeneratedQueries compares random queries over random rows.
func TestNaiveAgreesOnGeneratedQueries(t *testing.T) {
	seen := &unknowns{names: map[string]int{}}
	ran := 0
	for seed := range uint64(generatedQueries) {
		if compareGenerated(t, seed, seen) {
			ran++
		}
		if t.Failed() && ran > 200 {
			t.FailNow()
		}
	}
	require.Empty(t, seen.names)
	require.Greater(t, ran, generatedQueries*8/10, "most generated queries must bind")
	t.Logf("%d of %d queries ran", ran, generatedQueries)
}

// FuzzNaive compares on, from any seed.
func FuzzNaive(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		compareGenerated(t, seed, &unknowns{names: map[string]int{}})
	})
}
