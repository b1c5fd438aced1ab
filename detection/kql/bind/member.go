package bind

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindMember binds target.member.
func (b *binder) bindMember(e *syntax.Member) *bound {
	target := b.bindExpr(e.Target)
	switch member := e.Member.(type) {
	case *syntax.Name:
		return b.bindProperty(e, target, member)
	case *syntax.Call:
		return b.bindMemberCall(e, target, member)
	default:
		return b.bindMemberOther(e, target)
	}
}

func (b *binder) bindProperty(e *syntax.Member, target *bound, member *syntax.Name) *bound {
	out := &bound{node: e, constant: target.constant}
	out.name, out.hasName = pathName(target, member.Text), true
	switch t := target.typing; {
	case t.shape == database:
		return b.databaseMember(e, member)
	case target.waiting != nil:
		return b.chooseCase(target.waiting, member.Text, e)
	case t.isDynamic():
		out.typing = t.property(member.Text)
	case t.shape == record:
		return b.recordMember(e, target, member)
	case t.shape == unknown:
		out.typing = t
	case t.shape == invalid:
		return &bound{node: e, name: out.name, hasName: true, expr: placeholder(e)}
	default:
		d := b.report("KS142", member.Span(), "the name '%s' does not refer to any known column, table, variable or function", member.Text)
		if t.is(value.String) {
			d.Hint = "a string has no properties: use parse_json() first"
		}
		return bad(e)
	}
	out.expr = &Member{Typed: Typed{Result: out.typing.valueType(), At: e.Span()}, Target: target.expr, Name: member.Text}
	return out
}

// recordMember binds a column of a state of scan, or of a node or edge of a graph.
func (b *binder) recordMember(e *syntax.Member, target *bound, member *syntax.Name) *bound {
	out := &bound{node: e, name: member.Text, hasName: true}
	for i, c := range target.typing.props() {
		if c.name == member.Text {
			out.typing, out.column, out.result = c.typing, c, c
			out.expr = &Member{Typed: Typed{Result: c.typing.valueType(), At: e.Span()}, Target: target.expr, Name: c.name}
			if target.base > 0 {
				out.expr = columnAt(target.base+i, c)
			}
			return out
		}
	}
	if target.open {
		out.typing = typing{shape: unknown}
		out.expr = &Member{Typed: Typed{At: e.Span()}, Target: target.expr, Name: member.Text}
		return out
	}
	d := b.report("KS142", member.Span(), "the name '%s' does not refer to any known column, table, variable or function", member.Text)
	var names []string
	for _, c := range target.typing.props() {
		names = append(names, c.name)
	}
	d.Hint = hint(member.Text, names)
	return bad(e)
}

// pathName is the name of a.b: a_b, where a is dynamic as a whole.
func pathName(target *bound, member string) string {
	t := target.typing
	if t.shape != anything && t.shape != array && t.shape != bag && t.shape != unknown && t.shape != invalid {
		return member
	}
	if target.hasName && target.name != "" {
		return target.name + "_" + member
	}
	return member
}

// bindMemberOther binds target.[index] and the like.
func (b *binder) bindMemberOther(e *syntax.Member, target *bound) *bound {
	if e.Member == nil {
		return bad(e)
	}
	if w, ok := e.Member.(*syntax.Wildcard); ok && target.typing.shape == database {
		return b.bindWildcard(w)
	}
	inner := e.Member
	if bracketed, ok := inner.(*syntax.Bracketed); ok {
		inner = bracketed.Inner
	}
	index := b.bindExpr(inner)
	text, _ := index.text()
	if target.waiting != nil {
		return b.chooseCase(target.waiting, text, e)
	}
	if target.typing.shape == database {
		return b.databaseMember(e, &syntax.Name{Text: text})
	}
	return b.access(e, target, index)
}

// bindElement binds target[index].
func (b *binder) bindElement(e *syntax.Element) *bound {
	target := b.bindExpr(e.Target)
	index := b.bindExpr(e.Index)
	return b.access(e, target, index)
}

func (b *binder) access(e syntax.Expr, target, index *bound) *bound {
	out := &bound{node: e, constant: target.constant && index.constant}
	out.name, out.hasName = elementName(target, index)
	if index.typing.shape == invalid || target.typing.shape == invalid {
		out.expr = placeholder(e)
		return out
	}
	t, ok := b.accessType(target, index, b.brackets(e, target))
	if !ok {
		return bad(e)
	}
	out.typing = t
	out.expr = &Element{Typed: Typed{Result: t.valueType(), At: e.Span()}, Target: target.expr, Index: index.expr}
	return out
}

func (b *binder) accessType(target, index *bound, at syntax.Span) (typing, bool) {
	text, hasText := index.text()
	t, i := target.typing, index.typing
	switch t.shape {
	case array:
		if !i.isIntegerOrDynamic() {
			b.report("KS141", index.span(), "the expression must have the type int or long")
		}
		return dynamicOf(element(t)), true
	case bag:
		if !i.isStringOrDynamic() && i.shape != unknown {
			b.report("KS141", index.span(), "the expression must have the type string")
		}
		if hasText {
			return t.property(text), true
		}
		return typing{shape: anything}, true
	case anything:
		if !i.isStringOrDynamic() && !i.isIntegerOrDynamic() {
			b.report("KS141", index.span(), "the expression must have the type int, long or string")
		}
		return t, true
	case unknown:
		return t, true
	default:
		d := b.report("KS147", at, "the element access operator [] is not allowed in this context")
		if t.is(value.String) {
			d.Hint = "a string has no elements: use parse_json() or split() first"
		}
		return typing{}, false
	}
}

// brackets is the text of [index] behind the target.
func (b *binder) brackets(e syntax.Expr, target *bound) syntax.Span {
	at := syntax.Span{Start: target.span().End, End: e.Span().End}
	if i := strings.IndexByte(b.source.Slice(at), '['); i > 0 {
		at.Start += i
	}
	return at
}

func elementName(target, index *bound) (string, bool) {
	selector := ""
	if _, written := index.node.(*syntax.Literal); written {
		if l, ok := index.expr.(*Literal); ok && (l.Result == value.String || l.Result == value.Long || l.Result == value.Int) {
			selector = l.Value.String()
		}
	}
	t := target.typing
	if t.shape != anything && t.shape != array && t.shape != bag && t.shape != unknown && t.shape != invalid {
		return selector, selector != ""
	}
	if target.hasName && target.name != "" {
		return target.name + "_" + selector, true
	}
	return selector, selector != ""
}

// bindBracketed binds [expression] where a name stands, which is never one: ['name'] is a name to the parser.
func (b *binder) bindBracketed(e *syntax.Bracketed) *bound {
	v := b.bindExpr(e.Inner)
	switch {
	case v.typing.shape == invalid:
	case !v.typing.is(value.String) && v.typing.shape != unknown:
		b.report("KS141", v.span(), "the expression must have the type string")
	default:
		b.report("KS131", v.span(), "the expression must be a literal")
	}
	return bad(e)
}
