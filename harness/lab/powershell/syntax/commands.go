package syntax

import "strings"

// pipelineStatement parses an assignment or a pipeline.
func (p *parser) pipelineStatement() Statement {
	start := p.pos
	pl := &Pipeline{}
	if p.startsExpression() {
		e := p.expr()
		if p.err != nil {
			return pl
		}
		p.skipSpace()
		if op := p.assignmentOperator(); op != "" {
			return p.assignment(start, e, op)
		}
		ce := &CommandExpr{Span: e.Extent(), Expr: e}
		ce.Redirections = p.redirections()
		ce.End = p.pos
		pl.Elements = append(pl.Elements, ce)
	} else {
		pl.Elements = append(pl.Elements, p.command())
	}
	p.restOfPipeline(pl)
	pl.Span = Span{start, p.trimEnd(start)}
	return pl
}

// trimEnd gives the position without the white space before it.
func (p *parser) trimEnd(start int) int {
	return start + len(strings.TrimRight(p.text[start:p.pos], " \t\r\n"))
}

func (p *parser) restOfPipeline(pl *Pipeline) {
	for p.err == nil {
		p.skipSpace()
		if p.peek() != '|' || p.at(1) == '|' {
			return
		}
		bar := p.pos
		p.next()
		p.skipBlank()
		if c := p.peek(); p.eof() || c == '|' || c == ')' || c == '}' || c == ';' {
			p.fail(bar, "EmptyPipeElement", "An empty pipe element is not allowed.")
			return
		}
		if p.startsExpression() {
			start := p.pos
			p.expr()
			if p.err == nil {
				p.fail(start, "ExpressionsMustBeFirstInPipeline", "Expressions are only allowed as the first element of a pipeline.")
			}
			return
		}
		pl.Elements = append(pl.Elements, p.command())
	}
}

func (p *parser) assignmentOperator() string {
	for _, op := range []string{"=", "+=", "-=", "*=", "/=", "%="} {
		if p.accept(op) {
			return op
		}
	}
	return ""
}

func (p *parser) assignment(start int, target Expr, op string) Statement {
	if !assignable(target) {
		p.fail(start, "InvalidLeftHandSide", "The assignment expression is not valid. The input to an assignment operator "+
			"must be an object that is able to accept assignments, such as a variable or a property.")
		return &Pipeline{}
	}
	p.skipBlank()
	if c := p.peek(); p.eof() || c == ';' || c == ')' || c == '}' || c == '|' {
		p.fail(p.pos, "ExpectedValueExpression", "You must provide a value expression following the '"+op+"' operator.")
		return &Pipeline{}
	}
	a := &Assignment{Target: target, Op: op, Value: p.statement()}
	a.Span = Span{start, p.trimEnd(start)}
	return a
}

func assignable(e Expr) bool {
	switch e := e.(type) {
	case *Variable:
		return !e.Splat
	case *Member, *Index:
		return true
	case *Cast:
		return assignable(e.Operand)
	case *Attributed:
		return assignable(e.Operand)
	case *Paren:
		pl, ok := e.Body.(*Pipeline)
		if !ok || len(pl.Elements) != 1 {
			return false
		}
		ce, ok := pl.Elements[0].(*CommandExpr)
		return ok && assignable(ce.Expr)
	case *Array:
		for _, i := range e.Items {
			if !assignable(i) {
				return false
			}
		}
		return true
	}
	return false
}

// startsExpression tells expression mode from command mode at the first character of a pipeline element.
func (p *parser) startsExpression() bool {
	c := p.peek()
	if kind, _ := p.quote(); kind != 0 {
		return true
	}
	switch c {
	case '$', '(', '[', '{', '!', ',':
		return true
	case '@':
		return p.at(1) == '(' || p.at(1) == '{' || p.at(1) == '"' || p.at(1) == '\'' || isIdentifier(p.at(1))
	case '+':
		return p.at(1) == '+' || p.startsOperand(1)
	case '.':
		return isDigit(p.at(1)) && p.numberAhead()
	}
	if isDigit(c) {
		return p.numberAhead()
	}
	if w := p.dash(); w > 0 {
		return p.at(w) == '-' && p.at(w+1) != '%' || p.startsOperand(w) || p.unaryWord(w) != ""
	}
	return false
}

func (p *parser) startsOperand(at int) bool {
	c := p.at(at)
	return isDigit(c) || c == '$' || c == '(' || c == '.' && isDigit(p.at(at+1)) || c == '\'' || c == '"' || c == '['
}

func (p *parser) numberAhead() bool {
	save := *p
	n := p.number()
	ok := n != nil && (p.eof() || strings.IndexByte(" \t\r\n)]};,|&+-*/%=!<>.", p.peek()) >= 0)
	*p = save
	return ok
}

// command parses a command with its arguments and redirections.
func (p *parser) command() *Command {
	c := &Command{Span: Span{Start: p.pos}}
	if !p.enter() {
		return c
	}
	defer p.leave()
	defer p.commas(true)()
	p.commandName(c)
	for p.err == nil {
		p.skipSpace()
		if p.commandEnds() {
			break
		}
		if r := p.redirection(); r != nil {
			c.Redirections = append(c.Redirections, r)
			continue
		}
		before := p.pos
		c.Elements = append(c.Elements, p.commandElement())
		if p.pos == before {
			p.unexpected()
		}
	}
	c.End = max(p.trimEnd(c.Start), c.Start)
	return c
}

func (p *parser) commandEnds() bool {
	c := p.peek()
	return p.eof() || isNewline(c) || c == ';' || c == '|' || c == ')' || c == '}' || c == '&'
}

func (p *parser) commandName(c *Command) {
	if op := p.peek(); op == '&' || op == '.' && !isIdentifier(p.at(1)) && p.at(1) != '\\' && p.at(1) != '/' && p.at(1) != '.' {
		c.Operator = op
		p.next()
		p.skipBlank()
		if p.commandEnds() {
			p.fail(p.pos, "MissingExpression", "An expression was expected after '"+string(op)+"'.")
			return
		}
		c.Elements = append(c.Elements, p.argument())
		return
	}
	if p.commandEnds() || p.peek() == '<' || p.peek() == '>' {
		p.unexpected()
		return
	}
	c.Elements = append(c.Elements, p.bareWord())
}

// commandElement parses one parameter or argument, with the arguments joined to it by commas.
func (p *parser) commandElement() Expr {
	if p.has("--%") {
		return p.verbatim()
	}
	if w := p.dash(); w > 0 {
		if next := p.at(w); isLetter(next) || next == '?' {
			return p.parameter(w)
		}
	}
	return p.commandArgument()
}

func (p *parser) verbatim() Expr {
	start := p.pos
	p.pos += len("--%")
	from := p.pos
	quoted := false
	for !p.eof() && !isNewline(p.peek()) && (quoted || p.peek() != '|') {
		if p.peek() == '"' {
			quoted = !quoted
		}
		p.next()
	}
	return &Verbatim{Span{start, p.pos}, strings.TrimSpace(p.text[from:p.pos])}
}

func (p *parser) parameter(dash int) Expr {
	start := p.pos
	p.pos += dash
	from := p.pos
	for !p.eof() && !isNewline(p.peek()) && p.space() == 0 && !strings.ContainsRune(":(){};,|&[.\"'$<>`", rune(p.peek())) {
		p.next()
	}
	n := &Parameter{Name: p.text[from:p.pos]}
	if p.peek() == ':' {
		p.next()
		n.Colon = true
		p.skipSpace()
		if !p.commandEnds() {
			n.Arg = p.commandArgument()
		}
	}
	n.Span = Span{start, p.pos}
	return n
}

// commandArgument parses an argument, or several joined by commas into one array.
func (p *parser) commandArgument() Expr {
	start := p.pos
	first := p.argument()
	var items []Expr
	for p.err == nil {
		save := p.pos
		p.skipSpace()
		if p.peek() != ',' {
			p.pos = save
			break
		}
		p.next()
		p.skipBlank()
		if p.commandEnds() {
			p.fail(save, "MissingArgument", "Missing an argument in parameter list.")
			break
		}
		items = append(items, p.argument())
	}
	if items == nil {
		return first
	}
	return &Array{Span{start, p.pos}, append([]Expr{first}, items...)}
}

// argument parses one value in argument mode.
func (p *parser) argument() Expr {
	if !p.enter() {
		return &String{}
	}
	defer p.leave()
	defer p.commas(true)()
	if kind, _ := p.quote(); kind != 0 {
		return p.postfix(p.quoted(), true)
	}
	switch c := p.peek(); {
	case c == '(' || c == '{':
		return p.postfix(p.primary(), true)
	case c == '@' && (p.at(1) == '(' || p.at(1) == '{' || p.at(1) == '"' || p.at(1) == '\''):
		return p.postfix(p.primary(), true)
	case c == '@' && isIdentifier(p.at(1)):
		return p.splat()
	case c == '$':
		if e := p.variableArgument(); e != nil {
			return e
		}
	case isDigit(c) || (c == '-' || c == '+' || c == '.') && (isDigit(p.at(1)) || p.at(1) == '.' && isDigit(p.at(2))):
		if e := p.numberArgument(); e != nil {
			return e
		}
	}
	return p.bareWord()
}

func (p *parser) splat() Expr {
	start := p.pos
	p.next()
	name := p.word()
	p.pos += len(name)
	v := &Variable{Span: Span{start, p.pos}, Name: name, Splat: true}
	if p.peek() == ':' && isIdentifier(p.at(1)) {
		p.next()
		v.Scope, v.Name = strings.ToLower(name), p.word()
		p.pos += len(v.Name)
		v.End = p.pos
	}
	return v
}

// variableArgument parses a variable or subexpression that stands alone, or returns nil when it begins a word.
func (p *parser) variableArgument() Expr {
	save := *p
	braced := p.at(1) == '{' || p.at(1) == '('
	e := p.variable()
	if p.err != nil {
		return e
	}
	if _, literal := e.(*String); literal {
		*p = save
		return nil
	}
	c := p.peek()
	ends := p.eof() || isNewline(c) || p.space() > 0 || strings.IndexByte("(){};,|&[.:<>", c) >= 0
	if !ends && !braced {
		*p = save
		return nil
	}
	return p.postfix(e, true)
}

func (p *parser) numberArgument() Expr {
	save := *p
	start := p.pos
	negative := false
	if c := p.peek(); c == '-' || c == '+' {
		negative = c == '-'
		p.next()
	}
	n := p.number()
	c := p.peek()
	ends := p.eof() || isNewline(c) || p.space() > 0 || strings.IndexByte("(){};,|&", c) >= 0
	if n == nil || !ends {
		*p = save
		return nil
	}
	if negative {
		n.negate()
	}
	n.Span = Span{start, p.pos}
	n.Text = p.text[start:p.pos]
	return n
}

// bareWord parses a word in argument mode, which may hold variables, subexpressions and quoted parts.
func (p *parser) bareWord() Expr {
	start := p.pos
	w := stringBuilder{bare: true}
	for !p.eof() && p.err == nil {
		c := p.peek()
		if isNewline(c) || p.space() > 0 || strings.IndexByte("(){};,|&<>", c) >= 0 {
			break
		}
		kind, width := p.quote()
		switch {
		case kind == '\'':
			p.pos += width
			w.text(p.singleBody())
		case kind == '"':
			p.pos += width
			p.doubleBody(&w)
		case c == '`':
			p.escape(&w)
		case c == '$':
			w.add(p.variable())
		default:
			_, n := p.rune()
			w.text(p.text[p.pos : p.pos+n])
			p.pos += n
		}
	}
	return w.expr(Span{start, p.pos})
}

func (p *parser) redirections() []*Redirection {
	var all []*Redirection
	for p.err == nil {
		p.skipSpace()
		r := p.redirection()
		if r == nil {
			break
		}
		all = append(all, r)
	}
	return all
}

// redirection parses `>`, `2>>`, `*>&1` and so on at the position, or returns nil.
func (p *parser) redirection() *Redirection {
	start := p.pos
	r := &Redirection{From: 1}
	switch c := p.peek(); {
	case (c >= '1' && c <= '6') && p.at(1) == '>':
		r.From = int(c - '0')
		p.next()
	case c == '*' && p.at(1) == '>':
		r.From = 0
		p.next()
	case c == '<':
		p.next()
		p.fail(start, "RedirectionNotSupported", "The '<' operator is reserved for future use.")
		return nil
	case c != '>':
		return nil
	}
	p.next()
	r.Append = p.accept(">")
	if !r.Append && p.has("&1") {
		p.pos += 2
		r.Merge = true
	} else {
		p.skipSpace()
		if p.commandEnds() {
			p.fail(start, "MissingFileSpecification", "Missing file specification after redirection operator.")
			return nil
		}
		r.File = p.argument()
	}
	r.Span = Span{start, p.pos}
	return r
}
