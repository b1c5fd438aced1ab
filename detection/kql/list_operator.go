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
	call     func(list *literalList) expr
	plan     operator
	operator stringOperator
	arg      expr
}

// tableList is the list of an [inTable], and the rows it was made of.
type tableList struct {
	values *vector
	rows   *relation
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
	return &inTable{call: call, plan: c.operator(e.Plan), operator: op, arg: arg}
}

func (e *inTable) list(x *execution) (*literalList, error) {
	if known, ok := x.lists[e]; ok && x.subjects.current(e) {
		return &literalList{known.values}, nil
	}
	var t *relation
	err := x.subjects.depend(e, func() (err error) {
		t, err = e.plan.run(x)
		return err
	})
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
	x.lists[e] = &tableList{v, t}
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

// witnessed adds to the lineage of the rows that passed the rows of the table that let them pass: those with the value,
// as in a semi join; of has_any and has_all, the whole table.
func (e *inTable) witnessed(x *execution, r *relation) (*relation, error) {
	list, ok := x.lists[e]
	if !ok || e.operator.negated || r.rows == 0 || !list.rows.fromEvents() {
		return r, nil
	}
	arg, err := e.arg.eval(x, r)
	if err != nil {
		return nil, err
	}
	out := r.with(r.columns, r.slots)
	out.lineage = lazySlot(value.Long, func() *vector {
		handles := make([]int64, r.rows)
		witness := e.witness(x, list, arg)
		for row := range handles {
			handles[row] = x.lineage.merge(r.handle(row), witness(arg.entry(row)))
		}
		return lineageOf(handles)
	})
	return out, nil
}

// fromEvents reports whether a row comes from an event; those of a datatable or a fixture do not.
func (r *relation) fromEvents() bool {
	for row := range r.rows {
		if r.handle(row) != noSource {
			return true
		}
	}
	return false
}

// witness gives the lineage of the rows of the list that hold the value of an entry.
func (e *inTable) witness(x *execution, list *tableList, arg *vector) func(entry int) int64 {
	if e.operator.kind != matchIn {
		all := x.lineage.of(list.rows, sequence(list.rows.rows))
		return func(int) int64 { return all }
	}
	column := list.rows.vector(0)
	rows := map[string][]uint32{}
	for row := range list.rows.rows {
		key := e.witnessKey(column.value(row), arg.typ)
		rows[key] = append(rows[key], uint32(row))
	}
	known := map[int]int64{}
	return func(entry int) int64 {
		h, ok := known[entry]
		if !ok {
			h = x.lineage.of(list.rows, rows[e.witnessKey(arg.at(entry), arg.typ)])
			known[entry] = h
		}
		return h
	}
}

// witnessKey is a text that a value and the members of the list that it equals share.
func (e *inTable) witnessKey(v value.Value, t value.Type) string {
	switch {
	case t == value.String || t == value.Dynamic:
		v = value.Convert(v, value.String)
	case t.Numeric():
		v = value.Convert(v, value.Decimal)
	default:
		v = value.Convert(v, t)
	}
	if e.operator.sensitive {
		return value.Key(v)
	}
	return fold(value.Key(v))
}
