package kql

import (
	"sort"
	"strings"
	"sync"
)

// dictionary holds the distinct values of a stored string column, once each, in one
// arena where they are followed by a NUL byte. Predicates scan the arena as a whole
// and their results are kept, so that the next query that asks the same is answered
// by its codes alone.
type dictionary struct {
	values  []string
	arena   string
	starts  []int    // offset of each value in the arena
	foreign []uint32 // the values that are not ASCII, whose case folding needs Unicode

	mu      sync.Mutex
	answers map[string][]bool
	asked   map[string]bool
}

// newDictionary copies the values into an arena of their own.
func newDictionary(distinct []string) *dictionary {
	size := len(distinct)
	for _, s := range distinct {
		size += len(s)
	}
	var arena strings.Builder
	arena.Grow(size)
	d := &dictionary{values: make([]string, len(distinct)), starts: make([]int, len(distinct))}
	for i, s := range distinct {
		d.starts[i] = arena.Len()
		arena.WriteString(s)
		arena.WriteByte(0)
		if !isASCII(s) {
			d.foreign = append(d.foreign, uint32(i))
		}
	}
	d.arena = arena.String()
	for i, s := range distinct {
		d.values[i] = d.arena[d.starts[i] : d.starts[i]+len(s)]
	}
	return d
}

// end is the offset behind the last byte of a value.
func (d *dictionary) end(value int) int { return d.starts[value] + len(d.values[value]) }

// holding finds the value that an offset lies in, from a value that begins before it.
func (d *dictionary) holding(offset, from int) int {
	after := sort.Search(len(d.starts)-from, func(i int) bool { return d.starts[from+i] > offset })
	return from + after - 1
}

// maxAnswers bounds what is remembered of patterns and questions; a rule set asks a few
// hundred questions of a column.
const maxAnswers = 4096

// maxAnswerBytes bounds the memory of a dictionary's answers, one byte for each value.
const maxAnswerBytes = 64 << 20

// answer gives the result of a predicate for every value, computing it at most once
// per key.
func (d *dictionary) answer(key string, compute func() []bool) []bool {
	if bits := d.known(key); bits != nil {
		return bits
	}
	bits := compute()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answers == nil || len(d.answers) >= maxAnswers || len(d.answers)*len(d.values) >= maxAnswerBytes {
		d.answers = map[string][]bool{}
	}
	d.answers[key] = bits
	return bits
}

// again reports whether a question was asked before, and notes it.
func (d *dictionary) again(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked[key] {
		return true
	}
	if d.asked == nil || len(d.asked) >= maxAnswers {
		d.asked = map[string]bool{}
	}
	d.asked[key] = true
	return false
}

// known gives a remembered answer or nil.
func (d *dictionary) known(key string) []bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answers[key]
}

// forgetful is the dictionary without its answers.
func (d *dictionary) forgetful() *dictionary {
	return &dictionary{values: d.values, arena: d.arena, starts: d.starts, foreign: d.foreign}
}
