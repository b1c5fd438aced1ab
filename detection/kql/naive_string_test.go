package kql_test

import (
	"slices"
	"strings"
	"unicode"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// stringOperator evaluates an operator on texts, as the documentation of string operators and the measured facts about
// terms have it; false if the name is not of one.
func (n *naive) stringOperator(name string, args []bind.Expr, in naiveScope) (value.Value, bool) {
	negated, sign := false, name
	if name == "notcontains" {
		negated, sign = true, "contains"
	} else if rest, ok := strings.CutPrefix(name, "!"); ok {
		negated, sign = true, rest
	}
	outcome, ok := false, true
	switch sign {
	case "in", "in~":
		return n.member(sign == "in~", negated, args, in), true
	case "matches regex":
		return n.ask(&bind.Call{Typed: bind.Typed{Result: value.Bool}, Name: name, Args: args}, in), true
	case "has_any", "has_all":
		outcome = n.hasList(sign == "has_all", n.expr(args[0], in).String(), args[1:], in)
	case "=~", "~": // !~ loses its sign of negation
		outcome = string(naiveFold(n.expr(args[0], in).String())) == string(naiveFold(n.expr(args[1], in).String()))
	default:
		outcome, ok = naiveText(sign, n.lazyText(args, 0, in), n.lazyText(args, 1, in))
	}
	return value.NewBool(outcome != negated), ok
}

// lazyText is the text of an operand, found when it is asked for.
func (n *naive) lazyText(args []bind.Expr, i int, in naiveScope) func() string {
	return func() string { return n.expr(args[i], in).String() }
}

// naiveText is an operator on two texts.
func naiveText(sign string, left, right func() string) (outcome, ok bool) {
	name, sensitive := strings.CutSuffix(sign, "_cs")
	kinds := map[string]func(text, part []rune) bool{
		"contains":   func(t, p []rune) bool { return naiveFind(t, p, false, false) },
		"startswith": func(t, p []rune) bool { return len(t) >= len(p) && slices.Equal(t[:len(p)], p) },
		"endswith":   func(t, p []rune) bool { return len(t) >= len(p) && slices.Equal(t[len(t)-len(p):], p) },
		"has":        func(t, p []rune) bool { return naiveFind(t, p, true, true) },
		":":          func(t, p []rune) bool { return naiveFind(t, p, true, true) },
		"hasprefix":  func(t, p []rune) bool { return naiveFind(t, p, true, false) },
		"hassuffix":  func(t, p []rune) bool { return naiveFind(t, p, false, true) },
	}
	f, ok := kinds[name]
	if !ok {
		return false, false
	}
	if sensitive {
		return f([]rune(left()), []rune(right())), true
	}
	return f(naiveFold(left()), naiveFold(right())), true
}

// naiveFind looks at every occurrence of a part in a text. An edge that must be that of a term is one if the part's
// character there is no term character, or the text's character beyond it is none.
func naiveFind(text, part []rune, left, right bool) bool {
	term := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	for i := 0; i+len(part) <= len(text); i++ {
		end := i + len(part)
		if !slices.Equal(text[i:end], part) {
			continue
		}
		if len(part) == 0 {
			return true
		}
		if left && i > 0 && term(part[0]) && term(text[i-1]) {
			continue
		}
		if right && end < len(text) && term(part[len(part)-1]) && term(text[end]) {
			continue
		}
		return true
	}
	return false
}

// naiveFold gives the least of the runes that differ only in case, for each rune.
func naiveFold(s string) []rune {
	out := []rune(s)
	for i, r := range out {
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			out[i] = min(out[i], next)
		}
	}
	return out
}

// hasList is has_any and has_all. The needles are scalars and the elements of arrays.
func (n *naive) hasList(all bool, text string, args []bind.Expr, in naiveScope) bool {
	for _, needle := range naiveListed(n.exprs(args, in)) {
		if naiveFind(naiveFold(text), naiveFold(needle.String()), true, true) != all {
			return !all
		}
	}
	return all
}

// naiveListed takes arrays apart; a null dynamic lists nothing.
func naiveListed(args []value.Value) []value.Value {
	var out []value.Value
	for _, a := range args {
		array, ok := a.Dynamic().([]any)
		switch {
		case ok:
			for _, x := range array {
				out = append(out, value.NewDynamic(x))
			}
		case a.Type() != value.Dynamic || !a.IsNull():
			out = append(out, a)
		}
	}
	return out
}

// member is in: the or of == with every element, or of =~ with every text. A string literal is read as the type of what is
// looked for.
func (n *naive) member(fold, negated bool, args []bind.Expr, in naiveScope) value.Value {
	v := n.expr(args[0], in)
	var list []value.Value
	for _, a := range args[1:] {
		candidate := n.expr(a, in)
		if _, ok := a.(*bind.Literal); ok && a.Type() == value.String && v.Type() != value.Dynamic {
			candidate = value.Convert(candidate, v.Type())
		}
		list = append(list, candidate)
	}
	for _, candidate := range naiveListed(list) {
		if naiveMember(fold, v, candidate) {
			return value.NewBool(!negated)
		}
	}
	return value.NewBool(negated)
}

func naiveMember(fold bool, v, candidate value.Value) bool {
	if v.Type() == value.String || fold {
		a, b := v.String(), candidate.String()
		return a == b || fold && slices.Equal(naiveFold(a), naiveFold(b))
	}
	if v.Type() == value.Dynamic && naiveInner(candidate).Type() == value.String {
		return v.String() == candidate.String()
	}
	order, ok := naiveOrder(v, candidate)
	return ok && order == 0
}
