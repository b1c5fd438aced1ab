package kql

import (
	"maps"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
)

// walk visits a plan, each node after its inputs.
func walk(p bind.Operator, visit func(bind.Operator)) {
	if p == nil {
		return
	}
	for _, input := range inputsOf(p) {
		walk(input, visit)
	}
	visit(p)
}

// inputsOf lists the plans whose rows an operator takes.
func inputsOf(p bind.Operator) []bind.Operator {
	switch p := p.(type) {
	case *bind.Where:
		return []bind.Operator{p.Input}
	case *bind.Extend:
		return []bind.Operator{p.Input}
	case *bind.Project:
		return []bind.Operator{p.Input}
	case *bind.Sort:
		return []bind.Operator{p.Input}
	case *bind.Top:
		return []bind.Operator{p.Input}
	case *bind.Take:
		return []bind.Operator{p.Input}
	case *bind.Sample:
		return []bind.Operator{p.Input}
	case *bind.SampleDistinct:
		return []bind.Operator{p.Input}
	case *bind.Count:
		return []bind.Operator{p.Input}
	case *bind.Distinct:
		return []bind.Operator{p.Input}
	case *bind.Summarize:
		return []bind.Operator{p.Input}
	case *bind.Shared:
		return []bind.Operator{p.Input}
	case *bind.As:
		return []bind.Operator{p.Input}
	case *bind.Render:
		return []bind.Operator{p.Input}
	default:
		return inputsOfRare(p)
	}
}

func inputsOfRare(p bind.Operator) []bind.Operator {
	switch p := p.(type) {
	case *bind.Union:
		var legs []bind.Operator
		for _, leg := range p.Legs {
			legs = append(legs, leg.Input)
		}
		return legs
	case *bind.Join:
		return []bind.Operator{p.Left, p.Right}
	case *bind.MvExpand:
		return []bind.Operator{p.Input}
	case *bind.MvApply:
		return []bind.Operator{p.Input, p.Subquery}
	case *bind.Parse:
		return []bind.Operator{p.Input}
	case *bind.ParseKV:
		return []bind.Operator{p.Input}
	case *bind.MakeSeries:
		return []bind.Operator{p.Input}
	case *bind.StepScan:
		return []bind.Operator{p.Input}
	case *bind.TopNested:
		return []bind.Operator{p.Input}
	case *bind.TopHitters:
		return []bind.Operator{p.Input}
	case *bind.Partition:
		return []bind.Operator{p.Input, p.Subquery}
	case *bind.Evaluate:
		inputs := []bind.Operator{p.Input}
		for _, a := range p.Args {
			inputs = append(inputs, a.Table)
		}
		return inputs
	case *bind.Service:
		return []bind.Operator{p.Input}
	case *bind.Reduce:
		return []bind.Operator{p.Input}
	case *bind.Consume:
		return []bind.Operator{p.Input}
	case *bind.Several:
		return p.Branches
	case *bind.Opaque:
		return p.Inputs
	default:
		return nil
	}
}

// columnReads finds the columns of the source tables that a result depends on, by
// following from every operator the columns that are asked of it.
type columnReads struct {
	tables map[string]map[string]bool
	shared map[int]map[int]bool
}

// readColumns lists, for each source table, the columns read.
func readColumns(p bind.Operator) map[string][]string {
	d := &columnReads{tables: map[string]map[string]bool{}, shared: map[int]map[int]bool{}}
	d.need(p, all(p))
	out := map[string][]string{}
	for table, columns := range d.tables {
		out[table] = slices.Sorted(maps.Keys(columns))
	}
	return out
}

// all asks for every column of an operator.
func all(p bind.Operator) map[int]bool {
	wanted := map[int]bool{}
	if p != nil {
		for i := range p.Columns() {
			wanted[i] = true
		}
	}
	return wanted
}

// within leaves out what an operator is only taken to have: columns that it may turn out to
// make once rows flow come after those of the plan.
func within(p bind.Operator, wanted map[int]bool) map[int]bool {
	if p == nil {
		return nil
	}
	n := len(p.Columns())
	maps.DeleteFunc(wanted, func(i int, _ bool) bool { return i >= n })
	return wanted
}

// need asks an operator for columns by index.
func (d *columnReads) need(p bind.Operator, wanted map[int]bool) {
	wanted = within(p, wanted)
	switch p := p.(type) {
	case nil:
	case *bind.Scan:
		d.scan(p, wanted)
	case *bind.Shared:
		d.needShared(p, wanted)
	case *bind.Where:
		d.need(p.Input, d.plus(wanted, p.Predicate))
	case *bind.Extend:
		d.extend(p, wanted)
	case *bind.Project:
		d.need(p.Input, d.plus(nil, chosen(p.Exprs, wanted)...))
	case *bind.Sort:
		d.need(p.Input, d.plus(wanted, keyExprs(p.Keys)...))
	case *bind.Top:
		d.need(p.Input, d.plus(wanted, keyExprs(p.Keys)...))
	case *bind.Take:
		d.need(p.Input, wanted)
	case *bind.Sample:
		d.need(p.Input, wanted)
	case *bind.Count:
		d.need(p.Input, nil)
	case *bind.Distinct:
		d.need(p.Input, d.plus(nil, p.Exprs...))
	case *bind.Summarize:
		exprs := slices.Clone(p.By)
		for _, a := range p.Aggregates {
			exprs = append(exprs, a.Args...)
		}
		d.need(p.Input, d.plus(nil, exprs...))
	case *bind.Union:
		d.union(p, wanted)
	case *bind.Join:
		d.join(p, wanted)
	default:
		for _, input := range inputsOf(p) {
			d.need(input, all(input))
		}
		d.plus(nil, exprsOf(p)...)
	}
}

// exprsOf lists the expressions of the operators that need all columns anyway, for the
// tables inside them.
func exprsOf(p bind.Operator) []bind.Expr {
	var out []bind.Expr
	switch p := p.(type) {
	case *bind.MvExpand:
		for _, e := range p.Expansions {
			out = append(out, e.Expr)
		}
	case *bind.MvApply:
		for _, e := range p.Expansions {
			out = append(out, e.Expr)
		}
	case *bind.Print:
		out = p.Exprs
	case *bind.Range:
		out = []bind.Expr{p.From, p.To, p.Step}
	case *bind.Reduce:
		out = []bind.Expr{p.Text}
	case *bind.Parse:
		out = []bind.Expr{p.Text}
	case *bind.MakeSeries:
		out = append([]bind.Expr{p.From, p.To, p.Step, p.Axis}, p.By...)
	}
	return out
}

func (d *columnReads) scan(p *bind.Scan, wanted map[int]bool) {
	if d.tables[p.Table] == nil {
		d.tables[p.Table] = map[string]bool{}
	}
	for i := range wanted {
		d.tables[p.Table][p.Fields[i].Name] = true
	}
}

// needShared asks again only if something new is wanted.
func (d *columnReads) needShared(p *bind.Shared, wanted map[int]bool) {
	known, seen := d.shared[p.ID]
	if known == nil {
		known = map[int]bool{}
		d.shared[p.ID] = known
	}
	before := len(known)
	maps.Copy(known, wanted)
	if !seen || len(known) > before {
		d.need(p.Input, maps.Clone(known))
	}
}

func (d *columnReads) extend(p *bind.Extend, wanted map[int]bool) {
	below := map[int]bool{}
	assigned := map[int]bind.Expr{}
	for _, a := range p.Assignments {
		assigned[a.Index] = a.Expr
	}
	var exprs []bind.Expr
	for i := range wanted {
		if e, ok := assigned[i]; ok {
			exprs = append(exprs, e)
		} else {
			below[i] = true
		}
	}
	d.need(p.Input, d.plus(below, exprs...))
}

func (d *columnReads) union(p *bind.Union, wanted map[int]bool) {
	for _, leg := range p.Legs {
		below := map[int]bool{}
		for i := range wanted {
			if from := leg.Fields[i]; from >= 0 && i != p.Source {
				below[from] = true
			}
		}
		d.need(leg.Input, below)
	}
}

func (d *columnReads) join(p *bind.Join, wanted map[int]bool) {
	left, right := map[int]bool{}, map[int]bool{}
	width := len(p.Left.Columns())
	for i := range wanted {
		if from := p.Fields[i]; from < width {
			left[from] = true
		} else {
			right[from-width] = true
		}
	}
	for _, k := range p.Keys {
		left, right = d.plus(left, k.Left), d.plus(right, k.Right)
	}
	d.need(p.Left, left)
	d.need(p.Right, right)
}

func keyExprs(keys []bind.SortKey) []bind.Expr {
	out := make([]bind.Expr, len(keys))
	for i, k := range keys {
		out[i] = k.Expr
	}
	return out
}

func chosen(exprs []bind.Expr, wanted map[int]bool) []bind.Expr {
	var out []bind.Expr
	for i, e := range exprs {
		if wanted[i] {
			out = append(out, e)
		}
	}
	return out
}

// plus adds the columns that expressions read; tables inside them are followed as well.
func (d *columnReads) plus(wanted map[int]bool, exprs ...bind.Expr) map[int]bool {
	out := map[int]bool{}
	maps.Copy(out, wanted)
	for _, e := range exprs {
		d.expr(out, e)
	}
	return out
}

func (d *columnReads) expr(out map[int]bool, e bind.Expr) {
	switch e := e.(type) {
	case *bind.Column:
		out[e.Index] = true
	case *bind.Call:
		for _, a := range e.Args {
			d.expr(out, a)
		}
	case *bind.Member:
		d.expr(out, e.Target)
	case *bind.Element:
		d.expr(out, e.Target)
		d.expr(out, e.Index)
	case *bind.Part:
		d.expr(out, e.Target)
	case *bind.AnyColumn:
		for _, i := range e.Columns {
			out[i] = true
		}
		d.expr(out, e.Arg)
	case *bind.ToScalar:
		d.need(e.Plan, map[int]bool{0: true})
	case *bind.InTable:
		d.expr(out, e.Arg)
		d.need(e.Plan, map[int]bool{0: true})
	}
}
