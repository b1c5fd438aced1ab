package kql

import (
	"cmp"
	"math"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// patterns is basket, autocluster and diffpatterns: rows with values in common. A pattern fixes the values of some
// columns; of all that the same rows have, only the most exact one is looked at, as basket's documented result has it.
// Nulls and empty strings, which look like the wildcard, are in none. The service samples; this looks at all rows, and
// gives patterns in the order of their rows, or of the difference for diffpatterns. autocluster and diffpatterns
// promise a small set and no more: they take the best pattern (see [patterns.score]), then the next one that neither
// narrows nor widens one they have.
//
// Source: https://learn.microsoft.com/kusto/query/basket-plugin,
// https://learn.microsoft.com/kusto/query/autocluster-plugin, https://learn.microsoft.com/kusto/query/diffpatterns-plugin
type patterns struct {
	input    operator
	plan     *bind.Evaluate
	settings []expr // in the order of the plugin's parameters
	split    int    // the column of diffpatterns, or -1
	weight   int    // the column of the weights, or -1
	leading  int    // how many columns of the output come before those of the input
}

func (c *compiler) patterns(p *bind.Evaluate) operator {
	o := &patterns{input: c.operator(p.Input), plan: p, split: -1, weight: -1}
	o.leading = len(p.Fields) - len(p.Input.Columns())
	for i, a := range p.Args {
		column, isColumn := a.Expr.(*bind.Column)
		switch {
		case isColumn && p.Name == "diffpatterns" && i == 0:
			o.split = column.Index
		case isColumn:
			o.weight = column.Index
		}
		o.settings = append(o.settings, c.expr(a.Expr))
	}
	return o
}

// pattern is the rows that share the values of some columns.
type pattern struct {
	fixed  []bool // by column of the input
	rows   []uint32
	weight float64
	inA    float64 // of diffpatterns: the weight of the rows in either set
	inB    float64
}

// mining is the search for the patterns of some rows.
type mining struct {
	x          *execution
	o          *patterns
	r          *relation
	values     [][]uint32 // by column and row: equal for equal values
	missing    [][]bool
	weights    []float64
	inA, inB   []bool
	least      float64 // the weight that a pattern must have
	dimensions int
	found      []*pattern
}

func (o *patterns) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	settings, err := evalAll(x, r.head(1), o.settings)
	if err != nil {
		return nil, err
	}
	m := &mining{x: x, o: o, r: r}
	m.read()
	total := m.divide(settings)
	threshold, others := m.configure(settings)
	m.least = threshold * total.weight
	if o.plan.Name == "diffpatterns" {
		// A difference of some points takes as many of the rows of one set at least.
		m.least = threshold * min(total.inA, total.inB)
	}
	if r.rows > 0 {
		if err := m.search(sequence(r.rows), -1, 0, nil); err != nil {
			return nil, err
		}
	}
	return o.table(m, o.choose(m.found, total, threshold, settings), total, others), nil
}

// read numbers the values.
func (m *mining) read() {
	for i := range m.r.slots {
		v := m.r.vector(i)
		ids, _ := identify(v)
		missing := make([]bool, m.r.rows)
		for row := range missing {
			cell := v.value(row)
			missing[row] = cell.IsNull() || cell.Type() == value.String && cell.Str() == "" || i == m.o.split || i == m.o.weight
		}
		m.values, m.missing = append(m.values, ids), append(m.missing, missing)
	}
	m.weights = make([]float64, m.r.rows)
	for row := range m.weights {
		m.weights[row] = 1
		if m.o.weight >= 0 {
			m.weights[row] = value.Scalar(m.r.vector(m.o.weight).value(row)).Real()
		}
	}
}

// divide finds the two sets of diffpatterns, and the weight of all rows.
func (m *mining) divide(settings []*vector) *pattern {
	m.inA, m.inB = make([]bool, m.r.rows), make([]bool, m.r.rows)
	if m.o.split >= 0 && m.r.rows > 0 {
		split := m.r.vector(m.o.split)
		a, b := settings[1].value(0).String(), settings[2].value(0).String()
		for row := range m.inA {
			text := split.value(row).String()
			m.inA[row], m.inB[row] = text == a, text == b
		}
	}
	return m.weigh(sequence(m.r.rows), nil)
}

// configure reads the threshold, the number of dimensions, and the wildcards by type. A "~" is the default.
func (m *mining) configure(settings []*vector) (threshold float64, wildcards []value.Value) {
	threshold, m.dimensions = 0.05, math.MaxInt
	first, last := 0, 3
	switch m.o.plan.Name {
	case "basket":
		m.dimensions = 5
	case "diffpatterns":
		first, last = 4, 6
	}
	for i, v := range settings {
		if v.rows == 0 {
			continue
		}
		setting := v.value(0)
		number := setting.Type().Numeric()
		switch {
		case i >= last:
			if setting.Str() != "~" {
				wildcards = append(wildcards, setting)
			}
		case i == first && number && m.o.plan.Name != "autocluster":
			threshold = setting.Real()
		case i == last-1 && number && m.o.plan.Name != "autocluster":
			m.dimensions = int(setting.Int())
		}
	}
	return threshold, wildcards
}

// weigh is a pattern of some rows.
func (m *mining) weigh(rows []uint32, fixed []bool) *pattern {
	p := &pattern{fixed: fixed, rows: rows}
	for _, row := range rows {
		w := m.weights[row]
		p.weight += w
		if m.inA[row] {
			p.inA += w
		}
		if m.inB[row] {
			p.inB += w
		}
	}
	return p
}

// search takes the pattern of some rows and narrows it by the values of the columns after the one it was narrowed by
// last. A pattern that would fix an earlier column was found before (T. Uno and others, "LCM ver. 2", 2004).
func (m *mining) search(rows []uint32, column, depth int, before []bool) error {
	if err := m.x.ctx.Err(); err != nil {
		return err
	}
	fixed := make([]bool, len(m.values))
	for i := range fixed {
		fixed[i] = m.shared(i, rows)
		if i < column && fixed[i] && !before[i] {
			return nil
		}
	}
	p := m.weigh(rows, fixed)
	if p.weight < m.least {
		return nil
	}
	if slices.Contains(fixed, true) {
		m.found = append(m.found, p)
	}
	if len(m.found) > m.x.limits.Rows {
		return m.x.tooMany(m.o.plan.Span(), m.o.plan.Name)
	}
	if depth == m.dimensions {
		return nil
	}
	for i := column + 1; i < len(fixed); i++ {
		if fixed[i] {
			continue
		}
		for _, narrower := range m.byValue(i, rows) {
			if err := m.search(narrower, i, depth+1, fixed); err != nil {
				return err
			}
		}
	}
	return nil
}

// shared reports whether all rows have one value in a column.
func (m *mining) shared(column int, rows []uint32) bool {
	for _, row := range rows {
		if m.missing[column][row] || m.values[column][row] != m.values[column][rows[0]] {
			return false
		}
	}
	return len(rows) > 0
}

// byValue divides rows by their values in a column, in the order of the values' first rows.
func (m *mining) byValue(column int, rows []uint32) [][]uint32 {
	index := map[uint32]int{}
	var out [][]uint32
	for _, row := range rows {
		if m.missing[column][row] {
			continue
		}
		id := m.values[column][row]
		at, ok := index[id]
		if !ok {
			at = len(out)
			index[id] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], row)
	}
	return out
}

// choose puts the patterns in order, and for autocluster and diffpatterns takes a few.
func (o *patterns) choose(found []*pattern, total *pattern, threshold float64, settings []*vector) []*pattern {
	score := o.score(total, settings)
	slices.SortStableFunc(found, func(a, b *pattern) int { return cmp.Compare(score(b), score(a)) })
	if o.plan.Name == "basket" {
		return found
	}
	var out []*pattern
	for _, p := range found {
		comparable := slices.ContainsFunc(out, func(q *pattern) bool { return p.within(q) || q.within(p) })
		if !comparable && (o.split < 0 || score(p) >= 100*threshold) {
			out = append(out, p)
		}
	}
	return out
}

// within reports whether all rows of p are among those of q.
func (p *pattern) within(q *pattern) bool {
	for _, row := range p.rows {
		if _, ok := slices.BinarySearch(q.rows, row); !ok {
			return false
		}
	}
	return true
}

// score is what patterns are ordered by: the points of difference; the weighted geometric mean of the share of rows and
// the share of columns; else the weight.
func (o *patterns) score(total *pattern, settings []*vector) func(*pattern) float64 {
	switch o.plan.Name {
	case "diffpatterns":
		return func(p *pattern) float64 { return math.Abs(100*p.inA/total.inA - 100*p.inB/total.inB) }
	case "autocluster":
		size := 0.5
		if len(settings) > 0 && settings[0].rows > 0 && settings[0].typ.Numeric() {
			size = settings[0].value(0).Real()
		}
		return func(p *pattern) float64 {
			fixed := 0
			for _, f := range p.fixed {
				if f {
					fixed++
				}
			}
			return math.Pow(p.weight/total.weight, size) * math.Pow(float64(fixed)/float64(len(p.fixed)), 1-size)
		}
	default:
		return func(p *pattern) float64 { return p.weight }
	}
}

// table writes the patterns: their numbers, and the values that they fix among wildcards.
func (o *patterns) table(m *mining, chosen []*pattern, total *pattern, wildcards []value.Value) *relation {
	b := NewBuilder(o.plan.Fields)
	handles := make([]int64, len(chosen))
	for i, p := range chosen {
		cells := []value.Value{value.NewLong(int64(i)), rounded(p.weight), value.NewReal(100 * p.weight / total.weight)}
		if o.split >= 0 {
			a, b := 100*p.inA/total.inA, 100*p.inB/total.inB
			cells = []value.Value{
				value.NewLong(int64(i)), rounded(p.inA), rounded(p.inB),
				value.NewReal(a), value.NewReal(b), value.NewReal(math.Abs(a - b)),
			}
		}
		for column, fixed := range p.fixed {
			cell := wildcardOf(o.plan.Fields[o.leading+column].Type, wildcards)
			if fixed {
				cell = m.r.vector(column).value(int(p.rows[0]))
			}
			cells = append(cells, cell)
		}
		b.Append(-1, cells...)
		handles[i] = m.x.lineage.of(m.r, p.rows)
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles))
}

// rounded is a weight as a number of rows.
func rounded(weight float64) value.Value { return value.NewLong(int64(math.Round(weight))) }

// wildcardOf is what stands in a column that a pattern does not fix: the wildcard given for its type, or null.
func wildcardOf(t value.Type, wildcards []value.Value) value.Value {
	for _, w := range wildcards {
		if w.Type() == t {
			return w
		}
	}
	return value.Null(t)
}
