package kql_test

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// makeSeries aggregates, for each group, the rows of every step.
func (n *naive) makeSeries(p *bind.MakeSeries) [][]value.Value {
	in := n.run(p.Input)
	starts := n.axis(p, in)
	var rows [][]value.Value
	inside := &naiveTable{columns: in.columns}
	for i, row := range in.rows {
		if naiveStep(starts, n.expr(p.Axis, in.at(i))) >= 0 {
			inside.rows = append(inside.rows, row)
		}
	}
	keys, members := n.groups(inside, p.By)
	if p.Nonempty && len(p.By) == 0 && len(keys) == 0 {
		keys, members = [][]value.Value{nil}, []*naiveTable{inside}
	}
	for g := range keys {
		cells := slices.Clone(keys[g])
		for i := range p.Exprs {
			cells = append(cells, n.series(p, i, keys[g], members[g], starts))
		}
		axis := []any{}
		for _, s := range starts[:len(starts)-1] {
			axis = append(axis, s.ToDynamic())
		}
		rows = append(rows, append(cells, value.NewDynamic(axis)))
	}
	return rows
}

// series is the array of one aggregate for one group.
func (n *naive) series(p *bind.MakeSeries, which int, key []value.Value, group *naiveTable, starts []value.Value) value.Value {
	out := []any{}
	for step := range len(starts) - 1 {
		cell := &naiveTable{columns: group.columns}
		for i, row := range group.rows {
			if naiveStep(starts, n.expr(p.Axis, group.at(i))) == step {
				cell.rows = append(cell.rows, row)
			}
		}
		v := value.Convert(value.NewLong(0), p.Exprs[which].Type())
		if len(cell.rows) > 0 {
			v = n.expr(p.Exprs[which], naiveRow(append(slices.Clone(key), n.aggregates(p.Aggregates, cell)...)))
		} else if p.Defaults[which] != nil {
			v = n.expr(p.Defaults[which], naiveRow(nil))
		}
		out = append(out, v.ToDynamic())
	}
	return value.NewDynamic(out)
}

// naiveStep is the step that a value lies in, or -1.
func naiveStep(starts []value.Value, v value.Value) int {
	for step := range len(starts) - 1 {
		from, ok := naiveOrder(v, starts[step])
		to, fine := naiveOrder(v, starts[step+1])
		if ok && fine && from >= 0 && to < 0 {
			return step
		}
	}
	return -1
}

// axis lists where the steps begin, and where the last one ends.
func (n *naive) axis(p *bind.MakeSeries, in *naiveTable) []value.Value {
	none := naiveRow(nil)
	step := n.expr(p.Step, none)
	if naiveSign(step) <= 0 {
		panic(naiveFailure("the step of make-series must be positive"))
	}
	var present []value.Value
	for i := range in.rows {
		if v := n.expr(p.Axis, in.at(i)); !v.IsNull() {
			present = append(present, v)
		}
	}
	from, to := n.expr(p.From, none), n.expr(p.To, none)
	if from.IsNull() && len(present) == 0 || to.IsNull() && len(present) == 0 {
		return []value.Value{value.NewLong(0)}
	}
	if from.IsNull() {
		from = n.bin(naiveExtreme(present, -1), step)
	} else if p.Inclusive {
		from = n.bin(from, step)
	}
	inclusive := p.Inclusive
	if to.IsNull() {
		to, inclusive = naiveExtreme(present, 1), true
	}
	t := p.Axis.Type()
	var starts []value.Value
	for i := range int64(1 << 16) {
		at := value.Convert(naiveArithmetic("+", from, naiveArithmetic("*", step, value.NewLong(i))), t)
		starts = append(starts, at)
		order, ok := naiveOrder(at, to)
		if !ok || order > 0 || order == 0 && !inclusive {
			break
		}
	}
	return starts
}

// bin rounds down to a multiple.
func (n *naive) bin(v, width value.Value) value.Value {
	literal := func(v value.Value) bind.Expr { return &bind.Literal{Typed: bind.Typed{Result: v.Type()}, Value: v} }
	return n.engineScalar(&bind.Call{Typed: bind.Typed{Result: v.Type()}, Name: "bin", Args: []bind.Expr{literal(v), literal(width)}})
}
