package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// Caveat is a place of a query where a row of the result can depend on events that are not among its [Table.Sources].
type Caveat struct {
	At     syntax.Span
	Reason string
}

// Caveats lists the places where the query asks for what is not there, or for what depends on all rows together, so that
// a row can change when an event goes that it does not come from. A query without any has this property: to delete all
// sources of a row makes it vanish, to delete any other event leaves it as it is.
//
// What it looks for is rows that can appear when an event goes (rows of groups whose aggregate changes, of outer and anti joins, beyond
// a top), and operators to which such a row makes a difference: aggregates, anti joins, another top.
func (q *Query) Caveats() []Caveat {
	s := &stability{shared: map[int]flow{}, subjects: map[int]flow{}}
	s.of(q.plan)
	slices.SortStableFunc(s.caveats, func(a, b Caveat) int { return a.At.Start - b.At.Start })
	return slices.Compact(s.caveats)
}

// flow says of the rows of an operator what can happen to them when an event goes that they do not come from.
type flow struct {
	// appear is set if rows can appear.
	appear bool
	// derived are the columns that are made of several rows: when an event goes, their values can be other ones.
	derived []bool
}

func (f flow) has(column int) bool {
	return column >= 0 && column < len(f.derived) && f.derived[column]
}

// stability walks a plan.
type stability struct {
	caveats  []Caveat
	shared   map[int]flow
	subjects map[int]flow
}

func (s *stability) note(at syntax.Span, reason string) {
	s.caveats = append(s.caveats, Caveat{at, reason})
}

// of finds the flow of an operator.
func (s *stability) of(p bind.Operator) flow {
	switch p := p.(type) {
	case nil:
		return flow{}
	case *bind.Scan, *bind.Values, *bind.External:
		return flow{derived: make([]bool, len(p.Columns()))}
	case *bind.Print:
		return flow{derived: s.exprs(p.Exprs, flow{})}
	case *bind.Range:
		s.exprs([]bind.Expr{p.From, p.To, p.Step}, flow{})
		return flow{derived: []bool{false}}
	case *bind.Shared:
		if _, known := s.shared[p.ID]; !known {
			s.shared[p.ID] = s.of(p.Input)
		}
		return s.shared[p.ID]
	case *bind.Subject:
		return s.subjects[p.ID]
	case *bind.As:
		return s.of(p.Input)
	case *bind.Render:
		return s.of(p.Input)
	case *bind.Service:
		in := s.of(p.Input)
		return flow{in.appear, extended(in.derived, len(p.Fields), slices.Contains(s.exprs(p.Args, in), true))}
	}
	if f, ok := s.ofRows(p); ok {
		return f
	}
	return s.ofGroups(p)
}

// ofRows is the operators that look at single rows, or choose among them.
func (s *stability) ofRows(p bind.Operator) (flow, bool) {
	switch p := p.(type) {
	case *bind.Where:
		return s.where(p.Predicate, s.of(p.Input)), true
	case *bind.Extend:
		in := s.of(p.Input)
		out := flow{in.appear, extended(in.derived, len(p.Fields), false)}
		for _, a := range p.Assignments {
			out.derived[a.Index] = s.expr(a.Expr, in)
		}
		return out, true
	case *bind.Project:
		in := s.of(p.Input)
		return flow{in.appear, s.exprs(p.Exprs, in)}, true
	case *bind.Sort:
		in := s.of(p.Input)
		s.keys(p.Keys, in)
		return in, true
	case *bind.Top:
		in := s.of(p.Input)
		return s.chosen(p, flow{in.appear || s.keys(p.Keys, in), in.derived}), true
	case *bind.Take:
		return s.chosen(p, s.of(p.Input)), true
	case *bind.Sample:
		return s.chosen(p, s.of(p.Input)), true
	case *bind.MvExpand:
		in := s.of(p.Input)
		out := flow{in.appear, extended(in.derived, len(p.Fields), false)}
		for _, e := range p.Expansions {
			out.derived[e.Index] = s.expr(e.Expr, in)
			out.appear = out.appear || out.derived[e.Index]
		}
		return out, true
	case *bind.MvApply:
		return s.mvApply(p), true
	case *bind.Parse:
		in := s.of(p.Input)
		derived := s.expr(p.Text, in)
		return flow{in.appear || derived && p.Keyword == "parse-where", extended(in.derived, len(p.Fields), derived)}, true
	case *bind.ParseKV:
		in := s.of(p.Input)
		return flow{in.appear, extended(in.derived, len(p.Fields), s.expr(p.Text, in))}, true
	default:
		return flow{}, false
	}
}

// ofGroups is the operators that make rows of several.
func (s *stability) ofGroups(p bind.Operator) flow {
	switch p := p.(type) {
	case *bind.Count:
		return s.grouped(p, s.of(p.Input), nil, 0)
	case *bind.Distinct:
		in := s.of(p.Input)
		derived := s.exprs(p.Exprs, in)
		return flow{in.appear || slices.Contains(derived, true), derived}
	case *bind.Summarize:
		in := s.of(p.Input)
		s.aggregates(p.Aggregates, in)
		middle := s.grouped(p, in, p.By, countResults(p.Aggregates))
		return flow{middle.appear, s.exprs(p.Exprs, middle)}
	case *bind.MakeSeries:
		return s.makeSeries(p)
	case *bind.Union:
		return s.union(p)
	case *bind.Join:
		return s.join(p)
	case *bind.Partition:
		in := s.of(p.Input)
		in.appear = s.expr(p.By, in) || in.appear
		s.subjects[p.ID] = in
		if !onlyFed(p.ID, p.Subquery) {
			s.note(p.Span(), "the subquery has a source of its own, and runs because the key is there")
		}
		out := s.of(p.Subquery)
		out.appear = true // a group has the place of its first row: without that, all its rows come later
		return out
	default:
		for _, input := range inputsOf(p) {
			s.of(input)
		}
		s.note(p.Span(), "every row can depend on all rows of the input")
		return flow{true, slices.Repeat([]bool{true}, len(p.Columns()))}
	}
}

// onlyFed reports whether a subquery reads nothing but the rows that it is fed.
func onlyFed(id int, subquery bind.Operator) bool {
	fed := true
	walk(subquery, func(p bind.Operator) {
		if subject, ok := p.(*bind.Subject); ok {
			fed = fed && subject.ID == id
		} else if len(inputsOf(p)) == 0 {
			fed = false
		}
	})
	return fed
}

// extended copies the flags of columns and gives new ones to the columns that come after them.
func extended(derived []bool, width int, added bool) []bool {
	out := make([]bool, width)
	for i := range out {
		out[i] = added
		if i < len(derived) {
			out[i] = derived[i]
		}
	}
	return out
}

// chosen is rows of which some are kept: when one of them goes, another takes its place.
func (s *stability) chosen(p bind.Operator, in flow) flow {
	if in.appear {
		s.note(p.Span(), "a row that appears takes the place of another")
	}
	return flow{true, in.derived}
}

// grouped is the keys and the results of an aggregation.
func (s *stability) grouped(p bind.Operator, in flow, by []bind.Expr, results int) flow {
	derived := s.exprs(by, in)
	if in.appear || slices.Contains(derived, true) {
		s.note(p.Span(), "a row that appears changes the group that it falls into")
	}
	return flow{slices.Contains(derived, true) || in.appear, append(derived, slices.Repeat([]bool{true}, max(results, 1))...)}
}

func countResults(list []bind.Aggregate) int {
	n := 0
	for _, a := range list {
		n += len(a.Results)
	}
	return n
}

func (s *stability) aggregates(list []bind.Aggregate, in flow) {
	for _, a := range list {
		s.exprs(a.Args, in)
	}
}

// where is a condition: what reads a derived column can become true.
func (s *stability) where(e bind.Expr, in flow) flow {
	out := flow{in.appear, in.derived}
	switch e := e.(type) {
	case *bind.Call:
		if e.Name == "and" {
			for _, a := range e.Args {
				out.appear = s.where(a, in).appear || out.appear
			}
			return out
		}
	case *bind.InTable:
		list := s.of(e.Plan)
		grows := list.appear || list.has(0)
		out.appear = s.expr(e.Arg, in) || out.appear || grows
		if e.Name[0] == '!' {
			out.appear = true
			if grows {
				s.note(e.Span(), "a row that appears in the list takes rows away")
			}
		}
		return out
	}
	out.appear = s.expr(e, in) || out.appear
	return out
}

// mvApply has a subquery that sees the elements of one row only.
func (s *stability) mvApply(p *bind.MvApply) flow {
	in := s.of(p.Input)
	derived := slices.Contains(in.derived, true)
	for _, e := range p.Expansions {
		derived = s.expr(e.Expr, in) || derived
	}
	out := flow{appear: in.appear || derived}
	for _, i := range p.Kept {
		out.derived = append(out.derived, in.has(i))
	}
	out.derived = extended(out.derived, len(p.Fields), derived)
	return out
}

// makeSeries needs an axis that does not depend on the rows.
func (s *stability) makeSeries(p *bind.MakeSeries) flow {
	in := s.of(p.Input)
	if p.From == nil || p.To == nil {
		s.note(p.Span(), "the axis goes from the first row to the last of all")
	}
	s.aggregates(p.Aggregates, in)
	in.appear = s.expr(p.Axis, in) || in.appear
	out := s.grouped(p, in, p.By, 0)
	out.derived = extended(out.derived, len(p.Fields), true)
	return out
}

func (s *stability) union(p *bind.Union) flow {
	out := flow{derived: make([]bool, len(p.Fields))}
	for _, leg := range p.Legs {
		in := s.of(leg.Input)
		out.appear = out.appear || in.appear
		for i, from := range leg.Fields {
			out.derived[i] = out.derived[i] || in.has(from)
		}
	}
	return out
}

// join is rows that can appear where a match goes.
func (s *stability) join(p *bind.Join) flow {
	left, right := s.of(p.Left), s.of(p.Right)
	keys := false
	for _, k := range p.Keys {
		l, r := s.expr(k.Left, left), s.expr(k.Right, right)
		keys = keys || l || r
	}
	loose := left.appear || right.appear || keys
	out := flow{appear: loose}
	both := slices.Concat(extended(left.derived, len(p.Left.Columns()), false), extended(right.derived, len(p.Right.Columns()), false))
	switch p.Kind {
	case "inner", "leftsemi", "rightsemi":
	case "innerunique":
		out.appear = true
		if loose {
			s.note(p.Span(), "a row that appears on the left takes the place of another with its key")
		}
	default:
		out.appear = true
		if loose {
			s.note(p.Span(), "a row that appears on the other side is a match where there was none")
		}
	}
	for _, from := range p.Fields {
		out.derived = append(out.derived, from < len(both) && both[from])
	}
	return out
}

// keys reports whether a key is derived.
func (s *stability) keys(keys []bind.SortKey, in flow) bool {
	return slices.Contains(s.exprs(keyExprs(keys), in), true)
}

func (s *stability) exprs(list []bind.Expr, in flow) []bool {
	out := make([]bool, len(list))
	for i, e := range list {
		out[i] = s.expr(e, in)
	}
	return out
}

// expr reports whether an expression reads a derived column, and notes what looks further than its row.
func (s *stability) expr(e bind.Expr, in flow) bool {
	switch e := e.(type) {
	case *bind.Column:
		return in.has(e.Index)
	case *bind.Call:
		if windowFunction(e.Name) || e.Name == "rand" || e.Name == "new_guid" {
			s.note(e.Span(), "the value depends on the rows before it")
		}
		return slices.Contains(s.exprs(e.Args, in), true)
	case *bind.Member:
		return s.expr(e.Target, in)
	case *bind.Element:
		target, index := s.expr(e.Target, in), s.expr(e.Index, in)
		return target || index
	case *bind.Part:
		return s.expr(e.Target, in)
	case *bind.AnyColumn:
		return slices.ContainsFunc(e.Columns, in.has) || s.expr(e.Arg, in)
	case *bind.ToScalar:
		return s.looked(e.Plan, e.Span())
	case *bind.InTable:
		derived := s.expr(e.Arg, in)
		return s.looked(e.Plan, e.Span()) || derived
	case *bind.LateColumn:
		return true
	default:
		return false
	}
}

// looked is a table inside an expression.
func (s *stability) looked(p bind.Operator, at syntax.Span) bool {
	events := false
	walk(p, func(p bind.Operator) {
		switch p.(type) {
		case *bind.Scan, *bind.Subject:
			events = true
		}
	})
	if events {
		s.note(at, "the value depends on rows that the row does not come from")
	}
	s.of(p)
	return events
}
