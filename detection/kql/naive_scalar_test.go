package kql_test

import (
	"fmt"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// naiveScope is where an expression is evaluated: a row, and the rows around it.
type naiveScope struct {
	columns []value.Column
	rows    [][]value.Value
	index   int
}

// naiveRow is the scope of a row that stands alone.
func naiveRow(row []value.Value) naiveScope { return naiveScope{rows: [][]value.Value{row}} }

// at is the scope of a row of a table.
func (t *naiveTable) at(index int) naiveScope { return naiveScope{t.columns, t.rows, index} }

func (s naiveScope) cell(i int) value.Value { return s.rows[s.index][i] }

func (n *naive) exprs(list []bind.Expr, in naiveScope) []value.Value {
	out := make([]value.Value, len(list))
	for i, e := range list {
		out[i] = n.expr(e, in)
	}
	return out
}

// expr evaluates an expression for a row.
func (n *naive) expr(e bind.Expr, in naiveScope) value.Value {
	switch e := e.(type) {
	case nil:
		return value.Null(value.Unknown)
	case *bind.Column:
		return in.cell(e.Index)
	case *bind.Literal:
		return e.Value
	case *bind.LateColumn:
		return value.Null(value.Dynamic)
	case *bind.Member:
		return naiveProperty(n.expr(e.Target, in), e.Name)
	case *bind.Element:
		if _, ok := e.Target.(*bind.Part); ok {
			return n.ask(e, in)
		}
		return naiveElement(n.expr(e.Target, in), n.expr(e.Index, in))
	case *bind.Part:
		return n.ask(e, in)
	case *bind.AnyColumn:
		return n.anyColumn(e, in)
	case *bind.ToScalar:
		t := n.table(e.Plan)
		if len(t.rows) == 0 || len(t.columns) == 0 {
			return value.Null(e.Type())
		}
		return value.Convert(t.rows[0][0], e.Type())
	case *bind.InTable:
		return n.inTable(e, in)
	case *bind.Call:
		return n.call(e, in)
	default:
		panic(naiveUnknown(fmt.Sprintf("%T", e)))
	}
}

// table is a table inside an expression, found once.
func (n *naive) table(p bind.Operator) *naiveTable {
	if n.tables[p] == nil {
		n.tables[p] = n.run(p)
	}
	return n.tables[p]
}

func naiveProperty(v value.Value, name string) value.Value {
	bag, ok := v.Dynamic().(*value.Bag)
	if !ok {
		return value.Null(value.Dynamic)
	}
	x, _ := bag.Get(name)
	return value.NewDynamic(x)
}

func naiveElement(v, index value.Value) value.Value {
	index = naiveInner(index)
	if index.Type() == value.String {
		return naiveProperty(v, index.Str())
	}
	list, ok := v.Dynamic().([]any)
	at := value.Convert(index, value.Long)
	i := at.Int()
	if i < 0 {
		i += int64(len(list))
	}
	if !ok || at.IsNull() || i < 0 || i >= int64(len(list)) {
		return value.Null(value.Dynamic)
	}
	return value.NewDynamic(list[i])
}

// naiveInner is what a dynamic holds, as a value of its own type.
func naiveInner(v value.Value) value.Value {
	if v.Type() == value.Dynamic {
		return value.FromDynamic(v.Dynamic())
	}
	return v
}

// ask evaluates the arguments and lets the engine do the rest.
func (n *naive) ask(e bind.Expr, in naiveScope) value.Value {
	switch e := e.(type) {
	case *bind.Call:
		c := *e
		c.Args = nil
		for _, a := range e.Args {
			c.Args = append(c.Args, &bind.Literal{Typed: bind.Typed{Result: a.Type(), At: a.Span()}, Value: n.expr(a, in)})
		}
		return n.engineScalar(&c)
	case *bind.Part:
		return n.engineScalar(n.constantPart(e, in))
	case *bind.Element:
		part, _ := e.Target.(*bind.Part)
		index := &bind.Literal{Typed: bind.Typed{Result: e.Index.Type(), At: e.Index.Span()}, Value: n.expr(e.Index, in)}
		return n.engineScalar(&bind.Element{Typed: e.Typed, Target: n.constantPart(part, in), Index: index})
	default:
		panic(naiveUnknown(fmt.Sprintf("%T", e)))
	}
}

// constantPart is a part of a call whose arguments are values.
func (n *naive) constantPart(e *bind.Part, in naiveScope) *bind.Part {
	call, ok := e.Target.(*bind.Call)
	if !ok {
		panic(naiveUnknown("a part of what is no call"))
	}
	c := *call
	c.Args = nil
	for _, a := range call.Args {
		c.Args = append(c.Args, &bind.Literal{Typed: bind.Typed{Result: a.Type(), At: a.Span()}, Value: n.expr(a, in)})
	}
	return &bind.Part{Typed: e.Typed, Target: &c, Index: e.Index}
}

// call evaluates an operator, a function of neighbouring rows, or a function of scalars.
func (n *naive) call(e *bind.Call, in naiveScope) value.Value {
	switch e.Name {
	case "and", "or":
		return n.logic(e, in)
	case "==", "!=", "<>", "<", "<=", ">", ">=":
		return naiveCompare(e.Name, n.coerced(e, 0, in), n.coerced(e, 1, in))
	case "between", "!between":
		return naiveBetween(e.Name == "!between", n.expr(e.Args[0], in), n.expr(e.Args[1], in), n.expr(e.Args[2], in))
	case "+", "-", "*", "/", "%":
		args := n.exprs(e.Args, in)
		if len(args) == 1 {
			return value.Convert(naiveArithmetic("-", naiveZero(args[0]), args[0]), e.Type())
		}
		return value.Convert(naiveArithmetic(e.Name, args[0], args[1]), e.Type())
	case "column_ifexists":
		return n.expr(e.Args[1], in)
	case "bag_pack_columns":
		return n.packColumns(e, in)
	case "ingestion_time":
		return in.clock()
	case "rand", "new_guid":
		panic(naiveUnknown(e.Name))
	case "prev", "next", "row_number", "row_cumsum", "row_rank", "row_rank_min", "row_rank_dense", "row_window_session":
		return value.Convert(n.window(e, in), e.Type())
	}
	if v, ok := n.stringOperator(e.Name, e.Args, in); ok {
		return v
	}
	return n.ask(e, in)
}

// naiveZero is what unary minus subtracts from.
func naiveZero(v value.Value) value.Value {
	v = naiveInner(v)
	if v.Type() == value.Timespan {
		return value.NewTimespan(0)
	}
	return value.NewLong(0)
}

// clock is the column that stands in for the time of ingestion.
func (s naiveScope) clock() value.Value {
	for i, c := range s.columns {
		if c.Type == value.DateTime && (c.Name == "Timestamp" || c.Name == "TimeGenerated") {
			return s.cell(i)
		}
	}
	panic(naiveFailure("no column stands in for ingestion_time()"))
}

// packColumns is a bag of columns by their names.
func (n *naive) packColumns(e *bind.Call, in naiveScope) value.Value {
	var args []bind.Expr
	for _, a := range e.Args {
		name := ""
		if c, ok := a.(*bind.Column); ok {
			name = c.Name
		}
		args = append(args, &bind.Literal{Typed: bind.Typed{Result: value.String}, Value: value.NewString(name)}, a)
	}
	return n.ask(&bind.Call{Typed: e.Typed, Name: "bag_pack", Args: args}, in)
}

// logic is and, or with three values: an operand that decides, else null if one is null.
func (n *naive) logic(e *bind.Call, in naiveScope) value.Value {
	decides := e.Name == "or"
	out := value.NewBool(!decides)
	for _, a := range e.Args {
		v := value.Convert(n.expr(a, in), value.Bool)
		switch {
		case v.IsNull():
			out = value.Null(value.Bool)
		case v.Bool() == decides:
			return v
		}
	}
	return out
}

// window evaluates a function of a row and those before and after it, always from the first row on.
func (n *naive) window(e *bind.Call, in naiveScope) value.Value {
	argument := func(arg, row int, absent value.Value) value.Value {
		if arg >= len(e.Args) {
			return absent
		}
		return n.expr(e.Args[arg], naiveScope{in.columns, in.rows, row})
	}
	switch e.Name {
	case "prev", "next":
		offset := value.Convert(argument(1, in.index, value.NewLong(1)), value.Long).Int()
		if e.Name == "prev" {
			offset = -offset
		}
		if at := in.index + int(offset); at >= 0 && at < len(in.rows) {
			return argument(0, at, value.Value{})
		}
		return argument(2, in.index, value.Null(e.Type()))
	case "row_number":
		start := 0
		for row := range in.index + 1 {
			if naiveTrue(argument(1, row, value.NewBool(false))) {
				start = row
			}
		}
		first := value.Convert(argument(0, start, value.NewLong(1)), value.Long).Int()
		return value.NewLong(first + int64(in.index-start))
	case "row_cumsum":
		sum := value.NewLong(0)
		for row := range in.index + 1 {
			if naiveTrue(argument(1, row, value.NewBool(false))) {
				sum = value.NewLong(0)
			}
			if v := argument(0, row, value.Value{}); !v.IsNull() {
				if v.Type() == value.Timespan && sum.Type() != value.Timespan {
					sum = value.NewTimespan(0)
				}
				sum = naiveArithmetic("+", sum, v)
			}
		}
		return sum
	case "row_window_session":
		return n.session(argument, in)
	default:
		return n.rank(e, argument, in)
	}
}

// rank numbers the runs of equal values since the last restart, or for row_rank_min gives the place of the first of a run.
func (n *naive) rank(e *bind.Call, argument func(arg, row int, absent value.Value) value.Value, in naiveScope) value.Value {
	dense, first, start := int64(0), int64(0), 0
	older := e.Name == "row_rank" // which says by its second argument whether it is dense
	for row := range in.index + 1 {
		restart := row == 0 || !older && naiveTrue(argument(1, row, value.NewBool(false)))
		if restart {
			dense, start = 0, row
		}
		if restart || naiveKey(argument(0, row, value.Value{})) != naiveKey(argument(0, row-1, value.Value{})) {
			dense++
			first = int64(row-start) + 1
		}
	}
	if e.Name == "row_rank_min" || older && !naiveTrue(argument(1, in.index, value.NewBool(true))) {
		return value.NewLong(first)
	}
	return value.NewLong(dense)
}

// session is the first instant of the session a row is in.
func (n *naive) session(argument func(arg, row int, absent value.Value) value.Value, in naiveScope) value.Value {
	start := value.Null(value.DateTime)
	for row := range in.index + 1 {
		at := argument(0, row, value.Value{})
		fresh := row == 0 || start.IsNull() || naiveTrue(argument(3, row, value.NewBool(false)))
		if !fresh {
			before := argument(0, row-1, value.Value{})
			fresh = at.IsNull() || at.Int()-start.Int() >= argument(1, row, value.Value{}).Int() || at.Int()-before.Int() >= argument(2, row, value.Value{}).Int()
		}
		if fresh {
			start = at
		}
	}
	return start
}

// anyColumn is the operator on the text of one column or another.
func (n *naive) anyColumn(e *bind.AnyColumn, in naiveScope) value.Value {
	arg := n.expr(e.Arg, in)
	for _, i := range e.Columns {
		left := &bind.Literal{Typed: bind.Typed{Result: value.String}, Value: value.NewString(in.cell(i).String())}
		right := &bind.Literal{Typed: bind.Typed{Result: arg.Type()}, Value: arg}
		if naiveTrue(n.call(&bind.Call{Typed: bind.Typed{Result: value.Bool}, Name: e.Name, Args: []bind.Expr{left, right}}, in)) {
			return value.NewBool(true)
		}
	}
	return value.NewBool(false)
}

// inTable is an operator with the first column of a table as its list.
func (n *naive) inTable(e *bind.InTable, in naiveScope) value.Value {
	list := []any{}
	for _, row := range n.table(e.Plan).rows {
		if len(row) > 0 {
			list = append(list, row[0].ToDynamic())
		}
	}
	right := &bind.Literal{Typed: bind.Typed{Result: value.Dynamic}, Value: value.NewDynamic(list)}
	v, _ := n.stringOperator(e.Name, slices.Concat([]bind.Expr{e.Arg}, []bind.Expr{right}), in)
	return v
}
