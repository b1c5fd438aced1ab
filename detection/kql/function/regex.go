package function

import (
	"regexp"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func regexFunctions() []Function {
	return []Function{
		{Name: "extract", Signatures: []string{
			"- string regex:string/Constant captureGroup:long source:string",
			"- literaln regex:string/Constant captureGroup:long source:string typeLiteral:type/Literal",
		}, Doc: "extract-function", Pattern: 1, Call: extract},
		{Name: "extract_all", Aliases: []string{"extractall"}, Signatures: []string{
			"- array regex:string/Constant source:string",
			"- array regex:string/Constant captureGroups:DynamicArray source:string",
		}, Doc: "extract-all-function", Pattern: 1, Call: extractAll},
		{Name: "replace_regex", Signatures: []string{"- string source:string lookup_regex:string/Constant rewrite_pattern:string/Constant"}, Doc: "replace-regex-function", Pattern: 2, Call: replaceRegex},
		{Name: "replace", Signatures: []string{"- string regex:string/Constant rewrite:string/Constant source:string"}, Doc: "replace-regex-function", Pattern: 1, Call: replaceOlder},
		{Name: "trim", Signatures: []string{"- string regex:string/Constant source:string"}, Doc: "trim-function", Pattern: 1, Call: trim},
		{Name: "trim_start", Signatures: []string{"- string regex:string/Constant source:string"}, Doc: "trim-start-function", Pattern: 1, Call: trimStart},
		{Name: "trim_end", Signatures: []string{"- string regex:string/Constant source:string"}, Doc: "trim-end-function", Pattern: 1, Call: trimEnd},
		{Name: "countof", Signatures: []string{"- long source:string search:string kind:string/Literal?"}, Doc: "countof-function", Call: countOf},
		{Name: "indexof_regex", Signatures: []string{"- long string:Scalar match:Scalar/Constant start:Integer? length:Integer? occurrence:Integer/Constant?"}, Doc: "indexof-regex-function", Pattern: 2, Call: indexOfRegex},
		{Name: "regex_quote", Signatures: []string{"- string string:Scalar"}, Doc: "regex-quote-function", Call: onText(regexp.QuoteMeta)},
	}
}

// extract is extract(regex, group, text [, typeof]); no match gives the empty string,
// or null for other types.
func extract(c *Invocation, args []value.Value) value.Value {
	re := c.Regex(text(args[0]))
	if re == nil {
		return c.Null()
	}
	groups := re.FindStringSubmatch(text(args[2]))
	n := long(args, 1, -1)
	if n < 0 || n >= int64(len(groups)) {
		return c.Null()
	}
	return value.Convert(value.NewString(groups[n]), c.Result)
}

// extractAll is extract_all(regex [, groups], text): a flat array for one group, an
// array of arrays for several, null without a match.
func extractAll(c *Invocation, args []value.Value) value.Value {
	re := c.Regex(text(args[0]))
	if re == nil {
		return c.Null()
	}
	var wanted []int
	if len(args) > 2 {
		for _, g := range elements(args[1 : len(args)-1]) {
			wanted = append(wanted, groupNumber(re, g))
		}
	} else {
		for g := range re.NumSubexp() {
			wanted = append(wanted, g+1)
		}
	}
	list := []any{}
	for _, m := range re.FindAllStringSubmatch(text(args[len(args)-1]), -1) {
		list = append(list, captured(m, wanted))
	}
	if len(list) == 0 {
		return c.Null()
	}
	return value.NewDynamic(list)
}

func groupNumber(re *regexp.Regexp, g value.Value) int {
	if g.Type() == value.String {
		return re.SubexpIndex(g.Str())
	}
	return int(value.Convert(g, value.Long).Int())
}

func captured(match []string, wanted []int) any {
	list := make([]any, len(wanted))
	for i, g := range wanted {
		list[i] = ""
		if g >= 0 && g < len(match) {
			list[i] = match[g]
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// replaceRegex is replace_regex(text, regex, rewrite), where \1 stands for a group and
// \0 for the whole match.
func replaceRegex(c *Invocation, args []value.Value) value.Value {
	re := c.Regex(text(args[1]))
	if re == nil {
		return c.Null()
	}
	return value.NewString(re.ReplaceAllString(text(args[0]), rewriteTemplate(text(args[2]))))
}

// replaceOlder is replace(), which takes the text last.
func replaceOlder(c *Invocation, args []value.Value) value.Value {
	return replaceRegex(c, []value.Value{args[2], args[0], args[1]})
}

// rewriteTemplate turns \1 into Go's ${1}.
func rewriteTemplate(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '$':
			out.WriteString("$$")
		case s[i] == '\\' && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9':
			out.WriteString("${" + s[i+1:i+2] + "}")
			i++
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\':
			out.WriteByte('\\')
			i++
		default:
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

func trim(c *Invocation, args []value.Value) value.Value {
	return trimmed(c, text(args[0]), text(args[1]), true, true)
}

func trimStart(c *Invocation, args []value.Value) value.Value {
	return trimmed(c, text(args[0]), text(args[1]), true, false)
}

func trimEnd(c *Invocation, args []value.Value) value.Value {
	return trimmed(c, text(args[0]), text(args[1]), false, true)
}

// trimmed removes matches at the ends of a text, again and again.
func trimmed(c *Invocation, pattern, s string, start, end bool) value.Value {
	if start {
		if re := c.Regex(`\A(?:` + pattern + `)+`); re != nil {
			s = s[len(re.FindString(s)):]
		}
	}
	if end {
		if re := c.Regex(`(?:` + pattern + `)+\z`); re != nil {
			s = s[:len(s)-len(re.FindString(s))]
		}
	}
	return value.NewString(s)
}

// countOf counts occurrences: overlapping ones of a text, separate ones of a pattern.
func countOf(c *Invocation, args []value.Value) value.Value {
	s, search := text(args[0]), text(args[1])
	if len(args) > 2 && text(args[2]) == "regex" {
		re := c.Regex(search)
		if re == nil {
			return c.Null()
		}
		return value.NewLong(int64(len(re.FindAllStringIndex(s, -1))))
	}
	n := int64(0)
	for i := 0; search != "" && i+len(search) <= len(s); i++ {
		if s[i:i+len(search)] == search {
			n++
		}
	}
	return value.NewLong(n)
}

// maxOccurrence bounds how many matches indexof_regex looks for.
const maxOccurrence = 1 << 16

// indexOfRegex is indexof_regex(text, regex, start, length, occurrence).
func indexOfRegex(c *Invocation, args []value.Value) value.Value {
	re := c.Regex(text(args[1]))
	if re == nil {
		return c.Null()
	}
	source := []rune(text(args[0]))
	n := int64(len(source))
	start, length, occurrence := long(args, 2, 0), long(args, 3, -1), long(args, 4, 1)
	if start < 0 || occurrence < 1 || length < -1 {
		return c.Null()
	}
	if start > n {
		return value.NewLong(-1)
	}
	end := n
	if length >= 0 {
		end = start + min(length, n-start)
	}
	window := string(source[start:end])
	found := re.FindAllStringIndex(window, int(min(occurrence, maxOccurrence)))
	if int64(len(found)) < occurrence {
		return value.NewLong(-1)
	}
	return value.NewLong(start + int64(len([]rune(window[:found[occurrence-1][0]]))))
}
