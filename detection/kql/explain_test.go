package kql_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// processes is a table of one process event, of source 7, and Loads of two loads, of sources 8 and 9, by the host that
// other tables name in another case.
func processes() (*kql.Schema, kql.Tables) {
	columns := []value.Column{
		{Name: "Timestamp", Type: value.DateTime},
		{Name: "Host", Type: value.String},
		{Name: "File", Type: value.String},
		{Name: "Folder", Type: value.String},
		{Name: "Line", Type: value.String},
		{Name: "Hash", Type: value.String},
		{Name: "User", Type: value.String},
		{Name: "Pid", Type: value.Long},
		{Name: "Extra", Type: value.Dynamic},
	}
	b := kql.NewBuilder(columns)
	b.Append(7, at(26*time.Hour), value.NewString("web01"), value.NewString("Cmd.exe"),
		value.NewString(`C:\Windows\inetsrv2\Cmd.exe`), value.NewString(`"C:\temp\run.bat" -Enc  `), value.NewString(""),
		value.NewString(""), value.NewLong(4242), value.NewDynamic(map[string]any{"id": "4624", "tags": []any{}, "path": `C:\\x`}))
	b.Append(6, at(time.Hour), value.NewString(""), value.NewString(""), value.NewString(""), value.NewString(""),
		value.NewString(""), value.NewString("ann"))
	loads := kql.NewBuilder(columns[:3])
	loads.Append(8, at(2*time.Hour), value.NewString("WEB01"), value.NewString("a.dll"))
	loads.Append(9, at(3*time.Hour), value.NewString("db01"), value.NewString("b.dll"))
	return bind.NewSchema("explain", []bind.Table{{Name: "Events", Columns: columns}, {Name: "Loads", Columns: columns[:3]}}),
		kql.Tables{"Events": b.Table(), "Loads": loads.Table()}
}

func at(ago time.Duration) value.Value { return value.NewDateTime(value.FromTime(benchNow.Add(-ago))) }

func explain(t testing.TB, text string, o kql.ExplainOptions) *kql.Explanation {
	t.Helper()
	schema, db := processes()
	q, err := kql.Compile(&syntax.Source{Text: text}, schema)
	require.NoError(t, err, text)
	e, err := q.Explain(t.Context(), db, benchNow, o)
	require.NoError(t, err, text)
	return e
}

// TestHints asks for the event of source 7 with what nearly matches it.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		query  string
		at     string // the sub-predicate
		kind   kql.HintKind
		text   string
		wanted string
	}{
		{`Events | where File == "cmd.exe"`, "", kql.HintCase, "=~", `== "cmd.exe"`},
		{`Events | where File in ("calc.exe", "cmd.exe")`, "", kql.HintCase, "in~", `in ("calc.exe", "cmd.exe")`},
		{`Events | where Folder contains_cs "windows"`, "", kql.HintCase, "; contains ", `contains_cs "windows"`},
		{`Events | where Folder has_cs "windows"`, "", kql.HintCase, "; has ", ""},
		{`Events | where Folder startswith_cs "c:"`, "", kql.HintCase, "; startswith ", ""},
		{`Events | where File matches regex "^cmd"`, "", kql.HintCase, "(?i)", ""},
		{`Events | where tolower(File) == "CMD.EXE"`, "", kql.HintCase, "=~", ""},
		{`Events | where Folder has "inetsrv"`, "", kql.HintTerm, `'2' behind it`, `has "inetsrv"`},
		{`Events | where Folder has "srv2"`, "", kql.HintTerm, `'t' in front of it`, ""},
		{`Events | where Folder has "netsrv"`, "", kql.HintTerm, `'i' in front of it and '2' behind it`, ""},
		{`Events | where Folder has_any ("nothing", "inetsrv")`, "", kql.HintTerm, "contains", ""},
		{`Events | where Folder has_all ("windows", "inetsrv")`, "", kql.HintTerm, "contains", ""},
		{`Events | where Folder hasprefix "etsrv2"`, "", kql.HintTerm, "in front", ""},
		{`Events | where Folder hassuffix "inetsrv"`, "", kql.HintTerm, "behind", ""},
		{`Events | where Folder has @"C:\\Windows"`, "", kql.HintEscaping, "verbatim", ""},
		{`Events | where Folder == @"c:\\windows\\inetsrv2\\cmd.exe"`, "", kql.HintCase, "", ""},
		{`Events | where Line contains "C:\temp"`, "", kql.HintEscaping, "control character", ""},
		{`Events | where tostring(Extra.path) == @"C:\x"`, "", kql.HintEscaping, "JSON", ""},
		{`Events | where Folder endswith "Windows/inetsrv2/cmd.exe"`, "", kql.HintPath, "slashes", ""},
		{`Events | where Folder =~ "cmd.exe"`, "", kql.HintPath, "whole path", ""},
		{`Events | where File =~ @"C:\Windows\System32\cmd.exe"`, "", kql.HintPath, "file name only", ""},
		{`Events | where Line endswith "-Enc"`, "", kql.HintSpace, "", ""},
		{`Events | where Line startswith @"C:\temp"`, "", kql.HintQuotes, "", ""},
		{`Events | where Folder contains "C:*cmd.exe"`, "", kql.HintWildcard, "matches regex", ""},
		{`Events | where Folder endswith "inetsrv2"`, "", kql.HintPart, "contains", ""},
		{`Events | where Folder matches regex @"^Windows"`, "", kql.HintPart, "^", ""},
		{`Events | where Folder has "Windows_inetsrv2"`, "", kql.HintNear, `no more than "inetsrv2"`, ""},
		{`Events | where Folder has "Windows/inetsrv"`, "", kql.HintTerm, `'2' behind it`, ""},
		{`Events | where Folder has "Windows/inetsrv"`, "", kql.HintPath, "slashes", ""},
		{`Events | extend d = parse_json(Hash) | extend t = d.kind | where t == "PE"`, "", kql.HintNeverSet, "Events.Hash", ""},
		{`Events | where File !in~ ("calc.exe", "cmd.exe")`, "", kql.HintPart, `"cmd.exe" of the list`, `!in~ ("calc.exe", "cmd.exe")`},
		{`Events | where Hash == "ab"`, "", kql.HintNeverSet, "Events.Hash is empty in all 2 rows", ""},
		{`Events | project H = Hash | where isnotempty(H)`, "isnotempty(H)", kql.HintNeverSet, "Events.Hash", "true"},
		{`Events | where User =~ "ann"`, "", kql.HintEmpty, "1 of 2 rows", ""},
		{`Events | extend x = Extra.absent | where x > 3`, "x > 3", kql.HintEmpty, "null", ""},
		{`Events | where Timestamp > ago(24h)`, "", kql.HintTime, "2h0m0s before the window, which begins at 2026-01-14T00:00:00.0000000Z; now() is 2026-01-15", ""},
		{`Events | where Timestamp between (datetime(2026-01-14) .. 1d)`, "", kql.HintTime, "before", ""},
		{`Events | where ago(24h) <= Timestamp`, "", kql.HintTime, "before", ">= datetime("},
		{`Events | where not(Timestamp < ago(1d))`, "Timestamp < ago(1d)", kql.HintTime, "before", "not <"},
		{`Events | where Timestamp < datetime(2026-01-10)`, "", kql.HintTime, "3.9 days behind the window", ""},
		{`Events | where Extra.id == 4624`, "", kql.HintType, "string", ""},
		{`Events | where Pid == "abc"`, "", kql.HintType, "no long", ""},
		{`Events | summarize n = count() by Host | where n > 5`, "n > 5", kql.HintThreshold, "count of the 1 source", "> 5"},
		{`Events | summarize arg_max(Timestamp, *) | where File =~ "cmd.exe"`, `File =~ "cmd.exe"`, kql.HintEmpty, "", ""},
		{`Events | extend k = 1 | summarize arg_max(Timestamp, User) by k | where User == "bob"`, `User == "bob"`, kql.HintOtherRow, "row with the greatest value, which arg_max kept of 2", ""},
		{`Events | sort by Timestamp desc | take 1`, "take 1", kql.HintOtherRow, "it is row 2", "the first 1 row"},
		{`Events | top 1 by Timestamp`, "top 1 by Timestamp", kql.HintOtherRow, "of the last row kept is datetime(", ""},
		{`Events | join kind=inner Loads on Host`, "Host", kql.HintNoPartner, `"WEB01"`, ""},
		{`Events | join kind=inner (Loads | where File == "c.dll") on Host`, "Host", kql.HintNoPartner, "the where in line 1 let none of 2 through", ""},
		{`Events | extend Host = toupper(Host) | join kind=leftanti Loads on Host`, "Host", kql.HintPartner, "only those without", ""},
		{`Events | mv-expand t = Extra.tags`, "mv-expand t = Extra.tags", kql.HintNoElements, "", ""},
		{`Events | mv-apply t = Extra.tags on (where t == "x")`, "", kql.HintNoElements, "", ""},
		{`Events | parse-where File with name ".dll"`, "", kql.HintPart, `".dll" of the pattern`, ""},
		{`Events | where * has "inetsrv"`, "", kql.HintTerm, "'2' behind", `any column has "inetsrv"`},
		{`Events | where Host in ((Loads | project Host))`, "", kql.HintCase, "in~", `in ("WEB01", "db01")`},
	} {
		t.Run(c.query, func(t *testing.T) {
			e := explain(t, c.query, kql.ExplainOptions{Sources: []kql.Source{7}})
			fate := e.Fates[0]
			require.Len(t, fate.Rejections, 1)
			require.Empty(t, fate.Rows)
			require.NotEmpty(t, fate.Rejections[0].Reasons)
			first := fate.Rejections[0].Reasons[0]
			if c.at != "" {
				require.Equal(t, c.at, c.query[first.Span.Start:first.Span.End])
			}
			require.Contains(t, first.Wanted, c.wanted)
			i := slices.IndexFunc(first.Hints, func(h kql.Hint) bool { return h.Kind == c.kind })
			require.GreaterOrEqual(t, i, 0, "%v", first.Hints)
			require.Contains(t, first.Hints[i].Text, c.text)
		})
	}
}

// reasonsOf writes the reasons of a rejection as the texts that they are about.
func reasonsOf(query string, r kql.Rejection) []string {
	var out []string
	for _, reason := range r.Reasons {
		text := query[reason.Span.Start:reason.Span.End]
		if reason.Alternative {
			text = "or " + text
		}
		out = append(out, text)
	}
	return out
}

// TestPredicatesAreTakenApart shows, for the event of source 7, which parts of a condition are to blame.
func TestPredicatesAreTakenApart(t *testing.T) {
	for query, want := range map[string][]string{
		`Events | where File has "cmd" and Pid > 5000 and User == "x"`:                                                     {"Pid > 5000", `User == "x"`},
		`Events | where File == "x" or Pid > 5000`:                                                                         {`or File == "x"`, "or Pid > 5000"},
		`Events | where (File has "cmd" and Pid > 5000) or User == "x"`:                                                    {"or Pid > 5000", `or User == "x"`},
		`Events | where not(File has "cmd" or User == "x")`:                                                                {`File has "cmd"`},
		`Events | where not(File has "cmd" and Pid > 1)`:                                                                   {`or File has "cmd"`, "or Pid > 1"},
		`Events | where not(not(Pid > 5000))`:                                                                              {"Pid > 5000"},
		`Events | where File in ("a", "b") and Folder has_any ("e", "d")`:                                                  {`File in ("a", "b")`, `Folder has_any ("e", "d")`},
		`Events | where isnull(Pid)`:                                                                                       {"isnull(Pid)"},
		`Events | where iff(Pid > 1, false, true)`:                                                                         {"iff(Pid > 1, false, true)"},
		`let f = (p:long) { p > 5000 }; Events | where f(Pid)`:                                                             {"p > 5000"},
		`let limit = toscalar(Loads | count); Events | where strlen(File) < limit`:                                         {"strlen(File) < limit"},
		`Events | sort by Timestamp asc | where row_number() > 1`:                                                          {"row_number() > 1"},
		`Events | sort by Timestamp asc | where Pid > 1 and prev(Pid) > 0`:                                                 {"prev(Pid) > 0"},
		`Events | extend bad = File has "cmd" and Pid > 5000 | where bad`:                                                  {"Pid > 5000"},
		`Events | extend bad = File has "cmd" and Pid > 5000 | project Pid, bad, f = File | where bad == true and f != ""`: {"Pid > 5000"},
		`Events | extend ok = Pid > 1 | where Host != "" | where ok == false`:                                              {"Pid > 1"},
		`Events | project bad = File == "x", Pid | where bad`:                                                              {"bad"},
		`Events | extend File = "y", bad = File == "x" | where bad`:                                                        {"bad"},
		`Events | summarize bad = countif(Pid > 5000) > 0 | where bad`:                                                     {"bad"},
		`Events | where 1 == 2`:                                                                                            {"1 == 2"},
	} {
		e := explain(t, query, kql.ExplainOptions{Sources: []kql.Source{7}})
		require.Len(t, e.Fates[0].Rejections, 1, query)
		require.Equal(t, want, reasonsOf(query, e.Fates[0].Rejections[0]), query)
	}
}

// TestFates follows events through several branches.
func TestFates(t *testing.T) {
	query := `let old = Events | where Timestamp < ago(25h);
union (old | where Pid > 5000), (Events | where File has "cmd" | project Timestamp, Host), (Loads | where File == "A.dll")`
	e := explain(t, query, kql.ExplainOptions{Sources: []kql.Source{7, 8, 6, 99}})
	require.Equal(t, 1, e.Table.Len())
	require.Nil(t, e.Nearest)

	cmd := e.Fates[0]
	require.Equal(t, []int{0}, cmd.Rows)
	require.Len(t, cmd.Scans, 2)
	require.Len(t, cmd.Rejections, 1)
	require.Equal(t, []string{"Pid > 5000"}, reasonsOf(query, cmd.Rejections[0]))
	require.Equal(t, []kql.Source{7}, cmd.Rejections[0].Row.Sources(0))
	require.Equal(t, "Cmd.exe", cmd.Rejections[0].Row.At(0, 2).String())

	require.Equal(t, []string{`File == "A.dll"`}, reasonsOf(query, e.Fates[1].Rejections[0]))
	require.Len(t, e.Fates[2].Rejections, 2)
	require.Empty(t, e.Fates[3].Scans)

	var lets, words []string
	for _, s := range e.Steps {
		lets, words = append(lets, s.Let), append(words, s.Operator)
	}
	require.Equal(t, []string{"Events", "where", "where", "Events", "where", "project", "Loads", "where", "union"}, words)
	require.Equal(t, []string{"old", "old", "", "", "", "", "", "", ""}, lets)
	last := e.Steps[len(e.Steps)-1]
	require.Equal(t, []int{2, 5, 7}, last.Inputs)
	require.Equal(t, []int{1, 1, 1, 0}, []int{last.In, last.Out, last.Runs, last.Depth})
	require.Equal(t, 1, e.Steps[0].Depth)
}

// TestNearestMiss finds the row that passes the most predicates, however they are divided among wheres.
func TestNearestMiss(t *testing.T) {
	for _, c := range []struct {
		query              string
		source             kql.Source
		passed, predicates int
		reason             string
	}{
		{`Events | where File has "x" and Host == "web01" and Pid == 4242`, 7, 2, 3, `File has "x"`},
		{`Events | where File has "x" | where Host == "web01" | where Pid == 4242`, 7, 2, 3, `File has "x"`},
		{`Events | where File has "x" | extend h = Host | where h == "web01" | project p = Pid | where p == 4242`, 7, 2, 3, `File has "x"`},
		{`Events | where User == "ann" and Host == "zz" and Hash == "zz"`, 6, 1, 3, `Host == "zz"`},
		{`union (Events | where Pid > 1 and File == "zz"), (Loads | where Host =~ "web01" and File endswith "dll" and Timestamp > ago(1h))`, 8, 2, 3, "Timestamp > ago(1h)"},
		{`Events | where Pid > 1 | join kind=inner (Loads | where File has "dll") on Host`, 7, 1, 2, "Host"},
		{`Events | summarize n = count() by Host | where n > 5`, 7, 0, 1, "n > 5"},
		{`Events | where Pid > 1 | mv-apply t = dynamic(["a", "b"]) on (where t == "B")`, 7, 1, 2, `t == "B"`},
		{`Loads | where File has "dll" and (Host == "x" or (Timestamp > ago(4h) and Host == "y"))`, 8, 2, 3, `Host == "x"`},
	} {
		e := explain(t, c.query, kql.ExplainOptions{})
		require.NotNil(t, e.Nearest, c.query)
		require.Equal(t, []kql.Source{c.source}, e.Nearest.Row.Sources(0), c.query)
		require.Equal(t, c.reason, strings.TrimPrefix(reasonsOf(c.query, *e.Nearest)[0], "or "), c.query)
		require.Equal(t, []int{c.passed, c.predicates}, []int{e.Nearest.Passed, e.Nearest.Predicates}, c.query)
	}
	e := explain(t, `union Events, Loads | where File has "zz"`, kql.ExplainOptions{Candidates: func(s kql.Source) bool { return s == 9 }})
	require.Equal(t, []kql.Source{9}, e.Nearest.Row.Sources(0))
	require.Nil(t, explain(t, `Events | take 0 | where File has "zz"`, kql.ExplainOptions{Candidates: func(kql.Source) bool { return false }}).Nearest)
}

// TestNearestMissSurvivesWhatItRevives has a where that fails on a row that an earlier one kept from it.
func TestNearestMissSurvivesWhatItRevives(t *testing.T) {
	query := `Events | where isempty(File) | where User matches regex iff(isempty(File), "zz", "(") and Host == "zz"`
	e := explain(t, query, kql.ExplainOptions{})
	require.NotNil(t, e.Nearest)
	require.Equal(t, []kql.Source{6}, e.Nearest.Row.Sources(0))
}

func ExampleQuery_Explain() {
	schema, db := processes()
	query, err := kql.Compile(&syntax.Source{Text: `Events
| where Timestamp > ago(2d)
| where Folder has "inetsrv" and File endswith ".exe"`}, schema)
	if err != nil {
		panic(err)
	}
	e, err := query.Explain(context.Background(), db, benchNow, kql.ExplainOptions{})
	if err != nil {
		panic(err)
	}
	for _, s := range e.Steps {
		fmt.Println(s.In, s.Out, s.Operator)
	}
	reason := e.Nearest.Reasons[0]
	fmt.Println(query.Source().Slice(reason.Span))
	fmt.Println(reason.Saw[0].Value)
	fmt.Println(reason.Hints[0].Text)
	// Output:
	// 0 2 Events
	// 2 2 where
	// 2 0 where
	// Folder has "inetsrv"
	// C:\Windows\inetsrv2\Cmd.exe
	// "inetsrv" is there, but '2' behind it makes it part of a longer term; contains does not look at terms
}

// TestConditionsThatSpareEachOther has a condition that fails on a row which a cheaper one behind it turns away first.
func TestConditionsThatSpareEachOther(t *testing.T) {
	e := explain(t, `Events | where User matches regex iff(isempty(File), "(", "zz") | where Pid == 4242`, kql.ExplainOptions{})
	require.Zero(t, e.Table.Len())
	require.Empty(t, e.Steps)
}
