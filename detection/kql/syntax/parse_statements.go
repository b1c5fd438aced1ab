package syntax

// directives passes the lines that begin with # at the start of a query; they are for the client.
func (p *parser) directives() []Word {
	var list []Word
	for ; p.tokens[p.pos].kind == directiveToken; p.pos++ {
		start := int(p.tokens[p.pos].start) + len("#")
		end := start
		for end < len(p.text) && isNameByte(p.text[end]) {
			end++
		}
		list = append(list, Word{Text: p.text[start:end], Span: Span{start, end}})
	}
	return list
}

// isNameByte reports whether a byte can be part of the name of a directive.
func isNameByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// statements reads the statements of a query up to its end.
func (p *parser) statements() []Statement {
	var list []Statement
	for {
		s := p.statement()
		if s != nil {
			list = append(list, s)
		} else if p.at(';') {
			p.expected("KS006", "a statement")
		}
		switch {
		case p.accept(';'):
		case p.tokens[p.pos].kind == endToken:
			return list
		default:
			p.betweenStatements(s != nil)
		}
	}
}

// betweenStatements reports what is wrong where a semicolon should be, and finds the place to read on.
func (p *parser) betweenStatements(after bool) {
	if after && p.startsStatement() {
		p.expected("KS005", `";"`)
		return
	}
	before := p.pos
	switch {
	case p.at('|'):
		p.fail("KS176", `expected a table before "|"`, "")
	case p.at(')'), p.at(']'), p.at('}'):
		p.fail("KS198", "unexpected "+p.got(), "")
	case after:
		p.expected(p.leftover(), `"|" or ";"`)
	default:
		p.expected("KS006", "a statement")
	}
	p.resync()
	for p.at('|') || p.at(')') || p.at(']') || p.at('}') {
		p.pos++
		p.failed = p.pos
		p.resync()
	}
	if p.pos == before && !p.at(';') && p.tokens[p.pos].kind != endToken && !p.startsStatement() {
		p.pos++
	}
}

// startsStatement reports whether a statement other than an expression begins here.
func (p *parser) startsStatement() bool {
	t := p.tokens[p.pos]
	if t.kind != wordToken {
		return false
	}
	switch p.slice(t) {
	case "let":
		return p.scanName(1) > 0
	case "set":
		return true
	case "alias":
		return p.isWord(1, "database")
	case "declare":
		return p.isWord(1, "pattern") || p.isWord(1, "query_parameters")
	case "restrict":
		return p.isWord(1, "access")
	}
	return false
}

// statement reads one statement, or nil.
func (p *parser) statement() Statement {
	if p.startsStatement() {
		switch p.slice(p.tokens[p.pos]) {
		case "let":
			return p.let()
		case "set":
			return p.set()
		case "alias":
			return p.alias()
		case "restrict":
			return p.restrict()
		case "declare":
			if p.isWord(1, "pattern") {
				return p.declarePattern()
			}
			return p.queryParameters()
		}
	}
	start := p.start()
	value := p.pipeline()
	if value == nil {
		return nil
	}
	return &ExpressionStatement{extent: p.from(start), Value: value}
}

// let reads `let name = value`.
func (p *parser) let() *Let {
	start := p.start()
	s := &Let{Keyword: p.word()}
	s.Name = p.requiredName()
	p.require('=')
	switch {
	case p.atWord("materialize"):
		s.Value = p.materialize()
	case p.atWord("entity_group"):
		s.Value = p.entityGroup()
	case p.startsFunction():
		s.Value = p.function()
	default:
		s.Value = p.requiredPipeline()
	}
	s.extent = p.from(start)
	return s
}

// materialize reads `materialize(table)` after `let name =`.
func (p *parser) materialize() *Materialize {
	start := p.start()
	m := &Materialize{Keyword: p.word()}
	m.Input = p.parenthesizedPipeline()
	m.extent = p.from(start)
	return m
}

// parenthesizedPipeline reads `(table)`.
func (p *parser) parenthesizedPipeline() Expr {
	if !p.require('(') {
		return p.bad()
	}
	value := p.requiredPipeline()
	p.closing(')')
	return value
}

// entityGroup reads `entity_group [entities]` or `entity_group("name")`.
func (p *parser) entityGroup() Expr {
	if p.peek(1).is('(') {
		return p.call()
	}
	start := p.start()
	g := &EntityGroup{Keyword: p.word()}
	p.require('[')
	g.Entities = p.expressions(true)
	p.closing(']')
	g.extent = p.from(start)
	return g
}

// set reads `set name = value`.
func (p *parser) set() *Set {
	start := p.start()
	s := &Set{Keyword: p.word(), Name: p.requiredName()}
	if p.accept('=') {
		s.Value = p.required()
	}
	s.extent = p.from(start)
	return s
}

// alias reads `alias database name = expression`.
func (p *parser) alias() *Alias {
	start := p.start()
	s := &Alias{Keyword: p.word()}
	p.pos++
	s.Name = p.requiredName()
	p.require('=')
	s.Value = p.required()
	s.extent = p.from(start)
	return s
}

// restrict reads `restrict access to (tables)`.
func (p *parser) restrict() *Restrict {
	start := p.start()
	s := &Restrict{Keyword: p.word()}
	p.pos++
	p.requireWord("to")
	p.require('(')
	p.commaList("a table", true, false, p.endOfList, func() bool {
		return collect(&s.Tables, p.entity())
	})
	p.closing(')')
	if p.acceptWord("with").Present() {
		s.With = p.parenthesizedProperties()
	}
	s.extent = p.from(start)
	return s
}

// queryParameters reads `declare query_parameters (parameters)`.
func (p *parser) queryParameters() *QueryParameters {
	start := p.start()
	s := &QueryParameters{Keyword: p.word()}
	p.requireWord("query_parameters")
	s.Parameters = p.parameters(true)
	s.extent = p.from(start)
	return s
}

// declarePattern reads `declare pattern name = (arguments)[path] { cases }`.
func (p *parser) declarePattern() *DeclarePattern {
	start := p.start()
	s := &DeclarePattern{Keyword: p.word()}
	p.pos++
	s.Name = p.requiredName()
	if p.accept('=') {
		s.Arguments = p.parameters(false)
		if p.accept('[') {
			s.Path = p.parameter()
			p.closing(']')
		}
		p.require('{')
		for !p.endOfList() && p.at('(') {
			s.Cases = append(s.Cases, p.patternCase())
		}
		if len(s.Cases) == 0 {
			p.expected("KS006", "a case of the pattern")
		}
		p.closing('}')
	}
	s.extent = p.from(start)
	return s
}

// patternCase reads `("a").["path"] = { body };`.
func (p *parser) patternCase() *PatternCase {
	start := p.start()
	p.pos++
	c := &PatternCase{Arguments: p.expressions(true)}
	p.closing(')')
	if p.accept('.') {
		p.require('[')
		if c.Path = p.literal(); c.Path == nil {
			p.expected("KS006", "a string")
		}
		p.closing(']')
	}
	p.require('=')
	c.Body = p.block()
	p.require(';')
	c.extent = p.from(start)
	return c
}

// startsFunction reports whether a function is declared here.
func (p *parser) startsFunction() bool {
	n := 0
	if p.atWord("view") {
		n = 1
	}
	if !p.peek(n).is('(') {
		return false
	}
	if next := p.peek(n + 1); next.is(')') || next.is('*') {
		return true
	}
	size := p.scanNewName(n + 1)
	return size > 0 && p.peek(n+1+size).is(':')
}

// function reads `view (parameters) { body }`.
func (p *parser) function() *Function {
	start := p.start()
	f := &Function{View: p.acceptWord("view")}
	f.Parameters = p.parameters(false)
	f.Body = p.block()
	f.extent = p.from(start)
	return f
}

// block reads `{ let a = b; expression }`.
func (p *parser) block() *Block {
	start := p.start()
	b := &Block{}
	if !p.enter() || !p.require('{') {
		b.extent = p.from(start)
		return b
	}
	defer p.leave()
	for p.atWord("let") || p.atWord("declare") {
		if p.atWord("let") {
			b.Statements = append(b.Statements, p.let())
		} else {
			b.Statements = append(b.Statements, p.queryParameters())
		}
		if !p.require(';') {
			p.resync()
			p.accept(';')
		}
	}
	at := p.start()
	if value := p.pipeline(); value != nil {
		b.Statements = append(b.Statements, &ExpressionStatement{extent: p.from(at), Value: value})
	}
	p.accept(';')
	p.closing('}')
	b.extent = p.from(start)
	return b
}

// parameters reads `(a:string, T:(*))`.
func (p *parser) parameters(required bool) []*Parameter {
	var list []*Parameter
	if !p.require('(') {
		return nil
	}
	p.commaList("a parameter", required, false, p.endOfList, func() bool {
		return collect(&list, p.parameter())
	})
	p.closing(')')
	return list
}

// parameter reads `name:type = default`, or nil.
func (p *parser) parameter() *Parameter {
	start := p.start()
	name := p.newName()
	if name == nil && !p.at(':') {
		return nil
	}
	if name == nil {
		p.expected("KS006", "the name of a parameter")
	}
	a := &Parameter{Name: name}
	p.require(':')
	if p.at('(') {
		a.Schema = p.tableType()
	} else {
		a.Type = p.scalarType()
	}
	if p.accept('=') {
		a.Default = p.settingValue()
		if a.Default == nil {
			p.expected("KS006", "a literal")
			a.Default = p.bad()
		}
	}
	a.extent = p.from(start)
	return a
}

// scalarType reads the word of a type.
func (p *parser) scalarType() Word {
	t := p.tokens[p.pos]
	if t.kind != wordToken {
		p.expected("KS006", "a type")
		return Word{}
	}
	if !isType(p.slice(t)) {
		hint := didYouMean(p.slice(t), "", typeNames())
		if t.class&bareName == 0 && !isOldType(p.slice(t)) {
			p.fail("KS006", "expected a type, got "+p.got(), hint)
			return Word{}
		}
		p.fail("KS178", "no type is called "+p.got(), hint)
	}
	return p.word()
}

// isType reports whether a word names a scalar type in a declaration.
func isType(word string) bool {
	switch word {
	case "bool", "boolean", "date", "datetime", "decimal", "double", "dynamic", "guid", "int", "int8", "int64",
		"long", "real", "string", "time", "timespan", "uniqueid":
		return true
	}
	return false
}

// isOldType reports whether a word names a type that only typeof knows.
func isOldType(word string) bool {
	switch word {
	case "float", "int16", "int32", "uint", "uint8", "uint16", "uint32", "uint64", "ulong":
		return true
	}
	return false
}

func typeNames() []string {
	return []string{"bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"}
}

// rowSchema reads `(a:string, b:long)`.
func (p *parser) rowSchema() *RowSchema {
	start := p.start()
	s := &RowSchema{}
	if p.require('(') {
		p.accept(',')
		p.schemaColumns(s)
	}
	s.extent = p.from(start)
	return s
}

// schemaColumns reads the columns of a schema and its closing parenthesis.
func (p *parser) schemaColumns(s *RowSchema) {
	p.commaList("a column and its type", false, true, p.endOfList, func() bool {
		return collect(&s.Columns, p.columnDeclaration())
	})
	p.closing(')')
}

// starSchema reads the schema of a plugin: `(*, a:string)`.
func (p *parser) starSchema() *RowSchema {
	start := p.start()
	s := &RowSchema{}
	if p.require('(') {
		p.accept(',')
		if s.Star = p.accept('*'); s.Star {
			p.accept(',')
		}
		p.schemaColumns(s)
	}
	s.extent = p.from(start)
	return s
}

// tableType reads the schema of a parameter that is a table: `(a:string)` or `(*)`.
func (p *parser) tableType() *RowSchema {
	start := p.start()
	s := &RowSchema{}
	p.pos++
	if s.Star = p.accept('*'); s.Star {
		p.closing(')')
	} else {
		p.schemaColumns(s)
	}
	s.extent = p.from(start)
	return s
}

// columnDeclaration reads `name:type`, or nil.
func (p *parser) columnDeclaration() *ColumnDeclaration {
	start := p.start()
	name := p.newName()
	if name == nil && !p.at(':') {
		return nil
	}
	if name == nil {
		p.expected("KS006", "the name of a column")
	}
	c := &ColumnDeclaration{Name: name}
	if p.accept(':') {
		c.Type = p.scalarType()
	} else {
		p.expected("KS005", `":" and a type`)
	}
	c.extent = p.from(start)
	return c
}

// collect appends an element that was read, and reports whether there was one.
func collect[T comparable](list *[]T, element T) bool {
	var none T
	if element == none {
		return false
	}
	*list = append(*list, element)
	return true
}
