package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Source is the lineage id of a row of a source table, chosen by whoever builds the
// table: the normaliser uses the index of the event in its recording. A negative id
// means that the row comes from nowhere (a datatable, a print).
type Source int64

// Database gives the tables that a query reads. A table that it does not know is, for
// a query bound against a schema that has it, an empty one.
type Database interface {
	Table(name string) (*Table, bool)
}

// Tables is a [Database] of named tables.
type Tables map[string]*Table

// Table finds a table by its exact name.
func (t Tables) Table(name string) (*Table, bool) {
	table, ok := t[name]
	return table, ok
}

// Table is an immutable set of rows, stored by column: strings as codes into a
// dictionary of distinct values, everything else as typed slices. It is safe for
// concurrent use.
type Table struct {
	columns []value.Column
	vectors []*vector
	rows    int
	origins func() origins
	places  map[string]int // of the columns by name; nil in a result
}

// position finds a column by name.
func (t *Table) position(name string) (int, bool) {
	if t.places != nil {
		i, ok := t.places[name]
		return i, ok
	}
	i := slices.IndexFunc(t.columns, func(c value.Column) bool { return c.Name == name })
	return i, i >= 0
}

// origins is where the rows of a table come from: the lineage handle of every row, and the sets behind the handles.
type origins struct {
	handles *vector
	sets    [][]int64
}

// Columns describes the columns in order; the caller must not change the slice.
func (t *Table) Columns() []value.Column { return t.columns }

// Len is the number of rows.
func (t *Table) Len() int { return t.rows }

// At is one cell.
func (t *Table) At(row, col int) value.Value { return t.vectors[col].value(row) }

// Sources lists, sorted and without repetition, the source rows that a row comes from. The caller must not change the
// slice.
//
//   - An operator on single rows (where, extend, project, parse, mv-expand, mv-apply, sort, take, union ...) passes them on.
//   - A join pairs them; of a semi join they are those of the row and of all rows that match it, and so of
//     `where x in (T)`. Of a row without a match they are its own.
//   - An aggregation (summarize, distinct, count, make-series, pivot, top-nested, which has those of its first level) has
//     all rows of the group, also those that an ...if function passed over, and for arg_max those that did not win:
//     without the winner, another would take its place.
//     Without keys it gives a row also of nothing, which comes from nowhere.
//   - partition has those of its subquery, scan those of the rows that matched the steps.
//   - Rows that are only looked at, by toscalar() or by `in (T)` inside a larger condition, and rows that are not there
//     (anti and outer joins, !in) are not among them.
//
// Without its sources a row would not be there, and it does not depend on any other row, but where [Query.Caveats] says so.
//
// Of a result they are worked out when they are first asked for; until then the result keeps the tables that the query
// read.
func (t *Table) Sources(row int) []Source {
	from := t.origins()
	return sourcesOf(from.sets, from.handles.number(row))
}

// A lineage handle is a source id when it is not negative, noSource, or the index of
// a set of ids, so that the common row, which comes from one event, costs eight bytes.
const noSource = int64(-1)

func setHandle(index int) int64 { return -2 - int64(index) }

func setIndex(handle int64) int { return int(-2 - handle) }

// Builder collects rows into a [Table].
type Builder struct {
	columns []value.Column
	cells   []columnBuilder
	lineage []int64
}

// NewBuilder starts a table with the given columns.
func NewBuilder(cols []value.Column) *Builder {
	b := &Builder{columns: slices.Clone(cols), cells: make([]columnBuilder, len(cols))}
	for i, c := range cols {
		b.cells[i].typ = c.Type
	}
	return b
}

// Append adds a row. A missing cell is null, a cell of another type is converted to the
// column's as by the todatetime() family; surplus cells are ignored.
func (b *Builder) Append(src Source, cells ...value.Value) *Builder {
	for i := range b.cells {
		if i < len(cells) {
			b.cells[i].append(cells[i])
		} else {
			b.cells[i].append(value.Null(b.cells[i].typ))
		}
	}
	b.lineage = append(b.lineage, max(int64(src), noSource))
	return b
}

// Len is the number of rows so far.
func (b *Builder) Len() int { return len(b.lineage) }

// Table gives the finished table; the builder must not be used after it.
func (b *Builder) Table() *Table {
	from := origins{handles: lineageOf(b.lineage).pack()}
	t := &Table{columns: b.columns, rows: len(b.lineage), origins: func() origins { return from }}
	t.places = make(map[string]int, len(b.columns))
	for i := range b.cells {
		t.vectors = append(t.vectors, b.cells[i].vector())
		t.places[b.columns[i].Name] = i
	}
	return t
}

// Forgetful is the same table with dictionaries that have been asked nothing yet: queries on it start without the
// answers that earlier ones left behind.
func (t *Table) Forgetful() *Table {
	out := *t
	out.vectors = make([]*vector, len(t.vectors))
	for i, v := range t.vectors {
		out.vectors[i] = v
		if v.dict != nil {
			fresh := *v
			fresh.dict = v.dict.forgetful()
			out.vectors[i] = &fresh
		}
	}
	return &out
}
