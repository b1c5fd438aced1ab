package powershell

import (
	"regexp"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// static is the static side of a .NET type: constructor, static members and, for an enumeration, its names.
type static struct {
	name    string
	create  method
	values  map[string]func(in *interp) any
	methods map[string]method
	enum    map[string]int64
	cast    func(in *interp, v any) (any, error)
}

// enumValue is the state of an enumeration member.
type enumValue struct {
	name  string
	value int64
}

// accelerators are the short type names.
func accelerators() map[string]string {
	return map[string]string{
		"int": "System.Int32", "int32": "System.Int32", "long": "System.Int64", "int64": "System.Int64", "string": "System.String",
		"char": "System.Char", "bool": "System.Boolean", "byte": "System.Byte", "sbyte": "System.SByte", "double": "System.Double",
		"float": "System.Single", "single": "System.Single", "decimal": "System.Decimal", "int16": "System.Int16", "uint16": "System.UInt16",
		"uint32": "System.UInt32", "uint64": "System.UInt64", "short": "System.Int16", "ushort": "System.UInt16", "uint": "System.UInt32",
		"ulong": "System.UInt64", "datetime": "System.DateTime", "timespan": "System.TimeSpan", "regex": "System.Text.RegularExpressions.Regex",
		"hashtable": hashtable, "ordered": orderedDictionary, "object": "System.Object", "array": "System.Array", "guid": "System.Guid",
		"xml": "System.Xml.XmlDocument", "scriptblock": "System.Management.Automation.ScriptBlock", "void": "System.Void",
		"pscustomobject": "System.Management.Automation.PSCustomObject", "psobject": "System.Management.Automation.PSObject",
		"switch": "System.Management.Automation.SwitchParameter", "version": "System.Version", "uri": "System.Uri", "type": "System.Type",
		"ref": "System.Management.Automation.PSReference", "pscredential": "System.Management.Automation.PSCredential",
		"ipaddress": "System.Net.IPAddress", "wmi": "System.Management.ManagementObject", "adsi": "System.DirectoryServices.DirectoryEntry",
		"powershell": "System.Management.Automation.PowerShell", "intptr": "System.IntPtr", "math": "System.Math", "convert": "System.Convert",
		"environment": "System.Environment", "cimsession": "Microsoft.Management.Infrastructure.CimSession", "wmiclass": "System.Management.ManagementClass",
		"wmisearcher": "System.Management.ManagementObjectSearcher", "runspacefactory": "System.Management.Automation.Runspaces.RunspaceFactory",
		"mailaddress": "System.Net.Mail.MailAddress", "bigint": "System.Numerics.BigInteger", "securestring": "System.Security.SecureString",
	}
}

// resolveType finds a type by the name in a literal.
func (in *interp) resolveType(t *syntax.TypeName) (*TypeRef, error) {
	name, ok := in.typeByName(t.Name)
	if len(t.Args) > 0 {
		name, ok = in.genericName(t)
	}
	if !ok {
		in.unsupported("type", t.Name, "no such type in the simulation")
		return nil, newError(runtimeException, "TypeNotFound", invalidOperation, "Unable to find type [%s].", t.String())
	}
	if t.Array {
		return &TypeRef{name: name + "[]", elem: name}, nil
	}
	return &TypeRef{name: name}, nil
}

func (in *interp) typeByName(name string) (string, bool) {
	lower := strings.ToLower(name)
	if full, ok := in.short[lower]; ok {
		return full, true
	}
	for _, prefix := range append([]string{"system.", "", "system.management.automation."}, in.namespaces...) {
		if s, ok := in.statics[prefix+lower]; ok {
			return s.name, true
		}
	}
	full := "System." + strings.TrimPrefix(lower, "system.")
	for _, known := range in.short {
		if strings.EqualFold(known, full) || strings.EqualFold(known, name) {
			return known, true
		}
	}
	e := &Exception{Type: "System." + name}
	for _, candidate := range []string{"System." + name, name, "System.Management.Automation." + name} {
		e.Type = candidate
		if len(e.bases()) > 2 || exceptionName(candidate) {
			return candidate, true
		}
	}
	return "", false
}

// exceptionName tells the exception types that scripts catch or construct.
func exceptionName(name string) bool {
	switch strings.ToLower(name) {
	case "system.exception", "system.argumentexception", "system.invalidoperationexception", "system.notsupportedexception",
		"system.unauthorizedaccessexception", "system.io.ioexception", "system.formatexception", "system.systemexception",
		"system.nullreferenceexception", "system.notimplementedexception", "system.timeoutexception", "system.dividebyzeroexception",
		"system.diagnostics.eventing.reader.eventlogexception", "system.invalidcastexception", "system.xml.xmlexception",
		"system.runtime.interopservices.comexception", "system.outofmemoryexception", "system.applicationexception":
		return true
	}
	return false
}

func (in *interp) genericName(t *syntax.TypeName) (string, bool) {
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		ref, err := in.resolveType(a)
		if err != nil {
			return "", false
		}
		args[i] = ref.name
	}
	inner := "[" + strings.Join(args, ",") + "]"
	switch base := strings.ToLower(t.Name); base[strings.LastIndexByte(base, '.')+1:] {
	case "list", "list`1":
		return "System.Collections.Generic.List`1" + inner, true
	case "dictionary", "dictionary`2":
		return "System.Collections.Generic.Dictionary`2" + inner, true
	case "hashset", "hashset`1":
		return "System.Collections.Generic.HashSet`1" + inner, true
	case "queue", "stack", "nullable", "ienumerable", "ilist":
		return "System.Collections.Generic." + t.Name + "`1" + inner, true
	}
	return "", false
}

// cast converts a value to a type as `[type]value` does.
func (in *interp) cast(v any, t *TypeRef) (any, error) {
	v = unvoid(v)
	if t.elem != "" {
		return in.castArray(v, t)
	}
	if r, ok := intType(t.name); ok {
		if e, ok := v.(*Object); ok {
			if ev, ok := e.data.(enumValue); ok {
				return r.make(ev.value), nil
			}
		}
		return in.toInteger(v, t.name, r)
	}
	if strings.EqualFold(typeName(v), t.name) {
		return v, nil
	}
	switch t.name {
	case "System.Object", "System.Management.Automation.PSObject":
		return v, nil
	case "System.String":
		return in.str(v), nil
	case "System.Boolean", "System.Management.Automation.SwitchParameter":
		return truth(v), nil
	case "System.Double", "System.Single", "System.Decimal":
		n, err := in.toNumber(v, t.name)
		if err != nil {
			return nil, err
		}
		f, _ := number(n)
		return f, nil
	case "System.Void":
		return void{}, nil
	case "System.Array":
		return newArray(asList(v)...), nil
	}
	if v == nil {
		return nil, nil
	}
	return in.castReference(v, t)
}

func (in *interp) castReference(v any, t *TypeRef) (any, error) {
	switch t.name {
	case "System.Char":
		return in.castChar(v, t)
	case "System.DateTime", "System.TimeSpan", "System.Version", "System.Guid":
		return in.castText(v, t)
	case "System.Management.Automation.PSCustomObject":
		return in.castCustom(v)
	case orderedDictionary, hashtable:
		if h, ok := v.(*Hash); ok {
			c := h.clone()
			c.Type = t.name
			return c, nil
		}
	case "System.Management.Automation.ScriptBlock":
		return in.compile(in.str(v), "")
	case "System.Type":
		return in.namedType(in.str(v))
	case "System.Text.RegularExpressions.Regex":
		return in.newRegex(in.str(v), "")
	}
	if strings.HasPrefix(t.name, "System.Collections.") && !strings.Contains(t.name, "Dictionary") {
		return &Array{Type: t.name, Items: append([]any{}, asList(v)...)}, nil
	}
	if s, ok := in.statics[strings.ToLower(t.name)]; ok {
		if s.enum != nil {
			return in.castEnum(v, s)
		}
		if s.cast != nil {
			return s.cast(in, v)
		}
	}
	for _, n := range typeNames(v) {
		if strings.EqualFold(n, t.name) {
			return v, nil
		}
	}
	if e := (&Exception{Type: t.name}); exceptionName(t.name) || len(e.bases()) > 2 {
		e.Message = in.str(v)
		return e, nil
	}
	return nil, in.castError(v, t.name, "")
}

func (in *interp) namedType(name string) (any, error) {
	if !strings.HasPrefix(name, "[") {
		name = "[" + name + "]"
	}
	src := &syntax.Source{Text: name}
	script, err := syntax.Parse(src)
	if err == nil && len(script.End.Statements) == 1 {
		if pl, ok := script.End.Statements[0].(*syntax.Pipeline); ok {
			if ce, ok := pl.Elements[0].(*syntax.CommandExpr); ok {
				if lit, ok := ce.Expr.(*syntax.TypeLiteral); ok {
					return in.resolveType(lit.Type)
				}
			}
		}
	}
	return nil, newError(runtimeException, "TypeNotFound", invalidOperation, "Unable to find type [%s].", name)
}

func (in *interp) castArray(v any, t *TypeRef) (any, error) {
	a := &Array{Type: t.name}
	if v == nil {
		return nil, nil
	}
	items := asList(v)
	if s, ok := v.(string); ok && t.elem == "System.Char" {
		items = nil
		for _, r := range s {
			items = append(items, Char(r))
		}
	}
	elem := &TypeRef{name: t.elem}
	for _, item := range items {
		c, err := in.cast(item, elem)
		if err != nil {
			return nil, err
		}
		a.Items = append(a.Items, c)
	}
	return a, nil
}

func (in *interp) castChar(v any, t *TypeRef) (any, error) {
	if s, ok := v.(string); ok {
		r := []rune(s)
		if len(r) == 1 {
			return Char(r[0]), nil
		}
		return nil, in.castError(v, t.name, "String must be exactly one character long.")
	}
	i, err := in.int(v)
	return Char(rune(i)), err //nolint:gosec // a code unit
}

func (in *interp) castText(v any, t *TypeRef) (any, error) {
	text := in.str(v)
	var ok bool
	var out any
	switch t.name {
	case "System.DateTime":
		if i, isInt := integer(v); isInt {
			return ticksTime(i), nil
		}
		out, ok = first(parseDate(text))
	case "System.TimeSpan":
		if i, isInt := integer(v); isInt {
			return time.Duration(i * 100), nil
		}
		out, ok = first(parseSpan(text))
	case "System.Version":
		out, ok = first(parseVersion(text))
	default:
		text = strings.ToLower(strings.Trim(text, "{}"))
		ok = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(text)
		out = guidObject(text)
	}
	if !ok {
		return nil, in.castError(v, t.name, "String was not recognized as a valid "+shortName(t.name)+".")
	}
	return out, nil
}

func first[T any](v T, ok bool) (any, bool) { return v, ok }

func (in *interp) castCustom(v any) (any, error) {
	h, ok := v.(*Hash)
	if !ok {
		return v, nil
	}
	o := &Object{}
	for _, k := range h.keys {
		o.note(in.str(k), h.values[hashKey(k)])
	}
	return o, nil
}

// castEnum finds members by name, several joined by commas, or by number.
func (in *interp) castEnum(v any, s *static) (any, error) {
	if i, ok := integer(v); ok {
		return in.enumOf(s, i), nil
	}
	var total int64
	for part := range strings.SplitSeq(in.str(v), ",") {
		value, ok := s.member(strings.TrimSpace(part))
		if !ok {
			return nil, newError("System.Management.Automation.PSInvalidCastException", "InvalidCastFromStringToEnumeration", "InvalidArgument",
				`Cannot convert value "%s" to type "%s". Error: "Unable to match the identifier name %s to a valid enumerator name."`, in.str(v), s.name, in.str(v))
		}
		total |= value
	}
	return in.enumOf(s, total), nil
}

func (s *static) member(name string) (int64, bool) {
	for n, v := range s.enum {
		if strings.EqualFold(n, name) {
			return v, true
		}
	}
	return 0, false
}

func (in *interp) enumOf(s *static, value int64) *Object {
	name := in.str(value)
	for n, v := range s.enum {
		if v == value {
			name = n
		}
	}
	return newEnum(s.name, name, value)
}

func newEnum(typ, name string, value int64) *Object {
	c := &class{
		name: typ, bases: []string{"System.Enum", "System.ValueType"},
		text: func(_ *interp, o *Object) string { return enumName(o) },
		props: []prop{{name: "value__", get: func(_ *interp, o *Object) any {
			e, _ := o.data.(enumValue)
			return int32(e.value) //nolint:gosec // enumerations of the model are small
		}}},
	}
	return newObject(c, enumValue{name, value})
}

func enumName(v any) string {
	if o, ok := v.(*Object); ok {
		if e, ok := o.data.(enumValue); ok {
			return e.name
		}
	}
	return ""
}

func guidObject(text string) *Object {
	return newObject(&class{name: "System.Guid", text: func(_ *interp, o *Object) string {
		s, _ := o.data.(string)
		return s
	}, props: []prop{{name: "Guid", get: func(_ *interp, o *Object) any { return o.data }}}}, text)
}

// ticksTime converts a count of 100 ns since year 1.
func ticksTime(ticks int64) time.Time {
	const epoch = 621355968000000000
	return time.Unix(0, 0).Add(0).UTC().Add(time.Duration((ticks - epoch) * 100)).In(localZone())
}

func timeTicks(t time.Time) int64 {
	const epoch = 621355968000000000
	return t.Unix()*10_000_000 + int64(t.Nanosecond())/100 + epoch
}
