package kql

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bagFunction finds functions of property bags.
func bagFunction(name string) rowFunction {
	switch name {
	case "bag_pack", "pack", "pack_dictionary", "bag_pack_columns":
		return packBag
	case "pack_all":
		return packAll
	case "bag_keys":
		return onBag(func(_ *invocation, b *value.Bag, _ []value.Value) value.Value {
			return value.NewDynamic(b.Keys())
		})
	case "bag_merge":
		return mergeBags
	case "bag_has_key":
		return func(c *invocation, args []value.Value) value.Value {
			if args[0].IsNull() {
				return c.null()
			}
			_, ok := pathValue(args[0].Dynamic(), text(args[1]))
			return truthy(ok)
		}
	case "bag_remove_keys":
		return onBag(removeKeys)
	case "bag_set_key":
		return onBag(func(_ *invocation, b *value.Bag, args []value.Value) value.Value {
			return value.NewDynamic(setPath(b, pathSteps(text(args[1])), args[2].ToDynamic()))
		})
	case "bag_zip":
		return zipBag
	case "treepath":
		return func(c *invocation, args []value.Value) value.Value {
			if args[0].IsNull() {
				return c.null()
			}
			return value.NewDynamic(treePaths(nil, "", args[0].Dynamic()))
		}
	default:
		return nil
	}
}

func onBag(f func(c *invocation, b *value.Bag, args []value.Value) value.Value) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		b, ok := args[0].Dynamic().(*value.Bag)
		if !ok {
			return c.null()
		}
		return f(c, b, args)
	}
}

// packBag is bag_pack(key1, value1, key2, value2, ...).
func packBag(_ *invocation, args []value.Value) value.Value {
	b := value.NewBag()
	for i := 0; i+1 < len(args); i += 2 {
		b.Set(text(args[i]), args[i+1].ToDynamic())
	}
	return value.NewDynamic(b)
}

// packAll is pack_all(ignore), which the binder completes with every column's name and
// value; ignoring leaves out nulls and empty strings.
func packAll(_ *invocation, args []value.Value) value.Value {
	b := value.NewBag()
	ignore := value.Convert(args[0], value.Bool).Bool()
	for i := 1; i+1 < len(args); i += 2 {
		if !ignore || text(args[i+1]) != "" {
			b.Set(text(args[i]), args[i+1].ToDynamic())
		}
	}
	return value.NewDynamic(b)
}

// mergeBags keeps the first value of a key; arguments that are no bags are skipped.
func mergeBags(c *invocation, args []value.Value) value.Value {
	out, some := value.NewBag(), false
	for _, a := range args {
		b, ok := a.Dynamic().(*value.Bag)
		if !ok {
			continue
		}
		some = true
		for _, k := range b.Keys() {
			if _, exists := out.Get(k); !exists {
				v, _ := b.Get(k)
				out.Set(k, v)
			}
		}
	}
	if !some {
		return c.null()
	}
	return value.NewDynamic(out)
}

// pathSteps is the keys of a JSON path ($.a.b), or the text as one key.
func pathSteps(path string) []string {
	rest, ok := strings.CutPrefix(path, "$.")
	if !ok {
		return []string{path}
	}
	return strings.Split(rest, ".")
}

func pathValue(x any, path string) (any, bool) {
	for _, step := range pathSteps(path) {
		b, ok := x.(*value.Bag)
		if !ok {
			return nil, false
		}
		if x, ok = b.Get(step); !ok {
			return nil, false
		}
	}
	return x, true
}

// removeKeys removes keys and JSON paths.
func removeKeys(_ *invocation, b *value.Bag, args []value.Value) value.Value {
	out := b
	for _, k := range listed(args[1:2]) {
		out = removePath(out, pathSteps(text(k)))
	}
	return value.NewDynamic(out)
}

func removePath(b *value.Bag, steps []string) *value.Bag {
	out := b.Clone()
	if len(steps) == 1 {
		out.Delete(steps[0])
		return out
	}
	if inner, ok := out.Get(steps[0]); ok {
		if nested, ok := inner.(*value.Bag); ok {
			out.Set(steps[0], removePath(nested, steps[1:]))
		}
	}
	return out
}

func setPath(b *value.Bag, steps []string, x any) *value.Bag {
	out := b.Clone()
	if len(steps) == 1 {
		out.Set(steps[0], x)
		return out
	}
	inner, _ := out.Get(steps[0])
	nested, ok := inner.(*value.Bag)
	if !ok {
		nested = value.NewBag()
	}
	out.Set(steps[0], setPath(nested, steps[1:], x))
	return out
}

// zipBag makes a bag of an array of keys and an array of values; a missing value is null.
func zipBag(c *invocation, args []value.Value) value.Value {
	keys, ok := args[0].Dynamic().([]any)
	if !ok {
		return c.null()
	}
	values, _ := args[1].Dynamic().([]any)
	b := value.NewBag()
	for i, k := range keys {
		if name, ok := k.(string); ok {
			b.Set(name, elementAt(values, i))
		}
	}
	return value.NewDynamic(b)
}

// treePaths lists the paths of all leaves and containers.
func treePaths(out []any, prefix string, x any) []any {
	switch x := x.(type) {
	case *value.Bag:
		for _, k := range x.Keys() {
			v, _ := x.Get(k)
			path := prefix + "['" + k + "']"
			out = treePaths(append(out, path), path, v)
		}
	case []any:
		if len(x) > 0 {
			path := prefix + "[0]"
			out = treePaths(append(out, path), path, x[0])
		}
	}
	return out
}

// setFunction finds functions of arrays as sets; sets keep the order of first appearance.
func setFunction(name string) rowFunction {
	switch name {
	case "set_has_element":
		return onArray(func(_ *invocation, list []any, args []value.Value) value.Value {
			for _, x := range list {
				if equal(value.FromDynamic(x), args[1], false) {
					return truthy(true)
				}
			}
			return truthy(false)
		})
	case "set_union":
		return onSets(func(sets [][]any) any {
			var all []any
			for _, s := range sets {
				all = append(all, s...)
			}
			return unique(all)
		})
	case "set_intersect":
		return onSets(func(sets [][]any) any { return retain(sets, true) })
	case "set_difference":
		return onSets(func(sets [][]any) any { return retain(sets, false) })
	case "set_equals":
		return onSets(func(sets [][]any) any {
			return len(retain(sets, false)) == 0 && len(retain([][]any{sets[1], sets[0]}, false)) == 0
		})
	case "jaccard_index":
		return onSets(func(sets [][]any) any {
			both := float64(len(retain(sets, true)))
			return both / (float64(len(unique(sets[0]))+len(unique(sets[1]))) - both)
		})
	default:
		return nil
	}
}

func onSets(f func(sets [][]any) any) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		sets := make([][]any, len(args))
		for i, a := range args {
			list, ok := a.Dynamic().([]any)
			if !ok {
				return c.null()
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
