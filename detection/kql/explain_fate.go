package kql

import (
	"errors"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// trail follows the rows of one source through the steps.
type trail struct {
	lineage *lineage
	source  Source
	known   map[int64]bool // sets of sources that hold it, or not
}

func (e *explainer) follow(s Source) *trail {
	return &trail{lineage: &e.x.lineage, source: s, known: map[int64]bool{}}
}

// site is a row in front of an operator.
type site struct {
	node *node
	pass *pass
	role int
	rows *relation
	row  int
	// lineage is that of the row, where the relation has numbers in its place.
	lineage *slot
}

// alone is the row without the others.
func (at *site) alone() *relation {
	r := at.rows.filter([]uint32{uint32(at.row)})
	if at.lineage != nil {
		r.lineage = at.lineage
	}
	return r
}

// has reports whether a row comes from the source.
func (t *trail) has(handle int64) bool {
	if handle >= noSource {
		return handle == int64(t.source) && handle != noSource
	}
	found, ok := t.known[handle]
	if !ok {
		_, found = slices.BinarySearch(t.lineage.sources(handle), t.source)
		t.known[handle] = found
	}
	return found
}

// rows lists those that come from the source.
func (t *trail) rows(r *relation) []int {
	var out []int
	lineage := r.lineage.vector()
	for row := range r.rows {
		if t.has(lineage.ints[lineage.entry(row)]) {
			out = append(out, row)
		}
	}
	return out
}

// leaves reports whether rows of the source come out of a step.
func (t *trail) leaves(n *node) bool {
	return slices.ContainsFunc(n.passes, func(p pass) bool { return len(t.rows(p.out)) > 0 })
}

// lost finds the rows of the source that go into a step none of whose rows come from the source.
func (t *trail) lost(n *node) []site {
	at := t.enters(n)
	if len(at) > 0 && (t.leaves(n) || t.within(n)) {
		return nil
	}
	return at
}

// enters finds rows of the source that go into a step: those of one run.
func (t *trail) enters(n *node) []site {
	for i := range n.passes {
		p := &n.passes[i]
		for _, f := range p.in {
			if isSubquery(n.plan, f.role) || excludes(n.plan, f.role) {
				continue
			}
			var out []site
			for _, row := range t.rows(f.rows) {
				out = append(out, site{node: n, pass: p, role: f.role, rows: f.rows, row: row})
			}
			if len(out) > 0 {
				return out
			}
		}
	}
	return nil
}

// within reports whether the source got lost in the subquery of a step, which says so itself.
func (t *trail) within(n *node) bool {
	for _, c := range n.children {
		if isSubquery(n.plan, c.role) && t.seenBy(c.node) {
			return true
		}
	}
	return false
}

func (t *trail) seenBy(n *node) bool {
	return len(t.enters(n)) > 0 || slices.ContainsFunc(n.children, func(c child) bool { return t.seenBy(c.node) })
}

// excludes reports whether the rows of a side are only looked at: no row of the result can come from them.
func excludes(p bind.Operator, role int) bool {
	switch p := p.(type) {
	case *bind.Join:
		return p.Kind == "leftanti" && role == 1 || p.Kind == "rightanti" && role == 0
	case *bind.Evaluate:
		return role > 0
	default:
		return false
	}
}

// foremost is the site whose row passes the most predicates, if it is those that decide.
func (e *explainer) foremost(sites []site) (site, error) {
	p, ok := sites[0].node.plan.(*bind.Where)
	if !ok || len(sites) == 1 {
		return sites[0], nil
	}
	m, err := e.measure(sites[0].rows, p.Predicate)
	if err != nil {
		return sites[0], e.x.ctx.Err()
	}
	return slices.MaxFunc(sites, func(a, b site) int { return m.passed[a.row] - m.passed[b.row] }), nil
}

// rejection says why a row did not pass a step. Parts of a predicate that the run had no need of can fail: then that is
// what is said, and the explanation goes on. The error is the context's.
func (e *explainer) rejection(at site) (Rejection, error) {
	reasons, err := e.reasons(at)
	if err != nil {
		span := at.node.plan.Span()
		reasons = []Reason{{Span: span, Wanted: "a row that passes", Hints: []Hint{{Kind: HintFailed, Text: "the parts of it cannot be told: " + e.message(err)}}}}
	}
	return Rejection{Step: at.node.index, Row: at.alone().table(e.x), Reasons: reasons}, e.x.ctx.Err()
}

// message is what an error of this query says, without the place.
func (e *explainer) message(err error) string {
	if fault, ok := errors.AsType[*syntax.Error](err); ok && len(fault.Diagnostics) > 0 {
		return fault.Diagnostics[0].Message
	}
	return err.Error()
}

// reasons are by the kind of the operator.
func (e *explainer) reasons(at site) ([]Reason, error) {
	switch p := at.node.plan.(type) {
	case *bind.Where:
		return e.failedPredicates(at, p)
	case *bind.Join:
		return e.withoutPartner(at, p)
	case *bind.Top:
		return e.behind(at, p)
	case *bind.MvExpand:
		return e.nothingToExpand(at, p.Expansions)
	case *bind.MvApply:
		return e.nothingToExpand(at, p.Expansions)
	case *bind.Parse:
		return e.notParsed(at, p)
	default:
		return e.displaced(at), nil
	}
}
