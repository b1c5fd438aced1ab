package kql

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// operator compiles a plan node.
func (c *compiler) operator(p bind.Operator) operator {
	if c.observer != nil {
		return c.observer.operator(p, func() operator { return c.plainOperator(p) })
	}
	return c.plainOperator(p)
}

func (c *compiler) plainOperator(p bind.Operator) operator {
	if o := c.sourceOperator(p); o != nil {
		return o
	}
	if o := c.rowOperator(p); o != nil {
		return o
	}
	if o := c.groupOperator(p); o != nil {
		return o
	}
	return c.missingOperator(p)
}

// sourceOperator compiles the nodes that begin a pipeline or stand for another one.
func (c *compiler) sourceOperator(p bind.Operator) operator {
	switch p := p.(type) {
	case *bind.Scan:
		return &scan{table: p.Table, columns: p.Fields}
	case *bind.Values:
		return &values{table: valuesTable(p)}
	case *bind.Print:
		return &printRow{columns: p.Fields, exprs: c.exprs(p.Exprs), at: p.Span()}
	case *bind.Range:
		return &rangeRows{plan: p, from: c.expr(p.From), to: c.expr(p.To), step: c.expr(p.Step)}
	case *bind.External:
		return c.external(p)
	case *bind.Service:
		return c.service(p)
	case *bind.Shared:
		return &shared{id: p.ID, input: c.operator(p.Input)}
	case *bind.Subject:
		return &subject{id: p.ID}
	case *bind.As:
		return c.operator(p.Input)
	case *bind.Render:
		return c.operator(p.Input)
	default:
		return nil
	}
}

// rowOperator compiles the nodes that look at one row at a time, or put rows in order.
func (c *compiler) rowOperator(p bind.Operator) operator {
	switch p := p.(type) {
	case *bind.Where:
		return c.where(p)
	case *bind.Extend:
		return c.extend(p)
	case *bind.Project:
		return &project{input: c.operator(p.Input), columns: p.Fields, exprs: c.exprs(p.Exprs), at: p.Span()}
	case *bind.Sort:
		return &sortRows{input: c.operator(p.Input), keys: c.sortKeys(p.Keys)}
	case *bind.Top:
		return &topRows{input: c.operator(p.Input), keys: c.sortKeys(p.Keys), n: c.expr(p.N)}
	case *bind.Take:
		return &take{input: c.operator(p.Input), n: c.expr(p.N)}
	case *bind.Sample:
		// Any rows will do, and the same ones every time are better in a test.
		return &take{input: c.operator(p.Input), n: c.expr(p.N)}
	case *bind.MvExpand:
		return c.mvExpand(p)
	case *bind.MvApply:
		return c.mvApply(p)
	case *bind.Parse:
		return c.parse(p)
	case *bind.ParseKV:
		return c.parseKV(p)
	default:
		return nil
	}
}

// groupOperator compiles the nodes that combine rows.
func (c *compiler) groupOperator(p bind.Operator) operator {
	switch p := p.(type) {
	case *bind.Count:
		return &count{input: c.operator(p.Input), columns: p.Fields}
	case *bind.Distinct:
		return &distinct{input: c.operator(p.Input), columns: p.Fields, exprs: c.exprs(p.Exprs), at: p.Span()}
	case *bind.SampleDistinct:
		d := &distinct{input: c.operator(p.Input), columns: p.Fields, exprs: c.exprs([]bind.Expr{p.Expr}), at: p.Span()}
		return &take{input: d, n: c.expr(p.N)}
	case *bind.Summarize:
		return c.summarize(p)
	case *bind.Union:
		return c.union(p)
	case *bind.Join:
		return c.join(p)
	case *bind.Evaluate:
		return c.evaluate(p)
	case *bind.StepScan:
		return c.stepScan(p)
	case *bind.TopNested:
		return c.topNested(p)
	case *bind.MakeSeries:
		return c.makeSeries(p)
	case *bind.Partition:
		return c.partition(p)
	case *bind.TopHitters:
		return c.topHitters(p)
	case *bind.Reduce:
		return c.reduce(p)
	case *bind.Several:
		return c.several(p)
	case *bind.Consume:
		return &consume{input: c.operator(p.Input), plan: p}
	default:
		return nil
	}
}

// missingOperator reports a node that nothing runs, and what its inputs lack.
func (c *compiler) missingOperator(p bind.Operator) operator {
	for _, input := range inputsOf(p) {
		if input != nil {
			c.operator(input)
		}
	}
	switch p := p.(type) {
	case *bind.Opaque:
		if p.Keyword == "unresolved" {
			c.unsupported(p.Span(), "a table of another database is not in a recording")
			return &values{table: NewBuilder(nil).Table()}
		}
		c.unsupported(c.wordOf(p, p.Keyword), "operator %s is not supported", p.Keyword)
	case *bind.Service:
		c.unsupported(c.wordOf(p, p.Name), "function %s belongs to the service and is not supported", p.Name)
	case *bind.Evaluate:
		c.unsupported(c.wordOf(p, p.Name), "plugin %s is not supported", p.Name)
	case nil:
		return &values{table: NewBuilder(nil).Table()}
	default:
		word := firstWord(c.text(p.Span()))
		c.unsupported(c.wordOf(p, word), "operator %s is not supported", word)
	}
	return &values{table: NewBuilder(p.Columns()).Table()}
}

// wordOf is where a word stands in the text of an operator: what a message about it underlines.
func (c *compiler) wordOf(p bind.Operator, word string) syntax.Span {
	s := p.Span()
	i := strings.Index(c.text(s), word)
	if i < 0 {
		return s
	}
	return syntax.Span{Start: s.Start + i, End: s.Start + i + len(word)}
}

func firstWord(s string) string {
	for i, r := range s {
		if r != '-' && !isTermRune(r) {
			return s[:i]
		}
	}
	return s
}

// scan reads a source table.
type scan struct {
	table   string
	columns []value.Column
}

func (o *scan) run(x *execution) (*relation, error) {
	t, ok := x.db.Table(o.table)
	if !ok {
		t = NewBuilder(o.columns).Table()
	}
	r := &relation{columns: o.columns, rows: t.rows, lineage: lazySlot(value.Long, func() *vector { return x.lineage.adopt(t) })}
	r.slots = make([]*slot, len(o.columns))
	slots := make([]slot, len(o.columns))
	var nulls [16]*vector // by type; most columns of a schema are not in a recording
	for i, c := range o.columns {
		r.slots[i] = &slots[i]
		slots[i].typ = c.Type
		at, ok := t.position(c.Name)
		switch {
		case !ok:
			null := &nulls[int(c.Type)%len(nulls)]
			if *null == nil || (*null).typ != c.Type {
				*null = constantOf(value.Null(c.Type), t.rows)
			}
			slots[i].stored = *null
		case t.vectors[at].typ == c.Type:
			slots[i].stored = t.vectors[at]
		default:
			slots[i].compute = func() *vector { return convertVector(t.vectors[at], c.Type) }
		}
	}
	return r, nil
}

// values is a table written into the query.
type values struct{ table *Table }

func valuesTable(p *bind.Values) *Table {
	b := NewBuilder(p.Fields)
	for _, row := range p.Rows {
		b.Append(-1, row...)
	}
	return b.Table()
}

func (o *values) run(*execution) (*relation, error) {
	return newRelation(o.table.columns, o.table.vectors, noLineage(o.table.rows)), nil
}

// printRow makes one row.
type printRow struct {
	columns []value.Column
	exprs   []expr
	at      syntax.Span
}

func (o *printRow) run(x *execution) (*relation, error) {
	one := newRelation(nil, nil, noLineage(1))
	return (&project{columns: o.columns, exprs: o.exprs, at: o.at}).apply(x, one)
}

// rangeRows counts from one bound to the other.
type rangeRows struct {
	plan           *bind.Range
	from, to, step expr
}

func (o *rangeRows) run(x *execution) (*relation, error) {
	one := newRelation(nil, nil, noLineage(1))
	bounds, err := evalAll(x, one, []expr{o.from, o.to, o.step})
	if err != nil {
		return nil, err
	}
	from, to, step := bounds[0].value(0), bounds[1].value(0), bounds[2].value(0)
	typ := o.plan.Fields[0].Type
	if storageOf(typ) == inInts && storageOf(step.Type()) == inInts && !from.IsNull() && !to.IsNull() && !step.IsNull() {
		return o.count(x, typ, from.Int(), to.Int(), step.Int())
	}
	b := NewBuilder(o.plan.Fields)
	if !from.IsNull() && !to.IsNull() && !step.IsNull() {
		err = o.fill(x, b, typ, from, to, step)
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, noLineage(t.rows)), err
}

// count is the range of whole numbers, instants or durations.
func (o *rangeRows) count(x *execution, typ value.Type, from, to, step int64) (*relation, error) {
	v := &vector{typ: typ, ints: []int64{}}
	for n := from; step > 0 && n <= to || step < 0 && n >= to; {
		if err := x.stop(len(v.ints)); err != nil {
			return nil, err
		}
		if len(v.ints) >= x.limits.Rows {
			return nil, x.tooMany(o.plan.Span(), "range")
		}
		v.ints = append(v.ints, n)
		next := n + step
		if (next > n) != (step > 0) {
			break
		}
		n = next
	}
	v.rows = len(v.ints)
	return newRelation(o.plan.Fields, []*vector{v}, noLineage(v.rows)), nil
}

func (o *rangeRows) fill(x *execution, b *Builder, typ value.Type, from, to, step value.Value) error {
	up := value.Calculate('+', from, step, typ)
	direction, ok := value.Compare(up, from, false)
	if up.IsNull() || !ok || direction == 0 {
		return nil
	}
	for n := 0; ; n++ {
		v := value.Convert(from, typ)
		if n > 0 {
			v = value.Convert(value.Calculate('+', from, value.Calculate('*', value.NewLong(int64(n)), step, step.Type()), typ), typ)
		}
		order, ok := value.Compare(v, to, false)
		if v.IsNull() || !ok || order == direction {
			return nil
		}
		if n >= x.limits.Rows {
			return x.tooMany(o.plan.Span(), "range")
		}
		if err := x.stop(n); err != nil {
			return err
		}
		b.Append(-1, v)
	}
}

// shared runs its input once a run, however often it is used.
type shared struct {
	id    int
	input operator
}

func (o *shared) run(x *execution) (*relation, error) {
	r, ok := x.shared[o.id]
	if ok && x.subjects.current(o.id) {
		return r, nil
	}
	err := x.subjects.depend(o.id, func() (err error) {
		r, err = o.input.run(x)
		return err
	})
	if err == nil {
		x.shared[o.id] = r
	}
	return r, err
}
