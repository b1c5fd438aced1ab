package powershell

import (
	"regexp"
	"slices"
	"strings"
)

// textMethod adapts a function on strings; it fails as .NET does when an argument is missing.
func textMethod(argc int, f func(in *interp, s string, args []any) (any, error)) method {
	return func(in *interp, self any, args []any) (any, error) {
		if len(args) < argc {
			return nil, newError("System.Management.Automation.MethodException", "MethodCountCouldNotFindBest", "NotSpecified",
				"Cannot find an overload for the method and the argument count: \"%d\".", len(args))
		}
		s, _ := self.(string)
		return f(in, s, args)
	}
}

func textPredicate(f func(s, other string) bool) method {
	return textMethod(1, func(in *interp, s string, args []any) (any, error) {
		other := in.str(args[0])
		if len(args) > 1 && (truth(args[1]) && enumName(args[1]) == "" || strings.Contains(strings.ToLower(in.str(args[1])), "ignorecase")) {
			s, other = strings.ToLower(s), strings.ToLower(other)
		}
		return f(s, other), nil
	})
}

// stringMethod finds a method of System.String by lower-case name.
func stringMethod(name string) method {
	switch name {
	case "contains":
		return textPredicate(strings.Contains)
	case "startswith":
		return textPredicate(strings.HasPrefix)
	case "endswith":
		return textPredicate(strings.HasSuffix)
	case "equals":
		return textPredicate(func(a, b string) bool { return a == b })
	case "tolower", "tolowerinvariant":
		return textMethod(0, func(_ *interp, s string, _ []any) (any, error) { return strings.ToLower(s), nil })
	case "toupper", "toupperinvariant":
		return textMethod(0, func(_ *interp, s string, _ []any) (any, error) { return strings.ToUpper(s), nil })
	case "indexof", "lastindexof":
		return textMethod(1, func(in *interp, s string, args []any) (any, error) { return in.indexOf(name, s, args) })
	case "replace":
		return textMethod(2, func(in *interp, s string, args []any) (any, error) {
			return strings.ReplaceAll(s, in.str(args[0]), in.str(args[1])), nil
		})
	case "trim", "trimstart", "trimend":
		return textMethod(0, func(in *interp, s string, args []any) (any, error) { return in.trim(name, s, args), nil })
	case "split":
		return textMethod(0, func(in *interp, s string, args []any) (any, error) { return in.splitText(s, args) })
	case "substring", "remove":
		return textMethod(1, func(in *interp, s string, args []any) (any, error) { return in.substring(name, s, args) })
	case "insert":
		return textMethod(2, func(in *interp, s string, args []any) (any, error) {
			n, err := in.int(args[0])
			if err != nil || n < 0 || n > len(s) {
				return nil, exception("System.ArgumentOutOfRangeException", "Specified argument was out of the range of valid values.\nParameter name: startIndex")
			}
			return s[:n] + in.str(args[1]) + s[n:], nil
		})
	case "padleft", "padright":
		return textMethod(1, func(in *interp, s string, args []any) (any, error) { return in.padText(name, s, args) })
	case "tochararray", "getenumerator":
		return textMethod(0, func(_ *interp, s string, _ []any) (any, error) {
			a := &Array{Type: "System.Char[]"}
			for _, r := range s {
				a.Items = append(a.Items, Char(r))
			}
			return a, nil
		})
	case "compareto":
		return textMethod(1, func(in *interp, s string, args []any) (any, error) {
			return int32(compareText(s, in.str(args[0]), true)), nil //nolint:gosec // -1, 0 or 1
		})
	case "clone", "normalize":
		return textMethod(0, func(_ *interp, s string, _ []any) (any, error) { return s, nil })
	}
	return nil
}

func (in *interp) indexOf(name, s string, args []any) (any, error) {
	what := in.str(args[0])
	start := 0
	if len(args) > 1 {
		if n, ok := integer(args[1]); ok {
			start = int(n)
		} else if strings.Contains(strings.ToLower(in.str(args[1])), "ignorecase") {
			s, what = strings.ToLower(s), strings.ToLower(what)
		}
	}
	if start < 0 || start > len(s) {
		return nil, exception("System.ArgumentOutOfRangeException", "Index was out of range. Must be non-negative and less than the size of the collection.\r\nParameter name: startIndex")
	}
	if name == "lastindexof" {
		return int32(strings.LastIndex(s, what)), nil //nolint:gosec // bounded
	}
	i := strings.Index(s[start:], what)
	if i >= 0 {
		i += start
	}
	return int32(i), nil //nolint:gosec // bounded
}

func (in *interp) trim(name, s string, args []any) string {
	cut := " \t\r\n\f\v\u00a0\ufeff"
	if len(args) > 0 {
		cut = ""
		for _, a := range args {
			for _, item := range asList(a) {
				cut += in.str(item)
			}
		}
	}
	switch name {
	case "trimstart":
		return strings.TrimLeft(s, cut)
	case "trimend":
		return strings.TrimRight(s, cut)
	}
	return strings.Trim(s, cut)
}

// splitText is String.Split: each character separates, or each string when options are given with an array of strings.
func (in *interp) splitText(s string, args []any) (any, error) {
	set, removeEmpty, limit := "", false, -1
	var words []string
	for i, a := range args {
		if n, ok := integer(a); ok && i > 0 && enumName(a) == "" {
			limit = int(n)
			continue
		}
		if i > 0 && strings.EqualFold(in.str(a), "RemoveEmptyEntries") {
			removeEmpty = true
			continue
		}
		for _, item := range asList(a) {
			set += in.str(item)
			words = append(words, regexp.QuoteMeta(in.str(item)))
		}
	}
	if set == "" {
		set = " \t\r\n"
	}
	pattern := "[" + regexp.QuoteMeta(set) + "]"
	if first, ok := args0(args).(*Array); ok && first.Type == stringArray && len(args) > 1 {
		pattern = strings.Join(words, "|")
	}
	pattern = strings.ReplaceAll(pattern, "-", `\-`)
	re, err := regexp.Compile(strings.ReplaceAll(pattern, `\\-`, `\-`))
	if err != nil {
		return nil, exception("System.ArgumentException", "%s", err)
	}
	out := &Array{Type: stringArray}
	for _, part := range re.Split(s, limit) {
		if part != "" || !removeEmpty {
			out.Items = append(out.Items, part)
		}
	}
	return out, nil
}

func args0(args []any) any {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

func (in *interp) substring(name, s string, args []any) (any, error) {
	r := []rune(s)
	start, err := in.int(args[0])
	if err != nil {
		return nil, err
	}
	length := len(r) - start
	if len(args) > 1 {
		if length, err = in.int(args[1]); err != nil {
			return nil, err
		}
	}
	if start < 0 || start > len(r) {
		return nil, exception("System.ArgumentOutOfRangeException", "startIndex cannot be larger than length of string.\r\nParameter name: startIndex")
	}
	if length < 0 || start+length > len(r) {
		return nil, exception("System.ArgumentOutOfRangeException", "Index and length must refer to a location within the string.\r\nParameter name: length")
	}
	if name == "remove" {
		return string(r[:start]) + string(r[start+length:]), nil
	}
	return string(r[start : start+length]), nil
}

func (in *interp) padText(name, s string, args []any) (any, error) {
	n, err := in.int(args[0])
	if err != nil || n > maxText {
		return nil, in.tooLarge()
	}
	fill := " "
	if len(args) > 1 {
		fill = in.str(args[1])
	}
	more := strings.Repeat(fill, max(0, n-len([]rune(s))))
	if name == "padleft" {
		return more + s, nil
	}
	return s + more, nil
}

// arrayMethod finds a method of arrays and lists.
func arrayMethod(name string) method {
	list := func(argc int, f func(in *interp, a *Array, args []any) (any, error)) method {
		return func(in *interp, self any, args []any) (any, error) {
			a, _ := self.(*Array)
			if len(args) < argc {
				return nil, exception("System.ArgumentException", "Cannot find an overload for %q and the argument count: \"%d\".", name, len(args))
			}
			return f(in, a, args)
		}
	}
	switch name {
	case "add", "addrange", "insert", "enqueue", "push":
		return list(1, func(in *interp, a *Array, args []any) (any, error) { return in.addTo(a, name, args) })
	case "clear":
		return list(0, func(_ *interp, a *Array, _ []any) (any, error) {
			a.Items = nil
			return void{}, nil
		})
	case "contains", "indexof":
		return list(1, func(in *interp, a *Array, args []any) (any, error) {
			i := slices.IndexFunc(a.Items, func(v any) bool { return in.equal(v, args[0], true) })
			if name == "contains" {
				return i >= 0, nil
			}
			return int32(i), nil //nolint:gosec // bounded
		})
	case "toarray", "clone":
		return list(0, func(_ *interp, a *Array, _ []any) (any, error) {
			return &Array{Type: arrayTypeOf(a), Items: slices.Clone(a.Items)}, nil
		})
	case "getenumerator":
		return list(0, func(_ *interp, a *Array, _ []any) (any, error) { return a, nil })
	case "remove", "removeat":
		return list(1, func(in *interp, a *Array, args []any) (any, error) { return in.removeFrom(a, name, args[0]) })
	case "reverse":
		return list(0, func(_ *interp, a *Array, _ []any) (any, error) {
			slices.Reverse(a.Items)
			return void{}, nil
		})
	case "sort":
		return list(0, func(in *interp, a *Array, _ []any) (any, error) {
			slices.SortStableFunc(a.Items, func(x, y any) int {
				c, _ := in.compare(x, y, false)
				return c
			})
			return void{}, nil
		})
	case "getlength", "getupperbound":
		return list(0, func(_ *interp, a *Array, _ []any) (any, error) {
			n := int32(len(a.Items)) //nolint:gosec // bounded
			if name == "getupperbound" {
				n--
			}
			return n, nil
		})
	case "where", "foreach":
		return list(1, func(in *interp, a *Array, args []any) (any, error) { return in.magic(name, a, args[0]) })
	}
	return nil
}

func arrayTypeOf(a *Array) string {
	if _, elem, ok := strings.Cut(a.Type, "["); ok && !a.fixed() {
		return strings.TrimSuffix(elem, "]") + "[]"
	}
	if a.fixed() {
		return a.Type
	}
	return objectArray
}

func (in *interp) addTo(a *Array, name string, args []any) (any, error) {
	if a.fixed() {
		return nil, exception("System.NotSupportedException", "Collection was of a fixed size.")
	}
	switch name {
	case "addrange":
		a.Items = append(a.Items, asList(args[0])...)
		return void{}, nil
	case "insert":
		n, err := in.int(args[0])
		if err != nil || n < 0 || n > len(a.Items) || len(args) < 2 {
			return nil, exception("System.ArgumentOutOfRangeException", "Index must be within the bounds of the List.\r\nParameter name: index")
		}
		a.Items = slices.Insert(a.Items, n, args[1])
		return void{}, nil
	}
	v := args[0]
	if _, elem, ok := strings.Cut(a.Type, "["); ok {
		c, err := in.cast(v, &TypeRef{name: strings.TrimSuffix(elem, "]")})
		if err != nil {
			return nil, err
		}
		v = c
	}
	a.Items = append(a.Items, v)
	if a.Type == arrayList {
		return int32(len(a.Items) - 1), nil //nolint:gosec // bounded
	}
	return void{}, nil
}

func (in *interp) removeFrom(a *Array, name string, v any) (any, error) {
	if a.fixed() {
		return nil, exception("System.NotSupportedException", "Collection was of a fixed size.")
	}
	i := slices.IndexFunc(a.Items, func(x any) bool { return in.equal(x, v, true) })
	if name == "removeat" {
		n, err := in.int(v)
		if err != nil || n < 0 || n >= len(a.Items) {
			return nil, exception("System.ArgumentOutOfRangeException", "Index was out of range. Must be non-negative and less than the size of the collection.\r\nParameter name: index")
		}
		i = n
	}
	if i < 0 {
		return false, nil
	}
	a.Items = slices.Delete(a.Items, i, i+1)
	if name == "removeat" || a.Type == arrayList {
		return void{}, nil
	}
	return true, nil
}

// magic is the Where and ForEach method of collections.
func (in *interp) magic(name string, a *Array, f any) (any, error) {
	sb, ok := f.(*ScriptBlock)
	if !ok {
		return nil, exception("System.ArgumentException", "The argument must be a script block.")
	}
	out := newArray()
	for _, item := range a.Items {
		v, err := in.blockValue(sb, item)
		if err != nil {
			return nil, err
		}
		switch {
		case name == "where" && truth(v):
			out.Items = append(out.Items, item)
		case name == "foreach" && v != nil:
			out.Items = append(out.Items, asList(v)...)
		}
	}
	return out, nil
}

func hashMethod(name string) method {
	on := func(argc int, f func(h *Hash, args []any) (any, error)) method {
		return func(_ *interp, self any, args []any) (any, error) {
			h, _ := self.(*Hash)
			if len(args) < argc {
				return nil, exception("System.ArgumentException", "Cannot find an overload for %q and the argument count: \"%d\".", name, len(args))
			}
			return f(h, args)
		}
	}
	switch name {
	case "add":
		return on(2, func(h *Hash, args []any) (any, error) {
			if _, dup := h.get(args[0]); dup {
				return nil, exception("System.ArgumentException", "Item has already been added. Key in dictionary: '%v'  Key being added: '%v'", args[0], args[0])
			}
			h.set(args[0], args[1])
			return void{}, nil
		})
	case "remove":
		return on(1, func(h *Hash, args []any) (any, error) {
			h.remove(args[0])
			return void{}, nil
		})
	case "contains", "containskey":
		return on(1, func(h *Hash, args []any) (any, error) {
			_, ok := h.get(args[0])
			return ok, nil
		})
	case "containsvalue":
		return func(in *interp, self any, args []any) (any, error) {
			h, _ := self.(*Hash)
			return in.contains(newArray(h.list()...), args0(args), true), nil
		}
	case "clear":
		return on(0, func(h *Hash, _ []any) (any, error) {
			h.keys, h.values = nil, map[string]any{}
			return void{}, nil
		})
	case "clone":
		return on(0, func(h *Hash, _ []any) (any, error) { return h.clone(), nil })
	case "getenumerator":
		return on(0, func(h *Hash, _ []any) (any, error) {
			out := newArray()
			for _, k := range h.keys {
				v, _ := h.get(k)
				out.Items = append(out.Items, record("System.Collections.DictionaryEntry", "Name", k, "Value", v, "Key", k))
			}
			return out, nil
		})
	}
	return nil
}
