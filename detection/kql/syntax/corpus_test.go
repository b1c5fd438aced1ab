package syntax

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/testdata"
)

// corpus is every text of the research data that is a query, right or wrong.
func corpus(t testing.TB) []verdict {
	var list []verdict
	for _, name := range []string{"kql/real_rules.jsonl", "kql/docs_bind_only.jsonl", "kql/emulator_docs_cases.jsonl", "kql/emulator_facts.jsonl"} {
		list = append(list, testdata.SharedLines[verdict](t, name)...)
	}
	return list
}

func TestPrintLosesNothing(t *testing.T) {
	for _, v := range corpus(t) {
		q, diagnostics := Parse(&Source{Text: v.Query})
		if len(diagnostics) > 0 {
			continue
		}
		printed := Print(q)
		if significantTokens(v.Query) != significantTokens(printed) {
			require.Failf(t, "printing lost something", "%s\n%s\nis printed as\n%s", v.ID, v.Query, printed)
		}
		checkTree(t, q)
	}
}

// significantTokens is a text without space, comments, client directives, and the commas and
// words that mean nothing.
func significantTokens(text string) string {
	tokens, _ := scan(text)
	var b strings.Builder
	for _, tok := range tokens {
		word := text[tok.start:tok.end]
		if tok.is(',') || tok.is(';') || tok.kind == directiveToken || word == "where" {
			continue
		}
		if tok.kind == stringToken {
			word, _ = decodeString(word)
		}
		b.WriteString(word)
		b.WriteByte(' ')
	}
	return b.String()
}

// checkTree checks what must hold for every tree, of whatever text.
func checkTree(t testing.TB, q *Query) {
	t.Helper()
	limit := Span{0, len(q.Source.Text)}
	var check func(parent Span) func(Node) bool
	check = func(parent Span) func(Node) bool {
		return func(n Node) bool {
			span := n.Span()
			require.LessOrEqual(t, span.Start, span.End, "%T", n)
			if span.Len() == 0 {
				return false // it stands for something that is missing
			}
			require.GreaterOrEqual(t, span.Start, parent.Start, "%T begins before what it is in", n)
			require.LessOrEqual(t, span.End, parent.End, "%T ends after what it is in", n)
			n.children(func(child Node) { check(span)(child) })
			return false
		}
	}
	Walk(q, check(limit))
}

// checkStable checks that printing what was parsed of a print changes nothing.
func checkStable(t testing.TB, q *Query) {
	t.Helper()
	first := Print(q)
	again, diagnostics := Parse(&Source{Text: first})
	require.Empty(t, diagnostics, "printed as:\n%s", first)
	require.Equal(t, first, Print(again))
}

func TestPrintIsStable(t *testing.T) {
	for _, v := range corpus(t) {
		q, diagnostics := Parse(&Source{Text: v.Query})
		if len(diagnostics) == 0 {
			checkStable(t, q)
		}
	}
}

func TestEmulatorRunsWhatParses(t *testing.T) {
	for _, name := range []string{"kql/emulator_docs_cases.jsonl", "kql/emulator_facts.jsonl"} {
		for _, v := range testdata.SharedLines[verdict](t, name) {
			_, diagnostics := Parse(&Source{Text: v.Query})
			if v.Expect == "rows" {
				require.NoError(t, NewError(&Source{Name: v.ID, Text: v.Query}, diagnostics))
			}
		}
	}
}
