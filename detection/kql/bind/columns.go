package bind

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func itoa(n int) string { return strconv.Itoa(n) }

// bindWildcard binds a pattern such as Device*, which stands for columns or for tables by where it is.
func (b *binder) bindWildcard(e *syntax.Wildcard) *bound {
	tables := b.wildcardTables(e)
	if len(tables) == 0 {
		if !b.fuzzy {
			b.report("KS142", e.Span(), "the name '%s' does not refer to any known table", e.Pattern)
		}
		return bad(e)
	}
	out := &bound{node: e, typing: typing{shape: tabular}, tables: tables}
	if len(tables) == 1 {
		out.table = tables[0]
	}
	return out
}

func (b *binder) wildcardTables(e *syntax.Wildcard) []*relation {
	var out []*relation
	for _, name := range b.schema.TableNames() {
		if matches(e.Pattern, name) {
			t, _ := b.schema.Table(name)
			out = append(out, b.scan(t, e.Span()))
		}
	}
	return append(out, b.matchingViews(e)...)
}

// matchingViews are the tables of the functions declared with the word view whose name fits.
func (b *binder) matchingViews(e *syntax.Wildcard) []*relation {
	var out []*relation
	names := b.scope.names()
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		sym := b.scope.find(name)
		if sym.fn == nil || !sym.fn.decl.View.Present() || !sym.fn.optionalOnly() || !matches(e.Pattern, name) {
			continue
		}
		if v := b.expand(sym.fn, nil, e); v.table != nil {
			r := *v.table
			r.name = name
			out = append(out, &r)
		}
	}
	return out
}

// matches reports whether a name fits a pattern with stars.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}

// pick finds the columns that a name or a wildcard in a list of names stands for. A wildcard that matches nothing
// is reported only if mustMatch is set: project-away accepts it.
func (b *binder) pick(e syntax.Expr, in *relation, mustMatch bool) []*column {
	switch e := e.(type) {
	case *syntax.Wildcard:
		var out []*column
		for _, c := range in.all() {
			if matches(e.Pattern, c.name) {
				out = append(out, c)
			}
		}
		if len(out) == 0 && mustMatch && !in.open {
			b.report("KS142", e.Span(), "the name '%s' does not refer to any known column", e.Pattern)
		}
		return out
	case *syntax.Star:
		return in.all()
	default:
		v := b.bindExpr(e)
		if v.column == nil {
			if v.typing.shape != invalid {
				b.report("KS109", e.Span(), "column name expected")
			}
			return nil
		}
		return []*column{v.column}
	}
}

func (b *binder) bindProjectAway(op *syntax.ProjectAway, in *relation) *relation {
	gone := map[string]bool{}
	for _, e := range op.Columns {
		for _, c := range b.pick(e, in, false) {
			gone[c.name] = true
		}
	}
	return b.filterColumns(in, op, "project-away", func(c *column) bool { return !gone[c.name] })
}

func (b *binder) bindProjectKeep(op *syntax.ProjectKeep, in *relation) *relation {
	kept := map[string]bool{}
	for _, e := range op.Columns {
		for _, c := range b.pick(e, in, true) {
			kept[c.name] = true
		}
	}
	return b.filterColumns(in, op, "project-keep", func(c *column) bool { return kept[c.name] })
}

func (b *binder) filterColumns(in *relation, op syntax.Node, keyword string, keep func(*column) bool) *relation {
	p := newProjection()
	for i, c := range in.columns {
		if keep(c) {
			p.add(c, columnAt(i, c), "", false, false)
		}
	}
	return b.projected(p, in, op, keyword)
}

func (b *binder) bindProjectRename(op *syntax.ProjectRename, in *relation) *relation {
	p := newProjection()
	p.addRow(in, true, true)
	for _, n := range op.Columns {
		if len(n.Names) != 1 || n.Tuple {
			b.bindExpr(n.Value)
			b.report("KS110", n.Span(), "column rename assignment expected")
			continue
		}
		v := b.bindExpr(n.Value)
		if v.column == nil {
			b.report("KS109", n.Value.Span(), "column name expected")
			continue
		}
		b.rename(p, v.column.name, n.Names[0].Text, n.Names[0].Span())
	}
	return b.projected(p, in, op, "project-rename")
}

func (b *binder) bindProjectReorder(op *syntax.ProjectReorder, in *relation) *relation {
	p := newProjection()
	for _, k := range op.Columns {
		_, wild := k.Value.(*syntax.Wildcard)
		_, star := k.Value.(*syntax.Star)
		cols := b.pick(k.Value, in, true)
		if wild || star {
			cols = ordered(cols, k.Order.Text)
		}
		for _, c := range cols {
			if !wild && !star && p.declared[c.name] {
				b.report("KS171", k.Value.Span(), "a column with the name '%s' is already declared", c.name)
				continue
			}
			i, _ := in.find(c.name)
			p.add(c, columnAt(i, c), "", false, true)
			if !wild && !star {
				p.declare(c.name)
			}
		}
	}
	for i, c := range in.columns {
		p.add(c, columnAt(i, c), "", false, true)
	}
	return b.projected(p, in, op, "project-reorder")
}

// ordered sorts the columns that a wildcard matches: asc and desc by text, granny-asc and granny-desc with numbers by value.
func ordered(cols []*column, order string) []*column {
	out := slices.Clone(cols)
	switch order {
	case "asc":
		slices.SortStableFunc(out, func(a, b *column) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	case "desc":
		slices.SortStableFunc(out, func(a, b *column) int { return cmp.Compare(strings.ToLower(b.name), strings.ToLower(a.name)) })
	case "granny-asc":
		slices.SortStableFunc(out, func(a, b *column) int { return compareNatural(a.name, b.name) })
	case "granny-desc":
		slices.SortStableFunc(out, func(a, b *column) int { return compareNatural(b.name, a.name) })
	}
	return out
}

// compareNatural compares texts with runs of digits by their number.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		da, db := leadingDigits(a), leadingDigits(b)
		if da > 0 && db > 0 {
			x, y := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// bindProjectByNames binds project-by-names, which passes over names that no column has.
// Source: https://learn.microsoft.com/kusto/query/project-by-names-operator
func (b *binder) bindProjectByNames(op *syntax.ProjectByNames, in *relation) *relation {
	p := newProjection()
	for _, e := range op.Columns {
		for _, pattern := range b.namesOf(e, in) {
			for i, c := range in.all() {
				if matches(pattern, c.name) {
					p.add(c, columnAt(i, c), "", false, true)
				}
			}
		}
	}
	return b.projected(p, in, op, "project-by-names")
}

// namesOf are the names and wildcards that an operand of project-by-names stands for: itself, or the texts
// of an array that is known before the query runs.
func (b *binder) namesOf(e syntax.Expr, in *relation) []string {
	switch e := e.(type) {
	case *syntax.Wildcard:
		return []string{e.Pattern}
	case *syntax.Star:
		return []string{"*"}
	case *syntax.Literal:
		return []string{e.Text}
	case *syntax.Name:
		if _, c := in.find(e.Text); c != nil || b.scope.find(e.Text) == nil {
			return []string{e.Text}
		}
	}
	l, ok := b.bindExpr(e).expr.(*Literal)
	if !ok {
		return nil
	}
	if l.Value.Type() == value.String {
		return []string{l.Value.Str()}
	}
	var names []string
	list, _ := l.Value.Dynamic().([]any)
	for _, x := range list {
		if name, ok := x.(string); ok {
			names = append(names, name)
		}
	}
	return names
}
