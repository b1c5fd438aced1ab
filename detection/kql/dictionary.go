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
	marks   []int    // offset in the arena of every value whose number is a multiple of markEvery
	foreign []uint32 // the values that are not ASCII, whose case folding needs Unicode

	mu      sync.Mutex
	answers map[string]*answer
	asked   map[string]bool
}

const markEvery = 16

// newDictionary copies the values into an arena of their own.
func newDictionary(distinct []string) *dictionary {
	size := len(distinct)
	for _, s := range distinct {
		size += len(s)
	}
	var arena strings.Builder
	arena.Grow(size)
	d := &dictionary{values: make([]string, len(distinct))}
	for i, s := range distinct {
		if i%markEvery == 0 {
			d.marks = append(d.marks, arena.Len())
		}
		arena.WriteString(s)
		arena.WriteByte(0)
		if !isASCII(s) {
			d.foreign = append(d.foreign, uint32(i))
		}
	}
	d.arena = arena.String()
	offset := 0
	for i, s := range distinct {
		d.values[i] = d.arena[offset : offset+len(s)]
		offset += len(s) + 1
	}
	return d
}

// holding finds the value that an offset lies in, and the offset behind its last byte. It looks no further back than the
// mark before the value from.
func (d *dictionary) holding(offset, from int) (value, end int) {
	mark := from / markEvery
	mark += sort.Search(len(d.marks)-mark, func(i int) bool { return d.marks[mark+i] > offset }) - 1
	value, end = mark*markEvery, d.marks[mark]
	for {
		end += len(d.values[value])
		if offset <= end {
			return value, end
		}
		value, end = value+1, end+1
	}
}

// maxAnswers bounds what is remembered of patterns and questions; a rule set asks a few
// hundred questions of a column.
const maxAnswers = 4096

// maxAnswerBytes bounds the memory of a dictionary's answers.
const maxAnswerBytes = 64 << 20

// answer gives the result of a predicate for every value, computing it at most once
// per key.
func (d *dictionary) answer(key string, compute func() *answer) *answer {
	if a := d.known(key); a != nil {
		return a
	}
	a := compute()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answers == nil || len(d.answers) >= maxAnswers || len(d.answers)*len(d.values)/8 >= maxAnswerBytes {
		d.answers = map[string]*answer{}
	}
	d.answers[key] = a
	return a
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
func (d *dictionary) known(key string) *answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answers[key]
}

// forgetful is the dictionary without its answers.
func (d *dictionary) forgetful() *dictionary {
	return &dictionary{values: d.values, arena: d.arena, marks: d.marks, foreign: d.foreign}
}
