package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// comparison is == != < <= > >= between two values that are compared as integers
// (numbers, instants, durations, bools) or as reals.
type comparison struct {
	sign relationSign
	args []expr
	real bool
}

// relationSign is a comparison as the orders it accepts.
type relationSign uint8

const (
	isLess relationSign = 1 << iota
	isEqual
	isGreater
)

func parseSign(sign string) relationSign {
	switch sign {
	case "==":
		return isEqual
	case "<":
		return isLess
	case "<=":
		return isLess | isEqual
	case ">":
		return isGreater
	case ">=":
		return isGreater | isEqual
	default:
		return isLess | isGreater
	}
}

// accepts reports whether an order (-1, 0, 1) satisfies the sign.
func (s relationSign) accepts(order int) bool { return s&(1<<(order+1)) != 0 }

// equality signs are two-valued with one null: == is false and != is true.
func (s relationSign) equality() bool { return s == isEqual || s == isLess|isGreater }

// comparison chooses how to compare from the types of the two sides.
func (c *compiler) comparison(e *bind.Call, args []expr) expr {
	sign := parseSign(e.Name)
	a, b := e.Args[0].Type(), e.Args[1].Type()
	args[0], a = coerceLiteral(args[0], a, b)
	args[1], b = coerceLiteral(args[1], b, a)
	texts := func(t value.Type) bool { return t == value.String || t == value.Dynamic }
	switch {
	case a == value.String && texts(b) && sign.equality(), b == value.String && texts(a) && sign.equality():
		if _, ok := constantValue(args[0]); ok {
			args[0], args[1] = args[1], args[0]
		}
		op := stringOperator{kind: matchEqual, sensitive: true, negated: sign != isEqual}
		return c.stringOperator(e, op, args)
	case storageOf(a) == inInts && storageOf(b) == inInts:
		return &comparison{sign: sign, args: args}
	case a != value.Decimal && b != value.Decimal && a.Numeric() && b.Numeric():
		return &comparison{sign: sign, args: args, real: true}
	default:
		return c.row(e, compareScalars(sign), args...)
	}
}

// coerceLiteral gives a string literal the type of what it is compared with.
func coerceLiteral(e expr, t, other value.Type) (expr, value.Type) {
	v, ok := constantValue(e)
	if !ok || t != value.String || other == value.String || other == value.Dynamic || other == value.Unknown {
		return e, t
	}
	return &literal{value: value.Convert(v, other)}, other
}

// compareScalars is the comparison of values of types that meet only at run time.
func compareScalars(sign relationSign) function.Call {
	return func(_ *function.Invocation, args []value.Value) value.Value {
		if truth, null := nullComparison(sign, args[0].IsNull(), args[1].IsNull()); null {
			return truth
		}
		order, ok := value.Compare(args[0], args[1], false)
		if !ok {
			return value.NewBool(sign == isLess|isGreater)
		}
		return value.NewBool(sign.accepts(order))
	}
}

// nullComparison is the outcome if a side is null: null if both are or the sign is an
// order, else that they differ.
func nullComparison(sign relationSign, a, b bool) (outcome value.Value, null bool) {
	switch {
	case !a && !b:
		return value.Value{}, false
	case a && b || !sign.equality():
		return value.Null(value.Bool), true
	default:
		return value.NewBool(sign != isEqual), true
	}
}

func (e *comparison) eval(x *execution, r *relation) (*vector, error) {
	args, err := evalAll(x, r, e.args)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, args)
	out := &vector{typ: value.Bool}
	if e.real {
		out.ints, out.nulls = compareReals(e.sign, f)
	} else {
		out.ints, out.nulls = compareIntegers(e.sign, f)
	}
	return f.finish(out), nil
}

func compareIntegers(sign relationSign, f *frame) ([]int64, []bool) {
	a, b := f.integers(0), f.integers(1)
	bits := make([]int64, f.n)
	for i := range bits {
		u, v := a.at(i), b.at(i)
		switch {
		case u < v:
			bits[i] = int64(sign & isLess)
		case u > v:
			bits[i] = int64(sign & isGreater >> 2)
		default:
			bits[i] = int64(sign & isEqual >> 1)
		}
	}
	return bits, comparedNulls(sign, bits, a.null, b.null, a.nulls != nil || b.nulls != nil)
}

func compareReals(sign relationSign, f *frame) ([]int64, []bool) {
	a, b := f.numbers(0), f.numbers(1)
	bits := make([]int64, f.n)
	for i := range bits {
		u, v := a.at(i), b.at(i)
		switch {
		case u < v:
			bits[i] = int64(sign & isLess)
		case u > v:
			bits[i] = int64(sign & isGreater >> 2)
		case u == v:
			bits[i] = int64(sign & isEqual >> 1)
		case sign == isLess|isGreater: // NaN differs from everything
			bits[i] = 1
		}
	}
	return bits, comparedNulls(sign, bits, a.null, b.null, a.nulls != nil || b.nulls != nil)
}

// comparedNulls puts the outcomes of null operands in place.
func comparedNulls(sign relationSign, bits []int64, a, b func(int) bool, some bool) []bool {
	if !some {
		return nil
	}
	nulls := make([]bool, len(bits))
	for i := range bits {
		outcome, null := nullComparison(sign, a(i), b(i))
		if null {
			bits[i], nulls[i] = outcome.Int(), outcome.IsNull()
		}
	}
	return nulls
}

// bound finds a comparison of a column of integers, one for each row, with a constant; nil if it is another comparison.
func (e *comparison) bound(x *execution, r *relation) (s *slot, bound int64, err error) {
	column, ok := e.args[0].(*columnRef)
	if !ok || e.real {
		return nil, 0, nil
	}
	s = r.slots[column.index]
	if v := s.resting(); storageOf(v.typ) != inInts || v.codes != nil || v.constant {
		return nil, 0, nil
	}
	b, err := e.args[1].eval(x, r)
	if err != nil || !b.constant || b.isNull(0) {
		return nil, 0, err
	}
	return s, b.ints[0], nil
}

// filter compares a stored column with a constant without copying the column.
func (e *comparison) filter(x *execution, r *relation) ([]uint32, error) {
	s, bound, err := e.bound(x, r)
	if err != nil {
		return nil, err
	}
	if s == nil {
		v, err := e.eval(x, r)
		if err != nil {
			return nil, err
		}
		return trueRows(v, r.rows), nil
	}
	return compareColumn(e.sign, s, bound, r.rows), nil
}

// narrow is filter for the packed column of a stored table.
func (e *comparison) narrow(x *execution, r *relation, live *rowset) (bool, error) {
	s, bound, err := e.bound(x, r)
	if err != nil || s == nil || s.selection != nil || !s.resting().integral() || s.resting().nulls != nil {
		return false, err
	}
	live.keepOrdered(s.resting().packed, e.sign, bound)
	return true, nil
}

// compareColumn lists the rows whose number stands to the bound as the sign says.
func compareColumn(sign relationSign, s *slot, bound int64, rows int) []uint32 {
	v := s.resting()
	keep := make([]uint32, 0, rows)
	for row := range uint32(rows) {
		at := s.at(row)
		accepted := sign == isLess|isGreater // what a null gives
		if v.nulls == nil || !v.nulls[at] {
			accepted = sign.accepts(compareInts(v.number(at), bound))
		}
		if accepted {
			keep = append(keep, row)
		}
	}
	return keep
}

// between is x >= low and x <= high; with an upper bound of type timespan for an
// instant, the bound is low + high.
func (c *compiler) between(e *bind.Call, args []expr) expr {
	if len(args) != 3 {
		c.unsupported(e.Span(), "%s with %d operands is not supported", e.Name, len(args))
		return args[0]
	}
	if _, ok := args[0].(*columnRef); ok {
		return c.bounds(e)
	}
	return c.row(e, betweenBounds(e.Name == "!between"), args...)
}

// bounds compares a column with both ends, each in the fastest way for its type.
func (c *compiler) bounds(e *bind.Call) expr {
	subject, low, high := e.Args[0], e.Args[1], e.Args[2]
	if low.Type() == value.DateTime && high.Type() == value.Timespan {
		high = &bind.Call{Typed: bind.Typed{Result: value.DateTime, At: high.Span()}, Name: "+", Args: []bind.Expr{low, high}}
	}
	compare := func(sign string, bound bind.Expr) expr {
		return c.call(&bind.Call{Typed: e.Typed, Name: sign, Args: []bind.Expr{subject, bound}})
	}
	if e.Name == "!between" {
		return &logic{or: true, args: []expr{compare("<", low), compare(">", high)}}
	}
	return &logic{args: []expr{compare(">=", low), compare("<=", high)}}
}

func betweenBounds(negated bool) function.Call {
	return func(_ *function.Invocation, args []value.Value) value.Value {
		subject, low, high := args[0], args[1], args[2]
		if subject.IsNull() || low.IsNull() || high.IsNull() {
			return value.Null(value.Bool)
		}
		if low.Type() == value.DateTime && high.Type() == value.Timespan {
			t, _ := low.DateTime().Add(high.Timespan())
			high = value.NewDateTime(t)
		}
		above, ok := value.Compare(subject, low, false)
		below, fine := value.Compare(subject, high, false)
		if !ok || !fine {
			return value.Null(value.Bool)
		}
		return value.NewBool((above >= 0 && below <= 0) != negated)
	}
}
