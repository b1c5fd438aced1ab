package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// lineage keeps the sets of source ids made during a run; rows refer to them by handle. A set lists what it is made of:
// ids and the handles of other sets, so that the rows of a join with a group do not each repeat the group.
type lineage struct {
	sets   [][]int64
	merged map[[2]int64]int64
	listed map[int64][]Source
}

// sources are the ids behind a handle, sorted and without repetition.
func (l *lineage) sources(handle int64) []Source {
	if handle >= noSource {
		return sourcesOf(nil, handle)
	}
	list, ok := l.listed[handle]
	if !ok {
		list = sourcesOf(l.sets, handle)
		if l.listed == nil {
			l.listed = map[int64][]Source{}
		}
		l.listed[handle] = list
	}
	return list
}

// sourcesOf follows a handle through the sets.
func sourcesOf(sets [][]int64, handle int64) []Source {
	if handle == noSource {
		return nil
	}
	var out []Source
	seen := map[int64]bool{}
	for open := []int64{handle}; len(open) > 0; {
		h := open[len(open)-1]
		open = open[:len(open)-1]
		switch {
		case h >= 0:
			out = append(out, Source(h))
		case h != noSource && !seen[h]:
			seen[h] = true
			open = append(open, sets[setIndex(h)]...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// join gives the handle of the union of several, whose list it keeps.
func (l *lineage) join(members []int64) int64 {
	members = slices.DeleteFunc(slices.Compact(members), func(h int64) bool { return h == noSource })
	switch len(members) {
	case 0:
		return noSource
	case 1:
		return members[0]
	}
	l.sets = append(l.sets, slices.Clip(members))
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
	h := l.join([]int64{a, b})
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
	members := make([][]int64, n)
	for row, g := range groups {
		if h := r.handle(row); h != noSource {
			members[g] = append(members[g], h)
		}
	}
	out := make([]int64, n)
	for g := range out {
		out[g] = l.join(members[g])
	}
	return out
}

// of is the handle of the union of some rows' lineage.
func (l *lineage) of(r *relation, rows []uint32) int64 {
	members := make([]int64, len(rows))
	for i, row := range rows {
		members[i] = r.handle(int(row))
	}
	return l.join(members)
}

// adopt brings the lineage of a stored table into this run.
func (l *lineage) adopt(t *Table) *vector {
	from := t.origins()
	if len(from.sets) == 0 {
		return from.handles
	}
	base := len(l.sets)
	for _, set := range from.sets {
		moved := make([]int64, len(set))
		for i, h := range set {
			moved[i] = shifted(h, base)
		}
		l.sets = append(l.sets, moved)
	}
	out := make([]int64, t.rows)
	for i := range out {
		out[i] = shifted(from.handles.number(i), base)
	}
	return lineageOf(out)
}

// shifted is a handle after its set has moved.
func shifted(h int64, by int) int64 {
	if h < noSource {
		return setHandle(setIndex(h) + by)
	}
	return h
}
