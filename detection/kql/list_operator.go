package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// membership is in and !in for values that are not strings: the or of ==, the and of !=.
func membership(op stringOperator) function.Call {
	return func(_ *function.Invocation, args []value.Value) value.Value {
		for _, candidate := range listed(args[1:]) {
			if isMember(args[0], candidate, !op.sensitive) {
				return value.NewBool(!op.negated)
			}
		}
		return value.NewBool(op.negated)
	}
}

// isMember is == of a value with a candidate: a dynamic equals a string if its text does.
func isMember(v, candidate value.Value, fold bool) bool {
	if v.Type() == value.Dynamic && candidate.Type() == value.String {
		return equal(value.Convert(v, value.String), candidate, fold)
	}
	return equal(v, candidate, fold)
}

// listed takes arrays apart into scalars.
func listed(args []value.Value) []value.Value {
	var out []value.Value
	for _, a := range args {
		array, ok := a.Dynamic().([]any)
		if !ok {
			out = append(out, a)
			continue
		}
		for _, e := range array {
			out = append(out, value.FromDynamic(e))
		}
	}
	return out
}

// equal compares two scalars that may be of different types; null equals nothing.
func equal(a, b value.Value, fold bool) bool {
	if a.IsNull() || b.IsNull() {
		return false
	}
	order, ok := value.Compare(a, b, fold)
	return ok && order == 0
}

// inTable is an operator whose list is the first column of a table, found once a run.
type inTable struct {
	call func(list *literalList) expr
	plan operator
}

// literalList is the place where the list appears as an argument.
type literalList struct{ values *vector }

func (l *literalList) eval(_ *execution, r *relation) (*vector, error) {
	out := *l.values
	out.rows = r.rows
	return &out, nil
}

func (c *compiler) inTable(e *bind.InTable) expr {
	op, _ := parseStringOperator(e.Name)
	arg := c.expr(e.Arg)
	call := func(list *literalList) expr {
		if op.kind == matchIn && e.Arg.Type() != value.String {
			return &rowCall{function: membership(op), args: []expr{arg, list}, result: value.Bool, span: e.Span()}
		}
		return &stringMatch{operator: op, text: arg, needles: []expr{list}, span: e.Span()}
	}
	return &inTable{call: call, plan: c.operator(e.Plan)}
}

func (e *inTable) list(x *execution) (*literalList, error) {
	if v, ok := x.lists[e]; ok {
		return &literalList{v}, nil
	}
	t, err := e.plan.run(x)
	if err != nil {
		return nil, err
	}
	list := []any{}
	if len(t.slots) > 0 {
		v := t.vector(0)
		for row := range t.rows {
			list = append(list, v.value(row).ToDynamic())
		}
	}
	v := constantOf(value.NewDynamic(list), 1)
	x.lists[e] = v
	return &literalList{v}, nil
}

func (e *inTable) eval(x *execution, r *relation) (*vector, error) {
	list, err := e.list(x)
	if err != nil {
		return nil, err
	}
	return e.call(list).eval(x, r)
}

func (e *inTable) filter(x *execution, r *relation) ([]uint32, error) {
	list, err := e.list(x)
	if err != nil {
		return nil, err
	}
	return truth(x, r, e.call(list))
}
