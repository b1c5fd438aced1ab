package bind

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
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
			out[i] = &column{name: names.unique(c.name), typing: c.typing}
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
		l = b.infer(in, e.Text)
	}
	if r == nil && right.open {
		r = b.infer(right, e.Text)
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
		c = b.infer(side, name.Text)
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
