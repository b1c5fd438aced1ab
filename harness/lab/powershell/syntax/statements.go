package syntax

import "strings"

// Parse reads a whole script. The error, if any, is an *Error.
func Parse(src *Source) (*Script, error) {
	p := &parser{src: src, text: src.Text}
	if strings.HasPrefix(p.text, "\ufeff") {
		p.pos = len("\ufeff")
	}
	s := p.script(0)
	if p.err == nil && !p.eof() {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return s, nil
}

// script parses the body of a script, up to the closing character or the end of the text.
func (p *parser) script(closing byte) *Script {
	s := &Script{Source: p.src, Span: Span{Start: p.pos}}
	if !p.enter() {
		return s
	}
	defer p.leave()
	defer p.commas(true)()
	using := p.scriptParams(s)
	p.skipSeparators()
	if isBlockName(p.keyword()) && p.blockFollows() {
		p.namedBlocks(s, closing)
	} else {
		s.End = p.statements()
		s.End.Statements = append(using, s.End.Statements...)
	}
	s.Span.End = min(p.pos, len(p.text))
	return s
}

// scriptParams parses the using statements and the param block at the beginning of a script.
func (p *parser) scriptParams(s *Script) (using []Statement) {
	p.skipSeparators()
	for p.keyword() == "using" {
		using = append(using, p.using())
		p.skipSeparators()
	}
	start := p.pos
	var attributes []*Attribute
	for p.peek() == '[' {
		a := p.tryAttribute()
		if a == nil {
			p.pos = start
			break
		}
		attributes = append(attributes, a)
		p.skipBlank()
	}
	if p.keyword() != "param" {
		p.pos = start
		return using
	}
	p.pos += len("param")
	s.Attributes, s.HasParams = attributes, true
	p.skipBlank()
	s.Params = p.paramList()
	return using
}

func isBlockName(k string) bool {
	return k == "begin" || k == "process" || k == "end" || k == "dynamicparam"
}

// blockFollows tells a named block from a command that happens to be called "process".
func (p *parser) blockFollows() bool {
	save := p.pos
	defer func() { p.pos = save }()
	p.pos += len(p.word())
	p.skipBlank()
	return p.peek() == '{'
}

func (p *parser) namedBlocks(s *Script, closing byte) {
	for !p.eof() && (closing == 0 || p.peek() != closing) {
		k := p.keyword()
		if !isBlockName(k) {
			p.unexpected()
			return
		}
		p.pos += len(k)
		b := p.block()
		switch k {
		case "begin":
			s.Begin = b
		case "process":
			s.Process = b
		case "end":
			s.End = b
		default:
			s.Dynamic = b
		}
		p.skipSeparators()
	}
}

// block parses `{ statements }`.
func (p *parser) block() *Block {
	p.skipBlank()
	start := p.pos
	if !p.accept("{") {
		p.fail(start, "MissingStatementBlock", "Missing statement block.")
		return &Block{}
	}
	restore := p.commas(true)
	b := p.statements()
	restore()
	p.expect('}', start, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	b.Span = Span{start, p.pos}
	return b
}

// statements parses up to a closing character or the end of the text.
func (p *parser) statements() *Block {
	b := &Block{Span: Span{Start: p.pos}}
	if !p.enter() {
		return b
	}
	defer p.leave()
	for {
		p.skipSeparators()
		if p.eof() || p.peek() == '}' || p.peek() == ')' {
			break
		}
		s := p.statement()
		if t, ok := s.(*Trap); ok {
			b.Traps = append(b.Traps, t)
		} else {
			b.Statements = append(b.Statements, s)
		}
		p.statementEnd(s)
	}
	b.End = p.pos
	return b
}

func (p *parser) statementEnd(s Statement) {
	p.skipSpace()
	c := p.peek()
	if p.eof() || isNewline(c) || c == ';' || c == '}' || c == ')' {
		return
	}
	switch s.(type) {
	case *Pipeline, *Assignment, *Flow:
		if c == '&' && p.at(1) != '&' {
			p.fail(p.pos, "AmpersandNotAllowed", "The ampersand (&) character is not allowed. The & operator is reserved "+
				"for future use; wrap an ampersand in double quotation marks (\"&\") to pass it as part of a string.")
			return
		}
		p.unexpected()
	}
}

func (p *parser) statement() Statement {
	if !p.enter() {
		return &Pipeline{}
	}
	defer p.leave()
	start := p.pos
	if p.peek() == ':' && isLetter(p.at(1)) {
		p.next()
		label := p.word()
		p.pos += len(label)
		p.skipBlank()
		if loop := p.loop(p.keyword(), label, start); loop != nil {
			return loop
		}
		p.pos = start
	}
	k := p.keyword()
	if s := p.loop(k, "", start); s != nil {
		return s
	}
	if s := p.definition(k, start); s != nil {
		return s
	}
	switch k {
	case "if":
		return p.ifStatement()
	case "try":
		return p.try()
	case "trap":
		return p.trap()
	case "return", "throw", "exit":
		return p.flow(k)
	case "break", "continue":
		return p.jump(k)
	}
	return p.pipelineStatement()
}

func (p *parser) loop(k, label string, start int) Statement {
	switch k {
	case "while":
		p.pos += len(k)
		w := &While{Label: label, Condition: p.condition()}
		w.Body = p.block()
		w.Span = Span{start, p.pos}
		return w
	case "do":
		return p.doLoop(label, start)
	case "for":
		return p.forLoop(label, start)
	case "foreach":
		return p.forEach(label, start)
	case "switch":
		return p.switchStatement(label, start)
	}
	return nil
}

func (p *parser) definition(k string, start int) Statement {
	switch k {
	case "function", "filter", "workflow":
		return p.function(k, start)
	case "class":
		return p.class()
	case "enum":
		return p.enum()
	case "using":
		return p.using()
	case "data":
		return p.data()
	case "param":
		p.pos += len(k)
		p.fail(start, "UnexpectedToken", "Unexpected token 'param' in expression or statement.")
	}
	return nil
}

// condition parses `( pipeline )`.
func (p *parser) condition() Statement {
	p.skipBlank()
	start := p.pos
	if !p.accept("(") {
		p.fail(start, "MissingOpenParenthesisInIfStatement", "Missing '(' after keyword.")
		return &Pipeline{}
	}
	defer p.commas(true)()
	p.skipBlank()
	if p.peek() == ')' {
		p.fail(p.pos, "IfStatementMissingCondition", "Missing condition in if statement after 'if ('.")
		return &Pipeline{}
	}
	s := p.statement()
	p.expect(')', start, "MissingEndParenthesisAfterStatement", "Missing closing ')' after expression in statement.")
	return s
}

func (p *parser) ifStatement() Statement {
	s := &If{Span: Span{Start: p.pos}}
	p.pos += len("if")
	cond := p.condition()
	s.Clauses = append(s.Clauses, IfClause{cond, p.block()})
	for p.err == nil {
		save := p.pos
		p.skipBlank()
		switch {
		case p.acceptKeyword("elseif"):
			cond = p.condition()
			s.Clauses = append(s.Clauses, IfClause{cond, p.block()})
			continue
		case p.acceptKeyword("else"):
			s.Else = p.block()
		default:
			p.pos = save
		}
		break
	}
	s.End = p.pos
	return s
}

func (p *parser) doLoop(label string, start int) Statement {
	p.pos += len("do")
	d := &DoLoop{Label: label, Body: p.block()}
	p.skipBlank()
	switch {
	case p.acceptKeyword("while"):
	case p.acceptKeyword("until"):
		d.Until = true
	default:
		p.fail(p.pos, "MissingWhileOrUntilInDoWhile", "The while or until keyword is missing in a do loop.")
		return d
	}
	d.Condition = p.condition()
	d.Span = Span{start, p.pos}
	return d
}

func (p *parser) forLoop(label string, start int) Statement {
	p.pos += len("for")
	p.skipBlank()
	open := p.pos
	f := &For{Label: label}
	if !p.accept("(") {
		p.fail(open, "MissingOpenParenthesisAfterKeyword", "Missing opening '(' after keyword 'for'.")
		return f
	}
	part := func() Statement {
		p.skipSpace()
		if c := p.peek(); p.eof() || c == ';' || c == ')' || isNewline(c) {
			return nil
		}
		return p.statement()
	}
	separator := func() {
		p.skipBlank()
		p.accept(";")
	}
	p.skipBlank()
	f.Init = part()
	separator()
	p.skipBlank()
	f.Condition = part()
	separator()
	p.skipBlank()
	f.Step = part()
	p.expect(')', open, "MissingEndParenthesisAfterStatement", "Missing closing ')' after expression in 'for' statement.")
	f.Body = p.block()
	f.Span = Span{start, p.pos}
	return f
}

func (p *parser) forEach(label string, start int) Statement {
	p.pos += len("foreach")
	p.skipBlank()
	f := &ForEach{Label: label}
	for p.dash() > 0 {
		p.pos += p.dash()
		p.pos += len(p.word())
		p.skipBlank()
	}
	open := p.pos
	if !p.accept("(") {
		p.fail(open, "MissingOpenParenthesisAfterKeyword", "Missing opening '(' after keyword 'foreach'.")
		return f
	}
	p.skipBlank()
	if p.peek() != '$' {
		p.fail(p.pos, "MissingVariableNameAfterForeach", "Missing variable name after foreach.")
		return f
	}
	f.Variable, _ = p.variable().(*Variable)
	p.skipBlank()
	if f.Variable == nil || !p.acceptKeyword("in") {
		p.fail(p.pos, "MissingInInForeach", "Missing 'in' after variable in foreach loop.")
		return f
	}
	p.skipBlank()
	f.Values = p.statement()
	p.expect(')', open, "MissingEndParenthesisAfterForeach", "Missing closing ')' after expression in foreach loop.")
	f.Body = p.block()
	f.Span = Span{start, p.pos}
	return f
}

func (p *parser) switchStatement(label string, start int) Statement {
	p.pos += len("switch")
	s := &Switch{Label: label, Flags: map[string]bool{}}
	p.skipBlank()
	for p.dash() > 0 {
		p.pos += p.dash()
		flag := p.word()
		p.pos += len(flag)
		s.Flags[strings.ToLower(flag)] = true
		p.skipBlank()
	}
	if s.Flags["file"] && p.peek() != '(' {
		s.Value = &Pipeline{Elements: []PipelineElement{&CommandExpr{Expr: p.argument()}}}
	} else {
		s.Value = p.condition()
	}
	p.skipBlank()
	open := p.pos
	if !p.accept("{") {
		p.fail(open, "MissingCurlyBraceInSwitchStatement", "Missing '{' in switch statement.")
		return s
	}
	for p.skipSeparators(); !p.eof() && p.peek() != '}'; p.skipSeparators() {
		if p.keyword() == "default" {
			p.pos += len("default")
			s.Default = p.block()
			continue
		}
		c := p.argument()
		s.Clauses = append(s.Clauses, SwitchClause{c, p.block()})
	}
	p.expect('}', open, "MissingEndCurlyBrace", "Missing closing '}' in statement block or type definition.")
	s.Span = Span{start, p.pos}
	return s
}

func (p *parser) try() Statement {
	t := &Try{Span: Span{Start: p.pos}}
	p.pos += len("try")
	t.Body = p.block()
	for p.err == nil {
		save := p.pos
		p.skipBlank()
		if p.acceptKeyword("catch") {
			c := Catch{Types: p.catchTypes()}
			c.Body = p.block()
			t.Catches = append(t.Catches, c)
			continue
		}
		if p.acceptKeyword("finally") {
			t.Finally = p.block()
		} else {
			p.pos = save
		}
		break
	}
	if p.err == nil && t.Catches == nil && t.Finally == nil {
		p.fail(p.pos, "MissingCatchOrFinally", "The Try statement is missing its Catch or Finally block.")
	}
	t.End = p.pos
	return t
}

func (p *parser) catchTypes() []*TypeName {
	var types []*TypeName
	for p.skipBlank(); p.peek() == '['; p.skipBlank() {
		types = append(types, p.typeLiteral())
		p.skipBlank()
		if !p.accept(",") {
			break
		}
	}
	return types
}

func (p *parser) trap() Statement {
	t := &Trap{Span: Span{Start: p.pos}}
	p.pos += len("trap")
	p.skipBlank()
	if p.peek() == '[' {
		t.Type = p.typeLiteral()
	}
	t.Body = p.block()
	t.End = p.pos
	return t
}

// flow parses return, exit and throw with their value.
func (p *parser) flow(k string) Statement {
	f := p.flowKeyword(k)
	if c := p.peek(); !p.eof() && !isNewline(c) && c != ';' && c != '}' && c != ')' {
		f.Value = p.pipelineStatement()
	}
	f.End = p.pos
	return f
}

// jump parses break and continue with their label.
func (p *parser) jump(k string) Statement {
	f := p.flowKeyword(k)
	if c := p.peek(); !p.eof() && (isIdentifier(c) || c == '$') {
		f.Label = p.argument()
	}
	f.End = p.pos
	return f
}

func (p *parser) flowKeyword(k string) *Flow {
	f := &Flow{Span: Span{Start: p.pos}, Keyword: k}
	p.pos += len(k)
	p.skipSpace()
	return f
}
