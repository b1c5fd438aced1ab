package kql

import (
	"math"
	"math/big"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// vector is a column of values of one type. Its payload is one of the typed slices;
// codes, when present, say which payload entry each row holds, so that a function of
// the column is evaluated once per distinct value and shares the codes with its input.
// Vectors are immutable once built.
type vector struct {
	typ      value.Type
	rows     int
	constant bool     // every row holds payload entry 0
	codes    []uint32 // nil: row i holds payload entry i

	strs  []string  // string, guid ("" is the null guid)
	ints  []int64   // bool, int, long, datetime, timespan
	reals []float64 // real
	boxes []any     // dynamic, decimal; nil is null
	nulls []bool    // by payload entry; nil: none; unused for strings, guids and boxes

	dict     *dictionary // of a stored string column; its values are strs
	distinct bool        // no two payload entries are equal
	packed   *packed     // of a stored column: in place of codes or ints
}

// storage says which payload slice a type uses.
type storage uint8

const (
	inStrings storage = iota
	inInts
	inReals
	inBoxes
)

func storageOf(t value.Type) storage {
	switch t {
	case value.String, value.GUID:
		return inStrings
	case value.Real:
		return inReals
	case value.Dynamic, value.Decimal, value.Unknown:
		return inBoxes
	default:
		return inInts
	}
}

// size is the number of payload entries.
func (v *vector) size() int {
	switch storageOf(v.typ) {
	case inStrings:
		return len(v.strs)
	case inReals:
		return len(v.reals)
	case inBoxes:
		return len(v.boxes)
	default:
		return len(v.ints)
	}
}

// entry is the payload entry that a row holds.
func (v *vector) entry(row int) int {
	switch {
	case v.constant:
		return 0
	case v.codes != nil:
		return int(v.codes[row])
	case v.packed != nil && v.packed.coded:
		return int(v.packed.codes.at(row))
	default:
		return row
	}
}

// isNull reports whether a payload entry is null.
func (v *vector) isNull(entry int) bool {
	switch storageOf(v.typ) {
	case inStrings:
		return v.typ == value.GUID && v.strs[entry] == ""
	case inBoxes:
		return v.boxes[entry] == nil
	default:
		return v.nulls != nil && v.nulls[entry]
	}
}

// value is the cell of a row.
func (v *vector) value(row int) value.Value { return v.at(v.entry(row)) }

// at is a payload entry as a scalar.
func (v *vector) at(entry int) value.Value {
	if v.isNull(entry) {
		return value.Null(v.typ)
	}
	if v.integral() {
		return (&vector{typ: v.typ, ints: []int64{v.packed.integer(entry)}}).at(0)
	}
	switch v.typ {
	case value.String:
		return value.NewString(v.strs[entry])
	case value.GUID:
		return value.NewGUID(v.strs[entry])
	case value.Bool:
		return value.NewBool(v.ints[entry] != 0)
	case value.Int:
		return value.NewInt(int32(v.ints[entry]))
	case value.Long:
		return value.NewLong(v.ints[entry])
	case value.DateTime:
		return value.NewDateTime(value.Instant(v.ints[entry]))
	case value.Timespan:
		return value.NewTimespan(value.Duration(v.ints[entry]))
	case value.Real:
		return value.NewReal(v.reals[entry])
	case value.Decimal:
		return decimalOf(v.boxes[entry])
	default:
		return value.NewDynamic(v.boxes[entry])
	}
}

// gather is the vector of the given rows of v, in that order. Encoded payloads are
// shared; dense ones are copied.
func (v *vector) gather(rows []uint32) *vector {
	out := *v
	out.rows = len(rows)
	switch {
	case v.constant:
	case v.codes != nil:
		out.codes = make([]uint32, len(rows))
		for i, r := range rows {
			out.codes[i] = v.codes[r]
		}
	default:
		out.distinct = false // a row can be asked for twice
		out.strs = pick(v.strs, rows)
		out.ints = pick(v.ints, rows)
		out.reals = pick(v.reals, rows)
		out.boxes = pick(v.boxes, rows)
		out.nulls = pick(v.nulls, rows)
	}
	return &out
}

func pick[T any](from []T, rows []uint32) []T {
	if from == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = from[r]
	}
	return out
}

// columnBuilder collects the cells of one column; strings are encoded as they come.
type columnBuilder struct {
	typ   value.Type
	rows  int
	strs  []string
	index map[string]uint32
	codes []uint32
	ints  []int64
	reals []float64
	boxes []any
	nulls []bool
}

func (b *columnBuilder) append(cell value.Value) {
	if cell.Type() != b.typ {
		cell = value.Convert(cell, b.typ)
	}
	switch storageOf(b.typ) {
	case inStrings:
		b.codes = append(b.codes, b.code(cell.Str()))
	case inReals:
		b.reals = append(b.reals, cell.Real())
		b.setNull(cell.IsNull())
	case inBoxes:
		b.boxes = append(b.boxes, boxOf(cell))
	default:
		b.ints = append(b.ints, cell.Int())
		b.setNull(cell.IsNull())
	}
	b.rows++
}

func (b *columnBuilder) code(s string) uint32 {
	if code, ok := b.index[s]; ok {
		return code
	}
	if b.index == nil {
		b.index = map[string]uint32{}
	}
	code := uint32(len(b.strs))
	b.index[s] = code
	b.strs = append(b.strs, s)
	return code
}

// setNull records the null bit of the row being appended; the slice exists from the
// first null on.
func (b *columnBuilder) setNull(null bool) {
	if b.nulls == nil && !null {
		return
	}
	for len(b.nulls) < b.rows {
		b.nulls = append(b.nulls, false)
	}
	b.nulls = append(b.nulls, null)
}

func (b *columnBuilder) vector() *vector {
	v := &vector{typ: b.typ, rows: b.rows, ints: b.ints, reals: b.reals, boxes: b.boxes, nulls: b.nulls}
	if storageOf(b.typ) == inStrings {
		v.codes = b.codes
		v.dict = newDictionary(b.strs)
		v.strs, v.distinct = v.dict.values, true
	}
	return v.pack()
}

// boxOf is the payload of a dynamic or decimal.
func boxOf(v value.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == value.Decimal:
		return v.Decimal()
	default:
		return v.ToDynamic()
	}
}

// constantOf is a vector of equal rows.
func constantOf(v value.Value, rows int) *vector {
	out := newBuffer(v.Type(), 1)
	out.set(0, v)
	c := out.vector()
	c.constant, c.rows = true, rows
	return c
}

// buffer is a dense vector being filled entry by entry.
type buffer struct{ v vector }

func newBuffer(t value.Type, n int) *buffer {
	b := &buffer{v: vector{typ: t, rows: n}}
	switch storageOf(t) {
	case inStrings:
		b.v.strs = make([]string, n)
	case inReals:
		b.v.reals = make([]float64, n)
	case inBoxes:
		b.v.boxes = make([]any, n)
	default:
		b.v.ints = make([]int64, n)
	}
	return b
}

// set stores an entry, converting it to the buffer's type where it differs.
func (b *buffer) set(i int, cell value.Value) {
	if cell.Type() != b.v.typ {
		cell = value.Convert(cell, b.v.typ)
	}
	if cell.IsNull() {
		b.setNull(i)
		return
	}
	switch storageOf(b.v.typ) {
	case inStrings:
		b.v.strs[i] = cell.Str()
	case inReals:
		b.v.reals[i] = cell.Real()
	case inBoxes:
		b.v.boxes[i] = boxOf(cell)
	default:
		b.v.ints[i] = cell.Int()
	}
}

// setNull makes an entry null; string and boxed entries start that way.
func (b *buffer) setNull(i int) {
	if s := storageOf(b.v.typ); s == inStrings || s == inBoxes {
		return
	}
	if b.v.nulls == nil {
		b.v.nulls = make([]bool, b.v.rows)
	}
	b.v.nulls[i] = true
	if b.v.reals != nil {
		b.v.reals[i] = math.NaN()
	}
}

func (b *buffer) vector() *vector { return &b.v }

// decimalOf is the scalar of a boxed decimal.
func decimalOf(box any) value.Value {
	r, _ := box.(*big.Rat)
	return value.NewDecimal(r)
}
