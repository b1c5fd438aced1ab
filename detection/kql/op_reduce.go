package kql

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// reduce groups texts by what they have in common: terms that stand in the same place of more than a share of the rows
// make a pattern, and a star stands for any other term. The documentation names the algorithm it follows (R. Vaarandi,
// "A data clustering algorithm for mining patterns from event logs", 2003) and leaves details open. Chosen here, in
// accord with its examples and with what the emulator answers for small thresholds: numbers never are part of a pattern;
// a separator of the query's own goes with the star that follows it; patterns of no more than the share, and those
// of stars alone, are the others.
//
// Source: https://learn.microsoft.com/kusto/query/reduce-operator
type reduce struct {
	input operator
	plan  *bind.Reduce
	text  expr
}

// othersPattern is the pattern of the texts that have none.
const othersPattern = "others"

func (c *compiler) reduce(p *bind.Reduce) operator {
	return &reduce{input: c.operator(p.Input), plan: p, text: c.expr(p.Text)}
}

// reduced is a group of texts.
type reduced struct {
	pattern        string
	representative string
	count          int64
	rows           []uint32
}

func (o *reduce) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	v, err := o.text.eval(x, r)
	if err != nil {
		return nil, err
	}
	groups, err := o.group(x, v)
	if err != nil {
		return nil, err
	}
	if o.plan.Source {
		return o.annotate(x, r, groups), nil
	}
	b := NewBuilder(o.plan.Fields)
	handles := make([]int64, len(groups))
	for i, g := range groups {
		b.Append(-1, value.NewString(g.pattern), value.NewLong(g.count), value.NewString(g.representative))
		handles[i] = x.lineage.of(r, g.rows)
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles)), nil
}

// annotate is kind=source: every row with the group that it belongs to.
func (o *reduce) annotate(_ *execution, r *relation, groups []*reduced) *relation {
	fields := o.plan.Fields[len(r.slots):]
	added := []*buffer{newBuffer(fields[0].Type, r.rows), newBuffer(fields[1].Type, r.rows), newBuffer(fields[2].Type, r.rows)}
	for _, g := range groups {
		for _, row := range g.rows {
			added[0].set(int(row), value.NewString(g.pattern))
			added[1].set(int(row), value.NewLong(g.count))
			added[2].set(int(row), value.NewString(g.representative))
		}
	}
	slots := slices.Clone(r.slots)
	for _, b := range added {
		slots = append(slots, newSlot(b.vector()))
	}
	return r.with(o.plan.Fields, slots)
}

// group finds the patterns, those of most rows first, the others last.
func (o *reduce) group(x *execution, v *vector) ([]*reduced, error) {
	share := o.plan.Threshold * float64(v.rows)
	lines := make([]line, v.rows)
	support := map[place]int{}
	for row := range lines {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		lines[row] = o.split(v.value(row).Str())
		for i, term := range lines[row].terms {
			support[place{i, term}]++
		}
	}
	index := map[string]*reduced{}
	var out []*reduced
	for row, l := range lines {
		pattern := o.pattern(&l, func(p place) bool { return float64(support[p]) > share })
		g := index[pattern]
		if g == nil {
			g = &reduced{pattern: pattern, representative: v.value(row).Str()}
			index[pattern] = g
			out = append(out, g)
		}
		g.count++
		g.rows = append(g.rows, uint32(row))
	}
	return withOthers(out, share), nil
}

// withOthers joins the groups that are no more than a share.
func withOthers(groups []*reduced, share float64) []*reduced {
	others := &reduced{pattern: othersPattern}
	kept := slices.DeleteFunc(groups, func(g *reduced) bool {
		small := float64(g.count) <= share || strings.Trim(g.pattern, "*") == "" && g.pattern != ""
		if small {
			others.count += g.count
			others.rows = append(others.rows, g.rows...)
		}
		return small
	})
	slices.SortStableFunc(kept, func(a, b *reduced) int { return cmp.Compare(b.count, a.count) })
	if others.count > 0 {
		kept = append(kept, others)
	}
	return kept
}

// place is a term at a position.
type place struct {
	at   int
	term string
}

// line is a text taken apart: gaps are what stands before each term, and after the last.
type line struct{ terms, gaps []string }

// split takes a text apart at the separators.
func (o *reduce) split(s string) line {
	var l line
	start := 0
	inTerm := false
	for i, r := range s {
		if separates := o.separates(r); separates == inTerm {
			l.cut(s[start:i], inTerm)
			start, inTerm = i, !inTerm
		}
	}
	l.cut(s[start:], inTerm)
	if len(l.gaps) == len(l.terms) {
		l.gaps = append(l.gaps, "")
	}
	return l
}

// cut ends a piece; a text that begins with a term has an empty gap before it.
func (l *line) cut(piece string, term bool) {
	if term {
		l.terms = append(l.terms, piece)
	} else {
		l.gaps = append(l.gaps, piece)
	}
}

// separates reports whether a character stands between terms: one that the query lists, else any that is no ASCII
// letter or digit.
func (o *reduce) separates(r rune) bool {
	if o.plan.Characters != "" {
		return strings.ContainsRune(o.plan.Characters, r)
	}
	return r >= utf8.RuneSelf || !isTermRune(r)
}

// pattern writes a text with stars for the terms that are not frequent.
func (o *reduce) pattern(l *line, frequent func(place) bool) string {
	var b strings.Builder
	starred := false
	for i, term := range l.terms {
		star := isNumber(term) || !frequent(place{i, term})
		own := o.plan.Characters != "" && i > 0
		if !own || !star && !starred {
			b.WriteString(l.gaps[i])
		}
		if star && (!starred || !own) {
			b.WriteByte('*')
		}
		if !star {
			b.WriteString(term)
		}
		starred = star
	}
	if o.plan.Characters == "" || !starred {
		b.WriteString(l.gaps[len(l.terms)])
	}
	return b.String()
}

// isNumber reports whether a term is digits.
func isNumber(term string) bool { return strings.Trim(term, "0123456789") == "" }
