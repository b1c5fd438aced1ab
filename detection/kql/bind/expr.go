package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Expr is a bound scalar expression. It is evaluated for a row of the operator's input.
type Expr interface {
	// Type is the scalar type of every value the expression gives (or null).
	Type() value.Type
	// Span is the text of the query the expression was bound from; parts of the body of
	// a function keep their place in that body.
	Span() syntax.Span
}

// Typed is the type and the place that every [Expr] has.
type Typed struct {
	Result value.Type
	At     syntax.Span
}

// Type is the scalar type of the expression.
func (t Typed) Type() value.Type { return t.Result }

// Span is the text the expression was bound from.
func (t Typed) Span() syntax.Span { return t.At }

// Column is a column of the input row.
type Column struct {
	Typed
	// Index is the position in the Columns of the operator's input.
	Index int
	// Name is the column's name, for messages.
	Name string
}

// LateColumn is a column whose existence is known only when rows flow, because the input comes from a
// plugin or function with an open schema, such as bag_unpack. Its type is dynamic
// until it is known: see [Options].
type LateColumn struct {
	Typed
	Name string
}

// Literal is a constant, dynamic ones included.
type Literal struct {
	Typed
	Value value.Value
}

// Call is a scalar function or operator. Operators are calls by Kusto's own sign in lower case:
// "==", "=~", "has", "!has_cs", "matches regex", "and", "+", "between", "!between", "in", "!in~", "has_any"...
// Unary minus is "-" with one argument. The arguments of "in" and its kin are the value and then the list.
type Call struct {
	Typed
	Name string
	Args []Expr
	// Results are the columns of a function that gives several values (series_fit_line);
	// [Part] picks one. Nil for all others.
	Results []value.Column
}

// Member is target.name: a property of a dynamic value.
type Member struct {
	Typed
	Target Expr
	Name   string
}

// Element is target[index]: a property or an array element of a dynamic value.
type Element struct {
	Typed
	Target Expr
	Index  Expr
}

// Part is one of the values of a [Call] with several Results, by position.
type Part struct {
	Typed
	Target Expr
	Index  int
}

// AnyColumn is true if the operator holds between any of the columns and the argument:
// `where * has "x"`, and the terms of search. A column that is no string is compared as its text.
type AnyColumn struct {
	Typed
	// Name is the operator's sign.
	Name    string
	Columns []int
	Arg     Expr
}

// ToScalar is the first column of the first row of a table, evaluated once per query.
type ToScalar struct {
	Typed
	Plan Operator
}

// InTable is an operator with a table on its right: the first column of Plan is the list.
type InTable struct {
	Typed
	// Name is the operator's sign: in, !in, in~, !in~, has_any, has_all.
	Name string
	Arg  Expr
	Plan Operator
}

// Map is the value of a function that runs an expression for each element of an array
// along a graph path: `map(path, expression)`, `all`, `any`.
type Map struct {
	Typed
	Name  string
	Array Expr
	// Body is evaluated over the columns of the element.
	Body Expr
}
