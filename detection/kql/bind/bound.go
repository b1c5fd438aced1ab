package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bound is an expression that has been bound: a scalar, several scalars, a table, or what else a name can stand for.
type bound struct {
	node   syntax.Node
	typing typing
	expr   Expr
	// constant is set for a value known before the query runs, literal for one that is written out.
	constant, literal bool
	star              bool
	// hasName is set if a column made of the expression has a name of its own, which is name.
	hasName bool
	// open is set for a row that can have columns which are not known.
	open bool
	name string
	// column is the column referred to; result is the column that passes through the expression unchanged.
	column, result *column
	// several is set for an expression with several values, such as a call of series_stats().
	several *several
	table   *relation
	// size is how many expressions it took, see maxSize.
	size int
	// base is where the columns of a state of scan begin in the row that the expressions of the plan see, or 0.
	base int
	// tables are the relations that a wildcard or an operator such as fork stands for.
	tables []*relation
	fn     *userFunction
	// waiting is a call of a pattern whose path follows.
	waiting *patternCall
	// argument is the name of a named argument.
	argument *syntax.Name
	// first is the column that the first argument of a call refers to.
	first  *column
	schema *relation // of typeof(a:string, ...)
}

// several are the columns of an expression with several values, their expressions, and what their names begin with.
type several struct {
	values []*column
	parts  []Expr
	prefix string
}

// values are the columns of an expression with several values; none for all others.
func (a *bound) values() []*column {
	if a.several == nil {
		return nil
	}
	return a.several.values
}

// named is the name of a named argument, or empty.
func (a *bound) named() string {
	if a.argument == nil {
		return ""
	}
	return a.argument.Text
}

func (a *bound) span() syntax.Span {
	if a.node == nil {
		return syntax.Span{}
	}
	return a.node.Span()
}

func (a *bound) isCall() bool {
	_, ok := a.node.(*syntax.Call)
	return ok
}

// part is the expression of one of several values.
func (a *bound) part(i int) Expr {
	if a.several != nil && i < len(a.several.parts) {
		return a.several.parts[i]
	}
	return a.expr
}

// text is the value of a string literal or constant.
func (a *bound) text() (string, bool) {
	if l, ok := a.expr.(*Literal); ok && l.Value.Type() == value.String {
		return l.Value.Str(), true
	}
	return "", false
}

// isTilde reports whether the argument is the "~" that stands for the parameter's default.
func (a *bound) isTilde(p *parameter) bool {
	text, ok := a.text()
	return p.tilde && ok && a.literal && text == "~"
}

// bad is the outcome of an expression that did not bind and has been reported.
func bad(n syntax.Node) *bound {
	return &bound{node: n, expr: placeholder(n)}
}

// placeholder stands in the plan for what did not bind; such a plan never runs.
func placeholder(n syntax.Node) Expr {
	e := &Literal{Value: value.Null(value.Unknown)}
	if n != nil {
		e.At = n.Span()
	}
	return e
}

func tableOf(n syntax.Node, r *relation) *bound {
	return &bound{node: n, typing: typing{shape: tabular}, table: r}
}
