package bind

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// keyPair is a pair of columns that must be equal.
type keyPair struct {
	left, right *column
	key         JoinKey
}

func (b *binder) bindRight(e syntax.Expr) *relation {
	row, subject := b.row, b.subject
	b.row, b.subject = nil, nil
	defer func() { b.row, b.subject = row, subject }()
	return b.bindTable(e)
}

func (b *binder) bindJoin(op *syntax.Join, in *relation) *relation {
	right := b.bindRight(op.Right)
	var pairs []keyPair
	var residual *bound
	switch {
	case op.Where != nil:
		b.right = right
		residual = b.bindExpr(op.Where)
		b.right = nil
		b.requireBool(residual)
	case len(op.On) > 0:
		pairs = b.bindOn(op.On, in, right)
	default:
		b.report("KS006", op.Span(), "a join needs the word on and its conditions")
	}
	kind := strings.ToLower(word(property(op.Properties, "kind")))
	if kind == "" {
		kind = "innerunique"
	}
	b.checkKind(op.Properties, joinKinds())
	plan := &Join{Left: in.op, Right: right.op, Kind: canonicalJoin(kind), Keyword: "join"}
	for _, p := range pairs {
		plan.Keys = append(plan.Keys, p.key)
	}
	r := b.joined(in, right, canonicalJoin(kind), func(*column) bool { return true }, plan)
	plan.Output = b.output(r, op)
	r.op = plan
	if residual != nil {
		b.unsupported(op.Where.Span(), "join with a where clause is not supported")
	}
	return r
}

func joinKinds() []string {
	return []string{
		"innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftanti", "anti", "leftantisemi",
		"leftsemi", "semi", "rightanti", "rightantisemi", "rightsemi",
	}
}

// checkKind reports a kind that the operator does not have.
func (b *binder) checkKind(list []*syntax.Property, kinds []string) {
	p := property(list, "kind")
	if p == nil || word(p) == "" {
		return
	}
	for _, k := range kinds {
		if strings.EqualFold(word(p), k) {
			return
		}
	}
	d := b.report("KS140", p.Value.Span(), "the expression must be one of the values: %s", strings.Join(kinds, ", "))
	d.Hint = hint(word(p), kinds)
}

// canonicalJoin unites the names of one kind of join.
func canonicalJoin(kind string) string {
	switch kind {
	case "anti", "leftantisemi":
		return "leftanti"
	case "semi":
		return "leftsemi"
	case "rightantisemi":
		return "rightanti"
	default:
		return kind
	}
}

// joined computes the output columns of a join: those of both sides, the right ones renamed where they clash, or those of one side.
func (b *binder) joined(in, right *relation, kind string, keepRight func(*column) bool, plan *Join) *relation {
	r := &relation{}
	leftCount := len(in.all())
	if kind != "rightanti" && kind != "rightsemi" {
		r.open = r.open || in.open
		for i, c := range in.all() {
			r.columns = append(r.columns, c)
			plan.Fields = append(plan.Fields, i)
		}
	}
	if kind != "leftanti" && kind != "leftsemi" {
		r.open = r.open || right.open
		for i, c := range right.all() {
			if keepRight(c) {
				r.columns = append(r.columns, c)
				plan.Fields = append(plan.Fields, leftCount+i)
			}
		}
	}
	r.columns = uniqueNames(r.columns)
	return r
}

// uniqueNames numbers the names that occur again, so that no new name takes that of a later column.
func uniqueNames(cols []*column) []*column {
	first := map[string]int{}
	names := nameTable{}
	for i, c := range cols {
		if _, ok := first[c.name]; !ok {
			first[c.name] = i
			names[c.name] = 0
		}
	}
	out := make([]*column, len(cols))
	for i, c := range cols {
		out[i] = c
		if first[c.name] != i {
			out[i] = &column{name: names.unique(c.name, ""), typing: c.typing}
		}
	}
	return out
}

func (b *binder) bindOn(list []syntax.Expr, in, right *relation) []keyPair {
	var out []keyPair
	for _, e := range list {
		out = append(out, b.bindOnCondition(e, in, right)...)
	}
	return out
}

func stripParens(e syntax.Expr) syntax.Expr {
	for {
		p, ok := e.(*syntax.Parens)
		if !ok {
			return e
		}
		e = p.Inner
	}
}

func (b *binder) bindOnCondition(e syntax.Expr, in, right *relation) []keyPair {
	e = stripParens(e)
	switch e := e.(type) {
	case *syntax.Name:
		if p, ok := b.bindCommonKey(e, in, right); ok {
			return []keyPair{p}
		}
		return nil
	case *syntax.Binary:
		switch e.Op.Text {
		case "and":
			return append(b.bindOnCondition(e.Left, in, right), b.bindOnCondition(e.Right, in, right)...)
		case "==":
			if p, ok := b.bindKeyEquality(e, in, right); ok {
				return []keyPair{p}
			}
			return nil
		}
	case *syntax.BadExpr, nil:
		return nil
	}
	b.report("KS182", e.Span(),
		"the join condition must be the name of a column common to both tables, or $left.<column> == $right.<column>")
	return nil
}

// bindCommonKey binds `on name`.
func (b *binder) bindCommonKey(e *syntax.Name, in, right *relation) (keyPair, bool) {
	_, l := in.find(e.Text)
	_, r := right.find(e.Text)
	if l == nil && in.open {
		l = in.infer(e.Text)
	}
	if r == nil && right.open {
		r = right.infer(e.Text)
	}
	switch {
	case l == nil && r == nil:
		d := b.report("KS142", e.Span(), "the name '%s' does not refer to any known column, table, variable or function", e.Text)
		d.Hint = hint(e.Text, append(columnNames(in), columnNames(right)...))
		return keyPair{}, false
	case l == nil || r == nil:
		side := in
		if r == nil {
			side = right
		}
		d := b.report("KS145", e.Span(), "the column '%s' must exist on both sides of the join", e.Text)
		d.Hint = hint(e.Text, columnNames(side))
		return keyPair{}, false
	case !equal(l.typing, r.typing) && !l.typing.unresolved() && !r.typing.unresolved():
		b.report("KS227", e.Span(), "the common column '%s' must have the same type on both sides of the join", e.Text)
		return keyPair{}, false
	}
	return keyPair{left: l, right: r, key: JoinKey{Left: keyColumn(in, l, e), Right: keyColumn(right, r, e)}}, true
}

func columnNames(r *relation) []string {
	var out []string
	for _, c := range r.all() {
		out = append(out, c.name)
	}
	return out
}

// keyColumn is the reference to a column of one side.
func keyColumn(r *relation, c *column, at syntax.Node) Expr {
	i, _ := r.find(c.name)
	if i >= len(r.columns) {
		return &LateColumn{Typed: Typed{At: at.Span()}, Name: c.name}
	}
	return &Column{Typed: Typed{Result: c.typing.valueType(), At: at.Span()}, Index: i, Name: c.name}
}

// bindKeyEquality binds $left.x == $right.y.
func (b *binder) bindKeyEquality(e *syntax.Binary, in, right *relation) (keyPair, bool) {
	l, okL := b.bindSide(e.Left, "$left", in)
	r, okR := b.bindSide(e.Right, "$right", right)
	if !okL || !okR {
		return keyPair{}, false
	}
	switch {
	case l.typing.isDynamic():
		b.report("KS241", e.Left.Span(), "join keys cannot be dynamic")
	case r.typing.isDynamic():
		b.report("KS241", e.Right.Span(), "join keys cannot be dynamic")
	case l.typing.unresolved() || r.typing.unresolved():
	case !equal(promoteToLong(l.typing), promoteToLong(r.typing)):
		b.report("KS242", e.Op.Span, "inconsistent data types for join keys: (%s, %s)", l.typing, r.typing)
	}
	return keyPair{left: l, right: r, key: JoinKey{Left: keyColumn(in, l, e.Left), Right: keyColumn(right, r, e.Right)}}, true
}

// bindSide binds $left.x against one side.
func (b *binder) bindSide(e syntax.Expr, prefix string, side *relation) (*column, bool) {
	e = stripParens(e)
	m, ok := e.(*syntax.Member)
	if ok {
		target, isName := m.Target.(*syntax.Name)
		ok = isName && target.Text == prefix
	}
	if !ok {
		b.report("KS183", e.Span(), "the join condition operand must be: %s.<column>", prefix)
		return nil, false
	}
	name, ok := m.Member.(*syntax.Name)
	if !ok {
		b.report("KS109", e.Span(), "column name expected")
		return nil, false
	}
	_, c := side.find(name.Text)
	if c == nil && side.open {
		c = side.infer(name.Text)
	}
	if c == nil {
		d := b.report("KS142", name.Span(), "the name '%s' does not refer to any known column, table, variable or function", name.Text)
		d.Hint = hint(name.Text, columnNames(side))
		return nil, false
	}
	return c, true
}

func (b *binder) bindLookup(op *syntax.Lookup, in *relation) *relation {
	right := b.bindRight(op.Right)
	pairs := b.bindOn(op.On, in, right)
	b.checkKind(op.Properties, []string{"leftouter", "inner"})
	kind := word(property(op.Properties, "kind"))
	if kind == "" {
		kind = "leftouter"
	}
	plan := &Join{Left: in.op, Right: right.op, Kind: kind, Keyword: "lookup"}
	dropped := map[*column]bool{}
	for _, p := range pairs {
		plan.Keys = append(plan.Keys, p.key)
		dropped[p.right] = true
	}
	r := b.joined(in, right, kind, func(c *column) bool { return !dropped[c] }, plan)
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

func (b *binder) bindUnion(op *syntax.Union, in *relation, first bool) *relation {
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
	b.checkKind(op.Properties, []string{"inner", "outer"})
	var source *column
	if p := property(op.Properties, "withsource", "with_source"); p != nil {
		source = &column{name: word(p), typing: scalar(value.String)}
	}
	r := b.unionOf(legs, op, kind, source)
	b.fuzzy = fuzzy
	return r
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
		r.columns = append(r.columns, &column{name: names.unique(m.name, ""), typing: m.typing})
	}
	fields := legFields(merged, len(legs), len(r.columns))
	for i, leg := range legs {
		if missing(leg.op) {
			plan.Fuzzy = true
			r.open = r.open || !b.fuzzy
			continue
		}
		r.open = r.open || leg.open
		plan.Legs = append(plan.Legs, Leg{Input: leg.op, Name: legName(leg, i), Fields: fields[i]})
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
func unify(legs []*relation) []*mergedColumn {
	var order []string
	byName := map[string][]*mergedColumn{}
	for i, leg := range legs {
		for j, c := range leg.columns {
			if byName[c.name] == nil {
				order = append(order, c.name)
			}
			placed := false
			for _, m := range byName[c.name] {
				if m.typing.valueType() == c.typing.valueType() {
					m.from, placed = append(m.from, legColumn{i, j}), true
					if !equal(m.typing, c.typing) {
						m.typing = typing{shape: anything}
					}
				}
			}
			if !placed {
				m := &mergedColumn{name: c.name, typing: c.typing, from: []legColumn{{i, j}}}
				byName[c.name] = append(byName[c.name], m)
			}
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
