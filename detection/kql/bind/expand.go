package bind

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// expansion is what mv-expand and mv-apply have in common.
type expansion struct {
	projection *projection
	list       []Expansion
	sources    []*column // the columns that are expanded themselves
	itemIndex  int
	bags       string
}

// bindExpansion binds the columns that are expanded.
func (b *binder) bindExpansion(list []*syntax.MvColumn, properties []*syntax.Property, in *relation) *expansion {
	x := &expansion{projection: newProjection(), itemIndex: -1, bags: "bag"}
	x.projection.addRow(in, false, true)
	if w := word(property(properties, "bagexpansion", "kind")); w == "array" {
		x.bags = w
	}
	for _, c := range list {
		it := b.bindItem(c.Column)
		if !it.value.typing.isDynamic() {
			b.requireType(it.value, typing{shape: anything}, exact)
		}
		t := x.elementType(it.value.typing)
		convert := value.Unknown
		if c.To != nil {
			if named := b.bindTypeOf(c.To).schema.all(); len(named) == 1 {
				t = named[0].typing
				convert = t.valueType()
			}
		}
		// The marker tells which output column the item became.
		marker := &Call{Typed: Typed{At: c.Span()}}
		source := it.value.expr
		it.value.expr = marker
		b.place(x.projection, it, placing{style: replaceStyle, typing: &t})
		for i, e := range x.projection.exprs {
			if e == Expr(marker) {
				x.list = append(x.list, Expansion{Index: i, Expr: source, Convert: convert})
				x.projection.exprs[i] = source
			}
		}
		if it.value.column != nil && len(it.names) == 0 {
			x.sources = append(x.sources, it.value.column)
		}
	}
	if p := property(properties, "with_itemindex"); p != nil {
		added := x.projection.add(&column{name: word(p), typing: scalar(value.Long)}, nil, "", false, false)
		x.itemIndex = x.projection.find(added.name)
	}
	return x
}

// elementType is the type of what an expanded value falls apart into.
func (x *expansion) elementType(t typing) typing {
	switch {
	case t.shape == array:
		return dynamicOf(element(t))
	case t.shape == bag && x.bags == "array":
		return typing{shape: array}
	case t.shape == bag:
		return typing{shape: bag}
	case t.isDynamic():
		return typing{shape: anything}
	default:
		return t
	}
}

func (b *binder) bindLimit(e syntax.Expr) Expr {
	if e == nil {
		return nil
	}
	return b.bindCountOf(e)
}

func (b *binder) bindMvExpand(op *syntax.MvExpand, in *relation) *relation {
	x := b.bindExpansion(op.Columns, op.Properties, in)
	limit := b.bindLimit(op.Limit)
	if limit == nil && op.Keyword().Text == "mvexpand" {
		limit = &Literal{Typed: Typed{Result: value.Long, At: op.Span()}, Value: value.NewLong(128)}
	}
	r := &relation{columns: x.projection.columns, open: in.open, serialized: in.serialized}
	r.op = &MvExpand{
		Output: b.output(r, op), Input: in.op, Expansions: x.list, ItemIndex: x.itemIndex, Limit: limit, BagExpansion: x.bags,
	}
	return r
}

func (b *binder) bindMvApply(op *syntax.MvApply, in *relation) *relation {
	x := b.bindExpansion(op.Columns, op.Properties, in)
	limit := b.bindLimit(op.Limit)
	if op.ContextID != nil {
		b.bindExpr(op.ContextID)
	}
	plan := &MvApply{Input: in.op, Expansions: x.list, ItemIndex: x.itemIndex, Limit: limit, ID: b.id()}
	subject := &relation{columns: x.projection.columns, open: in.open, serialized: true}
	subject.op = &Subject{Output: b.output(subject, op), ID: plan.ID}
	sub := b.bindSubquery(op.Subquery, subject)
	plan.Subquery = sub.op
	p := newProjection()
	for i, c := range in.all() {
		if !contains(x.sources, c) {
			plan.Kept = append(plan.Kept, i)
			p.add(c, columnAt(i, c), "", false, true)
		}
	}
	offset := len(plan.Kept)
	for i, c := range sub.all() {
		p.add(c, columnAt(offset+i, c), "", true, false)
	}
	kept := &relation{open: in.open}
	for _, i := range plan.Kept {
		kept.columns = append(kept.columns, in.all()[i])
	}
	kept.columns = append(kept.columns, sub.all()...)
	plan.Output = b.output(kept, op)
	kept.op = plan
	return b.projected(p, kept, op, "mv-apply")
}

func contains(list []*column, c *column) bool {
	return slices.Contains(list, c)
}

// bindSubquery binds a query whose input is the given rows.
func (b *binder) bindSubquery(e syntax.Expr, subject *relation) *relation {
	row, old, scope, mode := b.row, b.subject, b.scope, b.mode
	defer func() { b.row, b.subject, b.scope, b.mode = row, old, scope, mode }()
	b.row, b.subject, b.mode = subject, subject, normal
	b.scope = newScope(scope)
	e = stripParens(e)
	if p, ok := e.(*syntax.Pipeline); ok {
		if v := b.bindPipeline(p); v.table != nil {
			return v.table
		}
		return subject
	}
	if e == nil {
		return subject
	}
	b.subject = nil
	return b.bindTable(e)
}

func (b *binder) bindPartition(op *syntax.Partition, in *relation) *relation {
	by := b.bindExpr(op.By)
	b.requireGroupKey(by)
	scope := b.scope
	defer func() { b.scope = scope }()
	b.scope = newScope(scope)
	strategy := word(property(op.Properties, "hint.strategy"))
	plan := &Partition{Input: in.op, By: by.expr, ID: b.id(), Limited: strategy == "" || strategy == "legacy"}
	subject := &relation{columns: in.all(), open: in.open, serialized: in.serialized}
	subject.op = &Subject{Output: b.output(subject, op), ID: plan.ID}
	if by.column != nil {
		key := *by
		if op.Body != nil {
			key.column, key.expr = nil, keyOf(by, subject)
		}
		b.scope.define(&symbol{name: by.column.name, scalar: &key})
	}
	sub := subject
	switch {
	case op.Body != nil:
		row := b.row
		b.row = nil
		if v := b.bindStatements(op.Body.Statements); v != nil && v.table != nil {
			sub = v.table
		}
		b.row = row
	case op.Subquery != nil:
		sub = b.bindSubquery(op.Subquery, subject)
	}
	plan.Subquery = sub.op
	r := &relation{columns: sub.all(), open: sub.open}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

// keyOf is the value that the rows of a part share, for a subquery that has a source of its own.
func keyOf(by *bound, subject *relation) Expr {
	output := Output{Fields: []value.Column{{Name: by.column.name, Type: by.typing.valueType()}}, At: by.span()}
	plan := &Project{Output: output, Input: subject.op, Exprs: []Expr{by.expr}, Keyword: "project"}
	return &ToScalar{Typed: Typed{Result: by.typing.valueType(), At: by.span()}, Plan: plan}
}

// requireGroupKey checks a column that rows are grouped by.
func (b *binder) requireGroupKey(v *bound) {
	if b.requireColumn(v) && v.typing.isDynamic() {
		b.report("KS116", v.span(), "a value of type 'dynamic' is not allowed in this context")
	}
}

func (b *binder) bindPartitionBy(op *syntax.PartitionBy, in *relation) *relation {
	by := b.bindExpr(op.By)
	b.requireGroupKey(by)
	if op.ContextID != nil {
		b.bindExpr(op.ContextID)
	}
	plan := &Partition{Input: in.op, By: by.expr, ID: b.id()}
	subject := &relation{columns: in.all(), open: in.open, serialized: in.serialized}
	subject.op = &Subject{Output: b.output(subject, op), ID: plan.ID}
	sub := b.bindSubquery(op.Subquery, subject)
	plan.Subquery = sub.op
	r := &relation{columns: sub.all(), open: sub.open}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

func (b *binder) bindFork(op *syntax.Fork, in *relation) (*relation, []*relation) {
	var group []*relation
	plan := &Several{Keyword: "fork"}
	for _, branch := range op.Branches {
		subject := &relation{columns: in.all(), open: in.open, op: in.op}
		sub := b.bindSubquery(branch.Subquery, subject)
		r := *sub
		if branch.Name != nil {
			r.name = branch.Name.Text
		}
		plan.Branches = append(plan.Branches, r.op)
		group = append(group, &r)
	}
	return b.firstOf(group, plan, &plan.Output, op), group
}

// firstOf is the relation of an operator with several results: the first of them.
func (b *binder) firstOf(group []*relation, plan Operator, output *Output, op syntax.Node) *relation {
	r := &relation{open: true}
	if len(group) > 0 {
		r = &relation{columns: group[0].all(), open: group[0].open}
	}
	*output = b.output(r, op)
	r.op = plan
	return r
}

// bindFacet makes a table of the subquery, and one of each column that counts its values.
func (b *binder) bindFacet(op *syntax.Facet, in *relation) (*relation, []*relation) {
	var group []*relation
	plan := &Several{Keyword: "facet"}
	if op.With != nil {
		sub := b.bindSubquery(op.With, &relation{columns: in.all(), open: in.open, op: in.op})
		group = append(group, sub)
	}
	for _, e := range op.By {
		v := b.bindExpr(e)
		b.requireGroupKey(v)
		group = append(group, b.facetOf(v, in, op))
	}
	for _, r := range group {
		plan.Branches = append(plan.Branches, r.op)
	}
	return b.firstOf(group, plan, &plan.Output, op), group
}

// facetOf counts the rows with each value.
func (b *binder) facetOf(v *bound, in *relation, op syntax.Node) *relation {
	r := &relation{columns: []*column{
		{name: v.name, typing: v.typing},
		{name: "count_" + v.name, typing: scalar(value.Long)},
	}}
	output := b.output(r, op)
	r.op = &Summarize{
		Output: output, Input: in.op, By: []Expr{v.expr},
		Aggregates: []Aggregate{{Name: "count", Results: output.Fields[1:], At: output.At}},
		Exprs:      []Expr{columnAt(0, r.columns[0]), columnAt(1, r.columns[1])},
	}
	return r
}
