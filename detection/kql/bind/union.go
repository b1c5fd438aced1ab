package bind

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func (b *binder) bindUnion(op *syntax.Union, in *relation, first bool) *relation {
	if !b.within(len(op.Tables), maxOperators, op, "tables in one union") {
		return &relation{open: true, op: b.nowhere(op)}
	}
	row, fuzzy, subject := b.row, b.fuzzy, b.subject
	b.row, b.subject = nil, nil
	if p := property(op.Properties, "isfuzzy", "__isFuzzy"); p != nil {
		b.fuzzy = word(p) == "true"
	}
	var legs []*relation
	if !first && in.op != nil {
		legs = append(legs, in)
	}
	for _, e := range op.Tables {
		v := b.bindIn(e, true)
		switch {
		case len(v.tables) > 0:
			legs = append(legs, v.tables...)
		case v.table != nil:
			legs = append(legs, v.table)
		case v.typing.shape != invalid:
			b.report("KS111", e.Span(), "tabular value expected")
		}
	}
	b.row, b.subject = row, subject
	kind := word(property(op.Properties, "kind"))
	var source *column
	if p := property(op.Properties, "withsource", "with_source"); p != nil && namesSource(p) {
		source = &column{name: word(p), typing: scalar(value.String)}
	}
	r := b.unionOf(legs, op, kind, source)
	b.fuzzy = fuzzy
	return r
}

// namesSource reports whether the value of withsource= can be a name; a number is passed over.
func namesSource(p *syntax.Property) bool {
	l, ok := p.Value.(*syntax.Literal)
	return !ok || l.Kind == syntax.StringLiteral
}

// unionOf is the union of relations: columns by name in order of first appearance, those of one name and several types apart.
func (b *binder) unionOf(legs []*relation, at syntax.Node, kind string, source *column) *relation {
	plan := &Union{Source: -1}
	r := &relation{}
	if source != nil {
		r.columns = append(r.columns, source)
		plan.Source = 0
	}
	merged := unify(legs)
	if kind == "inner" {
		merged = inAll(merged, len(legs))
	}
	names := nameTable{}
	for _, m := range merged {
		if !m.split {
			names[m.name] = 0
		}
	}
	for _, m := range merged {
		if !m.split {
			r.columns = append(r.columns, &column{name: m.name, typing: m.typing})
			continue
		}
		r.columns = append(r.columns, &column{name: names.unique(m.name), typing: m.typing})
	}
	fields := legFields(merged, len(legs), len(r.columns))
	for i, leg := range legs {
		if missing(leg.op) {
			plan.Fuzzy = true
			r.open = r.open || !b.fuzzy
			continue
		}
		r.open = r.open || leg.open
		plan.Legs = append(plan.Legs, Leg{Input: alike(leg, fields[i], r.columns), Name: legName(leg, i), Fields: fields[i]})
	}
	r.open = r.open || len(legs) > 0 && len(plan.Legs) == 0
	plan.Output = b.output(r, at)
	r.op = plan
	return r
}

// missing reports whether rows come from a table that does not exist.
func missing(op Operator) bool {
	switch op := op.(type) {
	case *Opaque:
		return op.Keyword == "unresolved"
	case *Where:
		return missing(op.Input)
	case *Extend:
		return missing(op.Input)
	case *Project:
		return missing(op.Input)
	case *Summarize:
		return missing(op.Input)
	case *Distinct:
		return missing(op.Input)
	case *MvExpand:
		return missing(op.Input)
	case *Parse:
		return missing(op.Input)
	case *Shared:
		return missing(op.Input)
	case *As:
		return missing(op.Input)
	case *Join:
		return missing(op.Left) || missing(op.Right)
	default:
		return false
	}
}

func legName(leg *relation, i int) string {
	if leg.name != "" {
		return leg.name
	}
	return "union_arg" + itoa(i)
}

// legFields computes, for each leg, which of its columns each of the width output columns is taken from. The
// columns merged are the last ones.
func legFields(merged []*mergedColumn, legs, width int) [][]int {
	out := make([][]int, legs)
	for i := range out {
		out[i] = make([]int, width)
		for j := range out[i] {
			out[i][j] = -1
		}
	}
	for j, m := range merged {
		for _, p := range m.from {
			out[p.leg][width-len(merged)+j] = p.index
		}
	}
	return out
}

// mergedColumn is an output column of a union, and where the legs have it.
type mergedColumn struct {
	name   string
	typing typing
	from   []legColumn
	split  bool // its name holds the type, since columns of one name differ in type
}

// legColumn is a column of a leg, by position.
type legColumn struct{ leg, index int }

// unify merges the columns of all legs by name and type.
//
// Where the first two legs that have a column agree on its type, the column keeps its name and that type, and the values of later
// legs of another type are converted: the choice of Microsoft's binder. Published rules over `union *` bind thanks
// to it, and the engine was measured with two legs only.
func unify(legs []*relation) []*mergedColumn {
	var order []string
	byName := map[string][]*mergedColumn{}
	for i, leg := range legs {
		for j, c := range leg.columns {
			group := byName[c.name]
			if group == nil {
				order = append(order, c.name)
			}
			if m := mergesInto(group, c); m != nil {
				m.from = append(m.from, legColumn{i, j})
				if m.typing.valueType() == c.typing.valueType() && !equal(m.typing, c.typing) {
					m.typing = typing{shape: anything}
				}
				continue
			}
			byName[c.name] = append(group, &mergedColumn{name: c.name, typing: c.typing, from: []legColumn{{i, j}}})
		}
	}
	var out []*mergedColumn
	for _, name := range order {
		group := byName[name]
		for _, m := range group {
			if len(group) > 1 {
				m.name, m.split = name+"_"+m.typing.String(), true
			}
			out = append(out, m)
		}
	}
	return out
}

// mergesInto is the column of one name that takes the values of c, or nil.
func mergesInto(group []*mergedColumn, c *column) *mergedColumn {
	if len(group) == 1 && len(group[0].from) > 1 {
		return group[0]
	}
	for _, m := range group {
		if m.typing.valueType() == c.typing.valueType() {
			return m
		}
	}
	return nil
}

// alike is the leg with its columns in the types of the merged columns that take them.
func alike(leg *relation, fields []int, cols []*column) Operator {
	out := leg.op.Columns()
	var exprs []Expr
	for j, i := range fields {
		to := cols[j].typing.valueType()
		if i < 0 || i >= len(leg.columns) || leg.columns[i].typing.valueType() == to {
			continue
		}
		if exprs == nil {
			out, exprs = slices.Clone(out), references(leg.columns)
		}
		exprs[i], out[i].Type = retyped(exprs[i], to), to
	}
	if exprs == nil {
		return leg.op
	}
	return &Project{Output: Output{Fields: out, At: leg.op.Span(), Open: leg.open}, Input: leg.op, Exprs: exprs, Keyword: "union"}
}

// references are the columns of a row, as they are.
func references(columns []*column) []Expr {
	out := make([]Expr, len(columns))
	for i, c := range columns {
		out[i] = columnAt(i, c)
	}
	return out
}

// retyped converts a value as the functions tostring() and the like do.
func retyped(e Expr, to value.Type) Expr {
	name := "to" + to.String()
	if to == value.Unknown || e.Type() == value.Unknown {
		return e
	}
	if to == value.Dynamic && e.Type() != value.String {
		e = retyped(e, value.String)
	}
	return &Call{Typed: Typed{Result: to, At: e.Span()}, Name: name, Args: []Expr{e}}
}

// inAll keeps the columns that every leg has.
func inAll(cols []*mergedColumn, n int) []*mergedColumn {
	var out []*mergedColumn
	for _, m := range cols {
		if len(m.from) == n {
			out = append(out, m)
		}
	}
	return out
}
