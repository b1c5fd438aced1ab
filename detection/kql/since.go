package kql

import (
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Since is the table without the rows whose datetime column is before from; rows without a time stay. It is the table
// itself if it has no such column, or no such row.
func (t *Table) Since(column string, from time.Time) *Table {
	at, ok := t.position(column)
	if !ok || t.columns[at].Type != value.DateTime {
		return t
	}
	keep := make([]uint32, 0, t.rows)
	for row := range t.rows {
		if v := t.vectors[at].value(row); v.IsNull() || !v.DateTime().Time().Before(from) {
			keep = append(keep, uint32(row))
		}
	}
	if len(keep) == t.rows {
		return t
	}
	out := &Table{columns: t.columns, rows: len(keep), places: t.places}
	for _, v := range t.vectors {
		out.vectors = append(out.vectors, v.gather(keep))
	}
	all := t.origins()
	kept := origins{handles: all.handles.gather(keep), sets: all.sets}
	out.origins = func() origins { return kept }
	return out
}
