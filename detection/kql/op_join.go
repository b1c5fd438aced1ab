package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// join pairs the rows of two tables that have equal keys.
type join struct {
	plan                *bind.Join
	left, right         operator
	leftKeys, rightKeys []expr
}

func (c *compiler) join(p *bind.Join) operator {
	o := &join{plan: p, left: c.operator(p.Left), right: c.operator(p.Right)}
	for _, k := range p.Keys {
		o.leftKeys = append(o.leftKeys, c.expr(k.Left))
		o.rightKeys = append(o.rightKeys, c.expr(k.Right))
	}
	switch p.Kind {
	case "innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftanti", "leftsemi", "rightanti", "rightsemi":
	default:
		c.unsupported(p.Span(), "join kind %s is not supported", p.Kind)
	}
	return o
}

// sides is a join being run: the two relations, and for every row the number of its
// combination of keys.
type sides struct {
	x                 *execution
	plan              *bind.Join
	left, right       *relation
	leftIDs, rightIDs []uint32
	keys              int // combinations of the right side
	rightRows         keyRows
}

func (o *join) run(x *execution) (*relation, error) {
	left, err := o.left.run(x)
	if err != nil {
		return nil, err
	}
	right, err := o.right.run(x)
	if err != nil {
		return nil, err
	}
	s := &sides{x: x, plan: o.plan, left: left, right: right}
	if err := s.match(o); err != nil {
		return nil, err
	}
	switch o.plan.Kind {
	case "leftsemi":
		return s.pickLeft(true), nil
	case "leftanti":
		return s.pickLeft(false), nil
	case "rightsemi":
		return s.pickRight(true), nil
	case "rightanti":
		return s.pickRight(false), nil
	default:
		return s.pair()
	}
}

// keyType is the type in which two key columns are compared.
func keyType(a, b value.Type) value.Type {
	switch {
	case a == b:
		return a
	case a == value.Real || b == value.Real:
		return value.Real
	case a.Numeric() && b.Numeric():
		return value.Long
	case a == value.Dynamic:
		return b
	default:
		return a
	}
}

// pickLeft keeps the left rows that have, or have not, a match. A match is part of the
// row's lineage.
func (s *sides) pickLeft(matched bool) *relation {
	keep := []uint32{}
	for row, id := range s.leftIDs {
		if (len(s.rightRows.of(id)) > 0) == matched {
			keep = append(keep, uint32(row))
		}
	}
	out := s.left.filter(keep)
	out.lineage = s.witnessed(keep, s.left, s.right, func(row uint32) []uint32 { return s.rightRows.of(s.leftIDs[row]) })
	return out.with(s.plan.Columns(), s.output(out.slots, nil))
}

func (s *sides) pickRight(matched bool) *relation {
	leftRows := rowsOfKeys(s.leftIDs, s.keys)
	keep := []uint32{}
	for row, id := range s.rightIDs {
		if (len(leftRows.of(id)) > 0) == matched {
			keep = append(keep, uint32(row))
		}
	}
	out := s.right.filter(keep)
	out.lineage = s.witnessed(keep, s.right, s.left, func(row uint32) []uint32 { return leftRows.of(s.rightIDs[row]) })
	return out.with(s.plan.Columns(), s.output(nil, out.slots))
}

// witnessed is the lineage of rows together with that of the matching rows of the other side.
func (s *sides) witnessed(keep []uint32, own, other *relation, matches func(uint32) []uint32) *slot {
	return lazySlot(value.Long, func() *vector {
		handles := make([]int64, len(keep))
		known := map[uint32]int64{} // by the first match, which tells the key
		for i, row := range keep {
			handles[i] = own.handle(int(row))
			found := matches(row)
			if len(found) == 0 {
				continue
			}
			witness, ok := known[found[0]]
			if !ok {
				witness = s.x.lineage.of(other, found)
				known[found[0]] = witness
			}
			handles[i] = s.x.lineage.merge(handles[i], witness)
		}
		return lineageOf(handles)
	})
}

// pair makes the rows of the inner and outer kinds. A missing row is the number of rows
// of its side, where [padded] has a row of nulls.
func (s *sides) pair() (*relation, error) {
	var l, r []uint32
	noLeft, noRight := uint32(s.left.rows), uint32(s.right.rows)
	kind := s.plan.Kind
	used := make([]bool, s.keys)
	for row, id := range s.leftIDs {
		if err := s.x.stop(row); err != nil {
			return nil, err
		}
		matches := s.rightRows.of(id)
		if len(matches) == 0 {
			if kind == "leftouter" || kind == "fullouter" {
				l, r = append(l, uint32(row)), append(r, noRight)
			}
			continue
		}
		if kind == "innerunique" && used[id] {
			continue
		}
		used[id] = true
		for _, match := range matches {
			l, r = append(l, uint32(row)), append(r, match)
		}
		if len(l) > s.x.limits.Rows {
			return nil, s.x.tooMany(s.plan.Span(), "join")
		}
	}
	if kind == "rightouter" || kind == "fullouter" {
		for row, id := range s.rightIDs {
			if !used[id] {
				l, r = append(l, noLeft), append(r, uint32(row))
			}
		}
	}
	return s.pairs(l, r), nil
}

func (s *sides) pairs(l, r []uint32) *relation {
	left, right := s.left, s.right
	if s.plan.Kind != "inner" && s.plan.Kind != "innerunique" {
		left, right = padded(left), padded(right)
	}
	left, right = left.filter(l), right.filter(r)
	out := &relation{columns: s.plan.Columns(), rows: len(l), lineage: s.x.lineage.joined(left, right)}
	out.slots = typed(out.columns, s.output(left.slots, right.slots))
	return out
}

// padded adds a row of nulls that comes from nowhere.
func padded(r *relation) *relation {
	nothing := &relation{columns: r.columns, rows: 1, lineage: newSlot(noLineage(1))}
	for _, s := range r.slots {
		nothing.slots = append(nothing.slots, newSlot(constantOf(value.Null(s.typ), 1)))
	}
	if r.rows == 0 {
		return nothing
	}
	return concat(columnsOf(r), []*relation{r, nothing}, sameColumn)
}

// columnsOf describes the slots as they are stored.
func columnsOf(r *relation) []value.Column {
	out := make([]value.Column, len(r.slots))
	for i, s := range r.slots {
		out[i].Type = s.typ
	}
	return out
}

// output picks the result's columns from the left row followed by the right row; of a
// semi or anti join one side is absent.
func (s *sides) output(left, right []*slot) []*slot {
	out := make([]*slot, len(s.plan.Fields))
	width := len(s.left.slots)
	for i, from := range s.plan.Fields {
		if from < width {
			out[i] = left[from]
		} else {
			out[i] = right[from-width]
		}
	}
	return out
}
