package kql

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// expr compiles a bound expression.
func (c *compiler) expr(e bind.Expr) expr {
	switch e := e.(type) {
	case *bind.Column:
		return &columnRef{index: e.Index}
	case *bind.Literal:
		return &literal{value: e.Value}
	case *bind.Call:
		return c.call(e)
	case *bind.Member:
		return c.row(e, member(e.Name), c.expr(e.Target))
	case *bind.Element:
		if p, ok := sortedArray(e); ok {
			return c.part(p)
		}
		return c.row(e, element, c.expr(e.Target), c.expr(e.Index))
	case *bind.Part:
		return c.part(e)
	case *bind.LateColumn:
		// Its operator stops the run before any row gets here, and the query is bound
		// again with the column's position.
		return &literal{value: value.Null(value.Dynamic)}
	case *bind.ToScalar:
		return &toScalar{plan: c.operator(e.Plan), result: e.Type()}
	case *bind.InTable:
		return c.inTable(e)
	case *bind.AnyColumn:
		return c.anyColumn(e)
	case nil:
		return &literal{value: value.Null(value.Unknown)}
	default:
		c.unsupported(e.Span(), "this expression (%s) is not supported", c.text(e.Span()))
		return &literal{value: value.Null(e.Type())}
	}
}

// part compiles one result of a function that gives several.
func (c *compiler) part(e *bind.Part) expr {
	call, ok := e.Target.(*bind.Call)
	if !ok {
		c.unsupported(e.Span(), "this expression (%s) is not supported", c.text(e.Span()))
		return &literal{value: value.Null(e.Type())}
	}
	f, ok := function.Find(call.Name)
	if !ok || f.Parts == nil {
		c.unsupported(nameSpan(call), "function %s is not supported", call.Name)
		return &literal{value: value.Null(e.Type())}
	}
	return c.row(e, f.Part(e.Index), c.exprs(call.Args)...)
}

// member is target.name: null if the target is no bag or has no such key.
func member(name string) function.Call {
	return func(c *function.Invocation, args []value.Value) value.Value {
		return value.Convert(args[0].Property(name), c.Result)
	}
}

// element is target[index].
func element(_ *function.Invocation, args []value.Value) value.Value { return args[0].Element(args[1]) }

// sortedArray recognises array_sort_asc(a, b)[1]: an index picks one of the arrays that
// the function sorts, not an element of the first.
func sortedArray(e *bind.Element) (*bind.Part, bool) {
	p, ok := e.Target.(*bind.Part)
	if !ok {
		return nil, false
	}
	call, ok := p.Target.(*bind.Call)
	index, fine := e.Index.(*bind.Literal)
	if !ok || !fine || !strings.HasPrefix(call.Name, "array_sort_") || index.Value.Type() != value.Long {
		return nil, false
	}
	n := int(index.Value.Int())
	if n < 0 || n >= len(call.Args) {
		return nil, false
	}
	return &bind.Part{Typed: e.Typed, Target: call, Index: n}, true
}

// text is the piece of the query at a span, for messages.
func (c *compiler) text(s syntax.Span) string {
	if s.Start < 0 || s.End > len(c.source.Text) || s.Start > s.End {
		return ""
	}
	return c.source.Text[s.Start:s.End]
}

func (c *compiler) exprs(list []bind.Expr) []expr {
	out := make([]expr, len(list))
	for i, e := range list {
		out[i] = c.expr(e)
	}
	return out
}

// columnRef is a column of the input row.
type columnRef struct{ index int }

func (e *columnRef) eval(_ *execution, r *relation) (*vector, error) { return r.vector(e.index), nil }

// atRest evaluates expressions; columns of a stored table stay packed.
func atRest(x *execution, r *relation, list []expr) ([]*vector, error) {
	out := make([]*vector, len(list))
	for i, e := range list {
		if c, ok := e.(*columnRef); ok && r.slots[c.index].selection == nil {
			out[i] = r.slots[c.index].resting()
			continue
		}
		v, err := e.eval(x, r)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// literal is a constant.
type literal struct{ value value.Value }

func (e *literal) eval(_ *execution, r *relation) (*vector, error) {
	return constantOf(e.value, r.rows), nil
}

// constantValue gives the value of an expression that is a literal.
func constantValue(e expr) (value.Value, bool) {
	l, ok := e.(*literal)
	if !ok {
		return value.Value{}, false
	}
	return l.value, true
}

// toScalar is the first cell of a table, found once a run.
type toScalar struct {
	plan   operator
	result value.Type
}

func (e *toScalar) eval(x *execution, r *relation) (*vector, error) {
	cell, ok := x.scalars[e]
	if !ok || !x.subjects.current(e) {
		err := x.subjects.depend(e, func() (err error) {
			cell, err = e.find(x)
			return err
		})
		if err != nil {
			return nil, err
		}
		x.scalars[e] = cell
	}
	out := *cell
	out.rows = r.rows
	return &out, nil
}

// find runs the table for its first cell.
func (e *toScalar) find(x *execution) (*vector, error) {
	t, err := e.plan.run(x)
	if err != nil {
		return nil, err
	}
	v := value.Null(e.result)
	if t.rows > 0 && len(t.slots) > 0 {
		v = value.Convert(t.vector(0).value(0), e.result)
	}
	return constantOf(v, 1), nil
}

// truth evaluates a predicate to the rows for which it is true.
func truth(x *execution, r *relation, e expr) ([]uint32, error) {
	if f, ok := e.(filterer); ok {
		return f.filter(x, r)
	}
	v, err := e.eval(x, r)
	if err != nil {
		return nil, err
	}
	return trueRows(v, r.rows), nil
}

// trueRows lists the rows that hold true; null is not.
func trueRows(v *vector, rows int) []uint32 {
	keep := []uint32{}
	if v.typ == value.Dynamic {
		v = convertVector(v, value.Bool)
	}
	if storageOf(v.typ) != inInts {
		return keep
	}
	for row := range rows {
		e := v.entry(row)
		if v.ints[e] != 0 && !v.isNull(e) {
			keep = append(keep, uint32(row))
		}
	}
	return keep
}

// convertVector converts every distinct value, keeping the codes.
func convertVector(v *vector, to value.Type) *vector {
	if v.typ == to {
		return v
	}
	v = v.unpack()
	out := newBuffer(to, v.size())
	for i := range v.size() {
		out.set(i, value.Convert(v.at(i), to))
	}
	c := out.vector()
	c.rows, c.codes, c.constant = v.rows, v.codes, v.constant
	return c
}
