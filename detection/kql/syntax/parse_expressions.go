package syntax

// bad is the node for an expression that is not there.
func (p *parser) bad() Expr {
	return &BadExpr{extent{Span{p.start(), p.start()}}}
}

// required reads an expression, or reports that it is missing.
func (p *parser) required() Expr {
	if e := p.expression(); e != nil {
		return e
	}
	p.missing("an expression")
	return p.bad()
}

// expression reads a scalar expression without a name, or nil.
func (p *parser) expression() Expr {
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	return p.binary(orOperator)
}

// binary reads operators that bind at least as tightly as weakest, and their operands.
func (p *parser) binary(weakest uint8) Expr {
	start := p.start()
	left, strongest := p.starOperand(weakest)
	if left == nil {
		if left = p.unary(); left == nil {
			return nil
		}
	}
	for {
		t := p.tokens[p.pos]
		if t.strength < weakest || t.strength > strongest || t.strength == noOperator {
			return left
		}
		if t.strength == equality && p.atWord("in") && p.isWord(1, "range") {
			return left
		}
		left = p.operation(start, left)
		strongest = t.strength
		switch t.strength {
		case equality, relational, stringOperator:
			// a == b == c is no expression; a < b == c is.
			strongest--
		}
	}
}

// starOperand reads the * of `* has "x"` and `* == x`, which stands for every column. It also
// says how tightly the operators after the operand may bind.
func (p *parser) starOperand(weakest uint8) (operand Expr, strongest uint8) {
	if !p.at('*') {
		return nil, stringOperator
	}
	next := p.peek(1)
	if next.strength == stringOperator || next.is(equalEqual) && weakest <= equality {
		return p.star(), next.strength
	}
	return nil, stringOperator
}

func (p *parser) star() Expr {
	t := p.advance()
	return &Star{extent{Span{int(t.start), int(t.end)}}}
}

// operation reads an operator and its right side.
func (p *parser) operation(start int, left Expr) Expr {
	t := p.tokens[p.pos]
	op := p.word()
	if t.strength == equality && t.kind == wordToken {
		switch op.Text {
		case "between", "!between":
			return p.between(start, left, op)
		}
		e := &In{Op: op, Left: left, List: p.inList()}
		e.extent = p.from(start)
		return e
	}
	right := p.binary(t.strength + 1)
	if right == nil {
		p.missing("an expression after " + `"` + op.Text + `"`)
		right = p.bad()
	}
	return &Binary{extent: p.from(start), Op: op, Left: left, Right: right}
}

// inList reads `(a, b)`, or `(table)` with a pipeline in it.
func (p *parser) inList() []Expr {
	if !p.require('(') {
		return nil
	}
	var list []Expr
	if p.startsOperator() || p.pipeAhead() {
		list = []Expr{p.requiredPipeline()}
	} else {
		list = p.expressions(true)
	}
	p.closing(')')
	return list
}

// pipeAhead reports whether a pipe comes before the end of this expression.
func (p *parser) pipeAhead() bool {
	depth := 0
	for n := 0; ; n++ {
		switch t := p.peek(n); {
		case t.kind == endToken, t.is(';'), t.is(',') && depth == 0, t.is(')') && depth == 0:
			return false
		case t.is(')'):
			depth--
		case t.is('('):
			depth++
		case t.is('|') && depth == 0:
			return true
		}
	}
}

// between reads `(low .. high)`.
func (p *parser) between(start int, left Expr, op Word) Expr {
	b := &Between{Op: op, Left: left, Low: p.bad(), High: p.bad()}
	if p.require('(') {
		b.Low = p.required()
		p.require(dotDot)
		b.High = p.required()
		p.closing(')')
	}
	b.extent = p.from(start)
	return b
}

// expressions reads expressions separated by commas.
func (p *parser) expressions(required bool) []Expr {
	var list []Expr
	p.commaList("an expression", required, false, p.endOfList, func() bool {
		return collect(&list, p.expression())
	})
	return list
}

// unary reads an operand with or without a sign, or nil.
func (p *parser) unary() Expr {
	if !p.at('-') && !p.at('+') {
		return p.path()
	}
	op := p.word()
	operand := p.path()
	if operand == nil {
		p.missing("an expression after " + `"` + op.Text + `"`)
		operand = p.bad()
	}
	return &Unary{extent: p.from(op.Span.Start), Op: op, Operand: operand}
}

// path reads a primary expression and the members and elements taken of it, or nil.
func (p *parser) path() Expr {
	start := p.start()
	if p.atWord("totable") {
		t := &ToTable{Keyword: p.word(), Properties: p.properties(true)}
		t.Input = p.parenthesizedPipeline()
		t.extent = p.from(start)
		return t
	}
	e := p.primary()
	for e != nil {
		switch {
		case p.accept('.'):
			e = p.member(start, e)
		case p.at('['):
			p.pos++
			index := p.required()
			p.closing(']')
			e = &Element{extent: p.from(start), Target: e, Index: index}
		default:
			return e
		}
	}
	return nil
}

// member reads what follows a dot.
func (p *parser) member(start int, target Expr) Expr {
	member := p.selectorOrCall()
	if member == nil {
		p.missing("a name after " + `"."`)
		member = p.bad()
	}
	return &Member{extent: p.from(start), Target: target, Member: member}
}

// primary reads an expression without operators, or nil.
func (p *parser) primary() Expr {
	t := p.tokens[p.pos]
	switch t.kind {
	case wordToken:
		if e, ok := p.wordExpression(); ok {
			return e
		}
	case signToken:
		if t.is('(') {
			return p.parens()
		}
		if !t.is('[') && !t.is('{') && !t.is('@') {
			return nil
		}
	case endToken, directiveToken:
		return nil
	default:
		return p.plainLiteral()
	}
	if p.startsCall() {
		return p.call()
	}
	if e := p.selector(); e != nil {
		return p.dataScope(e)
	}
	return p.keywordAsName()
}

// wordExpression reads the expressions that begin with a keyword of their own. ok is false if it is not one.
func (p *parser) wordExpression() (e Expr, ok bool) {
	switch p.slice(p.tokens[p.pos]) {
	case "dynamic":
		if d := p.dynamic(); d != nil {
			return d, true
		}
	case "typeof":
		if t := p.typeOf(); t != nil {
			return t, true
		}
	case "datatable":
		return p.dataTable(), true
	case "__contextual_datatable":
		return p.contextualDataTable(), true
	case "externaldata", "external_data":
		return p.externalData(), true
	case "materialized-view-combine":
		return p.materializedViewCombine(), true
	case "toscalar":
		return p.toScalar(), true
	}
	return nil, false
}

// keywordAsName reads a keyword that stands where only a name can be meant, and reports it.
func (p *parser) keywordAsName() Expr {
	t := p.tokens[p.pos]
	if t.kind != wordToken || t.class&keyword == 0 {
		return nil
	}
	next := p.peek(1)
	switch {
	case next.strength != noOperator && !next.is('-') && !next.is('+'):
	case next.is(')'), next.is(']'), next.is('}'), next.is('.'), next.is(','), next.is('|'):
	default:
		return nil
	}
	p.fail("KS199", "the keyword "+p.got()+" cannot be a name as it is", "write ['"+p.slice(t)+"']")
	p.pos++
	return &Name{extent: extent{Span{int(t.start), int(t.end)}}, Text: p.slice(t)}
}

// parens reads `(expression)`, which may be a table.
func (p *parser) parens() Expr {
	start := p.start()
	p.pos++
	e := &Parens{Inner: p.requiredPipeline()}
	p.closing(')')
	e.extent = p.from(start)
	return e
}

// dataScope reads `datascope=all` after a name.
func (p *parser) dataScope(target Expr) Expr {
	if !p.atWord("datascope") {
		return target
	}
	scope := p.dataScopeClause()
	return &DataScope{extent: p.from(target.Span().Start), Target: target, Scope: scope}
}

// dataScopeClause reads `datascope=all`, if it is there.
func (p *parser) dataScopeClause() Word {
	if !p.acceptWord("datascope").Present() {
		return Word{}
	}
	p.require('=')
	return p.requireWord("all", "hotcache")
}

// startsCall reports whether a function is called here.
func (p *parser) startsCall() bool { return p.scanCall(0) }

func (p *parser) scanCall(n int) bool {
	size := p.scanName(n)
	return size > 0 && p.peek(n+size).is('(')
}

// call reads f(arguments).
func (p *parser) call() *Call {
	start := p.start()
	c := &Call{Name: p.anyName()}
	p.pos++
	p.commaList("an argument", false, false, p.endOfList, func() bool {
		return collect(&c.Args, p.argument())
	})
	p.closing(')')
	c.extent = p.from(start)
	return c
}

// argument reads an argument of a call: an expression, one with a name, or a star; or nil.
func (p *parser) argument() Expr {
	if p.at('*') && (p.peek(1).is(')') || p.peek(1).is(',')) {
		return p.star()
	}
	return p.nameable()
}

// nameable reads an expression that may have a name before it, or nil.
func (p *parser) nameable() Expr {
	n := p.named()
	switch {
	case n == nil:
		return nil
	case len(n.Names) == 0:
		return n.Value
	}
	return n
}

// requiredNameable reads an expression that may have a name before it, or reports that it is missing.
func (p *parser) requiredNameable() Expr {
	if e := p.nameable(); e != nil {
		return e
	}
	p.missing("an expression")
	return p.bad()
}

// named reads `name = expression`, `(a, b) = expression` or an expression alone, or nil.
func (p *parser) named() *NamedExpr {
	start := p.start()
	n := &NamedExpr{}
	switch size := p.scanNewName(0); {
	case size > 0 && p.peek(size).is('='):
		n.Names = []*Name{p.anyName()}
	case p.dashedName() > 0:
		n.Names = []*Name{p.misnamed(p.dashedName())}
	case p.scanTuple():
		n.Names, n.Tuple = p.tuple(), true
	default:
		if n.Value = p.expression(); n.Value == nil {
			return nil
		}
		n.extent = p.from(start)
		return n
	}
	p.require('=')
	n.Value = p.required()
	n.extent = p.from(start)
	return n
}

// requiredNamed reads a column with or without a name, or reports that it is missing.
func (p *parser) requiredNamed() *NamedExpr {
	if n := p.named(); n != nil {
		return n
	}
	p.missing("an expression")
	e := p.bad()
	return &NamedExpr{extent: extent{e.Span()}, Value: e}
}

// columns reads columns with or without names, separated by commas.
func (p *parser) columns(required bool, ended func() bool) []*NamedExpr {
	var list []*NamedExpr
	p.commaList("an expression", required, false, ended, func() bool {
		return collect(&list, p.named())
	})
	return list
}

// dashedName measures a name with dashes in it before an equal sign, such as total-count = ..., which is not allowed.
func (p *parser) dashedName() int {
	if p.peek(0).kind != wordToken || !p.peek(1).glued {
		return 0
	}
	n := 1
	for {
		t := p.peek(n)
		if !t.glued || t.kind != wordToken && !t.is('-') {
			break
		}
		n++
	}
	if !p.peek(n).is('=') {
		return 0
	}
	return n
}

// misnamed reads the name that dashedName measured, and reports it.
func (p *parser) misnamed(size int) *Name {
	start := p.start()
	end := int(p.peek(size - 1).end)
	text := p.text[start:end]
	p.fail("KS199", `the name "`+text+`" needs brackets`, "write ['"+text+"']")
	p.pos += size
	return &Name{extent: extent{Span{start, end}}, Text: text}
}

// scanTuple reports whether `(a, b) =` is here.
func (p *parser) scanTuple() bool {
	if !p.at('(') {
		return false
	}
	n := 1
	for !p.peek(n).is(')') {
		size := p.scanNewName(n)
		if size == 0 {
			return false
		}
		n += size
		if !p.peek(n).is(',') {
			break
		}
		n++
	}
	return p.peek(n).is(')') && p.peek(n+1).is('=')
}

// tuple reads `(a, b)`.
func (p *parser) tuple() []*Name {
	var names []*Name
	p.pos++
	p.commaList("a name", true, false, p.endOfList, func() bool {
		return collect(&names, p.newName())
	})
	p.closing(')')
	return names
}

// selector reads a name as a member or as the start of a path: also `kind`, @, [expression]; or nil.
func (p *parser) selector() Expr {
	t := p.tokens[p.pos]
	switch {
	case t.is('['):
		return p.bracketed()
	case t.is('@'):
		p.pos++
		return &Name{extent: p.from(int(t.start)), Text: "@"}
	case p.atWord("kind"), p.atWord("withsource"), p.atWord("with_source"):
		return p.anyName()
	}
	if n := p.name(); n != nil {
		return n
	}
	return nil
}

// bracketed reads [wild*card], ['name'] or [expression].
func (p *parser) bracketed() Expr {
	if p.scanWildcard(1) > 0 {
		start := p.start()
		p.pos++
		w := p.wildcard()
		p.closing(']')
		w.extent = p.from(start)
		return w
	}
	if n := p.name(); n != nil {
		return n
	}
	start := p.start()
	p.pos++
	e := &Bracketed{Inner: p.required()}
	p.closing(']')
	e.extent = p.from(start)
	return e
}

// selectorOrCall reads a member of a path, or nil.
func (p *parser) selectorOrCall() Expr {
	if p.startsCall() {
		return p.call()
	}
	return p.selector()
}

// scanWildcard measures, n tokens ahead, a pattern for names such as a*, *b or *; 0 if there is none.
func (p *parser) scanWildcard(n int) int {
	start := n
	switch first := p.peek(n); {
	case first.is('*'):
		n++
	case first.kind == wordToken && first.class&bareNewName != 0 && p.peek(n+1).is('*') && p.peek(n+1).glued:
		n += 2
	default:
		return 0
	}
	for {
		t := p.peek(n)
		if !t.glued || t.kind != longToken && !t.is('*') && (t.kind != wordToken || t.class&bareNewName == 0) {
			return n - start
		}
		n++
	}
}

// wildcard reads a pattern for names, or nil.
func (p *parser) wildcard() *Wildcard {
	size := p.scanWildcard(0)
	if size == 0 {
		return nil
	}
	start := p.start()
	p.pos += size
	w := &Wildcard{extent: p.from(start)}
	w.Pattern = p.text[w.span.Start:w.span.End]
	return w
}

// nameOrWildcard reads a name or a pattern for names, or nil.
func (p *parser) nameOrWildcard() Expr {
	if w := p.wildcard(); w != nil {
		return w
	}
	if n := p.name(); n != nil {
		return n
	}
	return nil
}

// simplePath reads a column: a name, and members or elements of it, without calls; or nil.
func (p *parser) simplePath() Expr {
	start := p.start()
	e := p.selector()
	for e != nil {
		switch {
		case p.accept('.'):
			member := p.selector()
			if member == nil {
				p.missing("a name after " + `"."`)
				member = p.bad()
			}
			e = &Member{extent: p.from(start), Target: e, Member: member}
		case p.at('['):
			e = p.entityElement(start, e)
		default:
			return e
		}
	}
	return nil
}

// entityElement reads the bracket after a table or a column.
func (p *parser) entityElement(start int, target Expr) Expr {
	index := p.bracketed()
	if b, ok := index.(*Bracketed); ok {
		index = b.Inner
	}
	return &Element{extent: p.from(start), Target: target, Index: index}
}

// entity reads a table of union, find and restrict: a name, a pattern for names, a call, or a path of these; or nil.
func (p *parser) entity() Expr {
	if w := p.wildcard(); w != nil {
		return w
	}
	start := p.start()
	e := p.selectorOrCall()
	for e != nil {
		switch {
		case p.accept('.'):
			if w := p.wildcard(); w != nil {
				return &Member{extent: p.from(start), Target: e, Member: w}
			}
			e = p.member(start, e)
		case p.at('['):
			e = p.entityElement(start, e)
		default:
			return e
		}
	}
	return nil
}
