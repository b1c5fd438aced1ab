package bind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// chain writes a text of which each line uses the one before it.
func chain(first, format, last string) string {
	const links = 60
	var b strings.Builder
	b.WriteString(first)
	for i := 1; i < links; i++ {
		fmt.Fprintf(&b, format, i, i-1)
	}
	fmt.Fprintf(&b, last, links-1)
	return b.String()
}

// TestHostileTextsAreRefused binds small texts that stand for more than any machine holds, and long ones.
func TestHostileTextsAreRefused(t *testing.T) {
	const many = 30_000
	for name, text := range map[string]string{
		"unions":       chain("let b0 = T;", "let b%d = union b%[2]d, b%[2]d;", "b%d"),
		"joins":        chain("let b0 = T;", "let b%d = b%[2]d | join b%[2]d on a;", "b%d"),
		"as":           chain("T | as b0", "| as b%d | union b%[2]d, b%[2]d", "| as b%d"),
		"scalars":      chain("let b0 = 1;", "let b%d = b%[2]d + b%[2]d;", "print b%d"),
		"texts":        chain("let b0 = 'x';", "let b%d = strcat(b%[2]d, b%[2]d);", "print b%d"),
		"arrays":       chain("let b0 = dynamic([1]);", "let b%d = pack_array(b%[2]d, b%[2]d);", "print b%d"),
		"calls":        chain("let b0 = () { 1 };", "let b%d = () { b%[2]d() + b%[2]d() };", "print b%d()"),
		"arguments":    chain("let b0 = (x:long) { x };", "let b%d = (x:long) { b%[2]d(x + x) };", "print b%d(1)"),
		"tables":       chain("let b0 = (T:(*)) { T };", "let b%d = (T:(*)) { b%[2]d(union T, T) };", "b%d(T)"),
		"recursion":    "let f = (x:long) { f(x) }; print f(1)",
		"parentheses":  strings.Repeat("(", many),
		"balanced":     "print " + strings.Repeat("(", many) + "1" + strings.Repeat(")", many),
		"indexes":      "T | project c" + strings.Repeat("[0]", many),
		"members":      "T | project c" + strings.Repeat(".x", many),
		"json":         "print dynamic(" + strings.Repeat("[", many) + strings.Repeat("]", many) + ")",
		"objects":      "print dynamic(" + strings.Repeat(`{"a":`, many) + "1" + strings.Repeat("}", many) + ")",
		"signs":        "print " + strings.Repeat("- ", many) + "1",
		"negations":    "print " + strings.Repeat("not(", many) + "true" + strings.Repeat(")", many),
		"conditions":   "T | where " + strings.Repeat("a == 1 and ", many) + "nope",
		"pipes":        "T" + strings.Repeat(" | take 1", many),
		"legs":         "union " + strings.Repeat("T, ", many) + "T",
		"subqueries":   strings.Repeat("T | where a in (", many) + strings.Repeat(")", many),
		"declarations": strings.Repeat("let f = () { ", many),
		"values":       "print strcat(" + strings.Repeat("'a', ", many) + "'b')",
		"branches":     "print case(" + strings.Repeat("true, 1, ", many) + "2)",
		"lets":         strings.Repeat("let a = 1;", many),
		"names":        "T | project " + strings.Repeat("nope, ", many) + "a",
		"a long text":  "print '" + strings.Repeat("x", 2_000_000) + "'",
	} {
		t.Run(name, func(t *testing.T) {
			src := &syntax.Source{Text: text}
			q, diagnostics := syntax.Parse(src)
			r := bind.Bind(src, q, seedSchema())
			require.Error(t, syntax.NewError(src, append(diagnostics, r.Diagnostics...)))
			require.LessOrEqual(t, len(r.Diagnostics), 101)
		})
	}
}

// TestLongTextsAreTaken binds texts that are long and harmless.
func TestLongTextsAreTaken(t *testing.T) {
	const many = 10_000
	for name, text := range map[string]string{
		"conditions": "T | where " + strings.Repeat("a == 1 and ", 2000) + "b == 'x'",
		"a list":     "T | where a in (" + strings.Repeat("1, ", many) + "2)",
		"an array":   "print dynamic([" + strings.Repeat("1, ", many) + "2])",
		"a text":     "print '" + strings.Repeat("x", 1_000_000) + "'",
		"pipes":      "T" + strings.Repeat(" | where a == 1", 1000),
		"rows":       "datatable(a:long)[" + strings.Repeat("1, ", many) + "2]",
		"lets":       chain("let b0 = T;", "let b%d = b%[2]d | where a > 1;", "b%d"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, bindText(text, seedSchema()).errors)
		})
	}
}
