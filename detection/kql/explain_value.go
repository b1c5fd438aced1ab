package kql

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// hints are the likely causes that follow from the values alone.
func (d *demand) hints() []Hint {
	switch {
	case d.sign == "":
		return nil
	case d.textual && !d.positive():
		return d.matched()
	case d.textual:
		return append(d.typeHints(), d.textHints()...)
	default:
		return append(d.timeHints(), d.typeHints()...)
	}
}

// matched says which text of a list was found and must not be.
func (d *demand) matched() []Hint {
	if len(d.texts) < 2 {
		return nil
	}
	for _, n := range d.texts {
		if matchesAny(d.operator, d.subject.String(), []string{n}) {
			return []Hint{{Kind: HintPart, Text: "it is " + quoted(n) + " of the list that matches"}}
		}
	}
	return nil
}

// timeHints say how far an instant is outside its window.
func (d *demand) timeHints() []Hint {
	if d.subject.Type() != value.DateTime || d.subject.IsNull() || len(d.operands) == 0 {
		return nil
	}
	at := d.subject.DateTime()
	low, high := d.window()
	now := ""
	if d.relative() {
		now = "; now() is " + d.x.x.now.String()
	}
	switch {
	case low != nil && at <= *low:
		return []Hint{{Kind: HintTime, Text: fmt.Sprintf("%s before the window, which begins at %s%s", span(*low-at), *low, now)}}
	case high != nil && at >= *high:
		return []Hint{{Kind: HintTime, Text: fmt.Sprintf("%s behind the window, which ends at %s%s", span(at-*high), *high, now)}}
	default:
		return nil
	}
}

// window gives the bounds that the predicate sets to an instant.
func (d *demand) window() (low, high *value.Instant) {
	bound := func(i int) *value.Instant {
		if i >= len(d.operands) || d.operands[i].Type() != value.DateTime || d.operands[i].IsNull() {
			return nil
		}
		t := d.operands[i].DateTime()
		return &t
	}
	switch d.sign {
	case ">", ">=":
		low = bound(0)
	case "<", "<=":
		high = bound(0)
	case "between", "!between":
		low, high = bound(0), bound(1)
		if len(d.operands) > 1 && low != nil && d.operands[1].Type() == value.Timespan && !d.operands[1].IsNull() {
			t, _ := low.Add(d.operands[1].Timespan())
			high = &t
		}
	}
	if !d.want {
		low, high = high, low
	}
	return low, high
}

// relative reports whether the predicate counts from the instant of the query.
func (d *demand) relative() bool {
	var find func(bind.Expr) bool
	find = func(e bind.Expr) bool {
		c, ok := e.(*bind.Call)
		return ok && (c.Name == "ago" || c.Name == "now" || slices.ContainsFunc(c.Args, find))
	}
	return find(d.expr)
}

// span writes a distance in ticks for people.
func span(ticks value.Instant) string {
	d := time.Duration(ticks) * 100
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= time.Second:
		return d.Round(time.Second).String()
	default:
		return d.String()
	}
}

// typeHints find values that read the same and are of different types.
func (d *demand) typeHints() []Hint {
	if d.subject.IsNull() || !d.positive() {
		return nil
	}
	for _, v := range listed(d.operands) {
		if c, ok := d.expr.(*bind.Call); ok && v.IsNull() && len(c.Args) == 2 && d.subject.Type() != value.String {
			if l, ok := c.Args[1].(*bind.Literal); ok {
				return []Hint{{Kind: HintType, Text: fmt.Sprintf("%s is no %s, so that the comparison is with null", d.x.name(l), d.subject.Type())}}
			}
		}
		if a, b := contentType(d.subject), contentType(v); a != b && !equal(d.subject, v, true) && !v.IsNull() && strings.EqualFold(d.subject.String(), v.String()) {
			return []Hint{{Kind: HintType, Text: fmt.Sprintf("both read %s, but the value is a %s and is compared with a %s; convert one of them, as by tostring()", v, a, b)}}
		}
	}
	return nil
}

// contentType is the type of what a dynamic holds, or of any other value.
func contentType(v value.Value) string {
	switch x := v.Dynamic().(type) {
	case []any:
		return "array"
	case *value.Bag:
		return "property bag"
	case nil:
		return v.Type().String()
	default:
		return value.FromDynamic(x).Type().String()
	}
}

// columnHints say what an empty value or a computed one means.
func (e *examiner) columnHints(c *bind.Column) ([]Hint, error) {
	v, err := e.value(c)
	if err != nil {
		return nil, err
	}
	from := origin(inputOf(e.node.plan, e.role), c.Index)
	switch {
	case v.IsNull() || v.String() == "":
		return e.emptyHints(c, from)
	case from.aggregate == "":
		return nil, nil
	}
	behind := len(e.one.table(e.x).Sources(0))
	if of, ok := keeps(from.aggregate); ok {
		return []Hint{{Kind: HintOtherRow, Text: fmt.Sprintf("%s is that of the %s, which %s kept of %d", c.Name, of, from.aggregate, behind)}}, nil
	}
	return []Hint{{Kind: HintThreshold, Text: fmt.Sprintf("%s is the %s of the %d source rows in this group", c.Name, from.aggregate, behind)}}, nil
}

// keeps tells the aggregates that take over the values of one row of a group.
func keeps(aggregate string) (which string, ok bool) {
	switch aggregate {
	case "arg_max":
		return "row with the greatest value", true
	case "arg_min":
		return "row with the least value", true
	case "take_any", "take_anyif":
		return "row", true
	default:
		return "", false
	}
}

// emptyHints say of a computed value that is missing which of the columns behind it are.
func (e *examiner) emptyHints(c *bind.Column, from source) ([]Hint, error) {
	hints := []Hint{e.emptyHint(c, from)}
	if from.scan != nil {
		return hints, nil
	}
	x := e.definition(c)
	if x == nil {
		return hints, nil
	}
	for _, behind := range columnsIn(x) {
		b := behind.(*bind.Column)
		v, err := e.value(b)
		if err != nil {
			return nil, err
		}
		if v.IsNull() || v.String() == "" {
			more, err := e.emptyHints(b, origin(inputOf(e.node.plan, e.role), b.Index))
			return append(hints, more...), err
		}
	}
	return hints, nil
}

// emptyHint tells a value that is missing here from a column that is always empty.
func (e *examiner) emptyHint(c *bind.Column, from source) Hint {
	what := "is null"
	if c.Type() == value.String {
		what = "is the empty string"
	}
	if from.scan == nil {
		return Hint{Kind: HintEmpty, Text: c.Name + " " + what}
	}
	filled, rows := e.filled(from)
	if filled == 0 {
		return Hint{
			Kind: HintNeverSet, Table: from.scan.Table, Column: from.name,
			Text: fmt.Sprintf("%s.%s is empty in all %d rows of the table", from.scan.Table, from.name, rows),
		}
	}
	return Hint{Kind: HintEmpty, Text: fmt.Sprintf("%s %s; %d of %d rows of %s have a value", c.Name, what, filled, rows, from.scan.Table)}
}

// filled counts the rows of a table with a value in a column.
func (e *explainer) filled(from source) (filled, rows int) {
	passes := e.tracer.nodes[from.scan].passes
	if len(passes) == 0 {
		return 0, 0
	}
	out := passes[0].out
	v := out.vector(from.index)
	for row := range out.rows {
		if cell := v.value(row); !cell.IsNull() && cell.String() != "" {
			filled++
		}
	}
	return filled, out.rows
}

// source is where a column of a plan comes from: a column of a table, or an aggregate.
type source struct {
	scan      *bind.Scan
	index     int
	name      string
	aggregate string
}

// inputOf is the plan whose rows an operator takes in a role.
func inputOf(p bind.Operator, role int) bind.Operator {
	if inputs := inputsOf(p); role >= 0 && role < len(inputs) {
		return inputs[role]
	}
	return nil
}

// origin follows a column that is passed on unchanged to where it is made.
func origin(p bind.Operator, index int) source {
	switch p := p.(type) {
	case *bind.Scan:
		return source{scan: p, index: index, name: p.Fields[index].Name}
	case *bind.Where, *bind.Sort, *bind.Top, *bind.Take, *bind.Sample, *bind.Shared, *bind.As, *bind.Render:
		return origin(inputOf(p, 0), index)
	case *bind.Extend:
		for _, a := range p.Assignments {
			if a.Index == index {
				return originOf(p.Input, a.Expr)
			}
		}
		return origin(p.Input, index)
	case *bind.Project:
		return originOf(p.Input, p.Exprs[index])
	case *bind.Distinct:
		return originOf(p.Input, p.Exprs[index])
	case *bind.Summarize:
		return aggregated(p, index)
	case *bind.Join:
		from, width := p.Fields[index], len(p.Left.Columns())
		if from < width {
			return origin(p.Left, from)
		}
		return origin(p.Right, from-width)
	default:
		return source{}
	}
}

func originOf(input bind.Operator, e bind.Expr) source {
	if c, ok := e.(*bind.Column); ok {
		return origin(input, c.Index)
	}
	return source{}
}

// aggregated is the origin of a column of summarize: a key, or an aggregate.
func aggregated(p *bind.Summarize, index int) source {
	c, ok := p.Exprs[index].(*bind.Column)
	if !ok {
		return source{}
	}
	if c.Index < len(p.By) {
		return originOf(p.Input, p.By[c.Index])
	}
	at := len(p.By)
	for _, a := range p.Aggregates {
		if at += max(1, len(a.Results)); c.Index < at {
			return source{aggregate: a.Name}
		}
	}
	return source{}
}
