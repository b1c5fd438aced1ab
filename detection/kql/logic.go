package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// logic is and, or: three-valued, so that false and null is false, true or null is true.
type logic struct {
	or   bool
	args []expr
}

func (e *logic) eval(x *execution, r *relation) (*vector, error) {
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	for i := range args {
		args[i] = convertVector(args[i], value.Bool)
	}
	f := newFrame(r.rows, args)
	out := &vector{typ: value.Bool, ints: make([]int64, f.n)}
	for i := range f.n {
		truth, null := e.combine(f.args, i)
		if null {
			if out.nulls == nil {
				out.nulls = make([]bool, f.n)
			}
			out.nulls[i] = true
		} else if truth {
			out.ints[i] = 1
		}
	}
	return f.finish(out), nil
}

// combine is the outcome for one combination of operands: any operand that decides,
// else null if one is null.
func (e *logic) combine(args []*vector, i int) (truth, null bool) {
	for _, a := range args {
		entry := a.entry(i)
		switch {
		case a.nulls != nil && a.nulls[entry]:
			null = true
		case (a.ints[entry] != 0) == e.or:
			return e.or, false
		}
	}
	return !e.or, null
}

// filter applies the conjuncts of and one after the other, each to the rows that are
// left; the alternatives of or to the rows that are not in yet.
func (e *logic) filter(x *execution, r *relation) ([]uint32, error) {
	if e.or {
		return e.filterAny(x, r)
	}
	rows, current := sequence(r.rows), r
	for _, a := range e.args {
		keep, err := truth(x, current, a)
		if err != nil {
			return nil, err
		}
		if len(keep) < current.rows {
			rows = pick(rows, keep)
			current = current.filter(keep)
		}
		if len(rows) == 0 {
			break
		}
	}
	return rows, nil
}

func (e *logic) filterAny(x *execution, r *relation) ([]uint32, error) {
	var found []uint32
	rest, current := sequence(r.rows), r
	for _, a := range e.args {
		keep, err := truth(x, current, a)
		if err != nil {
			return nil, err
		}
		found = append(found, pick(rest, keep)...)
		if len(keep) == 0 {
			continue
		}
		others := complement(keep, current.rows)
		rest, current = pick(rest, others), current.filter(others)
	}
	slices.Sort(found)
	return found, nil
}

// narrow narrows by every conjunct; of alternatives, by those that none lets pass.
func (e *logic) narrow(x *execution, r *relation, live *rowset) (bool, error) {
	rest := live.clone()
	for _, a := range e.args {
		n, ok := a.(narrower)
		if !ok {
			return false, nil
		}
		passed := rest
		if e.or {
			passed = rest.clone()
		}
		if done, err := n.narrow(x, r, passed); !done || err != nil {
			return false, err
		}
		if e.or {
			rest.remove(passed)
		}
	}
	if e.or {
		live.remove(rest)
	} else {
		*live = *rest
	}
	return true, nil
}

// complement lists the rows below n that are not in the ascending list.
func complement(rows []uint32, n int) []uint32 {
	out := make([]uint32, 0, n-len(rows))
	next := 0
	for row := range uint32(n) {
		if next < len(rows) && rows[next] == row {
			next++
			continue
		}
		out = append(out, row)
	}
	return out
}

// conjuncts takes nested ands apart.
func conjuncts(list []expr, e expr) []expr {
	if l, ok := e.(*logic); ok && !l.or {
		for _, a := range l.args {
			list = conjuncts(list, a)
		}
		return list
	}
	return append(list, e)
}

// cost ranks a predicate by how much a row costs: comparisons of numbers first, then
// texts by how hard they are to find, then everything else.
func cost(e expr) int {
	switch e := e.(type) {
	case *comparison:
		return 0
	case *stringMatch:
		if _, ok := e.text.(*columnRef); !ok || e.matcher == nil {
			return 8
		}
		switch e.operator.kind {
		case matchEqual, matchIn:
			return 1
		case matchStart, matchEnd:
			return 2
		case matchRegex:
			return 7
		default:
			return 3
		}
	case *logic:
		worst := 0
		for _, a := range e.args {
			worst = max(worst, cost(a))
		}
		return worst
	default:
		return 9
	}
}

// byCost orders conjuncts; none of them can fail or have an effect, so that their order
// does not show in the result.
func byCost(list []expr) []expr {
	slices.SortStableFunc(list, func(a, b expr) int { return cost(a) - cost(b) })
	return list
}
