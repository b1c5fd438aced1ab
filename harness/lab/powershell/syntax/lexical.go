package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a script, so that no input can exhaust the stack.
const maxDepth = 250

type parser struct {
	src     *Source
	text    string
	pos     int
	depth   int
	noComma bool // inside method arguments, where a comma separates
	err     *Error
}

// fail records the first error and moves to the end of the text, so that every loop ends.
func (p *parser) fail(start int, id, message string) {
	if p.err == nil {
		end := min(max(start+1, p.pos), len(p.text))
		p.err = &Error{Source: p.src, Span: Span{min(start, len(p.text)), end}, ID: id, Message: message}
	}
	p.pos = len(p.text)
}

func (p *parser) enter() bool {
	p.depth++
	if p.depth > maxDepth {
		p.fail(p.pos, "ScriptTooComplicated", "The script is nested too deeply.")
		return false
	}
	return true
}

// next passes one byte, never beyond the end: after a failure the position is already there.
func (p *parser) next() {
	if p.pos < len(p.text) {
		p.pos++
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) eof() bool { return p.pos >= len(p.text) }

func (p *parser) peek() byte { return p.at(0) }

func (p *parser) at(n int) byte {
	if p.pos+n < len(p.text) {
		return p.text[p.pos+n]
	}
	return 0
}

func (p *parser) rune() (rune, int) {
	if p.eof() {
		return 0, 0
	}
	return utf8.DecodeRuneInString(p.text[p.pos:])
}

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.text[p.pos:], prefix) }

func (p *parser) accept(prefix string) bool {
	if p.has(prefix) {
		p.pos += len(prefix)
		return true
	}
	return false
}

// dash returns the width of a dash at the position: PowerShell takes the typographic ones too.
func (p *parser) dash() int {
	if p.peek() == '-' {
		return 1
	}
	for _, d := range []string{"\u2013", "\u2014", "\u2015"} {
		if p.has(d) {
			return len(d)
		}
	}
	return 0
}

const (
	singleQuotes = "'\u2018\u2019\u201a\u201b"
	doubleQuotes = "\"\u201c\u201d\u201e"
)

// quote tells whether the rune at the position opens or closes a string, and which kind (' or ").
func (p *parser) quote() (kind byte, width int) {
	r, w := p.rune()
	switch {
	case r == 0 || r == utf8.RuneError:
		return 0, 0
	case strings.ContainsRune(singleQuotes, r):
		return '\'', w
	case strings.ContainsRune(doubleQuotes, r):
		return '"', w
	}
	return 0, 0
}

func isNewline(c byte) bool { return c == '\n' || c == '\r' }

func isIdentifier(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func isLetter(c byte) bool { return isIdentifier(c) && (c < '0' || c > '9') }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// space returns the width of white space at the position, newlines excluded.
func (p *parser) space() int {
	c := p.peek()
	if c == ' ' || c == '\t' || c == '\f' || c == '\v' {
		return 1
	}
	if c >= utf8.RuneSelf {
		if r, w := p.rune(); r == 0x85 || r == 0xfeff || unicode.Is(unicode.Zs, r) {
			return w
		}
	}
	return 0
}

// skipSpace passes white space, comments and continued lines, but stops at a newline.
func (p *parser) skipSpace() {
	for !p.eof() {
		switch w := p.space(); {
		case w > 0:
			p.pos += w
		case p.has("<#"):
			p.blockComment()
		case p.peek() == '#':
			for !p.eof() && !isNewline(p.peek()) {
				p.next()
			}
		case p.peek() == '`' && isNewline(p.at(1)):
			p.pos += 2
			if p.text[p.pos-1] == '\r' && p.peek() == '\n' {
				p.next()
			}
		default:
			return
		}
	}
}

func (p *parser) blockComment() {
	start := p.pos
	end := strings.Index(p.text[p.pos+2:], "#>")
	if end < 0 {
		p.fail(start, "MissingTerminatorMultiLineComment", "The terminator '#>' is missing from the multiline comment.")
		return
	}
	p.pos += 2 + end + 2
}

// skipBlank passes white space, comments and newlines.
func (p *parser) skipBlank() {
	for {
		p.skipSpace()
		if p.eof() || !isNewline(p.peek()) {
			return
		}
		p.next()
	}
}

// skipSeparators passes newlines and semicolons between statements.
func (p *parser) skipSeparators() {
	for {
		p.skipBlank()
		if p.peek() != ';' || p.eof() {
			return
		}
		p.next()
	}
}

// word returns the identifier at the position without moving.
func (p *parser) word() string {
	end := p.pos
	for end < len(p.text) && isIdentifier(p.text[end]) {
		end++
	}
	return p.text[p.pos:end]
}

// keyword returns the lower-case keyword at the position, or "" when the word goes on as a command name would.
func (p *parser) keyword() string {
	w := p.word()
	if w == "" || !isLetter(w[0]) {
		return ""
	}
	after := p.at(len(w))
	if after != 0 && !isNewline(after) && !strings.ContainsRune(" \t(){};|$\"'[]@<&#,`", rune(after)) && after < utf8.RuneSelf {
		return ""
	}
	return strings.ToLower(w)
}

func (p *parser) acceptKeyword(name string) bool {
	if p.keyword() == name {
		p.pos += len(name)
		return true
	}
	return false
}

// expect passes a closing character after blanks, or fails.
func (p *parser) expect(closing byte, start int, id, message string) {
	p.skipBlank()
	if p.peek() != closing || p.eof() {
		if !p.eof() && p.err == nil {
			p.unexpected()
			return
		}
		p.fail(start, id, message)
		return
	}
	p.next()
}

// unexpected fails at a token that fits nowhere.
func (p *parser) unexpected() {
	start := p.pos
	end := start
	for end < len(p.text) && !strings.ContainsRune(" \t\r\n;|(){}", rune(p.text[end])) {
		end++
	}
	if end == start {
		_, w := p.rune()
		end += w
	}
	token := p.text[start:end]
	p.pos = end
	if token == "&&" || token == "||" {
		p.fail(start, "InvalidEndOfLine", "The token '"+token+"' is not a valid statement separator in this version.")
		return
	}
	p.fail(start, "UnexpectedToken", "Unexpected token '"+token+"' in expression or statement.")
}
