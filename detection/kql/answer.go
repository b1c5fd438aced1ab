package kql

import "math/bits"

// answer is what a predicate says of every value of a dictionary, one bit each.
type answer struct {
	bits  []uint64
	size  int
	count int     // of the values for which it is true
	bytes []uint8 // 1 for those values, if there are few; like the count, known once the answer is complete
}

// maxBytes is up to how many values an answer has bytes, which are faster than bits.
const maxBytes = 1 << 12

func newAnswer(size int) *answer {
	return &answer{bits: make([]uint64, (size+63)/64), size: size}
}

func (a *answer) set(value int) { a.bits[value>>6] |= 1 << (value & 63) }

func (a *answer) has(value uint32) bool { return a.bits[value>>6]>>(value&63)&1 != 0 }

// complete counts the values and is to be called when all of them are set.
func (a *answer) complete() *answer {
	a.count, a.bytes = 0, nil
	for _, w := range a.bits {
		a.count += bits.OnesCount64(w)
	}
	if a.size <= maxBytes {
		a.bytes = make([]uint8, a.size)
		for i := range a.bytes {
			if a.has(uint32(i)) {
				a.bytes[i] = 1
			}
		}
	}
	return a
}

// and keeps the values for which the other answer is true as well.
func (a *answer) and(other *answer) {
	for i, w := range other.bits {
		a.bits[i] &= w
	}
}

// share is the part of the values that pass, between 0 and 1.
func (a *answer) share(negated bool) float64 {
	if a.size == 0 {
		return 0
	}
	share := float64(a.count) / float64(a.size)
	if negated {
		return 1 - share
	}
	return share
}

// truth is a vector's payload: 1 for the values that pass.
func (a *answer) truth(negated bool) []int64 {
	out := make([]int64, a.size)
	for i := range out {
		if a.has(uint32(i)) != negated {
			out[i] = 1
		}
	}
	return out
}
