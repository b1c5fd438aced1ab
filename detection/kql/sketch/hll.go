package sketch

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// HLL is a HyperLogLog sketch: it estimates how many distinct values it was given, by their hashes. It keeps the
// hashes themselves, and so counts exactly, until there are more than [maxHashes].
type HLL struct {
	precision int // log2 of the number of registers
	hashes    map[uint64]bool
	registers []byte
}

// maxHashes is how many hashes a sketch keeps before it falls back on registers; the service writes this number
// into the sketch.
const maxHashes = 1024

// DefaultAccuracy is the accuracy of a sketch for which the query asks none.
const DefaultAccuracy = 1

// precisions are log2 of the number of registers of the accuracies 0 to 4.
// Source: https://learn.microsoft.com/kusto/query/dcount-aggregation-function#estimation-accuracy
var precisions = [...]int{12, 14, 16, 17, 18}

// NewHLL makes an empty sketch of an accuracy from 0 (fastest) to 4 (most exact); ok is false for any other.
func NewHLL(accuracy int) (h *HLL, ok bool) {
	if accuracy < 0 || accuracy >= len(precisions) {
		return nil, false
	}
	return &HLL{precision: precisions[accuracy], hashes: map[uint64]bool{}}, true
}

// Add counts a value by its 64-bit hash.
func (h *HLL) Add(hash uint64) {
	if h.registers != nil {
		h.register(hash)
		return
	}
	h.hashes[hash] = true
	if len(h.hashes) > maxHashes {
		h.condense()
	}
}

// condense turns the hashes into registers.
func (h *HLL) condense() {
	if h.registers != nil {
		return
	}
	h.registers = make([]byte, 1<<h.precision)
	for hash := range h.hashes {
		h.register(hash)
	}
	h.hashes = nil
}

// register notes, in the register that the first bits of a hash choose, the place of the first one in the others.
func (h *HLL) register(hash uint64) {
	index := hash >> (64 - h.precision)
	rank := min(bits.LeadingZeros64(hash<<h.precision)+1, 64-h.precision+1)
	h.registers[index] = max(h.registers[index], byte(rank))
}

// Merge adds what another sketch has counted. Of two accuracies the lower one remains.
func (h *HLL) Merge(other *HLL) {
	h.lower(other.precision)
	if other.registers == nil {
		for hash := range other.hashes {
			h.Add(hash)
		}
		return
	}
	h.condense()
	folded := other.folded(h.precision)
	for i, rank := range folded {
		h.registers[i] = max(h.registers[i], rank)
	}
}

// lower reduces the number of registers.
func (h *HLL) lower(precision int) {
	if precision >= h.precision {
		return
	}
	if h.registers != nil {
		h.registers = h.folded(precision)
	}
	h.precision = precision
}

// folded is the registers that a sketch of at most the same precision would have. The bits of the index that are
// no longer part of it come before those that the rank was counted in.
func (h *HLL) folded(precision int) []byte {
	lost := h.precision - precision
	if lost == 0 {
		return h.registers
	}
	out := make([]byte, 1<<precision)
	for i, rank := range h.registers {
		if rank == 0 {
			continue
		}
		if suffix := i & (1<<lost - 1); suffix != 0 {
			rank = byte(lost - bits.Len(uint(suffix)) + 1)
		} else {
			rank += byte(lost)
		}
		out[i>>lost] = max(out[i>>lost], rank)
	}
	return out
}

// Count estimates the number of distinct values.
func (h *HLL) Count() int64 {
	if h.registers == nil {
		return int64(len(h.hashes))
	}
	return int64(math.Round(h.estimate()))
}

// estimate is that of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6:
// it needs no table of corrections.
func (h *HLL) estimate() float64 {
	q := 64 - h.precision
	counts := make([]float64, q+2)
	for _, rank := range h.registers {
		counts[rank]++
	}
	m := float64(len(h.registers))
	z := m * tau(1-counts[q+1]/m)
	for k := q; k >= 1; k-- {
		z = 0.5 * (z + counts[k])
	}
	z += m * sigma(counts[0]/m)
	return m * m / (2 * math.Ln2 * z)
}

// sigma corrects for registers that nothing has reached.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

// tau corrects for registers that can count no further.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}

// Dynamic is the sketch as a dynamic value: the limits, the hashes as texts in ascending order, and the registers,
// a text of one character each.
func (h *HLL) Dynamic() any {
	list, registers := []any{}, []any{}
	signed := make([]int64, 0, len(h.hashes))
	for hash := range h.hashes {
		signed = append(signed, int64(hash))
	}
	slices.Sort(signed)
	for _, n := range signed {
		list = append(list, strconv.FormatInt(n, 10))
	}
	if h.registers != nil {
		text := make([]byte, len(h.registers))
		for i, rank := range h.registers {
			text[i] = firstRegister + rank
		}
		registers = append(registers, string(text))
	}
	return []any{[]any{int64(maxHashes), int64(h.precision)}, list, registers}
}

// firstRegister is the character of a register that nothing has reached; those that follow it need no escaping
// in JSON save one, which stands for a rank of 32 in 2^60 values.
const firstRegister = '<'

// ParseHLL reads what [HLL.Dynamic] gives; ok is false for anything else.
func ParseHLL(x any) (h *HLL, ok bool) {
	parts, ok := x.([]any)
	if !ok || len(parts) != 3 {
		return nil, false
	}
	head, list, registers := listOf(parts[0]), listOf(parts[1]), listOf(parts[2])
	if len(head) != 2 || len(registers) > 1 || len(list) > maxHashes {
		return nil, false
	}
	precision, ok := head[1].(int64)
	if !ok || !slices.Contains(precisions[:], int(precision)) {
		return nil, false
	}
	h = &HLL{precision: int(precision), hashes: map[uint64]bool{}}
	if len(registers) == 1 {
		return h, len(list) == 0 && h.parseRegisters(registers[0])
	}
	for _, e := range list {
		hash, ok := parseHash(e)
		if !ok {
			return nil, false
		}
		h.hashes[hash] = true
	}
	return h, true
}

func (h *HLL) parseRegisters(x any) bool {
	text, ok := x.(string)
	if !ok || len(text) != 1<<h.precision {
		return false
	}
	h.registers, h.hashes = make([]byte, len(text)), nil
	for i := range len(text) {
		rank := text[i] - firstRegister
		if int(rank) > 64-h.precision+1 {
			return false
		}
		h.registers[i] = rank
	}
	return true
}

// parseHash reads a hash; one that went through JSON as a number is one as well.
func parseHash(x any) (uint64, bool) {
	switch x := x.(type) {
	case int64:
		return uint64(x), true
	case string:
		n, err := strconv.ParseInt(x, 10, 64)
		return uint64(n), err == nil
	default:
		return 0, false
	}
}

func listOf(x any) []any {
	list, _ := x.([]any)
	return list
}

// Intersection estimates how many values all of the sketches have, one at least: from the hashes while there are
// few, else from the sizes of their unions.
func Intersection(sketches []*HLL) int64 {
	first := sketches[0]
	for _, h := range sketches {
		if h.registers != nil {
			return included(sketches)
		}
	}
	n := int64(0)
	for hash := range first.hashes {
		in := true
		for _, h := range sketches[1:] {
			in = in && h.hashes[hash]
		}
		if in {
			n++
		}
	}
	return n
}

// included is the inclusion-exclusion principle: the sizes of the unions of an odd number of sets less those of an
// even number.
func included(sketches []*HLL) int64 {
	sum := int64(0)
	for subset := 1; subset < 1<<len(sketches); subset++ {
		joined := &HLL{precision: precisions[len(precisions)-1], hashes: map[uint64]bool{}}
		for i, h := range sketches {
			if subset>>i&1 == 1 {
				joined.Merge(h)
			}
		}
		if bits.OnesCount(uint(subset))%2 == 1 {
			sum += joined.Count()
		} else {
			sum -= joined.Count()
		}
	}
	return max(0, sum)
}
