package powershell

import (
	"fmt"
	"regexp"
	"strings"
)

// searchLine is a line that Select-String looks at.
type searchLine struct {
	path   string
	number int
	text   string
	object any
}

func selectString(c *call) error {
	items, _ := c.state.(*[]any)
	paths := append(c.list("Path"), c.list("LiteralPath")...)
	if c.piped && !c.bound.explicit["path"] && !c.bound.explicit["literalpath"] {
		if o, ok := c.input.(*Object); ok {
			if f, ok := o.data.(*fileState); ok {
				paths = []string{f.file.Path}
			}
		} else {
			paths = nil
		}
	}
	if paths == nil {
		if c.has("InputObject") {
			v := c.value("InputObject")
			for _, item := range asList(v) {
				*items = append(*items, searchLine{"InputStream", len(*items) + 1, strings.TrimRight(c.str(item), "\r\n"), item})
			}
		}
		return nil
	}
	for _, path := range paths {
		places, err := c.expandPath(path, c.bound.explicit["literalpath"])
		if err != nil {
			return err
		}
		for _, p := range places {
			v, err := c.getContent(p.drivePath(), c.text("Encoding"), true)
			if err != nil {
				if e, ok := err.(*Exception); ok { //nolint:errorlint // the provider returns it unwrapped
					r := &ErrorRecord{Exception: exception("System.ArgumentException", "The file %s cannot be read: %s", p.path, e.Message), ID: "ProcessingFile", Category: "InvalidArgument"}
					if err := c.fail(r); err != nil {
						return err
					}
					continue
				}
				return err
			}
			for i, line := range asList(v) {
				*items = append(*items, searchLine{p.path, i + 1, c.str(line), line})
			}
		}
	}
	return nil
}

func selectStringEnd(c *call) error {
	var patterns []*regexp.Regexp
	for _, p := range c.list("Pattern") {
		if c.flag("SimpleMatch") {
			p = regexp.QuoteMeta(p)
		}
		options := "i"
		if c.flag("CaseSensitive") {
			options = ""
		}
		re, err := c.regex(p, options)
		if err != nil {
			return err
		}
		patterns = append(patterns, re)
	}
	before, after := c.contextLines()
	items := c.gathered()
	listed := map[string]bool{}
	for i, item := range items {
		l, ok := item.(searchLine)
		if !ok || listed[l.path] && c.flag("List") {
			continue
		}
		re, found := firstMatch(patterns, l.text)
		if found == c.flag("NotMatch") {
			continue
		}
		if c.flag("Quiet") {
			return c.out(true)
		}
		listed[l.path] = true
		if err := c.out(c.matchInfo(re, l, around(items, i, -before), around(items, i, after))); err != nil {
			return err
		}
	}
	if c.flag("Quiet") {
		return c.out(false)
	}
	return nil
}

func (c *call) contextLines() (before, after int) {
	list := asList(c.value("Context"))
	if c.value("Context") == nil {
		return 0, 0
	}
	before, _ = c.int(list[0])
	after = before
	if len(list) > 1 {
		after, _ = c.int(list[1])
	}
	return max(0, before), max(0, after)
}

func firstMatch(patterns []*regexp.Regexp, text string) (*regexp.Regexp, bool) {
	for _, re := range patterns {
		if re.MatchString(text) {
			return re, true
		}
	}
	return nil, false
}

// around gives the n lines of the same file after line i, or before it when n is negative.
func around(items []any, i, n int) []string {
	here, _ := items[i].(searchLine)
	var out []string
	from, to := i+1, min(len(items), i+1+n)
	if n < 0 {
		from, to = max(0, i+n), i
	}
	for j := from; j < to; j++ {
		if l, ok := items[j].(searchLine); ok && l.path == here.path {
			out = append(out, l.text)
		}
	}
	return out
}

func (c *call) matchInfo(re *regexp.Regexp, l searchLine, before, after []string) *Object {
	matches := newArray()
	if re != nil {
		found := re.FindAllStringSubmatchIndex(l.text, -1)
		if !c.flag("AllMatches") {
			found = found[:min(1, len(found))]
		}
		for _, m := range found {
			matches.Items = append(matches.Items, c.matchObject(re, l.text, m))
		}
	}
	context := len(before)+len(after) > 0
	text := func(*interp, *Object) string {
		if l.path == "InputStream" && !context {
			return l.text
		}
		var b []string
		line := func(mark string, n int, s string) {
			if l.path == "InputStream" {
				b = append(b, mark+s)
				return
			}
			b = append(b, fmt.Sprintf("%s%s:%d:%s", mark, l.path, n, s))
		}
		mark, other := "", ""
		if context {
			mark, other = "> ", "  "
		}
		for i, s := range before {
			line(other, l.number-len(before)+i, s)
		}
		line(mark, l.number, l.text)
		for i, s := range after {
			line(other, l.number+1+i, s)
		}
		return strings.Join(b, "\r\n")
	}
	o := newObject(&class{name: "Microsoft.PowerShell.Commands.MatchInfo", text: text}, matchLine{})
	var pattern any
	if re != nil {
		pattern = strings.TrimPrefix(re.String(), "(?i)")
	}
	return o.note("IgnoreCase", !c.flag("CaseSensitive")).note("LineNumber", int32(l.number)).note("Line", l.text).note("Filename", l.path[strings.LastIndexByte(l.path, '\\')+1:]). //nolint:gosec // bounded
																								note("Path", l.path).note("Pattern", pattern).note("Context", nil).note("Matches", matches)
}

// matchLine marks the objects that the console prints as text although they have properties.
type matchLine struct{}

func selectXML(c *call) error {
	type source struct {
		path string
		node any
	}
	var sources []source
	for _, path := range append(c.list("Path"), c.list("LiteralPath")...) {
		v, err := c.getContent(path, "utf8", false)
		if err != nil {
			return err
		}
		p, _ := c.resolvePath(path)
		sources = append(sources, source{p.path, v})
	}
	for _, v := range asList(c.value("Xml")) {
		if v != nil {
			sources = append(sources, source{"InputStream", v})
		}
	}
	for _, s := range c.list("Content") {
		sources = append(sources, source{"InputStream", s})
	}
	for _, s := range sources {
		o, ok := s.node.(*Object)
		if !ok {
			n, err := parseXML(c.str(s.node))
			if err != nil {
				return newError("System.Xml.XmlException", "ProcessingFile", "InvalidArgument", "%s", err)
			}
			o = newObject(documentClass(), &xmlNode{n})
		}
		x, ok := o.data.(*xmlNode)
		if !ok {
			continue
		}
		nodes, err := findNodes(x.n, c.text("XPath"))
		if err != nil {
			return err
		}
		for _, n := range nodes {
			if err := c.out(record("Microsoft.PowerShell.Commands.SelectXmlInfo", "Node", nodeObject(n), "Path", s.path, "Pattern", c.text("XPath"))); err != nil {
				return err
			}
		}
	}
	return nil
}

func stringData(c *call) error {
	h := newHash(hashtable)
	for _, line := range splitLines(c.text("StringData")) {
		k, v, ok := strings.Cut(c.str(line), "=")
		if k = strings.TrimSpace(k); ok && k != "" && !strings.HasPrefix(k, "#") {
			h.set(k, strings.TrimSpace(strings.ReplaceAll(v, `\\`, `\`)))
		}
	}
	return c.out(h)
}
