package syntax

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// number cuts a literal that begins with a digit: a long, a real, a timespan, a bare GUID, or a
// name such as 3days.
func (l *lexer) number(t *token) {
	start := l.pos
	if l.rawGUID(t, start) {
		return
	}
	if end := scanReal(l.text, start); end > 0 {
		t.kind, l.pos = realToken, end
		return
	}
	if end := scanTimespan(l.text, start); end > 0 {
		t.kind, l.pos = timespanToken, end
		return
	}
	if end := scanLong(l.text, start); end > 0 {
		t.kind, l.pos = longToken, end
		return
	}
	for l.pos < len(l.text) && isNamePart(l.text[l.pos]) {
		l.pos++
	}
	info := classify(l.text[start:l.pos])
	t.kind, t.class, t.strength = wordToken, info.class, info.strength
}

// digits passes digits.
func digits(text string, pos int) int {
	for pos < len(text) && isDigit(text[pos]) {
		pos++
	}
	return pos
}

// endsNumber reports whether a number may end at the position.
func endsNumber(text string, pos int) bool { return pos >= len(text) || !isNamePart(text[pos]) }

// scanReal finds the end of 1.5, 1., 1e3 or 1.5e-3, or 0. Two dots are a range, so 1..2 begins with a long.
func scanReal(text string, start int) int {
	pos := digits(text, start)
	if pos < len(text) && text[pos] == '.' && (!hasByte(text, pos+1, '.') || hasByte(text, pos+2, '.')) {
		pos = digits(text, pos+1)
		if end := scanExponent(text, pos); end > 0 {
			pos = end
		}
	} else if pos = scanExponent(text, pos); pos == 0 {
		return 0
	}
	if !endsNumber(text, pos) {
		return 0
	}
	return pos
}

func hasByte(text string, pos int, c byte) bool { return pos < len(text) && text[pos] == c }

// scanExponent finds the end of e+10, or 0.
func scanExponent(text string, pos int) int {
	if !hasByte(text, pos, 'e') && !hasByte(text, pos, 'E') {
		return 0
	}
	pos++
	if hasByte(text, pos, '+') || hasByte(text, pos, '-') {
		pos++
	}
	if end := digits(text, pos); end > pos {
		return end
	}
	return 0
}

// scanTimespan finds the end of 1d, 2.5h, 10min and so on, or 0.
func scanTimespan(text string, start int) int {
	pos := digits(text, start)
	if hasByte(text, pos, '.') {
		if end := digits(text, pos+1); end > pos+1 {
			pos = end
		}
	}
	end := pos
	for end < len(text) && isNamePart(text[end]) {
		end++
	}
	if !isTimespanUnit(text[pos:end]) {
		return 0
	}
	return end
}

// isTimespanUnit lists the units, as the lexical grammar of the language does.
func isTimespanUnit(unit string) bool {
	switch unit {
	case "d", "day", "days", "h", "hr", "hrs", "hour", "hours", "m", "min", "minute", "minutes",
		"s", "sec", "second", "seconds", "ms", "milli", "millis", "millisec", "millisecond", "milliseconds",
		"micro", "micros", "microsec", "microsecond", "microseconds",
		"nano", "nanos", "nanosec", "nanosecond", "nanoseconds", "tick", "ticks":
		return true
	}
	return false
}

// scanLong finds the end of 10 or 0x1F, or 0.
func scanLong(text string, start int) int {
	pos := digits(text, start)
	if pos == start+1 && text[start] == '0' && (hasByte(text, pos, 'x') || hasByte(text, pos, 'X')) {
		end := pos + 1
		for end < len(text) && isHex(text[end]) {
			end++
		}
		if end > pos+1 && endsNumber(text, end) {
			return end
		}
	}
	if !endsNumber(text, pos) {
		return 0
	}
	return pos
}

// quoted cuts a string literal. It reports false if the quote is a lone ` or ~.
func (l *lexer) quoted(t *token) bool {
	start := l.pos
	form := openString(l.text[start:])
	if form.prefix == 0 {
		return false
	}
	t.kind = stringToken
	length, closed := form.content(l.text[start+form.prefix:])
	l.pos = start + form.prefix + length
	if closed {
		l.pos += len(form.closer)
		return true
	}
	if !form.multiline && l.peek(0) == '\\' {
		l.badEscape(form)
		return true
	}
	l.missing(start, "string", form.closer)
	return true
}

// badEscape reports what follows a backslash in a string, and passes the rest of the string.
func (l *lexer) badEscape(form stringForm) {
	_, size := utf8.DecodeRuneInString(l.text[l.pos+1:])
	span := Span{l.pos, l.pos + 1 + size}
	l.diagnostics = append(l.diagnostics, Diagnostic{
		Code: "KS001", Message: l.text[span.Start:span.End] + " is no escape sequence",
		Hint: `write \\ for a backslash, or the string as @` + form.closer + "..." + form.closer, Span: span,
	})
	for l.pos < span.Start+lineLength(l.text[span.Start:]) {
		switch l.text[l.pos] {
		case '\\':
			l.pos = min(l.pos+2, len(l.text))
		case form.closer[0]:
			l.pos++
			return
		default:
			l.pos++
		}
	}
}

// stringForm is one of the ways to write a string.
type stringForm struct {
	prefix     int // length of h, @ and the opening quote; 0 if there is no string
	closer     string
	verbatim   bool
	multiline  bool
	obfuscated bool
}

// openString tells the form of the string a text begins with.
func openString(text string) stringForm {
	var f stringForm
	pos := 0
	if hasByte(text, pos, 'h') || hasByte(text, pos, 'H') {
		f.obfuscated = true
		pos++
	}
	if hasByte(text, pos, '@') {
		f.verbatim = true
		pos++
	}
	switch rest := text[pos:]; {
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, "'"):
		f.closer = rest[:1]
	case strings.HasPrefix(rest, "```"), strings.HasPrefix(rest, "~~~"):
		f.closer, f.multiline = rest[:3], true
	default:
		return stringForm{}
	}
	f.prefix = pos + len(f.closer)
	return f
}

// content measures what is between the quotes, and reports whether the closing one is there.
func (f stringForm) content(text string) (length int, closed bool) {
	if f.multiline {
		if end := strings.Index(text, f.closer); end >= 0 {
			return end, true
		}
		return len(text), false
	}
	quote := f.closer[0]
	for pos := 0; pos < len(text); {
		switch c := text[pos]; {
		case c == quote && f.verbatim && hasByte(text, pos+1, quote):
			pos += 2
		case c == quote:
			return pos, true
		case c == '\n' || c == '\r':
			return pos, false
		case c == '\\' && !f.verbatim:
			size := escapeLength(text[pos:])
			if size == 0 {
				return pos, false
			}
			pos += size
		default:
			pos++
		}
	}
	return len(text), false
}

// escapeLength is the length of the escape sequence at the start of a text, or 0 if it is none.
func escapeLength(text string) int {
	if len(text) < 2 {
		return 0
	}
	hex := func(n int) int {
		for i := 2; i < 2+n; i++ {
			if i >= len(text) || !isHex(text[i]) {
				return 0
			}
		}
		return 2 + n
	}
	switch c := text[1]; c {
	case '\\', '\'', '"', 'a', 'b', 'f', 'n', 'r', 't', 'v':
		return 2
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	case 'x':
		return hex(2)
	default:
		return octalLength(text)
	}
}

// octalLength is the length of \0 to \377.
func octalLength(text string) int {
	n := 1
	for n < 4 && n < len(text) && text[n] >= '0' && text[n] <= '7' {
		n++
	}
	if n == 4 && text[1] > '3' {
		n = 3
	}
	if n == 1 {
		return 0
	}
	return n
}

// decodeString gives the characters a string literal stands for.
func decodeString(raw string) (text string, obfuscated bool) {
	f := openString(raw)
	if f.prefix == 0 {
		return raw, false
	}
	length, _ := f.content(raw[f.prefix:])
	body := raw[f.prefix : f.prefix+length]
	switch {
	case f.multiline:
	case f.verbatim:
		body = strings.ReplaceAll(body, f.closer+f.closer, f.closer)
	case strings.IndexByte(body, '\\') >= 0:
		body = unescape(body)
	}
	return body, f.obfuscated
}

// unescape resolves the escape sequences of a body that content has checked.
func unescape(body string) string {
	out := make([]byte, 0, len(body))
	for pos := 0; pos < len(body); {
		if body[pos] != '\\' {
			out = append(out, body[pos])
			pos++
			continue
		}
		size := max(1, escapeLength(body[pos:]))
		if r, both := surrogates(body[pos:], size); both > 0 {
			out = utf8.AppendRune(out, r)
			pos += both
			continue
		}
		out = appendEscape(out, body[pos:pos+size])
		pos += size
	}
	return string(out)
}

// surrogates reads two \u escapes that stand for one character, as in UTF-16; both is their length, or 0.
func surrogates(text string, size int) (r rune, both int) {
	if size != 6 || len(text) < 12 || text[1] != 'u' || text[6] != '\\' || text[7] != 'u' || escapeLength(text[6:]) != 6 {
		return 0, 0
	}
	high, err := strconv.ParseUint(text[2:6], 16, 32)
	low, err2 := strconv.ParseUint(text[8:12], 16, 32)
	if err != nil || err2 != nil {
		return 0, 0
	}
	if r = utf16.DecodeRune(rune(high), rune(low)); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// appendEscape appends the character of one escape sequence.
func appendEscape(out []byte, escape string) []byte {
	if len(escape) < 2 {
		return append(out, escape...)
	}
	base := 16
	number := escape[2:]
	switch c := escape[1]; c {
	case 'a':
		return append(out, '\a')
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'v':
		return append(out, '\v')
	case 'u', 'U', 'x':
	case '\\', '\'', '"':
		return append(out, c)
	default:
		base, number = 8, escape[1:]
	}
	code, err := strconv.ParseUint(number, base, 32)
	if err != nil {
		return append(out, escape...)
	}
	return utf8.AppendRune(out, rune(code))
}
