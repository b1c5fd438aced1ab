package bind

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// shape tells apart what an expression can be beyond its scalar type.
type shape uint8

const (
	invalid   shape = iota // nothing: the expression did not bind, and that has been said
	unknown                // a scalar of some type
	null                   // the null of a dynamic literal
	plain                  // a scalar of one of the types that are not dynamic
	anything               // dynamic, of any form
	primitive              // dynamic that holds a scalar of a known type
	array                  // dynamic array
	bag                    // dynamic object
	typeName               // typeof(...)
	tabular                // a table
	cluster
	database
	graphs // a graph
	record // a row: a state of scan, a node or edge of a graph
	tuple  // several values, as series_stats() gives, where one is wanted
	nothing
)

// typing is the type of an expression in the detail that overload resolution needs: Kusto's binder
// knows of a dynamic value whether it is an array, an object or a scalar, and of what.
type typing struct {
	shape  shape
	scalar value.Type // of plain and primitive
	inside *contents  // of array, bag and record; nil if it is not known
}

// contents is what a value that has parts holds. It is apart because few types have any, and all expressions have a type.
type contents struct {
	elem  *typing   // of array; nil for elements of any kind
	props []*column // of bag and record
}

func (t typing) elem() *typing {
	if t.inside == nil {
		return nil
	}
	return t.inside.elem
}

func (t typing) props() []*column {
	if t.inside == nil {
		return nil
	}
	return t.inside.props
}

// column is a column of a relation. Two relations that share a column share the pointer.
type column struct {
	name   string
	typing typing
}

func scalar(t value.Type) typing {
	switch t {
	case value.Unknown:
		return typing{shape: unknown}
	case value.Dynamic:
		return typing{shape: anything}
	default:
		return typing{shape: plain, scalar: t}
	}
}

// valueType is what the rest of the world sees of a type.
func (t typing) valueType() value.Type {
	switch t.shape {
	case plain:
		return t.scalar
	case anything, primitive, array, bag, null:
		return value.Dynamic
	default:
		return value.Unknown
	}
}

// String names the type for messages.
func (t typing) String() string {
	switch t.shape {
	case plain:
		return t.scalar.String()
	case anything, primitive, array, bag:
		return "dynamic"
	case null:
		return "null"
	case typeName:
		return "type"
	case tabular:
		return "table"
	case cluster:
		return "cluster"
	case database:
		return "database"
	case graphs:
		return "graph"
	case tuple:
		return "tuple"
	default:
		return "unknown"
	}
}

func (t typing) isScalar() bool {
	switch t.shape {
	case unknown, null, plain, anything, primitive, array, bag, typeName, tuple:
		return true
	default:
		return false
	}
}

func (t typing) isDynamic() bool {
	return t.shape == anything || t.shape == primitive || t.shape == array || t.shape == bag
}

// unresolved reports whether nothing more can be said about an expression of this type.
func (t typing) unresolved() bool { return t.shape == invalid || t.shape == unknown }

func (t typing) is(s value.Type) bool { return t.shape == plain && t.scalar == s }

func (t typing) isInteger() bool {
	return t.shape == unknown || t.is(value.Int) || t.is(value.Long)
}

func (t typing) isNumeric() bool {
	return t.shape == unknown || t.shape == plain && t.scalar.Numeric()
}

func (t typing) isSummable() bool {
	return t.isNumeric() || t.is(value.DateTime) || t.is(value.Timespan)
}

func (t typing) isOrderable() bool {
	return t.isSummable() || t.is(value.Bool) || t.is(value.String)
}

func (t typing) isArray() bool { return t.shape == array || t.shape == anything }

func (t typing) isBag() bool { return t.shape == bag || t.shape == anything }

func (t typing) isStringOrDynamic() bool { return t.is(value.String) || t.isDynamic() }

func (t typing) holds(s value.Type) bool {
	return t.shape == primitive && t.scalar == s || t.shape == array && t.elem() != nil && t.elem().is(s)
}

func (t typing) isStringOrArray() bool {
	return t.is(value.String) || t.shape == anything || t.shape == array && t.elem() == nil || t.holds(value.String)
}

func (t typing) isIntegerOrArray() bool {
	return t.isInteger() || t.shape == anything || t.shape == array && t.elem() == nil || t.holds(value.Long)
}

func (t typing) isIntegerOrDynamic() bool {
	return t.isInteger() || t.shape == anything || t.shape == primitive && t.scalar == value.Long
}

// equal reports whether two types are the same one.
func equal(a, b typing) bool {
	if a.shape != b.shape || a.scalar != b.scalar {
		return false
	}
	if a.inside == b.inside {
		return true
	}
	if len(a.props()) != len(b.props()) {
		return false
	}
	if (a.elem() == nil) != (b.elem() == nil) || a.elem() != nil && !equal(*a.elem(), *b.elem()) {
		return false
	}
	for i, p := range a.props() {
		if p.name != b.props()[i].name || !equal(p.typing, b.props()[i].typing) {
			return false
		}
	}
	return true
}

// wider reports whether every number of type b is one of type a.
func wider(a, b typing) bool {
	if a.shape != plain {
		return false
	}
	switch a.scalar {
	case value.Long:
		return b.is(value.Int)
	case value.Real:
		return b.is(value.Int) || b.is(value.Long)
	case value.Decimal:
		return b.is(value.Int) || b.is(value.Long) || b.is(value.Real)
	case value.String:
		return b.shape == anything
	default:
		return false
	}
}

// promotable reports whether a value of one type is promoted to another implicitly.
func promotable(from, to typing) bool {
	return wider(to, from) || (from.shape == bag || from.shape == array) && to.shape == anything
}

// conversion is how far an argument may be converted to fit a parameter.
type conversion uint8

const (
	exact conversion = iota
	promoted
	toDynamic
	compatible
)

// assignable reports whether a value of type from fits a place of type to.
func assignable(to, from typing, allowed conversion) bool {
	if equal(to, from) {
		return true
	}
	if from.shape == unknown && to.isScalar() || to.shape == unknown && from.isScalar() {
		return true
	}
	if to.shape == anything && (from.isDynamic() || from.isScalar() && allowed >= toDynamic) {
		return true
	}
	if to.shape == array && to.elem() == nil && from.shape == array && allowed != exact {
		return true
	}
	if to.shape == bag && len(to.props()) == 0 && from.shape == bag && allowed != exact {
		return true
	}
	switch {
	case to.shape == primitive && from.shape == primitive:
		return assignable(scalar(to.scalar), scalar(from.scalar), allowed)
	case to.shape == array && from.shape == array:
		return assignable(element(from), element(to), allowed)
	case to.shape == bag && from.shape == bag:
		return false
	case to.shape == plain && (from.shape == plain || from.shape == anything || from.shape == primitive || from.shape == null):
		return convertible(to, from, allowed)
	default:
		return false
	}
}

func convertible(to, from typing, allowed conversion) bool {
	switch allowed {
	case promoted:
		return promotable(from, to)
	case compatible:
		return promotable(from, to) || promotable(to, from)
	default:
		return false
	}
}

// element is the type of an array's elements as stored.
func element(t typing) typing {
	if t.elem() == nil {
		return typing{shape: anything}
	}
	return *t.elem()
}

// dynamicOf is the type of a value of type t inside a dynamic one.
func dynamicOf(t typing) typing {
	switch t.shape {
	case primitive, array, bag:
		return t
	case plain:
		switch t.scalar {
		case value.Int:
			return typing{shape: primitive, scalar: value.Long}
		case value.Decimal:
			return typing{shape: anything}
		default:
			return typing{shape: primitive, scalar: t.scalar}
		}
	default:
		return typing{shape: anything}
	}
}

// arrayOf is the type of an array of values of type t.
func arrayOf(t typing) typing {
	if t.shape == primitive {
		t = scalar(t.scalar)
	}
	switch t.shape {
	case plain:
		if t.scalar == value.Int {
			t.scalar = value.Long
		}
		if t.scalar == value.Decimal {
			return typing{shape: array}
		}
		return typing{shape: array, inside: &contents{elem: &t}}
	case array, bag:
		return typing{shape: array, inside: &contents{elem: &t}}
	default:
		return typing{shape: array}
	}
}

func recordOf(props []*column) typing { return typing{shape: record, inside: &contents{props: props}} }

func bagOf(props []*column) typing { return typing{shape: bag, inside: &contents{props: props}} }

// property finds the type of an object's property.
func (t typing) property(name string) typing {
	for _, p := range t.props() {
		if p.name == name {
			return dynamicOf(p.typing)
		}
	}
	return typing{shape: anything}
}

// common finds the type that values of both types have. The zero typing stands for "none yet".
func common(a, b typing, allowed conversion) (typing, bool) {
	switch {
	case a.shape == invalid || a.shape == null || equal(a, b):
		return b, true
	case b.shape == invalid || b.shape == null:
		return a, true
	case a.shape == unknown || b.shape == unknown:
		return typing{shape: unknown}, true
	case a.shape == anything || b.shape == anything:
		return typing{shape: anything}, true
	case allowed >= promoted && promotable(a, b):
		return b, true
	case allowed >= promoted && promotable(b, a):
		return a, true
	default:
		return commonForm(a, b, allowed)
	}
}

func commonForm(a, b typing, allowed conversion) (typing, bool) {
	switch {
	case a.shape == array && b.shape == array:
		return typing{shape: array}, true
	case a.shape == bag && b.shape == bag:
		return bagOf(intersect(a.props(), b.props())), true
	case a.shape == primitive && b.isScalar() || b.shape == primitive && a.isScalar():
		if t, ok := common(underlying(a), underlying(b), allowed); ok {
			return dynamicOf(t), true
		}
	}
	if a.isDynamic() && b.isDynamic() || a.isScalar() && b.isScalar() && allowed >= toDynamic {
		return typing{shape: anything}, true
	}
	return typing{}, false
}

func underlying(t typing) typing {
	if t.shape == primitive {
		return scalar(t.scalar)
	}
	return t
}

func intersect(a, b []*column) []*column {
	var out []*column
	for _, p := range a {
		if slices.ContainsFunc(b, func(q *column) bool { return q.name == p.name && equal(q.typing, p.typing) }) {
			out = append(out, p)
		}
	}
	return out
}

// commonOf finds the type common to all.
func commonOf(types []typing, allowed conversion) (typing, bool) {
	var t typing
	for _, u := range types {
		var ok bool
		if t, ok = common(t, u, allowed); !ok {
			return typing{}, false
		}
	}
	return t, true
}

// widest is the widest of the numeric types.
func widest(types []typing) typing {
	var t typing
	for _, u := range types {
		if u.isNumeric() && (t.shape == invalid || wider(u, t)) {
			t = u
		}
	}
	return t
}

// promoteToLong is the type that arithmetic gives: there is none in int.
func promoteToLong(t typing) typing {
	if t.is(value.Int) {
		return scalar(value.Long)
	}
	return t
}

func typeNames(types []typing) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
}
