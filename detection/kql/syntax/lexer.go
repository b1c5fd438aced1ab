package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// tokenKind is the kind of a token.
type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	stringToken
	longToken
	realToken
	timespanToken
	boolToken
	rawGUIDToken
	parenLiteralToken // type(text)
	directiveToken    // # to the end of the line
	signToken         // punctuation; token.sign says which
)

// token is a piece of the text. There is one for every word, literal and sign, none for space and comments.
type token struct {
	start, end int32
	kind       tokenKind
	class      wordClass
	strength   uint8
	// sign is the punctuation: the character itself, or one of the codes below for two characters.
	sign sign
	// glued is set if nothing separates the token from the one before.
	glued bool
}

// sign is a punctuation character, or a code for two of them.
type sign uint8

const (
	dotDot       sign = iota + 128 // ..
	equalEqual                     // ==
	arrow                          // =>
	equalTilde                     // =~
	bangEqual                      // !=
	bangTilde                      // !~
	lessEqual                      // <=
	lessBar                        // <|
	lessGreater                    // <>
	greaterEqual                   // >=
)

// lexer cuts a text into tokens.
type lexer struct {
	text        string
	pos         int
	tokens      []token
	diagnostics []Diagnostic
	// badLine is the line start of the last unexpected character, which is reported once a line.
	badLine int
}

// scan cuts the whole text. The last token is an endToken.
func scan(text string) ([]token, []Diagnostic) {
	l := &lexer{text: text, tokens: make([]token, 0, len(text)/5+8), badLine: -1}
	for {
		start := l.pos
		l.skipSpace()
		glued := l.pos == start && len(l.tokens) > 0
		if l.pos >= len(text) {
			l.emit(token{kind: endToken, start: int32(l.pos), end: int32(l.pos)})
			return l.tokens, l.diagnostics
		}
		l.next(glued)
	}
}

func (l *lexer) emit(t token) { l.tokens = append(l.tokens, t) }

// peek is the byte at an offset from the position, or 0.
func (l *lexer) peek(offset int) byte {
	if l.pos+offset < len(l.text) {
		return l.text[l.pos+offset]
	}
	return 0
}

// skipSpace passes white space and comments.
func (l *lexer) skipSpace() {
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f':
			l.pos++
		case c == '/' && l.peek(1) == '/':
			if end := strings.IndexAny(l.text[l.pos:], "\n\r\u2028\u2029"); end >= 0 {
				l.pos += end
			} else {
				l.pos = len(l.text)
			}
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(l.text[l.pos:])
			if !isWideSpace(r) {
				return
			}
			l.pos += size
		default:
			return
		}
	}
}

// isWideSpace reports whether a rune beyond ASCII separates tokens.
func isWideSpace(r rune) bool {
	switch r {
	case 0xA0, 0x1680, 0x180E, 0x202F, 0x205F, 0x3000, 0xFEFF, 0x2028, 0x2029, 0x85:
		return true
	}
	return r >= 0x2000 && r <= 0x200B
}

// next cuts the token at the position, which is neither space nor the end.
func (l *lexer) next(glued bool) {
	start := l.pos
	c := l.text[start]
	t := token{start: int32(start), glued: glued}
	switch {
	case isNameStart(c):
		l.word(&t)
	case isDigit(c):
		l.number(&t)
	case c == '"' || c == '\'' || c == '`' || c == '~' || c == '@' && isQuote(l.peek(1)):
		if !l.quoted(&t) {
			l.unexpected()
			return
		}
	case c == '#':
		t.kind = directiveToken
		l.pos += lineLength(l.text[l.pos:])
	default:
		if l.punctuation(&t) {
			break
		}
		l.unexpected()
		if c != '&' {
			return
		}
		// Read on as if it were `and`.
		if l.peek(0) == '&' {
			l.pos++
		}
		t.kind, t.class, t.strength = wordToken, keyword, andOperator
	}
	t.end = int32(l.pos)
	l.emit(t)
}

// unexpected reports a character that is not part of the language, and passes it.
func (l *lexer) unexpected() {
	r, size := utf8.DecodeRuneInString(l.text[l.pos:])
	span := Span{l.pos, l.pos + size}
	l.pos += size
	line := strings.LastIndexByte(l.text[:span.Start], '\n')
	if line == l.badLine && len(l.diagnostics) > 0 {
		return
	}
	l.badLine = line
	d := Diagnostic{Code: "KS002", Message: fmt.Sprintf("unexpected character %q", string(r)), Span: span}
	switch r {
	case '“', '”', '„', '«', '»':
		d.Hint = `write a plain quotation mark: "`
	case '‘', '’', '´', '`':
		d.Hint = "write a plain apostrophe: '"
	case '–', '—', '−':
		d.Hint = "write a plain minus: -"
	case '&':
		d.Hint = `did you mean "and"?`
	case '!':
		d.Hint = "write not(...), or !in, !has, !contains ..."
	case '\\':
		d.Hint = "a backslash belongs in a string"
	}
	l.diagnostics = append(l.diagnostics, d)
}

// missing reports that a literal is not closed.
func (l *lexer) missing(start int, what, closer string) {
	l.diagnostics = append(l.diagnostics, Diagnostic{
		Code: "KS001", Message: fmt.Sprintf("%s without its closing %s", what, closer), Span: Span{start, l.pos},
	})
}

// word cuts a word: a name, a keyword, a boolean, a type(...) literal or an h"..." string.
func (l *lexer) word(t *token) {
	start := l.pos
	l.pos++
	for l.pos < len(l.text) && isNamePart(l.text[l.pos]) {
		l.pos++
	}
	text := l.text[start:l.pos]
	if len(text) == 1 && (text == "h" || text == "H") && (isQuote(l.peek(0)) || l.peek(0) == '@' && isQuote(l.peek(1))) {
		l.pos = start
		if l.quoted(t) {
			return
		}
		l.pos = start + 1
	}
	if l.rawGUID(t, start) {
		return
	}
	text = l.compound(text, start)
	info := classify(text)
	t.kind, t.class, t.strength = wordToken, info.class, info.strength
	switch {
	case info.class&truth != 0:
		t.kind = boolToken
	case info.class&parenLiteral != 0 && l.peek(0) == '(':
		t.kind = parenLiteralToken
		l.parenLiteral(start)
	}
}

// compound extends a word to a keyword with signs in it, such as project-away.
func (l *lexer) compound(word string, start int) string {
	switch l.peek(0) {
	case '-', '.', ' ', '~':
	default:
		return word
	}
	for _, candidate := range compounds[word] {
		end := start + len(candidate)
		if strings.HasPrefix(l.text[start:], candidate) && (end == len(l.text) || !isNamePart(l.text[end])) {
			l.pos = end
			return candidate
		}
	}
	return word
}

// parenLiteral passes the parenthesis of datetime(...).
func (l *lexer) parenLiteral(start int) {
	end := strings.IndexAny(l.text[l.pos:], ")\n\r\u2028\u2029")
	if end < 0 {
		end = len(l.text) - l.pos
	}
	l.pos += end
	if l.peek(0) != ')' {
		l.missing(start, "literal", `")"`)
		return
	}
	l.pos++
}

// rawGUID cuts a bare 8-4-4-4-12 group of hexadecimal digits.
func (l *lexer) rawGUID(t *token, start int) bool {
	if start+36 > len(l.text) || l.text[start+8] != '-' || l.text[start+13] != '-' ||
		l.text[start+18] != '-' || l.text[start+23] != '-' {
		return false
	}
	for i := start; i < start+36; i++ {
		switch i - start {
		case 8, 13, 18, 23:
		default:
			if !isHex(l.text[i]) {
				return false
			}
		}
	}
	l.pos = start + 36
	t.kind = rawGUIDToken
	return true
}

// punctuation cuts a sign, or one of the words that begin with an exclamation mark.
func (l *lexer) punctuation(t *token) bool {
	t.kind = signToken
	c := l.text[l.pos]
	if s, strength := twoSigns(c, l.peek(1)); s != 0 {
		t.sign, t.strength = s, strength
		l.pos += 2
		return true
	}
	switch c {
	case '!':
		return l.bangWord(t)
	case '<', '>':
		t.strength = relational
	case '+', '-':
		t.strength = additive
	case '*', '/', '%':
		t.strength = multiplicative
	case ':':
		t.strength = stringOperator
	case '(', ')', '[', ']', '{', '}', '|', ';', ',', '@', '?', '.', '=':
	default:
		return false
	}
	t.sign = sign(c)
	l.pos++
	return true
}

// twoSigns recognizes a sign of two characters; 0 if it is none.
func twoSigns(first, second byte) (sign, uint8) {
	switch {
	case first == '.' && second == '.':
		return dotDot, noOperator
	case first == '=' && second == '=':
		return equalEqual, equality
	case first == '=' && second == '>':
		return arrow, noOperator
	case first == '=' && second == '~':
		return equalTilde, stringOperator
	case first == '!' && second == '=':
		return bangEqual, equality
	case first == '!' && second == '~':
		return bangTilde, stringOperator
	case first == '<' && second == '=':
		return lessEqual, relational
	case first == '<' && second == '|':
		return lessBar, noOperator
	case first == '<' && second == '>':
		return lessGreater, equality
	case first == '>' && second == '=':
		return greaterEqual, relational
	}
	return 0, noOperator
}

// bangWord cuts !in, !has, !between and their like.
func (l *lexer) bangWord(t *token) bool {
	end := l.pos + 1
	for end < len(l.text) && isNamePart(l.text[end]) {
		end++
	}
	start := l.pos
	info, ok := words[l.text[start:end]]
	if !ok || end == start+1 {
		return false
	}
	l.pos = end
	if text := l.compound(l.text[start:end], start); len(text) > end-start {
		info = words[text]
	}
	t.kind, t.class, t.strength = wordToken, info.class, info.strength
	return true
}

// is reports whether the token is the sign.
func (t token) is(s sign) bool { return t.kind == signToken && t.sign == s }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}

func isNamePart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' || c == '~' }

// lineLength is the length of the first line of a text.
func lineLength(text string) int {
	if end := strings.IndexAny(text, "\r\n"); end >= 0 {
		return end
	}
	return len(text)
}
