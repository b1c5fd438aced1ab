package syntax

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuoteName(t *testing.T) {
	for name, want := range map[string]string{
		"FileName": "FileName", "_x1": "_x1", "count": "count", "where": "['where']", "odd name": "['odd name']",
		"": "['']", "it's": `['it\'s']`, "project-away": "['project-away']", "1d": "['1d']", "a ": "['a ']", "true": "['true']",
	} {
		require.Equal(t, want, QuoteName(name), name)
	}
}

func TestQuoteString(t *testing.T) {
	for _, text := range []string{"", "a", `C:\Windows\"x"`, "line\nbreak\ttab\r", "\x00\x7f", "žluťoučký", "'`"} {
		decoded, _ := decodeString(QuoteString(text))
		require.Equal(t, text, decoded)
	}
}

func TestStringForms(t *testing.T) {
	for raw, want := range map[string]string{
		`"a\\b"`: `a\b`, `@"a\b""c"`: `a\b"c`, `@'it''s'`: `it's`, `h"s"`: "s", "H@'s'": "s",
		"```a\"b```": `a"b`, "~~~x~~~": "x", `"\u0041\x42\103\U00000044"`: "ABCD", `"\ud83d\ude00"`: "😀",
	} {
		got, _ := decodeString(raw)
		require.Equal(t, want, got, raw)
	}
	q, diagnostics := Parse(&Source{Text: `print "a" 'b' @"c"`})
	require.Empty(t, diagnostics)
	literal := q.Statements[0].(*ExpressionStatement).Value.(*Pipeline).Operators[0].(*PrintOperator).Columns[0].Value.(*Literal)
	require.Equal(t, "abc", literal.Text)
}

func TestSuggest(t *testing.T) {
	columns := []string{"Timestamp", "DeviceName", "InitiatingProcessAccountName", "FileName", "RegistryKey"}
	for name, want := range map[string]string{
		"AccountName": "InitiatingProcessAccountName", "filename": "FileName", "FileNme": "FileName", "FielName": "FileName",
		"Xyz": "", "DeviceNames": "DeviceName", "RegistryKeyPath": "RegistryKey",
	} {
		got, ok := Suggest(name, columns)
		require.Equal(t, want, got, name)
		require.Equal(t, want != "", ok, name)
	}
	got, _ := Suggest("sumarize", OperatorWords())
	require.Equal(t, "summarize", got)
	got, _ = Suggest("wher", OperatorWords())
	require.Equal(t, "where", got)
}

func TestPositions(t *testing.T) {
	source := &Source{Name: "rule.kql", Text: "é\nab\r\n\tcd"}
	require.Equal(t, Position{Offset: 0, Line: 1, Column: 1}, source.Position(0))
	require.Equal(t, Position{Offset: 2, Line: 1, Column: 2}, source.Position(2))
	require.Equal(t, Position{Offset: 4, Line: 2, Column: 2}, source.Position(4))
	require.Equal(t, Position{Offset: 10, Line: 3, Column: 4}, source.Position(99))
	long := &Source{Text: strings.Repeat("a ", 200) + "wrong " + strings.Repeat("b ", 200)}
	require.Equal(t, "1:401: no\n  ..."+strings.Repeat("a ", 40)+"wrong "+strings.Repeat("b ", 37)+"...\n  "+
		strings.Repeat(" ", 83)+"^^^^^", long.Describe(Diagnostic{Message: "no", Span: Span{400, 405}}))
	d := Diagnostic{Message: "no column", Hint: "did you mean x?", Span: Span{8, 10}}
	require.Equal(t, "rule.kql:3:2: no column\n   cd\n   ^^ did you mean x?", source.Describe(d))
}
