package bind

import (
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindRareOperator binds the operators that few rules use.
func (b *binder) bindRareOperator(op syntax.Operator, in *relation) (*relation, []*relation) {
	switch op := op.(type) {
	case *syntax.ParseKV:
		return b.bindParseKV(op, in), nil
	case *syntax.SampleDistinct:
		return b.bindSampleDistinct(op, in), nil
	case *syntax.TopHitters:
		return b.bindTopHitters(op, in), nil
	case *syntax.TopNested:
		return b.bindTopNested(op, in), nil
	case *syntax.Reduce:
		return b.bindReduce(op, in), nil
	case *syntax.GetSchema:
		return b.bindGetSchema(op, in), nil
	case *syntax.AssertSchema:
		return b.bindAssertSchema(op, in), nil
	case *syntax.ExecuteAndCache:
		return same(in, in.op), nil
	case *syntax.Consume:
		r := &relation{}
		r.op = &Consume{Output: b.output(r, op), Input: in.op}
		return r, nil
	case *syntax.MacroExpand:
		return b.bindMacroExpand(op), nil
	case *syntax.BadOperator:
		return &relation{columns: in.all(), open: true, op: b.nowhere(op)}, nil
	default:
		return b.bindGraphOperator(op, in)
	}
}

func (b *binder) opaque(cols []*column, open bool, op syntax.Operator, in ...*relation) *relation {
	r := &relation{columns: cols, open: open}
	plan := &Opaque{Output: b.output(r, op), Keyword: op.Name()}
	for _, i := range in {
		plan.Inputs = append(plan.Inputs, i.op)
	}
	r.op = plan
	return r
}

func (b *binder) bindSampleDistinct(op *syntax.SampleDistinct, in *relation) *relation {
	n := b.bindCountOf(op.N)
	of := b.bindExpr(op.Of)
	b.requireGroupKey(of)
	name := of.name
	if !of.hasName {
		name = "Column1"
	}
	r := &relation{columns: []*column{{name: name, typing: of.typing}}, open: in.open}
	r.op = &SampleDistinct{Output: b.output(r, op), Input: in.op, N: n, Expr: of.expr}
	return r
}

func (b *binder) bindTopHitters(op *syntax.TopHitters, in *relation) *relation {
	plan := &TopHitters{Input: in.op, N: b.bindCountOf(op.N)}
	of := b.bindExpr(op.Of)
	b.requireColumn(of)
	plan.Of = of.expr
	cols := []*column{{name: of.name, typing: of.typing}}
	if op.By != nil {
		by := b.bindExpr(op.By)
		b.require(by, "Number")
		plan.By = by.expr
		cols = append(cols, &column{name: "approximate_sum_" + by.name, typing: by.typing})
	} else {
		cols = append(cols, &column{name: "approximate_count_" + of.name, typing: scalar(value.Long)})
	}
	r := &relation{columns: cols, open: in.open, serialized: true}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

func (b *binder) bindTopNested(op *syntax.TopNested, in *relation) *relation {
	names := nameTable{}
	plan := &TopNested{Input: in.op}
	r := &relation{open: in.open}
	for _, c := range op.Clauses {
		var level NestedLevel
		if c.N != nil {
			level.N = b.bindCountOf(c.N)
		}
		of := b.bindItem(c.Of)
		b.require(of.value, "Scalar")
		level.Of = of.value.expr
		if c.Others != nil {
			others := b.bindExpr(c.Others)
			b.require(others, "Scalar")
			level.Others = others.expr
		}
		ofName := names.unique(itemName(of))
		r.columns = append(r.columns, &column{name: ofName, typing: of.value.typing})
		if by := b.bindNestedOrder(c, &level); by != nil {
			name := "aggregated_" + ofName
			if by.named() != "" {
				name = by.named()
			}
			r.columns = append(r.columns, &column{name: names.unique(name), typing: by.typing})
		}
		plan.Levels = append(plan.Levels, level)
	}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

// bindNestedOrder binds what follows by; nil if nothing does.
func (b *binder) bindNestedOrder(c *syntax.TopNestedClause, level *NestedLevel) *bound {
	if c.By == nil {
		return nil
	}
	saved := b.aggregates
	b.aggregates, b.mode = &aggregation{}, aggregating
	by := b.bindKey(c.By.Value)
	level.Aggregates = b.aggregates.calls
	b.mode, b.aggregates = normal, saved
	b.require(by, "Scalar")
	level.By, level.Descending = by.expr, c.By.Order.Text != "asc"
	return by
}

func itemName(it *item) string {
	if len(it.names) > 0 {
		return it.names[0].Text
	}
	return it.value.name
}

func (b *binder) bindReduce(op *syntax.Reduce, in *relation) *relation {
	v := b.bindExpr(op.By)
	b.requireType(v, scalar(value.String), exact)
	plan := &Reduce{Input: in.op, Text: v.expr, Threshold: 0.1, Characters: word(property(op.With, "characters"))}
	if t, err := strconv.ParseFloat(word(property(op.With, "threshold")), 64); err == nil {
		plan.Threshold = t
	}
	r := &relation{}
	if plan.Source = word(property(op.Properties, "kind")) == "source"; plan.Source {
		r.columns = append(r.columns, in.all()...)
	}
	r.columns = append(r.columns,
		&column{name: "Pattern", typing: scalar(value.String)},
		&column{name: "Count", typing: scalar(value.Long)},
		&column{name: "Representative", typing: scalar(value.String)})
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

// bindGetSchema makes the table that describes the columns.
func (b *binder) bindGetSchema(op *syntax.GetSchema, in *relation) *relation {
	text := scalar(value.String)
	r := &relation{columns: []*column{
		{name: "ColumnName", typing: text},
		{name: "ColumnOrdinal", typing: scalar(value.Long)},
		{name: "DataType", typing: text},
		{name: "ColumnType", typing: text},
	}}
	if op.Kind.Text == "csl" {
		return b.schemaText(op, in)
	}
	plan := &Values{}
	for i, c := range in.all() {
		t := c.typing.valueType()
		plan.Rows = append(plan.Rows, []value.Value{
			value.NewString(c.name), value.NewLong(int64(i)), value.NewString(CLRType(t)), value.NewString(t.String()),
		})
	}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

// schemaText is the columns as one text, in the form that a table is declared in.
func (b *binder) schemaText(op *syntax.GetSchema, in *relation) *relation {
	var columns []string
	for _, c := range in.all() {
		columns = append(columns, syntax.QuoteName(c.name)+":"+c.typing.valueType().String())
	}
	r := &relation{columns: []*column{{name: "Schema", typing: scalar(value.String)}}}
	r.op = &Values{Output: b.output(r, op), Rows: [][]value.Value{{value.NewString(strings.Join(columns, ","))}}}
	return r
}

// CLRType is the name of a type that getschema shows as DataType.
func CLRType(t value.Type) string {
	switch t {
	case value.Bool:
		return "System.SByte"
	case value.DateTime:
		return "System.DateTime"
	case value.Decimal:
		return "System.Data.SqlTypes.SqlDecimal"
	case value.Dynamic:
		return "System.Object"
	case value.GUID:
		return "System.Guid"
	case value.Int:
		return "System.Int32"
	case value.Long:
		return "System.Int64"
	case value.Real:
		return "System.Double"
	case value.Timespan:
		return "System.TimeSpan"
	default:
		return "System.String"
	}
}

func (b *binder) bindAssertSchema(op *syntax.AssertSchema, in *relation) *relation {
	b.schemaColumns(op.Schema)
	return same(in, in.op)
}

func (b *binder) bindMacroExpand(op *syntax.MacroExpand) *relation {
	if op.Group != nil {
		b.bindExpr(op.Group)
	}
	scope := b.scope
	defer func() { b.scope = scope }()
	b.scope = newScope(scope)
	if op.Scope != nil {
		b.scope.define(&symbol{name: op.Scope.Text, bound: &bound{node: op, typing: typing{shape: database}}})
	}
	cols, open := []*column(nil), true
	if op.Body != nil {
		if v := b.bindStatements(op.Body.Statements); v != nil && v.table != nil {
			cols, open = v.table.all(), v.table.open
		}
	}
	return b.opaque(cols, open, op)
}
