package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// graph is what make-graph gives: the columns of nodes and edges.
type graph struct {
	nodes, edges []*column
	open         bool
}

// bindGraphOperator binds the operators on graphs.
func (b *binder) bindGraphOperator(op syntax.Operator, in *relation) (*relation, []*relation) {
	switch op := op.(type) {
	case *syntax.MakeGraph:
		return b.bindMakeGraph(op, in), nil
	case *syntax.GraphMatch:
		return b.bindGraphMatch(op, op.Patterns, op.Where, op.Columns, in), nil
	case *syntax.GraphShortestPaths:
		return b.bindGraphMatch(op, op.Patterns, op.Where, op.Columns, in), nil
	case *syntax.GraphToTable:
		return b.bindGraphToTable(op, in)
	case *syntax.GraphWhereNodes:
		return b.bindGraphWhere(op, op.Predicate, in, false), nil
	case *syntax.GraphWhereEdges:
		return b.bindGraphWhere(op, op.Predicate, in, true), nil
	case *syntax.GraphMarkComponents:
		return b.bindMarkComponents(op, in), nil
	default:
		return b.opaque(in.all(), in.open, op, in), nil
	}
}

func graphOf(in *relation) *graph {
	if in.graph == nil {
		return &graph{open: true}
	}
	return in.graph
}

func (b *binder) bindMakeGraph(op *syntax.MakeGraph, in *relation) *relation {
	for _, e := range []syntax.Expr{op.Source, op.Target} {
		v := b.bindExpr(e)
		if b.requireColumn(v) && v.typing.isDynamic() {
			b.report("KS240", e.Span(), "the columns of source, target and node id cannot be of type dynamic")
		}
	}
	g := &graph{edges: in.all(), open: in.open}
	inputs := []*relation{in}
	seen := map[string]bool{}
	for _, n := range op.Nodes {
		t := b.bindRight(n.Table)
		inputs = append(inputs, t)
		row := b.row
		b.row = t
		if n.On != nil {
			v := b.bindExpr(n.On)
			if v.typing.isDynamic() {
				b.report("KS240", n.On.Span(), "the columns of source, target and node id cannot be of type dynamic")
			}
		}
		b.row = row
		g.open = g.open || t.open
		for _, c := range t.all() {
			if !seen[c.name] {
				seen[c.name] = true
				g.nodes = append(g.nodes, c)
			}
		}
	}
	if op.NodeID != nil {
		g.nodes = append(g.nodes, &column{name: op.NodeID.Text, typing: scalar(value.String)})
	}
	r := b.opaque(nil, false, op, inputs...)
	r.graph = g
	if op.PartitionedBy != nil {
		b.bindExpr(op.PartitionedBy)
		sub := b.bindSubquery(op.Subquery, r)
		return b.opaque(sub.all(), sub.open, op, inputs...)
	}
	return r
}

// bindGraphMatch binds the variables of the patterns, the condition, and the columns.
func (b *binder) bindGraphMatch(
	op syntax.Operator, patterns []*syntax.GraphPattern, where syntax.Expr, list []*syntax.NamedExpr, in *relation,
) *relation {
	g := graphOf(in)
	row, scope, inGraph := b.row, b.scope, b.inGraph
	defer func() { b.row, b.scope, b.inGraph = row, scope, inGraph }()
	b.row, b.scope, b.inGraph = nil, newScope(scope), true
	for _, p := range patterns {
		for _, e := range p.Elements {
			if e.Name == nil {
				continue
			}
			props := g.edges
			if e.Text == "()" {
				props = g.nodes
			}
			v := &bound{node: e, typing: recordOf(props), open: g.open, expr: placeholder(e)}
			b.scope.define(&symbol{name: e.Name.Text, bound: v})
		}
	}
	if where != nil {
		b.requireBool(b.bindExpr(where))
	}
	p := newProjection()
	for _, n := range list {
		it := b.bindItem(n)
		if len(it.names) > 0 {
			b.declare(p, &column{name: it.names[0].Text, typing: it.value.typing}, it.value.expr, it.names[0].Span(), false)
			continue
		}
		name := graphName(n.Value, it.value)
		if name == "" {
			name = b.defaultName(false)
		}
		p.add(&column{name: name, typing: it.value.typing}, it.value.expr, "", false, false)
	}
	return b.opaque(p.columns, false, op, in)
}

// graphName is the name of n.name in a projection of graph-match: n_name.
func graphName(e syntax.Expr, v *bound) string {
	m, ok := e.(*syntax.Member)
	if !ok {
		return v.name
	}
	member, ok := m.Member.(*syntax.Name)
	if !ok {
		return v.name
	}
	left := ""
	switch t := m.Target.(type) {
	case *syntax.Name:
		left = t.Text
	case *syntax.Member:
		left = graphName(t, &bound{})
	}
	if left == "" {
		return member.Text
	}
	return left + "_" + member.Text
}

func (b *binder) bindGraphToTable(op *syntax.GraphToTable, in *relation) (*relation, []*relation) {
	g := graphOf(in)
	var group []*relation
	plan := &Opaque{Keyword: op.Name(), Inputs: []Operator{in.op}}
	for _, o := range op.Outputs {
		cols := g.edges
		if o.Kind.Text == "nodes" {
			cols = g.nodes
		}
		cols = append([]*column(nil), cols...)
		for _, name := range []string{"with_node_id", "with_source_id", "with_target_id"} {
			if p := property(o.Properties, name); p != nil {
				cols = append(cols, &column{name: word(p), typing: scalar(value.Long)})
			}
		}
		r := &relation{columns: cols, open: g.open, op: plan}
		if o.As != nil {
			r.name = o.As.Text
			b.scope = b.scope.with(&symbol{name: o.As.Text, table: r})
		}
		group = append(group, r)
	}
	return b.firstOf(group, plan, &plan.Output, op), group
}

func (b *binder) bindGraphWhere(op syntax.Operator, predicate syntax.Expr, in *relation, edges bool) *relation {
	g := graphOf(in)
	row, inGraph := b.row, b.inGraph
	b.inGraph = true
	b.row = &relation{columns: g.nodes, open: g.open}
	if edges {
		b.row = &relation{columns: g.edges, open: g.open}
	}
	b.requireBool(b.bindExpr(predicate))
	b.row, b.inGraph = row, inGraph
	r := b.opaque(nil, false, op, in)
	r.graph = g
	return r
}

func (b *binder) bindMarkComponents(op *syntax.GraphMarkComponents, in *relation) *relation {
	g := *graphOf(in)
	name := "ComponentId"
	if p := property(op.Properties, "with_component_id"); p != nil {
		name = word(p)
	}
	g.nodes = append(append([]*column(nil), g.nodes...), &column{name: name, typing: scalar(value.Long)})
	r := b.opaque(nil, false, op, in)
	r.graph = &g
	return r
}

// ofGraphs reports whether a function exists only in the expressions of graph operators.
func ofGraphs(name string) bool {
	switch name {
	case "all", "any", "map", "inner_nodes", "node_degree_in", "node_degree_out", "node_id", "labels":
		return true
	default:
		return false
	}
}
