package kql

import "math"

// narrow is a list of numbers, none of them negative, in as few bytes as the greatest of them needs. One of its slices
// is used.
type narrow struct {
	bytes  []uint8
	halves []uint16
	words  []uint32
}

// narrowed stores numbers that are at most top.
func narrowed(numbers []uint32, top uint64) narrow {
	switch {
	case top <= math.MaxUint8:
		return narrow{bytes: shortened[uint8](numbers)}
	case top <= math.MaxUint16:
		return narrow{halves: shortened[uint16](numbers)}
	default:
		return narrow{words: shortened[uint32](numbers)}
	}
}

func shortened[T uint8 | uint16 | uint32](numbers []uint32) []T {
	out := make([]T, len(numbers))
	for i, n := range numbers {
		out[i] = T(n)
	}
	return out
}

func (n *narrow) at(i int) uint32 {
	switch {
	case n.bytes != nil:
		return uint32(n.bytes[i])
	case n.halves != nil:
		return uint32(n.halves[i])
	default:
		return n.words[i]
	}
}

// expand is all numbers.
func (n *narrow) expand() []uint32 {
	switch {
	case n.bytes != nil:
		return widened(n.bytes)
	case n.halves != nil:
		return widened(n.halves)
	default:
		return n.words
	}
}

func widened[T uint8 | uint16](numbers []T) []uint32 {
	out := make([]uint32, len(numbers))
	widen(out, numbers)
	return out
}

func widen[T uint8 | uint16](out []uint32, numbers []T) {
	for i, n := range numbers[:len(out)] {
		out[i] = uint32(n)
	}
}

// pick is the numbers at the given places.
func (n *narrow) pick(places []uint32) []uint32 {
	switch {
	case n.bytes != nil:
		return pickWide(n.bytes, places)
	case n.halves != nil:
		return pickWide(n.halves, places)
	default:
		return pick(n.words, places)
	}
}

func pickWide[T uint8 | uint16](from []T, places []uint32) []uint32 {
	out := make([]uint32, len(places))
	for i, p := range places {
		out[i] = uint32(from[p])
	}
	return out
}

// blockRows is how many rows of a packed column of integers stand together; a whole number of the words of a [rowset].
const blockRows = 1 << 12

// block is up to [blockRows] integers: their least, their greatest, and how far each is above the least.
type block struct {
	least, most int64
	above       narrow
	wide        []int64 // the integers themselves, where the distances do not fit 32 bits
}

func newBlock(numbers []int64) block {
	b := block{least: numbers[0], most: numbers[0]}
	for _, n := range numbers {
		b.least, b.most = min(b.least, n), max(b.most, n)
	}
	spread := uint64(b.most) - uint64(b.least)
	if spread > math.MaxUint32 {
		b.wide = append(b.wide, numbers...)
		return b
	}
	above := make([]uint32, len(numbers))
	for i, n := range numbers {
		above[i] = uint32(uint64(n) - uint64(b.least))
	}
	b.above = narrowed(above, spread)
	return b
}

func (b *block) at(i int) int64 {
	if b.wide != nil {
		return b.wide[i]
	}
	return b.least + int64(b.above.at(i))
}

// packed is how the column of a stored table rests in memory: codes at the width that the dictionary needs, integers
// as blocks. Queries unpack the rows that they look at.
type packed struct {
	codes  narrow
	blocks []block
	coded  bool
}

// packedFrom is the number of rows from which packing pays.
const packedFrom = 1 << 9

// pack gives the vector its packed form, if it has one.
func (v *vector) pack() *vector {
	if v.rows < packedFrom || v.constant || v.packed != nil {
		return v
	}
	out := *v
	switch {
	case v.codes != nil:
		out.packed = &packed{codes: narrowed(v.codes, uint64(v.size())), coded: true}
		out.codes = nil
	case storageOf(v.typ) == inInts:
		out.packed = &packed{}
		for from := 0; from < v.rows; from += blockRows {
			out.packed.blocks = append(out.packed.blocks, newBlock(v.ints[from:min(from+blockRows, v.rows)]))
		}
		out.ints = nil
	default:
		return v
	}
	return &out
}

// unpack is the vector as the engine computes with it.
func (v *vector) unpack() *vector {
	if v.packed == nil {
		return v
	}
	out := *v
	out.packed = nil
	if v.packed.coded {
		out.codes = v.packed.codes.expand()
	} else {
		out.ints = v.packed.integers(v.rows)
	}
	return &out
}

// unpackIntegers is unpack for what is not coded: a table by payload entries serves packed codes as well.
func unpackIntegers(v *vector) *vector {
	if v.integral() {
		return v.unpack()
	}
	return v
}

// integers is the content of all blocks.
func (p *packed) integers(rows int) []int64 {
	out := make([]int64, rows)
	for i := range p.blocks {
		b := &p.blocks[i]
		to := out[i*blockRows : min((i+1)*blockRows, rows)]
		switch {
		case b.wide != nil:
			copy(to, b.wide)
		case b.above.bytes != nil:
			raise(to, b.least, b.above.bytes)
		case b.above.halves != nil:
			raise(to, b.least, b.above.halves)
		default:
			raise(to, b.least, b.above.words)
		}
	}
	return out
}

func raise[T uint8 | uint16 | uint32](to []int64, least int64, above []T) {
	for i, a := range above {
		to[i] = least + int64(a)
	}
}

// integer is one entry of a column of integers.
func (p *packed) integer(row int) int64 { return p.blocks[row/blockRows].at(row % blockRows) }

// gather is the vector of the given rows, unpacked.
func (p *packed) gather(v *vector, rows []uint32) *vector {
	out := *v
	out.packed, out.rows = nil, len(rows)
	out.ints = make([]int64, len(rows))
	for i, row := range rows {
		out.ints[i] = p.integer(int(row))
	}
	out.nulls = pick(v.nulls, rows)
	return &out
}

// number is the integer that a row holds.
func (v *vector) number(row int) int64 {
	if v.packed != nil && !v.packed.coded {
		return v.packed.integer(row)
	}
	return v.ints[v.entry(row)]
}

// integral reports whether the vector holds one integer for each row, packed.
func (v *vector) integral() bool {
	return v.packed != nil && !v.packed.coded && storageOf(v.typ) == inInts
}

// copy gives the numbers from a place on.
func (n *narrow) copy(out []uint32, from int) {
	switch {
	case n.bytes != nil:
		widen(out, n.bytes[from:])
	case n.halves != nil:
		widen(out, n.halves[from:])
	default:
		copy(out, n.words[from:])
	}
}
