package kql

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// stringMatch is a string operator whose needles are the same for all rows.
type stringMatch struct {
	operator stringOperator
	text     expr
	matcher  *matcher // nil: the needles are known only when the query runs
	needles  []expr
	span     syntax.Span
}

// stringOperator compiles an operator on texts. Lists of other types are compared by
// value.
func (c *compiler) stringOperator(e *bind.Call, op stringOperator, args []expr) expr {
	subject := e.Args[0].Type()
	if op.kind == matchIn && subject != value.String {
		coerced := coerceLiterals(args[1:], e.Args[1:], subject)
		if coerced || !textual(e.Args[1:]) {
			return c.row(e, membership(op), args...)
		}
	}
	m := &stringMatch{operator: op, text: args[0], needles: args[1:], span: e.Span()}
	var list []string
	for _, n := range m.needles {
		v, ok := constantValue(n)
		if !ok {
			return m
		}
		list = op.texts(list, v)
	}
	m.matcher = c.prepare(op, list, e.Args[len(e.Args)-1].Span())
	return m
}

// coerceLiterals reads the string literals of a list as values of the type they are compared with, as == does, and reports
// whether there were any.
func coerceLiterals(list []expr, bound []bind.Expr, t value.Type) bool {
	coerced := false
	for i, e := range bound {
		literal, to := coerceLiteral(list[i], e.Type(), t)
		if to != e.Type() {
			list[i], coerced = literal, true
		}
	}
	return coerced
}

// textual reports whether a list has strings only.
func textual(list []bind.Expr) bool {
	for _, e := range list {
		if e.Type() != value.String {
			return false
		}
	}
	return true
}

// texts adds the needles that an argument stands for. Only the list operators take
// arrays apart.
func (op stringOperator) texts(list []string, v value.Value) []string {
	if op.kind == matchAnyTerm || op.kind == matchAllTerms || op.kind == matchIn {
		return texts(list, v)
	}
	return append(list, v.String())
}

// prepare makes the matcher of needles known at compile time.
func (c *compiler) prepare(op stringOperator, list []string, span syntax.Span) *matcher {
	if op.kind != matchRegex {
		return newMatcher(op, list)
	}
	m, err := newRegexMatcher(op, list[0])
	if err != nil {
		c.patternFault(span, err)
	}
	return m
}

// eval gives one truth value for each distinct text.
func (e *stringMatch) eval(x *execution, r *relation) (*vector, error) {
	v, err := e.text.eval(x, r)
	if err != nil {
		return nil, err
	}
	v = convertVector(v, value.String)
	m, err := e.prepared(x, r)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return e.evalRows(x, r, v)
	}
	a, err := e.answer(x, v, m)
	if err != nil {
		return nil, err
	}
	return &vector{typ: value.Bool, rows: r.rows, codes: v.codes, constant: v.constant, ints: a.truth(e.operator.negated)}, nil
}

// stored is the slot and matcher of a predicate on a stored column whose needles are the same for all rows; nil if it
// is another predicate.
func (e *stringMatch) stored(x *execution, r *relation) (*slot, *matcher, error) {
	column, ok := e.text.(*columnRef)
	if !ok || r.slots[column.index].typ != value.String || r.slots[column.index].resting().dict == nil {
		return nil, nil, nil
	}
	m, err := e.prepared(x, r)
	if m == nil || err != nil {
		return nil, nil, err
	}
	return r.slots[column.index], m, nil
}

// filter keeps the rows that match, by their codes.
func (e *stringMatch) filter(x *execution, r *relation) ([]uint32, error) {
	s, m, err := e.stored(x, r)
	if err != nil {
		return nil, err
	}
	if s == nil {
		v, err := e.eval(x, r)
		if err != nil {
			return nil, err
		}
		return trueRows(v, r.rows), nil
	}
	a, err := m.cheapest(x, s.resting().dict, r.rows)
	if err != nil {
		return nil, err
	}
	if a != nil {
		return matchingRows(s, a, e.operator.negated, r.rows), nil
	}
	return e.filterFew(x, s, m, r.rows)
}

// narrow keeps the rows that match, unless that would mean to look at more values than there are rows left.
func (e *stringMatch) narrow(x *execution, r *relation, live *rowset) (bool, error) {
	s, m, err := e.stored(x, r)
	if err != nil || s == nil || s.selection != nil || s.resting().packed == nil {
		return false, err
	}
	d := s.resting().dict
	a := d.known(m.key)
	if a == nil && live.count() < len(d.values)/2 {
		return false, nil
	}
	if a == nil {
		if a, err = m.within(x, d); err != nil {
			return false, err
		}
	}
	live.keepCodes(&s.resting().packed.codes, a, e.operator.negated)
	return true, nil
}

// small is the size of a dictionary whose answers are found at once when they are wanted.
const small = 1 << 10

// work ranks the predicate among others on the rows of a stored table: below 1, the part of the values that pass, if the
// answers are at hand; above, how many bytes it has to look at to find them.
func (e *stringMatch) work(x *execution, r *relation) float64 {
	s, m, err := e.stored(x, r)
	if err != nil || s == nil {
		return math.Inf(1)
	}
	d := s.resting().dict
	a := d.known(m.key)
	if a == nil && len(d.values) <= small {
		if a, err = m.within(x, d); err != nil {
			return math.Inf(1) // and the predicate itself says why
		}
	}
	if a != nil {
		return a.share(e.operator.negated)
	}
	if m.scan == nil && m.operator.kind != matchRegex {
		return 1 + float64(8*len(d.values))
	}
	return 1 + float64(len(d.arena))
}

// cheapest gives the answers of a dictionary if they are known or worth finding: for
// many rows, or because the question comes again.
func (m *matcher) cheapest(x *execution, d *dictionary, rows int) (*answer, error) {
	if a := d.known(m.key); a != nil {
		return a, nil
	}
	if rows >= len(d.values)/2 || d.again(m.key) {
		return m.within(x, d)
	}
	return nil, nil
}

// within is [matcher.over] that looks at the context: a scan is fast, but a regular expression is not.
func (m *matcher) within(x *execution, d *dictionary) (*answer, error) {
	if m.operator.kind != matchRegex {
		return m.over(d), x.ctx.Err()
	}
	if a := d.known(m.key); a != nil {
		return a, nil
	}
	a, err := m.eachWithin(x, d.values)
	if err != nil {
		return nil, err
	}
	return d.answer(m.key, func() *answer { return a }), nil
}

// eachWithin matches values one by one and looks at the context.
func (m *matcher) eachWithin(x *execution, values []string) (*answer, error) {
	a := newAnswer(len(values))
	for i, s := range values {
		found, err := m.matchesWithin(x, s)
		if err != nil {
			return nil, err
		}
		if found {
			a.set(i)
		}
	}
	return a.complete(), nil
}

func (m *matcher) matchesWithin(x *execution, s string) (bool, error) {
	return attended(x, len(s), func() bool { return m.matches(s) })
}

// matchingRows lists the rows of a slot whose code has the wanted answer.
func matchingRows(s *slot, a *answer, negated bool, rows int) []uint32 {
	v := s.resting()
	keep := make([]uint32, 0, rows/8)
	for row := range uint32(rows) {
		if a.has(uint32(v.entry(s.at(row)))) != negated {
			keep = append(keep, row)
		}
	}
	return keep
}

// filterFew matches only the values that occur, each once.
func (e *stringMatch) filterFew(x *execution, s *slot, m *matcher, rows int) ([]uint32, error) {
	v := s.resting()
	seen, hit := newAnswer(len(v.strs)), newAnswer(len(v.strs))
	keep := []uint32{}
	for row := range uint32(rows) {
		if err := x.stop(int(row)); err != nil {
			return nil, err
		}
		code := v.entry(s.at(row))
		if !seen.has(uint32(code)) {
			seen.set(code)
			found, err := m.matchesWithin(x, v.strs[code])
			if err != nil {
				return nil, err
			}
			if found != e.operator.negated {
				hit.set(code)
			}
		}
		if hit.has(uint32(code)) {
			keep = append(keep, row)
		}
	}
	return keep, nil
}

// answer answers for every payload entry.
func (e *stringMatch) answer(x *execution, v *vector, m *matcher) (*answer, error) {
	if v.dict != nil {
		return m.within(x, v.dict)
	}
	return m.eachWithin(x, v.strs)
}

// prepared gives the matcher, or nil if the needles differ from row to row.
func (e *stringMatch) prepared(x *execution, r *relation) (*matcher, error) {
	if e.matcher != nil {
		return e.matcher, nil
	}
	args, err := evalAll(x, r, e.needles)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, a := range args {
		if !a.constant {
			return nil, nil
		}
		list = e.operator.texts(list, a.value(0))
	}
	return x.matches.get(x, e.operator, list, e.span)
}

// evalRows matches every row with its own needles.
func (e *stringMatch) evalRows(x *execution, r *relation, text *vector) (*vector, error) {
	args, err := evalAll(x, r, e.needles)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, append([]*vector{text}, args...))
	out := make([]int64, f.n)
	for i := range f.n {
		var list []string
		for _, a := range f.args[1:] {
			list = e.operator.texts(list, a.value(i))
		}
		m, err := x.matches.get(x, e.operator, list, e.span)
		if err != nil {
			return nil, err
		}
		found, err := m.matchesWithin(x, f.args[0].value(i).Str())
		if err != nil {
			return nil, err
		}
		if found != e.operator.negated {
			out[i] = 1
		}
	}
	return f.finish(&vector{typ: value.Bool, ints: out}), nil
}

// matchCache keeps the matchers made during a run for needles that come from rows.
type matchCache struct{ byKey map[string]*matcher }

func (c *matchCache) get(x *execution, op stringOperator, list []string, span syntax.Span) (*matcher, error) {
	key := matcherKey(op, list)
	if m, ok := c.byKey[key]; ok {
		return m, nil
	}
	if len(c.byKey) >= maxAnswers || c.byKey == nil {
		c.byKey = map[string]*matcher{}
	}
	if op.kind != matchRegex {
		m := newMatcher(op, list)
		c.byKey[key] = m
		return m, nil
	}
	m, err := newRegexMatcher(op, list[0])
	if err != nil {
		return nil, x.fail(span, "%v", err)
	}
	c.byKey[key] = m
	return m, nil
}
