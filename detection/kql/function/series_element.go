package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// number is an element of an array as arithmetic sees it. One that is no number has no value.
type number struct {
	real    float64
	whole   int64
	isWhole bool
	valid   bool
}

// numberOf reads an element. A datetime or timespan counts as its ticks.
func numberOf(x any) number {
	switch x := x.(type) {
	case int64:
		return number{real: float64(x), whole: x, isWhole: true, valid: true}
	case float64:
		return number{real: x, valid: !math.IsNaN(x)}
	case value.Instant:
		return number{real: float64(x), whole: int64(x), isWhole: true, valid: true}
	case value.Duration:
		return number{real: float64(x), whole: int64(x), isWhole: true, valid: true}
	default:
		return number{}
	}
}

// operand is an argument of element-wise arithmetic: an array, or a scalar that stands for as many as are needed.
type operand struct {
	numbers []number
	scalar  bool
	whole   bool // all numbers are whole
}

// operandOf is false for a dynamic that is no array.
func operandOf(v value.Value) (operand, bool) {
	if v.Type() != value.Dynamic {
		if v.Type() == value.Decimal {
			v = value.Convert(v, value.Real)
		}
		n := numberOf(v.ToDynamic())
		return operand{numbers: []number{n}, scalar: true, whole: n.isWhole}, true
	}
	list, ok := v.Dynamic().([]any)
	if !ok {
		return operand{}, false
	}
	o := operand{numbers: make([]number, len(list)), whole: true}
	for i, x := range list {
		o.numbers[i] = numberOf(x)
		o.whole = o.whole && (o.numbers[i].isWhole || !o.numbers[i].valid)
	}
	return o, true
}

func (o operand) at(i int) number {
	switch {
	case o.scalar:
		return o.numbers[0]
	case i < len(o.numbers):
		return o.numbers[i]
	default:
		return number{}
	}
}

// onPairs applies an operation to the elements of two arrays. Where either has no number the result is
// null, also beyond the end of the shorter array. The operation is told whether the result is to be whole.
func onPairs(operation func(a, b number, whole bool) any) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		a, aOK := operandOf(args[0])
		b, bOK := operandOf(args[1])
		if !aOK || !bOK {
			return c.Null()
		}
		n := 0
		for _, o := range []operand{a, b} {
			if !o.scalar {
				n = max(n, len(o.numbers))
			}
		}
		out := make([]any, n)
		for i := range out {
			if x, y := a.at(i), b.at(i); x.valid && y.valid {
				out[i] = operation(x, y, a.whole && b.whole)
			}
		}
		return value.NewDynamic(out)
	}
}

// seriesArithmetic stays whole if both arrays are.
func seriesArithmetic(reals func(a, b float64) float64, wholes func(a, b int64) int64) Call {
	return onPairs(func(a, b number, whole bool) any {
		if whole {
			return wholes(a.whole, b.whole)
		}
		return reals(a.real, b.real)
	})
}

// seriesReal always gives reals.
func seriesReal(f func(a, b float64) float64) Call {
	return onPairs(func(a, b number, _ bool) any { return f(a.real, b.real) })
}

// seriesComparison tests the order of two elements: -1, 0 or 1.
func seriesComparison(test func(order int) bool) Call {
	return onPairs(func(a, b number, _ bool) any {
		if a.isWhole && b.isWhole {
			return test(orderOf(a.whole, b.whole))
		}
		return test(orderOf(a.real, b.real))
	})
}

func orderOf[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// onElements applies a function to each element of an array; what is no number becomes null.
func onElements(f func(n number, whole bool) any) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		o, ok := operandOf(args[0])
		if !ok {
			return c.Null()
		}
		out := make([]any, len(o.numbers))
		for i, n := range o.numbers {
			if n.valid {
				out[i] = f(n, o.whole)
			}
		}
		return value.NewDynamic(out)
	}
}

// onRealElements is a function of mathematics on each element.
func onRealElements(f func(float64) float64) Call {
	return onElements(func(n number, _ bool) any { return f(n.real) })
}

func elementAbs(n number, whole bool) any {
	if whole {
		return max(n.whole, -n.whole)
	}
	return math.Abs(n.real)
}

func elementSign(n number, _ bool) any { return int64(orderOf(n.real, 0)) }
