package syntax

import "strings"

func (p *parser) function(k string, start int) Statement {
	p.pos += len(k)
	p.skipBlank()
	nameStart := p.pos
	for !p.eof() && !isNewline(p.peek()) && !strings.ContainsRune(" \t(){};|", rune(p.peek())) {
		p.next()
	}
	f := &Function{Keyword: k, Name: p.text[nameStart:p.pos]}
	if f.Name == "" {
		p.fail(nameStart, "MissingNameAfterKeyword", "Missing name after "+k+" keyword.")
		return f
	}
	var params []*Param
	p.skipBlank()
	inline := p.peek() == '('
	if inline {
		params = p.paramList()
	}
	f.Body = p.bracedScript()
	if inline {
		f.Body.Params, f.Body.HasParams = params, true
	}
	f.Span = Span{start, p.pos}
	return f
}

// bracedScript parses `{ script }`; the span of the result is what stands between the braces.
func (p *parser) bracedScript() *Script {
	p.skipBlank()
	open := p.pos
	if !p.accept("{") {
		p.fail(open, "MissingFunctionBody", "Missing function body in function declaration.")
		return &Script{Source: p.src, End: &Block{}}
	}
	s := p.script('}')
	p.expect('}', open, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	if p.err == nil {
		s.Span = Span{open + 1, p.pos - 1}
	}
	return s
}

// paramList parses `( parameters )`.
func (p *parser) paramList() []*Param {
	open := p.pos
	if !p.accept("(") {
		p.fail(open, "MissingOpenParenthesisAfterParam", "Missing '(' after 'param'.")
		return nil
	}
	defer p.commas(false)()
	var params []*Param
	for p.skipBlank(); !p.eof() && p.peek() != ')'; p.skipBlank() {
		params = append(params, p.param())
		p.skipBlank()
		if !p.accept(",") {
			break
		}
	}
	p.expect(')', open, "MissingEndParenthesisInFunctionParameterList", "Missing ')' in function parameter list.")
	return params
}

func (p *parser) param() *Param {
	pm := &Param{Span: Span{Start: p.pos}}
	for p.peek() == '[' {
		if a := p.tryAttribute(); a != nil {
			pm.Attributes = append(pm.Attributes, a)
		} else {
			pm.Type = p.typeLiteral()
		}
		p.skipBlank()
	}
	var v *Variable
	ok := p.peek() == '$'
	if ok {
		v, ok = p.variable().(*Variable)
	}
	if !ok {
		p.fail(p.pos, "MissingExpressionAfterToken", "Missing parameter name in the parameter list.")
		return pm
	}
	pm.Name = v.Name
	p.skipBlank()
	if p.peek() == '=' && p.at(1) != '=' {
		p.next()
		p.skipBlank()
		pm.Default = p.expr()
	}
	pm.End = p.pos
	return pm
}

// tryAttribute parses `[Name(...)]`, or returns nil without moving when the bracket opens a type.
func (p *parser) tryAttribute() *Attribute {
	save := p.pos
	p.next()
	p.skipBlank()
	start := p.pos
	for !p.eof() && (isIdentifier(p.peek()) || p.peek() == '.') {
		p.next()
	}
	a := &Attribute{Name: p.text[start:p.pos], Named: map[string]Expr{}}
	p.skipSpace()
	if a.Name == "" || p.peek() != '(' {
		p.pos = save
		return nil
	}
	p.next()
	p.attributeArguments(a)
	p.skipBlank()
	if p.err == nil && !p.accept("]") {
		p.fail(p.pos, "EndSquareBracketExpectedAtEndOfAttribute", "Missing ] at end of attribute or type literal.")
	}
	a.Span = Span{save, p.pos}
	return a
}

func (p *parser) attributeArguments(a *Attribute) {
	open := p.pos
	defer p.commas(false)()
	for p.skipBlank(); !p.eof() && p.peek() != ')'; p.skipBlank() {
		name := p.word()
		save := p.pos
		p.pos += len(name)
		p.skipBlank()
		switch {
		case name != "" && isLetter(name[0]) && p.accept("="):
			p.skipBlank()
			a.Named[strings.ToLower(name)] = p.expr()
		case name != "" && isLetter(name[0]) && (p.peek() == ',' || p.peek() == ')'):
			a.Named[strings.ToLower(name)] = nil
		default:
			p.pos = save
			a.Args = append(a.Args, p.expr())
		}
		p.skipBlank()
		if !p.accept(",") {
			break
		}
	}
	p.expect(')', open, "MissingEndParenthesisInExpression", "Missing closing ')' in expression.")
}

func (p *parser) class() Statement {
	c := &Class{Span: Span{Start: p.pos}}
	p.pos += len("class")
	p.skipBlank()
	c.Name = p.word()
	p.pos += len(c.Name)
	p.skipBlank()
	if p.accept(":") {
		for p.err == nil {
			p.skipBlank()
			c.Bases = append(c.Bases, p.typeName())
			p.skipBlank()
			if !p.accept(",") {
				break
			}
		}
	}
	p.skipBlank()
	open := p.pos
	if c.Name == "" || !p.accept("{") {
		p.fail(open, "MissingTypeBody", "Missing class body in class declaration.")
		return c
	}
	for p.skipSeparators(); !p.eof() && p.peek() != '}'; p.skipSeparators() {
		c.Members = append(c.Members, p.classMember())
	}
	p.expect('}', open, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	c.End = p.pos
	return c
}

func (p *parser) classMember() ClassMember {
	m := ClassMember{Span: Span{Start: p.pos}}
	for p.err == nil {
		p.skipBlank()
		switch {
		case p.acceptKeyword("static"):
			m.Static = true
		case p.acceptKeyword("hidden"):
			m.Hidden = true
		case p.peek() == '[':
			if p.tryAttribute() == nil {
				m.Type = p.typeLiteral()
			}
		default:
			p.memberBody(&m)
			m.End = p.pos
			return m
		}
	}
	return m
}

func (p *parser) memberBody(m *ClassMember) {
	if p.peek() == '$' {
		if v, ok := p.variable().(*Variable); ok {
			m.Name = v.Name
		}
		p.skipSpace()
		if p.accept("=") {
			p.skipBlank()
			m.Default = p.expr()
		}
		return
	}
	m.Name = p.word()
	p.pos += len(m.Name)
	p.skipBlank()
	if m.Name == "" || p.peek() != '(' {
		p.unexpected()
		return
	}
	m.Params = p.paramList()
	p.skipBlank()
	if p.accept(":") {
		p.skipBlank()
		p.acceptKeyword("base")
		p.skipBlank()
		if p.accept("(") {
			m.BaseArgs = p.arguments(p.pos - 1)
		}
	}
	m.Body = p.bracedScript()
}

func (p *parser) enum() Statement {
	e := &Enum{Span: Span{Start: p.pos}}
	p.pos += len("enum")
	p.skipBlank()
	e.Name = p.word()
	p.pos += len(e.Name)
	p.skipBlank()
	open := p.pos
	if e.Name == "" || !p.accept("{") {
		p.fail(open, "MissingTypeBody", "Missing enum body in enum declaration.")
		return e
	}
	for p.skipSeparators(); !p.eof() && p.peek() != '}'; p.skipSeparators() {
		name := p.word()
		if name == "" {
			p.unexpected()
			return e
		}
		p.pos += len(name)
		p.skipSpace()
		var value Expr
		if p.accept("=") {
			p.skipBlank()
			value = p.expr()
		}
		e.Names, e.Values = append(e.Names, name), append(e.Values, value)
	}
	p.expect('}', open, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	e.End = p.pos
	return e
}

func (p *parser) using() Statement {
	u := &Using{Span: Span{Start: p.pos}}
	p.pos += len("using")
	p.skipSpace()
	u.Kind = strings.ToLower(p.word())
	p.pos += len(u.Kind)
	if u.Kind != "namespace" && u.Kind != "module" && u.Kind != "assembly" {
		p.fail(u.Start, "MissingUsingItemName", "Missing namespace, module or assembly after using.")
		return u
	}
	p.skipSpace()
	start := p.pos
	for !p.eof() && !isNewline(p.peek()) && p.peek() != ';' {
		p.next()
	}
	u.Name = strings.Trim(strings.TrimSpace(p.text[start:p.pos]), `'"`)
	u.End = p.pos
	return u
}

func (p *parser) data() Statement {
	d := &Data{Span: Span{Start: p.pos}}
	p.pos += len("data")
	p.skipBlank()
	if p.peek() != '{' {
		d.Name = p.word()
		p.pos += len(d.Name)
		p.skipSpace()
	}
	for p.dash() > 0 && p.err == nil {
		p.pos += p.dash()
		p.pos += len(p.word())
		p.skipSpace()
		p.commandArgument()
		p.skipSpace()
	}
	d.Body = p.block()
	d.End = p.pos
	return d
}
