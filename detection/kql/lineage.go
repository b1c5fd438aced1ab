package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// lineage keeps the sets of source ids made during a run; rows refer to them by handle.
type lineage struct {
	sets   [][]Source
	merged map[[2]int64]int64
}

// sources are the ids behind a handle.
func (l *lineage) sources(handle int64) []Source {
	switch {
	case handle >= 0:
		return []Source{Source(handle)}
	case handle == noSource:
		return nil
	default:
		return l.sets[setIndex(handle)]
	}
}

// add gives the handle of a set of ids, which it sorts in place.
func (l *lineage) add(ids []Source) int64 {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch len(ids) {
	case 0:
		return noSource
	case 1:
		return int64(ids[0])
	}
	l.sets = append(l.sets, slices.Clip(ids))
	return setHandle(len(l.sets) - 1)
}

// merge is the handle of the union of two.
func (l *lineage) merge(a, b int64) int64 {
	switch {
	case a == b || b == noSource:
		return a
	case a == noSource:
		return b
	}
	key := [2]int64{min(a, b), max(a, b)}
	if h, ok := l.merged[key]; ok {
		return h
	}
	h := l.add(slices.Concat(l.sources(a), l.sources(b)))
	if l.merged == nil {
		l.merged = map[[2]int64]int64{}
	}
	l.merged[key] = h
	return h
}

// grouped is the lineage of n groups of rows, worked out when it is asked for.
func (l *lineage) grouped(r *relation, groups []uint32, n int) *slot {
	return lazySlot(value.Long, func() *vector { return lineageOf(l.collect(r, groups, n)) })
}

// joined is the lineage of rows that are each made of one of two relations of equal length.
func (l *lineage) joined(left, right *relation) *slot {
	return lazySlot(value.Long, func() *vector {
		handles := make([]int64, left.rows)
		for i := range handles {
			handles[i] = l.merge(left.handle(i), right.handle(i))
		}
		return lineageOf(handles)
	})
}

// collect is, for each of n groups, the handle of the union of its rows' handles.
func (l *lineage) collect(r *relation, groups []uint32, n int) []int64 {
	ids := make([][]Source, n)
	for row, g := range groups {
		switch h := r.handle(row); {
		case h >= 0:
			ids[g] = append(ids[g], Source(h))
		case h != noSource:
			ids[g] = append(ids[g], l.sources(h)...)
		}
	}
	out := make([]int64, n)
	for g := range out {
		out[g] = l.add(ids[g])
	}
	return out
}

// adopt brings the lineage of a stored table into this run.
func (l *lineage) adopt(t *Table) *vector {
	from := t.origins()
	if len(from.sets) == 0 {
		return from.handles
	}
	base := len(l.sets)
	l.sets = append(l.sets, from.sets...)
	out := make([]int64, t.rows)
	for i := range out {
		h := from.handles.number(i)
		if h < noSource {
			h = setHandle(base + setIndex(h))
		}
		out[i] = h
	}
	return lineageOf(out)
}
