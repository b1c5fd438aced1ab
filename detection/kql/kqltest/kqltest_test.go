package kqltest

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// sample is a file with one of everything, as it is written.
const sample = `# A file.

# The table.
table T
Name:string, Id:long
"a", 1
"b", 2

query ordered takes the first
T | take 1
----
Name:string, Id:long
"a", 1

query todo something else
T | count
----
Count:long
3

print a query
T|count
----
T
| count
`

func TestFilesSurviveReadingAndWriting(t *testing.T) {
	f, err := parseFile("sample.kqltest", sample)
	require.NoError(t, err)
	require.Equal(t, sample, f.String())
	require.Len(t, f.blocks, 5)
	require.True(t, f.blocks[2].ordered)
	require.Equal(t, 10, f.blocks[2].bodyLine)
	require.True(t, f.blocks[3].todo)
	require.Equal(t, "something else", f.blocks[3].name)
}

func TestBadFilesAreRefusedWithTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"quory x\nT\n":                     `x.kqltest:1: no directive is called "quory"; there are table, query and print`,
		"\n# c\nquery ordered\nT\n":        "x.kqltest:3: query without a name",
		"query a\n":                        `x.kqltest:1: nothing below "query a"`,
		"table T\na:long\n----\n":          "x.kqltest:1: a table has no outcome",
		"query a\nT\n----\n\nquery a\nT\n": `x.kqltest:5: a second case is called "a"`,
	} {
		_, err := parseFile("x.kqltest", text)
		require.EqualError(t, err, want)
	}
}

func TestQueries(t *testing.T) {
	list, err := Queries(fstest.MapFS{"a.kqltest": {Data: []byte(sample)}, "b.txt": {Data: []byte("query x")}})
	require.NoError(t, err)
	require.Equal(t, []string{"T | take 1", "T | count", "T|count"}, list)
}

// answer is an engine that gives the same outcome for every query, and counts them.
func answer(rows int, fault error, calls *[]string) Engine {
	return func(_ context.Context, query string, _ kql.Tables) (*kql.Table, error) {
		*calls = append(*calls, query)
		b := kql.NewBuilder([]value.Column{{Name: "n", Type: value.Long}})
		for i := range rows {
			b.Append(-1, value.NewLong(int64(rows-i)))
		}
		return b.Table(), fault
	}
}

// newCase makes a case of the lines of a block, over a table T.
func newCase(t *testing.T, engine Engine, lines ...string) *testCase {
	t.Helper()
	b, err := parseBlock(lines, 1)
	require.NoError(t, err)
	table, err := readTable([]string{"n:long", "1", "2", "3"})
	require.NoError(t, err)
	return &testCase{block: b, engine: engine, tables: kql.Tables{"T": table}}
}

func TestCaseRunsItsVariants(t *testing.T) {
	var calls []string
	c := newCase(t, answer(2, nil, &calls), "query a", "T|where n>0|join (T|count) on n", "----", "n:long", "1", "2")
	require.NoError(t, c.check(t.Context()))
	require.Equal(t, []string{
		"T|where n>0|join (T|count) on n",
		"T\n| where n > 0\n| join (T | count) on n",
		"T | where true|where n>0|join (T | where true|count) on n",
		"(union T_first_part, T_second_part)|where n>0|join ((union T_first_part, T_second_part)|count) on n",
		"T|where n>0|join (T|count) on n",
	}, calls)
}

func TestOrderCountsOnlyInOrderedCases(t *testing.T) {
	var calls []string
	c := newCase(t, answer(2, nil, &calls), "query ordered a", "T", "----", "n:long", "1", "2")
	require.ErrorContains(t, c.check(t.Context()), "the outcome differs")
	c = newCase(t, answer(2, nil, &calls), "query a", "T", "----", "n:long", "2", "1")
	require.NoError(t, c.check(t.Context()))
}

func TestHeaderCountsWithoutRows(t *testing.T) {
	var calls []string
	c := newCase(t, answer(0, nil, &calls), "query a", "T", "----", "n:int")
	require.ErrorContains(t, c.check(t.Context()), "n:long")
}

func TestVariantThatDiffersFails(t *testing.T) {
	runs := 0
	c := newCase(t, func(context.Context, string, kql.Tables) (*kql.Table, error) {
		runs++
		var calls []string
		return answer(min(runs, 2), nil, &calls)(t.Context(), "", nil)
	}, "query a", "T", "----", "n:long", "1")
	require.ErrorContains(t, c.check(t.Context()), "printed and parsed again, the outcome differs")
}

func TestErrorsAndUnsupportedAreTwoOutcomes(t *testing.T) {
	source := &syntax.Source{Text: "T | sample 1"}
	fault := func(class syntax.Class) error {
		return &syntax.Error{Source: source, Diagnostics: []syntax.Diagnostic{
			{Class: class, Message: "no", Span: syntax.Span{Start: 4, End: 10}},
			{Severity: syntax.SeverityWarning, Message: "beware"},
		}}
	}
	var calls []string
	unsupported := []string{"query a", "T | sample 1", "----", "unsupported 1:5: no", "  T | sample 1", "      ^^^^^^"}
	require.NoError(t, newCase(t, answer(0, fault(syntax.ClassUnsupported), &calls), unsupported...).check(t.Context()))
	require.Error(t, newCase(t, answer(0, fault(syntax.ClassBind), &calls), unsupported...).check(t.Context()))
	require.ErrorContains(t, newCase(t, answer(0, errors.New("disk"), &calls), unsupported...).check(t.Context()), "the engine failed: disk")
}

func TestUpdateWritesTheOutcome(t *testing.T) {
	text := strings.Replace(sample, "\"a\", 1\n\nquery todo", "\"z\", 9\n\nquery todo", 1)
	var written string
	Run(t, fstest.MapFS{"sample.kqltest": {Data: []byte(text)}}, Offline, Update(func(name string, data []byte) error {
		require.Equal(t, "sample.kqltest", name)
		written = string(data)
		return nil
	}))
	require.Equal(t, sample, written)
}

func TestLiteralsReadAsWhatWasWritten(t *testing.T) {
	values := []value.Value{
		value.NewString("a\"b\\c\nd\x01é"), value.NewString(""), value.NewLong(-5), value.NewBool(true), value.NewInt(7),
		value.NewReal(1), value.NewReal(-2.5e-9), value.NewReal(math.Inf(-1)), value.NewReal(math.NaN()),
		value.NewDateTime(value.FromTime(Now())), value.NewTimespan(-36_000_000_005), value.NewDynamic([]any{int64(1), "x", nil}),
		value.NewGUID("74be27de-1e4e-49d9-b579-fe0b331d3642"), value.Null(value.Long), value.Null(value.Dynamic),
		value.Null(value.DateTime), value.Null(value.Bool), value.Null(value.Real), value.Null(value.GUID),
	}
	for _, v := range values {
		text := writeLiteral(v)
		table, err := readTable([]string{"v:" + v.Type().String(), text})
		require.NoError(t, err, text)
		require.Equal(t, text, writeLiteral(table.At(0, 0)))
		require.Equal(t, v.IsNull(), table.At(0, 0).IsNull(), text)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(sample)
	for _, name := range []string{"syntax_errors", "printing"} {
		data, err := os.ReadFile("testdata/" + name + ".kqltest")
		require.NoError(f, err)
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseFile("f", text)
		if err != nil {
			return
		}
		again, err := parseFile("f", parsed.String())
		require.NoError(t, err)
		require.Equal(t, parsed.String(), again.String())
	})
}
