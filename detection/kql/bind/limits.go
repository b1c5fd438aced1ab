package bind

import "github.com/seed-67b27da2/geiger/detection/kql/syntax"

// The limits keep a small hostile text from making a plan that fills the memory: a let that is used twice in the next let, sixty times over,
// stands for more operators than there are atoms. The largest published rule stays below a hundredth of each.
const (
	// maxSize bounds the expressions and operators of a query, each counted as often as its name is used.
	maxSize = 200_000
	// maxWidth bounds the columns of all operators together.
	maxWidth = 1_000_000
	// maxStatements, maxOperators and maxArguments bound the lists of one block, one pipeline and one call.
	maxStatements = 5_000
	maxOperators  = 2_000
	maxArguments  = 5_000
	// maxDiagnostics is how many are reported.
	maxDiagnostics = 100
)

// spend counts expressions, and reports a query that has too many of them.
func (b *binder) spend(n int, at syntax.Node) bool {
	b.size = min(b.size+n, 2*maxSize)
	if b.size > maxSize {
		b.exhaust(at, "the query stands for more than %d expressions and operators, counting what a name stands for at each use", maxSize)
	}
	return !b.exhausted
}

// within reports a list that is too long.
func (b *binder) within(n, limit int, at syntax.Node, what string) bool {
	if n > limit {
		b.exhaust(at, "more than %d %s", limit, what)
	}
	return !b.exhausted
}

// widen counts columns, and reports a query whose operators have too many of them.
func (b *binder) widen(n int, at syntax.Node) {
	if b.width += n; b.width > maxWidth {
		b.exhaust(at, "the operators of the query have more than %d columns together", maxWidth)
	}
}

// exhaust ends the binding: nothing more is looked at.
func (b *binder) exhaust(at syntax.Node, format string, args ...any) {
	if b.exhausted {
		return
	}
	b.exhausted = true
	quiet := b.quiet
	b.quiet = 0
	b.report("", at.Span(), format, args...)
	b.quiet = quiet
}
