package function

import (
	"fmt"
	"regexp"
	"sync"
	"unicode"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Function is the declaration of a scalar function.
type Function struct {
	// Name is the function's name, by which a plan calls it; Aliases are its other names.
	Name    string
	Aliases []string
	// Signatures are the overloads in the notation of the binder's table of builtins:
	// naming returns [&layout] parameter...
	Signatures []string
	// Doc is the page of the documentation below https://learn.microsoft.com/kusto/query/, or ""
	// for a function that has none.
	Doc string
	// Nulls says what a null argument does.
	Nulls Nulls
	// Pattern is the number, from 1, of the argument that is a regular expression; 0 if none is.
	Pattern int
	// By says who implements a function that has neither Call nor Parts.
	By Implementer
	// Call computes the function, Parts one that gives several values; Results names these and their types,
	// name:type,name:type..., unless they follow from the arguments.
	Call    Call
	Parts   func(c *Invocation, args []value.Value) []value.Value
	Results string
}

// Nulls says what a null argument does.
type Nulls uint8

const (
	// Handled leaves nulls to the function.
	Handled Nulls = iota
	// Propagate makes the result null if any argument is, without a call.
	Propagate
)

// Implementer says where a function is implemented that is more than one of the scalars of a row.
type Implementer uint8

const (
	// Nobody implements the function, unless it has a Call or Parts.
	Nobody Implementer = iota
	// Binder is the binder: the function is gone from the plan.
	Binder
	// Executor is the executor, which gives the function neighbouring rows, fixtures or chance.
	Executor
)

// Call computes a function from the scalars of one combination of arguments.
type Call func(c *Invocation, args []value.Value) value.Value

// Supported reports whether the engine has the function.
func (f *Function) Supported() bool { return f.Call != nil || f.Parts != nil || f.By != Nobody }

// Evaluate is the function's Call with its null behaviour.
func (f *Function) Evaluate(c *Invocation, args []value.Value) value.Value {
	if f.Nulls == Propagate && anyNull(args) {
		return c.Null()
	}
	return f.Call(c, args)
}

// Part computes one of the values of a function that gives several; null if it gives none.
func (f *Function) Part(i int) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		if f.Nulls == Propagate && anyNull(args) {
			return c.Null()
		}
		parts := f.Parts(c, args)
		if i >= len(parts) {
			return c.Null()
		}
		return parts[i]
	}
}

func anyNull(args []value.Value) bool {
	for i := range args {
		if args[i].IsNull() {
			return true
		}
	}
	return false
}

// Page is the address of the function's documentation, or "".
func (f *Function) Page() string {
	if f.Doc == "" {
		return ""
	}
	return "https://learn.microsoft.com/kusto/query/" + f.Doc
}

// Invocation is what a call may use besides its arguments, and where it reports a failure. One
// serves all the calls of a function in an expression.
type Invocation struct {
	Now    value.Instant // the instant of the query
	Result value.Type    // the type that the binder gave the call

	err      error
	patterns map[string]*regexp.Regexp
	shape    lastShape
}

// Fail reports an error that ends the query; the first one counts. It gives null to return.
func (c *Invocation) Fail(format string, args ...any) value.Value {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
	return c.Null()
}

// Err is the first failure.
func (c *Invocation) Err() error { return c.err }

// Null is the null of the call's result type.
func (c *Invocation) Null() value.Value { return value.Null(c.Result) }

// maxPatterns bounds how many compiled patterns a call keeps.
const maxPatterns = 1 << 12

// Regex compiles a pattern once for a call; one that does not compile is a failure, and nil.
func (c *Invocation) Regex(pattern string) *regexp.Regexp {
	if re, ok := c.patterns[pattern]; ok {
		return re
	}
	re, err := CompilePattern(pattern)
	if err != nil {
		c.Fail("%w", err)
	}
	if c.patterns == nil || len(c.patterns) > maxPatterns {
		c.patterns = map[string]*regexp.Regexp{}
	}
	c.patterns[pattern] = re
	return re
}

// Family is a group of functions of one kind.
type Family struct {
	Name      string
	Functions []Function
}

// Families lists all functions, in the order in which a reader would look for them.
func Families() []Family {
	return []Family{
		{"references", referenceFunctions()},
		{"conditions", conditionalFunctions()},
		{"conversion", conversionFunctions()},
		{"text", textFunctions()},
		{"regular expressions", regexFunctions()},
		{"encoding", encodingFunctions()},
		{"hashes", hashFunctions()},
		{"parsing", parsingFunctions()},
		{"IP addresses", addressFunctions()},
		{"dates and durations", datetimeFunctions()},
		{"calendar", calendarFunctions()},
		{"arrays", arrayFunctions()},
		{"property bags", bagFunctions()},
		{"sets", setFunctions()},
		{"mathematics", mathFunctions()},
		{"bits", bitFunctions()},
		{"units", unitFunctions()},
		{"rows and their neighbours", windowFunctions()},
		{"sketches", sketchFunctions()},
		{"the service", serviceFunctions()},
		{"series: element by element", seriesFunctions()},
		{"series: as a whole", seriesProcessingFunctions()},
		{"series: analysis", seriesAnalysisFunctions()},
		{"geospatial", geoFunctions()},
		{"geospatial: lines and polygons", geoShapeFunctions()},
		{"geospatial: cells", geoCellFunctions()},
		{"graphs", graphFunctions()},
	}
}

// byName holds the functions under all their names.
var byName = sync.OnceValue(func() map[string]*Function {
	out := map[string]*Function{}
	for _, family := range Families() {
		for i := range family.Functions {
			f := &family.Functions[i]
			out[f.Name] = f
			for _, alias := range f.Aliases {
				out[alias] = f
			}
		}
	}
	return out
})

// Find finds a function by its name or an alias; names are case-sensitive.
func Find(name string) (*Function, bool) {
	f, ok := byName()[name]
	return f, ok
}

// text is an argument as a string function sees it: a dynamic by its text.
func text(v value.Value) string { return v.String() }

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

// elements takes arrays apart into scalars.
func elements(args []value.Value) []value.Value {
	var out []value.Value
	for _, a := range args {
		list, ok := a.Dynamic().([]any)
		if !ok {
			out = append(out, a)
			continue
		}
		for _, x := range list {
			out = append(out, value.FromDynamic(x))
		}
	}
	return out
}

// onText is a function of one text.
func onText(f func(string) string) Call {
	return func(_ *Invocation, args []value.Value) value.Value { return value.NewString(f(text(args[0]))) }
}

// onTextTest is a test of one text.
func onTextTest(f func(string) bool) Call {
	return func(_ *Invocation, args []value.Value) value.Value { return value.NewBool(f(text(args[0]))) }
}

// onArray is a function of an array, null for anything else.
func onArray(f func(c *Invocation, list []any, args []value.Value) value.Value) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		list, ok := args[0].Dynamic().([]any)
		if !ok {
			return c.Null()
		}
		return f(c, list, args)
	}
}

// isTermRune reports whether r is part of a term: letters and digits are, and nothing else.
func isTermRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
