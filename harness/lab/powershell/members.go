package powershell

import (
	"slices"
	"strings"
	"time"
)

// property reads a member of a value; a collection without that member gives the members of its elements.
func (in *interp) property(v any, name string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if p, ok := in.ownProperty(v, name); ok {
		return p, nil
	}
	items, many := elements(v)
	if many {
		out := newArray()
		for _, item := range items {
			if p, ok := in.ownProperty(item, name); ok {
				out.Items = append(out.Items, asList(p)...)
			}
		}
		return unvoid(collapse(out.Items)), nil
	}
	in.missingMember(v, name)
	return nil, nil
}

// missingMember records a member that the real class may have and the model lacks.
func (in *interp) missingMember(v any, name string) {
	if o, ok := v.(*Object); ok && o.class != nil && !o.class.open {
		in.unsupported("member", o.class.name+"."+name, "not a member that the simulation knows")
	}
}

// ownProperty reads a property of the value itself.
func (in *interp) ownProperty(v any, name string) (any, bool) {
	lower := strings.ToLower(name)
	if lower == "psobject" {
		return in.psObject(v), true
	}
	switch x := v.(type) {
	case *Object:
		if p, ok := in.objectProperty(x, name); ok {
			return p, true
		}
	case *Hash:
		return in.hashProperty(x, name, lower)
	case *Array:
		return arrayProperty(x, lower)
	case string:
		if lower == "length" {
			return int32(len([]rune(x))), true //nolint:gosec // bounded
		}
	case *ErrorRecord:
		if p, ok := in.errorProperty(x, lower); ok {
			return p, true
		}
	case *Exception:
		if p, ok := exceptionProperty(x, lower); ok {
			return p, true
		}
	case time.Time:
		if p, ok := timeProperty(x, lower); ok {
			return p, true
		}
	case time.Duration:
		if p, ok := spanProperty(x, lower); ok {
			return p, true
		}
	case Version:
		if p, ok := versionProperty(x, lower); ok {
			return p, true
		}
	case *TypeRef:
		return typeProperty(x, lower)
	case *ScriptBlock:
		if lower == "ast" || lower == "file" || lower == "module" {
			return nil, true
		}
	}
	if (lower == "count" || lower == "length") && v != nil {
		return int32(1), true
	}
	return nil, false
}

func arrayProperty(a *Array, name string) (any, bool) {
	switch name {
	case "length", "longlength", "capacity", "count":
		return int32(len(a.Items)), true //nolint:gosec // bounded
	case "rank":
		return int32(1), true
	case "issynchronized", "isreadonly":
		return false, true
	case "isfixedsize":
		return a.fixed(), true
	}
	return nil, false
}

func versionProperty(v Version, name string) (any, bool) {
	i := slices.Index([]string{"major", "minor", "build", "revision"}, name)
	if i < 0 {
		return nil, false
	}
	if i >= len(v.parts) {
		return int32(-1), true
	}
	return int32(v.parts[i]), true //nolint:gosec // small
}

func (in *interp) hashProperty(h *Hash, name, lower string) (any, bool) {
	if v, ok := h.get(name); ok {
		return v, true
	}
	switch lower {
	case "count":
		return int32(len(h.keys)), true //nolint:gosec // bounded
	case "keys":
		return newArray(append([]any{}, h.keys...)...), true
	case "values":
		return newArray(h.list()...), true
	case "isreadonly", "isfixedsize", "issynchronized":
		return false, true
	}
	return nil, true
}

// objectProperty reads a note or a class property.
func (in *interp) objectProperty(o *Object, name string) (any, bool) {
	if v, ok := o.notes.get(name); ok {
		return v, true
	}
	if o.class == nil {
		return nil, false
	}
	for _, p := range o.class.props {
		if strings.EqualFold(p.name, name) {
			return p.get(in, o), true
		}
	}
	if d, ok := o.data.(dynamic); ok {
		return d.property(in, name)
	}
	return nil, false
}

// dynamic is implemented by the state of objects whose members depend on their content, such as XML elements.
type dynamic interface {
	property(in *interp, name string) (any, bool)
	propertyNames() []string
}

// propertyNames lists the properties of a value in order.
func (in *interp) propertyNames(v any) []string {
	switch x := v.(type) {
	case *Object:
		var names []string
		if x.class != nil {
			for _, p := range x.class.props {
				names = append(names, p.name)
			}
		}
		if d, ok := x.data.(dynamic); ok {
			names = append(names, d.propertyNames()...)
		}
		for _, k := range x.notes.keys {
			if n := in.str(k); !slices.ContainsFunc(names, func(have string) bool { return strings.EqualFold(have, n) }) {
				names = append(names, n)
			}
		}
		return names
	case string:
		return []string{"Length"}
	case *Hash:
		return []string{"IsReadOnly", "IsFixedSize", "IsSynchronized", "Keys", "Values", "SyncRoot", "Count"}
	case *Array:
		return []string{"Length", "LongLength", "Rank", "SyncRoot", "IsReadOnly", "IsFixedSize", "IsSynchronized", "Count"}
	case *ErrorRecord:
		return []string{"Exception", "TargetObject", "CategoryInfo", "FullyQualifiedErrorId", "ErrorDetails", "InvocationInfo", "ScriptStackTrace"}
	case *Exception:
		return []string{"Message", "InnerException", "HResult"}
	case time.Time:
		return []string{"Date", "Day", "DayOfWeek", "DayOfYear", "Hour", "Kind", "Millisecond", "Minute", "Month", "Second", "Ticks", "TimeOfDay", "Year"}
	case time.Duration:
		return []string{"Ticks", "Days", "Hours", "Milliseconds", "Minutes", "Seconds", "TotalDays", "TotalHours", "TotalMilliseconds", "TotalMinutes", "TotalSeconds"}
	case Version:
		return []string{"Major", "Minor", "Build", "Revision"}
	}
	return nil
}

func (in *interp) psObject(v any) any {
	list := newArray()
	for _, name := range in.propertyNames(v) {
		p, _ := in.ownProperty(v, name)
		list.Items = append(list.Items, record("System.Management.Automation.PSNoteProperty", "Name", name, "Value", p, "MemberType", "NoteProperty"))
	}
	if h, ok := v.(*Hash); ok {
		list.Items = nil
		for _, k := range h.keys {
			list.Items = append(list.Items, record("System.Management.Automation.PSNoteProperty", "Name", in.str(k), "Value", h.values[hashKey(k)]))
		}
	}
	o := record("System.Management.Automation.PSObject", "Properties", list, "BaseObject", v)
	names := newArray()
	for _, n := range typeNames(v) {
		names.Items = append(names.Items, n)
	}
	return o.note("TypeNames", names)
}

// setProperty writes a member.
func (in *interp) setProperty(v any, name string, value any) error {
	switch x := v.(type) {
	case *Object:
		if x.class != nil {
			for _, p := range x.class.props {
				if strings.EqualFold(p.name, name) && p.set != nil {
					return p.set(in, x, value)
				}
			}
		}
		if d, ok := x.data.(interface {
			setProperty(in *interp, name string, value any) error
		}); ok {
			return d.setProperty(in, name, value)
		}
		if _, ok := x.notes.get(name); ok {
			x.note(name, value)
			return nil
		}
		in.missingMember(v, name)
	case *Hash:
		x.set(name, value)
		return nil
	case *Array:
		for _, item := range x.Items {
			if err := in.setProperty(item, name, value); err != nil {
				return err
			}
		}
		return nil
	}
	return newError(runtimeException, "PropertyNotFound", invalidOperation,
		"The property '%s' cannot be found on this object. Verify that the property exists and can be set.", name)
}

// call invokes a method of a value.
func (in *interp) call(v any, name string, args []any) (any, error) {
	lower := strings.ToLower(name)
	if v == nil {
		return nil, runtimeError("InvokeMethodOnNull", "You cannot call a method on a null-valued expression.")
	}
	if m := in.findMethod(v, lower); m != nil {
		out, err := m(in, v, args)
		return out, in.wrapMethod(name, args, err)
	}
	switch lower {
	case "tostring":
		if len(args) > 0 {
			s, err := in.formatValue(v, in.str(args[0]))
			return s, err
		}
		return in.str(v), nil
	case "gettype":
		return &TypeRef{name: typeName(v)}, nil
	case "equals":
		return len(args) > 0 && in.equal(v, args[0], true), nil
	case "gethashcode":
		return int32(len(in.str(v))), nil //nolint:gosec // any number will do
	case "dispose", "close":
		if o, ok := v.(*Object); ok && o.class != nil {
			return void{}, nil
		}
	}
	if h, ok := v.(*Hash); ok {
		if sb, ok := h.values[hashKey(name)].(*ScriptBlock); ok {
			var items []any
			err := in.callBlock(sb, true, nil, false, args, collector(&items))
			return collapse(items), err
		}
	}
	if o, ok := v.(*Object); ok {
		if sb, ok := o.notes.values[hashKey(name)].(*ScriptBlock); ok {
			var items []any
			sc := newScope(in.scope)
			sc.set("this", o)
			err := in.guarded(in.streams, sc, in.source, in.span, func() error {
				return in.callBlock(sb, true, nil, false, args, collector(&items))
			})
			return collapse(items), err
		}
	}
	return in.callEach(v, name, args)
}

// callEach calls the method on the elements of a collection that has no such method itself.
func (in *interp) callEach(v any, name string, args []any) (any, error) {
	items, many := elements(v)
	if many && len(items) > 0 {
		out := newArray()
		for _, item := range items {
			r, err := in.call(item, name, args)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, asList(r)...)
		}
		return collapse(out.Items), nil
	}
	if _, custom := v.(*Object); !custom || v.(*Object).class != nil {
		in.unsupported("member", typeName(v)+"."+name+"()", "not a method that the simulation knows")
	}
	return nil, runtimeError("MethodNotFound", "Method invocation failed because [%s] does not contain a method named '%s'.", typeName(v), name)
}

func (in *interp) findMethod(v any, lower string) method {
	switch x := v.(type) {
	case *Object:
		if x.class != nil {
			return x.class.methods[lower]
		}
	case string:
		return stringMethod(lower)
	case Char:
		if m := stringMethod(lower); m != nil {
			return func(in *interp, self any, args []any) (any, error) { return m(in, in.str(self), args) }
		}
	case *Array:
		return arrayMethod(lower)
	case *Hash:
		return hashMethod(lower)
	case time.Time:
		return timeMethod(lower)
	case time.Duration:
		return spanMethod(lower)
	case *ScriptBlock:
		return blockMethod(lower)
	case *TypeRef:
		return typeMethod(lower)
	case *Exception, *ErrorRecord:
		if lower == "getbaseexception" {
			return func(_ *interp, self any, _ []any) (any, error) {
				e, _ := self.(*Exception)
				for e != nil && e.Inner != nil {
					e = e.Inner
				}
				return e, nil
			}
		}
	}
	return nil
}

// wrapMethod turns an exception of a method into the error that PowerShell reports.
func (in *interp) wrapMethod(name string, args []any, err error) error {
	e, ok := err.(*Exception) //nolint:errorlint // the .NET surface returns it unwrapped
	if !ok {
		return err
	}
	return methodError(name, len(args), e)
}

// staticValue reads a static member.
func (in *interp) staticValue(t *TypeRef, name string) (any, error) {
	s, ok := in.statics[strings.ToLower(t.name)]
	if ok {
		if s.enum != nil {
			for n, v := range s.enum {
				if strings.EqualFold(n, name) {
					return newEnum(s.name, n, v), nil
				}
			}
		}
		for n, get := range s.values {
			if strings.EqualFold(n, name) {
				return get(in), nil
			}
		}
	}
	if v, ok := numericLimit(t.name, strings.ToLower(name)); ok {
		return v, nil
	}
	if p, ok := typeProperty(t, strings.ToLower(name)); ok {
		return p, nil
	}
	in.unsupported("member", t.name+"::"+name, "not a member that the simulation knows")
	return nil, nil
}

// callStatic invokes a static method or, as new, the constructor.
func (in *interp) callStatic(t *TypeRef, name string, args []any) (any, error) {
	lower := strings.ToLower(name)
	if lower == "new" {
		return in.construct(t, args)
	}
	if s, ok := in.statics[strings.ToLower(t.name)]; ok {
		if m := s.methods[lower]; m != nil {
			out, err := m(in, nil, args)
			return out, in.wrapMethod(name, args, err)
		}
	}
	if lower == "parse" && len(args) > 0 {
		v, err := in.cast(args[0], t)
		if err != nil {
			return nil, methodError(name, len(args), exception("System.FormatException", "Input string was not in a correct format."))
		}
		return v, nil
	}
	in.unsupported("member", t.name+"::"+name+"()", "not a method that the simulation knows")
	return nil, runtimeError("MethodNotFound", "Method invocation failed because [%s] does not contain a method named '%s'.", t.name, name)
}

// construct makes an instance of a type.
func (in *interp) construct(t *TypeRef, args []any) (any, error) {
	if s, ok := in.statics[strings.ToLower(t.name)]; ok && s.create != nil {
		v, err := s.create(in, nil, args)
		return v, in.wrapMethod(".ctor", args, err)
	}
	switch {
	case t.elem != "":
		n := 0
		if len(args) > 0 {
			var err error
			if n, err = in.int(args[0]); err != nil || n > maxRange*16 {
				return nil, in.tooLarge()
			}
		}
		return in.zeroed(t, n)
	case strings.Contains(t.name, ".Dictionary`") || t.name == hashtable || t.name == orderedDictionary:
		return newHash(t.name), nil
	case strings.HasPrefix(t.name, "System.Collections."):
		return in.newList(t, args)
	case exceptionName(t.name) || len((&Exception{Type: t.name}).bases()) > 2:
		e := &Exception{Type: t.name}
		if len(args) > 0 {
			e.Message = in.str(args[0])
		}
		if len(args) > 1 {
			e.Inner, _ = args[1].(*Exception)
		}
		return e, nil
	}
	switch t.name {
	case "System.Object", "System.Management.Automation.PSObject", "System.Management.Automation.PSCustomObject":
		if len(args) > 0 {
			return in.castCustom(args[0])
		}
		return &Object{}, nil
	case "System.DateTime":
		return in.newDate(args)
	case "System.String":
		return in.newString(args)
	case "System.Version", "System.Guid", "System.TimeSpan":
		if len(args) == 1 {
			return in.cast(args[0], t)
		}
		return in.newSpan(t, args)
	}
	in.unsupported("type", t.name, "no constructor in the simulation")
	return nil, newError("System.Management.Automation.PSArgumentException", "CannotFindAppropriateCtor", invalidOperation,
		"A constructor was not found. Cannot find an appropriate constructor for type %s.", t.name)
}

func (in *interp) zeroed(t *TypeRef, n int) (any, error) {
	a := &Array{Type: t.name, Items: make([]any, n)}
	zero, err := in.cast(nil, &TypeRef{name: t.elem})
	if err != nil || t.elem == "System.String" || t.elem == "System.Object" {
		return a, nil //nolint:nilerr // reference types stay null
	}
	for i := range a.Items {
		a.Items[i] = zero
	}
	return a, nil
}

func (in *interp) newList(t *TypeRef, args []any) (any, error) {
	a := &Array{Type: t.name}
	if len(args) > 0 {
		if _, size := integer(args[0]); !size {
			for _, arg := range args {
				a.Items = append(a.Items, asList(arg)...)
			}
		}
	}
	return a, nil
}
