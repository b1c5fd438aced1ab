package bind

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// match is how well an argument fits a parameter; more is better. The order is that of Kusto's binder.
type match uint8

const (
	noMatch match = iota
	unknownMatch
	dynamicMatch
	compatibleMatch
	promotedMatch
	notTypeMatch
	oneOfManyMatch
	scalarMatch
	summableMatch
	orderableMatch
	numberMatch
	integerMatch
	tabularMatch
	exactMatch
)

// assign finds the parameter of each argument; nil where there is none.
func (s *signature) assign(args []*bound) []*parameter {
	switch {
	case s.layout == "block":
		return s.assignBlocks(args)
	case s.user:
		return s.assignNamed(args)
	default:
		return s.assignInOrder(args)
	}
}

func (s *signature) assignInOrder(args []*bound) []*parameter {
	if s.layout == "custom" && s.anyNamed(args) {
		return s.assignNamed(args)
	}
	out := make([]*parameter, 0, len(args))
	last := len(s.params)
	tail := s.layout == "custom" && s.takesTail(args)
	for i := 0; i < last && len(out) < len(args); i++ {
		p := &s.params[i]
		if p.max == 1 {
			if !s.leavesOut(p, args[len(out)]) {
				out = append(out, p)
			}
			continue
		}
		later := 0
		for _, q := range s.params[i+1:] {
			later += q.min
		}
		if tail {
			later = max(later, 1)
		}
		for n := 0; n < p.max && len(args)-len(out) > later; n++ {
			if n > 0 && s.layout == "custom" && i+1 < last && s.params[i+1].max == unbounded && !p.fits(args[len(out)]) {
				break
			}
			out = append(out, p)
		}
	}
	for len(out) < len(args) {
		out = append(out, nil)
	}
	return out
}

// anyNamed reports whether an argument is given by the name of its parameter; other names are for the results.
func (s *signature) anyNamed(args []*bound) bool {
	for _, a := range args {
		if a.named() != "" && s.param(a.named()) != nil {
			return true
		}
	}
	return false
}

// leavesOut reports whether an argument is none for an optional constant, because it is a column, but for what follows.
func (s *signature) leavesOut(p *parameter, a *bound) bool {
	return s.layout == "custom" && p.min == 0 && p.restrict == "Constant" && a.column != nil
}

// fits reports whether an argument has one of the types that a parameter declares.
func (p *parameter) fits(a *bound) bool {
	for _, t := range p.types {
		if equal(t, a.typing) {
			return true
		}
	}
	return len(p.types) == 0
}

// takesTail reports whether the last argument belongs to the last, optional parameter and not to
// the repeated one before it.
func (s *signature) takesTail(args []*bound) bool {
	if len(args) == 0 || len(s.params) == 0 {
		return false
	}
	p, a := &s.params[len(s.params)-1], args[len(args)-1]
	if p.min > 0 || p.max > 1 {
		return false
	}
	if a.named() == p.name {
		return true
	}
	if p.kind == "Tabular" {
		return a.typing.shape == tabular
	}
	return len(p.types) == 1 && equal(p.types[0], a.typing)
}

func (s *signature) assignBlocks(args []*bound) []*parameter {
	block := 0
	for _, p := range s.params {
		if p.max == unbounded {
			block++
		}
	}
	fixed := len(s.params) - block
	out := make([]*parameter, len(args))
	for i := range args {
		switch {
		case i >= len(args)-fixed && len(args) > fixed:
			out[i] = &s.params[block+i-(len(args)-fixed)]
		case block > 0:
			out[i] = &s.params[i%block]
		}
	}
	return out
}

func (s *signature) assignNamed(args []*bound) []*parameter {
	out := make([]*parameter, len(args))
	for i, a := range args {
		if a.named() != "" {
			out[i] = s.param(a.named())
		} else if i < len(s.params) {
			out[i] = &s.params[i]
		}
	}
	return out
}

func (s *signature) param(name string) *parameter {
	for i := range s.params {
		if s.params[i].name == name {
			return &s.params[i]
		}
	}
	return nil
}

// accepts reports whether the number of arguments is right.
func (s *signature) accepts(n int) bool {
	if s.layout == "block" {
		block := 0
		for _, p := range s.params {
			if p.max == unbounded {
				block++
			}
		}
		fixed := len(s.params) - block
		return n >= len(s.params) && (n-fixed)%block == 0
	}
	return n >= s.minimum() && n <= s.maximum()
}

// call is a signature tried on arguments.
type call struct {
	signature *signature
	args      []*bound
	params    []*parameter
	types     []typing
}

func tryCall(s *signature, args []*bound, types []typing) *call {
	return &call{signature: s, args: args, params: s.assign(args), types: types}
}

// commonType is the type common to the arguments of parameters that ask for one.
func (c *call) commonType(ignoreDynamic bool) (typing, bool) {
	var t typing
	for i, p := range c.params {
		if p == nil || ignoreDynamic && c.types[i].isDynamic() {
			continue
		}
		allowed, joins := promoted, false
		switch p.kind {
		case "CommonScalar":
			joins = c.types[i].isScalar()
		case "CommonScalarOrDynamic":
			allowed, joins = toDynamic, c.types[i].isScalar()
		case "CommonNumber":
			joins = c.types[i].isNumeric()
		case "CommonSummable":
			joins = c.types[i].isSummable()
		case "CommonOrderable":
			joins = c.types[i].isOrderable()
		}
		if !joins {
			continue
		}
		var ok bool
		if t, ok = common(t, c.types[i], allowed); !ok {
			return typing{}, false
		}
	}
	if t.shape == invalid && ignoreDynamic {
		return c.commonType(false)
	}
	return t, t.shape != invalid
}

// match rates the fit of one argument.
func (c *call) match(i int) match { return c.matchParameter(c.params[i], i) }

func (c *call) matchParameter(p *parameter, i int) match {
	a, t := c.args[i], c.types[i]
	switch {
	case p == nil:
		return noMatch
	case t.shape == unknown:
		return unknownMatch
	case a.isTilde(p):
		return exactMatch
	case a.star && (p.restrict == "StarOnly" || p.restrict == "StarAllowed"):
		return exactMatch
	case a.star || p.restrict == "StarOnly":
		return noMatch
	case p.types != nil:
		return c.matchDeclared(p, t)
	}
	switch p.kind {
	case "Any":
		return unknownMatch
	case "Parameter0", "Parameter1":
		n := int(p.kind[len(p.kind)-1] - '0')
		if n >= len(c.params) || c.params[n] == p {
			return noMatch
		}
		return c.matchParameter(c.params[n], i)
	case "CommonScalar", "CommonNumber", "CommonSummable", "CommonOrderable", "CommonScalarOrDynamic":
		return c.matchCommon(p, t)
	}
	return matchClass(p.kind, t)
}

func (c *call) matchDeclared(p *parameter, t typing) match {
	fits := func(allowed conversion) bool {
		for _, d := range p.types {
			if assignable(d, t, allowed) {
				return true
			}
		}
		return false
	}
	switch {
	case fits(exact) && len(p.types) == 1:
		return exactMatch
	case fits(exact):
		return oneOfManyMatch
	case fits(promoted):
		return promotedMatch
	case c.signature.user && fits(toDynamic):
		return dynamicMatch
	case c.signature.user && fits(compatible):
		return compatibleMatch
	default:
		return noMatch
	}
}

func (c *call) matchCommon(p *parameter, t typing) match {
	shared, ok := c.commonType(false)
	switch {
	case !ok:
		return noMatch
	case assignable(shared, t, exact):
		return exactMatch
	case assignable(shared, t, promoted):
		return promotedMatch
	case assignable(shared, t, toDynamic):
		return dynamicMatch
	case p.kind == "CommonScalarOrDynamic" && t.isDynamic():
		return exactMatch
	default:
		return noMatch
	}
}

// matchClass rates a type against a class of types.
func matchClass(class string, t typing) match {
	rated := func(ok bool, m match) match {
		if ok {
			return m
		}
		return noMatch
	}
	switch class {
	case "Scalar":
		return rated(t.isScalar() || t.shape == record, scalarMatch) // nodes and edges of a graph are values
	case "Integer":
		return rated(t.isInteger(), integerMatch)
	case "RealOrDecimal":
		return rated(t.is(value.Real) || t.is(value.Decimal), oneOfManyMatch)
	case "StringOrDynamic":
		return rated(t.isStringOrDynamic(), oneOfManyMatch)
	case "StringOrArray":
		return rated(t.isStringOrArray(), oneOfManyMatch)
	case "IntegerOrArray":
		return rated(t.isIntegerOrArray(), oneOfManyMatch)
	case "DynamicArray":
		return rated(t.isArray(), oneOfManyMatch)
	case "DynamicBag":
		return rated(t.isBag(), oneOfManyMatch)
	case "Number":
		return rated(t.isNumeric(), numberMatch)
	case "NumberOrBool":
		return rated(t.isNumeric() || t.is(value.Bool), numberMatch)
	case "Summable":
		return rated(t.isSummable(), summableMatch)
	case "Orderable":
		return rated(t.isOrderable(), orderableMatch)
	case "Tabular":
		return rated(t.shape == tabular, tabularMatch)
	case "NotBool":
		return rated(!t.is(value.Bool), notTypeMatch)
	case "NotRealOrBool":
		return rated(!t.is(value.Bool) && !t.is(value.Real), notTypeMatch)
	case "NotDynamic":
		return rated(t.isScalar() && !t.isDynamic(), notTypeMatch)
	default:
		return noMatch
	}
}

// score sums up the fit of all arguments.
func (c *call) score() (matched int, worst, best match) {
	worst = exactMatch
	for i := range c.args {
		m := c.match(i)
		if m != noMatch {
			matched++
		}
		worst, best = min(worst, m), max(best, m)
	}
	return matched, worst, best
}

// better compares two signatures; positive if the first fits better.
func better(a, b *call) int {
	countA, worstA, bestA := a.score()
	countB, worstB, bestB := b.score()
	switch {
	case countA == len(a.args) && countB < len(a.args):
		return countA - countB
	case worstA != worstB:
		return int(worstA) - int(worstB)
	case bestA != bestB:
		return int(bestA) - int(bestB)
	default:
		return countA - countB
	}
}

// choose finds the best signatures for the arguments: one, unless it cannot tell.
func choose(signatures []signature, args []*bound, all bool) []*call {
	types := typings(args)
	if len(signatures) == 1 {
		return []*call{tryCall(&signatures[0], args, types)}
	}
	candidates := byCount(signatures, args, types)
	if len(candidates) < 2 {
		return candidates
	}
	most := 0
	for _, c := range candidates {
		n, _, _ := c.score()
		most = max(most, n)
	}
	if all && most < len(args) {
		return nil
	}
	return single(slices.DeleteFunc(candidates, func(c *call) bool {
		n, _, _ := c.score()
		return n < most
	}))
}

// byCount keeps the signatures that take this many arguments, or else those that come closest.
func byCount(signatures []signature, args []*bound, types []typing) []*call {
	out := make([]*call, 0, len(signatures))
	most := 0
	for i := range signatures {
		s := &signatures[i]
		if len(args) >= s.minimum() && len(args) <= s.maximum() {
			out = append(out, tryCall(s, args, types))
		}
		most = max(most, s.maximum())
	}
	if len(out) > 0 {
		return out
	}
	for i := range signatures {
		s := &signatures[i]
		if most >= s.minimum() && most <= s.maximum() {
			out = append(out, tryCall(s, args, types))
		}
	}
	return out
}

// single reduces candidates to the one that beats all others, if there is one.
func single(candidates []*call) []*call {
	if len(candidates) < 2 {
		return candidates
	}
	top := candidates[0]
	for _, c := range candidates[1:] {
		switch n := better(c, top); {
		case n > 0:
			top = c
		case n == 0:
			return candidates
		}
	}
	for _, c := range candidates {
		if c != top && better(top, c) <= 0 {
			return candidates
		}
	}
	return []*call{top}
}
