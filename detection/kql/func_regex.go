package kql

import (
	"regexp"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// regexFunction finds functions that take a regular expression.
func regexFunction(name string) rowFunction {
	switch name {
	case "extract":
		return extract
	case "extract_all", "extractall":
		return extractAll
	case "replace_regex":
		return replaceRegex
	case "replace":
		// The older function takes the text last.
		return func(c *invocation, args []value.Value) value.Value {
			return replaceRegex(c, []value.Value{args[2], args[0], args[1]})
		}
	case "trim":
		return trimmer(true, true)
	case "trim_start":
		return trimmer(true, false)
	case "trim_end":
		return trimmer(false, true)
	case "countof":
		return countOf
	case "indexof_regex":
		return indexOfRegex
	case "regex_quote":
		return onText(regexp.QuoteMeta)
	default:
		return nil
	}
}

// patternArgument is where a function takes its pattern, or -1.
func patternArgument(name string) int {
	switch name {
	case "extract", "extract_all", "extractall", "trim", "trim_start", "trim_end", "replace":
		return 0
	case "replace_regex", "indexof_regex":
		return 1
	default:
		return -1
	}
}

// checkPatterns reports a constant pattern that does not compile.
func (c *compiler) checkPatterns(e *bind.Call) {
	at := patternArgument(e.Name)
	if at < 0 || at >= len(e.Args) {
		return
	}
	l, ok := e.Args[at].(*bind.Literal)
	if !ok {
		return
	}
	re, err := compilePattern(l.Value.Str())
	switch {
	case err != nil:
		c.patternFault(l.Span(), err)
	case strings.HasPrefix(e.Name, "extract_all") && (re.NumSubexp() < 1 || re.NumSubexp() > 16):
		c.report(syntax.ClassBind, l.Span(), "%s needs a regular expression with 1 to 16 groups, not %d", e.Name, re.NumSubexp())
	}
}

// regex compiles a pattern once for a call.
func (c *invocation) regex(pattern string) *regexp.Regexp {
	if re, ok := c.patterns[pattern]; ok {
		return re
	}
	re, err := compilePattern(pattern)
	if err != nil {
		c.fail("%v", err)
	}
	if c.patterns == nil || len(c.patterns) > maxAnswers {
		c.patterns = map[string]*regexp.Regexp{}
	}
	c.patterns[pattern] = re
	return re
}

// extract is extract(regex, group, text [, typeof]); no match gives the empty string,
// or null for other types.
func extract(c *invocation, args []value.Value) value.Value {
	re := c.regex(text(args[0]))
	if re == nil {
		return c.null()
	}
	groups := re.FindStringSubmatch(text(args[2]))
	n := long(args, 1, -1)
	if n < 0 || n >= int64(len(groups)) {
		return c.null()
	}
	return value.Convert(value.NewString(groups[n]), c.result)
}

// extractAll is extract_all(regex [, groups], text): a flat array for one group, an
// array of arrays for several, null without a match.
func extractAll(c *invocation, args []value.Value) value.Value {
	re := c.regex(text(args[0]))
	if re == nil {
		return c.null()
	}
	var wanted []int
	if len(args) > 2 {
		for _, g := range listed(args[1 : len(args)-1]) {
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
		return c.null()
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
func replaceRegex(c *invocation, args []value.Value) value.Value {
	re := c.regex(text(args[1]))
	if re == nil {
		return c.null()
	}
	return value.NewString(re.ReplaceAllString(text(args[0]), rewriteTemplate(text(args[2]))))
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

// trimmer removes matches at the ends of a text, again and again.
func trimmer(start, end bool) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		pattern, s := text(args[0]), text(args[1])
		if start {
			if re := c.regex(`\A(?:` + pattern + `)+`); re != nil {
				s = s[len(re.FindString(s)):]
			}
		}
		if end {
			if re := c.regex(`(?:` + pattern + `)+\z`); re != nil {
				s = s[:len(s)-len(re.FindString(s))]
			}
		}
		return value.NewString(s)
	}
}

// countOf counts occurrences: overlapping ones of a text, separate ones of a pattern.
func countOf(c *invocation, args []value.Value) value.Value {
	s, search := text(args[0]), text(args[1])
	if len(args) > 2 && text(args[2]) == "regex" {
		re := c.regex(search)
		if re == nil {
			return c.null()
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

// indexOfRegex is indexof_regex(text, regex, start, length, occurrence).
func indexOfRegex(c *invocation, args []value.Value) value.Value {
	re := c.regex(text(args[1]))
	if re == nil {
		return c.null()
	}
	source := []rune(text(args[0]))
	n := int64(len(source))
	start, length, occurrence := long(args, 2, 0), long(args, 3, -1), long(args, 4, 1)
	if start < 0 || occurrence < 1 || length < -1 {
		return c.null()
	}
	if start > n {
		return value.NewLong(-1)
	}
	end := n
	if length >= 0 {
		end = start + min(length, n-start)
	}
	window := string(source[start:end])
	found := re.FindAllStringIndex(window, int(min(occurrence, maxAnswers)))
	if int64(len(found)) < occurrence {
		return value.NewLong(-1)
	}
	return value.NewLong(start + int64(len([]rune(window[:found[occurrence-1][0]]))))
}
