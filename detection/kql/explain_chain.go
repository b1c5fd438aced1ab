package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
)

// chain is operators that follow each other and make their rows of one row each. To find the row that came nearest,
// all rows that enter it are shown to all of its predicates, also to those behind the one that turned them away: what
// counts is how many hold, not how the rule divides them among its wheres.
type chain struct {
	*explainer
	top    bind.Operator
	bottom *node // the first operator
	base   bind.Operator
	wheres []*scores // in the order in which they run
	plans  *compiler
	rows   *relation // that enter, their lineage replaced by their numbers
}

// scores are how the rows that entered a chain fared at one of its predicates, by their numbers.
type scores struct {
	node   *node
	plan   *bind.Where
	rows   *relation
	passed []int // the most of any row made of it
	held   []bool
	best   []int // the row in rows that passed the most, or none
}

// chainTo finds the operators that end in one.
func (e *explainer) chainTo(n *node) *chain {
	c := &chain{explainer: e, top: n.plan, bottom: n}
	for p := n.plan; e.rowwise(p); p = inputOf(p, 0) {
		at := e.tracer.nodes[p]
		if w, ok := p.(*bind.Where); ok {
			c.wheres = append(c.wheres, &scores{node: at, plan: w})
		}
		if !transparent(p) {
			c.bottom = at
		}
		c.base = inputOf(p, 0)
	}
	slices.Reverse(c.wheres)
	return c
}

// maxChainRuns bounds how many runs of a subquery are looked at.
const maxChainRuns = 64

// score gives the rows that came farthest, of those that did not get through.
func (c *chain) score() ([]miss, error) {
	var out []miss
	if len(c.wheres) == 0 {
		return nil, nil
	}
	before := c.predicates(c.base)
	total := c.predicates(c.top)
	for i := range c.bottom.passes[:min(len(c.bottom.passes), maxChainRuns)] {
		for _, f := range c.bottom.passes[i].in {
			if f.role != 0 {
				continue
			}
			if err := c.run(f.rows); err != nil {
				return nil, err
			}
			out = append(out, c.best(f.rows, before, total)...)
		}
	}
	return out, nil
}

// run shows rows to all predicates.
func (c *chain) run(rows *relation) error {
	numbers := make([]int64, rows.rows)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	c.rows = &relation{columns: rows.columns, slots: rows.slots, rows: rows.rows, lineage: newSlot(lineageOf(numbers))}
	for _, s := range c.wheres {
		s.passed, s.held, s.best = make([]int, rows.rows), make([]bool, rows.rows), make([]int, rows.rows)
		for i := range s.best {
			s.best[i] = none
		}
	}
	c.plans = &compiler{source: c.query.source, observer: c}
	_, err := c.plans.operator(c.top).run(c.x)
	return err
}

// operator implements observer: the chain begins with the rows given, and its predicates let all rows pass.
func (c *chain) operator(p bind.Operator, compile func() operator) operator {
	if p == c.base {
		return given{c.rows}
	}
	i := slices.IndexFunc(c.wheres, func(s *scores) bool { return p == s.plan })
	if i < 0 {
		return compile()
	}
	return &scoring{chain: c, scores: c.wheres[i], input: c.plans.operator(c.wheres[i].plan.Input)}
}

// given gives rows that are there.
type given struct{ rows *relation }

func (o given) run(*execution) (*relation, error) { return o.rows, nil }

// none stands for no row.
const none = -1

// scoring is a where that lets all rows pass, and notes what it would have done.
type scoring struct {
	chain *chain
	*scores
	input operator
}

func (o *scoring) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	m, err := o.chain.measure(r, o.plan.Predicate)
	if err != nil {
		return nil, err
	}
	o.rows = r
	for row := range r.rows {
		entered := r.handle(row)
		if o.best[entered] == none || m.passed[row] > o.passed[entered] {
			o.passed[entered], o.best[entered] = m.passed[row], row
		}
		o.held[entered] = o.held[entered] || m.holds[row]
	}
	return r, nil
}

// best are the rows that passed the most predicates and not all.
func (c *chain) best(rows *relation, before, total int) []miss {
	var out []miss
	for row := range rows.rows {
		m := miss{passed: before, predicates: total}
		for _, s := range c.wheres {
			if s.best[row] == none {
				continue
			}
			m.passed += s.passed[row]
			if !s.held[row] && m.at.node == nil {
				m.at = site{node: s.node, rows: s.rows, row: s.best[row]}
			}
		}
		if m.at.node == nil || !c.isCandidate(rows, row) {
			continue
		}
		if len(out) > 0 && m.before(out[0]) {
			out = out[:0]
		}
		if len(out) == 0 || m.equals(out[0]) && len(out) < maxTied {
			m.at.lineage = rows.filter([]uint32{uint32(row)}).lineage
			out = append(out, m)
		}
	}
	return out
}

// strict looks at the predicates of a chain with the rows that reached them only.
func (e *explainer) strict(c *chain) ([]miss, error) {
	var out []miss
	for _, s := range c.wheres {
		before, own := e.predicates(s.plan.Input), countPredicates(s.plan.Predicate)
		for i := range s.node.passes {
			p := &s.node.passes[i]
			for _, f := range p.in {
				m, err := e.measure(f.rows, s.plan.Predicate)
				if err != nil {
					return nil, e.x.ctx.Err()
				}
				for row, holds := range m.holds {
					if !holds && e.isCandidate(f.rows, row) {
						out = append(out, miss{site{node: s.node, pass: p, rows: f.rows, row: row}, before + m.passed[row], before + own})
					}
				}
			}
		}
	}
	return out, nil
}
