package kql

import (
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// A condition is often given a name first (`extend suspicious = A and B | where suspicious`). To take it apart, the
// expression behind a column is read over the row that the where sees: that works as long as the columns it reads are
// still there.

// definition is the expression that an operator below the where made a column of, over the columns of the where's
// input; nil if there is none or it cannot be read there any more.
func (e *examiner) definition(c *bind.Column) bind.Expr {
	below := inputOf(e.node.plan, e.role)
	made, x := maker(below, c.Index)
	if made == nil {
		return nil
	}
	r := &reader{input: inputOf(made, 0), at: map[int]int{}}
	for i := range below.Columns() {
		if from, ok := r.passed(below, i, made); ok {
			r.at[from] = i
		}
	}
	return r.over(x)
}

// maker finds the operator that computes a column, and the expression.
func maker(p bind.Operator, index int) (bind.Operator, bind.Expr) {
	switch p := p.(type) {
	case *bind.Where, *bind.Sort, *bind.As, *bind.Take, *bind.Top:
		return maker(inputOf(p, 0), index)
	case *bind.Extend:
		for _, a := range p.Assignments {
			if a.Index == index {
				return p, a.Expr
			}
		}
		return maker(p.Input, index)
	case *bind.Project:
		if c, ok := p.Exprs[index].(*bind.Column); ok {
			return maker(p.Input, c.Index)
		}
		return p, p.Exprs[index]
	default:
		return nil, nil
	}
}

// reader moves an expression from the rows where it was computed to rows further on.
type reader struct {
	input bind.Operator
	at    map[int]int // where the columns of the input are now
	lost  bool
}

// passed follows a column back to the input of the operator made.
func (r *reader) passed(p bind.Operator, index int, made bind.Operator) (int, bool) {
	for {
		through := index
		switch o := p.(type) {
		case *bind.Extend:
			for _, a := range o.Assignments {
				if c, ok := a.Expr.(*bind.Column); a.Index == index && ok {
					through = c.Index
				} else if a.Index == index {
					return 0, false
				}
			}
		case *bind.Project:
			c, ok := o.Exprs[index].(*bind.Column)
			if !ok {
				return 0, false
			}
			through = c.Index
		}
		if p == made {
			return through, true
		}
		p, index = inputOf(p, 0), through
	}
}

// over writes the expression with the places that its columns have now, or gives nil.
func (r *reader) over(x bind.Expr) bind.Expr {
	out := r.move(x)
	if r.lost {
		return nil
	}
	return out
}

func (r *reader) move(x bind.Expr) bind.Expr {
	switch x := x.(type) {
	case *bind.Column:
		now, ok := r.at[x.Index]
		r.lost = r.lost || !ok
		moved := *x
		moved.Index = now
		return &moved
	case *bind.Call:
		moved := *x
		moved.Args = make([]bind.Expr, len(x.Args))
		for i, a := range x.Args {
			moved.Args[i] = r.move(a)
		}
		r.lost = r.lost || windowFunction(x.Name) || x.Name == "rand"
		return &moved
	case *bind.Literal:
		return x
	case *bind.InTable:
		moved := *x
		moved.Arg = r.move(x.Arg)
		return &moved
	case *bind.Member:
		moved := *x
		moved.Target = r.move(x.Target)
		return &moved
	default:
		r.lost = true
		return x
	}
}

// named gives the condition behind a column of truth values, or behind its comparison with true or false, and what it
// must be.
func (e *examiner) named(x bind.Expr, want bool) (bind.Expr, bool) {
	if call, ok := x.(*bind.Call); ok && (call.Name == "==" || call.Name == "!=") && len(call.Args) == 2 {
		l, ok := call.Args[1].(*bind.Literal)
		if !ok || l.Value.IsNull() || l.Value.Type() != value.Bool && !l.Value.Type().Numeric() {
			return nil, want
		}
		x = call.Args[0]
		want = want == (value.Convert(l.Value, value.Bool).Bool() == (call.Name == "=="))
	}
	c, ok := x.(*bind.Column)
	if !ok || c.Type() != value.Bool {
		return nil, want
	}
	return e.definition(c), want
}
