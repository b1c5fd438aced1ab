package kql

import (
	"context"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// EvalScalar evaluates an expression that reads no column, so that tests can ask for a function of scalars alone.
func EvalScalar(ctx context.Context, e bind.Expr, db Database, now time.Time) (value.Value, error) {
	c := &compiler{source: &syntax.Source{}}
	compiled := c.expr(e)
	if failed(c.diagnostics) {
		return value.Value{}, &syntax.Error{Source: c.source, Diagnostics: c.diagnostics}
	}
	x := (&Query{source: c.source}).execution(ctx, db, now)
	v, err := compiled.eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return value.Value{}, err
	}
	return v.value(0), nil
}

// Inputs lists the plans whose rows an operator takes.
func Inputs(p bind.Operator) []bind.Operator { return inputsOf(p) }
