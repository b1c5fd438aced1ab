package bind

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// aggregation collects the aggregates of an operator while its expressions are bound.
type aggregation struct {
	// base is the number of keys: the results follow them in the intermediate row.
	base  int
	next  int
	calls []Aggregate
	keys  []*column // the columns grouped by
}

// add makes an aggregate of a call and gives the expressions of its results.
func (g *aggregation) add(a Aggregate) []Expr {
	g.calls = append(g.calls, a)
	out := make([]Expr, len(a.Results))
	for i, c := range a.Results {
		out[i] = &Column{Typed: Typed{Result: c.Type, At: a.At}, Index: g.base + g.next, Name: c.Name}
		g.next++
	}
	return out
}

// bindAggregate binds a call of an aggregate function. Its arguments are evaluated for the rows of the group.
func (b *binder) bindAggregate(e *syntax.Call, f *function) *bound {
	mode := b.mode
	b.mode = normal
	args := make([]*bound, len(e.Args))
	for i, x := range e.Args {
		args[i] = b.bindExpr(x)
	}
	c := b.resolveCall(e, f, args)
	b.mode = mode
	out := &bound{node: e}
	out.name, out.hasName = b.callName(f, args)
	if len(args) > 0 {
		out.first = args[0].column
	}
	if strings.HasPrefix(f.name, "covariance") && len(args) > 1 && args[1].name != "" {
		out.name += "_" + args[1].name
	}
	if c == nil {
		out.typing, out.expr = typing{shape: unknown}, placeholder(e)
		return out
	}
	c = c.afterStar()
	plan := Aggregate{Name: f.planName(), At: e.Span(), Args: b.aggregateArgs(c)}
	cols := b.aggregateColumns(f, c)
	if cols == nil {
		out.typing = b.result(f, c)
		plan.Results = []value.Column{{Name: out.name, Type: out.typing.valueType()}}
		out.expr = b.aggregates.add(plan)[0]
		return out
	}
	if len(cols) == 0 {
		out.typing, out.expr = typing{shape: unknown}, placeholder(e)
		return out
	}
	plan.Results = valueColumns(cols)
	out.several = &several{values: cols, parts: b.aggregates.add(plan)}
	out.typing, out.expr = cols[0].typing, out.several.parts[0]
	if f.hasPrefix {
		out.several.prefix = f.prefix
	}
	return out
}

// afterStar is the call without the columns that follow a star, which has taken them.
func (c *call) afterStar() *call {
	if !anyStar(c.args) {
		return c
	}
	out := &call{signature: c.signature}
	star := false
	for i, a := range c.args {
		if star && (a.star || a.result != nil && a.named() == "") {
			continue
		}
		star = star || a.star
		out.args, out.params, out.types = append(out.args, a), append(out.params, c.params[i]), append(out.types, c.types[i])
	}
	return out
}

// aggregateArgs are the arguments as the plan has them; a star stands for the columns of the row.
func (b *binder) aggregateArgs(c *call) []Expr {
	var out []Expr
	for _, a := range c.args {
		if !a.star {
			out = append(out, a.expr)
			continue
		}
		for _, pick := range b.starColumns(c) {
			out = append(out, columnAt(pick, b.row.all()[pick]))
		}
	}
	return out
}

// starColumns are the columns that a star argument stands for: all but the keys and those that other arguments name.
func (b *binder) starColumns(c *call) []int {
	skip := map[*column]bool{}
	if b.aggregates != nil {
		for _, k := range b.aggregates.keys {
			skip[k] = true
		}
	}
	for _, a := range c.args {
		if a.star {
			break // what follows has been taken by the star
		}
		if a.result != nil {
			skip[a.result] = true
		}
	}
	var out []int
	for i, col := range b.row.all() {
		if !skip[col] {
			out = append(out, i)
		}
	}
	return out
}

// aggregateColumns are the columns of an aggregate that gives several or names them itself; nil for all others.
func (b *binder) aggregateColumns(f *function, c *call) []*column {
	if c.signature.returns != "custom" {
		return nil
	}
	switch f.planName() {
	case "arg_max", "arg_min":
		if f.hasPrefix {
			return b.oldExtremeColumns(c)
		}
		return b.extremeColumns(strings.TrimPrefix(f.planName(), "arg_"), c)
	case "take_any":
		return b.anyColumns(f, c)
	case "percentile", "percentiles", "percentilew", "percentilesw":
		return percentileColumns(c)
	default:
		name := ""
		if len(c.args) > 0 {
			name = c.args[0].name
		}
		return []*column{{name: "percentiles_" + name, typing: typing{shape: array}}}
	}
}

// extremeColumns are the columns of arg_max(x, a, b): x, a, b.
func (b *binder) extremeColumns(prefix string, c *call) []*column {
	out := []*column{}
	star := anyStar(c.args)
	seen := map[*column]bool{}
	for i, a := range c.args {
		switch {
		case a.star:
			for _, pick := range b.starColumns(c) {
				out = append(out, b.row.all()[pick])
			}
		case a.result != nil:
			if i > 0 && star && (seen[a.result] || b.isKey(a.result)) {
				continue
			}
			name := a.result.name
			if a.named() != "" {
				name = a.named()
			}
			if seen[a.result] || b.isKey(a.result) || name != a.result.name {
				out = append(out, &column{name: name, typing: a.result.typing})
			} else {
				out = append(out, a.result)
			}
			seen[a.result] = true
		default:
			out = append(out, &column{name: extremeName(prefix, c, i), typing: a.typing})
		}
	}
	return out
}

// oldExtremeColumns are the columns of argmax(x, a, b): x, x_a, x_b, all of which get the prefix max_.
func (b *binder) oldExtremeColumns(c *call) []*column {
	if len(c.args) == 0 {
		return []*column{}
	}
	first := ""
	if c.args[0].result != nil {
		first = c.args[0].result.name
	}
	out := []*column{{name: first, typing: c.args[0].typing}}
	for i, a := range c.args[1:] {
		switch {
		case a.star:
			for _, pick := range b.starColumns(c) {
				col := b.row.all()[pick]
				out = append(out, &column{name: first + "_" + col.name, typing: col.typing})
			}
		case a.hasName:
			out = append(out, &column{name: first + "_" + a.name, typing: a.typing})
		default:
			out = append(out, &column{name: first + "_arg" + strconv.Itoa(i+1), typing: a.typing})
		}
	}
	return out
}

// isKey reports whether rows are grouped by a column.
func (b *binder) isKey(c *column) bool { return b.aggregates != nil && contains(b.aggregates.keys, c) }

func extremeName(prefix string, c *call, i int) string {
	switch a := c.args[i]; {
	case a.hasName:
		return a.name
	case i == 0:
		return prefix + "_"
	default:
		return prefix + "_" + c.args[0].name + "_arg" + strconv.Itoa(i)
	}
}

// anyColumns are the columns of take_any(a, b): a, b.
func (b *binder) anyColumns(f *function, c *call) []*column {
	prefix := ""
	if f.name == "take_any" {
		prefix = "any_"
	}
	out := []*column{}
	for i, a := range c.args {
		switch {
		case a.star:
			for _, pick := range b.starColumns(c) {
				out = append(out, b.row.all()[pick])
			}
		case a.result != nil && a.named() == "" && !b.isKey(a.result):
			out = append(out, a.result)
		case a.hasName && a.name != "":
			out = append(out, &column{name: a.name, typing: a.typing})
		default:
			out = append(out, &column{name: prefix + "arg" + strconv.Itoa(i), typing: a.typing})
		}
	}
	return out
}

// percentileColumns are the columns of percentiles(x, 5, 95): percentile_x_5, percentile_x_95.
func percentileColumns(c *call) []*column {
	out := []*column{}
	if len(c.args) == 0 {
		return out
	}
	t := c.types[0]
	switch {
	case t.is(value.Int):
		t = scalar(value.Long)
	case t.is(value.Decimal):
		t = scalar(value.Real)
	}
	for i, p := range c.params {
		if p == nil || p.name != "percentile" {
			continue
		}
		text := ""
		if l, ok := c.args[i].node.(*syntax.Literal); ok {
			text = literalValue(l).String()
		}
		out = append(out, &column{name: "percentile_" + c.args[0].name + "_" + nameFragment(text), typing: t})
	}
	return out
}

// nameFragment makes text fit for a name.
func nameFragment(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, text)
}
