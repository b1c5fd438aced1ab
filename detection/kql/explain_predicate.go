package kql

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// compiledExprs compiles expressions of the plan a second time, one by one, so that parts of a predicate can be
// evaluated on their own. What they find out once a run (a toscalar, a list) they find out once.
type compiledExprs struct {
	source *syntax.Source
	known  map[bind.Expr]expr
}

func newCompiledExprs(source *syntax.Source) compiledExprs {
	return compiledExprs{source: source, known: map[bind.Expr]expr{}}
}

// get gives the compiled form; one that looks at neighbouring rows is whole.
func (c *compiledExprs) get(e bind.Expr) expr {
	if known, ok := c.known[e]; ok {
		return known
	}
	fresh := &compiler{source: c.source}
	out := fresh.expr(e)
	if fresh.windowed {
		out = whole{out}
	}
	c.known[e] = out
	return out
}

// examiner evaluates expressions for one row of a relation.
type examiner struct {
	*explainer
	site
	one     *relation // the row alone
	reasons []Reason
}

func (e *explainer) examine(at site) *examiner {
	return &examiner{explainer: e, site: at, one: at.alone()}
}

// value evaluates an expression; one that looks at neighbouring rows sees all of them.
func (e *examiner) value(x bind.Expr) (value.Value, error) {
	compiled, rows, row := e.exprs.get(x), e.one, 0
	if _, windowed := compiled.(whole); windowed {
		rows, row = e.rows, e.row
	}
	v, err := compiled.eval(e.x, rows)
	if err != nil {
		return value.Value{}, err
	}
	return v.value(row), nil
}

// failedPredicates takes the predicate of a where apart.
func (e *explainer) failedPredicates(at site, p *bind.Where) ([]Reason, error) {
	x := e.examine(at)
	err := x.blame(p.Predicate, true, false)
	if err == nil && len(x.reasons) == 0 {
		// The row alone passes what it did not pass among the others, as with rand().
		var whole Reason
		whole, err = x.reason(p.Predicate, true)
		x.reasons = []Reason{whole}
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(x.reasons, func(a, b Reason) int { return a.Span.Start - b.Span.Start })
	return x.reasons, nil
}

// blame collects the sub-predicates that keep a condition from being what is wanted.
func (e *examiner) blame(x bind.Expr, want, alternative bool) error {
	v, err := e.value(x)
	if err != nil || !v.IsNull() && value.Convert(v, value.Bool).Bool() == want && !value.Convert(v, value.Bool).IsNull() {
		return err
	}
	call, ok := x.(*bind.Call)
	switch {
	case ok && (call.Name == "and" || call.Name == "or"):
		// To make an and false, or an or true, one operand is enough.
		alternative = alternative || len(call.Args) > 1 && (call.Name == "and") != want
		for _, a := range call.Args {
			if err := e.blame(a, want, alternative); err != nil {
				return err
			}
		}
		return nil
	case ok && call.Name == "not" && len(call.Args) == 1:
		return e.blame(call.Args[0], !want, alternative)
	}
	if condition, must := e.named(x, want); condition != nil {
		return e.blame(condition, must, alternative)
	}
	reason, err := e.reason(x, want)
	reason.Alternative = alternative
	e.reasons = append(e.reasons, reason)
	return err
}

// reason describes a predicate that is not taken apart.
func (e *examiner) reason(x bind.Expr, want bool) (Reason, error) {
	r := Reason{Span: x.Span()}
	for _, o := range observed(x) {
		v, err := e.value(o)
		if err != nil {
			return r, err
		}
		r.Saw = append(r.Saw, Observation{Span: o.Span(), Name: e.name(o), Value: v})
	}
	d, err := e.demand(x, want)
	if err != nil {
		return r, err
	}
	if any, ok := x.(*bind.AnyColumn); ok {
		r.Wanted = d.wanted()
		return r, e.anyColumnHints(&r, any, d)
	}
	r.Wanted, r.Hints = d.wanted(), d.hints()
	for _, c := range columnsIn(x) {
		hints, err := e.columnHints(c.(*bind.Column))
		if err != nil {
			return r, err
		}
		r.Hints = append(r.Hints, hints...)
	}
	return r, nil
}

// anyColumnHints shows the columns that would match but for a common cause.
func (e *examiner) anyColumnHints(r *Reason, x *bind.AnyColumn, d *demand) error {
	op, textual := parseStringOperator(x.Name)
	if x.Name == "==" {
		op, textual = stringOperator{kind: matchEqual, sensitive: true}, true
	}
	if !textual || !d.positive() {
		return nil
	}
	columns := inputOf(e.node.plan, e.role).Columns()
	for _, i := range x.Columns {
		column := &bind.Column{Typed: bind.Typed{Result: columns[i].Type, At: x.Span()}, Index: i, Name: columns[i].Name}
		v, err := e.value(column)
		if err != nil {
			return err
		}
		one := &demand{x: e, expr: x, sign: x.Name, want: d.want, subject: v, operands: d.operands, operator: op, textual: true}
		one.texts = op.texts(nil, d.operands[0])
		if len(r.Saw) == maxListed {
			break
		}
		if hints := one.textHints(); len(hints) > 0 {
			r.Saw = append(r.Saw, Observation{Span: x.Span(), Name: column.Name, Value: v})
			r.Hints = append(r.Hints, hints...)
		}
	}
	return nil
}

// name is how an expression is called: a column by its name, everything else by its text.
func (e *examiner) name(x bind.Expr) string {
	if c, ok := x.(*bind.Column); ok {
		return c.Name
	}
	return strings.Join(strings.Fields(e.query.source.Slice(x.Span())), " ")
}

// observed lists the expressions whose values decide a predicate: the operands that depend on the row, and the columns
// behind them.
func observed(x bind.Expr) []bind.Expr {
	var out []bind.Expr
	for _, o := range append(operands(x), columnsIn(x)...) {
		known := slices.ContainsFunc(out, func(k bind.Expr) bool { return isSameColumn(k, o) })
		if !known && len(columnsIn(o)) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// operands are the parts of a predicate that are compared with each other.
func operands(x bind.Expr) []bind.Expr {
	switch x := x.(type) {
	case *bind.Call:
		return slices.Clone(x.Args)
	case *bind.InTable:
		return []bind.Expr{x.Arg}
	case *bind.AnyColumn:
		return nil
	default:
		return []bind.Expr{x}
	}
}

// isSameColumn reports whether two expressions are the same column.
func isSameColumn(a, b bind.Expr) bool {
	x, ok := a.(*bind.Column)
	y, fine := b.(*bind.Column)
	return ok && fine && x.Index == y.Index
}

// columnsIn lists the columns of the row that an expression reads, in the order of the text.
func columnsIn(x bind.Expr) []bind.Expr {
	switch x := x.(type) {
	case *bind.Column:
		return []bind.Expr{x}
	case *bind.Call:
		var out []bind.Expr
		for _, a := range x.Args {
			out = append(out, columnsIn(a)...)
		}
		return out
	case *bind.Member:
		return columnsIn(x.Target)
	case *bind.Element:
		return append(columnsIn(x.Target), columnsIn(x.Index)...)
	case *bind.Part:
		return columnsIn(x.Target)
	case *bind.InTable:
		return columnsIn(x.Arg)
	case *bind.AnyColumn:
		return columnsIn(x.Arg)
	default:
		return nil
	}
}
