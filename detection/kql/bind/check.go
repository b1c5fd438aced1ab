package bind

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// check reports what is wrong with a call of the chosen signature.
func (b *binder) check(name string, c *call, at syntax.Span) bool {
	before := len(b.diagnostics)
	b.checkCount(name, c, at)
	if c.signature.user && len(b.diagnostics) == before {
		b.checkNames(c)
	}
	if len(b.diagnostics) == before && !b.checkCommon(c, at) {
		return false
	}
	if len(b.diagnostics) == before {
		for i := range c.args {
			b.checkArgument(c, i)
		}
	}
	if c.signature.user && len(b.diagnostics) == before {
		b.checkMissing(c, at)
	}
	return len(b.diagnostics) == before
}

func (b *binder) checkCount(name string, c *call, at syntax.Span) {
	s, n := c.signature, len(c.args)
	if s.accepts(n) {
		return
	}
	low, high := s.minimum(), s.maximum()
	switch {
	case s.repeats() && n < low && high == unbounded:
		b.report("KS120", at, "the function '%s' expects at least %d argument%s", name, low, plural(low))
	case s.repeats() && (n < low || n > high):
		b.report("KS120", at, "the function '%s' expects between %d and %d arguments", name, low, high)
	case s.repeats():
		b.report("KS121", at, "the function call has an incorrect number of arguments")
	case n != len(s.params):
		b.report("KS119", at, "the function '%s' expects %d argument%s", name, len(s.params), plural(len(s.params)))
	}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (b *binder) checkNames(c *call) {
	unordered := false
	for i, a := range c.args {
		switch {
		case a.named() != "" && c.params[i] == nil:
			b.report("KS196", a.argument.Span(), "the argument name does not refer to a declared parameter")
		case a.named() != "":
			unordered = unordered || i >= len(c.signature.params) || c.params[i] != &c.signature.params[i]
		case unordered:
			b.report("KS195", a.span(), "all arguments after an unordered named argument must be named")
			return
		}
	}
}

func (b *binder) checkMissing(c *call, at syntax.Span) {
	for i := range c.signature.params {
		p := &c.signature.params[i]
		given := false
		for _, q := range c.params {
			given = given || q == p
		}
		if !given && p.min > 0 {
			b.report("KS197", at, "the argument for parameter '%s' is missing", p.name)
		}
	}
}

func (b *binder) checkCommon(c *call, at syntax.Span) bool {
	for i, p := range c.params {
		if p == nil || c.types[i].shape == invalid {
			return true
		}
	}
	for _, p := range c.params {
		if len(p.kind) > 6 && p.kind[:6] == "Common" {
			if _, ok := c.commonType(false); !ok {
				b.report("KS232", at, "no common type can be determined from the arguments")
				return false
			}
			return true
		}
	}
	return true
}

// checkWord reports a literal that is none of the words a parameter takes.
// Source: https://learn.microsoft.com/kusto/query/datetime-diff-function and the pages of the others.
func (b *binder) checkWord(f *function, c *call) {
	var words []string
	at := 0
	switch f.planName() {
	case "countof":
		words, at = []string{"normal", "regex"}, 2
	case "datetime_part":
		words = []string{
			"year", "quarter", "month", "week_of_year", "day", "dayofyear", "hour", "minute", "second", "millisecond",
			"microsecond", "nanosecond",
		}
	case "datetime_add", "datetime_diff":
		words = []string{
			"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond",
		}
	}
	if at >= len(c.args) || words == nil {
		return
	}
	text, ok := c.args[at].text()
	if !ok || !c.args[at].literal {
		return
	}
	if at == 0 {
		text = strings.ToLower(text)
	}
	if !slices.Contains(words, text) {
		d := b.report("KS140", c.args[at].span(), "the expression must be one of the values: %s", strings.Join(words, ", "))
		d.Hint = hint(text, words)
	}
}

// checkArgument reports an argument that does not fit its parameter.
func (b *binder) checkArgument(c *call, i int) {
	p, a := c.params[i], c.args[i]
	if p == nil || a.isTilde(p) {
		return
	}
	if a.star {
		if p.restrict != "StarOnly" && p.restrict != "StarAllowed" {
			b.report("KS191", a.span(), "the * syntax is not allowed here")
		}
		return
	}
	if a.typing.shape == invalid {
		return
	}
	if b.checkType(c, i) {
		b.checkRestriction(p, a)
	}
}

func (b *binder) checkType(c *call, i int) bool {
	p, a, t := c.params[i], c.args[i], c.types[i]
	switch {
	case p.types != nil:
		if m := c.match(i); (m == noMatch || m == compatibleMatch) && !c.signature.user {
			b.report("KS107", a.span(), "a value of type %s expected", alternatives(p.types))
			return false
		}
		if c.signature.user && !t.isScalar() {
			b.report("KS108", a.span(), "scalar value expected")
			return false
		}
		return true
	case p.kind == "Any":
		return true
	case p.kind == "Parameter0" || p.kind == "Parameter1":
		return b.requireType(a, c.types[p.kind[len(p.kind)-1]-'0'], exact)
	case len(p.kind) > 6 && p.kind[:6] == "Common":
		shared, _ := c.commonType(false)
		if !b.require(a, "Scalar") {
			return false
		}
		if p.kind == "CommonScalarOrDynamic" && assignable(scalar(value.Dynamic), t, toDynamic) {
			return true
		}
		return b.requireType(a, shared, promoted)
	default:
		return b.require(a, p.kind)
	}
}

func alternatives(types []typing) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return strings.Join(names, " or ")
}

func (b *binder) checkRestriction(p *parameter, a *bound) {
	switch p.restrict {
	case "Column", "Column_Parameter0", "Column_Parameter0_Common":
		b.requireColumn(a)
	case "Constant":
		if !a.constant {
			b.report("KS129", a.span(), "the expression must be a constant")
		}
	case "Literal", "LiteralNotEmpty":
		if !a.literal {
			b.report("KS131", a.span(), "the expression must be a literal")
			return
		}
		if text, ok := a.text(); p.restrict == "LiteralNotEmpty" && ok && text == "" {
			b.report("KS133", a.span(), "the expression value must not be empty")
		}
	}
}
