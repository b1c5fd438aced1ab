package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// bindPattern declares a pattern: a name that stands for one of several tables, by the texts it is called with.
func (b *binder) bindPattern(s *syntax.DeclarePattern) {
	if s.Name == nil {
		return
	}
	f := &userFunction{name: s.Name.Text, scope: b.scope, decl: &syntax.Function{}, pattern: s}
	for _, p := range s.Arguments {
		name := ""
		if p.Name != nil {
			name = p.Name.Text
		}
		f.params = append(f.params, parameter{name: name, types: []typing{b.typeByName(p.Type)}, min: 1, max: 1})
		f.defaults = append(f.defaults, nil)
		f.shapes = append(f.shapes, nil)
	}
	for _, c := range s.Cases {
		if len(c.Arguments) != len(s.Arguments) {
			b.report("KS185", c.Span(), "the number of values must equal the number of parameters")
		}
		if c.Body == nil {
			continue
		}
		saved := b.enter(f)
		for i, p := range f.params {
			b.scope.define(f.standIn(i, p, s))
		}
		b.bindStatements(c.Body.Statements)
		b.leave(saved)
	}
	b.scope = b.scope.with(&symbol{name: s.Name.Text, fn: f})
}

// patternCall is a call of a pattern that waits for its path: p("a") of p("a").path.
type patternCall struct {
	pattern *userFunction
	call    *call
}

// callPattern chooses among the cases of a pattern, unless the path of the case is still to come.
func (b *binder) callPattern(f *userFunction, c *call, at syntax.Node) *bound {
	if f.pattern.Path != nil {
		out := tableOf(at, &relation{open: true, op: b.nowhere(at)})
		out.waiting = &patternCall{f, c}
		return out
	}
	return b.chooseCase(&patternCall{f, c}, "", at)
}

// chooseCase expands the case that fits the arguments and the path.
func (b *binder) chooseCase(p *patternCall, path string, at syntax.Node) *bound {
	for _, c := range p.pattern.pattern.Cases {
		if p.fits(c, path) && c.Body != nil {
			return b.expandCase(p, c, at)
		}
	}
	if len(p.pattern.pattern.Cases) > 0 {
		b.report("KS188", at.Span(), "no pattern matches the specified arguments")
	}
	return tableOf(at, &relation{open: true, op: b.nowhere(at)})
}

func (p *patternCall) fits(c *syntax.PatternCase, path string) bool {
	if c.Path != nil {
		l, ok := c.Path.(*syntax.Literal)
		if !ok || l.Text != path {
			return false
		}
	}
	if p.call == nil || len(c.Arguments) != len(p.call.args) {
		return false
	}
	for i, x := range c.Arguments {
		l, isLiteral := x.(*syntax.Literal)
		text, ok := p.call.args[i].text()
		if !isLiteral || !ok || l.Text != text {
			return false
		}
	}
	return true
}

func (b *binder) expandCase(p *patternCall, c *syntax.PatternCase, at syntax.Node) *bound {
	saved := b.enter(p.pattern)
	defer b.leave(saved)
	for i, param := range p.pattern.params {
		if i < len(p.call.args) {
			b.scope.define(argumentSymbol(param, p.call.args[i], nil))
		}
	}
	b.quiet++
	defer func() { b.quiet-- }()
	out := b.bindStatements(c.Body.Statements)
	if out == nil {
		return bad(at)
	}
	result := *out
	result.node = at
	return &result
}
