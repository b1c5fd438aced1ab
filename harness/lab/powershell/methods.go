package powershell

import (
	"regexp"
	"slices"
	"strings"
	"time"
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

func timeProperty(t time.Time, name string) (any, bool) {
	switch name {
	case "year":
		return int32(t.Year()), true //nolint:gosec // small
	case "month":
		return int32(t.Month()), true //nolint:gosec // small
	case "day":
		return int32(t.Day()), true //nolint:gosec // small
	case "hour":
		return int32(t.Hour()), true //nolint:gosec // small
	case "minute":
		return int32(t.Minute()), true //nolint:gosec // small
	case "second":
		return int32(t.Second()), true //nolint:gosec // small
	case "millisecond":
		return int32(t.Nanosecond() / 1e6), true //nolint:gosec // small
	case "dayofyear":
		return int32(t.YearDay()), true //nolint:gosec // small
	case "dayofweek":
		return newEnum("System.DayOfWeek", t.Weekday().String(), int64(t.Weekday())), true
	case "ticks":
		return timeTicks(t), true
	case "date":
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()), true
	case "timeofday":
		return t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())), true
	case "kind":
		if t.Location() == time.UTC {
			return newEnum("System.DateTimeKind", "Utc", 1), true
		}
		return newEnum("System.DateTimeKind", "Local", 2), true
	}
	return nil, false
}

func timeMethod(name string) method {
	shift := func(unit time.Duration) method {
		return func(_ *interp, self any, args []any) (any, error) {
			t, _ := self.(time.Time)
			f, _ := number(args0(args))
			return t.Add(time.Duration(f * float64(unit))), nil
		}
	}
	switch name {
	case "adddays":
		return shift(24 * time.Hour)
	case "addhours":
		return shift(time.Hour)
	case "addminutes":
		return shift(time.Minute)
	case "addseconds":
		return shift(time.Second)
	case "addmilliseconds":
		return shift(time.Millisecond)
	case "addticks":
		return shift(100)
	case "addmonths", "addyears":
		return func(in *interp, self any, args []any) (any, error) {
			t, _ := self.(time.Time)
			n, err := in.int(args0(args))
			if name == "addmonths" {
				return t.AddDate(0, n, 0), err
			}
			return t.AddDate(n, 0, 0), err
		}
	case "touniversaltime":
		return func(_ *interp, self any, _ []any) (any, error) { return self.(time.Time).UTC(), nil }
	case "tolocaltime":
		return func(_ *interp, self any, _ []any) (any, error) { return self.(time.Time).In(localZone()), nil }
	case "toshortdatestring":
		return func(_ *interp, self any, _ []any) (any, error) { return self.(time.Time).Format("1/2/2006"), nil }
	case "tofiletime", "tofiletimeutc":
		return func(_ *interp, self any, _ []any) (any, error) {
			return timeTicks(self.(time.Time)) - 504911232000000000, nil
		}
	case "subtract":
		return func(in *interp, self any, args []any) (any, error) { return in.arithmetic("-", self, args0(args)) }
	}
	return nil
}

func spanProperty(d time.Duration, name string) (any, bool) {
	total := map[string]time.Duration{"totaldays": 24 * time.Hour, "totalhours": time.Hour, "totalminutes": time.Minute, "totalseconds": time.Second, "totalmilliseconds": time.Millisecond}
	if unit, ok := total[name]; ok {
		return float64(d) / float64(unit), true
	}
	switch name {
	case "ticks":
		return int64(d / 100), true
	case "days":
		return int32(d / (24 * time.Hour)), true //nolint:gosec // small
	case "hours":
		return int32(int(d.Hours()) % 24), true //nolint:gosec // small
	case "minutes":
		return int32(int(d.Minutes()) % 60), true //nolint:gosec // small
	case "seconds":
		return int32(int(d.Seconds()) % 60), true //nolint:gosec // small
	case "milliseconds":
		return int32(d.Milliseconds() % 1000), true //nolint:gosec // small
	}
	return nil, false
}

func spanMethod(name string) method {
	if name != "add" && name != "subtract" {
		return nil
	}
	return func(in *interp, self any, args []any) (any, error) {
		op := "+"
		if name == "subtract" {
			op = "-"
		}
		return in.arithmetic(op, self, args0(args))
	}
}

func blockMethod(name string) method {
	switch name {
	case "invoke", "invokereturnasis":
		return func(in *interp, self any, args []any) (any, error) {
			sb, _ := self.(*ScriptBlock)
			var items []any
			err := in.callBlock(sb, true, nil, false, args, collector(&items))
			return collapse(items), err
		}
	case "getnewclosure":
		return func(_ *interp, self any, _ []any) (any, error) { return self, nil }
	}
	return nil
}

func typeProperty(t *TypeRef, name string) (any, bool) {
	switch name {
	case "name":
		return shortName(t.name), true
	case "fullname":
		return t.name, true
	case "namespace":
		return strings.TrimSuffix(t.name, "."+shortName(t.name)), true
	case "isarray":
		return t.elem != "", true
	}
	return nil, false
}

func typeMethod(name string) method {
	if name == "tostring" {
		return func(_ *interp, self any, _ []any) (any, error) { return self.(*TypeRef).name, nil }
	}
	return nil
}

func (in *interp) errorProperty(r *ErrorRecord, name string) (any, bool) {
	switch name {
	case "exception":
		return r.Exception, true
	case "fullyqualifiederrorid":
		return r.ID, true
	case "targetobject":
		return r.Target, true
	case "errordetails":
		if r.Details == "" {
			return nil, true
		}
		return record("System.Management.Automation.ErrorDetails", "Message", r.Details), true
	case "scriptstacktrace":
		return "at <ScriptBlock>, <No file>: line " + in.str(int32(r.line())), true //nolint:gosec // small
	case "categoryinfo":
		return in.categoryObject(r), true
	case "invocationinfo":
		return record("System.Management.Automation.InvocationInfo", "MyCommand", r.Activity, "ScriptLineNumber", int32(r.line()), //nolint:gosec // small
			"InvocationName", r.command, "Line", r.text(), "PositionMessage", r.position()), true
	}
	return nil, false
}

func (in *interp) categoryObject(r *ErrorRecord) *Object {
	reason := r.Reason
	if reason == "" {
		reason = shortName(r.Exception.Type)
	}
	c := &class{name: "System.Management.Automation.ErrorCategoryInfo", text: func(*interp, *Object) string { return r.categoryInfo() }}
	return newObject(c, nil).note("Category", r.Category).note("Activity", r.Activity).note("Reason", reason).note("TargetName", in.str(r.Target))
}

func (r *ErrorRecord) line() int {
	if r.source == nil {
		return 0
	}
	return r.source.Position(r.span.Start).Line
}

func (r *ErrorRecord) text() string {
	if r.source == nil {
		return ""
	}
	return r.source.Line(r.line())
}

func (r *ErrorRecord) position() string {
	var b strings.Builder
	r.displayPosition(&b, consoleWidth)
	return strings.TrimRight(b.String(), "\r\n")
}

func exceptionProperty(e *Exception, name string) (any, bool) {
	switch name {
	case "message":
		return e.Message, true
	case "innerexception":
		if e.Inner == nil {
			return nil, true
		}
		return e.Inner, true
	case "hresult", "nativeerrorcode", "errorcode":
		return e.HResult, true
	case "stacktrace", "source", "targetsite", "helplink", "data", "response", "errors", "status":
		return nil, true
	case "errorrecord":
		return &ErrorRecord{Exception: e, ID: shortName(e.Type), Category: "NotSpecified"}, true
	}
	return nil, false
}

func numericLimit(typ, name string) (any, bool) {
	r, ok := intType(typ)
	if !ok || name != "maxvalue" && name != "minvalue" {
		return nil, false
	}
	if name == "minvalue" {
		return r.make(int64(r.low)), true
	}
	switch typ {
	case "System.Int64":
		return int64(9223372036854775807), true
	case "System.UInt64":
		return uint64(18446744073709551615), true
	}
	return r.make(int64(r.high)), true
}
