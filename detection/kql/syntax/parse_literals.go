package syntax

import "strings"

// scanName measures, n tokens ahead, a name that can be used: a word, ['name'] or {name}; 0 if there is none.
func (p *parser) scanName(n int) int {
	t := p.peek(n)
	switch {
	case t.kind == wordToken && t.class&bareName != 0:
		return 1
	case t.is('['):
		return p.scanBracketedName(n)
	case t.is('{'):
		return p.scanClientName(n)
	}
	return 0
}

// scanNewName measures a name as scanName does, in a place where a name is declared.
func (p *parser) scanNewName(n int) int {
	if t := p.peek(n); t.kind == wordToken && t.class&bareNewName != 0 {
		return 1
	}
	return p.scanName(n)
}

// scanBracketedName measures ['name'].
func (p *parser) scanBracketedName(n int) int {
	end := n + 1
	for p.peek(end).kind == stringToken {
		end++
	}
	if end == n+1 || !p.peek(end).is(']') {
		return 0
	}
	return end + 1 - n
}

// scanClientName measures {name} or {name[0]}, without space in it.
func (p *parser) scanClientName(n int) int {
	word := p.peek(n + 1)
	if word.kind != wordToken || !word.glued {
		return 0
	}
	end := n + 2
	if p.peek(end).is('[') && p.peek(end).glued {
		end++
		if p.peek(end).is('-') && p.peek(end).glued {
			end++
		}
		if index := p.peek(end); index.kind != longToken || !index.glued {
			return 0
		}
		if t := p.peek(end + 1); !t.is(']') || !t.glued {
			return 0
		}
		end += 2
	}
	if t := p.peek(end); !t.is('}') || !t.glued {
		return 0
	}
	return end + 1 - n
}

// name reads a name that can be used, or nil.
func (p *parser) name() *Name {
	if p.scanName(0) == 0 {
		return nil
	}
	return p.anyName()
}

// newName reads a name that can be declared, or nil.
func (p *parser) newName() *Name {
	if p.scanNewName(0) == 0 {
		return nil
	}
	return p.anyName()
}

// anyName reads the name that a scan has found.
func (p *parser) anyName() *Name {
	start := p.start()
	n := &Name{}
	switch {
	case p.accept('['):
		n.Text, n.Quoted = p.stringLiteral().Text, true
		p.pos++
	case p.at('{'):
		p.pos += p.scanClientName(0)
		n.Text, n.Client = p.text[start+1:p.tokens[p.pos-1].start], true
	default:
		n.Text = p.slice(p.advance())
	}
	n.extent = p.from(start)
	return n
}

// requiredName reads a name that is declared, or reports that it is missing.
func (p *parser) requiredName() *Name {
	if n := p.name(); n != nil {
		return n
	}
	p.missing("a name")
	return &Name{extent: extent{Span{p.start(), p.start()}}}
}

// stringLiteral reads adjacent string literals as one.
func (p *parser) stringLiteral() *Literal {
	start := p.start()
	first := p.slice(p.advance())
	l := &Literal{Kind: StringLiteral, Raw: first}
	l.Text, l.Obfuscated = decodeString(first)
	if p.tokens[p.pos].kind == stringToken {
		texts, raws := []string{l.Text}, []string{first}
		for p.tokens[p.pos].kind == stringToken {
			raw := p.slice(p.advance())
			text, obfuscated := decodeString(raw)
			l.Obfuscated = l.Obfuscated || obfuscated
			texts, raws = append(texts, text), append(raws, raw)
		}
		l.Text, l.Raw = strings.Join(texts, ""), strings.Join(raws, " ")
	}
	l.extent = p.from(start)
	return l
}

// literal reads a literal as it stands in a list of values: with a sign, as dynamic(...) or typeof(...); or nil.
func (p *parser) literal() Expr {
	switch t := p.tokens[p.pos]; {
	case t.is('-'), t.is('+'):
		if l := p.signedLiteral(); l != nil {
			return l
		}
		return nil
	case t.is('{'):
		if p.scanClientName(0) > 0 {
			return p.anyName()
		}
		return nil
	case t.kind == wordToken:
		switch {
		case p.atWord("dynamic"):
			if d := p.dynamic(); d != nil {
				return d
			}
		case p.atWord("typeof"):
			if t := p.typeOf(); t != nil {
				return t
			}
		}
		return nil
	}
	if l := p.plainLiteral(); l != nil {
		return l
	}
	return nil
}

// plainLiteral reads a literal that is one token, or adjacent strings, or nil.
func (p *parser) plainLiteral() *Literal {
	t := p.tokens[p.pos]
	var kind LiteralKind
	switch t.kind {
	case stringToken:
		return p.stringLiteral()
	case boolToken:
		kind = BoolLiteral
	case longToken:
		kind = LongLiteral
	case realToken:
		kind = RealLiteral
	case timespanToken:
		kind = TimespanLiteral
	case parenLiteralToken:
		return p.parenLiteral()
	case rawGUIDToken:
		p.fail("KS004", "a guid is written guid("+p.slice(t)+")", "")
		kind = GUIDLiteral
	default:
		return nil
	}
	p.pos++
	text := p.slice(t)
	return &Literal{extent: extent{Span{int(t.start), int(t.end)}}, Kind: kind, Text: text, Raw: text}
}

// parenLiteral reads type(text).
func (p *parser) parenLiteral() *Literal {
	t := p.advance()
	raw := p.slice(t)
	open := strings.IndexByte(raw, '(')
	word := raw[:open]
	l := &Literal{
		extent: extent{Span{int(t.start), int(t.end)}},
		Type:   Word{Text: word, Span: Span{int(t.start), int(t.start) + open}},
		Text:   strings.TrimSpace(strings.TrimSuffix(raw[open+1:], ")")),
		Raw:    raw,
	}
	switch word {
	case "bool":
		l.Kind = BoolLiteral
	case "int", "int32":
		l.Kind = IntLiteral
	case "long", "int64":
		l.Kind = LongLiteral
	case "real", "double":
		l.Kind = RealLiteral
	case "decimal":
		l.Kind = DecimalLiteral
	case "datetime", "date":
		l.Kind = DateTimeLiteral
	case "timespan", "time":
		l.Kind = TimespanLiteral
	case "guid":
		l.Kind = GUIDLiteral
	}
	return l
}

// signedLiteral reads -1, +2.5 or -3d as one literal, or nil.
func (p *parser) signedLiteral() *Literal {
	number := p.peek(1)
	if !number.glued {
		return nil
	}
	switch number.kind {
	case longToken, realToken, timespanToken:
	default:
		return nil
	}
	start := p.start()
	p.pos++
	l := p.plainLiteral()
	l.extent = p.from(start)
	l.Raw = p.text[start:l.span.End]
	l.Text = l.Raw
	return l
}

// dynamic reads dynamic(json), or nil.
func (p *parser) dynamic() *Dynamic {
	if !p.peek(1).is('(') {
		return nil
	}
	start := p.start()
	d := &Dynamic{Keyword: p.word()}
	p.pos++
	d.Value = p.requiredJSON()
	p.closing(')')
	d.extent = p.from(start)
	return d
}

// requiredJSON reads a value, or reports that it is missing.
func (p *parser) requiredJSON() Expr {
	if v := p.json(); v != nil {
		return v
	}
	p.expected("KS006", "a JSON value")
	return p.bad()
}

// json reads a value inside dynamic(...), or nil.
func (p *parser) json() Expr {
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	t := p.tokens[p.pos]
	switch {
	case t.kind == stringToken, t.kind == boolToken, t.kind == longToken, t.kind == realToken,
		t.kind == timespanToken, t.kind == rawGUIDToken:
		return p.plainLiteral()
	case t.kind == parenLiteralToken:
		if strings.HasPrefix(p.slice(t), "int(") || strings.HasPrefix(p.slice(t), "int ") {
			p.fail("KS006", "expected a JSON value, got "+p.got(), "write the bare number")
		}
		return p.parenLiteral()
	case t.is('-'):
		if p.isNumber(p.peek(1)) {
			op := p.word()
			return &Unary{Op: op, Operand: p.plainLiteral(), extent: p.from(op.Span.Start)}
		}
		return nil
	case t.is('['):
		return p.jsonArray()
	case t.is('{'):
		if p.scanClientName(0) > 0 {
			return p.anyName()
		}
		return p.jsonObject()
	case p.atWord("null"):
		p.pos++
		return &Literal{extent: p.from(int(t.start)), Kind: NullLiteral, Text: "null", Raw: "null"}
	case p.atWord("dynamic"):
		if d := p.dynamic(); d != nil {
			return d
		}
	}
	return nil
}

// isNumber reports whether a token is a number, as it is or as in real(1).
func (p *parser) isNumber(t token) bool {
	if t.kind == parenLiteralToken {
		return strings.HasPrefix(p.slice(t), "long") || strings.HasPrefix(p.slice(t), "real")
	}
	return t.kind == longToken || t.kind == realToken
}

func (p *parser) jsonArray() *JSONArray {
	start := p.start()
	p.pos++
	a := &JSONArray{}
	p.commaList("a JSON value", false, false, p.endOfList, func() bool {
		return collect(&a.Elements, p.json())
	})
	p.closing(']')
	a.extent = p.from(start)
	return a
}

func (p *parser) jsonObject() *JSONObject {
	start := p.start()
	p.pos++
	o := &JSONObject{}
	p.commaList(`a JSON member such as "key": value`, false, false, p.endOfList, func() bool {
		return collect(&o.Members, p.jsonMember())
	})
	p.closing('}')
	o.extent = p.from(start)
	return o
}

// jsonMember reads "key": value, or nil.
func (p *parser) jsonMember() *JSONMember {
	start := p.start()
	t := p.tokens[p.pos]
	if t.kind != stringToken {
		if t.is(':') || t.kind != signToken && t.kind != endToken {
			p.expected("KS006", "a string as key")
			p.resync()
		}
		return nil
	}
	p.pos++
	raw := p.slice(t)
	key := &Literal{extent: p.from(start), Kind: StringLiteral, Raw: raw}
	key.Text, key.Obfuscated = decodeString(raw)
	m := &JSONMember{Key: key}
	p.require(':')
	m.Value = p.requiredJSON()
	m.extent = p.from(start)
	return m
}

// typeOf reads typeof(type) or typeof(schema), or nil.
func (p *parser) typeOf() *TypeOf {
	if !p.peek(1).is('(') {
		return nil
	}
	start := p.start()
	t := &TypeOf{Keyword: p.word()}
	if word := p.peek(1); word.kind == wordToken &&
		(isType(p.slice(word)) || isOldType(p.slice(word)) || p.peek(2).is(')') && word.class&keyword == 0) {
		p.pos++
		t.Type = p.word()
		p.closing(')')
	} else {
		t.Schema = p.typeOfSchema()
	}
	t.extent = p.from(start)
	return t
}

// typeOfSchema reads `(a:string, *)`.
func (p *parser) typeOfSchema() *RowSchema {
	start := p.start()
	s := &RowSchema{}
	p.pos++
	p.commaList("a type, or a column and its type", false, false, p.endOfList, func() bool {
		if p.accept('*') {
			s.Star = true
			return true
		}
		return collect(&s.Columns, p.columnDeclaration())
	})
	p.closing(')')
	s.extent = p.from(start)
	return s
}
