package kql

// stored is bin() of a stored column with a size that is the same for all rows, nil if it is of something else. There
// are few bins, so that the result is codes; and times come in order, so that most blocks lie in one bin.
func (e *wholeBin) stored(x *execution, r *relation) (*vector, error) {
	column, ok := e.args[0].(*columnRef)
	if !ok || r.slots[column.index].selection != nil {
		return nil, nil
	}
	v := r.slots[column.index].resting()
	if !v.integral() || v.nulls != nil {
		return nil, nil
	}
	size, err := e.args[1].eval(x, r)
	if err != nil || !size.constant || size.isNull(0) || size.ints[0] <= 0 {
		return nil, err
	}
	b := &binning{width: size.ints[0], index: map[int64]uint32{}}
	codes := make([]uint32, v.rows)
	for i := range v.packed.blocks {
		if !b.block(&v.packed.blocks[i], codes[i*blockRows:min((i+1)*blockRows, v.rows)]) {
			return nil, nil
		}
	}
	return &vector{typ: e.result, rows: v.rows, codes: codes, ints: b.starts, distinct: true}, nil
}

// binning numbers the bins that occur.
type binning struct {
	width  int64
	starts []int64
	index  map[int64]uint32
}

// maxBins is how many bins are worth numbering.
const maxBins = 1 << 12

// code is the number of the bin that starts at a multiple of the width.
func (b *binning) code(start int64) uint32 {
	code, ok := b.index[start]
	if !ok {
		code = uint32(len(b.starts))
		b.starts = append(b.starts, start)
		b.index[start] = code
	}
	return code
}

func (b *binning) start(n int64) int64 { return floorQuotient(n, b.width) * b.width }

// block writes the codes of a block, unless there are too many bins.
func (b *binning) block(from *block, codes []uint32) bool {
	start := b.start(from.least)
	if start == b.start(from.most) {
		code := b.code(start)
		for i := range codes {
			codes[i] = code
		}
		return len(b.starts) <= maxBins
	}
	code := b.code(start)
	for i := range codes {
		n := from.at(i)
		if uint64(n)-uint64(start) >= uint64(b.width) { // also of one that lies before
			start = b.start(n)
			code = b.code(start)
		}
		codes[i] = code
	}
	return len(b.starts) <= maxBins
}
