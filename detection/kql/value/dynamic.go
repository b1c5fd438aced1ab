package value

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bag is a property bag: the object of a dynamic value. It keeps the order in which
// keys were first set, which is the order the service prints them in.
type Bag struct {
	keys   []string
	values map[string]any
}

// NewBag makes an empty bag.
func NewBag() *Bag { return &Bag{values: map[string]any{}} }

// Set stores a value; a key that exists keeps its place.
func (b *Bag) Set(key string, v any) {
	if _, ok := b.values[key]; !ok {
		b.keys = append(b.keys, key)
	}
	b.values[key] = v
}

// Get looks a key up; keys are case-sensitive.
func (b *Bag) Get(key string) (any, bool) {
	v, ok := b.values[key]
	return v, ok
}

// Delete removes a key.
func (b *Bag) Delete(key string) {
	if _, ok := b.values[key]; !ok {
		return
	}
	delete(b.values, key)
	b.keys = slices.DeleteFunc(b.keys, func(k string) bool { return k == key })
}

// Keys lists the keys in order; the caller must not change the slice.
func (b *Bag) Keys() []string { return b.keys }

// Len counts the keys.
func (b *Bag) Len() int { return len(b.keys) }

// Clone copies the bag, not the values inside.
func (b *Bag) Clone() *Bag {
	c := &Bag{keys: slices.Clone(b.keys), values: make(map[string]any, len(b.keys))}
	maps.Copy(c.values, b.values)
	return c
}

// Normalize turns JSON-shaped Go values into the forms that [Value.Dynamic] promises:
// integers become int64, map[string]any becomes a [*Bag] with sorted keys, []string
// becomes []any, json.Number an int64 or float64, and a [Value] its content.
func Normalize(x any) any {
	if normal(x) {
		return x
	}
	switch x := x.(type) {
	case int:
		return int64(x)
	case int32:
		return int64(x)
	case uint32:
		return int64(x)
	case float32:
		return float64(x)
	case json.Number:
		return parseNumber(x.String())
	case Value:
		return x.ToDynamic()
	case []string:
		list := make([]any, len(x))
		for i, s := range x {
			list[i] = s
		}
		return list
	case []any:
		return normalizeList(x)
	case map[string]any:
		return normalizeMap(x)
	default:
		return x
	}
}

// normal reports whether x already has the promised form; a Bag always has.
func normal(x any) bool {
	switch x := x.(type) {
	case nil, bool, int64, float64, string, Instant, Duration, *Bag:
		return true
	case []any:
		for _, e := range x {
			if !normal(e) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

func normalizeList(x []any) []any {
	list := make([]any, len(x))
	for i, e := range x {
		list[i] = Normalize(e)
	}
	return list
}

func normalizeMap(x map[string]any) *Bag {
	keys := make([]string, 0, len(x))
	for k := range x {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b := NewBag()
	for _, k := range keys {
		b.Set(k, Normalize(x[k]))
	}
	return b
}

// ToDynamic is the value as the content of a dynamic: a guid is its text, a decimal
// a real, everything else itself.
func (v Value) ToDynamic() any {
	if !v.valid {
		return nil
	}
	switch v.typ {
	case Bool:
		return v.bits != 0
	case Int, Long:
		return v.bits
	case Real, Decimal:
		return v.Real()
	case DateTime:
		return v.DateTime()
	case Timespan:
		return v.Timespan()
	case Dynamic:
		return v.any
	default:
		return v.text
	}
}

// FromDynamic gives the content of a dynamic as a scalar of its own type: string,
// long, real, bool, datetime, timespan; arrays and bags stay dynamic.
func FromDynamic(x any) Value {
	switch x := x.(type) {
	case nil:
		return Null(Dynamic)
	case bool:
		return NewBool(x)
	case int64:
		return NewLong(x)
	case float64:
		return NewReal(x)
	case string:
		return NewString(x)
	case Instant:
		return NewDateTime(x)
	case Duration:
		return NewTimespan(x)
	default:
		return NewDynamic(x)
	}
}

// Property is the value of a bag's key, null if v is no bag or lacks the key.
func (v Value) Property(key string) Value {
	bag, ok := v.Dynamic().(*Bag)
	if !ok {
		return Null(Dynamic)
	}
	x, _ := bag.Get(key)
	return NewDynamic(x)
}

// Element is what v[index] gives: the value of a bag's key, or an element of an array, counted from
// its end if the index is negative; null if there is none.
func (v Value) Element(index Value) Value {
	index = Scalar(index)
	if index.Type() == String {
		return v.Property(index.Str())
	}
	list, ok := v.Dynamic().([]any)
	n := Convert(index, Long)
	if !ok || n.IsNull() {
		return Null(Dynamic)
	}
	i := n.Int()
	if i < 0 {
		i += int64(len(list))
	}
	if i < 0 || i >= int64(len(list)) {
		return Null(Dynamic)
	}
	return NewDynamic(list[i])
}

var (
	errTrailing = errors.New("text after the JSON value")
	errTooDeep  = errors.New("JSON nested too deep")
)

// ParseJSON reads one JSON value. Numbers without fraction or exponent are int64, when
// they fit; others float64.
func ParseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	x, err := decode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return x, nil
}

// maxDepth bounds how deep a JSON text may nest.
const maxDepth = 1000

func decode(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return decodeBag(d, depth)
		}
		return decodeArray(d, depth)
	case json.Number:
		return parseNumber(t.String()), nil
	default:
		return t, nil
	}
}

func decodeBag(d *json.Decoder, depth int) (any, error) {
	b := NewBag()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		if name, ok := key.(string); ok {
			b.Set(name, v)
		}
	}
	_, err := d.Token()
	return b, err
}

func decodeArray(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func parseNumber(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return s
	}
	return f
}

// JSON prints the content of a dynamic as compact JSON, as tostring() does: no spaces,
// keys in their order, reals with a fraction, datetimes and timespans as strings.
func JSON(x any) string {
	return string(AppendJSON(nil, x))
}

// AppendJSON appends what [JSON] returns.
func AppendJSON(out []byte, x any) []byte {
	switch x := x.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, x)
	case int64:
		return strconv.AppendInt(out, x, 10)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return appendQuoted(out, FormatReal(x))
		}
		return append(out, FormatReal(x)...)
	case string:
		return appendQuoted(out, x)
	case Instant:
		return appendQuoted(out, x.String())
	case Duration:
		return appendQuoted(out, x.String())
	case []any:
		out = append(out, '[')
		for i, e := range x {
			if i > 0 {
				out = append(out, ',')
			}
			out = AppendJSON(out, e)
		}
		return append(out, ']')
	case *Bag:
		out = append(out, '{')
		for i, k := range x.keys {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendQuoted(out, k), ':')
			out = AppendJSON(out, x.values[k])
		}
		return append(out, '}')
	default:
		return append(out, "null"...)
	}
}

func appendQuoted(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, '\\', 'n')
		case r == '\r':
			out = append(out, '\\', 'r')
		case r == '\t':
			out = append(out, '\\', 't')
		case r == '\b':
			out = append(out, '\\', 'b')
		case r == '\f':
			out = append(out, '\\', 'f')
		case r < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}
