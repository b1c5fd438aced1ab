package function

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func textFunctions() []Function {
	return []Function{
		{Name: "strcat", Signatures: []string{"- string arg:Scalar{1,64}"}, Doc: "strcat-function", Call: concatenate},
		{Name: "strcat_delim", Signatures: []string{"- string delimiter:Scalar arg:Scalar{2,64}"}, Doc: "strcat-delim-function", Call: concatenateDelimited},
		{Name: "strcat_array", Signatures: []string{"- string array:DynamicArray delimiter:Scalar"}, Doc: "strcat-array-function", Call: joinArray},
		{Name: "array_strcat", Signatures: []string{"- string array:DynamicArray delimiter:Scalar"}, Call: joinArray},
		{Name: "strcmp", Signatures: []string{"- long s1:Scalar s2:Scalar"}, Doc: "strcmp-function", Call: compareTexts},
		{Name: "strrep", Signatures: []string{"- string value:Scalar multiplier:long delimiter:Scalar?"}, Doc: "strrep-function", Call: repeatText},
		{Name: "strlen", Signatures: []string{"name_first long string:StringOrDynamic"}, Doc: "strlen-function", Call: textLength},
		{Name: "string_size", Signatures: []string{"name_first long string:StringOrDynamic"}, Doc: "string-size-function", Call: textSize},
		{Name: "toupper", Signatures: []string{"- string value:Scalar"}, Doc: "toupper-function", Call: onText(strings.ToUpper)},
		{Name: "tolower", Signatures: []string{"- string value:Scalar"}, Doc: "tolower-function", Call: onText(strings.ToLower)},
		{Name: "reverse", Signatures: []string{"- string value:Scalar"}, Doc: "reverse-function", Call: onText(reverse)},
		{Name: "substring", Signatures: []string{"- string string:Scalar start:Integer length:Integer?"}, Doc: "substring-function", Call: substring},
		{Name: "split", Signatures: []string{"first array<string> source:Scalar delimiter:string requestedIndex:Integer?"}, Doc: "split-function", Call: split},
		{Name: "replace_string", Signatures: []string{"- string text:string lookup:string rewrite:string"}, Doc: "replace-string-function", Call: replaceText},
		{Name: "replace_strings", Signatures: []string{"- string text:string lookups:DynamicArray rewrites:DynamicArray"}, Doc: "replace-strings-function", Call: replaceTexts},
		{Name: "translate", Signatures: []string{"- string searchList:string replacementList:string source:string"}, Doc: "translate-function", Call: translate},
		{Name: "unicode_codepoints_to_string", Aliases: []string{"make_string"}, Signatures: []string{"- string value:IntegerOrArray+"}, Doc: "unicode-codepoints-to-string-function", Call: makeText},
		{Name: "unicode_codepoints_from_string", Aliases: []string{"to_utf8"}, Signatures: []string{"- array value:Scalar"}, Doc: "unicode-codepoints-from-string-function", Call: codePoints},
		{Name: "isascii", Signatures: []string{"- bool value:Scalar"}, Doc: "isascii-function", Call: onTextTest(isASCII)},
		{Name: "isutf8", Signatures: []string{"- bool value:Scalar"}, Doc: "isutf8-function", Call: onTextTest(utf8.ValidString)},
		{Name: "indexof", Signatures: []string{"- long string:Scalar match:Scalar start:Integer? length:Integer? occurrence:Integer/Constant?"}, Doc: "indexof-function", Call: indexOf},
		{Name: "has_any_index", Signatures: []string{"- long source:StringOrDynamic values:DynamicArray"}, Doc: "has-any-index-function", By: Executor},
		{Name: "punycode_to_string", Signatures: []string{"- string string:string"}, Doc: "punycode-to-string-function", Call: onText(fromPunycode)},
		{Name: "punycode_from_string", Signatures: []string{"- string string:string"}, Doc: "punycode-from-string-function", Call: onText(toPunycode)},
		{Name: "punycode_domain_from_string", Signatures: []string{"- string string:string"}, Doc: "punycode-domain-from-string-function", Call: onText(domainFromPunycode)},
		{Name: "punycode_domain_to_string", Signatures: []string{"- string string:string"}, Doc: "punycode-domain-to-string-function", Call: onText(domainToPunycode)},
		{Name: "format_bytes", Signatures: []string{"first string size:Number precision:Number/Constant? format:string/Constant?"}, Doc: "format-bytes-function", Nulls: Propagate, Call: formatBytes},
	}
}

// maxText bounds the length in bytes of a text that a function makes out of a short one.
const maxText = 1 << 20

func concatenate(_ *Invocation, args []value.Value) value.Value { return joinTexts("", args) }

func concatenateDelimited(_ *Invocation, args []value.Value) value.Value {
	return joinTexts(text(args[0]), args[1:])
}

func textLength(_ *Invocation, args []value.Value) value.Value {
	return value.NewLong(int64(utf8.RuneCountInString(text(args[0]))))
}

func textSize(_ *Invocation, args []value.Value) value.Value {
	return value.NewLong(int64(len(text(args[0]))))
}

func compareTexts(_ *Invocation, args []value.Value) value.Value {
	return value.NewLong(int64(strings.Compare(text(args[0]), text(args[1]))))
}

func replaceText(_ *Invocation, args []value.Value) value.Value {
	if text(args[1]) == "" {
		return value.NewString(text(args[0]))
	}
	return value.NewString(strings.ReplaceAll(text(args[0]), text(args[1]), text(args[2])))
}

func codePoints(_ *Invocation, args []value.Value) value.Value {
	list := []any{}
	for _, r := range text(args[0]) {
		list = append(list, int64(r))
	}
	return value.NewDynamic(list)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func joinTexts(delimiter string, args []value.Value) value.Value {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = text(a)
	}
	return value.NewString(strings.Join(parts, delimiter))
}

func joinArray(c *Invocation, args []value.Value) value.Value {
	list, ok := args[0].Dynamic().([]any)
	if !ok {
		return c.Null()
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
func substring(_ *Invocation, args []value.Value) value.Value {
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
func split(c *Invocation, args []value.Value) value.Value {
	source, delimiter := text(args[0]), text(args[1])
	parts := []string{source}
	if delimiter != "" {
		parts = strings.Split(source, delimiter)
	}
	if len(args) > 2 {
		i := long(args, 2, -1)
		if i < 0 || i >= int64(len(parts)) {
			return c.Null()
		}
		parts = parts[i : i+1]
	}
	return value.NewDynamic(parts)
}

// repeatText is strrep(value, count, delimiter); the documentation allows at most 1024
// repetitions.
func repeatText(_ *Invocation, args []value.Value) value.Value {
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

// replaceTexts replaces several texts, one lookup after the other, where none was
// replaced before. A rewrite that is no string leaves its lookup as it is.
func replaceTexts(c *Invocation, args []value.Value) value.Value {
	lookups, ok := args[1].Dynamic().([]any)
	rewrites, fine := args[2].Dynamic().([]any)
	if !ok || !fine || len(lookups) != len(rewrites) {
		return c.Null()
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
func translate(_ *Invocation, args []value.Value) value.Value {
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

// makeText makes a text of code points, given one by one or in arrays.
func makeText(_ *Invocation, args []value.Value) value.Value {
	var out strings.Builder
	for _, v := range elements(args) {
		if n := value.Convert(v, value.Long); !n.IsNull() {
			out.WriteRune(rune(n.Int()))
		}
	}
	return value.NewString(out.String())
}

// indexOf is indexof(text, lookup, start, length, occurrence) in code points, -1 if absent. The length counts anew
// from behind each occurrence, as the documented results require.
func indexOf(c *Invocation, args []value.Value) value.Value {
	source, lookup := []rune(text(args[0])), text(args[1])
	n := int64(len(source))
	start, length, occurrence := long(args, 2, 0), long(args, 3, -1), long(args, 4, 1)
	if length < -1 || occurrence < 0 {
		return c.Null()
	}
	if start < 0 {
		start = max(0, start+n)
	}
	for ; occurrence > 0 && start <= n; occurrence-- {
		end := n
		if length >= 0 {
			end = start + min(length, n-start)
		}
		window := string(source[start:end])
		before, _, found := strings.Cut(window, lookup)
		if !found {
			break
		}
		start += int64(utf8.RuneCountInString(before))
		if occurrence == 1 {
			return value.NewLong(start)
		}
		start++
	}
	return value.NewLong(-1)
}

// formatBytes is format_bytes(size [, precision [, units]]).
func formatBytes(_ *Invocation, args []value.Value) value.Value {
	size, precision := value.Scalar(args[0]).Real(), long(args, 1, 0)
	units := []string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}
	wanted := ""
	if len(args) > 2 {
		wanted = text(args[2])
	}
	if wanted != "" && !slices.Contains(units, wanted) {
		return value.NewString("")
	}
	at := 0
	for at+1 < len(units) && (wanted != "" && wanted != units[at] || wanted == "" && (size >= 1024 || size <= -1024)) {
		size /= 1024
		at++
	}
	s := strconv.FormatFloat(roundTo(size, int(min(precision, 15))), 'f', -1, 64)
	return value.NewString(s + " " + units[at])
}
