package function

import (
	"math/bits"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func bitFunctions() []Function {
	return []Function{
		{Name: "binary_and", Signatures: []string{"first long value1:Integer value2:Integer"}, Doc: "binary-and-function", Nulls: Propagate, Call: onBits(bitAnd)},
		{Name: "binary_or", Signatures: []string{"first long value1:Integer value2:Integer"}, Doc: "binary-or-function", Nulls: Propagate, Call: onBits(bitOr)},
		{Name: "binary_xor", Signatures: []string{"first long value1:Integer value2:Integer"}, Doc: "binary-xor-function", Nulls: Propagate, Call: onBits(bitXor)},
		{Name: "binary_not", Signatures: []string{"first long value:Integer"}, Doc: "binary-not-function", Nulls: Propagate, Call: onBits(bitNot)},
		{Name: "binary_shift_left", Signatures: []string{"first long value:Integer shift:Integer"}, Doc: "binary-shift-left-function", Nulls: Propagate, Call: shifted(left)},
		{Name: "binary_shift_right", Signatures: []string{"first long value:Integer shift:Integer"}, Doc: "binary-shift-right-function", Nulls: Propagate, Call: shifted(right)},
		{Name: "bitset_count_ones", Signatures: []string{"first long value:Integer"}, Doc: "bitset-count-ones-function", Nulls: Propagate, Call: onBits(countOnes)},
	}
}

// onBits is a function of one or two longs.
func onBits(f func(a, b int64) int64) Call {
	return func(_ *Invocation, args []value.Value) value.Value {
		return value.NewLong(f(long(args, 0, 0), long(args, 1, 0)))
	}
}

func bitAnd(a, b int64) int64 { return a & b }

func bitOr(a, b int64) int64 { return a | b }

func bitXor(a, b int64) int64 { return a ^ b }

func bitNot(a, _ int64) int64 { return ^a }

// shifted is a shift, by a count modulo 64 as the processor takes it; a negative count gives null.
func shifted(f func(a int64, n uint64) int64) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		n := long(args, 1, 0)
		if n < 0 {
			return c.Null()
		}
		return value.NewLong(f(long(args, 0, 0), uint64(n)%64))
	}
}

func left(a int64, n uint64) int64 { return a << n }

func right(a int64, n uint64) int64 { return a >> n }

func countOnes(a, _ int64) int64 { return int64(bits.OnesCount64(uint64(a))) }
