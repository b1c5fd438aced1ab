package kql

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// parseKV is parse-kv: keys with their values, taken out of a text into columns. The first value of a key counts.
// Source: https://learn.microsoft.com/kusto/query/parse-kv-operator
type parseKV struct {
	input operator
	plan  *bind.ParseKV
	text  expr
	pairs func(text string, found func(key, value string))
}

func (c *compiler) parseKV(p *bind.ParseKV) operator {
	o := &parseKV{input: c.operator(p.Input), plan: p, text: c.expr(p.Text)}
	s := pairSyntax{keys: p.Keys}
	var pattern string
	for _, w := range p.Settings {
		switch w.Name {
		case "pair_delimiter":
			s.pair = w.Value
		case "kv_delimiter":
			s.kv = w.Value
		case "quote":
			s.quotes = append(s.quotes, w.Value)
		case "escape":
			s.escapes += w.Value
		case "greedy":
			s.greedy = strings.EqualFold(w.Value, "true")
		case "regex":
			pattern = w.Value
		}
	}
	switch {
	case pattern != "":
		re, err := function.CompilePattern(pattern)
		if err != nil {
			c.patternFault(p.Span(), err)
			return o
		}
		o.pairs = regexPairs(re)
	case s.pair != "" && s.kv != "":
		o.pairs = s.delimited
	default:
		o.pairs = s.undelimited
	}
	return o
}

// regexPairs takes keys from the first group of a regular expression and values from the second.
func regexPairs(re *regexp.Regexp) func(string, func(key, value string)) {
	return func(text string, found func(key, value string)) {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			if len(m) > 2 {
				found(m[1], m[2])
			}
		}
	}
}

func (o *parseKV) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	texts, err := o.text.eval(x, r)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, []*vector{texts})
	buffers := make([]*buffer, len(o.plan.Keys))
	for i, k := range o.plan.Keys {
		buffers[i] = newBuffer(k.Type, f.n)
	}
	for row := range f.n {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		values := map[string]string{}
		o.pairs(f.args[0].value(row).String(), func(key, v string) {
			key = strings.TrimSpace(key)
			if _, known := values[key]; !known {
				values[key] = strings.TrimSpace(v)
			}
		})
		for i, k := range o.plan.Keys {
			cell := value.Null(k.Type)
			if v, ok := values[k.Name]; ok {
				cell = value.Convert(value.NewString(v), k.Type)
			}
			buffers[i].set(row, cell)
		}
	}
	slots := make([]*slot, len(o.plan.Fields))
	copy(slots, r.slots)
	for i, k := range o.plan.Keys {
		slots[k.Index] = newSlot(f.finish(buffers[i].vector()))
	}
	return r.with(o.plan.Fields, slots), nil
}

// pairSyntax is how keys, values and pairs are told apart.
type pairSyntax struct {
	keys     []bind.ParseKey
	pair, kv string
	quotes   []string // each a sign, or an opening and a closing one
	escapes  string
	greedy   bool
}

// quoted reads a quoted text at the start of s; ok is false if there is none.
func (p *pairSyntax) quoted(s string) (inner string, length int, ok bool) {
	for _, quote := range p.quotes {
		first, n := utf8.DecodeRuneInString(quote)
		last, _ := utf8.DecodeLastRuneInString(quote)
		if r, _ := utf8.DecodeRuneInString(s); n == 0 || r != first {
			continue
		}
		var b strings.Builder
		escaped := false
		for i, r := range s[n:] {
			switch {
			case !escaped && strings.ContainsRune(p.escapes, r):
				escaped = true
				continue
			case !escaped && r == last:
				return b.String(), n + i + utf8.RuneLen(r), true
			}
			escaped = false
			b.WriteRune(r)
		}
	}
	return "", 0, false
}

// delimited finds the pairs of a text with given delimiters.
func (p *pairSyntax) delimited(s string, found func(key, value string)) {
	for s != "" {
		if strings.HasPrefix(s, p.pair) {
			s = s[len(p.pair):]
			continue
		}
		s = p.blanks(s)
		key, n, ok := p.quoted(s)
		if !ok {
			n = strings.Index(s, p.kv)
			if n < 0 {
				return
			}
			key = s[:n]
			if i := strings.LastIndex(key, p.pair); i >= 0 {
				key = key[i+len(p.pair):] // what stands before it has no value
			}
		}
		rest, ok := strings.CutPrefix(p.blanks(s[n:]), p.kv)
		if !ok {
			s = s[max(n, 1):]
			continue
		}
		v, after := p.value(rest)
		found(key, v)
		s = after
	}
}

// blanks passes white space that is no delimiter.
func (p *pairSyntax) blanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') && !strings.HasPrefix(s, p.pair) && !strings.HasPrefix(s, p.kv) {
		s = s[1:]
	}
	return s
}

// value reads a value and gives what follows it.
func (p *pairSyntax) value(s string) (v, after string) {
	trimmed := p.blanks(s)
	if inner, n, ok := p.quoted(trimmed); ok {
		return inner, trimmed[n:]
	}
	end := strings.Index(s, p.pair)
	if p.greedy {
		end = -1
		if next := strings.Index(s, p.kv); next >= 0 {
			end = strings.LastIndex(s[:next], p.pair)
		}
	}
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end+len(p.pair):]
}

// undelimited finds the keys as terms of a text; the value of one is the next term or quoted text.
func (p *pairSyntax) undelimited(s string, found func(key, value string)) {
	for at := 0; at < len(s); {
		if inner, n, ok := p.quoted(s[at:]); ok && !slices.ContainsFunc(p.keys, func(k bind.ParseKey) bool { return k.Name == inner }) {
			at += n
			continue
		}
		key := p.keyAt(s, at)
		if key == "" {
			_, n := utf8.DecodeRuneInString(s[at:])
			at += n
			continue
		}
		at += len(key)
		v, n := p.term(s[at:])
		found(key, v)
		at += n
	}
}

// keyAt is the longest key that stands at a place as a whole term.
func (p *pairSyntax) keyAt(s string, at int) string {
	longest := ""
	for _, k := range p.keys {
		if len(k.Name) > len(longest) && strings.HasPrefix(s[at:], k.Name) && !termBefore(s, at) && !termAt(s, at+len(k.Name)) {
			longest = k.Name
		}
	}
	return longest
}

// term is the next term or quoted text, and where it ends.
func (p *pairSyntax) term(s string) (v string, end int) {
	for i, r := range s {
		if inner, n, ok := p.quoted(s[i:]); ok {
			return inner, i + n
		}
		if !isTermRune(r) {
			continue
		}
		n := strings.IndexFunc(s[i:], func(r rune) bool { return !isTermRune(r) })
		if n < 0 {
			n = len(s) - i
		}
		return s[i : i+n], i + n
	}
	return "", len(s)
}
