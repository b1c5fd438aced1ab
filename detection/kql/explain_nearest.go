package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// miss is a row that was turned away, and how far it came.
type miss struct {
	at                 site
	passed, predicates int
}

// before orders misses: the most predicates passed, then the fewest left.
func (m miss) before(o miss) bool {
	if m.passed != o.passed {
		return m.passed > o.passed
	}
	return m.predicates-m.passed < o.predicates-o.passed
}

func (m miss) equals(o miss) bool { return !m.before(o) && !o.before(m) }

// maxTied bounds how many rows that came equally far are looked at for one with a likely cause.
const maxTied = 500

// ordinaryWidth is how many columns the tables of devices have.
const ordinaryWidth = 100

// nearest finds, over all branches, the row turned away that passed the most predicates. Of those that came equally far
// it is the one with the most hints, then the first.
func (e *explainer) nearest(candidates func(Source) bool) (*Rejection, error) {
	e.candidates = candidates
	var best []miss
	for _, n := range e.tracer.order {
		found, err := e.misses(n)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			switch {
			case len(best) == 0 || m.before(best[0]):
				best = []miss{m}
			case m.equals(best[0]) && len(best) < maxTied:
				best = append(best, m)
			}
		}
	}
	return e.mostTelling(best)
}

// mostTelling gives the miss whose first reason has the most hints, or the closest text. Wide rows cost more to look at, so that fewer are.
func (e *explainer) mostTelling(found []miss) (*Rejection, error) {
	best, hints := 0, -1
	for i, m := range found {
		if i > 0 && i*len(m.at.rows.slots) > maxTied*ordinaryWidth {
			break
		}
		if reasons, err := e.reasons(m.at); err == nil && hintsOf(reasons) > hints {
			best, hints = i, hintsOf(reasons)
		}
	}
	if len(found) == 0 {
		return nil, e.x.ctx.Err()
	}
	r, err := e.rejection(found[best].at)
	r.Passed, r.Predicates = found[best].passed, found[best].predicates
	return &r, err
}

// hintsOf counts the likely causes of the first reason, without those that only say what the value is. That most of a
// text is there counts for less.
func hintsOf(reasons []Reason) int {
	n := 0
	for _, first := range reasons[:min(1, len(reasons))] {
		for _, h := range first.Hints {
			switch h.Kind {
			case HintEmpty, HintNeverSet, HintThreshold, HintNoPartner:
			case HintNear:
				n++
			default:
				n += 2
			}
		}
	}
	return n
}

// misses lists rows that a step turned away, those that came farthest.
func (e *explainer) misses(n *node) ([]miss, error) {
	if !e.rowwise(n.plan) {
		return e.dropped(n), nil
	}
	next := e.consumer[n.plan]
	for next != nil && transparent(next) {
		next = e.consumer[next]
	}
	if e.rowwise(next) {
		return nil, nil // told with the last operator of the chain
	}
	c := e.chainTo(n)
	found, err := c.score()
	if err != nil && e.x.ctx.Err() == nil {
		// A row that was turned away may be one that a later operator fails on.
		return e.strict(c)
	}
	return found, err
}

// isCandidate reports whether a row may be the nearest miss.
func (e *explainer) isCandidate(r *relation, row int) bool {
	return e.candidates == nil || slices.ContainsFunc(e.x.lineage.sources(r.handle(row)), e.candidates)
}

// rowwise reports whether an operator makes its rows of one row each, so that a row that was turned away before it
// can be shown to it.
func (e *explainer) rowwise(p bind.Operator) bool {
	switch p := p.(type) {
	case *bind.Where:
		return !e.windowed(p.Predicate)
	case *bind.Extend:
		return !slices.ContainsFunc(p.Assignments, func(a bind.Assignment) bool { return e.windowed(a.Expr) })
	case *bind.Project:
		return !slices.ContainsFunc(p.Exprs, e.windowed)
	case *bind.As, *bind.Render, *bind.Parse, *bind.ParseKV, *bind.MvExpand:
		return true
	default:
		return false
	}
}

func (e *explainer) windowed(x bind.Expr) bool {
	_, ok := e.exprs.get(x).(whole)
	return ok
}

// dropped finds the rows that an operator on many rows did not pass on.
func (e *explainer) dropped(n *node) []miss {
	var out []miss
	for i := range n.passes {
		p := &n.passes[i]
		kept := map[Source]bool{}
		for row := range p.out.rows {
			for _, s := range e.x.lineage.sources(p.out.handle(row)) {
				kept[s] = true
			}
		}
		for _, f := range p.in {
			if isSubquery(n.plan, f.role) || excludes(n.plan, f.role) {
				continue
			}
			passed := e.predicates(inputOf(n.plan, f.role))
			for row := 0; row < f.rows.rows && len(out) < maxTied; row++ {
				sources := e.x.lineage.sources(f.rows.handle(row))
				gone := func(s Source) bool { return !kept[s] && !e.follow(s).within(n) }
				if len(sources) > 0 && !slices.ContainsFunc(sources, func(s Source) bool { return !gone(s) }) && e.isCandidate(f.rows, row) {
					out = append(out, miss{site{node: n, pass: p, role: f.role, rows: f.rows, row: row}, passed, passed + 1})
				}
			}
		}
	}
	return out
}

// predicates counts those that a row has passed when an operator gives it. A join counts for one.
func (e *explainer) predicates(p bind.Operator) int {
	switch p := p.(type) {
	case nil:
		return 0
	case *bind.Where:
		return countPredicates(p.Predicate) + e.predicates(p.Input)
	case *bind.Join:
		return 1 + e.predicates(p.Left) + e.predicates(p.Right)
	case *bind.Subject:
		for owner := range e.tracer.nodes {
			if feeds(owner, p.ID) {
				return e.predicates(inputOf(owner, 0))
			}
		}
		return 0
	case *bind.Union:
		most := 0
		for _, leg := range p.Legs {
			most = max(most, e.predicates(leg.Input))
		}
		return most
	default:
		return e.predicates(inputOf(p, 0))
	}
}

// feeds reports whether an operator runs the subquery with the subject of an ID.
func feeds(p bind.Operator, id int) bool {
	switch p := p.(type) {
	case *bind.MvApply:
		return p.ID == id
	case *bind.Partition:
		return p.ID == id
	default:
		return false
	}
}

// countPredicates counts the operands of and; an or counts as its longest operand.
func countPredicates(x bind.Expr) int {
	c, ok := x.(*bind.Call)
	if !ok || c.Name != "and" && c.Name != "or" {
		return 1
	}
	sum, most := 0, 0
	for _, a := range c.Args {
		n := countPredicates(a)
		sum, most = sum+n, max(most, n)
	}
	if c.Name == "and" {
		return sum
	}
	return most
}

// measured is, for every row, how many predicates of a condition hold, and whether the condition does.
type measured struct {
	passed []int
	holds  []bool
}

// measure evaluates the parts of a condition for all rows.
func (e *explainer) measure(r *relation, x bind.Expr) (measured, error) {
	c, ok := x.(*bind.Call)
	if !ok || c.Name != "and" && c.Name != "or" {
		return e.measureLeaf(r, x)
	}
	out := measured{passed: make([]int, r.rows), holds: make([]bool, r.rows)}
	for i := range out.holds {
		out.holds[i] = c.Name == "and"
	}
	for _, a := range c.Args {
		m, err := e.measure(r, a)
		if err != nil {
			return out, err
		}
		for row := range r.rows {
			if c.Name == "and" {
				out.passed[row] += m.passed[row]
				out.holds[row] = out.holds[row] && m.holds[row]
			} else {
				out.passed[row] = max(out.passed[row], m.passed[row])
				out.holds[row] = out.holds[row] || m.holds[row]
			}
		}
	}
	if total := countPredicates(x); c.Name == "or" {
		for row, holds := range out.holds {
			if holds {
				out.passed[row] = total
			}
		}
	}
	return out, nil
}

func (e *explainer) measureLeaf(r *relation, x bind.Expr) (measured, error) {
	out := measured{passed: make([]int, r.rows), holds: make([]bool, r.rows)}
	v, err := e.exprs.get(x).eval(e.x, r)
	if err != nil {
		return out, err
	}
	for _, row := range trueRows(convertVector(v, value.Bool), r.rows) {
		out.passed[row], out.holds[row] = 1, true
	}
	return out, nil
}
