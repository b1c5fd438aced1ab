package kql

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// parseText is parse and parse-where: a pattern that takes a text apart into columns.
type parseText struct {
	input   operator
	plan    *bind.Parse
	text    expr
	pattern *regexp.Regexp
	columns []bind.ParsePart
}

func (c *compiler) parse(p *bind.Parse) operator {
	o := &parseText{input: c.operator(p.Input), plan: p, text: c.expr(p.Text)}
	for _, part := range p.Pattern {
		if part.Index >= 0 && !part.Star && part.Text == "" {
			o.columns = append(o.columns, part)
		}
	}
	var err error
	if o.pattern, err = patternOf(p); err != nil {
		c.patternFault(p.Span(), err)
	}
	return o
}

// patternOf translates the pattern. The simple kind must match the whole text, and its
// columns and stars take as little as they can; the regex kind may match anywhere.
func patternOf(p *bind.Parse) (*regexp.Regexp, error) {
	var out strings.Builder
	inRegex := p.Kind == "regex"
	for _, part := range p.Pattern {
		switch {
		case part.Star:
			out.WriteString(`(?:.*?)`)
		case part.Index < 0 && inRegex:
			rewritten, err := function.RewritePattern(part.Text)
			if err == nil {
				_, err = regexp.Compile(rewritten) // alone, so that the error is about what was written
			}
			if err != nil {
				return nil, err
			}
			out.WriteString(`(?:` + nonCapturing(rewritten) + `)`)
		case part.Index < 0:
			out.WriteString(regexp.QuoteMeta(part.Text))
		default:
			out.WriteString(capture(part.Type, p.Kind))
		}
	}
	if !inRegex {
		return regexp.Compile(`(?s)\A` + out.String() + `\z`)
	}
	flags := ""
	if p.Flags != "" {
		flags = "(?" + p.Flags + ")"
	}
	return regexp.Compile(flags + out.String())
}

// capture is the pattern of a column. Numbers take as many digits as there are, so that
// one followed by a star is not empty; of the relaxed kind, anything else if there are
// none.
func capture(t value.Type, kind string) string {
	number := ""
	switch t {
	case value.Int, value.Long:
		number = `[-+]?[0-9]+`
	case value.Real, value.Decimal:
		number = `[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?`
	}
	switch {
	case number != "" && kind == "relaxed":
		return `(` + number + `|.*?)`
	case number != "":
		return `(` + number + `)`
	case kind == "regex":
		return `(.*)`
	default:
		return `(.*?)`
	}
}

// nonCapturing turns the groups of a pattern into non-capturing ones, so that only the
// columns capture.
func nonCapturing(pattern string) string {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		out.WriteByte(c)
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			out.WriteByte(pattern[i])
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == '(' && !inClass && !strings.HasPrefix(pattern[i+1:], "?"):
			out.WriteString("?:")
		}
	}
	return out.String()
}

func (o *parseText) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	text, err := o.text.eval(x, r)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, []*vector{convertVector(text, value.String)})
	matched := newAnswer(f.n)
	buffers := make([]*buffer, len(o.columns))
	for k, c := range o.columns {
		buffers[k] = newBuffer(c.Type, f.n)
	}
	for i := range f.n {
		text := f.args[0].value(i).Str()
		groups, err := attended(x, len(text), func() []string { return o.pattern.FindStringSubmatch(text) })
		if err != nil {
			return nil, err
		}
		if o.setColumns(groups, i, buffers) {
			matched.set(i)
		}
	}
	slots := make([]*slot, len(o.plan.Fields))
	copy(slots, r.slots)
	for k, c := range o.columns {
		slots[c.Index] = newSlot(f.finish(buffers[k].vector()))
	}
	out := r.with(o.plan.Fields, slots)
	if o.plan.Keyword == "parse-where" {
		bits := f.finish(&vector{typ: value.Bool, ints: matched.truth(false)})
		out = out.filter(trueRows(bits, r.rows))
	}
	return out, nil
}

// setColumns sets the columns from the groups found in one text. A text that does not match leaves them all
// empty; so does, unless the kind is relaxed, a part that is not of its column's type.
func (o *parseText) setColumns(groups []string, at int, buffers []*buffer) bool {
	if groups == nil {
		for _, b := range buffers {
			b.setNull(at)
		}
		return false
	}
	cells := make([]value.Value, len(o.columns))
	for k, c := range o.columns {
		cells[k] = value.Convert(value.NewString(groups[k+1]), c.Type)
	}
	if o.plan.Kind != "relaxed" && slices.ContainsFunc(cells, value.Value.IsNull) {
		for _, b := range buffers {
			b.setNull(at)
		}
		return false
	}
	for k, b := range buffers {
		b.set(at, cells[k])
	}
	return true
}
