package bind

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// canonicalSign unites the spellings of one operator.
func canonicalSign(sign string) string {
	switch sign {
	case "<>":
		return "!="
	case "notcontains":
		return "!contains"
	case "containscs":
		return "contains_cs"
	case "notcontainscs":
		return "!contains_cs"
	default:
		return sign
	}
}

func (b *binder) bindUnary(e *syntax.Unary) *bound {
	operand := b.bindExpr(e.Operand)
	out := b.apply(e, "unary"+e.Op.Text, e.Op.Span, []*bound{operand}, true)
	if l, ok := operand.expr.(*Literal); ok && operand.literal && out.typing.shape != invalid {
		if v, ok := negated(e.Op.Text, l.Value); ok {
			out.expr, out.literal = &Literal{Typed: Typed{Result: v.Type(), At: e.Span()}, Value: v}, true
			return out
		}
	}
	if c, ok := out.expr.(*Call); ok {
		c.Name = e.Op.Text
	}
	return out
}

// negated folds the sign of a literal number into it.
func negated(sign string, v value.Value) (value.Value, bool) {
	if sign == "+" || v.IsNull() {
		return v, true
	}
	switch v.Type() {
	case value.Int:
		return value.NewInt(int32(-v.Int())), true
	case value.Long:
		return value.NewLong(-v.Int()), true
	case value.Real:
		return value.NewReal(-v.Real()), true
	case value.Timespan:
		return value.NewTimespan(-v.Timespan()), true
	default:
		return v, false
	}
}

func (b *binder) bindBinary(e *syntax.Binary) *bound {
	sign := canonicalSign(e.Op.Text)
	if star, ok := e.Left.(*syntax.Star); ok {
		return b.bindAnyColumn(e, star, sign)
	}
	left, right := b.bindExpr(e.Left), b.bindExpr(e.Right)
	left, right = b.coerce(sign, left, right)
	out := b.apply(e, sign, e.Op.Span, []*bound{left, right}, true)
	if c, ok := out.expr.(*Call); ok && sign == ":" {
		c.Name = "has"
	}
	b.checkComparison(sign, e, left, right)
	b.checkRegex(sign, []*bound{left, right})
	return out
}

// bindAnyColumn binds `* has "x"`.
func (b *binder) bindAnyColumn(e *syntax.Binary, star *syntax.Star, sign string) *bound {
	right := b.bindExpr(e.Right)
	left := &bound{node: star, star: true, typing: typing{shape: anything}, expr: placeholder(star)}
	out := b.apply(e, sign, e.Op.Span, []*bound{left, right}, true)
	out.typing = scalar(value.Bool)
	if sign == ":" {
		sign = "has"
	}
	out.expr = b.anyColumn(sign, right.expr, e.Span())
	return out
}

// anyColumn is true if the operator holds for any column of the row.
func (b *binder) anyColumn(sign string, arg Expr, at syntax.Span) Expr {
	x := &AnyColumn{Typed: Typed{Result: value.Bool, At: at}, Name: sign, Arg: arg}
	for i := range b.row.all() {
		x.Columns = append(x.Columns, i)
	}
	return x
}

// coerce turns a string literal that is compared with a value of another type into a literal of that type.
func (b *binder) coerce(sign string, left, right *bound) (*bound, *bound) {
	switch sign {
	case "==", "!=":
	default:
		return left, right
	}
	return coerceTo(left, right.typing), coerceTo(right, left.typing)
}

func coerceTo(a *bound, t typing) *bound {
	l, ok := a.expr.(*Literal)
	if !ok || l.Result != value.String || t.shape != plain || t.scalar == value.String {
		return a
	}
	out := *a
	out.expr = &Literal{Typed: Typed{Result: t.scalar, At: l.At}, Value: value.Convert(l.Value, t.scalar)}
	return &out
}

// apply resolves an operator for its operands.
func (b *binder) apply(e syntax.Expr, sign string, at syntax.Span, args []*bound, all bool) *bound {
	args = operands(args)
	out := &bound{node: e, constant: allConstant(args)}
	f := b.builtins.operators[sign]
	if f == nil {
		b.report("KS106", at, "the operator '%s' is not defined", sign)
		return bad(e)
	}
	found := choose(f.signatures, args, all)
	if len(found) == 1 {
		b.check(sign, found[0], at)
		out.typing = b.operatorResult(f, found[0], args)
	} else {
		if len(found) == 0 && all {
			found = choose(f.signatures, args, false)
		}
		if !anyUnresolved(args) {
			d := b.report("KS106", at, "the operator '%s' is not defined for the operand type%s %s",
				trimUnary(sign), plural(len(args)), typeNames(typings(args)))
			d.Hint = operandHint(sign, args)
		}
		out.typing = b.commonResult(found)
	}
	out.expr = b.makeCall(e, sign, out.typing, args)
	return out
}

// operandHint says what to write instead, for mistakes that come from other languages.
func operandHint(sign string, args []*bound) string {
	has := func(t value.Type) bool {
		return slices.ContainsFunc(args, func(a *bound) bool { return a.typing.is(t) })
	}
	switch {
	case sign == "+" && has(value.String):
		return "strcat() joins texts"
	case sign != "+" && sign != "-" && has(value.DateTime) && has(value.Timespan):
		return "compare with an instant, such as ago(1d)"
	}
	return ""
}

// operands are arguments of which each is one value: several at once, as of series_stats() or arg_max(), have no type that an
// operator or a function knows.
func operands(args []*bound) []*bound {
	for i, a := range args {
		if len(a.values()) < 2 {
			continue
		}
		args = slices.Clone(args)
		one := *a
		one.typing = typing{shape: tuple}
		args[i] = &one
	}
	return args
}

func trimUnary(sign string) string {
	if len(sign) > 5 && sign[:5] == "unary" {
		return sign[5:]
	}
	return sign
}

// operatorResult is the type an operator gives; for dynamic operands of known content, a dynamic of known content.
func (b *binder) operatorResult(f *function, c *call, args []*bound) typing {
	t := b.result(f, c)
	if t.shape != anything || !anyPrimitive(args) {
		return t
	}
	inner := make([]*bound, len(args))
	for i, a := range args {
		copied := *a
		copied.typing = underlying(a.typing)
		inner[i] = &copied
	}
	found := choose(f.signatures, inner, true)
	if len(found) != 1 {
		return t
	}
	if u := b.result(f, found[0]); u.isScalar() && !u.isDynamic() && u.shape != unknown {
		return dynamicOf(u)
	}
	return t
}

func anyPrimitive(args []*bound) bool {
	for _, a := range args {
		if a.typing.shape == primitive {
			return true
		}
	}
	return false
}

func anyUnresolved(args []*bound) bool {
	for _, a := range args {
		if a.typing.unresolved() {
			return true
		}
	}
	return false
}

func allConstant(args []*bound) bool {
	for _, a := range args {
		if !a.constant {
			return false
		}
	}
	return true
}

func typings(args []*bound) []typing {
	out := make([]typing, len(args))
	for i, a := range args {
		out[i] = a.typing
	}
	return out
}

// commonResult is the type of a call that could be several overloads.
func (b *binder) commonResult(found []*call) typing {
	if len(found) == 0 {
		return typing{shape: unknown}
	}
	first := b.result(nil, found[0])
	for _, c := range found[1:] {
		if !assignable(first, b.result(nil, c), exact) {
			return typing{shape: unknown}
		}
	}
	return first
}

// makeCall is the plan of a call; a table among the operands of in and its kin makes an [InTable].
func (b *binder) makeCall(e syntax.Expr, name string, t typing, args []*bound) Expr {
	if len(args) == 2 && args[1].table != nil {
		return &InTable{
			Typed: Typed{Result: t.valueType(), At: e.Span()}, Name: name, Arg: args[0].expr, Plan: args[1].table.op,
		}
	}
	c := &Call{Typed: Typed{Result: t.valueType(), At: e.Span()}, Name: name, Args: make([]Expr, len(args))}
	for i, a := range args {
		c.Args[i] = a.expr
	}
	return c
}

// bindMembership binds in, !in, in~, !in~, has_any and has_all.
func (b *binder) bindMembership(e *syntax.In) *bound {
	sign := canonicalSign(e.Op.Text)
	var star *syntax.Star
	args := make([]*bound, 0, len(e.List)+1)
	if s, ok := e.Left.(*syntax.Star); ok {
		star = s
		args = append(args, &bound{node: s, typing: typing{shape: anything}, expr: placeholder(s)})
	} else {
		args = append(args, b.bindExpr(e.Left))
	}
	for _, x := range e.List {
		a := b.bindExpr(x)
		if a.typing.shape == tabular && len(e.List) > 1 {
			b.report("KS108", a.span(), "scalar value expected")
		}
		args = append(args, coerceTo(a, args[0].typing))
	}
	out := b.apply(e, sign, e.Op.Span, args, false)
	if star != nil && len(args) == 2 && args[1].table == nil {
		out.expr = b.anyColumn(sign, args[1].expr, e.Span())
	}
	return out
}

func (b *binder) bindBetween(e *syntax.Between) *bound {
	args := []*bound{b.bindExpr(e.Left), b.bindExpr(e.Low), b.bindExpr(e.High)}
	if _, ok := e.Left.(*syntax.Star); ok {
		args[0].star = false
	}
	return b.apply(e, canonicalSign(e.Op.Text), e.Op.Span, args, false)
}
