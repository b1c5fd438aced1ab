package kql

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// member is target.name: null if the target is no bag or has no such key.
func member(name string) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		return value.Convert(property(args[0].Dynamic(), name), c.result)
	}
}

func property(x any, name string) value.Value {
	bag, ok := x.(*value.Bag)
	if !ok {
		return value.Null(value.Dynamic)
	}
	v, _ := bag.Get(name)
	return value.NewDynamic(v)
}

// element is target[index]: a key of a bag, or a position of an array, from its end if
// negative.
func element(_ *invocation, args []value.Value) value.Value {
	index := args[1]
	if index.Type() == value.Dynamic {
		index = value.FromDynamic(index.Dynamic())
	}
	if index.Type() == value.String {
		return property(args[0].Dynamic(), index.Str())
	}
	list, ok := args[0].Dynamic().([]any)
	n := value.Convert(index, value.Long)
	if !ok || n.IsNull() {
		return value.Null(value.Dynamic)
	}
	i := n.Int()
	if i < 0 {
		i += int64(len(list))
	}
	if i < 0 || i >= int64(len(list)) {
		return value.Null(value.Dynamic)
	}
	return value.NewDynamic(list[i])
}

// onArray is a function of an array, null for anything else.
func onArray(f func(c *invocation, list []any, args []value.Value) value.Value) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		list, ok := args[0].Dynamic().([]any)
		if !ok {
			return c.null()
		}
		return f(c, list, args)
	}
}

// arrayFunction finds functions of arrays.
func arrayFunction(name string) rowFunction {
	switch name {
	case "array_length", "arraylength":
		return onArray(func(_ *invocation, list []any, _ []value.Value) value.Value { return value.NewLong(int64(len(list))) })
	case "pack_array":
		return func(_ *invocation, args []value.Value) value.Value {
			list := make([]any, len(args))
			for i, a := range args {
				list[i] = a.ToDynamic()
			}
			return value.NewDynamic(list)
		}
	case "array_concat":
		return concatArrays
	case "array_index_of":
		return onArray(arrayIndexOf)
	case "array_slice":
		return onArray(arraySlice)
	case "array_split":
		return onArray(arraySplit)
	case "array_reverse":
		return onArray(func(_ *invocation, list []any, _ []value.Value) value.Value {
			list = slices.Clone(list)
			slices.Reverse(list)
			return value.NewDynamic(list)
		})
	case "array_sort_asc":
		return arraySort(1, 0)
	case "array_sort_desc":
		return arraySort(-1, 0)
	case "array_rotate_left":
		return onArray(arrayRotate(1))
	case "array_rotate_right":
		return onArray(arrayRotate(-1))
	case "array_shift_left":
		return onArray(arrayShift(1))
	case "array_shift_right":
		return onArray(arrayShift(-1))
	case "array_sum", "series_sum":
		return onArray(arraySum)
	case "array_iff", "array_iif":
		return onArray(arrayChoose)
	case "range":
		return rangeArray
	case "repeat":
		return repeatArray
	case "zip":
		return zipArrays
	default:
		return nil
	}
}

func concatArrays(c *invocation, args []value.Value) value.Value {
	list := []any{}
	for _, a := range args {
		part, ok := a.Dynamic().([]any)
		if !ok {
			return c.null()
		}
		list = append(list, part...)
	}
	return value.NewDynamic(list)
}

// arrayIndexOf is array_index_of(array, value, start, length, occurrence), -1 if absent.
func arrayIndexOf(_ *invocation, list []any, args []value.Value) value.Value {
	start, occurrence := long(args, 2, 0), long(args, 4, 1)
	n := int64(len(list))
	if start < 0 {
		start = max(0, start+n)
	}
	end := n
	if length := long(args, 3, -1); length >= 0 {
		end = start + min(length, n-start)
	}
	for i := start; i < end; i++ {
		if !equal(value.FromDynamic(list[i]), args[1], false) {
			continue
		}
		if occurrence--; occurrence == 0 {
			return value.NewLong(i)
		}
	}
	return value.NewLong(-1)
}

// arraySlice is array_slice(array, start, end): both inclusive, from the end if negative.
func arraySlice(_ *invocation, list []any, args []value.Value) value.Value {
	n := int64(len(list))
	start, end := fromEnd(long(args, 1, 0), n), fromEnd(long(args, 2, n-1), n)
	start, end = max(start, 0), min(end, n-1)
	if start > end {
		return value.NewDynamic([]any{})
	}
	return value.NewDynamic(slices.Clone(list[start : end+1]))
}

func fromEnd(i, n int64) int64 {
	if i < 0 {
		return i + n
	}
	return i
}

// arraySplit cuts an array before the given positions.
func arraySplit(_ *invocation, list []any, args []value.Value) value.Value {
	parts := []any{}
	from := int64(0)
	n := int64(len(list))
	for _, v := range listed(args[1:]) {
		at := min(max(fromEnd(value.Convert(v, value.Long).Int(), n), from), n)
		parts = append(parts, slices.Clone(list[from:at]))
		from = at
	}
	return value.NewDynamic(append(parts, slices.Clone(list[from:])))
}

// arraySort orders the first array by value and every other array of the same length
// along with it; it gives the one at index. Nulls go last, or first if the last argument
// is false.
func arraySort(direction, index int) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		list, ok := args[0].Dynamic().([]any)
		along, fine := args[index].Dynamic().([]any)
		if !ok || !fine || len(list) != len(along) {
			return c.null()
		}
		last := 1
		if n := len(args) - 1; args[n].Type() == value.Bool && !args[n].Bool() {
			last = -1
		}
		order := sequence(len(list))
		slices.SortStableFunc(order, func(a, b uint32) int {
			return compareElements(list[a], list[b], direction, last)
		})
		return value.NewDynamic(pick(along, order))
	}
}

func compareElements(a, b any, direction, last int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return last
	case b == nil:
		return -last
	default:
		return direction * compareBoxed(value.FromDynamic(a), value.FromDynamic(b))
	}
}

func arrayRotate(direction int64) func(*invocation, []any, []value.Value) value.Value {
	return func(_ *invocation, list []any, args []value.Value) value.Value {
		n := int64(len(list))
		if n == 0 {
			return value.NewDynamic(list)
		}
		k := ((direction*long(args, 1, 0))%n + n) % n
		return value.NewDynamic(slices.Concat(list[k:], list[:k]))
	}
}

// arrayShift moves the elements and fills with null, or the third argument.
func arrayShift(direction int64) func(*invocation, []any, []value.Value) value.Value {
	return func(_ *invocation, list []any, args []value.Value) value.Value {
		var fill any
		if len(args) > 2 {
			fill = args[2].ToDynamic()
		}
		k := direction * long(args, 1, 0)
		out := make([]any, len(list))
		for i := range out {
			out[i] = fill
			if from := int64(i) + k; from >= 0 && from < int64(len(list)) {
				out[i] = list[from]
			}
		}
		return value.NewDynamic(out)
	}
}

func arraySum(c *invocation, list []any, _ []value.Value) value.Value {
	sum := value.NewLong(0)
	for _, x := range list {
		v := value.FromDynamic(x)
		if !v.Type().Numeric() {
			return c.null()
		}
		t := value.Long
		if v.Type() == value.Real || sum.Type() == value.Real {
			t = value.Real
		}
		sum = calculate('+', sum, v, t)
	}
	return sum
}

// arrayChoose is array_iff(conditions, when true, when false), element by element.
func arrayChoose(_ *invocation, list []any, args []value.Value) value.Value {
	pickFrom := func(a value.Value, i int) any {
		if choices, ok := a.Dynamic().([]any); ok {
			return elementAt(choices, i)
		}
		return a.ToDynamic()
	}
	out := make([]any, len(list))
	for i, x := range list {
		condition := value.Convert(value.NewDynamic(x), value.Bool)
		switch {
		case condition.IsNull():
		case condition.Bool():
			out[i] = pickFrom(args[1], i)
		default:
			out[i] = pickFrom(args[2], i)
		}
	}
	return value.NewDynamic(out)
}

// maxElements is the most elements that range() and repeat() give (range-function).
const maxElements = 1 << 20

func rangeArray(c *invocation, args []value.Value) value.Value {
	from, to := numberOf(args[0]), numberOf(args[1])
	step := value.NewLong(1)
	if from.Type() == value.DateTime || from.Type() == value.Timespan {
		step = value.NewTimespan(value.Hour)
	}
	if len(args) > 2 {
		step = numberOf(args[2])
	}
	if from.IsNull() || to.IsNull() || step.IsNull() {
		return c.null()
	}
	typ := from.Type()
	if step.Type() == value.Real || to.Type() == value.Real {
		typ = value.Real
	}
	direction, ok := value.Compare(calculate('+', from, step, typ), from, false)
	if !ok || direction == 0 {
		return c.null()
	}
	list := []any{}
	for v := value.Convert(from, typ); len(list) < maxElements; {
		order, ok := value.Compare(v, to, false)
		if !ok || order == direction {
			break
		}
		list = append(list, v.ToDynamic())
		v = calculate('+', from, calculate('*', value.NewLong(int64(len(list))), step, step.Type()), typ)
		if v.IsNull() {
			break
		}
	}
	return value.NewDynamic(list)
}

func repeatArray(c *invocation, args []value.Value) value.Value {
	n := long(args, 1, -1)
	if n < 0 || n > maxElements {
		return c.null()
	}
	list := make([]any, n)
	for i := range list {
		list[i] = args[0].ToDynamic()
	}
	return value.NewDynamic(list)
}

// zipArrays pairs the elements of arrays; shorter ones are filled with null.
func zipArrays(_ *invocation, args []value.Value) value.Value {
	lists, n := make([][]any, len(args)), 0
	for i, a := range args {
		lists[i] = elementsOf(a.ToDynamic())
		n = max(n, len(lists[i]))
	}
	out := make([]any, n)
	for i := range out {
		row := make([]any, len(lists))
		for k, list := range lists {
			row[k] = elementAt(list, i)
		}
		out[i] = row
	}
	return value.NewDynamic(out)
}

// canonicalJSON prints with sorted keys, as dynamic_to_json() does.
func canonicalJSON(x any) string {
	return value.JSON(sortedBags(x))
}

func sortedBags(x any) any {
	switch x := x.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = sortedBags(e)
		}
		return out
	case *value.Bag:
		out := value.NewBag()
		keys := slices.Clone(x.Keys())
		slices.SortFunc(keys, strings.Compare)
		for _, k := range keys {
			v, _ := x.Get(k)
			out.Set(k, sortedBags(v))
		}
		return out
	default:
		return x
	}
}
