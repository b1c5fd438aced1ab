package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// missingElement tells elements that are to be filled: those equal to the placeholder that is argument i, nulls
// if there is none or it is null.
func missingElement(args []value.Value, i int) func(x any) bool {
	if i >= len(args) || args[i].IsNull() {
		return func(x any) bool {
			f, isReal := x.(float64)
			return x == nil || isReal && math.IsNaN(f)
		}
	}
	placeholder := value.Convert(args[i], value.Real)
	return func(x any) bool {
		n := numberOf(x)
		return n.valid && n.real == placeholder.Real()
	}
}

// fillNeighbour gives each missing element the value that was last seen; those before the first one stay.
func fillNeighbour(backward bool) Call {
	return onArray(func(_ *Invocation, list []any, args []value.Value) value.Value {
		missing := missingElement(args, 1)
		out := make([]any, len(list))
		var last any
		seen := false
		for i := range list {
			at := i
			if backward {
				at = len(list) - 1 - i
			}
			out[at] = list[at]
			if !missing(list[at]) {
				last, seen = list[at], true
			} else if seen {
				out[at] = last
			}
		}
		return value.NewDynamic(out)
	})
}

func fillConstant(_ *Invocation, list []any, args []value.Value) value.Value {
	missing := missingElement(args, 2)
	var constant any = int64(0)
	if len(args) > 1 {
		constant = args[1].ToDynamic()
	}
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
		if missing(x) {
			out[i] = constant
		}
	}
	return value.NewDynamic(out)
}

// fillLinear is series_fill_linear(array, placeholder, fill_edges, constant). An array of whole numbers stays one; its
// interpolated values lose their fraction.
func fillLinear(_ *Invocation, list []any, args []value.Value) value.Value {
	missing := missingElement(args, 1)
	out := make([]any, len(list))
	whole, previous := true, -1
	var known []int
	for i, x := range list {
		if n := numberOf(x); n.valid && !missing(x) {
			known, whole = append(known, i), whole && n.isWhole
		}
		out[i] = x
	}
	if len(known) == 0 {
		return value.NewDynamic(fillAll(list, args))
	}
	for _, i := range known {
		if previous >= 0 {
			interpolate(out, previous, i, whole, missing)
		}
		previous = i
	}
	if len(args) < 3 || args[2].IsNull() || args[2].Bool() {
		first, last := known[0], known[len(known)-1]
		for i, x := range list {
			switch {
			case i < first && missing(x):
				out[i] = list[first]
			case i > last && missing(x):
				out[i] = list[last]
			}
		}
	}
	return value.NewDynamic(out)
}

// fillAll is an array without any value, filled with a constant; a null leaves it as it is.
func fillAll(list []any, args []value.Value) []any {
	var constant any = 0.0
	if len(args) > 3 {
		constant = args[3].ToDynamic()
	}
	out := make([]any, len(list))
	for i := range out {
		out[i] = constant
		if constant == nil {
			out[i] = list[i]
		}
	}
	return out
}

// interpolate fills the missing elements between two known ones.
func interpolate(list []any, from, to int, whole bool, missing func(x any) bool) {
	a, b := numberOf(list[from]).real, numberOf(list[to]).real
	for i := from + 1; i < to; i++ {
		v := a + (b-a)*float64(i-from)/float64(to-from)
		switch {
		case !missing(list[i]):
		case whole:
			list[i] = int64(v)
		default:
			list[i] = v
		}
	}
}
