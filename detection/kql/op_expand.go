package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// expander makes rows of the elements of arrays and bags that advance together.
type expander struct {
	columns    []value.Column
	expansions []bind.Expansion
	exprs      []expr
	itemIndex  int
	limit      expr
	bags       string
	span       syntax.Span
}

// mvExpand is mv-expand.
type mvExpand struct {
	input operator
	expander
}

func (c *compiler) expansions(list []bind.Expansion) []expr {
	out := make([]expr, len(list))
	for i, e := range list {
		out[i] = c.expr(e.Expr)
	}
	return out
}

func (c *compiler) mvExpand(p *bind.MvExpand) operator {
	return &mvExpand{input: c.operator(p.Input), expander: expander{
		columns: p.Fields, expansions: p.Expansions, exprs: c.expansions(p.Expansions),
		itemIndex: p.ItemIndex, limit: c.optional(p.Limit), bags: p.BagExpansion, span: p.Span(),
	}}
}

// optional compiles an expression that may be absent.
func (c *compiler) optional(e bind.Expr) expr {
	if e == nil {
		return nil
	}
	return c.expr(e)
}

func (o *mvExpand) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	out, _, err := o.expand(x, r)
	return out, err
}

// expand also gives the input row of every row it makes.
func (e *expander) expand(x *execution, r *relation) (*relation, []uint32, error) {
	args, err := evalAll(x, r, e.exprs)
	if err != nil {
		return nil, nil, err
	}
	limit := math.MaxInt
	if e.limit != nil {
		if limit, err = rowCount(x, e.limit); err != nil {
			return nil, nil, err
		}
	}
	rows := []uint32{}
	items := []int64{}
	cells := make([][]any, len(args))
	for row := range r.rows {
		lists, n := e.lists(args, row)
		if err := x.spend(64 * (1 + n)); err != nil {
			return nil, nil, err
		}
		for i := range min(n, limit) {
			rows, items = append(rows, uint32(row)), append(items, int64(i))
			for k, list := range lists {
				cells[k] = append(cells[k], elementAt(list, i))
			}
		}
		if len(rows) > x.limits.Rows {
			return nil, nil, x.tooMany(e.span, "mv-expand")
		}
	}
	if err := x.charge(e.span, len(rows)*(12+16*len(args))); err != nil {
		return nil, nil, err
	}
	return e.assemble(r, rows, items, cells), rows, nil
}

// lists takes a row's arguments apart; n is the length of the longest. A null makes one
// row if nothing else makes one.
func (e *expander) lists(args []*vector, row int) (lists [][]any, n int) {
	null := false
	lists = make([][]any, len(args))
	for k, a := range args {
		x := a.value(row).ToDynamic()
		null = null || x == nil
		lists[k] = e.elements(x)
		n = max(n, len(lists[k]))
	}
	if n == 0 && null {
		n = 1
	}
	return lists, n
}

// elements lists an array's elements, a bag's properties, or the value itself.
func (e *expander) elements(x any) []any {
	switch x := x.(type) {
	case nil:
		return nil
	case []any:
		return x
	case *value.Bag:
		list := make([]any, 0, x.Len())
		for _, k := range x.Keys() {
			v, _ := x.Get(k)
			if e.bags == "array" {
				list = append(list, []any{k, v})
				continue
			}
			one := value.NewBag()
			one.Set(k, v)
			list = append(list, one)
		}
		return list
	default:
		return []any{x}
	}
}

func elementAt(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func (e *expander) assemble(r *relation, rows []uint32, items []int64, cells [][]any) *relation {
	repeated := r.filter(rows)
	slots := make([]*slot, len(e.columns))
	copy(slots, repeated.slots)
	for k, x := range e.expansions {
		slots[x.Index] = newSlot(e.cast(cells[k], len(rows), e.columns[x.Index].Type))
	}
	if e.itemIndex >= 0 {
		slots[e.itemIndex] = newSlot(longs(items))
	}
	return repeated.with(e.columns, slots)
}

// cast makes a column of elements. Elements that are not of the type become null; none
// is parsed, except into the types that JSON can only hold as text.
func (e *expander) cast(cells []any, rows int, t value.Type) *vector {
	if t == value.Dynamic {
		if cells == nil {
			cells = []any{}
		}
		return dynamics(cells)
	}
	b := newBuffer(t, rows)
	for i, x := range cells {
		b.set(i, castElement(x, t))
	}
	return b.vector()
}

func castElement(x any, t value.Type) value.Value {
	v := value.FromDynamic(x)
	switch {
	case t.Numeric() && !v.Type().Numeric(), t == value.Bool && v.Type() != value.Bool:
		return value.Null(t)
	case t == value.String:
		return value.NewString(value.NewDynamic(x).String())
	default:
		return value.Convert(v, t)
	}
}

// mvApply runs a subquery over the rows made of each input row.
type mvApply struct {
	input operator
	expander
	plan     *bind.MvApply
	subquery operator
}

func (c *compiler) mvApply(p *bind.MvApply) operator {
	o := &mvApply{input: c.operator(p.Input), plan: p, subquery: c.operator(p.Subquery)}
	o.expander = expander{
		columns: subjectColumns(p.Subquery, p.ID), expansions: p.Expansions, exprs: c.expansions(p.Expansions),
		itemIndex: p.ItemIndex, limit: c.optional(p.Limit), span: p.Span(),
	}
	return o
}

// subjectColumns finds the columns that a subquery expects of the rows it is fed.
func subjectColumns(p bind.Operator, id int) []value.Column {
	var columns []value.Column
	walk(p, func(p bind.Operator) {
		if s, ok := p.(*bind.Subject); ok && s.ID == id {
			columns = s.Fields
		}
	})
	return columns
}

func (o *mvApply) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	rows, origin, err := o.expand(x, r)
	if err != nil {
		return nil, err
	}
	var parts []*relation
	outer := []uint32{}
	for start := 0; start < len(origin); {
		end := start
		for end < len(origin) && origin[end] == origin[start] {
			end++
		}
		part, err := x.feed(o.plan.ID, rows.filter(sequence(end)[start:]), o.subquery)
		if err != nil {
			return nil, err
		}
		for range part.rows {
			outer = append(outer, origin[start])
		}
		parts = append(parts, part)
		if err := x.ctx.Err(); err != nil {
			return nil, err
		}
		start = end
	}
	return o.joined(r, outer, parts), nil
}

// joined puts the kept columns of the input rows before the rows of the subquery.
func (o *mvApply) joined(r *relation, outer []uint32, parts []*relation) *relation {
	kept := r.filter(outer)
	out := &relation{columns: o.plan.Fields, rows: len(outer), lineage: kept.lineage}
	for _, i := range o.plan.Kept {
		out.slots = append(out.slots, kept.slots[i])
	}
	inner := concat(o.plan.Fields[len(o.plan.Kept):], parts, sameColumn)
	out.slots = append(out.slots, inner.slots...)
	if len(outer) > 0 {
		out.lineage = inner.lineage
	}
	return out
}
