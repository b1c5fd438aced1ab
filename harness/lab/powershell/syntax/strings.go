package syntax

import (
	"strings"
	"unicode/utf8"
)

// stringBuilder collects literal text and embedded expressions.
type stringBuilder struct {
	parts []Expr
	buf   strings.Builder
	bare  bool
	quote byte
}

func (w *stringBuilder) text(s string) { w.buf.WriteString(s) }

func (w *stringBuilder) add(e Expr) {
	if s, ok := e.(*String); ok {
		w.text(s.Value)
		return
	}
	w.flush()
	w.parts = append(w.parts, e)
}

func (w *stringBuilder) flush() {
	if w.buf.Len() > 0 {
		w.parts = append(w.parts, &String{Value: w.buf.String()})
		w.buf.Reset()
	}
}

func (w *stringBuilder) expr(span Span) Expr {
	if w.parts == nil {
		return &String{Span: span, Value: w.buf.String(), Bare: w.bare, Quote: w.quote}
	}
	w.flush()
	return &Expandable{Span: span, Parts: w.parts, Bare: w.bare}
}

// quoted parses a string literal at the position.
func (p *parser) quoted() Expr {
	start := p.pos
	kind, width := p.quote()
	p.pos += width
	if kind == '\'' {
		return &String{Value: p.singleBody(), Span: Span{start, p.pos}, Quote: '\''}
	}
	w := stringBuilder{quote: '"'}
	p.doubleBody(&w)
	return w.expr(Span{start, p.pos})
}

func (p *parser) unterminated(start int, quote string) {
	p.fail(start, "TerminatorExpectedAtEndOfString", "The string is missing the terminator: "+quote+".")
}

// singleBody parses the rest of a single-quoted string.
func (p *parser) singleBody() string {
	start := p.pos
	var b strings.Builder
	for !p.eof() {
		kind, width := p.quote()
		_, n := p.rune()
		if kind == '\'' {
			p.pos += width
			if again, w := p.quote(); again == '\'' {
				b.WriteString(p.text[p.pos : p.pos+w])
				p.pos += w
				continue
			}
			return b.String()
		}
		b.WriteString(p.text[p.pos : p.pos+n])
		p.pos += n
	}
	p.unterminated(start-1, "'")
	return b.String()
}

// doubleBody parses the rest of a double-quoted string.
func (p *parser) doubleBody(w *stringBuilder) {
	start := p.pos
	for !p.eof() && p.err == nil {
		kind, width := p.quote()
		switch {
		case kind == '"':
			p.pos += width
			again, n := p.quote()
			if again != '"' {
				return
			}
			w.text(p.text[p.pos : p.pos+n])
			p.pos += n
		case p.peek() == '`':
			p.escape(w)
		case p.peek() == '$':
			w.add(p.variable())
		default:
			_, n := p.rune()
			w.text(p.text[p.pos : p.pos+n])
			p.pos += n
		}
	}
	p.unterminated(start-1, `"`)
}

// escape parses a backtick sequence.
func (p *parser) escape(w *stringBuilder) {
	p.next()
	if p.eof() {
		w.text("`")
		return
	}
	if isNewline(p.peek()) && w.bare {
		p.next()
		w.text(" ")
		return
	}
	const names, values = "0abefnrtv", "\x00\a\b\x1b\f\n\r\t\v"
	if i := strings.IndexByte(names, p.peek()); i >= 0 && p.peek() != 'e' {
		w.text(values[i : i+1])
		p.next()
		return
	}
	_, n := p.rune()
	w.text(p.text[p.pos : p.pos+n])
	p.pos += n
}

// hereString parses `@'` or `@"` up to the matching terminator at the beginning of a line.
func (p *parser) hereString() Expr {
	start := p.pos
	p.next()
	kind, width := p.quote()
	p.pos += width
	for p.space() > 0 {
		p.pos += p.space()
	}
	if !p.newline() {
		p.fail(start, "UnexpectedCharactersAfterHereStringHeader", "No characters are allowed after a here-string header but before the end of the line.")
		return &String{}
	}
	w := stringBuilder{quote: kind}
	body := p.pos
	first := true
	for !p.eof() && p.err == nil {
		if n := p.hereEnd(kind, first && p.pos == body); n > 0 {
			p.pos += n
			return w.expr(Span{start, p.pos})
		}
		first = false
		p.hereCharacter(kind, &w)
	}
	p.fail(start, "TerminatorExpectedAtEndOfString", "The string is missing the terminator: "+string(kind)+"@.")
	return &String{}
}

func (p *parser) hereCharacter(kind byte, w *stringBuilder) {
	if kind == '"' && p.peek() == '`' {
		p.escape(w)
		return
	}
	if kind == '"' && p.peek() == '$' {
		w.add(p.variable())
		return
	}
	_, n := p.rune()
	w.text(p.text[p.pos : p.pos+n])
	p.pos += n
}

func (p *parser) newline() bool {
	p.accept("\r")
	if p.accept("\n") {
		return true
	}
	return p.pos > 0 && p.text[p.pos-1] == '\r'
}

// hereEnd returns the width of a terminator at the position, its preceding newline included; an empty here-string
// has no newline of its own.
func (p *parser) hereEnd(kind byte, empty bool) int {
	save := p.pos
	defer func() { p.pos = save }()
	if isNewline(p.peek()) {
		p.newline()
	} else if !empty {
		return 0
	}
	k, w := p.quote()
	if k != kind || p.at(w) != '@' {
		return 0
	}
	return p.pos + w + 1 - save
}

// variable parses what begins with a dollar sign: a variable, `${...}` or `$(...)`. A lone dollar is a literal String.
func (p *parser) variable() Expr {
	start := p.pos
	p.next()
	switch c := p.peek(); {
	case c == '(' && !p.eof():
		return p.subExpression(start)
	case c == '{' && !p.eof():
		return p.bracedVariable(start)
	case c == '$' || c == '?' || c == '^':
		p.next()
		return &Variable{Span: Span{start, p.pos}, Name: string(c)}
	}
	name := p.variableWord()
	if name == "" {
		if p.peek() == ':' && p.at(1) == ':' || p.eof() || !isIdentifier(p.peek()) {
			return &String{Span: Span{start, p.pos}, Value: "$"}
		}
	}
	p.pos += len(name)
	v := &Variable{Name: name}
	if p.peek() == ':' && p.at(1) != ':' {
		if isIdentifier(p.at(1)) {
			p.next()
			v.Scope = strings.ToLower(name)
			v.Name = p.variableWord()
			p.pos += len(v.Name)
		}
	}
	v.Span = Span{start, p.pos}
	return v
}

func (p *parser) variableWord() string {
	end := p.pos
	for end < len(p.text) && isIdentifier(p.text[end]) {
		if p.text[end] >= utf8.RuneSelf {
			if r, w := utf8.DecodeRuneInString(p.text[end:]); strings.ContainsRune(singleQuotes+doubleQuotes+"\u2013\u2014\u2015\u00a0", r) || w == 0 {
				break
			}
		}
		end++
	}
	return p.text[p.pos:end]
}

func (p *parser) bracedVariable(start int) Expr {
	p.next()
	var b strings.Builder
	for !p.eof() && p.peek() != '}' {
		if p.peek() == '`' && p.pos+1 < len(p.text) {
			p.next()
		}
		b.WriteByte(p.peek())
		p.next()
	}
	if !p.accept("}") {
		p.fail(start, "IncompleteDollarVariable", "The variable reference is missing its closing '}'.")
		return &Variable{}
	}
	v := &Variable{Span: Span{start, p.pos}, Name: b.String()}
	if scope, name, ok := strings.Cut(v.Name, ":"); ok && scope != "" && name != "" {
		v.Scope, v.Name = strings.ToLower(scope), name
	}
	return v
}

func (p *parser) subExpression(start int) Expr {
	open := p.pos
	p.next()
	if !p.enter() {
		return &SubExpr{}
	}
	defer p.leave()
	restore := p.commas(true)
	b := p.statements()
	restore()
	p.expect(')', open, "MissingEndParenthesisInSubexpression", "Missing closing ')' in subexpression.")
	return &SubExpr{Span{start, p.pos}, b}
}
