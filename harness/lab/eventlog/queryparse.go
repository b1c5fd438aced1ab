package eventlog

import (
	"fmt"
	"strconv"
	"strings"
)

// QueryError is an expression that the event log service would refuse with
// ERROR_EVT_INVALID_QUERY.
type QueryError struct {
	Query  string
	Offset int // of the trouble, in bytes
	Reason string
}

// Error says what is wrong and where.
func (e *QueryError) Error() string {
	return fmt.Sprintf("event query: column %d: %s\n\t%s\n\t%s^", e.Offset+1, e.Reason, e.Query, strings.Repeat(" ", e.Offset))
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	nameToken
	numberToken
	stringToken
	symbolToken
)

// maxDepth bounds the nesting of a query.
const maxDepth = 32

type parser struct {
	text   string
	offset int // behind the token
	start  int // of the token
	kind   tokenKind
	token  string
	depth  int
	err    error
}

func (p *parser) fail(reason string) {
	if p.err == nil {
		p.err = &QueryError{Query: p.text, Offset: p.start, Reason: reason}
	}
	p.kind, p.token = endToken, ""
	p.offset = len(p.text)
}

func (p *parser) next() {
	for p.offset < len(p.text) && strings.ContainsRune(" \t\r\n", rune(p.text[p.offset])) {
		p.offset++
	}
	p.start = p.offset
	if p.offset == len(p.text) {
		p.kind, p.token = endToken, ""
		return
	}
	switch c := p.text[p.offset]; {
	case c == '\'' || c == '"':
		p.quoted(c)
	case c >= '0' && c <= '9':
		p.take(numberToken, func(c byte) bool { return nameByte(c) && c != '-' })
	case nameByte(c):
		p.take(nameToken, nameByte)
	default:
		p.symbol()
	}
}

func nameByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func (p *parser) take(kind tokenKind, more func(byte) bool) {
	for p.offset < len(p.text) && more(p.text[p.offset]) {
		p.offset++
	}
	p.kind, p.token = kind, p.text[p.start:p.offset]
}

func (p *parser) quoted(quote byte) {
	end := strings.IndexByte(p.text[p.offset+1:], quote)
	if end < 0 {
		p.fail("the text has no closing quote")
		return
	}
	p.kind, p.token = stringToken, p.text[p.offset+1:p.offset+1+end]
	p.offset += end + 2
}

func (p *parser) symbol() {
	for _, s := range []string{"<=", ">=", "!=", "=", "<", ">", "[", "]", "(", ")", "/", "@", "*", ","} {
		if strings.HasPrefix(p.text[p.offset:], s) {
			p.kind, p.token = symbolToken, s
			p.offset += len(s)
			return
		}
	}
	p.fail(fmt.Sprintf("%q is not part of an event query", p.text[p.offset]))
}

func (p *parser) accept(symbol string) bool {
	if p.kind == symbolToken && p.token == symbol {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(symbol string) {
	if !p.accept(symbol) {
		p.fail("expected " + symbol)
	}
}

func (p *parser) path() *path {
	out := &path{}
	for {
		out.steps = append(out.steps, p.step())
		if p.err != nil || !p.accept("/") {
			return out
		}
	}
}

func (p *parser) step() step {
	s := step{attribute: p.accept("@")}
	switch {
	case p.kind == nameToken:
		s.name = p.token
		p.next()
	case p.accept("*"):
		s.name = "*"
	default:
		p.fail("expected the name of an element")
	}
	for p.err == nil && p.accept("[") {
		s.predicates = append(s.predicates, p.or())
		p.expect("]")
	}
	return s
}

func (p *parser) or() expression {
	if p.depth++; p.depth > maxDepth {
		p.fail("the query is nested too deeply")
	}
	defer func() { p.depth-- }()
	left := p.and()
	for p.kind == nameToken && p.token == "or" {
		p.next()
		left = logical{left: left, right: p.and()}
	}
	return left
}

func (p *parser) and() expression {
	left := p.comparison()
	for p.kind == nameToken && p.token == "and" {
		p.next()
		left = logical{and: true, left: left, right: p.comparison()}
	}
	return left
}

func (p *parser) comparison() expression {
	left := p.operand()
	if p.kind != symbolToken {
		return left
	}
	switch op := p.token; op {
	case "=", "!=", "<", "<=", ">", ">=":
		p.next()
		return comparison{op: op, left: left, right: p.operand()}
	}
	return left
}

func (p *parser) operand() expression {
	switch {
	case p.kind == numberToken:
		n, ok := number(p.token)
		if !ok {
			p.fail(strconv.Quote(p.token) + " is not a number")
		}
		p.next()
		return literal{n}
	case p.kind == stringToken:
		value := p.token
		p.next()
		return literal{value}
	case p.accept("("):
		inner := p.or()
		p.expect(")")
		return inner
	}
	inner := p.path()
	if len(inner.steps) == 1 && len(inner.steps[0].predicates) == 0 && p.accept("(") {
		return p.call(inner.steps[0].name)
	}
	return inner
}

func (p *parser) call(name string) expression {
	if name != "timediff" && name != "band" && name != "position" {
		p.fail("the event log has no function " + name)
	}
	c := call{name: name}
	for p.err == nil && !p.accept(")") {
		c.args = append(c.args, p.or())
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	return c
}
