package kql_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// quoted is a text as a literal.
func (g *generator) quoted() string { return "'" + strings.ReplaceAll(g.text(), `\`, `\\`) + "'" }

func (g *generator) predicate(c columnSet, depth int) string {
	if depth > 0 {
		switch g.IntN(5) {
		case 0:
			return "(" + g.predicate(c, depth-1) + " and " + g.predicate(c, depth-1) + ")"
		case 1:
			return "(" + g.predicate(c, depth-1) + " or " + g.predicate(c, depth-1) + ")"
		case 2:
			return "not(" + g.predicate(c, depth-1) + ")"
		}
	}
	switch g.IntN(7) {
	case 0, 1:
		if name := g.column(c, value.String, value.Dynamic); name != "" {
			return g.textPredicate(name)
		}
	case 2:
		if name := g.column(c, value.Long, value.Int, value.Real); name != "" {
			return g.numberPredicate(c, name)
		}
	case 3:
		return g.inTable(c)
	case 4:
		if name := g.column(c, value.DateTime); name != "" {
			return fmt.Sprintf("%s %s ago(%dh)", name, pickOf(g, "<", "<=", ">", ">=", "==", "!="), g.IntN(5))
		}
		if name := g.column(c, value.Timespan); name != "" {
			return fmt.Sprintf("%s %s %dh", name, pickOf(g, "<", "<=", ">", ">=", "==", "!="), g.IntN(4))
		}
	case 5:
		if a := g.column(c); a != "" {
			if b := g.column(c, c[a]); b != "" && c[a] != value.Dynamic {
				return a + pickOf(g, " == ", " != ") + b
			}
		}
	}
	name := g.column(c)
	if name == "" {
		return "true"
	}
	return pickOf(g, "isnull", "isnotnull", "isempty", "isnotempty") + "(" + name + ")"
}

func (g *generator) textPredicate(name string) string {
	sign := pickOf(g, "==", "!=", "=~", "!~", "has", "!has", "has_cs", "!has_cs", "contains", "!contains", "contains_cs", "!contains_cs",
		"startswith", "!startswith", "startswith_cs", "!startswith_cs", "endswith", "!endswith", "endswith_cs", "!endswith_cs", "hasprefix", "!hasprefix",
		"hasprefix_cs", "hassuffix", "!hassuffix", "hassuffix_cs", "in", "!in", "in~", "!in~", "has_any", "has_all", "matches regex", "<", "has_any (dynamic", "in (dynamic", "in (mixed")
	switch sign {
	case "in", "!in", "in~", "!in~", "has_any", "has_all":
		return fmt.Sprintf("%s %s (%s, %s)", name, sign, g.quoted(), g.quoted())
	case "has_any (dynamic", "in (dynamic":
		return fmt.Sprintf("%s %s([%s, %s]))", name, sign, g.quoted(), g.quoted())
	case "in (mixed":
		return name + " in (dynamic([1, true, null, 'K', 1.5]))"
	case "matches regex":
		return name + " matches regex @'" + pickOf(g, `a`, `^\w+$`, `(?i)cmd\.exe`, `[a-c]{2}`, `\bA\b`, `\d`, `^$`, `.`) + "'"
	default:
		return fmt.Sprintf("%s %s %s", name, sign, g.quoted())
	}
}

func (g *generator) numberPredicate(c columnSet, name string) string {
	sign := pickOf(g, "==", "!=", "<", "<=", ">", ">=")
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("%s %s (%d .. %d)", name, pickOf(g, "between", "!between"), g.IntN(3)-2, g.IntN(4))
	case 1:
		return fmt.Sprintf("%s %s (%d, %s)", name, pickOf(g, "in", "!in"), g.IntN(3), pickOf(g, "2", "'1'", "'01'", "1.0", "dynamic(['1', 2])"))
	case 2:
		return fmt.Sprintf("%s %s %s", name, pickOf(g, "==", "!="), pickOf(g, "'1'", "'x'", "1.5", "dynamic(1)"))
	case 3:
		return fmt.Sprintf("%s %s %s", g.number(c, 2), sign, g.number(c, 1))
	case 4:
		return fmt.Sprintf("%s %s toscalar(Z | summarize max(N))", name, sign)
	default:
		return fmt.Sprintf("%s %s %d", name, sign, g.IntN(5)-2)
	}
}

func (g *generator) inTable(c columnSet) string {
	name := g.column(c, value.String, value.Long)
	if name == "" {
		return "false"
	}
	list := "Z | project S"
	if c[name] == value.Long {
		list = "Z | project N"
	}
	sign := pickOf(g, "in", "!in", "in", "in~")
	if c[name] == value.Long {
		sign = pickOf(g, "in", "!in")
	}
	return fmt.Sprintf("%s %s (%s)", name, sign, list)
}

// number is an expression of a number.
func (g *generator) number(c columnSet, depth int) string {
	if depth > 0 && g.IntN(3) > 0 {
		return "(" + g.number(c, depth-1) + pickOf(g, " + ", " - ", " * ", " / ", " % ") + g.number(c, depth-1) + ")"
	}
	if name := g.column(c, value.Long, value.Int, value.Real); name != "" && g.IntN(3) > 0 {
		return name
	}
	return pickOf(g, strconv.Itoa(g.IntN(5)), "2.5", "-1", "strlen('abc')")
}

func (g *generator) scalar(c columnSet) (string, value.Type) {
	text, number := g.column(c, value.String), g.column(c, value.Long)
	instant, dynamic := g.column(c, value.DateTime), g.column(c, value.Dynamic)
	switch g.IntN(10) {
	case 0:
		return "tolower(" + orEmpty(text) + ")", value.String
	case 1:
		return "strcat(" + orEmpty(text) + ", '-', " + orZero(number) + ")", value.String
	case 2:
		return g.predicate(c, 1), value.Bool
	case 3:
		return "iff(" + g.predicate(c, 1) + ", 'y', " + orEmpty(text) + ")", value.String
	case 4:
		return "case(" + g.predicate(c, 0) + ", 1, " + g.predicate(c, 0) + ", 2, " + orZero(number) + ")", value.Long
	case 5:
		if instant != "" {
			return pickOf(g, "bin("+instant+", 2h)", instant+" + 90m", "startofday("+instant+")"), value.DateTime
		}
	case 6:
		if dynamic != "" {
			return dynamic + pickOf(g, ".k", ".a.b", "[0]", "[-1]", "['b']"), value.Dynamic
		}
	case 7:
		return "tostring(" + orEmpty(g.column(c)) + ")", value.String
	case 8:
		return "coalesce(" + orEmpty(text) + ", 'none')", value.String
	}
	return "tolong(" + g.number(c, 2) + ")", value.Long
}

func orEmpty(name string) string {
	if name == "" {
		return "''"
	}
	return name
}

func orZero(name string) string {
	if name == "" {
		return "0"
	}
	return name
}
