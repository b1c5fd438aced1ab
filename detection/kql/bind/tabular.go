package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindOperator binds one stage of a pipeline. group is what operators with several results (fork, facet) give.
func (b *binder) bindOperator(op syntax.Operator, in *relation, first bool) (out *relation, group []*relation) {
	if in == nil {
		in = &relation{op: b.nowhere(op)}
		if first {
			in.op = nil
		}
	}
	if out := b.bindRowOperator(op, in); out != nil {
		return out, nil
	}
	switch op := op.(type) {
	case *syntax.Join:
		return b.bindJoin(op, in), nil
	case *syntax.Lookup:
		return b.bindLookup(op, in), nil
	case *syntax.Union:
		return b.bindUnion(op, in, first), nil
	case *syntax.Find:
		return b.bindFind(op, in, first), nil
	case *syntax.Search:
		return b.bindSearch(op, in, first), nil
	case *syntax.PrintOperator:
		return b.bindPrint(op), nil
	case *syntax.Range:
		return b.bindRange(op), nil
	case *syntax.MvExpand:
		return b.bindMvExpand(op, in), nil
	case *syntax.MvApply:
		return b.bindMvApply(op, in), nil
	case *syntax.MakeSeries:
		return b.bindMakeSeries(op, in), nil
	case *syntax.Evaluate:
		return b.bindEvaluate(op, in, first), nil
	case *syntax.Invoke:
		return b.bindInvoke(op, in), nil
	case *syntax.Partition:
		return b.bindPartition(op, in), nil
	case *syntax.PartitionBy:
		return b.bindPartitionBy(op, in), nil
	case *syntax.Facet:
		return b.bindFacet(op, in)
	case *syntax.Fork:
		return b.bindFork(op, in)
	case *syntax.Scan:
		return b.bindScan(op, in), nil
	default:
		return b.bindRareOperator(op, in)
	}
}

// bindRowOperator binds the operators that filter, order, or compute columns; nil for all others.
func (b *binder) bindRowOperator(op syntax.Operator, in *relation) *relation {
	switch op := op.(type) {
	case *syntax.Where:
		return b.bindWhere(op, in)
	case *syntax.Extend:
		return b.bindExtend(op, in)
	case *syntax.Serialize:
		return b.bindSerialize(op, in)
	case *syntax.Project:
		return b.bindProject(op, in)
	case *syntax.ProjectAway:
		return b.bindProjectAway(op, in)
	case *syntax.ProjectKeep:
		return b.bindProjectKeep(op, in)
	case *syntax.ProjectRename:
		return b.bindProjectRename(op, in)
	case *syntax.ProjectReorder:
		return b.bindProjectReorder(op, in)
	case *syntax.ProjectByNames:
		return b.bindProjectByNames(op, in)
	case *syntax.Sort:
		return b.bindSort(op, in)
	case *syntax.Top:
		return b.bindTop(op, in)
	case *syntax.Take:
		return b.bindTake(op, in)
	case *syntax.Sample:
		return b.bindSample(op, in)
	case *syntax.Count:
		return b.bindCount(op, in)
	case *syntax.Distinct:
		return b.bindDistinct(op, in)
	case *syntax.Summarize:
		return b.bindSummarize(op, in)
	case *syntax.ParseOperator:
		return b.bindParse(op, in)
	case *syntax.As:
		return b.bindAs(op, in)
	case *syntax.Render:
		return b.bindRender(op, in)
	default:
		return nil
	}
}

// same is the relation of an operator that keeps the columns of its input.
func same(in *relation, op Operator) *relation {
	return &relation{columns: in.all(), open: in.open, op: op, graph: in.graph, serialized: in.serialized, fields: in.fields}
}

// projected is the relation of a projection.
func (b *binder) projected(p *projection, in *relation, op syntax.Node, keyword string) *relation {
	r := &relation{columns: p.columns, open: in.open, serialized: in.serialized}
	r.op = &Project{Output: b.output(r, op), Input: in.op, Exprs: p.exprs, Keyword: keyword}
	return r
}

// extended is the relation of an operator that adds to its input.
func (b *binder) extended(p *projection, in *relation, op syntax.Node, keyword string) *relation {
	r := &relation{columns: p.columns, open: in.open, serialized: in.serialized}
	plan := &Extend{Output: b.output(r, op), Input: in.op, Keyword: keyword}
	for i, e := range p.exprs {
		if i < len(p.row) && p.row[i] == p.columns[i] {
			continue
		}
		plan.Assignments = append(plan.Assignments, Assignment{Index: i, Expr: e})
	}
	r.op = plan
	return r
}

func (b *binder) bindWhere(op *syntax.Where, in *relation) *relation {
	v := b.bindExpr(op.Predicate)
	before := len(b.diagnostics)
	b.requireBool(v)
	if _, named := op.Predicate.(*syntax.NamedExpr); named && len(b.diagnostics) > before {
		b.diagnostics[before].Hint = "= gives a name, == compares"
	}
	return same(in, &Where{Output: b.output(in, op), Input: in.op, Predicate: v.expr})
}

func (b *binder) bindExtend(op *syntax.Extend, in *relation) *relation {
	items := b.bindItems(op.Columns)
	b.requireScalars(values(items))
	p := newProjection()
	p.keepRow(in)
	for _, it := range items {
		b.place(p, it, placing{style: extendStyle})
	}
	return b.extended(p, in, op, "extend")
}

func (b *binder) bindSerialize(op *syntax.Serialize, in *relation) *relation {
	was := in.serialized
	in.serialized = true
	defer func() { in.serialized = was }()
	items := b.bindItems(op.Columns)
	b.requireScalars(values(items))
	p := newProjection()
	p.keepRow(in)
	for _, it := range items {
		b.place(p, it, placing{})
	}
	return b.extended(p, in, op, "serialize")
}

func (b *binder) bindProject(op *syntax.Project, in *relation) *relation {
	items := b.bindItems(op.Columns)
	b.requireScalars(values(items))
	p := newProjection()
	for _, it := range items {
		b.place(p, it, placing{})
	}
	return b.projected(p, in, op, "project")
}

func (b *binder) bindSort(op *syntax.Sort, in *relation) *relation {
	keys, args := b.bindKeys(op.Keys)
	if b.requireScalars(args) {
		b.requireNotDynamic(args)
	}
	return serialized(same(in, &Sort{Output: b.output(in, op), Input: in.op, Keys: keys}))
}

// bindKeys binds sort keys. The default is descending, nulls last; ascending puts them first.
func (b *binder) bindKeys(list []*syntax.OrderKey) ([]SortKey, []*bound) {
	var keys []SortKey
	var args []*bound
	for _, k := range list {
		if k == nil || k.Value == nil {
			continue
		}
		v := b.bindKey(k.Value)
		descending := k.Order.Text != "asc" && k.Order.Text != "granny-asc"
		nullsFirst := !descending
		if k.Nulls.Present() {
			nullsFirst = k.Nulls.Text == "first"
		}
		keys = append(keys, SortKey{Expr: v.expr, Descending: descending, NullsFirst: nullsFirst})
		args = append(args, v)
	}
	return keys, args
}

// bindKey binds the value of a key, which may carry a name that only some operators use.
func (b *binder) bindKey(e syntax.Expr) *bound {
	if n, ok := e.(*syntax.NamedExpr); ok {
		return b.bindArgument(n)
	}
	return b.bindExpr(e)
}

func (b *binder) bindTop(op *syntax.Top, in *relation) *relation {
	n := b.bindCountOf(op.N)
	var keys []SortKey
	if op.Key != nil {
		var args []*bound
		keys, args = b.bindKeys([]*syntax.OrderKey{op.Key})
		b.requireScalars(args)
	}
	return serialized(same(in, &Top{Output: b.output(in, op), Input: in.op, N: n, Keys: keys}))
}

// bindCountOf binds the number of rows that take and its kin ask for: one for all rows.
func (b *binder) bindCountOf(e syntax.Expr) Expr {
	v := b.bindExpr(e)
	if b.require(v, "Integer") && dependsOnRow(v.expr) {
		b.report("KS129", v.span(), "the expression must be a constant")
	}
	return v.expr
}

func (b *binder) bindTake(op *syntax.Take, in *relation) *relation {
	return same(in, &Take{Output: b.output(in, op), Input: in.op, N: b.bindCountOf(op.N)})
}

func (b *binder) bindSample(op *syntax.Sample, in *relation) *relation {
	r := same(in, &Sample{Output: b.output(in, op), Input: in.op, N: b.bindCountOf(op.N)})
	r.serialized = false
	return r
}

func (b *binder) bindCount(op *syntax.Count, in *relation) *relation {
	name := "Count"
	if op.As != nil {
		name = op.As.Text
	}
	r := &relation{columns: []*column{{name: name, typing: scalar(value.Long)}}}
	r.op = &Count{Output: b.output(r, op), Input: in.op}
	return r
}

func (b *binder) bindDistinct(op *syntax.Distinct, in *relation) *relation {
	items := b.bindItems(op.Columns)
	p := newProjection()
	star := false
	for _, it := range items {
		star = star || it.value.star
		b.place(p, it, placing{})
	}
	args := values(items)
	if !star && b.requireScalars(args) {
		b.requireNotDynamic(args)
	}
	if star {
		b.checkDistinctStar(items, p)
	}
	r := &relation{columns: p.columns, open: in.open}
	r.op = &Distinct{Output: b.output(r, op), Input: in.op, Exprs: p.exprs}
	return r
}

func (b *binder) checkDistinctStar(items []*item, p *projection) {
	for _, c := range p.columns {
		if c.typing.isDynamic() {
			b.report("KS116", items[0].value.span(), "a value of type 'dynamic' is not allowed in this context")
			return
		}
	}
}

func (b *binder) bindSummarize(op *syntax.Summarize, in *relation) *relation {
	by := b.bindItems(op.By)
	for _, it := range by {
		if _, isName := it.value.node.(*syntax.Name); isName && it.value.column == nil && it.value.typing.isScalar() {
			it.value.hasName = false // the engine puts the value of a variable in its place
		}
	}
	p := newProjection()
	if b.requireScalars(values(by)) {
		b.requireNotDynamic(values(by))
	}
	for _, it := range by {
		b.place(p, it, placing{})
	}
	plan := &Summarize{Input: in.op, By: p.exprs}
	group := &aggregation{base: len(p.exprs)}
	for i, c := range p.columns {
		p.once(c)
		group.keys = append(group.keys, c)
		plan.Exprs = append(plan.Exprs, columnAt(i, c))
	}
	for _, it := range by {
		if it.value.result != nil {
			group.keys = append(group.keys, it.value.result)
		}
	}
	p.exprs = append([]Expr(nil), plan.Exprs...)
	saved := b.aggregates
	b.aggregates, b.mode = group, aggregating
	var items []*item
	for _, n := range op.Aggregates {
		before := len(group.calls)
		it := b.bindItem(n)
		b.checkAggregated(it, before)
		items = append(items, it)
	}
	b.mode, b.aggregates = normal, saved
	b.requireScalars(values(items))
	for _, it := range items {
		b.place(p, it, placing{style: summarizeStyle})
	}
	r := &relation{columns: p.columns, open: in.open}
	plan.Output, plan.Aggregates, plan.Exprs = b.output(r, op), group.calls, p.exprs
	r.op = plan
	return r
}

func (b *binder) bindAs(op *syntax.As, in *relation) *relation {
	r := same(in, &As{Output: b.output(in, op), Input: in.op, Name: op.As.Text})
	r.name = op.As.Text
	shared := b.share(op.As.Text, r, op)
	b.scope = b.scope.with(&symbol{name: op.As.Text, table: shared, size: b.size - b.began})
	return shared
}

func (b *binder) bindPrint(op *syntax.PrintOperator) *relation {
	p := newProjection()
	for i, n := range op.Columns {
		it := b.bindItem(n)
		b.require(it.value, "Scalar")
		b.place(p, it, placing{style: printStyle, name: "print_" + itoa(i)})
	}
	r := &relation{columns: p.columns, serialized: true}
	r.op = &Print{Output: b.output(r, op), Exprs: p.exprs}
	return r
}

func (b *binder) bindRange(op *syntax.Range) *relation {
	from, to, step := b.bindExpr(op.From), b.bindExpr(op.To), b.bindExpr(op.Step)
	for _, v := range []*bound{from, to, step} {
		b.require(v, "Summable")
	}
	if l, ok := op.Step.(*syntax.Literal); ok && isZero(literalValue(l)) {
		b.report("KS140", op.Step.Span(), "the step of a range must not be 0")
	}
	t, ok := commonOf([]typing{from.typing, to.typing}, promoted)
	if !ok {
		t = typing{shape: unknown}
	}
	if !equal(t, step.typing) || !t.is(value.Int) {
		fake := []*bound{{node: op.Step, typing: t}, {node: op.Step, typing: step.typing}}
		found := choose(b.builtins.operators["+"].signatures, fake, true)
		switch {
		case len(found) == 1:
			t = b.result(nil, found[0])
		case !anyUnresolved(fake):
			b.report("KS106", op.Step.Span(), "the operator '+' is not defined for the operand types %s", typeNames(typings(fake)))
			t = typing{shape: unknown}
		default:
			t = typing{shape: unknown}
		}
	}
	r := &relation{columns: []*column{{name: op.Column.Text, typing: t}}, serialized: true}
	r.op = &Range{Output: b.output(r, op), From: from.expr, To: to.expr, Step: step.expr}
	return r
}

func isZero(v value.Value) bool {
	switch v.Type() {
	case value.Int, value.Long:
		return v.Int() == 0 && !v.IsNull()
	case value.Real:
		return v.Real() == 0 && !v.IsNull()
	default:
		return false
	}
}
