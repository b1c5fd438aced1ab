package function

import (
	"cmp"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func arrayFunctions() []Function {
	return []Function{
		{Name: "array_length", Aliases: []string{"arraylength"}, Signatures: []string{"- long array:DynamicArray"}, Doc: "array-length-function", Call: onArray(arrayLength)},
		{Name: "array_concat", Signatures: []string{"- custom array:DynamicArray{1,64}"}, Doc: "array-concat-function", Call: concatArrays},
		{Name: "array_iff", Signatures: []string{"- custom condition_array:DynamicArray when_true:Scalar when_false:Scalar"}, Doc: "array-iff-function", Call: onArray(arrayChoose)},
		{Name: "array_iif", Signatures: []string{"- custom condition_array:DynamicArray when_true:Scalar when_false:Scalar"}, Doc: "array-iff-function", Call: onArray(arrayChoose)},
		{Name: "array_index_of", Signatures: []string{"- long array:DynamicArray value:Scalar start:Integer? length:Integer? occurrence:Integer/Constant?"}, Doc: "array-index-of-function", Call: onArray(arrayIndexOf)},
		{Name: "array_slice", Signatures: []string{"- param0 array:DynamicArray start:Integer end:Integer"}, Doc: "array-slice-function", Call: onArray(arraySlice)},
		{Name: "array_split", Signatures: []string{
			"- param0 array:DynamicArray index:Integer",
			"- param0 array:DynamicArray indices:DynamicArray",
		}, Doc: "array-split-function", Call: onArray(arraySplit)},
		{Name: "array_reverse", Signatures: []string{"- param0 value:DynamicArray"}, Doc: "array-reverse-function", Call: onArray(arrayReverse)},
		{Name: "array_rotate_left", Signatures: []string{"- param0 array:DynamicArray rotate_count:Integer"}, Doc: "array-rotate-left-function", Call: onArray(arrayRotate(1))},
		{Name: "array_rotate_right", Signatures: []string{"- param0 array:DynamicArray rotate_count:Integer"}, Doc: "array-rotate-right-function", Call: onArray(arrayRotate(-1))},
		{Name: "array_shift_left", Signatures: []string{"- param0 array:DynamicArray shift_count:Integer default_value:Scalar?"}, Doc: "array-shift-left-function", Call: onArray(arrayShift(1))},
		{Name: "array_shift_right", Signatures: []string{"- param0 array:DynamicArray shift_count:Integer default_value:Scalar?"}, Doc: "array-shift-right-function", Call: onArray(arrayShift(-1))},
		{Name: "array_sort_asc", Signatures: []string{"- custom &custom arrays:DynamicArray{1,64} nulls_last:bool/Constant?"}, Doc: "array-sort-asc-function", Parts: arraySort(1)},
		{Name: "array_sort_desc", Signatures: []string{"- custom &custom arrays:DynamicArray{1,64} nulls_last:bool/Constant?"}, Doc: "array-sort-desc-function", Parts: arraySort(-1)},
		{Name: "array_sum", Signatures: []string{"- real array:DynamicArray"}, Doc: "array-sum-function", Call: onArray(arraySum)},
		{Name: "pack_array", Signatures: []string{
			"- custom value:Scalar+",
			"- custom value:Scalar/StarOnly",
		}, Doc: "pack-array-function", Call: packArray},
		{Name: "range", Signatures: []string{"- array0 start:Summable stop:Summable step:Summable?"}, Doc: "range-function", Call: rangeArray},
		{Name: "repeat", Signatures: []string{"prefix_first=repeat array0 value:Scalar count:long"}, Doc: "repeat-function", Call: repeatArray},
		{Name: "zip", Signatures: []string{"- array<array> array:DynamicArray{2,64}"}, Doc: "zip-function", Call: zipArrays},
	}
}

func arrayLength(_ *Invocation, list []any, _ []value.Value) value.Value {
	return value.NewLong(int64(len(list)))
}

func packArray(_ *Invocation, args []value.Value) value.Value {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a.ToDynamic()
	}
	return value.NewDynamic(list)
}

func arrayReverse(_ *Invocation, list []any, _ []value.Value) value.Value {
	list = slices.Clone(list)
	slices.Reverse(list)
	return value.NewDynamic(list)
}

// elementAt is an element of an array, or null beyond its end.
func elementAt(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func concatArrays(c *Invocation, args []value.Value) value.Value {
	list := []any{}
	for _, a := range args {
		part, ok := a.Dynamic().([]any)
		if !ok {
			return c.Null()
		}
		list = append(list, part...)
	}
	return value.NewDynamic(list)
}

// arrayIndexOf is array_index_of(array, value, start, length, occurrence), -1 if absent.
func arrayIndexOf(c *Invocation, list []any, args []value.Value) value.Value {
	start, length, occurrence := long(args, 2, 0), long(args, 3, -1), long(args, 4, 1)
	if length < -1 || occurrence < 0 {
		return c.Null()
	}
	n := int64(len(list))
	if start < 0 {
		start = max(0, start+n)
	}
	end := n
	if length >= 0 {
		end = start + min(length, n-start)
	}
	for i := start; i < end; i++ {
		if !value.Equal(value.FromDynamic(list[i]), args[1]) {
			continue
		}
		if occurrence--; occurrence == 0 {
			return value.NewLong(i)
		}
	}
	return value.NewLong(-1)
}

// arraySlice is array_slice(array, start, end): both inclusive, from the end if negative.
func arraySlice(_ *Invocation, list []any, args []value.Value) value.Value {
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
func arraySplit(_ *Invocation, list []any, args []value.Value) value.Value {
	parts := []any{}
	from := int64(0)
	n := int64(len(list))
	for _, v := range elements(args[1:]) {
		at := min(max(fromEnd(value.Convert(v, value.Long).Int(), n), from), n)
		parts = append(parts, slices.Clone(list[from:at]))
		from = at
	}
	return value.NewDynamic(append(parts, slices.Clone(list[from:])))
}

// arraySort orders the first array by value, and every other array of the same length along with it.
// Nulls go last, or first if the last argument is false.
func arraySort(direction int) func(*Invocation, []value.Value) []value.Value {
	return func(_ *Invocation, args []value.Value) []value.Value {
		list, ok := args[0].Dynamic().([]any)
		if !ok {
			return nil
		}
		last := 1
		if n := len(args) - 1; args[n].Type() == value.Bool && !args[n].Bool() {
			last = -1
		}
		order := make([]int, len(list))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			return compareElements(list[a], list[b], direction, last)
		})
		out := make([]value.Value, len(args))
		for i, a := range args {
			out[i] = reordered(a, order)
		}
		return out
	}
}

// reordered puts the elements of an array into an order, or gives null for an array of another length.
func reordered(v value.Value, order []int) value.Value {
	list, ok := v.Dynamic().([]any)
	if !ok || len(list) != len(order) {
		return value.Null(value.Dynamic)
	}
	out := make([]any, len(order))
	for i, from := range order {
		out[i] = list[from]
	}
	return value.NewDynamic(out)
}

// compareElements orders elements; those of different kinds go numbers first, then texts, then the rest, in either
// direction.
func compareElements(a, b any, direction, last int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return last
	case b == nil:
		return -last
	}
	if order := cmp.Compare(elementKind(a), elementKind(b)); order != 0 {
		return order
	}
	return direction * value.Order(value.FromDynamic(a), value.FromDynamic(b))
}

// elementKind is the place of an element's kind among the others (array-sort-asc-function, "Returns").
func elementKind(x any) int {
	switch x.(type) {
	case int64, float64, value.Instant, value.Duration:
		return 0
	case string:
		return 1
	default:
		return 2
	}
}

func arrayRotate(direction int64) func(*Invocation, []any, []value.Value) value.Value {
	return func(_ *Invocation, list []any, args []value.Value) value.Value {
		n := int64(len(list))
		if n == 0 {
			return value.NewDynamic(list)
		}
		k := ((direction*long(args, 1, 0))%n + n) % n
		return value.NewDynamic(slices.Concat(list[k:], list[:k]))
	}
}

// arrayShift moves the elements and fills with null, or the third argument.
func arrayShift(direction int64) func(*Invocation, []any, []value.Value) value.Value {
	return func(_ *Invocation, list []any, args []value.Value) value.Value {
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

func arraySum(c *Invocation, list []any, _ []value.Value) value.Value {
	sum := value.NewLong(0)
	for _, x := range list {
		v := value.FromDynamic(x)
		if !v.Type().Numeric() {
			return c.Null()
		}
		t := value.Long
		if v.Type() == value.Real || sum.Type() == value.Real {
			t = value.Real
		}
		sum = value.Calculate('+', sum, v, t)
	}
	return sum
}

// arrayChoose is array_iff(conditions, when true, when false), element by element.
func arrayChoose(_ *Invocation, list []any, args []value.Value) value.Value {
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

// MaxElements is the most elements that range() and repeat() give (range-function).
const MaxElements = 1 << 20

func rangeArray(c *Invocation, args []value.Value) value.Value {
	from, to := value.Scalar(args[0]), value.Scalar(args[1])
	step := value.NewLong(1)
	if from.Type() == value.DateTime || from.Type() == value.Timespan {
		step = value.NewTimespan(value.Hour)
	}
	if len(args) > 2 {
		step = value.Scalar(args[2])
	}
	if from.IsNull() || to.IsNull() || step.IsNull() {
		return c.Null()
	}
	typ := from.Type()
	if step.Type() == value.Real || to.Type() == value.Real {
		typ = value.Real
	}
	direction, ok := value.Compare(value.Calculate('+', from, step, typ), from, false)
	if !ok || direction == 0 {
		return c.Null()
	}
	list := []any{}
	for v := value.Convert(from, typ); len(list) < MaxElements; {
		order, ok := value.Compare(v, to, false)
		if !ok || order == direction {
			break
		}
		list = append(list, v.ToDynamic())
		v = value.Calculate('+', from, value.Calculate('*', value.NewLong(int64(len(list))), step, step.Type()), typ)
		if v.IsNull() {
			break
		}
	}
	return value.NewDynamic(list)
}

func repeatArray(c *Invocation, args []value.Value) value.Value {
	n := long(args, 1, -1)
	if n < 0 || n > MaxElements {
		return c.Null()
	}
	list := make([]any, n)
	for i := range list {
		list[i] = args[0].ToDynamic()
	}
	return value.NewDynamic(list)
}

// arrayOf is an array's elements; any other value is the one element of an array.
func arrayOf(v value.Value) []any {
	x := v.ToDynamic()
	if list, ok := x.([]any); ok {
		return list
	}
	return []any{x}
}

// zipArrays pairs the elements of arrays; shorter ones are filled with null.
func zipArrays(_ *Invocation, args []value.Value) value.Value {
	lists, n := make([][]any, len(args)), 0
	for i, a := range args {
		lists[i] = arrayOf(a)
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
