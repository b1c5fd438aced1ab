package bind

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func (b *binder) bindLiteral(e *syntax.Literal) *bound {
	v := literalValue(e)
	t := scalar(v.Type())
	if e.Kind == syntax.NullLiteral {
		t = typing{shape: null}
	}
	return &bound{
		node: e, typing: t, constant: true, literal: true,
		expr: &Literal{Typed: Typed{Result: t.valueType(), At: e.Span()}, Value: v},
	}
}

// literalValue is the constant that is written; text that is not of its type is null.
func literalValue(e *syntax.Literal) value.Value {
	t := literalType(e.Kind)
	if e.IsNull() {
		return value.Null(t)
	}
	switch e.Kind {
	case syntax.StringLiteral:
		return value.NewString(e.Text)
	case syntax.DateTimeLiteral:
		if d, ok := value.ParseDateTime(dateText(e.Text)); ok {
			return value.NewDateTime(d)
		}
	case syntax.TimespanLiteral:
		if d, ok := value.ParseTimespan(e.Text); ok {
			return value.NewTimespan(d)
		}
	case syntax.GUIDLiteral:
		if g, ok := value.ParseGUID(e.Text); ok {
			return value.NewGUID(g)
		}
	case syntax.BoolLiteral:
		return value.Convert(value.NewString(e.Text), value.Bool)
	default:
		return numberValue(e.Text, t)
	}
	return value.Null(t)
}

// dateText turns the forms datetime(2025,6,14) and datetime(2025,6) into the ISO one.
func dateText(text string) string {
	text = strings.Trim(text, `"'`)
	parts := strings.Split(text, ",")
	switch len(parts) {
	case 2:
		parts = append(parts, "1")
	case 3:
	default:
		return text
	}
	for i, p := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil {
			return text
		}
		parts[i] = strconv.Itoa(n)
		if len(parts[i]) < 2 {
			parts[i] = "0" + parts[i]
		}
	}
	return strings.Join(parts, "-")
}

func literalType(k syntax.LiteralKind) value.Type {
	switch k {
	case syntax.BoolLiteral:
		return value.Bool
	case syntax.IntLiteral:
		return value.Int
	case syntax.LongLiteral:
		return value.Long
	case syntax.RealLiteral:
		return value.Real
	case syntax.DecimalLiteral:
		return value.Decimal
	case syntax.StringLiteral:
		return value.String
	case syntax.DateTimeLiteral:
		return value.DateTime
	case syntax.TimespanLiteral:
		return value.Timespan
	case syntax.GUIDLiteral:
		return value.GUID
	default:
		return value.Dynamic
	}
}

func numberValue(text string, t value.Type) value.Value {
	switch t {
	case value.Int, value.Long:
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			n, err = strconv.ParseInt(text, 10, 64) // a leading zero is decimal
		}
		switch {
		case err != nil:
			return value.Null(t)
		case t == value.Int && n >= math.MinInt32 && n <= math.MaxInt32:
			return value.NewInt(int32(n))
		case t == value.Int:
			return value.Null(t)
		}
		return value.NewLong(n)
	case value.Decimal:
		if r, ok := new(big.Rat).SetString(text); ok && len(text) < 64 {
			return value.NewDecimal(r)
		}
		return value.Null(t)
	default:
		return value.Convert(value.NewString(text), value.Real)
	}
}

// bindDynamic binds dynamic(...).
func (b *binder) bindDynamic(e *syntax.Dynamic) *bound {
	x, t := b.jsonValue(e.Value)
	t = dynamicOf(t)
	v := value.NewDynamic(value.Normalize(x))
	if x == nil {
		v = value.Null(value.Dynamic)
	}
	return &bound{
		node: e, typing: t, constant: true, literal: true,
		expr: &Literal{Typed: Typed{Result: value.Dynamic, At: e.Span()}, Value: v},
	}
}

func (b *binder) bindJSON(e syntax.Expr) *bound {
	x, t := b.jsonValue(e)
	return &bound{
		node: e, typing: t, constant: true, literal: true,
		expr: &Literal{Typed: Typed{Result: value.Dynamic, At: e.Span()}, Value: value.NewDynamic(value.Normalize(x))},
	}
}

// jsonValue is the value of a dynamic literal, and the type of its form.
func (b *binder) jsonValue(e syntax.Expr) (any, typing) {
	switch e := e.(type) {
	case *syntax.JSONArray:
		return b.jsonArray(e)
	case *syntax.JSONObject:
		out := value.NewBag()
		var props []*column
		for _, m := range e.Members {
			x, mt := b.jsonValue(m.Value)
			key := ""
			if m.Key != nil {
				key = m.Key.Text
			}
			out.Set(key, x)
			props = append(props, &column{name: key, typing: mt})
		}
		return out, bagOf(props)
	case *syntax.Dynamic:
		return b.jsonValue(e.Value)
	case *syntax.Literal:
		if e.Kind == syntax.DecimalLiteral {
			b.report("KS215", e.Span(), "decimal values are not supported in dynamic objects")
		}
		if e.Kind == syntax.NullLiteral {
			return nil, typing{shape: null}
		}
		v := literalValue(e)
		if v.Type() == value.Timespan && !v.IsNull() {
			// The service reads a timespan here as a number of ticks, while calls such as pack_array keep it.
			return v.Int(), scalar(v.Type())
		}
		return v.ToDynamic(), scalar(v.Type())
	case nil:
		return nil, typing{shape: null}
	default:
		out := b.bindExpr(e)
		if l, ok := out.expr.(*Literal); ok {
			return l.Value.ToDynamic(), out.typing
		}
		return nil, out.typing
	}
}

func (b *binder) jsonArray(e *syntax.JSONArray) (any, typing) {
	out := make([]any, 0, len(e.Elements))
	types := make([]typing, 0, len(e.Elements))
	for _, x := range e.Elements {
		v, t := b.jsonValue(x)
		out = append(out, v)
		types = append(types, t)
	}
	t, ok := commonOf(types, exact)
	if !ok || len(types) == 0 {
		return out, typing{shape: array}
	}
	return out, arrayOf(t)
}

// bindTypeOf binds typeof(type) and typeof(schema).
func (b *binder) bindTypeOf(e *syntax.TypeOf) *bound {
	out := &bound{node: e, typing: typing{shape: typeName}, constant: true, literal: true, expr: placeholder(e)}
	if e.Schema == nil {
		named := b.typeByName(e.Type)
		out.schema = &relation{columns: []*column{{typing: named}}}
		out.expr = &Literal{
			Typed: Typed{Result: value.String, At: e.Span()},
			Value: value.NewString(named.String()),
		}
		return out
	}
	out.schema = &relation{}
	if e.Schema.Star {
		if b.row == nil {
			b.report("KS199", e.Schema.Span(), "no columns are currently in scope")
		}
		out.schema.columns = append(out.schema.columns, b.row.all()...)
	}
	out.schema.columns = append(out.schema.columns, b.schemaColumns(e.Schema)...)
	return out
}

// typeByName resolves the word of a type.
func (b *binder) typeByName(w syntax.Word) typing {
	if !w.Present() {
		return typing{shape: unknown}
	}
	if t, ok := value.ParseType(w.Text); ok {
		return scalar(t)
	}
	switch w.Text {
	case "float":
		return scalar(value.Real)
	case "uint", "uint32", "int8", "uint8", "int16", "uint16":
		return scalar(value.Int)
	case "ulong", "uint64":
		return scalar(value.Long)
	}
	b.report("KS160", w.Span, "the name '%s' is not a valid type name that can be used here", w.Text)
	return typing{shape: unknown}
}

// schemaColumns are the columns of a written schema.
func (b *binder) schemaColumns(s *syntax.RowSchema) []*column {
	if s == nil {
		return nil
	}
	seen := map[string]bool{}
	var out []*column
	for _, d := range s.Columns {
		if d.Name == nil {
			continue
		}
		t := b.typeByName(d.Type)
		if seen[d.Name.Text] {
			b.report("KS171", d.Name.Span(), "a column with the name '%s' is already declared", d.Name.Text)
			continue
		}
		seen[d.Name.Text] = true
		out = append(out, &column{name: d.Name.Text, typing: t})
	}
	return out
}
