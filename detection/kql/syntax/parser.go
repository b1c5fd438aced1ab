package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of expressions, so that no input exhausts the stack.
const maxDepth = 1000

// maxText is how long a query can be, in bytes.
// Source: https://learn.microsoft.com/kusto/concepts/query-limits (the service takes no longer text of a query either)
const maxText = 2_000_000

// maxErrors is how many errors of one text are reported.
const maxErrors = 100

// Parse reads a query. The tree is never nil; with errors among the
// diagnostics it is what could be made of the text. Several errors are found in one pass.
func Parse(source *Source) (*Query, []Diagnostic) {
	if len(source.Text) > maxText {
		return &Query{extent: extent{Span{0, len(source.Text)}}, Source: source}, []Diagnostic{{
			Message: fmt.Sprintf("the query is longer than %d bytes", maxText), Span: Span{0, 1},
		}}
	}
	tokens, diagnostics := scan(source.Text)
	p := &parser{text: source.Text, tokens: tokens, diagnostics: diagnostics, failed: -1}
	q := &Query{extent: extent{Span{0, len(source.Text)}}, Source: source}
	q.Directives = p.directives()
	if p.at('.') {
		q.Statements = p.commands()
	} else {
		q.Statements = p.statements()
	}
	// Those of the lexer came first.
	slices.SortStableFunc(p.diagnostics, func(a, b Diagnostic) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return q, p.diagnostics
}

// parser reads tokens into the tree. A method that reads something optional
// returns nil, and consumes nothing, if it is not there.
type parser struct {
	text        string
	tokens      []token
	pos         int
	diagnostics []Diagnostic
	// failed is the token at which the last error was reported: one place, one error.
	failed int
	depth  int
}

// peek is the token n places ahead; beyond the last it is the endToken.
func (p *parser) peek(n int) token {
	if p.pos+n < len(p.tokens) {
		return p.tokens[p.pos+n]
	}
	return p.tokens[len(p.tokens)-1]
}

// advance consumes a token. The endToken stays.
func (p *parser) advance() token {
	t := p.tokens[p.pos]
	if t.kind != endToken {
		p.pos++
	}
	return t
}

// slice is the text of a token.
func (p *parser) slice(t token) string { return p.text[t.start:t.end] }

// at reports whether the next token is the sign.
func (p *parser) at(s sign) bool { return p.tokens[p.pos].is(s) }

// accept consumes the sign if it is next.
func (p *parser) accept(s sign) bool {
	if p.at(s) {
		p.pos++
		return true
	}
	return false
}

// isWord reports whether the token n places ahead is the word, unquoted.
func (p *parser) isWord(n int, word string) bool {
	t := p.peek(n)
	return t.kind == wordToken && p.slice(t) == word
}

// atWord reports whether the word is next.
func (p *parser) atWord(word string) bool { return p.isWord(0, word) }

// word consumes the next token as a Word.
func (p *parser) word() Word {
	t := p.advance()
	return Word{Text: p.slice(t), Span: Span{int(t.start), int(t.end)}}
}

// acceptWord consumes the first of the words that is next; else the Word is empty.
func (p *parser) acceptWord(list ...string) Word {
	if p.tokens[p.pos].kind != wordToken {
		return Word{}
	}
	if slices.ContainsFunc(list, p.atWord) {
		return p.word()
	}
	return Word{}
}

// start is where the next token begins.
func (p *parser) start() int { return int(p.tokens[p.pos].start) }

// from is the extent from an offset to the end of the last token consumed.
func (p *parser) from(start int) extent {
	end := start
	if p.pos > 0 {
		end = max(start, int(p.tokens[p.pos-1].end))
	}
	return extent{Span{start, end}}
}

// got describes the next token for an error message.
func (p *parser) got() string {
	t := p.tokens[p.pos]
	if t.kind == endToken {
		return "the end of the query"
	}
	text := p.slice(t)
	if line := text[:lineLength(text)]; len(line) < len(text) {
		text = line + "..."
	}
	if utf8.RuneCountInString(text) > 24 {
		text = string([]rune(text)[:21]) + "..."
	}
	if strings.Contains(text, `"`) {
		return text
	}
	return `"` + text + `"`
}

// fail reports an error at the next token, unless one was reported there already.
func (p *parser) fail(code, message, hint string) {
	if p.failed == p.pos {
		return
	}
	p.failed = p.pos
	if len(p.diagnostics) >= maxErrors {
		return
	}
	p.diagnostics = append(p.diagnostics, Diagnostic{Code: code, Message: message, Hint: hint, Span: p.next()})
}

// next is where the next token stands. The end of the query is said to be behind the last token, on a line that has
// something to show.
func (p *parser) next() Span {
	t := p.tokens[p.pos]
	if t.kind == endToken && p.pos > 0 {
		end := int(p.tokens[p.pos-1].end)
		return Span{end, end}
	}
	return Span{int(t.start), int(t.end)}
}

// expected reports that something else was expected at the next token.
func (p *parser) expected(code, what string) {
	p.fail(code, fmt.Sprintf("expected %s, got %s", what, p.got()), "")
}

// require consumes the sign, or reports that it is missing.
func (p *parser) require(s sign) bool {
	if p.accept(s) {
		return true
	}
	p.expected("KS005", `"`+s.String()+`"`)
	return false
}

// requireWord consumes one of the words, or reports that it is missing.
func (p *parser) requireWord(list ...string) Word {
	if w := p.acceptWord(list...); w.Present() {
		return w
	}
	t := p.tokens[p.pos]
	if t.kind == wordToken {
		if hint := didYouMean(p.slice(t), "", list); hint != "" && p.failed != p.pos {
			p.fail("KS005", fmt.Sprintf("expected %s, got %s", alternatives(list), p.got()), hint)
			return p.word() // a slip of the pen
		}
	}
	p.expected("KS005", alternatives(list))
	return Word{}
}

// alternatives writes a closed list for an error message.
func alternatives(list []string) string {
	quoted := make([]string, len(list))
	for i, w := range list {
		quoted[i] = `"` + w + `"`
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// leftover is the code for text where a pipe or a semicolon should be: by whether a statement could begin with it.
func (p *parser) leftover() string {
	switch t := p.tokens[p.pos]; {
	case t.kind == directiveToken, t.kind == signToken && !t.is('(') && !t.is('[') && !t.is('-') && !t.is('+'):
		return "KS198"
	}
	return "KS005"
}

// closing consumes the bracket that ends what is being read. If something else
// is there, it reports that and passes what is in the way.
func (p *parser) closing(s sign) {
	if p.accept(s) {
		return
	}
	p.expected("KS005", `"`+s.String()+`"`)
	for {
		p.resync()
		if p.accept(s) {
			return
		}
		// A pipe inside brackets cannot belong to what is outside of them.
		if !p.at('|') {
			return
		}
		p.pos++
	}
}

// resync passes tokens up to the next pipe, semicolon or closing bracket that is not nested, or a statement.
func (p *parser) resync() {
	depth := 0
	for {
		t := p.tokens[p.pos]
		switch {
		case t.kind == endToken:
			return
		case t.is('('), t.is('['), t.is('{'):
			depth++
		case t.is(')'), t.is(']'), t.is('}'):
			if depth == 0 {
				return
			}
			depth--
		case depth == 0 && (t.is('|') || t.is(';')):
			return
		case depth == 0 && p.startsStatement():
			return
		}
		p.pos++
	}
}

// String writes the punctuation.
func (s sign) String() string {
	switch s {
	case dotDot:
		return ".."
	case equalEqual:
		return "=="
	case arrow:
		return "=>"
	case equalTilde:
		return "=~"
	case bangEqual:
		return "!="
	case bangTilde:
		return "!~"
	case lessEqual:
		return "<="
	case lessBar:
		return "<|"
	case lessGreater:
		return "<>"
	case greaterEqual:
		return ">="
	}
	return string(rune(s))
}

// enter counts a level of nesting, which leave ends. It reports false, with an error, if there are too many.
func (p *parser) enter() bool {
	if p.depth < maxDepth {
		p.depth++
		return true
	}
	if t := p.tokens[p.pos]; t.kind != endToken {
		p.diagnostics = append(p.diagnostics, Diagnostic{
			Class: ClassUnsupported, Message: fmt.Sprintf("expression nested deeper than %d levels", maxDepth),
			Span: Span{int(t.start), int(t.end)},
		})
	}
	// Nothing after this can be made sense of.
	p.pos = len(p.tokens) - 1
	p.failed = p.pos
	return false
}

func (p *parser) leave() { p.depth-- }

// commaList reads elements separated by commas until ended says so or none
// follows. element reports false if there is none. what names an element for the error
// when one is missing; trailing allows a comma after the last.
func (p *parser) commaList(what string, required, trailing bool, ended func() bool, element func() bool) {
	if !ended() && element() {
		for {
			switch {
			case p.accept(','):
				if !ended() && element() {
					continue
				}
				if !trailing {
					p.missing(what)
				}
				return
			case ended() || p.failed == p.pos:
				return
			default:
				// Two elements with nothing between them: say so, and read on.
				before := p.pos
				p.expected("KS005", `","`)
				if !element() || p.pos == before {
					return
				}
			}
		}
	}
	if p.at(',') {
		p.missing(what)
		return
	}
	if required {
		p.missing(what)
	}
}

// missing reports that an element is not there; a keyword in its place is named.
func (p *parser) missing(what string) {
	t := p.tokens[p.pos]
	if t.kind == wordToken && t.class&keyword != 0 && t.class&bareName == 0 {
		hint := fmt.Sprintf("the keyword as a name is written ['%s']", p.slice(t))
		if p.atWord("materialize") {
			hint = "materialize(...) can only be the value of a let"
		}
		p.fail("KS006", fmt.Sprintf("expected %s, got %s", what, p.got()), hint)
		return
	}
	p.expected("KS006", what)
}

// endOfList reports whether a list cannot go on at the next token.
func (p *parser) endOfList() bool {
	t := p.tokens[p.pos]
	if t.kind == endToken {
		return true
	}
	if t.kind != signToken {
		return false
	}
	switch t.sign {
	case ')', ']', '}', '|', ';':
		return true
	}
	return false
}
