package function

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func conversionFunctions() []Function {
	return []Function{
		{Name: "tostring", Signatures: []string{"first string value:Scalar"}, Doc: "tostring-function", Call: convert},
		{Name: "tolong", Signatures: []string{"first long value:Scalar"}, Doc: "tolong-function", Call: convert},
		{Name: "toint", Signatures: []string{"first int value:Scalar"}, Doc: "toint-function", Call: convert},
		{Name: "toreal", Aliases: []string{"todouble"}, Signatures: []string{"first real value:Scalar"}, Doc: "toreal-function", Call: convert},
		{Name: "tobool", Aliases: []string{"toboolean"}, Signatures: []string{"first bool value:Scalar"}, Doc: "tobool-function", Call: convert},
		{Name: "todatetime", Signatures: []string{"first datetime value:Scalar"}, Doc: "todatetime-function", Call: convert},
		{Name: "totimespan", Aliases: []string{"totime"}, Signatures: []string{"first timespan value:Scalar"}, Doc: "totimespan-function", Call: convert},
		{Name: "todecimal", Signatures: []string{"first decimal value:Scalar"}, Doc: "todecimal-function", Call: convert},
		{Name: "toguid", Signatures: []string{"first guid value:StringOrDynamic"}, Doc: "toguid-function", Call: convert},
		{Name: "tohex", Signatures: []string{"first string value:Integer minLength:Integer?"}, Doc: "tohex-function", Nulls: Propagate, Call: toHex},
		{Name: "parse_json", Aliases: []string{"parsejson"}, Signatures: []string{"first dynamic json_text:StringOrDynamic"}, Doc: "parse-json-function", Call: parseJSON},
		{Name: "todynamic", Aliases: []string{"toobject"}, Signatures: []string{"first dynamic value:string"}, Doc: "parse-json-function", Call: parseJSON},
		{Name: "dynamic_to_json", Signatures: []string{"- string dynamic:Scalar"}, Doc: "dynamic-to-json-function", Call: dynamicToJSON},
		{Name: "gettype", Signatures: []string{"prefix_first=type string value:Scalar"}, Doc: "gettype-function", Call: typeOf},
		{Name: "estimate_data_size", Signatures: []string{
			"- long column:Scalar/Column+",
			"- long column:Scalar/StarOnly",
		}, Doc: "estimate-data-size-function", Call: dataSize},
		{Name: "__cast", Signatures: []string{"- literal0 type:type/Literal value:Scalar"}},
		{Name: "__invoke", Signatures: []string{"- literal1 name:string/Literal type:type/Literal arg:Any*"}},
	}
}

// convert is the conversion to the type of the result.
func convert(c *Invocation, args []value.Value) value.Value { return value.Convert(args[0], c.Result) }

// maxHexDigits bounds the length that tohex pads to.
const maxHexDigits = 16

// toHex prints an int or long in two's complement, padded with zeros to a length.
func toHex(_ *Invocation, args []value.Value) value.Value {
	n := uint64(args[0].Int())
	if args[0].Type() == value.Int {
		n = uint64(uint32(n))
	}
	s := strconv.FormatUint(n, 16)
	if missing := min(long(args, 1, 0), maxHexDigits) - int64(len(s)); missing > 0 {
		s = strings.Repeat("0", int(missing)) + s
	}
	return value.NewString(s)
}

func typeOf(_ *Invocation, args []value.Value) value.Value { return value.NewString(typeName(args[0])) }

// dynamicToJSON prints a dynamic in a canonical form; of any other value it is the text.
func dynamicToJSON(_ *Invocation, args []value.Value) value.Value {
	if args[0].Type() != value.Dynamic {
		return value.NewString(text(args[0]))
	}
	return value.NewString(canonicalJSON(args[0].ToDynamic()))
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

// parseJSON reads a text; one that is not JSON becomes a dynamic string of itself.
func parseJSON(_ *Invocation, args []value.Value) value.Value {
	v := args[0]
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

// canonicalJSON prints with sorted keys, as dynamic_to_json() does.
func canonicalJSON(x any) string {
	return value.JSON(sortedBags(x))
}

func sortedBags(x any) any {
	switch x := x.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = sortedBags(e)
		}
		return out
	case *value.Bag:
		out := value.NewBag()
		keys := slices.Clone(x.Keys())
		slices.SortFunc(keys, strings.Compare)
		for _, k := range keys {
			v, _ := x.Get(k)
			out.Set(k, sortedBags(v))
		}
		return out
	default:
		return x
	}
}

// dataSize is estimate_data_size: about how many bytes the values of a row take.
func dataSize(_ *Invocation, args []value.Value) value.Value {
	n := 0
	for _, a := range args {
		switch a.Type() {
		case value.Bool:
			n++
		case value.Int:
			n += 4
		case value.Long, value.Real, value.DateTime, value.Timespan:
			n += 8
		case value.Decimal, value.GUID:
			n += 16
		default:
			n += len(text(a))
		}
	}
	return value.NewLong(int64(n))
}
