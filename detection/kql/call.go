package kql

import (
	"regexp"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// call compiles a function or operator by its name.
func (c *compiler) call(e *bind.Call) expr {
	if len(e.Results) > 0 {
		c.unsupported(e.Span(), "function %s is not supported", e.Name)
		return &literal{value: value.Null(e.Type())}
	}
	args := c.exprs(e.Args)
	switch e.Name {
	case "and", "or":
		return &logic{or: e.Name == "or", args: args}
	case "==", "!=", "<>", "<", "<=", ">", ">=":
		return c.comparison(e, args)
	case "between", "!between":
		return c.between(e, args)
	case "rand", "new_guid":
		return c.random(e, args)
	case "+", "-", "*", "/", "%":
		return c.arithmetic(e, args)
	}
	if e.Name == "bin" && len(args) == 2 && storageOf(e.Args[0].Type()) == inInts && storageOf(e.Args[1].Type()) == inInts {
		return &wholeBin{args: args, result: e.Type()}
	}
	if windowFunction(e.Name) {
		return c.window(e, args)
	}
	if e.Name == "column_ifexists" && len(args) == 2 {
		// Only a column of an operator with open columns is left undecided; see LateColumn.
		return args[1]
	}
	if e.Name == "ingestion_time" {
		return &ingestionTime{call: e}
	}
	if op, ok := parseStringOperator(e.Name); ok {
		return c.stringOperator(e, op, args)
	}
	f, ok := scalarFunction(e.Name)
	if !ok {
		c.unsupported(nameSpan(e), "function %s is not supported", e.Name)
		return &literal{value: value.Null(e.Type())}
	}
	if e.Name == geoFixture {
		c.needs(geoFixture)
	}
	c.checkPatterns(e)
	if e.Name == "bag_pack_columns" {
		args = withNames(e, args)
	}
	return c.row(e, f, args...)
}

// withNames puts the name of every column before its value.
func withNames(e *bind.Call, args []expr) []expr {
	var out []expr
	for i, a := range args {
		name := ""
		if column, ok := e.Args[i].(*bind.Column); ok {
			name = column.Name
		}
		out = append(out, &literal{value: value.NewString(name)}, a)
	}
	return out
}

// nameSpan is the place of a function's name.
func nameSpan(e *bind.Call) syntax.Span {
	s := e.Span()
	return syntax.Span{Start: s.Start, End: min(s.End, s.Start+len(e.Name))}
}

// row makes a call of a function of scalars.
func (c *compiler) row(e bind.Expr, f rowFunction, args ...expr) expr {
	return &rowCall{function: f, args: args, result: e.Type(), span: e.Span()}
}

// rowFunction computes a function from the scalars of one combination of arguments.
type rowFunction func(c *invocation, args []value.Value) value.Value

// invocation is what a row function may use besides its arguments: the instant of the
// query, the result type, patterns compiled earlier; and where it reports a failure.
type invocation struct {
	x        *execution
	result   value.Type
	span     syntax.Span
	err      error
	patterns map[string]*regexp.Regexp
}

// fail reports a run-time error; the first one counts. It gives null to return.
func (c *invocation) fail(format string, args ...any) value.Value {
	if c.err == nil {
		c.err = c.x.fail(c.span, format, args...)
	}
	return value.Null(c.result)
}

// null is the null of the call's result type.
func (c *invocation) null() value.Value { return value.Null(c.result) }

// rowCall evaluates a row function once for each distinct combination of arguments.
type rowCall struct {
	function rowFunction
	args     []expr
	result   value.Type
	span     syntax.Span
}

func (e *rowCall) eval(x *execution, r *relation) (*vector, error) {
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, args)
	out := newBuffer(e.result, f.n)
	c := &invocation{x: x, result: e.result, span: e.span}
	cells := make([]value.Value, len(args))
	for i := range f.n {
		if err := x.stop(i); err != nil {
			return nil, err
		}
		for k, a := range f.args {
			cells[k] = a.value(i)
		}
		out.set(i, e.function(c, cells))
		if c.err != nil {
			return nil, c.err
		}
	}
	return f.finish(out.vector()), nil
}
