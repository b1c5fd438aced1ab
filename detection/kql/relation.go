package kql

import (
	"slices"
	"sync"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// relation is an intermediate table. Its columns are slots: stored vectors seen through
// a selection of row numbers, so that a filter costs one list of numbers however many
// columns there are.
type relation struct {
	columns []value.Column
	slots   []*slot
	lineage *slot // handles, as a long vector
	rows    int
}

// slot is a vector seen through a selection; nil selects every row. The vector may be
// one that is made when it is first asked for: most columns of a wide union never are.
// One of a stored table is packed, and stays so unless all of its rows are wanted.
type slot struct {
	typ       value.Type
	stored    *vector
	compute   func() *vector
	plain     *vector // the stored vector unpacked
	selection *selection
	gathered  *vector
}

func newSlot(v *vector) *slot { return &slot{typ: v.typ, stored: v} }

func lazySlot(t value.Type, compute func() *vector) *slot { return &slot{typ: t, compute: compute} }

// at is the number of the stored row that a row stands for.
func (s *slot) at(row uint32) int {
	if s.selection == nil {
		return int(row)
	}
	return int(s.selection.rows[row])
}

// resting is the vector without the selection, packed if it is stored that way.
func (s *slot) resting() *vector {
	if s.stored == nil {
		s.stored, s.compute = s.compute(), nil
	}
	return s.stored
}

// base is the vector without the selection.
func (s *slot) base() *vector {
	if s.plain == nil {
		s.plain = s.resting().unpack()
	}
	return s.plain
}

// through is the slot seen through another selection.
func (s *slot) through(next *selection) slot {
	if s.stored == nil {
		return slot{typ: s.typ, compute: s.resting, selection: next}
	}
	return slot{typ: s.typ, stored: s.stored, plain: s.plain, selection: next}
}

// selection is a list of row numbers, shared by all the slots it applies to. It
// remembers how it maps codes, so that columns that share codes go on sharing them.
type selection struct {
	rows   []uint32
	mapped map[any]*encoding // by the identity of the codes
}

// encoding is the codes of the selected rows, and the payload entries they now stand
// for; nil entries mean the whole payload.
type encoding struct {
	codes   []uint32
	entries []uint32
}

// vector is the slot's content, row by row.
func (s *slot) vector() *vector {
	if s.selection == nil {
		return s.base()
	}
	if s.gathered == nil {
		v := s.plain
		if v == nil {
			v = s.resting()
		}
		s.gathered = s.selection.gather(v)
	}
	return s.gathered
}

// gather applies the selection. A payload that is larger than the selection is reduced
// to the entries in use, so that functions are not evaluated for absent values.
func (s *selection) gather(v *vector) *vector {
	switch {
	case v.integral():
		return v.packed.gather(v, s.rows)
	case v.constant, len(v.codes) == 0 && v.packed == nil:
		return v.gather(s.rows)
	}
	e := s.encode(v)
	out := *v
	out.rows, out.codes, out.packed = len(s.rows), e.codes, nil
	if e.entries != nil {
		out.dict = nil
		out.pickPayload(v, e.entries)
	}
	return &out
}

func (s *selection) encode(v *vector) *encoding {
	var key any = v.packed
	if v.packed == nil {
		key = &v.codes[0]
	}
	if e, ok := s.mapped[key]; ok {
		return e
	}
	e := &encoding{}
	if v.packed == nil {
		e.codes = pick(v.codes, s.rows)
	} else {
		e.codes = v.packed.codes.pick(s.rows)
	}
	if v.size() > len(s.rows) {
		e.compact(v.size())
	}
	if s.mapped == nil {
		s.mapped = map[any]*encoding{}
	}
	s.mapped[key] = e
	return e
}

// compact renumbers the codes, which are below size, by first appearance.
func (e *encoding) compact(size int) {
	e.entries = []uint32{}
	if size/64 < len(e.codes) {
		e.compactMany(size)
		return
	}
	index := make(map[uint32]uint32, min(len(e.codes), 1024))
	for i, code := range e.codes {
		n, ok := index[code]
		if !ok {
			n = uint32(len(e.entries))
			index[code] = n
			e.entries = append(e.entries, code)
		}
		e.codes[i] = n
	}
}

// compactMany is compact with a list in place of a map.
func (e *encoding) compactMany(size int) {
	index := make([]uint32, size) // one more than the new number
	for i, code := range e.codes {
		if index[code] == 0 {
			e.entries = append(e.entries, code)
			index[code] = uint32(len(e.entries))
		}
		e.codes[i] = index[code] - 1
	}
}

// pickPayload takes the given payload entries of v.
func (out *vector) pickPayload(v *vector, entries []uint32) {
	out.strs = pick(v.strs, entries)
	out.ints = pick(v.ints, entries)
	out.reals = pick(v.reals, entries)
	out.boxes = pick(v.boxes, entries)
	out.nulls = pick(v.nulls, entries)
}

// through is the selection of the rows of s that keep names.
func (s *selection) through(keep []uint32) *selection {
	if s == nil {
		return &selection{rows: keep}
	}
	return &selection{rows: pick(s.rows, keep)}
}

// newRelation makes a relation of vectors of equal length.
func newRelation(columns []value.Column, vectors []*vector, lineage *vector) *relation {
	r := &relation{columns: columns, rows: lineage.rows, lineage: newSlot(lineage)}
	for _, v := range vectors {
		r.slots = append(r.slots, newSlot(v))
	}
	return r
}

// lineageOf is a lineage column.
func lineageOf(handles []int64) *vector {
	return &vector{typ: value.Long, rows: len(handles), ints: handles}
}

// noLineage is the lineage of rows that come from nowhere.
func noLineage(rows int) *vector { return constantOf(value.NewLong(noSource), rows) }

// vector is a column's content.
func (r *relation) vector(i int) *vector { return r.slots[i].vector() }

// handle is the lineage of a row.
func (r *relation) handle(row int) int64 {
	v := r.lineage.vector()
	return v.ints[v.entry(row)]
}

// filter keeps the given rows in the given order; numbers may repeat.
func (r *relation) filter(keep []uint32) *relation {
	out := &relation{columns: r.columns, rows: len(keep), slots: make([]*slot, len(r.slots))}
	slots := make([]slot, len(r.slots)+1)
	var composed [][2]*selection // what was, and what it becomes
	narrow := func(i int, s *slot) *slot {
		at := slices.IndexFunc(composed, func(c [2]*selection) bool { return c[0] == s.selection })
		if at < 0 {
			at = len(composed)
			composed = append(composed, [2]*selection{s.selection, s.selection.through(keep)})
		}
		slots[i] = s.through(composed[at][1])
		return &slots[i]
	}
	for i, s := range r.slots {
		out.slots[i] = narrow(i, s)
	}
	out.lineage = narrow(len(r.slots), r.lineage)
	return out
}

// head keeps the first n rows.
func (r *relation) head(n int) *relation {
	if n >= r.rows {
		return r
	}
	return r.filter(sequence(max(n, 0)))
}

// with is the same rows with other columns.
func (r *relation) with(columns []value.Column, slots []*slot) *relation {
	return &relation{columns: columns, slots: slots, lineage: r.lineage, rows: r.rows}
}

// table makes the relation a result.
func (r *relation) table(x *execution) *Table {
	t := &Table{columns: slices.Clone(r.columns), rows: r.rows}
	for i := range r.slots {
		t.vectors = append(t.vectors, r.vector(i))
	}
	t.origins = sync.OnceValue(func() origins {
		handles := r.lineage.vector()
		return origins{handles: handles, sets: x.lineage.sets}
	})
	return t
}

func sequence(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}
