package sensor

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ConfigError is a mistake in a configuration file.
type ConfigError struct {
	Name         string // of the file
	Line, Column int
	Message      string
	Text         string // the line
}

// Error gives the place, the message, and the line with a caret.
func (e *ConfigError) Error() string {
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, e.Text[:min(max(e.Column-1, 0), len(e.Text))])
	return fmt.Sprintf("%s:%d:%d: %s\n\t%s\n\t%s^", e.Name, e.Line, e.Column, e.Message, e.Text, pad)
}

// ParseConfig reads a Sysmon configuration. name is what errors call the file;
// every error is a [*ConfigError]. Several elements for one event add up.
func ParseConfig(name, text string) (*Config, error) {
	p := &configParser{
		name: name, text: text, decoder: xml.NewDecoder(strings.NewReader(text)),
		fields: tagFields(readSchema(eventsData)),
		config: &Config{Name: name, Hash: hashOf(text), Algorithms: []string{"SHA1"}, rules: map[string]*filter{}},
	}
	// Sysmon's files are often declared as UTF-16 after having been saved as UTF-8.
	p.decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.config, nil
}

type configParser struct {
	name, text string
	decoder    *xml.Decoder
	fields     map[string][]string // by event element
	config     *Config
	found      bool
	line       int // of the last token
	column     int
	depth      int
}

func (p *configParser) errorf(format string, args ...any) error {
	lines := strings.Split(p.text, "\n")
	e := &ConfigError{Name: p.name, Line: p.line, Column: p.column, Message: fmt.Sprintf(format, args...)}
	if p.line >= 1 && p.line <= len(lines) {
		e.Text = strings.TrimRight(lines[p.line-1], "\r")
	}
	return e
}

func (p *configParser) token() (xml.Token, error) {
	p.line, p.column = p.decoder.InputPos()
	t, err := p.decoder.Token()
	if err == nil || errors.Is(err, io.EOF) {
		return t, err
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		p.line, p.column = p.decoder.InputPos()
		if syntax.Msg == "unexpected EOF" {
			syntax.Msg = "the file ends inside an element"
		}
		return nil, p.errorf("%s", syntax.Msg)
	}
	return nil, p.errorf("%v", err)
}

func (p *configParser) document() error {
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok {
			if !strings.EqualFold(start.Name.Local, "Sysmon") {
				return p.errorf("the document element is %s, not Sysmon", start.Name.Local)
			}
			if err := p.sysmon(start); err != nil {
				return err
			}
		}
	}
	if !p.found {
		return p.errorf("there is no Sysmon element")
	}
	return nil
}

// children calls f for every child element until the end of the current one, and
// returns the text in between.
func (p *configParser) children(f func(xml.StartElement) error) (string, error) {
	if p.depth++; p.depth > 16 {
		return "", p.errorf("the elements are nested too deeply")
	}
	defer func() { p.depth-- }()
	var text strings.Builder
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := f(t); err != nil {
				return "", err
			}
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			return strings.TrimSpace(text.String()), nil
		}
	}
}

func (p *configParser) sysmon(start xml.StartElement) error {
	p.found = true
	p.config.SchemaVersion = attribute(start, "schemaversion")
	if err := p.checkVersion(); err != nil {
		return err
	}
	_, err := p.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "HashAlgorithms":
			return p.hashes()
		case "EventFiltering":
			return p.filtering()
		case "ArchiveDirectory", "CaptureClipboard", "DriverName", "DnsLookup", "CheckRevocation", "FieldSizes",
			"CopyOnDeletePE", "CopyOnDeleteSIDs", "CopyOnDeleteExtensions", "CopyOnDeleteProcesses":
			_, err := p.children(p.unexpected)
			return err
		}
		return p.errorf("Sysmon has no option %s%s", e.Name.Local, suggestion(e.Name.Local, []string{"HashAlgorithms", "EventFiltering", "ArchiveDirectory", "DnsLookup", "CheckRevocation"}))
	})
	return err
}

func (p *configParser) checkVersion() error {
	v := p.config.SchemaVersion
	major, minor, ok := strings.Cut(v, ".")
	a, err := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	switch {
	case v == "":
		return p.errorf("the Sysmon element has no schemaversion")
	case !ok || err != nil || err2 != nil:
		return p.errorf("schemaversion %q is not a version", v)
	case a > 4 || a == 4 && b > 90:
		return p.errorf("schemaversion %s is newer than this Sysmon, which knows %s", v, schemaVersion)
	}
	return nil
}

func (p *configParser) unexpected(e xml.StartElement) error {
	return p.errorf("unexpected element %s", e.Name.Local)
}

func (p *configParser) hashes() error {
	text, err := p.children(p.unexpected)
	if err != nil {
		return err
	}
	known := []string{"SHA1", "MD5", "SHA256", "IMPHASH"}
	var chosen []string
	for name := range strings.SplitSeq(strings.ToUpper(text), ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "*":
			chosen = known
		case slices.Contains(known, name):
			chosen = append(chosen, name)
		default:
			return p.errorf("unknown hash algorithm %q%s", name, suggestion(name, known))
		}
	}
	p.config.Algorithms = nil
	for _, name := range known {
		if slices.Contains(chosen, name) {
			p.config.Algorithms = append(p.config.Algorithms, name)
		}
	}
	return nil
}

func (p *configParser) filtering() error {
	_, err := p.children(func(e xml.StartElement) error {
		if e.Name.Local == "RuleGroup" {
			return p.ruleGroup(e)
		}
		return p.event(e, "", true)
	})
	return err
}

func (p *configParser) ruleGroup(start xml.StartElement) error {
	all, err := p.relation(start)
	if err != nil {
		return err
	}
	_, err = p.children(func(e xml.StartElement) error { return p.event(e, attribute(start, "name"), all) })
	return err
}

// relation reads groupRelation, which is "and" unless something else is said.
func (p *configParser) relation(e xml.StartElement) (all bool, err error) {
	switch r := strings.ToLower(attribute(e, "groupRelation")); r {
	case "", "and":
		return true, nil
	case "or":
		return false, nil
	default:
		return false, p.errorf("groupRelation is %q, which is neither and nor or", r)
	}
}

func (p *configParser) event(start xml.StartElement, group string, all bool) error {
	tag := start.Name.Local
	if _, ok := p.fields[tag]; !ok {
		return p.errorf("Sysmon has no event %s%s", tag, suggestion(tag, slices.Sorted(maps.Keys(p.fields))))
	}
	f := p.config.rules[tag]
	if f == nil {
		f = &filter{}
		p.config.rules[tag] = f
	}
	set := &ruleSet{name: group, all: all}
	switch on := strings.ToLower(attribute(start, "onmatch")); on {
	case "include":
		f.include = append(f.include, set)
	case "exclude":
		f.exclude = append(f.exclude, set)
	default:
		return p.errorf("onmatch of %s is %q, which is neither include nor exclude", tag, on)
	}
	text, err := p.children(func(e xml.StartElement) error {
		item, err := p.item(tag, e)
		set.items = append(set.items, item)
		return err
	})
	if err == nil && text != "" {
		return p.errorf("unexpected text %q in %s", text, tag)
	}
	return err
}

func (p *configParser) item(tag string, e xml.StartElement) (matcher, error) {
	if e.Name.Local != "Rule" {
		return p.condition(tag, e)
	}
	all, err := p.relation(e)
	if err != nil {
		return nil, err
	}
	r := &rule{name: attribute(e, "name"), all: all}
	_, err = p.children(func(e xml.StartElement) error {
		item, err := p.condition(tag, e)
		r.items = append(r.items, item)
		return err
	})
	return r, err
}

func (p *configParser) condition(tag string, e xml.StartElement) (matcher, error) {
	c := &condition{field: e.Name.Local, name: attribute(e, "name"), operator: strings.ToLower(attribute(e, "condition"))}
	if !slices.Contains(p.fields[tag], c.field) {
		return nil, p.errorf("%s has no field %s%s", tag, c.field, suggestion(c.field, p.fields[tag]))
	}
	if c.operator == "" {
		c.operator = "is"
	}
	if !slices.Contains(conditions(), c.operator) {
		return nil, p.errorf("unknown condition %q%s", c.operator, suggestion(c.operator, conditions()))
	}
	text, err := p.children(p.unexpected)
	if err != nil {
		return nil, err
	}
	text = strings.ToLower(text)
	c.values = []string{text}
	if listed(c.operator) {
		c.values = nil
		for value := range strings.SplitSeq(text, ";") {
			if value = strings.TrimSpace(value); value != "" {
				c.values = append(c.values, value)
			}
		}
		if c.values == nil {
			return nil, p.errorf("%s %s has no values", c.field, c.operator)
		}
	}
	return c, nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if strings.EqualFold(a.Name.Local, name) {
			return a.Value
		}
	}
	return ""
}

// suggestion is `; did you mean "x"?` for the nearest candidate, or "".
func suggestion(name string, candidates []string) string {
	best, distance := "", max(len(name)/3, 1)+1
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(name), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
