package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// scalarFunction finds a scalar function by name or alias.
func scalarFunction(name string) (rowFunction, bool) {
	families := []func(string) rowFunction{
		basicFunction, conversionFunction, stringFunction, searchFunction, regexFunction, datetimeFunction, calendarFunction,
		arrayFunction, bagFunction, setFunction, mathFunction, addressFunction, encodingFunction, parsingFunction,
	}
	for _, family := range families {
		if f := family(name); f != nil {
			return f, true
		}
	}
	return nil, false
}

// text is an argument as a string function sees it: a dynamic by its text.
func text(v value.Value) string { return v.String() }

// truthy is a bool value of Go.
func truthy(b bool) value.Value { return value.NewBool(b) }

// long is an argument as a whole number, with a default for one that is absent or null.
func long(args []value.Value, i int, absent int64) int64 {
	if i >= len(args) {
		return absent
	}
	v := value.Convert(args[i], value.Long)
	if v.IsNull() {
		return absent
	}
	return v.Int()
}

// sticky makes the result null if an argument is.
func sticky(f rowFunction) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		for _, a := range args {
			if a.IsNull() {
				return c.null()
			}
		}
		return f(c, args)
	}
}

// onText is a function of one text.
func onText(f func(string) string) rowFunction {
	return func(_ *invocation, args []value.Value) value.Value { return value.NewString(f(text(args[0]))) }
}

// basicFunction finds conditions, tests for null, and the clock.
func basicFunction(name string) rowFunction {
	switch name {
	case "not":
		return sticky(func(_ *invocation, args []value.Value) value.Value {
			return truthy(!value.Convert(args[0], value.Bool).Bool())
		})
	case "iff", "iif":
		return func(_ *invocation, args []value.Value) value.Value {
			if value.Convert(args[0], value.Bool).Bool() {
				return args[1]
			}
			return args[2]
		}
	case "case":
		return chooseCase
	case "coalesce":
		return coalesce
	case "isnull":
		return func(_ *invocation, args []value.Value) value.Value { return truthy(args[0].IsNull()) }
	case "isnotnull", "notnull":
		return func(_ *invocation, args []value.Value) value.Value { return truthy(!args[0].IsNull()) }
	case "isempty":
		return func(_ *invocation, args []value.Value) value.Value { return truthy(text(args[0]) == "") }
	case "isnotempty", "notempty":
		return func(_ *invocation, args []value.Value) value.Value { return truthy(text(args[0]) != "") }
	case "now":
		return now
	case "ago":
		return sticky(func(c *invocation, args []value.Value) value.Value {
			return moved(value.NewDateTime(c.x.now), -args[0].Timespan())
		})
	case "gettype":
		return func(_ *invocation, args []value.Value) value.Value { return value.NewString(typeName(args[0])) }
	case "estimate_data_size":
		return dataSize
	case "series_fit_line_dynamic", "series_fit_2lines_dynamic":
		fit, _ := fitFunction(name)
		return fitPart(fit, -1)
	case "max_of":
		return extremeArgument(1)
	case "min_of":
		return extremeArgument(-1)
	default:
		return nil
	}
}

// now is the query's instant, moved by an optional offset.
func now(c *invocation, args []value.Value) value.Value {
	t := value.NewDateTime(c.x.now)
	if len(args) == 0 || args[0].IsNull() {
		return t
	}
	return moved(t, args[0].Timespan())
}

// chooseCase is case(condition, value, ..., otherwise).
func chooseCase(_ *invocation, args []value.Value) value.Value {
	for i := 0; i+1 < len(args); i += 2 {
		if value.Convert(args[i], value.Bool).Bool() {
			return args[i+1]
		}
	}
	return args[len(args)-1]
}

// coalesce takes the first argument that is neither null nor the empty string.
func coalesce(c *invocation, args []value.Value) value.Value {
	for _, a := range args {
		if !a.IsNull() && (a.Type() != value.String || a.Str() != "") {
			return a
		}
	}
	return c.null()
}

// typeName is what gettype() says: dynamics by their content.
func typeName(v value.Value) string {
	if v.Type() != value.Dynamic {
		return v.Type().String()
	}
	switch x := v.Dynamic().(type) {
	case nil:
		return "null"
	case []any:
		return "array"
	case *value.Bag:
		return "dictionary"
	case float64:
		return "double"
	default:
		return value.FromDynamic(x).Type().String()
	}
}

// extremeArgument is max_of and min_of, which skip nulls.
func extremeArgument(direction int) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		best := c.null()
		for _, a := range args {
			if a.IsNull() {
				continue
			}
			if best.IsNull() || compareBoxed(a, best) == direction {
				best = a
			}
		}
		return best
	}
}

// conversionFunction finds the to...() family.
func conversionFunction(name string) rowFunction {
	switch name {
	case "tostring", "tolong", "toint", "toreal", "todouble", "tobool", "toboolean", "todatetime", "totimespan", "totime", "todecimal", "toguid":
		return func(c *invocation, args []value.Value) value.Value { return value.Convert(args[0], c.result) }
	case "parse_json", "parsejson", "todynamic", "toobject":
		return func(_ *invocation, args []value.Value) value.Value { return parseJSON(args[0]) }
	case "dynamic_to_json":
		return func(_ *invocation, args []value.Value) value.Value {
			return value.NewString(canonicalJSON(args[0].ToDynamic()))
		}
	default:
		return nil
	}
}

// parseJSON reads a text; one that is not JSON becomes a dynamic string of itself.
func parseJSON(v value.Value) value.Value {
	if v.Type() != value.String {
		return value.Convert(v, value.Dynamic)
	}
	if v.Str() == "" {
		return value.Null(value.Dynamic)
	}
	x, err := value.ParseJSON(v.Str())
	if err != nil {
		return value.NewDynamic(v.Str())
	}
	return value.NewDynamic(x)
}
