package kql

import (
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// maxText bounds the length in bytes of a text that a function makes out of a short one.
const maxText = 1 << 20

// stringFunction finds functions that build and cut texts.
func stringFunction(name string) rowFunction {
	switch name {
	case "strcat":
		return func(_ *invocation, args []value.Value) value.Value { return joinTexts("", args) }
	case "strcat_delim":
		return func(_ *invocation, args []value.Value) value.Value { return joinTexts(text(args[0]), args[1:]) }
	case "strcat_array", "array_strcat":
		return joinArray
	case "strlen":
		return func(_ *invocation, args []value.Value) value.Value {
			return value.NewLong(int64(utf8.RuneCountInString(text(args[0]))))
		}
	case "string_size":
		return func(_ *invocation, args []value.Value) value.Value { return value.NewLong(int64(len(text(args[0])))) }
	case "tolower":
		return onText(strings.ToLower)
	case "toupper":
		return onText(strings.ToUpper)
	case "reverse":
		return onText(reverse)
	case "strcmp":
		return func(_ *invocation, args []value.Value) value.Value {
			return value.NewLong(int64(strings.Compare(text(args[0]), text(args[1]))))
		}
	case "substring":
		return substring
	case "split":
		return split
	case "strrep":
		return repeatText
	case "replace_string":
		return func(_ *invocation, args []value.Value) value.Value {
			if text(args[1]) == "" {
				return value.NewString(text(args[0]))
			}
			return value.NewString(strings.ReplaceAll(text(args[0]), text(args[1]), text(args[2])))
		}
	case "replace_strings":
		return replaceStrings
	case "translate":
		return translate
	case "make_string", "unicode_codepoints_to_string":
		return makeString
	case "unicode_codepoints_from_string", "to_utf8":
		return func(_ *invocation, args []value.Value) value.Value {
			list := []any{}
			for _, r := range text(args[0]) {
				list = append(list, int64(r))
			}
			return value.NewDynamic(list)
		}
	default:
		return nil
	}
}

func joinTexts(delimiter string, args []value.Value) value.Value {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = text(a)
	}
	return value.NewString(strings.Join(parts, delimiter))
}

func joinArray(c *invocation, args []value.Value) value.Value {
	list, ok := args[0].Dynamic().([]any)
	if !ok {
		return c.null()
	}
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = value.NewDynamic(e).String()
	}
	delimiter := ""
	if len(args) > 1 {
		delimiter = text(args[1])
	}
	return value.NewString(strings.Join(parts, delimiter))
}

func reverse(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// substring counts code points from 0; a negative start counts from the end and gives
// the empty string if it lies before the start.
func substring(_ *invocation, args []value.Value) value.Value {
	runes := []rune(text(args[0]))
	n := int64(len(runes))
	start, length := long(args, 1, 0), long(args, 2, n)
	if start < 0 {
		start += n
	}
	if start < 0 || start >= n || length <= 0 {
		return value.NewString("")
	}
	return value.NewString(string(runes[start : start+min(length, n-start)]))
}

// split gives an array of the parts, or of the one part asked for.
func split(c *invocation, args []value.Value) value.Value {
	source, delimiter := text(args[0]), text(args[1])
	parts := []string{source}
	if delimiter != "" {
		parts = strings.Split(source, delimiter)
	}
	if len(args) > 2 {
		i := long(args, 2, -1)
		if i < 0 || i >= int64(len(parts)) {
			return c.null()
		}
		parts = parts[i : i+1]
	}
	return value.NewDynamic(parts)
}

// repeatText is strrep(value, count, delimiter); the documentation allows at most 1024
// repetitions.
func repeatText(_ *invocation, args []value.Value) value.Value {
	n := max(0, min(long(args, 1, 0), 1024))
	delimiter := ""
	if len(args) > 2 {
		delimiter = text(args[2])
	}
	unit := text(args[0])
	if n == 0 || int64(len(unit)+len(delimiter))*n > maxText {
		return value.NewString("")
	}
	return value.NewString(unit + strings.Repeat(delimiter+unit, int(n)-1))
}

// replaceStrings replaces several texts, one lookup after the other, where none was
// replaced before. A rewrite that is no string leaves its lookup as it is.
func replaceStrings(c *invocation, args []value.Value) value.Value {
	lookups, ok := args[1].Dynamic().([]any)
	rewrites, fine := args[2].Dynamic().([]any)
	if !ok || !fine || len(lookups) != len(rewrites) {
		return c.null()
	}
	pieces := []piece{{text: text(args[0])}}
	for i := range lookups {
		lookup, ok := lookups[i].(string)
		if !ok || lookup == "" {
			continue
		}
		rewrite, ok := rewrites[i].(string)
		if !ok {
			rewrite = lookup
		}
		pieces = replacePieces(pieces, lookup, rewrite)
	}
	var out strings.Builder
	for _, p := range pieces {
		out.WriteString(p.text)
	}
	return value.NewString(out.String())
}

// piece is a part of a text; a done one is the outcome of a replacement.
type piece struct {
	text string
	done bool
}

func replacePieces(pieces []piece, lookup, rewrite string) []piece {
	var out []piece
	for _, p := range pieces {
		if p.done {
			out = append(out, p)
			continue
		}
		for i, rest := range strings.Split(p.text, lookup) {
			if i > 0 {
				out = append(out, piece{rewrite, true})
			}
			out = append(out, piece{text: rest})
		}
	}
	return out
}

// translate maps characters of the first list to those of the second, whose last one
// stands for all that follow; an empty second list deletes.
func translate(_ *invocation, args []value.Value) value.Value {
	from, to := []rune(text(args[0])), []rune(text(args[1]))
	mapped := make(map[rune]rune, len(from))
	for i, r := range from {
		if _, known := mapped[r]; known {
			continue
		}
		mapped[r] = -1
		if len(to) > 0 {
			mapped[r] = to[min(i, len(to)-1)]
		}
	}
	return value.NewString(strings.Map(func(r rune) rune {
		if m, ok := mapped[r]; ok {
			return m
		}
		return r
	}, text(args[2])))
}

// makeString makes a text of code points, given one by one or in arrays.
func makeString(_ *invocation, args []value.Value) value.Value {
	var out strings.Builder
	for _, v := range listed(args) {
		if n := value.Convert(v, value.Long); !n.IsNull() {
			out.WriteRune(rune(n.Int()))
		}
	}
	return value.NewString(out.String())
}

// searchFunction finds functions that look for a text in another.
func searchFunction(name string) rowFunction {
	switch name {
	case "indexof":
		return indexOf
	case "has_any_index":
		return hasAnyIndex
	case "isascii":
		return func(_ *invocation, args []value.Value) value.Value { return truthy(isASCII(text(args[0]))) }
	case "isutf8":
		return func(_ *invocation, args []value.Value) value.Value { return truthy(utf8.ValidString(text(args[0]))) }
	default:
		return nil
	}
}

// indexOf is indexof(text, lookup, start, length, occurrence) in code points, -1 if absent.
func indexOf(_ *invocation, args []value.Value) value.Value {
	source, lookup := []rune(text(args[0])), text(args[1])
	n := int64(len(source))
	start := long(args, 2, 0)
	if start < 0 {
		start = max(0, start+n)
	}
	length, occurrence := long(args, 3, -1), long(args, 4, 1)
	if length < -1 || occurrence < 0 {
		return value.Null(value.Long)
	}
	if start > n || occurrence == 0 {
		return value.NewLong(-1)
	}
	end := n
	if length >= 0 {
		end = start + min(length, n-start)
	}
	window := string(source[start:end])
	offset := 0
	for ; ; occurrence-- {
		i := strings.Index(window[offset:], lookup)
		if i < 0 {
			return value.NewLong(-1)
		}
		if occurrence == 1 {
			return value.NewLong(start + int64(utf8.RuneCountInString(window[:offset+i])))
		}
		_, size := utf8.DecodeRuneInString(window[offset+i:])
		if size == 0 {
			return value.NewLong(-1)
		}
		offset += i + size
	}
}

// hasAnyIndex is the position of the first needle of the list that the text has as a
// term, or -1.
func hasAnyIndex(_ *invocation, args []value.Value) value.Value {
	for i, t := range texts(nil, args[1]) {
		n := newNeedle(t, false, true, true)
		if n.in(text(args[0])) {
			return value.NewLong(int64(i))
		}
	}
	return value.NewLong(-1)
}
