package cmd

import (
	"fmt"
	"strings"
)

// syntaxError is a line that cmd.exe refuses to run.
type syntaxError struct {
	token string // what was not expected; empty when the line just ends
}

// Error is the message cmd.exe prints.
func (e *syntaxError) Error() string {
	if e.token == "" {
		return "The syntax of the command is incorrect."
	}
	return e.token + " was unexpected at this time."
}

// maxDepth bounds how deep parentheses, IF and FOR may nest.
const maxDepth = 200

// parser reads one logical line. Percent expansion has been applied to its
// text before: a value may contain operators, which then count.
type parser struct {
	text  string
	pos   int
	depth int // open parentheses
	nest  int // recursion, bounded by maxDepth
	// more gives the next line of a batch file, expanded, while a
	// parenthesis is open.
	more func() (string, bool)
	err  error
}

// parseLine parses one logical line. An empty line, a label and a lone comment
// give a nil node.
func parseLine(text string, more func() (string, bool)) (node, error) {
	p := &parser{text: text, more: more}
	p.skipBlank()
	if p.peek() == ':' {
		return nil, nil
	}
	n := p.sequence()
	if p.err != nil {
		return nil, p.err
	}
	if p.pos < len(p.text) {
		return nil, &syntaxError{token: p.rest()}
	}
	return n, nil
}

func (p *parser) rest() string {
	word, _, _ := strings.Cut(p.text[p.pos:], " ")
	return strings.TrimSpace(word)
}

func (p *parser) fail(token string) {
	if p.err == nil {
		p.err = &syntaxError{token: token}
	}
	p.pos = len(p.text)
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '=' || c == '\r' || c == '\v' || c == '\f'
}

func (p *parser) skipBlank() {
	for p.pos < len(p.text) && isBlank(p.text[p.pos]) {
		p.pos++
	}
}

// skipBreaks skips blanks and the line ends inside a block, asking for further
// lines while the block is open.
func (p *parser) skipBreaks() {
	for {
		p.skipBlank()
		switch {
		case p.peek() == '\n':
			p.pos++
		case p.pos >= len(p.text) && p.depth > 0 && p.fetch():
		default:
			return
		}
	}
}

func (p *parser) fetch() bool {
	if p.more == nil || p.err != nil {
		return false
	}
	line, ok := p.more()
	if !ok {
		return false
	}
	p.text += "\n" + line
	return true
}

// sequence parses commands joined by & (and by line ends inside a block).
func (p *parser) sequence() node {
	p.nest++
	defer func() { p.nest-- }()
	if p.nest > maxDepth {
		p.fail("(")
		return nil
	}
	left := p.alternative()
	for p.err == nil && p.separator() {
		if p.atEnd() {
			break
		}
		left = &binary{op: "&", left: left, right: p.alternative()}
	}
	return left
}

// separator consumes & or, in a block, line ends.
func (p *parser) separator() bool {
	p.skipBlank()
	if p.peek() == '&' {
		p.pos++
		if p.peek() == '&' {
			p.fail("&&")
			return false
		}
		p.skipInBlock()
		return true
	}
	if p.depth == 0 {
		return false
	}
	at := p.pos
	p.skipBreaks()
	return strings.ContainsRune(p.text[at:p.pos], '\n') && p.peek() != ')'
}

func (p *parser) skipInBlock() {
	if p.depth > 0 {
		p.skipBreaks()
		return
	}
	p.skipBlank()
}

func (p *parser) atEnd() bool {
	p.skipBlank()
	return p.pos >= len(p.text) || p.depth > 0 && p.peek() == ')'
}

func (p *parser) operator(op string) bool {
	p.skipBlank()
	if !strings.HasPrefix(p.text[p.pos:], op) {
		return false
	}
	if op == "|" && strings.HasPrefix(p.text[p.pos:], "||") {
		return false
	}
	p.pos += len(op)
	p.skipInBlock()
	return true
}

func (p *parser) joined(op string, operand func() node) node {
	left := operand()
	for p.err == nil && p.operator(op) {
		left = &binary{op: op, left: left, right: operand()}
	}
	return left
}

func (p *parser) alternative() node {
	return p.joined("||", func() node {
		return p.joined("&&", func() node { return p.joined("|", p.command) })
	})
}

// command parses one command: a block, IF, FOR, @command or a simple one.
func (p *parser) command() node {
	p.skipBlank()
	var lead []redirection
	for r, ok := p.redirection(); ok; r, ok = p.redirection() {
		lead = append(lead, r)
		p.skipBlank()
	}
	switch c := p.peek(); {
	case c == '(':
		return p.block(lead)
	case c == '@':
		p.pos++
		p.nest++
		defer func() { p.nest-- }()
		return &silent{body: p.sequenceInLine()}
	case c == 0, c == '\n', c == ')' && p.depth > 0, c == '&', c == '|':
		return p.missing(c, lead)
	}
	switch word := p.keyword(); word {
	case "if":
		return p.ifCommand()
	case "for":
		return p.forCommand()
	case "rem":
		return p.remark()
	}
	s := p.simple()
	s.redirs = append(lead, s.redirs...)
	return s
}

func (p *parser) missing(c byte, lead []redirection) node {
	if c == 0 && len(lead) > 0 {
		return &simple{redirs: lead}
	}
	switch {
	case c == 0 || c == '\n':
		p.fail("")
	case strings.HasPrefix(p.text[p.pos:], "&&"), strings.HasPrefix(p.text[p.pos:], "||"):
		p.fail(p.text[p.pos : p.pos+2])
	default:
		p.fail(string(c))
	}
	return &simple{}
}

// keyword returns the lower-case word at the position when the grammar treats
// it specially, and consumes it.
func (p *parser) keyword() string {
	for _, word := range []string{"if", "for", "rem"} {
		end := p.pos + len(word)
		if end > len(p.text) || !strings.EqualFold(p.text[p.pos:end], word) {
			continue
		}
		if end == len(p.text) || isBlank(p.text[end]) || strings.IndexByte("(/\n&|<>", p.text[end]) >= 0 {
			p.pos = end
			return word
		}
	}
	return ""
}

// remark skips the comment to the end of its line.
func (p *parser) remark() node {
	if end := strings.IndexByte(p.text[p.pos:], '\n'); end >= 0 {
		p.pos += end
	} else {
		p.pos = len(p.text)
	}
	return &simple{text: "rem"}
}

func (p *parser) block(lead []redirection) node {
	p.pos++
	p.depth++
	b := &block{redirs: lead}
	p.skipBreaks()
	if p.peek() != ')' {
		b.body = p.sequence()
		p.skipBreaks()
	}
	p.depth--
	if p.peek() != ')' {
		p.fail("")
		return b
	}
	p.pos++
	for {
		p.skipBlank()
		r, ok := p.redirection()
		if !ok {
			return b
		}
		b.redirs = append(b.redirs, r)
	}
}

// simple parses the text of a command up to the next operator.
func (p *parser) simple() *simple {
	s := &simple{}
	var text strings.Builder
	quoted := false
	for p.pos < len(p.text) && p.err == nil {
		c := p.text[p.pos]
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n':
			s.text = text.String()
			return s
		case quoted:
		case c == '^':
			p.escape(&text)
			continue
		case c == '&' || c == '|' || c == ')' && p.depth > 0:
			s.text = text.String()
			return s
		}
		if !quoted && p.atRedirection() {
			if r, ok := p.redirection(); ok {
				s.redirs = append(s.redirs, r)
				p.skipBehindRedirection()
				continue
			}
		}
		if c != '\r' {
			text.WriteByte(c)
		}
		p.pos++
	}
	s.text = text.String()
	return s
}

// skipBehindRedirection drops the blanks behind a redirection unless arguments
// follow.
func (p *parser) skipBehindRedirection() {
	at := p.pos
	p.skipBlank()
	if c := p.peek(); c != 0 && strings.IndexByte("&|\n", c) < 0 && !p.atRedirection() && (c != ')' || p.depth == 0) {
		p.pos = at
	}
}

// escape copies the character behind a caret literally; a caret at the end of
// a line joins the next one.
func (p *parser) escape(text *strings.Builder) {
	p.pos++
	for p.peek() == '\r' {
		p.pos++
	}
	if p.peek() == '\n' {
		p.pos++
	} else if p.pos >= len(p.text) && p.fetch() {
		p.pos++ // the line end that fetch put in
	}
	if p.pos < len(p.text) {
		text.WriteByte(p.text[p.pos])
		p.pos++
	}
}

// atRedirection says whether a redirection operator starts here. A digit only
// counts as a handle at the start of a word.
func (p *parser) atRedirection() bool {
	c := p.peek()
	if c == '<' || c == '>' {
		return true
	}
	if c < '0' || c > '9' || p.pos+1 >= len(p.text) {
		return false
	}
	if p.pos > 0 && !isBlank(p.text[p.pos-1]) && strings.IndexByte("(&|\n\"", p.text[p.pos-1]) < 0 {
		return false
	}
	return p.text[p.pos+1] == '<' || p.text[p.pos+1] == '>'
}

func (p *parser) redirection() (redirection, bool) {
	if !p.atRedirection() {
		return redirection{}, false
	}
	r := redirection{handle: -1}
	if c := p.peek(); c >= '0' && c <= '9' {
		r.handle = int(c - '0')
		p.pos++
	}
	r.mode = string(p.peek())
	p.pos++
	if r.mode == ">" && p.peek() == '>' {
		r.mode = ">>"
		p.pos++
	}
	if r.handle < 0 {
		r.handle = 1
		if r.mode == "<" {
			r.handle = 0
		}
	}
	if p.peek() == '&' {
		p.pos++
		return p.duplicate(r)
	}
	p.skipBlank()
	r.target = p.word("&|<>\n")
	if r.target == "" {
		p.fail(p.unexpected())
	}
	return r, true
}

func (p *parser) duplicate(r redirection) (redirection, bool) {
	c := p.peek()
	if c < '0' || c > '9' {
		p.fail(fmt.Sprintf("%s%c", r.mode, '&'))
		return r, true
	}
	p.pos++
	r.target = "&" + string(c)
	return r, true
}

func (p *parser) unexpected() string {
	if c := p.peek(); c != 0 && c != '\n' {
		return string(c)
	}
	return ""
}

// word reads to the next blank or stop character outside quotation marks,
// removing escapes and keeping quotation marks.
func (p *parser) word(stop string) string {
	var b strings.Builder
	quoted := false
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n':
			return b.String()
		case quoted:
		case c == '^':
			p.escape(&b)
			continue
		case isBlank(c) || strings.IndexByte(stop, c) >= 0 || c == ')' && p.depth > 0:
			return b.String()
		}
		b.WriteByte(c)
		p.pos++
	}
	return b.String()
}
