package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// tracer puts a probe around every operator of a plan, and keeps what went through.
type tracer struct {
	nodes     map[bind.Operator]*node
	order     []*node // that are steps, each behind its inputs
	compiling []*node
	running   *pass
}

func newTracer() *tracer { return &tracer{nodes: map[bind.Operator]*node{}} }

// node is a node of the plan under observation.
type node struct {
	plan     bind.Operator
	index    int // of its step; operators that one of the text was bound to share theirs
	children []child
	complete bool // its children are known
	passes   []pass
}

// child is an operator that another one runs. Its role is its place among the inputs, or condition.
type child struct {
	role int
	node *node
}

// condition is the role of a table inside an expression.
const condition = -1

// pass is one run of an operator.
type pass struct {
	in  []fed
	out *relation
}

// fed is rows that an operator took.
type fed struct {
	role int
	rows *relation
}

// operator implements observer.
func (t *tracer) operator(p bind.Operator, compile func() operator) operator {
	if p == nil {
		return compile()
	}
	n, known := t.nodes[p]
	if !known {
		n = &node{plan: p}
		t.nodes[p] = n
	}
	o := &probe{tracer: t, node: n, role: condition}
	if i := len(t.compiling) - 1; i >= 0 {
		parent := t.compiling[i]
		o.role = roleOf(parent.plan, p)
		if !parent.complete {
			parent.children = append(parent.children, child{o.role, n})
		}
	}
	t.compiling = append(t.compiling, n)
	o.operator = compile()
	t.compiling = t.compiling[:len(t.compiling)-1]
	n.complete = true
	if !known && !transparent(p) {
		t.order = append(t.order, n)
	}
	return o
}

// roleOf is the place of an operator among those whose rows another one takes.
func roleOf(parent, p bind.Operator) int { return slices.Index(inputsOf(parent), p) }

// transparent tells the nodes that pass rows on as they are: they are no steps.
func transparent(p bind.Operator) bool {
	switch p.(type) {
	case *bind.Shared, *bind.Subject, *bind.As, *bind.Render:
		return true
	default:
		return false
	}
}

// number resolves the children that are no steps, and numbers the steps.
func (t *tracer) number() {
	next := 0
	for _, n := range t.order {
		var steps []child
		for _, c := range n.children {
			if s := c.node.step(); s != nil && !slices.Contains(steps, child{c.role, s}) {
				steps = append(steps, child{c.role, s})
			}
		}
		n.children = steps
		if i := slices.IndexFunc(steps, func(c child) bool { return n.continues(c) }); i >= 0 {
			n.index = steps[i].node.index
			continue
		}
		n.index = next
		next++
	}
}

// continues reports whether a node is bound from the same operator of the text as its input.
func (n *node) continues(input child) bool {
	return input.role == 0 && len(input.node.children) > 0 && input.node.plan.Span() == n.plan.Span() && n.plan.Span() != (syntax.Span{})
}

// step is the node itself, or the one whose rows it passes on; nil for a subject, whose rows come from outside.
func (n *node) step() *node {
	if !transparent(n.plan) {
		return n
	}
	for _, c := range n.children {
		return c.node.step()
	}
	return nil
}

// probe runs an operator and notes its rows.
type probe struct {
	tracer   *tracer
	node     *node
	role     int
	operator operator
}

func (o *probe) run(x *execution) (*relation, error) {
	outer, own := o.tracer.running, pass{}
	o.tracer.running = &own
	r, err := o.operator.run(x)
	o.tracer.running = outer
	if err != nil {
		return nil, err
	}
	own.out = r
	if !transparent(o.node.plan) {
		o.node.passes = append(o.node.passes, own)
	}
	if outer != nil && o.role != condition {
		outer.in = append(outer.in, fed{o.role, r})
	}
	return r, nil
}

// steps describes the nodes.
func (e *explainer) steps() []Step {
	var out []Step
	for _, n := range e.tracer.order {
		if n.index == len(out) {
			out = append(out, e.step(n))
			continue
		}
		s := &out[n.index]
		s.Out, s.Runs = n.given(), len(n.passes)
		for _, c := range n.children {
			if c.node.index != n.index {
				s.add(c)
			}
		}
	}
	e.deepen(out)
	return out
}

func (e *explainer) step(n *node) Step {
	s := Step{Span: n.plan.Span(), Operator: e.word(n.plan), Runs: len(n.passes), In: n.taken(), Out: n.given()}
	s.Let = e.letOf(s.Span)
	for _, c := range n.children {
		s.add(c)
	}
	return s
}

func (s *Step) add(c child) {
	if c.role == condition {
		s.Conditions = append(s.Conditions, c.node.index)
	} else {
		s.Inputs = append(s.Inputs, c.node.index)
	}
}

// given counts the rows that came out of a node.
func (n *node) given() int {
	rows := 0
	for _, p := range n.passes {
		rows += p.out.rows
	}
	return rows
}

// taken counts the rows that went into a node, without those that its subquery gave back.
func (n *node) taken() int {
	rows := 0
	for _, p := range n.passes {
		for _, f := range p.in {
			if !isSubquery(n.plan, f.role) {
				rows += f.rows.rows
			}
		}
	}
	return rows
}

// deepen sets the depths, from the last operator, which gives the result, to its inputs.
func (e *explainer) deepen(steps []Step) {
	placed := make([]bool, len(steps))
	for _, n := range slices.Backward(e.tracer.order) {
		for _, c := range n.children {
			if c.node.index == n.index || placed[c.node.index] {
				continue
			}
			placed[c.node.index] = true
			depth := steps[n.index].Depth
			if c.role != 0 || isUnion(n.plan) {
				depth++
			}
			steps[c.node.index].Depth = depth
		}
	}
}

func isUnion(p bind.Operator) bool {
	_, ok := p.(*bind.Union)
	return ok
}

// isSubquery reports whether the input of a role is a query that the operator runs over its own rows.
func isSubquery(p bind.Operator, role int) bool {
	switch p.(type) {
	case *bind.MvApply, *bind.Partition:
		return role == 1
	default:
		return false
	}
}

// word is what a step is called.
func (e *explainer) word(p bind.Operator) string {
	if s, ok := p.(*bind.Scan); ok {
		return s.Table
	}
	return firstWord(e.query.source.Slice(p.Span()))
}

// letOf is the let statement that holds a place.
func (e *explainer) letOf(at syntax.Span) string {
	for _, s := range e.query.tree.Statements {
		let, ok := s.(*syntax.Let)
		if !ok || let.Name == nil || let.Value == nil || at == (syntax.Span{}) {
			continue
		}
		if v := let.Value.Span(); v.Start <= at.Start && at.End <= v.End {
			return let.Name.Text
		}
	}
	return ""
}
