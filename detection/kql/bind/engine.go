package bind

import (
	"slices"
	"strings"

	functions "github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// This file holds the errors that the engine raises though the overloads of a call allow it. The codes are the engine's.

// regexArgument is the position of the regular expression among the arguments, or -1.
func regexArgument(name string) int {
	if name == "matches regex" {
		return 1
	}
	f, ok := functions.Find(name)
	if !ok {
		return -1
	}
	return f.Pattern - 1
}

// checkRegex reports a constant regular expression with look-around, which the engine's dialect lacks, and calls
// of extract_all without a group, or with more than 16.
func (b *binder) checkRegex(name string, args []*bound) {
	i := regexArgument(name)
	if i < 0 || i >= len(args) {
		return
	}
	text, ok := args[i].text()
	if !ok {
		return
	}
	groups, look := scanRegex(text)
	if look != "" {
		b.report("SEM0420", args[i].span(), "the regular expression uses look-around (%s), which is not supported", look)
	}
	if name == "extract_all" && (groups < 1 || groups > 16) {
		b.report("SEM0213", args[i].span(), "extract_all needs 1 to 16 capture groups, but the regular expression has %d", groups)
	}
}

// scanRegex counts the capture groups and finds the first look-around.
func scanRegex(text string) (groups int, look string) {
	inClass := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
			if i+1 < len(text) && text[i+1] == ']' {
				i++
			}
		case c == '(':
			rest := text[i+1:]
			for _, l := range []string{"?=", "?!", "?<=", "?<!"} {
				if look == "" && strings.HasPrefix(rest, l) {
					look = "(" + l
				}
			}
			if !strings.HasPrefix(rest, "?") || strings.HasPrefix(rest, "?<") || strings.HasPrefix(rest, "?P<") {
				groups++
			}
		}
	}
	return groups, look
}

// checkComparison reports a comparison of two dynamic values.
func (b *binder) checkComparison(sign string, e *syntax.Binary, left, right *bound) {
	switch sign {
	case "==", "!=", "<", "<=", ">", ">=":
	default:
		return
	}
	if left.typing.isDynamic() && right.typing.isDynamic() && !left.star {
		d := b.report("SEM0001", e.Op.Span, "values of type dynamic cannot be compared with each other")
		d.Hint = "cast one side, as in tostring(...) or tolong(...)"
	}
}

// checkBranches reports branches of iff, case and coalesce that have no type in common in the engine, which
// takes int and long as one and dynamic as any.
func (b *binder) checkBranches(e *syntax.Call, f *function, c *call) {
	switch f.planName() {
	case "iff", "case", "coalesce":
	default:
		return
	}
	var seen typing
	for i, p := range c.params {
		if p == nil || !strings.HasPrefix(p.kind, "Common") {
			continue
		}
		t := promoteToLong(c.types[i])
		if t.shape != plain {
			continue
		}
		if seen.shape == plain && !equal(seen, t) {
			b.report("SEM0525", e.Name.Span(), "the branches of '%s' must have one type, but are %s and %s", f.name, seen, t)
			return
		}
		seen = t
	}
}

// serialized marks rows that have an order.
func serialized(r *relation) *relation {
	r.serialized = true
	return r
}

const serializeHint = "put `| serialize` or `| sort by ...` before it"

// checkSerialized reports a function of neighbouring rows where rows have no order.
// Source: https://learn.microsoft.com/kusto/query/window-functions
func (b *binder) checkSerialized(name string, at syntax.Span) {
	switch name {
	case "prev", "next", "row_number", "row_cumsum", "row_rank", "row_rank_min", "row_rank_dense", "row_window_session":
	default:
		return
	}
	if b.row == nil || b.row.serialized || b.row.open {
		return
	}
	d := b.report("", at, "the function '%s' needs rows in an order", name)
	d.Hint = serializeHint
}

// checkDirectives reports lines `#name` at the start of a query that no client knows.
func (b *binder) checkDirectives(list []syntax.Word) {
	known := []string{
		"automate", "browse", "connect", "crp", "database", "download", "qp", "query", "run", "save", "sqr", "truesight", "upload", "welcome",
	}
	for _, w := range list {
		if !slices.Contains(known, w.Text) {
			d := b.report("KS250", w.Span, "unknown directive '%s'", w.Text)
			d.Hint = hint(w.Text, known)
		}
	}
}

// checkAggregated reports an expression of summarize without an aggregate.
func (b *binder) checkAggregated(it *item, before int) {
	v := it.value
	if len(b.aggregates.calls) > before || v.typing.shape == invalid || v.typing.shape == unknown {
		return
	}
	b.report("SEM0085", v.span(), "the expression has no aggregate function")
}
