package function

import "github.com/seed-67b27da2/geiger/detection/kql/value"

func setFunctions() []Function {
	return []Function{
		{Name: "set_has_element", Signatures: []string{"- bool set:DynamicArray value:Scalar"}, Doc: "set-has-element-function", Call: onArray(hasElement)},
		{Name: "set_union", Signatures: []string{"- custom set:DynamicArray{2,64}"}, Doc: "set-union-function", Call: onSets(unionOf)},
		{Name: "set_intersect", Signatures: []string{"- custom set:DynamicArray{2,64}"}, Doc: "set-intersect-function", Call: onSets(intersectionOf)},
		{Name: "set_difference", Signatures: []string{"- custom set:DynamicArray{2,64}"}, Doc: "set-difference-function", Call: onSets(differenceOf)},
		{Name: "set_equals", Signatures: []string{"- bool set1:DynamicArray set2:DynamicArray"}, Doc: "set-equals-function", Call: onSets(equalSets)},
		{Name: "jaccard_index", Signatures: []string{"- real set:DynamicArray{2,2}"}, Doc: "jaccard-index-function", Call: onSets(jaccardIndex)},
	}
}

func hasElement(_ *Invocation, list []any, args []value.Value) value.Value {
	for _, x := range list {
		if value.Equal(value.FromDynamic(x), args[1]) {
			return value.NewBool(true)
		}
	}
	return value.NewBool(false)
}

// onSets is a function of arrays as sets, which keep the order of first appearance; null if one is no array.
func onSets(f func(sets [][]any) any) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		sets := make([][]any, len(args))
		for i, a := range args {
			list, ok := a.Dynamic().([]any)
			if !ok {
				return c.Null()
			}
			sets[i] = list
		}
		return value.NewDynamic(f(sets))
	}
}

func keyOf(x any) string { return value.Key(value.NewDynamic(x)) }

func unique(list []any) []any {
	seen := map[string]bool{}
	out := []any{}
	for _, x := range list {
		if k := keyOf(x); !seen[k] {
			seen[k] = true
			out = append(out, x)
		}
	}
	return out
}

// retain keeps the elements of the first set that are in all the others, or in none.
func retain(sets [][]any, wanted bool) []any {
	counts := map[string]int{}
	for _, s := range sets[1:] {
		for _, x := range unique(s) {
			counts[keyOf(x)]++
		}
	}
	out := []any{}
	for _, x := range unique(sets[0]) {
		n := counts[keyOf(x)]
		if wanted && n == len(sets)-1 || !wanted && n == 0 {
			out = append(out, x)
		}
	}
	return out
}

func unionOf(sets [][]any) any {
	var all []any
	for _, s := range sets {
		all = append(all, s...)
	}
	return unique(all)
}

func intersectionOf(sets [][]any) any { return retain(sets, true) }

func differenceOf(sets [][]any) any { return retain(sets, false) }

func equalSets(sets [][]any) any {
	return len(retain(sets, false)) == 0 && len(retain([][]any{sets[1], sets[0]}, false)) == 0
}

// jaccardIndex is the size of the intersection over that of the union.
func jaccardIndex(sets [][]any) any {
	both := float64(len(retain(sets, true)))
	return both / (float64(len(unique(sets[0]))+len(unique(sets[1]))) - both)
}
