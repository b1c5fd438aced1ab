package cmd

import (
	"cmp"
	"strings"
)

// comparisons are the word operators of IF.
const comparisons = " equ neq lss leq gtr geq "

// ifCommand parses what follows the word IF.
func (p *parser) ifCommand() node {
	c := &ifCommand{}
	word := p.operand()
	for {
		switch strings.ToLower(word) {
		case "/i":
			c.fold = true
		case "not":
			c.not = true
		default:
			p.condition(c, word)
			return p.ifBodies(c)
		}
		word = p.operand()
	}
}

// condition parses the test that starts with word.
func (p *parser) condition(c *ifCommand, word string) {
	switch lower := strings.ToLower(word); lower {
	case "exist", "defined", "errorlevel", "cmdextversion":
		c.kind, c.left = lower, p.operand()
		if c.left == "" {
			p.fail("")
		}
		return
	case "":
		p.fail(p.unexpected())
		return
	}
	c.left = word
	p.skipSpaces()
	if strings.HasPrefix(p.text[p.pos:], "==") {
		p.pos += 2
		c.kind = "=="
	} else if op := strings.ToLower(p.operand()); op != "" && strings.Contains(comparisons, " "+op+" ") {
		c.kind = op
	} else {
		p.fail(op)
		return
	}
	c.right = p.operand()
	if c.right == "" {
		p.fail(p.unexpected())
	}
}

func (p *parser) skipSpaces() {
	for p.peek() == ' ' || p.peek() == '\t' {
		p.pos++
	}
}

// operand reads one operand of IF: it ends at a blank or at ==.
func (p *parser) operand() string {
	p.skipSpaces()
	for (p.peek() == ',' || p.peek() == ';') && p.pos < len(p.text) {
		p.pos++
		p.skipSpaces()
	}
	return p.word("&|<>(\n")
}

func (p *parser) ifBodies(c *ifCommand) node {
	if p.err != nil {
		return c
	}
	p.nest++
	defer func() { p.nest-- }()
	p.skipBlank()
	opened := p.peek() == '('
	if !opened {
		c.then = p.sequenceInLine()
		return c
	}
	c.then = p.command()
	if p.err == nil && p.elseWord() {
		c.other = p.sequenceInLine()
		return c
	}
	c.then = p.continueWith(c.then)
	return c
}

// elseWord consumes ELSE behind the closing parenthesis of an IF.
func (p *parser) elseWord() bool {
	p.skipBlank()
	end := p.pos + len("else")
	if end > len(p.text) || !strings.EqualFold(p.text[p.pos:end], "else") {
		return false
	}
	if end < len(p.text) && !isBlank(p.text[end]) && p.text[end] != '(' && p.text[end] != '\n' {
		return false
	}
	p.pos = end
	return true
}

// sequenceInLine parses the commands that IF or FOR governs: all that follow
// on the same line.
func (p *parser) sequenceInLine() node {
	if p.nest > maxDepth {
		p.fail("")
		return &simple{}
	}
	return p.continueWith(p.command())
}

// continueWith parses the operators that follow a first command on its line.
func (p *parser) continueWith(first node) node {
	pending := first
	once := func() node {
		if pending != nil {
			n := pending
			pending = nil
			return n
		}
		return p.command()
	}
	left := p.joined("||", func() node {
		return p.joined("&&", func() node { return p.joined("|", once) })
	})
	for p.err == nil && p.peek() == '&' {
		p.pos++
		if p.atEnd() || p.peek() == '\n' {
			break
		}
		left = &binary{op: "&", left: left, right: p.alternative()}
		p.skipBlank()
	}
	return left
}

// forCommand parses what follows the word FOR.
func (p *parser) forCommand() node {
	c := &forCommand{}
	p.forSwitches(c)
	word := p.operand()
	if len(word) != 2 || word[0] != '%' {
		p.fail(cmp.Or(word, p.rest()))
		return c
	}
	c.variable = word[1]
	if in := p.operand(); !strings.EqualFold(in, "in") {
		p.fail(cmp.Or(in, p.rest()))
		return c
	}
	p.skipBlank()
	if p.peek() != '(' {
		p.fail(p.unexpected())
		return c
	}
	p.pos++
	c.set = p.forSet()
	if do := p.operand(); !strings.EqualFold(do, "do") {
		p.fail(cmp.Or(do, p.rest()))
		return c
	}
	p.nest++
	defer func() { p.nest-- }()
	if p.err == nil {
		c.body = p.sequenceInLine()
	}
	return c
}

// forSwitches reads /d /l /f ["options"] /r [folder].
func (p *parser) forSwitches(c *forCommand) {
	for {
		p.skipBlank()
		if p.peek() != '/' || p.pos+1 >= len(p.text) {
			return
		}
		kind := p.text[p.pos+1] | 0x20
		if strings.IndexByte("dlfr", kind) < 0 {
			p.fail(p.rest())
			return
		}
		c.kind = kind
		p.pos += 2
		p.skipBlank()
		if (kind == 'f' || kind == 'r') && p.peek() != '%' && p.peek() != '/' {
			c.options = p.word("\n")
		}
	}
}

// forSet reads the set up to its closing parenthesis; carets are removed, line
// ends become blanks.
func (p *parser) forSet() string {
	var b strings.Builder
	quoted := false
	p.depth++
	defer func() { p.depth-- }()
	for p.err == nil {
		if p.pos >= len(p.text) && !p.fetch() {
			break
		}
		c := p.text[p.pos]
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n':
			quoted, c = false, ' '
		case !quoted && c == '^':
			p.escape(&b)
			continue
		case !quoted && c == ')':
			p.pos++
			return strings.TrimSpace(b.String())
		}
		b.WriteByte(c)
		p.pos++
	}
	p.fail("")
	return ""
}
