package syntax

import (
	"slices"
	"strings"
)

// commands reads a text that begins with a dot.
func (p *parser) commands() []Statement {
	var list []Statement
	const enough = 1000 // commands in one text
	for p.at('.') && len(list) < enough {
		list = append(list, p.command())
		for p.accept(';') {
		}
	}
	if p.tokens[p.pos].kind != endToken {
		p.expected("KS005", `";"`)
		p.pos = len(p.tokens) - 1
	}
	return list
}

// command reads a management command.
func (p *parser) command() *Command {
	start := p.start()
	p.pos++ // the dot
	c := &Command{}
	if !p.knownCommand(c) {
		p.checkCreated()
		p.anything(c)
	}
	if p.at('|') {
		c.Piped = p.piped(p.start(), nil, nil)
	}
	c.extent = p.from(start)
	c.Text = p.text[c.span.Start:c.span.End]
	return c
}

// checkCreated reports a `.create` of something that cannot be created.
func (p *parser) checkCreated() {
	if !p.atWord("create") || p.peek(1).glued {
		return
	}
	known := []string{
		"async", "database", "entity_group", "external", "function", "ifnotexists", "materialized", "mirroring", "request_memoryprofile",
		"request_support", "rowstore", "table", "tables", "tempstorage",
	}
	if next := p.peek(1); next.kind != wordToken || !slices.Contains(known, p.slice(next)) {
		p.pos++
		p.expected("KS005", "what to create")
	}
}

// knownCommand reads a command of one of the forms, or of the form that agrees with most of it; false if it begins like none.
func (p *parser) knownCommand(c *Command) bool {
	const enough = 2 // words that two forms must share to be of one kind
	before, best, farthest := *p, "", enough
	for _, form := range CommandForms() {
		r := formReader{parser: p, command: c}
		if r.read(form) {
			c.Form = form
			return true
		}
		if r.elements > farthest {
			best, farthest = form, r.elements
		}
		*p = before
		p.diagnostics = p.diagnostics[:len(before.diagnostics):len(before.diagnostics)]
		*c = Command{}
	}
	if best == "" {
		return false
	}
	(&formReader{parser: p, command: c}).read(best)
	c.Form = best
	p.expected("KS005", "another form of the command")
	p.pos = len(p.tokens) - 1
	return true
}

// anything passes what is left of the text, which need not be cut into tokens that mean something.
func (p *parser) anything(c *Command) {
	from := p.pos
	for p.tokens[p.pos].kind != endToken && !p.at(';') && (!p.at('|') || p.pos == from) {
		if p.at(lessBar) {
			if p.pos++; p.tokens[p.pos].kind != endToken && !p.at('.') {
				c.Query = p.commandQuery()
			}
			continue
		}
		p.pos++
	}
}

// commandQuery reads the query behind `<|`, up to the end of the text.
func (p *parser) commandQuery() *Block {
	start := p.start()
	b := &Block{Statements: p.statements()}
	b.extent = p.from(start)
	return b
}

// formReader reads a command by one form.
type formReader struct {
	*parser
	command *Command
	// elements counts the parts that were read.
	elements int
}

// read reads the parts of a form; false if one is not there, with what was read before it consumed.
func (r *formReader) read(form string) bool {
	for part := range strings.FieldsSeq(form) {
		if inner, optional := strings.CutPrefix(part, "["); optional {
			r.words(strings.TrimSuffix(inner, "]"))
			continue
		}
		if !r.part(part) {
			return false
		}
		r.elements++
	}
	return true
}

func (r *formReader) part(part string) bool {
	switch part {
	case "NAME":
		return r.newName() != nil
	case "TABLE":
		return collect(&r.command.Tables, r.newName())
	case "ENTITY":
		return r.entityName()
	case "TABLES":
		return r.tables()
	case "SCHEMA":
		return r.at('(') && r.rowSchema() != nil
	case "SCHEMAS":
		return r.schemas()
	case "WITH":
		if r.acceptWord("with").Present() {
			r.parenthesizedProperties()
		}
		return true
	case "STRING":
		return r.tokens[r.pos].kind == stringToken && r.stringLiteral() != nil
	default:
		return r.longPart(part)
	}
}

// longPart reads the parts that hold a query, and words.
func (r *formReader) longPart(part string) bool {
	switch part {
	case "FUNCTION":
		r.command.Function = r.function()
		return true
	case "BLOCK":
		r.command.Query = r.block()
		return true
	case "QUERY":
		if !r.accept(lessBar) {
			return false
		}
		r.command.Query = r.commandQuery()
		return true
	case "DATA":
		r.data()
		return true
	case "ANY":
		r.anything(r.command)
		return true
	default:
		return r.words(part)
	}
}

// data passes what is left of the text, with what the lexer made of it.
func (r *formReader) data() {
	from := r.start()
	r.diagnostics = slices.DeleteFunc(slices.Clone(r.diagnostics), func(d Diagnostic) bool { return d.Span.Start >= from })
	if r.at(lessBar) {
		r.pos = len(r.tokens) - 1
	}
	for r.tokens[r.pos].kind != endToken && !r.at('|') {
		r.pos++
	}
}

// words reads one of the words, in which dashes stand without space.
func (r *formReader) words(alternatives string) bool {
	size := 1
	for r.peek(size).glued && (r.peek(size).is('-') || r.peek(size).kind == wordToken && r.peek(size-1).is('-')) {
		size++
	}
	text := r.text[r.tokens[r.pos].start:r.peek(size-1).end]
	for word := range strings.SplitSeq(alternatives, "|") {
		if word == text {
			r.pos += size
			return true
		}
	}
	return false
}

// entityName reads a name and its parts, of which the first must exist.
func (r *formReader) entityName() bool {
	if !collect(&r.command.Entities, r.newName()) {
		return false
	}
	for r.at('.') && r.peek(0).glued && r.peek(1).glued {
		r.pos++
		r.newName()
	}
	return true
}

func (r *formReader) tables() bool {
	if !r.accept('(') {
		return false
	}
	r.commaList("a table", true, false, r.endOfList, func() bool { return collect(&r.command.Tables, r.newName()) })
	r.closing(')')
	return true
}

func (r *formReader) schemas() bool {
	for {
		if r.newName() == nil || !r.at('(') {
			return false
		}
		r.rowSchema()
		if !r.accept(',') {
			return true
		}
	}
}
