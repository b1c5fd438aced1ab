package kqltest

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
)

const rowsOfT = `table T
Name:string, Id:long
"a", 1
"b", 2

`

// onlyCase is the one case of a text, with the tables before it.
func onlyCase(t *testing.T, text string, engine Engine) *testCase {
	t.Helper()
	f, err := parseFile("x.kqltest", text)
	require.NoError(t, err)
	cases, err := f.cases(engine)
	require.NoError(t, err)
	require.Len(t, cases, 1)
	return cases[0]
}

func TestVerdicts(t *testing.T) {
	const differs = "the outcome differs"
	for name, c := range map[string]struct{ text, want string }{
		"right":                     {"query a\nT | where Id > 1\n----\nName:string, Id:long\n\"b\", 2\n", ""},
		"another value":             {"query a\nT | count\n----\nCount:long\n3\n", differs},
		"another type":              {"query a\nT | count\n----\nCount:int\n2\n", differs},
		"another type without rows": {"query a\nT | take 0 | project Id\n----\nId:int\n", differs},
		"another name":              {"query a\nT | count\n----\nn:long\n2\n", differs},
		"another order of columns":  {"query a\nT | take 1\n----\nId:long, Name:string\n1, \"a\"\n", differs},
		"a row too many":            {"query a\nT | project Id\n----\nId:long\n1\n2\n2\n", differs},
		"another order of rows":     {"query a\nT | project Id\n----\nId:long\n2\n1\n", ""},
		"another order, ordered":    {"query ordered a\nT | project Id\n----\nId:long\n2\n1\n", differs},
		"null is not empty":         {"query a\nprint a = long(null)\n----\na:string\n\"\"\n", differs},
		"no outcome yet":            {"query a\nT | count\n", differs},
		"the error as it is shown": {
			"query a\nT | where Nme == 1\n----\nerror 1:11: the name 'Nme' does not refer to any known column, table, " +
				"variable or function\n  T | where Nme == 1\n            ^^^ did you mean \"Name\"?\n", "",
		},
		"another error":            {"query a\nT | where Nme == 1\n----\nerror 1:11: no\n  T | where Nme == 1\n            ^^^\n", differs},
		"rows instead of an error": {"query a\nT | count\n----\nerror 1:1: no\n  T\n  ^\n", differs},
		"the print":                {"print a\nT|count\n----\nT\n| count\n", ""},
		"another print":            {"print a\nT|count\n----\nT | count\n", differs},
		"a todo that fails":        {"query todo a\nT | count\n----\nCount:long\n3\n", ""},
		"a todo that passes":       {"query todo a\nT | count\n----\nCount:long\n2\n", "this todo case passes; remove todo"},
		"a print todo that passes": {"print todo a\nT|count\n----\nT\n| count\n", "this todo case passes; remove todo"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onlyCase(t, rowsOfT+c.text, Offline).verdict(t.Context())
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestTodoSaysWhatIsMissing(t *testing.T) {
	missing, err := onlyCase(t, rowsOfT+"query todo a\nT | count\n----\nCount:long\n3\n", Offline).verdict(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, missing, "the outcome differs")
}

func TestTableReplacesTheOneBefore(t *testing.T) {
	text := rowsOfT + "query a\nT | count\n----\nCount:long\n2\n\ntable T\nId:long\n7\n\nquery b\nT\n----\nId:long\n7\n"
	f, err := parseFile("x.kqltest", text)
	require.NoError(t, err)
	cases, err := f.cases(Offline)
	require.NoError(t, err)
	for _, c := range cases {
		_, err := c.verdict(t.Context())
		require.NoError(t, err, c.block.name)
	}
}

func TestBadTableSaysWhere(t *testing.T) {
	f, err := parseFile("x.kqltest", "# c\n\ntable T\nId:lnog\n1\n")
	require.NoError(t, err)
	_, err = f.cases(Offline)
	require.ErrorContains(t, err, "x.kqltest:3: table T: as a datatable: ")
}

// wrong are two cases with the wrong outcome, of which only one is accepted below, and comments and spellings to keep.
const wrong = `# A file.

query a
print n = 1
----
n:long
7

# Why it is so.
query b
print d = datetime(2026-01-01)
----
d:datetime
datetime(2026-01-01)

query todo c
print n = 1
----
n:long
9
`

func TestCasesThatAreLeftOutKeepTheirText(t *testing.T) {
	f, err := parseFile("x.kqltest", wrong)
	require.NoError(t, err)
	cases, err := f.cases(Offline)
	require.NoError(t, err)
	require.NoError(t, cases[1].accept(t.Context()))
	require.Equal(t, wrong, f.String(), "what was not run, and what was right in other words, stays")
	require.NoError(t, cases[0].accept(t.Context()))
	require.NotEqual(t, wrong, f.String())
	require.Contains(t, f.String(), "query a\nprint n = 1\n----\nn:long\n1\n")
}

func TestUpdateLeavesTodoCasesAndFilesThatAreRight(t *testing.T) {
	right := "query a\nprint n = 1\n----\nn:long\n1\n\nquery todo c\nprint n = 1\n----\nn:long\n9\n"
	Run(t, fstest.MapFS{"x.kqltest": {Data: []byte(right)}}, Offline, Update(func(string, []byte) error {
		return errors.New("there was nothing to write")
	}))
}

func TestFaultOfTheEngineIsNoOutcome(t *testing.T) {
	broken := func(context.Context, string, kql.Tables) (*kql.Table, error) { return nil, errors.New("disk") }
	c := onlyCase(t, "query a\nprint 1\n----\nprint_0:long\n1\n", broken)
	require.ErrorContains(t, c.accept(t.Context()), "the engine failed: disk")
	require.ErrorContains(t, c.check(t.Context()), "the engine failed: disk")
}

func TestVariantsOfAQuery(t *testing.T) {
	for query, want := range map[string]int{
		"query a\nT | count":             4,
		"query ordered a\nT":             3, // the order of the rows counts
		"query a\nunion T*":              3, // would read the parts as well
		"query a\nfind 1 == 1":           3,
		"query a\nsearch \"a\"":          3,
		"query a\nsearch in (T) \"a\"":   4,
		"query a\nT | search \"a\"":      4,
		"query a\nfind in (T) where 1>0": 4,
	} {
		require.Len(t, onlyCase(t, rowsOfT+query+"\n", Offline).variants(), want, query)
	}
}
