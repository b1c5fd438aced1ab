package detection_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/testdata"
)

func bundledRule(t *testing.T, file string) *detection.Rule {
	t.Helper()
	rules, err := detection.Bundled()
	require.NoError(t, err)
	for _, r := range rules {
		if r.File == file {
			return r
		}
	}
	t.Fatalf("no %s", file)
	return nil
}

// TestPublishedRuleDoesNotBind shows what the published rule is kept for: three of its projections name a column that
// their tables lack, under either schema.
func TestPublishedRuleDoesNotBind(t *testing.T) {
	r := bundledRule(t, "rules/iis-components-published.yaml")
	for _, s := range []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()} {
		_, err := r.Bind(s)
		var faults *syntax.Error
		require.ErrorAs(t, err, &faults)
		require.Len(t, faults.Diagnostics, 3)
		for i, want := range []syntax.Position{{Line: 37, Column: 36}, {Line: 50, Column: 36}, {Line: 60, Column: 36}} {
			d := faults.Diagnostics[i]
			at := faults.Source.Position(d.Span.Start)
			require.Equal(t, [2]int{want.Line, want.Column}, [2]int{at.Line, at.Column})
			require.Equal(t, "KS142", d.Code)
			require.Contains(t, d.Message, "AccountName")
			require.Equal(t, `did you mean "InitiatingProcessAccountName"?`, d.Hint)
		}
	}
}

func TestPublishedRuleIsVerbatim(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "kql/seed_rule.kql"))
	require.NoError(t, err)
	require.Equal(t, string(text), bundledRule(t, "rules/iis-components-published.yaml").Query)
}

func TestCorrectedRuleDiffersInOneExpression(t *testing.T) {
	published := bundledRule(t, "rules/iis-components-published.yaml").Query
	corrected := bundledRule(t, "rules/iis-components.yaml")
	require.Equal(t, corrected.Query, strings.ReplaceAll(published, "DeviceName, AccountName,", "DeviceName, AccountName = InitiatingProcessAccountName,"))
	for _, s := range []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()} {
		b, err := corrected.Bind(s)
		require.NoError(t, err)
		require.Equal(t, []string{"DeviceFileEvents", "DeviceImageLoadEvents", "DeviceRegistryEvents"}, b.Query.Tables())
	}
}

func TestEvaluate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := kql.NewBuilder([]value.Column{{Name: "Timestamp", Type: value.DateTime}, {Name: "FileName", Type: value.String}})
	for i, name := range []string{"a.dll", "b.txt", "c.DLL"} {
		b.Append(kql.Source(10+i), value.NewDateTime(value.FromTime(now.Add(-time.Hour))), value.NewString(name))
	}
	db := kql.Tables{"DeviceFileEvents": b.Table()}
	rule := &detection.Rule{
		ID: "r", Name: "r", TriggerOperator: "gt", File: "r.kql",
		Query: `DeviceFileEvents | where Timestamp > ago(24h) | where FileName endswith ".dll" | project FileName`,
		EntityMappings: []detection.EntityMapping{{EntityType: "File", FieldMappings: []detection.FieldMapping{
			{Identifier: "Name", ColumnName: "FileName"}, {Identifier: "Directory", ColumnName: "Nowhere"},
		}}},
	}
	for _, c := range []struct {
		operator  string
		threshold int
		now       time.Time
		want      int
	}{{"gt", 0, now, 2}, {"gt", 2, now, 0}, {"lt", 3, now, 2}, {"eq", 2, now, 2}, {"ne", 2, now, 0}, {"gt", 0, now.Add(48 * time.Hour), 0}} {
		rule.TriggerOperator, rule.TriggerThreshold = c.operator, c.threshold
		bound, err := rule.BindFirst(schema.DefenderXDR(), schema.LogAnalytics())
		require.NoError(t, err)
		alerts, err := bound.Evaluate(t.Context(), db, c.now)
		require.NoError(t, err)
		require.Len(t, alerts, c.want, "%+v", c)
		if len(alerts) > 0 {
			require.Equal(t, []kql.Source{10}, alerts[0].Sources)
			require.Equal(t, []detection.Entity{{Type: "File", Fields: map[string]string{"Name": "a.dll"}}}, alerts[0].Entities)
			v, ok := alerts[0].Value("FileName")
			require.True(t, ok)
			require.Equal(t, "a.dll", v.Str())
		}
	}
}

// TestQueryPeriod: a rule sees the rows of its period, whatever its query says; what is no table of the service has no age.
func TestQueryPeriod(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	columns := []value.Column{{Name: "Timestamp", Type: value.DateTime}, {Name: "SHA1", Type: value.String}}
	row := func(ago time.Duration) *kql.Table {
		return kql.NewBuilder(columns).Append(1, value.NewDateTime(value.FromTime(now.Add(-ago))), value.NewString("x")).Table()
	}
	db := kql.Tables{"DeviceFileEvents": row(time.Hour), kql.WatchlistFixture("w"): row(1000 * time.Hour)}
	for period, want := range map[string]int{"": 1, "30m": 0, "PT2H": 1, "1h": 1} {
		rule := &detection.Rule{
			ID: "r", Name: "r", TriggerOperator: "gt", File: "r.kql", QueryPeriod: period,
			Query: `DeviceFileEvents | where SHA1 in ((_GetWatchlist("w") | project tostring(SHA1)))`,
		}
		bound, err := rule.BindFirst(schema.DefenderXDR(), schema.LogAnalytics())
		require.NoError(t, err)
		alerts, err := bound.Evaluate(t.Context(), db, now)
		require.NoError(t, err)
		require.Len(t, alerts, want, "period %q", period)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty.yaml", "", "empty.yaml:1:1: not an analytics rule"},
		{"list.yaml", "- a", "list.yaml:1:1: not an analytics rule"},
		{"broken.yaml", "id: x\nname: [", "broken.yaml:2:1: not YAML"},
		{"noquery.yaml", "id: x\nname: y", `the rule has no "query"`},
		{"typed.yaml", "id: x\nname: y\nquery: z\ntriggerThreshold: many", "typed.yaml:4:1: "},
		{"trigger.yaml", "id: x\nname: y\nquery: z\ntriggerOperator: above", `triggerOperator is "above"; use gt, lt, eq or ne`},
		{"period.yaml", "id: x\nname: y\nquery: z\nqueryPeriod: soon", `queryPeriod: "soon" is not a period`},
	} {
		_, err := detection.ParseRule(c.name, []byte(c.text))
		require.ErrorContains(t, err, c.want)
		var e *detection.LoadError
		require.ErrorAs(t, err, &e)
	}
	rule := &fstest.MapFile{Data: []byte("id: x\nname: y\nquery: z")}
	rules, err := detection.LoadRules(fstest.MapFS{"a.yaml": rule, "b.yaml": rule, "c.yaml": {Data: []byte("-")}, "d.kql": {Data: []byte("print 1")}, "e.txt": {}}, ".")
	require.ErrorContains(t, err, `b.yaml:1:1: id "x" is already that of a.yaml`)
	require.ErrorContains(t, err, "c.yaml:1:1: ")
	require.Len(t, rules, 2, "what could be read is returned beside the errors")
}

func TestParsePeriod(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "14d": 14 * 24 * time.Hour, "PT5M": 5 * time.Minute, "P1D": 24 * time.Hour, "P1DT2H": 26 * time.Hour,
	} {
		got, err := detection.ParsePeriod(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "P", "PX", "PT", "later"} {
		_, err := detection.ParsePeriod(text)
		require.Error(t, err, text)
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add([]byte("id: x\nname: y\nquery: |\n  DeviceFileEvents\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := detection.ParseRule("r.yaml", text)
		if err != nil {
			var e *detection.LoadError
			require.ErrorAs(t, err, &e)
			return
		}
		require.NotEmpty(t, r.Query)
	})
}
