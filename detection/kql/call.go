package kql

import (
	"errors"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
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
	case "parameter":
		// The body of a function is compiled for its calls only, so this one is of the query.
		c.report(syntax.ClassBind, e.Span(), "the query parameter has no value, and no default")
		return &literal{value: value.Null(e.Type())}
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
	f, ok := function.Find(e.Name)
	if !ok || !f.Supported() {
		c.unsupported(nameSpan(e), "function %s is not supported", e.Name)
		return &literal{value: value.Null(e.Type())}
	}
	c.checkPattern(e, f)
	switch e.Name {
	case geoFixture:
		c.needs(geoFixture)
		return &geoInfo{arg: args[0], span: e.Span()}
	case "has_any_index":
		return c.row(e, hasAnyIndex, args...)
	case "bag_pack_columns":
		args = withNames(e, args)
	}
	if f.Call == nil {
		c.unsupported(nameSpan(e), "function %s is not supported here", e.Name)
		return &literal{value: value.Null(e.Type())}
	}
	return c.row(e, f.Evaluate, args...)
}

// checkPattern reports a constant regular expression that does not compile.
func (c *compiler) checkPattern(e *bind.Call, f *function.Function) {
	if f.Pattern == 0 || f.Pattern > len(e.Args) {
		return
	}
	l, ok := e.Args[f.Pattern-1].(*bind.Literal)
	if !ok {
		return
	}
	re, err := function.CompilePattern(l.Value.Str())
	switch {
	case err != nil:
		c.patternFault(l.Span(), err)
	case e.Name == "extract_all" && (re.NumSubexp() < 1 || re.NumSubexp() > 16):
		c.report(syntax.ClassBind, l.Span(), "%s needs a regular expression with 1 to 16 groups, not %d", e.Name, re.NumSubexp())
	}
}

// patternFault reports a constant pattern that does not compile.
func (c *compiler) patternFault(at syntax.Span, err error) {
	class := syntax.ClassBind
	if errors.Is(err, function.ErrSetOperation) {
		class = syntax.ClassUnsupported
	}
	c.report(class, at, "%v", err)
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
func (c *compiler) row(e bind.Expr, f function.Call, args ...expr) expr {
	return &rowCall{function: f, args: args, result: e.Type(), span: e.Span()}
}

// rowCall evaluates a row function once for each distinct combination of arguments.
type rowCall struct {
	function function.Call
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
	c := &function.Invocation{Now: x.now, Result: e.result}
	cells := make([]value.Value, len(args))
	for i := range f.n {
		for k, a := range f.args {
			cells[k] = a.value(i)
		}
		v, err := attended(x, weight(cells), func() value.Value { return e.function(c, cells) })
		if err != nil {
			return nil, err // the call may still be at work: c is its own
		}
		if err := c.Err(); err != nil {
			return nil, x.fail(e.span, "%v", err)
		}
		if err := x.accept(e.span, v); err != nil {
			return nil, err
		}
		out.set(i, v)
	}
	return f.finish(out.vector()), nil
}
