package powershell

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// Values are Go values: nil is $null; bool, string, int32, int64, float64, uint8 and the other fixed-size integers are
// themselves; Char is [char]; time.Time is [datetime] and time.Duration is [timespan]; *Array, *Hash, *Object,
// *ScriptBlock, *TypeRef and *ErrorRecord are references as in .NET.

// Char is a System.Char.
type Char rune

// void is the output of a method without a result: nothing at all, not even $null.
type void struct{}

// Array is an array or a list; Type is its .NET name.
type Array struct {
	Items []any
	Type  string
}

const (
	objectArray = "System.Object[]"
	byteArray   = "System.Byte[]"
	stringArray = "System.String[]"
	arrayList   = "System.Collections.ArrayList"
)

func newArray(items ...any) *Array { return &Array{Items: items, Type: objectArray} }

func newStrings(items []string) *Array {
	a := &Array{Type: stringArray, Items: make([]any, len(items))}
	for i, s := range items {
		a.Items[i] = s
	}
	return a
}

func newBytes(data []byte) *Array {
	a := &Array{Type: byteArray, Items: make([]any, len(data))}
	for i, b := range data {
		a.Items[i] = b
	}
	return a
}

// fixed tells arrays from lists.
func (a *Array) fixed() bool { return strings.HasSuffix(a.Type, "[]") }

// Hash is a hashtable or dictionary that keeps the order of insertion.
type Hash struct {
	keys   []any
	values map[string]any
	Type   string
}

const (
	hashtable         = "System.Collections.Hashtable"
	orderedDictionary = "System.Collections.Specialized.OrderedDictionary"
)

func newHash(typ string) *Hash { return &Hash{Type: typ, values: map[string]any{}} }

func hashKey(key any) string {
	if s, ok := key.(string); ok {
		return "s" + strings.ToLower(s)
	}
	return fmt.Sprintf("%T%v", key, key)
}

func (h *Hash) get(key any) (any, bool) {
	v, ok := h.values[hashKey(key)]
	return v, ok
}

func (h *Hash) set(key, value any) {
	k := hashKey(key)
	if _, ok := h.values[k]; !ok {
		h.keys = append(h.keys, key)
	}
	h.values[k] = value
}

func (h *Hash) remove(key any) {
	k := hashKey(key)
	delete(h.values, k)
	for i, have := range h.keys {
		if hashKey(have) == k {
			h.keys = append(h.keys[:i:i], h.keys[i+1:]...)
			return
		}
	}
}

func (h *Hash) list() []any {
	out := make([]any, len(h.keys))
	for i, k := range h.keys {
		out[i] = h.values[hashKey(k)]
	}
	return out
}

func (h *Hash) clone() *Hash {
	c := newHash(h.Type)
	for _, k := range h.keys {
		c.set(k, h.values[hashKey(k)])
	}
	return c
}

// Object is an instance of a modelled .NET class, or with class nil a PSCustomObject.
type Object struct {
	class *class
	data  any
	notes Hash
	names []string // further type names, most specific first
}

// class describes the instances of one .NET type.
type class struct {
	name    string
	bases   []string
	props   []prop
	methods map[string]method
	text    func(in *interp, o *Object) string // ToString
	columns []string                           // default table; nil means a list of all properties
	widths  []int                              // of the first columns, 0 or missing for as wide as the content
	open    bool                               // the modelled properties are all there are, or any may be asked for
}

type prop struct {
	name string
	get  func(in *interp, o *Object) any
	set  func(in *interp, o *Object, v any) error
}

type method func(in *interp, self any, args []any) (any, error)

func newObject(c *class, data any) *Object { return &Object{class: c, data: data} }

// note adds or replaces a note property.
func (o *Object) note(name string, v any) *Object {
	if o.notes.values == nil {
		o.notes.values = map[string]any{}
	}
	o.notes.set(name, v)
	return o
}

func (o *Object) typeName() string {
	switch {
	case len(o.names) > 0:
		return o.names[0]
	case o.class == nil:
		return "System.Management.Automation.PSCustomObject"
	}
	return o.class.name
}

// record builds a PSCustomObject from alternating names and values.
func record(typeName string, pairs ...any) *Object {
	o := &Object{}
	if typeName != "" {
		o.names = []string{typeName}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		o.note(name, pairs[i+1])
	}
	return o
}

// ScriptBlock is a compiled script block.
type ScriptBlock struct {
	ast *syntax.Script
}

// TypeRef is a type as a value.
type TypeRef struct {
	name string // full .NET name
	elem string // of an array type, "" otherwise
}

// Version is a System.Version.
type Version struct{ parts []int }

func (v Version) String() string {
	s := make([]string, len(v.parts))
	for i, p := range v.parts {
		s[i] = fmt.Sprint(p)
	}
	return strings.Join(s, ".")
}

// local is the zone of the simulated machine; a time in it has the kind Local, one in UTC the kind Utc.
func localZone() *time.Location { return time.FixedZone("Coordinated Universal Time", 0) }

// typeName gives the full .NET name of a value's type.
func typeName(v any) string {
	switch v := v.(type) {
	case nil, void:
		return ""
	case *Array:
		return v.Type
	case *Hash:
		return v.Type
	case *Object:
		return v.typeName()
	case *ScriptBlock:
		return "System.Management.Automation.ScriptBlock"
	case *TypeRef:
		return "System.RuntimeType"
	case *ErrorRecord:
		return "System.Management.Automation.ErrorRecord"
	case *Exception:
		return v.Type
	case time.Time:
		return "System.DateTime"
	case time.Duration:
		return "System.TimeSpan"
	case Version:
		return "System.Version"
	}
	return scalarName(v)
}

func scalarName(v any) string {
	switch v.(type) {
	case string:
		return "System.String"
	case bool:
		return "System.Boolean"
	case int32:
		return "System.Int32"
	case int64:
		return "System.Int64"
	case float64:
		return "System.Double"
	case uint8:
		return "System.Byte"
	case Char:
		return "System.Char"
	case int8:
		return "System.SByte"
	case int16:
		return "System.Int16"
	case uint16:
		return "System.UInt16"
	case uint32:
		return "System.UInt32"
	case uint64:
		return "System.UInt64"
	}
	return "System.Object"
}

// shortName is the last part of a type name.
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// typeNames lists the type names of a value, most specific first.
func typeNames(v any) []string {
	names := []string{typeName(v)}
	if o, ok := v.(*Object); ok {
		names = append([]string{}, o.names...)
		if o.class != nil {
			names = append(append(names, o.class.name), o.class.bases...)
		} else {
			names = append(names, "System.Management.Automation.PSCustomObject")
		}
	}
	if e, ok := v.(*Exception); ok {
		names = append(names, e.bases()...)
	}
	return append(names, "System.Object")
}

// elements returns what a pipeline enumerates in a value, and whether it is a collection at all.
func elements(v any) ([]any, bool) {
	switch v := v.(type) {
	case *Array:
		return v.Items, true
	case *Object:
		if list, ok := v.data.(enumerable); ok {
			return list.enumerate(), true
		}
	}
	return nil, false
}

// enumerable is implemented by the state of collection objects such as an XmlNodeList.
type enumerable interface{ enumerate() []any }

// asList gives the elements of a collection, nothing for nothing, and a scalar as one element.
func asList(v any) []any {
	if items, ok := elements(v); ok {
		return items
	}
	if _, ok := v.(void); ok {
		return nil
	}
	return []any{v}
}

// collapse gives the value of a list of outputs: nothing, the one, or an array.
func collapse(items []any) any {
	switch len(items) {
	case 0:
		return void{}
	case 1:
		return items[0]
	}
	return newArray(items...)
}

func unvoid(v any) any {
	if _, ok := v.(void); ok {
		return nil
	}
	return v
}
