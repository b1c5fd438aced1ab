// Package value holds the scalars of the Kusto Query Language: the ten scalar
// types, nulls, conversions, and the text forms of literals and results.
//
// [Value] is one scalar of a [Type]; its zero value is a null of no type.
// [Instant] and [Duration], the payloads of datetime and timespan, count ticks of 100
// nanoseconds, the resolution of the service, so that nothing is lost between text,
// arithmetic and text again. A dynamic value is JSON-shaped: nil, bool, int64, float64,
// string, []any, [*Bag], and also [Instant] and [Duration] where a literal or a
// function put one.
//
// Conversions follow the documentation's rule that they never fail: text that is
// not of the type becomes null.
package value

// Type is a scalar data type of the language.
type Type uint8

// The scalar types, in the documentation's alphabetical order. Unknown is the type
// of an expression that the binder could not resolve.
const (
	Unknown Type = iota
	Bool
	DateTime
	Decimal
	Dynamic
	GUID
	Int
	Long
	Real
	String
	Timespan
)

// String gives the name that `getschema` shows: bool, datetime, decimal, dynamic,
// guid, int, long, real, string, timespan.
func (t Type) String() string {
	switch t {
	case Bool:
		return "bool"
	case DateTime:
		return "datetime"
	case Decimal:
		return "decimal"
	case Dynamic:
		return "dynamic"
	case GUID:
		return "guid"
	case Int:
		return "int"
	case Long:
		return "long"
	case Real:
		return "real"
	case String:
		return "string"
	case Timespan:
		return "timespan"
	default:
		return "unknown"
	}
}

// ParseType resolves a type name or one of its aliases (boolean, date, double,
// int64, time, uniqueid, uuid ...). Names are case-sensitive.
func ParseType(name string) (Type, bool) {
	switch name {
	case "bool", "boolean":
		return Bool, true
	case "datetime", "date":
		return DateTime, true
	case "decimal":
		return Decimal, true
	case "dynamic":
		return Dynamic, true
	case "guid", "uuid", "uniqueid":
		return GUID, true
	case "int", "int32":
		return Int, true
	case "long", "int64":
		return Long, true
	case "real", "double":
		return Real, true
	case "string":
		return String, true
	case "timespan", "time":
		return Timespan, true
	default:
		return Unknown, false
	}
}

// Numeric reports whether t takes part in arithmetic as a number.
func (t Type) Numeric() bool {
	return t == Int || t == Long || t == Real || t == Decimal
}

// Column is a named, typed column of a table.
type Column struct {
	Name string
	Type Type
}
