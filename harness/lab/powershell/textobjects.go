package powershell

import (
	"regexp"
	"strings"
	"time"
)

func regexClass() *class {
	re := func(self any) *regexp.Regexp {
		r, _ := self.(*Object).data.(*regexp.Regexp)
		return r
	}
	return &class{name: "System.Text.RegularExpressions.Regex", text: func(_ *interp, o *Object) string { return o.data.(*regexp.Regexp).String() }, methods: methods{
		"ismatch": one2(func(in *interp, self any, v any) (any, error) { return re(self).MatchString(in.str(v)), nil }),
		"match": one2(func(in *interp, self any, v any) (any, error) {
			return in.matchObject(re(self), in.str(v), re(self).FindStringSubmatchIndex(in.str(v))), nil
		}),
		"matches": one2(func(in *interp, self any, v any) (any, error) {
			out := newArray()
			for _, m := range re(self).FindAllStringSubmatchIndex(in.str(v), -1) {
				out.Items = append(out.Items, in.matchObject(re(self), in.str(v), m))
			}
			return out, nil
		}),
		"replace": func(in *interp, self any, args []any) (any, error) {
			if len(args) < 2 {
				return nil, exception("System.ArgumentException", "Cannot find an overload for \"Replace\".")
			}
			return re(self).ReplaceAllString(in.str(args[0]), netReplacement(in.str(args[1]))), nil
		},
		"split": one2(func(in *interp, self any, v any) (any, error) {
			return &Array{Type: stringArray, Items: splitWithGroups(re(self), in.str(v), -1)}, nil
		}),
	}}
}

// one2 adapts a method of one argument.
func one2(f func(in *interp, self, arg any) (any, error)) method {
	return func(in *interp, self any, args []any) (any, error) {
		if len(args) == 0 {
			return nil, exception("System.ArgumentException", "Cannot find an overload with the argument count: \"0\".")
		}
		return f(in, self, args[0])
	}
}

func (in *interp) newRegex(pattern, options string) (any, error) {
	re, err := in.regex(pattern, options)
	if err != nil {
		return nil, err
	}
	return newObject(regexClass(), re), nil
}

func (in *interp) matchObject(re *regexp.Regexp, s string, m []int) *Object {
	groups := newHash(orderedDictionary)
	list := newArray()
	value := ""
	if m != nil {
		value = s[m[0]:m[1]]
		for i, name := range re.SubexpNames() {
			v, ok := "", m[2*i] >= 0
			if ok {
				v = s[m[2*i]:m[2*i+1]]
			}
			g := newObject(&class{name: "System.Text.RegularExpressions.Group", text: func(*interp, *Object) string { return v }, open: true}, nil).note("Value", v).note("Success", ok)
			list.Items = append(list.Items, g)
			groups.set(int32(i), g) //nolint:gosec // few groups
			if name != "" {
				groups.set(name, g)
			}
		}
	}
	index := int32(0)
	if m != nil {
		index = int32(m[0]) //nolint:gosec // bounded
	}
	return newObject(&class{name: "System.Text.RegularExpressions.Match", text: func(*interp, *Object) string { return value }, open: true}, nil).
		note("Groups", groups).note("Success", m != nil).note("Captures", list).note("Index", index).
		note("Length", int32(len(value))).note("Value", value) //nolint:gosec // bounded
}

func regexStatics() methods {
	out := methods{"escape": one(func(in *interp, v any) (any, error) { return regexp.QuoteMeta(in.str(v)), nil })}
	for _, name := range []string{"ismatch", "match", "matches", "replace", "split"} {
		out[name] = func(in *interp, _ any, args []any) (any, error) {
			if len(args) < 2 {
				return nil, exception("System.ArgumentException", "Cannot find an overload for %q.", name)
			}
			re, err := in.newRegex(in.str(args[1]), "")
			if err != nil {
				return nil, err
			}
			rest := []any{args[0]}
			if name == "replace" {
				rest = append(rest, args[2:]...)
			}
			return regexClass().methods[name](in, re, rest)
		}
	}
	return out
}

func newStringBuilder(_ *interp, _ any, args []any) (any, error) {
	b := &strings.Builder{}
	if s, ok := args0(args).(string); ok {
		b.WriteString(s)
	}
	add := func(end string) method {
		return func(in *interp, self any, args []any) (any, error) {
			if b.Len() > maxText {
				return nil, in.tooLarge()
			}
			b.WriteString(in.str(args0(args)) + end)
			return self, nil
		}
	}
	return newObject(&class{
		name: "System.Text.StringBuilder", text: func(*interp, *Object) string { return b.String() },
		props: []prop{{name: "Length", get: func(*interp, *Object) any { return int32(b.Len()) }}}, //nolint:gosec // bounded
		methods: methods{"append": add(""), "appendline": add("\r\n"), "clear": func(_ *interp, self any, _ []any) (any, error) {
			b.Reset()
			return self, nil
		}, "appendformat": func(in *interp, self any, args []any) (any, error) {
			s, err := in.format(in.str(args0(args)), args[min(1, len(args)):])
			b.WriteString(in.str(s))
			return self, err
		}},
	}, b), nil
}

func (in *interp) newDate(args []any) (any, error) {
	n := []int{1, 1, 1, 0, 0, 0, 0}
	for i := range min(len(args), len(n)) {
		v, err := in.int(args[i])
		if err != nil {
			return nil, err
		}
		n[i] = v
	}
	if len(args) == 1 {
		ticks, _ := integer(args[0])
		return ticksTime(ticks), nil
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*int(time.Millisecond), localZone()), nil
}

func (in *interp) newString(args []any) (any, error) {
	if len(args) == 2 {
		n, err := in.int(args[1])
		if err != nil || n < 0 || n > maxText {
			return nil, in.tooLarge()
		}
		return strings.Repeat(in.str(args[0]), n), nil
	}
	return in.join(args0(args), ""), nil
}

// newSpan makes a TimeSpan or Version from its numbers.
func (in *interp) newSpan(t *TypeRef, args []any) (any, error) {
	var n []int
	for _, a := range args {
		v, err := in.int(a)
		if err != nil {
			return nil, err
		}
		n = append(n, v)
	}
	if t.name == "System.Version" {
		return Version{n}, nil
	}
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second, time.Millisecond}
	if len(n) == 3 {
		units = units[1:]
	}
	var d time.Duration
	for i, v := range n {
		if i < len(units) {
			d += time.Duration(v) * units[i]
		}
	}
	return d, nil
}

func executionContext() *class {
	state := newObject(&class{name: "System.Management.Automation.SessionState", props: []prop{
		{name: "LanguageMode", get: func(*interp, *Object) any {
			return newEnum("System.Management.Automation.PSLanguageMode", "FullLanguage", 0)
		}},
		{name: "Path", get: func(*interp, *Object) any {
			return newObject(&class{name: "System.Management.Automation.PathIntrinsics", methods: methods{
				"getunresolvedproviderpathfrompspath": one(func(in *interp, v any) (any, error) { return in.filePath(in.str(v)) }),
			}}, nil)
		}},
	}}, nil)
	invoke := newObject(&class{name: "System.Management.Automation.CommandInvocationIntrinsics", methods: methods{
		"expandstring": one(func(in *interp, v any) (any, error) { return in.expandString(in.str(v)) }),
		"invokescript": one(func(in *interp, v any) (any, error) {
			sb, err := in.compile(in.str(v), "")
			if err != nil {
				return nil, err
			}
			var items []any
			err = in.callBlock(sb, false, nil, false, nil, collector(&items))
			return collapse(items), err
		}),
	}}, nil)
	return &class{name: "System.Management.Automation.EngineIntrinsics", props: []prop{
		{name: "SessionState", get: func(*interp, *Object) any { return state }}, {name: "InvokeCommand", get: func(*interp, *Object) any { return invoke }},
	}}
}

// expandString expands variables in a text as a double-quoted string would.
func (in *interp) expandString(s string) (any, error) {
	sb, err := in.compile("@\"\n"+s+"\n\"@", "")
	if err != nil {
		return nil, err
	}
	items, err := in.collectBlock(sb.ast.End)
	return collapse(items), err
}

func hostClass() *class {
	ui := newObject(&class{name: "System.Management.Automation.Host.PSHostUserInterface", methods: methods{
		"writeline": func(in *interp, _ any, args []any) (any, error) { return void{}, in.out.text(in.str(args0(args))) },
		"write": func(in *interp, _ any, args []any) (any, error) {
			_, err := in.out.Write([]byte(in.str(args0(args))))
			return void{}, err
		},
	}, props: []prop{{name: "RawUI", get: func(*interp, *Object) any {
		return record("System.Management.Automation.Host.PSHostRawUserInterface", "WindowTitle", "Windows PowerShell", "BufferSize", nil)
	}}}}, nil)
	return &class{name: "System.Management.Automation.Internal.Host.InternalHost", props: []prop{
		{name: "Name", get: func(*interp, *Object) any { return "ConsoleHost" }},
		{name: "Version", get: func(*interp, *Object) any { return Version{[]int{5, 1, 20348, 2849}} }},
		{name: "UI", get: func(*interp, *Object) any { return ui }},
	}, methods: methods{"setshouldexit": one(func(in *interp, v any) (any, error) {
		n, _ := in.int(v)
		return nil, &exiting{n}
	})}}
}
