package cmd

import (
	"strconv"
	"strings"
)

// lookup gives the value of a variable, dynamic ones (CD, ERRORLEVEL, ...)
// included.
type lookup func(name string) (string, bool)

// batchArguments are the parameters of a batch file: index 0 is the file.
type batchArguments struct {
	list []string
	all  string // everything behind the file name, for %*
	// modify applies the modifiers of %~dpnxsatz$ to a value.
	modify func(modifiers, value string) string
}

// expandPercent performs the first expansion of a line: %NAME% with its
// modifiers and, in a batch file (args not nil), %%, %1 and %*. Unknown
// variables stay as they are on a command line and vanish in a batch file.
func expandPercent(line string, get lookup, args *batchArguments) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		if line[i] != '%' {
			b.WriteByte(line[i])
			i++
			continue
		}
		text, used := expandOne(line[i:], get, args)
		b.WriteString(text)
		i += used
	}
	return b.String()
}

// expandOne expands the reference at the start of s (a percent sign) and says
// how many bytes of s it took.
func expandOne(s string, get lookup, args *batchArguments) (string, int) {
	if args != nil {
		if strings.HasPrefix(s, "%%") {
			return "%", 2
		}
		if text, used, ok := args.expand(s); ok {
			return text, used
		}
	}
	end := strings.IndexByte(s[1:], '%')
	if end <= 0 {
		if args != nil {
			return "", 1
		}
		return "%", 1
	}
	reference := s[1 : 1+end]
	if value, ok := variable(reference, get); ok {
		return value, end + 2
	}
	if args != nil {
		return undefinedInBatch(reference), end + 2
	}
	return "%", 1
}

// undefinedInBatch is what remains of %NAME:modifier% when NAME has no value.
func undefinedInBatch(reference string) string {
	if _, modifier, ok := strings.Cut(reference, ":"); ok {
		return modifier
	}
	return ""
}

// expand handles %*, %0..%9 and %~modifiers0..9.
func (a *batchArguments) expand(s string) (text string, used int, ok bool) {
	if len(s) < 2 {
		return "", 0, false
	}
	switch c := s[1]; {
	case c == '*':
		return a.all, 2, true
	case c >= '0' && c <= '9':
		return a.at(int(c - '0')), 2, true
	case c != '~':
		return "", 0, false
	}
	i := 2
	for i < len(s) && isModifier(s[i]) {
		i++
	}
	if i >= len(s) || s[i] < '0' || s[i] > '9' {
		return "", 0, false
	}
	return a.modify(s[2:i], a.at(int(s[i]-'0'))), i + 1, true
}

func (a *batchArguments) at(i int) string {
	if i < len(a.list) {
		return a.list[i]
	}
	return ""
}

func isModifier(c byte) bool { return strings.IndexByte("fdpnxsatzFDPNXSATZ", c) >= 0 }

// variable resolves NAME, NAME:~start,length and NAME:old=new.
func variable(reference string, get lookup) (string, bool) {
	if value, ok := get(reference); ok {
		return value, true
	}
	name, modifier, found := strings.Cut(reference, ":")
	if !found || name == "" {
		return "", false
	}
	value, ok := get(name)
	if !ok {
		return "", false
	}
	if rest, isSlice := strings.CutPrefix(modifier, "~"); isSlice {
		return substring(value, rest), true
	}
	old, replacement, ok := strings.Cut(modifier, "=")
	if !ok || old == "" {
		return "", false
	}
	return replace(value, old, replacement), true
}

// substring applies start[,length]; negative numbers count from the end.
func substring(value, modifier string) string {
	startText, lengthText, hasLength := strings.Cut(modifier, ",")
	runes := []rune(value)
	start := atoi(startText)
	if start < 0 {
		start = max(0, len(runes)+start)
	}
	start = min(start, len(runes))
	end := len(runes)
	if hasLength {
		if length := atoi(lengthText); length < 0 {
			end = len(runes) + length
		} else {
			end = start + min(length, len(runes)-start)
		}
	}
	if end <= start {
		return ""
	}
	return string(runes[start:end])
}

// atoi reads a number as C's wcstol does with base 0: garbage is zero.
func atoi(s string) int {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 0, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// replace substitutes every old, whatever its case; an old that starts with *
// matches from the beginning of the value, once.
func replace(value, old, replacement string) string {
	if tail, anchored := strings.CutPrefix(old, "*"); anchored && tail != "" {
		i := indexFold(value, tail)
		if i < 0 {
			return value
		}
		return replacement + value[i+len(tail):]
	}
	var b strings.Builder
	for {
		i := indexFold(value, old)
		if i < 0 {
			b.WriteString(value)
			return b.String()
		}
		b.WriteString(value[:i] + replacement)
		value = value[i+len(old):]
	}
}

// indexFold finds sub in s without regard to the case of ASCII letters.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// expandDelayed performs the expansion of !NAME! that SETLOCAL
// ENABLEDELAYEDEXPANSION or /v:on switches on. Carets escape only in text that
// holds an exclamation mark.
func expandDelayed(text string, get lookup) string {
	if !strings.ContainsRune(text, '!') {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '^':
			if i+1 < len(text) {
				i++
				b.WriteByte(text[i])
			}
		case '!':
			end := strings.IndexByte(text[i+1:], '!')
			if end <= 0 {
				continue
			}
			if value, ok := variable(text[i+1:i+1+end], get); ok {
				b.WriteString(value)
			}
			i += end + 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// forVariables are the variables of the FOR loops around a command.
type forVariables struct {
	values map[byte]string
	modify func(modifiers, value string) string
}

func (v *forVariables) with(name byte, value string) *forVariables {
	next := &forVariables{values: map[byte]string{name: value}, modify: v.modify}
	for k, old := range v.values {
		if k != name {
			next.values[k] = old
		}
	}
	return next
}

// expand replaces %x and %~modifiersx of the loops in force; anything else
// stays as it is.
func (v *forVariables) expand(text string) string {
	if len(v.values) == 0 || !strings.ContainsRune(text, '%') {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		value, used := v.expandOne(text[i:])
		b.WriteString(value)
		i += used
	}
	return b.String()
}

func (v *forVariables) expandOne(s string) (string, int) {
	if s[0] != '%' || len(s) < 2 {
		return s[:1], 1
	}
	if value, ok := v.values[s[1]]; ok {
		return value, 2
	}
	if s[1] != '~' {
		return "%", 1
	}
	// The name is the longest run that ends in a variable in force: in
	// %~dpnxi the x is a modifier when i is a variable.
	end := 0
	for i := 2; i < len(s); i++ {
		if _, ok := v.values[s[i]]; ok {
			end = i
		}
		if !isModifier(s[i]) {
			break
		}
	}
	if end == 0 {
		return "%", 1
	}
	return v.modify(s[2:end], v.values[s[end]]), end + 1
}

// unquote removes the quotation marks around a name, or stray ones in it.
func unquote(s string) string { return strings.ReplaceAll(s, `"`, "") }
