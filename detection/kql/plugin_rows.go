package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/sketch"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// rowsNear keeps the rows that are at most some rows before or after one that meets a condition.
// Source: https://learn.microsoft.com/kusto/query/rows-near-plugin
type rowsNear struct {
	input         operator
	condition     expr
	before, after expr
}

func (c *compiler) rowsNear(p *bind.Evaluate) operator {
	o := &rowsNear{input: c.operator(p.Input), condition: c.expr(p.Args[0].Expr), before: c.expr(p.Args[1].Expr)}
	o.after = o.before
	if len(p.Args) > 2 {
		o.after = c.expr(p.Args[2].Expr)
	}
	return o
}

func (o *rowsNear) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	reach, err := evalAll(x, newRelation(nil, nil, noLineage(1)), []expr{o.before, o.after})
	if err != nil {
		return nil, err
	}
	hits, err := truth(x, r, o.condition)
	if err != nil {
		return nil, err
	}
	before, after := max(0, reach[0].value(0).Int()), max(0, reach[1].value(0).Int())
	keep := []uint32{}
	next := int64(0)
	for _, hit := range hits {
		last := min(int64(hit)+min(after, int64(r.rows)), int64(r.rows)-1)
		for row := max(next, int64(hit)-before); row <= last; row++ {
			keep = append(keep, uint32(row))
		}
		next = max(next, last+1)
	}
	return r.filter(keep), nil
}

// narrowRows is the plugin narrow: it turns every cell into a row: the number of its row, the name of its column, the value as text.
// Source: https://learn.microsoft.com/kusto/query/narrow-plugin
type narrowRows struct {
	input operator
	plan  *bind.Evaluate
}

func (o *narrowRows) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	if r.rows*len(r.slots) > x.limits.Rows {
		return nil, x.tooMany(o.plan.Span(), "narrow")
	}
	b := NewBuilder(o.plan.Fields)
	var handles []int64
	for row := range r.rows {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		for i, c := range r.columns {
			b.Append(-1, value.NewLong(int64(row)), value.NewString(c.Name), value.NewString(r.vector(i).value(row).String()))
			handles = append(handles, r.handle(row))
		}
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles)), nil
}

// dcountIntersect adds, for sketches in several columns, how many values the first has, the first and the second
// have in common, and so on.
// Source: https://learn.microsoft.com/kusto/query/dcount-intersect-plugin
type dcountIntersect struct {
	input operator
	plan  *bind.Evaluate
	args  []expr
}

// maxSketches is how many sets there can be.
const maxSketches = 16

func (c *compiler) dcountIntersect(p *bind.Evaluate) operator {
	o := &dcountIntersect{input: c.operator(p.Input), plan: p}
	for _, a := range p.Args {
		o.args = append(o.args, c.expr(a.Expr))
	}
	if len(o.args) > maxSketches {
		c.report(syntax.ClassBind, p.Span(), "dcount_intersect takes at most %d sets", maxSketches)
	}
	return o
}

func (o *dcountIntersect) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	args, err := evalAll(x, r, o.args)
	if err != nil {
		return nil, err
	}
	counts := make([]*buffer, len(args))
	for i := range counts {
		counts[i] = newBuffer(value.Long, r.rows)
	}
	for row := range r.rows {
		if err := x.ctx.Err(); err != nil {
			return nil, err
		}
		var sets []*sketch.HLL
		for i, a := range args {
			h, ok := sketch.ParseHLL(a.value(row).Dynamic())
			if !ok || len(sets) < i {
				counts[i].setNull(row)
				continue
			}
			sets = append(sets, h)
			counts[i].set(row, value.NewLong(sketch.Intersection(sets)))
		}
	}
	slots := append([]*slot{}, r.slots...)
	for _, b := range counts {
		slots = append(slots, newSlot(b.vector()))
	}
	return r.with(o.plan.Fields, slots), nil
}

// schemaMerge joins descriptions of schemas, as getschema gives them, into one.
// Source: https://learn.microsoft.com/kusto/query/schema-merge-plugin
type schemaMerge struct {
	input    operator
	plan     *bind.Evaluate
	preserve expr
}

func (c *compiler) schemaMerge(p *bind.Evaluate) operator {
	o := &schemaMerge{input: c.operator(p.Input), plan: p, preserve: &literal{value.NewBool(true)}}
	if len(p.Args) > 0 {
		o.preserve = c.expr(p.Args[0].Expr)
	}
	for _, name := range []string{"ColumnName", "ColumnOrdinal", "ColumnType"} {
		if indexOfColumn(p.Input.Columns(), name) < 0 {
			c.report(syntax.ClassBind, p.Span(), "schema_merge needs a column %s, as getschema gives it", name)
		}
	}
	return o
}

// mergedColumn is a column of the merged schema; fault says why it has no type.
type mergedColumn struct {
	name    string
	ordinal int64 // in the schema that it appeared in first
	last    int64 // the greatest one in any schema
	typ     value.Type
	fault   string
	source  uint32
}

func (o *schemaMerge) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	preserve, err := o.preserve.eval(x, newRelation(nil, nil, noLineage(1)))
	if err != nil {
		return nil, err
	}
	columns := mergeSchemas(r, preserve.value(0).Bool())
	b := NewBuilder(o.plan.Fields)
	handles := make([]int64, 0, len(columns))
	at := int64(0)
	for _, broken := range []bool{false, true} {
		for _, c := range columns {
			if (c.fault != "") != broken {
				continue
			}
			ordinal, clr, name := at, bind.CLRType(c.typ), c.typ.String()
			if broken {
				ordinal, clr, name = -1, "ERROR(unknown CSL type:"+c.fault+")", c.fault
			}
			at++
			b.Append(-1, value.NewString(c.name), value.NewLong(ordinal), value.NewString(clr), value.NewString(name))
			handles = append(handles, r.handle(int(c.source)))
		}
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles)), nil
}

// mergeSchemas lists the columns in the order of their last places in any of the schemas. Numbers widen to one another; other types that differ have nothing in common.
func mergeSchemas(r *relation, preserve bool) []*mergedColumn {
	names, ordinals, types := r.vector(indexOfColumn(r.columns, "ColumnName")), r.vector(indexOfColumn(r.columns, "ColumnOrdinal")), r.vector(indexOfColumn(r.columns, "ColumnType"))
	var out []*mergedColumn
	index := map[string]*mergedColumn{}
	for row := range r.rows {
		name, ordinal := names.value(row).Str(), ordinals.value(row).Int()
		t, _ := value.ParseType(types.value(row).String())
		known := index[name]
		if known == nil {
			known = &mergedColumn{name: name, ordinal: ordinal, last: ordinal, typ: t, source: uint32(row)}
			index[name] = known
			out = append(out, known)
			continue
		}
		known.last = max(known.last, ordinal)
		common, ok := widest(known.typ, t)
		switch {
		case preserve && ordinal != known.ordinal:
			known.fault = "ERROR(columns are out of order)"
		case !ok:
			known.fault = "ERROR(types cannot be reduced to one)"
		default:
			known.typ = common
		}
	}
	slices.SortStableFunc(out, func(a, b *mergedColumn) int { return int(a.last - b.last) })
	return out
}

// widest is the type that holds the numbers of two types.
func widest(a, b value.Type) (value.Type, bool) {
	order := []value.Type{value.Int, value.Long, value.Real}
	at := func(t value.Type) int {
		for i, o := range order {
			if o == t {
				return i
			}
		}
		return -1
	}
	i, j := at(a), at(b)
	if a == b || i < 0 || j < 0 {
		return a, a == b
	}
	return order[max(i, j)], true
}
