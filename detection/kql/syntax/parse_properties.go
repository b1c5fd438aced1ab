package syntax

import "slices"

// isProperty reports whether a word is a setting that any operator may be given.
func isProperty(word string) bool {
	switch word {
	case "__crossCluster", "__crossDB", "__id", "__isFuzzy", "__noWithSource", "__packedColumn", "__sourceColumnIndex",
		"bagexpansion", "bin_legacy", "cycles", "decodeblocks", "expandoutput", "force_remote",
		"hint.concurrency", "hint.distribution", "hint.materialized", "hint.num_partitions", "hint.progressive_top",
		"hint.remote", "hint.shufflekey", "hint.spread", "hint.strategy",
		"isfuzzy", "kind", "with_itemindex", "with_match_id", "with_source", "with_step_name", "withsource":
		return true
	}
	return false
}

// scanProperty measures, n tokens ahead, the name of a setting: one of the common ones, or of the operator's own.
func (p *parser) scanProperty(n int, own []string) int {
	t := p.peek(n)
	if t.kind != wordToken {
		return 0
	}
	word := p.slice(t)
	if isProperty(word) {
		return 1
	}
	if slices.Contains(own, word) {
		return 1
	}
	if word == "hint" && p.peek(n+1).is('.') && p.peek(n+1).glued && p.peek(n+2).glued &&
		(p.isWord(n+2, "pass_filters") || p.isWord(n+2, "pass_filters_column")) {
		return 3
	}
	return 0
}

// properties reads the `name=value` settings after an operator's word: the common ones and the operator's own. With
// equals, a word that no equal sign follows is not a setting, but what comes next.
func (p *parser) properties(equals bool, own ...string) []*Property {
	var list []*Property
	for {
		size := p.scanProperty(0, own)
		if size == 0 || equals && !p.peek(size).is('=') {
			return list
		}
		list = append(list, p.property(size))
	}
}

// property reads a setting whose name is size tokens long.
func (p *parser) property(size int) *Property {
	start := p.start()
	p.pos += size
	s := &Property{Name: &Name{extent: p.from(start)}}
	s.Name.Text = p.text[s.Name.span.Start:s.Name.span.End]
	if !p.require('=') {
		s.Value = p.bad()
	} else if s.Value = p.settingValue(); s.Value == nil {
		p.expected("KS006", "a value for "+s.Name.Text)
		s.Value = p.bad()
	}
	s.extent = p.from(start)
	return s
}

// settingValue reads a literal or a name, or nil.
func (p *parser) settingValue() Expr {
	if l := p.literal(); l != nil {
		return l
	}
	if p.atWord("simple") || p.atWord("relaxed") {
		return p.anyName()
	}
	if n := p.name(); n != nil {
		return n
	}
	return nil
}

// parenthesizedProperties reads `(name=value, ...)` with any names.
func (p *parser) parenthesizedProperties() []*Property {
	var list []*Property
	if !p.require('(') {
		return nil
	}
	p.commaList("a property", false, false, p.endOfList, func() bool {
		start := p.start()
		s := &Property{Name: p.newName()}
		if s.Name == nil {
			return false
		}
		p.require('=')
		if s.Value = p.plainValue(); s.Value == nil {
			p.expected("KS006", "a value for "+s.Name.Text)
			s.Value = p.bad()
		}
		s.extent = p.from(start)
		return collect(&list, s)
	})
	p.closing(')')
	return list
}

// plainValue reads a literal without a sign, or a name, or nil.
func (p *parser) plainValue() Expr {
	if p.tokens[p.pos].kind == timespanToken {
		return nil
	}
	if p.tokens[p.pos].kind == rawGUIDToken {
		t := p.advance()
		return &Literal{extent: p.from(int(t.start)), Kind: GUIDLiteral, Text: p.slice(t), Raw: p.slice(t)}
	}
	if l := p.plainLiteral(); l != nil {
		return l
	}
	if n := p.newName(); n != nil {
		return n
	}
	return nil
}

// ownProperties reads `name=value, ...` where only the given names are known.
func (p *parser) ownProperties(value func(name string) Expr, own ...string) []*Property {
	var list []*Property
	p.commaList("a property", false, false, p.endOfList, func() bool {
		start := p.start()
		t := p.tokens[p.pos]
		if t.kind != wordToken {
			return false
		}
		if !slices.Contains(own, p.slice(t)) {
			p.fail("KS006", "expected "+alternatives(own)+", got "+p.got(), didYouMean(p.slice(t), "", own))
			return false
		}
		s := &Property{Name: p.anyName()}
		p.require('=')
		if s.Value = value(s.Name.Text); s.Value == nil {
			p.expected("KS006", "a value for "+s.Name.Text)
			s.Value = p.bad()
		}
		s.extent = p.from(start)
		return collect(&list, s)
	})
	return list
}
