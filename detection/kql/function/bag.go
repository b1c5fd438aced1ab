package function

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func bagFunctions() []Function {
	return []Function{
		{Name: "bag_pack", Aliases: []string{"pack", "pack_dictionary"}, Signatures: []string{"- custom &block key:string+ value:Scalar+"}, Doc: "bag-pack-function", Call: packBag},
		{Name: "bag_pack_columns", Signatures: []string{"- custom value:Scalar/Column+"}, Doc: "bag-pack-columns-function", Call: packBag},
		{Name: "pack_all", Signatures: []string{"- custom ignore_null_empty:Scalar/Literal?"}, Doc: "pack-all-function", Call: packAll},
		{Name: "bag_keys", Signatures: []string{"- array<string> object:DynamicBag"}, Doc: "bag-keys-function", Call: onBag(bagKeys)},
		{Name: "bag_merge", Signatures: []string{"- custom bag:DynamicBag{2,64}"}, Doc: "bag-merge-function", Call: mergeBags},
		{Name: "bag_has_key", Signatures: []string{"- bool bag:DynamicBag key:string"}, Doc: "bag-has-key-function", Call: bagHasKey},
		{Name: "bag_remove_keys", Signatures: []string{"- custom bag:DynamicBag keys:DynamicArray"}, Doc: "bag-remove-keys-function", Call: onBag(removeKeys)},
		{Name: "bag_set_key", Signatures: []string{"- custom bag:DynamicBag key:string/Constant value:Scalar"}, Doc: "bag-set-key-function", Call: onBag(setKey)},
		{Name: "bag_zip", Signatures: []string{"- bag keys:DynamicArray values:DynamicArray"}, Doc: "bag-zip-function", Call: zipBag},
		{Name: "treepath", Signatures: []string{"prefix_first=tree array<string> object:DynamicBag"}, Doc: "treepath-function", Call: treePath},
	}
}

func onBag(f func(c *Invocation, b *value.Bag, args []value.Value) value.Value) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		b, ok := args[0].Dynamic().(*value.Bag)
		if !ok {
			return c.Null()
		}
		return f(c, b, args)
	}
}

// packBag is bag_pack(key1, value1, key2, value2, ...).
func packBag(_ *Invocation, args []value.Value) value.Value {
	b := value.NewBag()
	for i := 0; i+1 < len(args); i += 2 {
		b.Set(text(args[i]), args[i+1].ToDynamic())
	}
	return value.NewDynamic(b)
}

// packAll is pack_all(ignore), which the binder completes with every column's name and
// value; ignoring leaves out nulls and empty strings.
func packAll(_ *Invocation, args []value.Value) value.Value {
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
func mergeBags(c *Invocation, args []value.Value) value.Value {
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
		return c.Null()
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
func removeKeys(_ *Invocation, b *value.Bag, args []value.Value) value.Value {
	out := b
	for _, k := range elements(args[1:2]) {
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
func zipBag(c *Invocation, args []value.Value) value.Value {
	keys, ok := args[0].Dynamic().([]any)
	if !ok {
		return c.Null()
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

// treePaths lists the paths of all leaves and containers; the elements of an array share one.
func treePaths(x any) []any {
	out, seen := []any{}, map[string]bool{}
	var walk func(path string, x any)
	add := func(path string, x any) {
		if !seen[path] {
			seen[path] = true
			out = append(out, path)
		}
		walk(path, x)
	}
	walk = func(path string, x any) {
		switch x := x.(type) {
		case *value.Bag:
			for _, k := range x.Keys() {
				v, _ := x.Get(k)
				add(path+"['"+k+"']", v)
			}
		case []any:
			for _, v := range x {
				add(path+"[0]", v)
			}
		}
	}
	walk("", x)
	return out
}

func bagKeys(_ *Invocation, b *value.Bag, _ []value.Value) value.Value {
	return value.NewDynamic(b.Keys())
}

func setKey(_ *Invocation, b *value.Bag, args []value.Value) value.Value {
	return value.NewDynamic(setPath(b, pathSteps(text(args[1])), args[2].ToDynamic()))
}

func bagHasKey(c *Invocation, args []value.Value) value.Value {
	if args[0].IsNull() {
		return c.Null()
	}
	_, ok := pathValue(args[0].Dynamic(), text(args[1]))
	return value.NewBool(ok)
}

func treePath(c *Invocation, args []value.Value) value.Value {
	if args[0].IsNull() {
		return c.Null()
	}
	return value.NewDynamic(treePaths(args[0].Dynamic()))
}
