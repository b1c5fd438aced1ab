package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// anyColumn is an operator that may hold between any of several columns and the
// argument: an or over the columns, each as its text.
func (c *compiler) anyColumn(e *bind.AnyColumn) expr {
	op, ok := parseStringOperator(e.Name)
	if e.Name == "==" {
		op, ok = stringOperator{kind: matchEqual, sensitive: true}, true
	}
	if !ok {
		c.unsupported(e.Span(), "%s on several columns is not supported", e.Name)
		return &literal{value: value.Null(value.Bool)}
	}
	arg := c.expr(e.Arg)
	any := &logic{or: true}
	for _, i := range e.Columns {
		m := &stringMatch{operator: op, text: &columnRef{index: i}, needles: []expr{arg}, span: e.Span()}
		if v, ok := constantValue(arg); ok {
			m.matcher = c.prepare(op, op.texts(nil, v), e.Span())
		}
		any.args = append(any.args, m)
	}
	return any
}
