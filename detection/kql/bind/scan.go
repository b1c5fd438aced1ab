package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// StepScan is the operator scan: it goes through rows in their order and follows sequences of steps. The output row is
// the input's, then the declared columns, then that of MatchID. Expressions see a row of the input's columns and
// the declared ones, followed by as many for the state of each step.
type StepScan struct {
	Output
	Input Operator
	// Defaults are the values of the declared columns before they are assigned; nil for null.
	Defaults []Expr
	Steps    []ScanStep
	// MatchID is the index of the column that numbers the matches, or -1.
	MatchID int
	// Partitioned is set for the undocumented clauses order by and partition by.
	Partitioned bool
}

// ScanStep is a step of [StepScan].
type ScanStep struct {
	// Output is which of the rows that match are given: all, last or none.
	Output      string
	Condition   Expr
	Assignments []Assignment
}

func (b *binder) bindScan(op *syntax.Scan, in *relation) *relation {
	b.bindKeys(op.OrderBy)
	for _, e := range op.PartitionBy {
		b.bindExpr(e)
	}
	plan := &StepScan{Input: in.op, MatchID: -1, Partitioned: len(op.OrderBy)+len(op.PartitionBy) > 0}
	row, scope := b.row, b.scope
	defer func() { b.row, b.scope = row, scope }()
	b.scope = newScope(scope)
	r := &relation{columns: append([]*column(nil), in.all()...), open: in.open, serialized: true}
	b.declareScanColumns(op, r, plan)
	b.row = &relation{columns: r.columns, open: r.open, serialized: true}
	for i, s := range op.Steps {
		if s.Name == nil {
			continue
		}
		state := &bound{node: op, typing: recordOf(r.columns), expr: placeholder(op), base: (i + 1) * len(r.columns)}
		if in.open {
			state.typing = typing{shape: unknown}
		}
		b.scope.define(&symbol{name: s.Name.Text, bound: state})
	}
	for _, s := range op.Steps {
		plan.Steps = append(plan.Steps, b.bindScanStep(s, r))
	}
	if p := property(op.Properties, "with_match_id"); p != nil {
		plan.MatchID = len(r.columns)
		r.columns = append(r.columns[:plan.MatchID:plan.MatchID], &column{name: word(p), typing: scalar(value.Long)})
	}
	if !in.serialized && !in.open {
		d := b.report("", op.Keyword().Span, "the operator 'scan' needs rows in an order")
		d.Hint = serializeHint
	}
	plan.Output = b.output(r, op)
	r.op = plan
	return r
}

// declareScanColumns adds the columns of declare (...).
func (b *binder) declareScanColumns(op *syntax.Scan, r *relation, plan *StepScan) {
	for _, p := range op.Declare {
		t := b.typeByName(p.Type)
		if p.Name == nil {
			continue
		}
		r.columns = append(r.columns, &column{name: p.Name.Text, typing: t})
		var absent Expr
		if p.Default != nil {
			absent = b.bindExpr(p.Default).expr
		}
		plan.Defaults = append(plan.Defaults, absent)
	}
}

func (b *binder) bindScanStep(s *syntax.ScanStep, r *relation) ScanStep {
	out := ScanStep{Output: "all", Condition: b.bindExpr(s.Condition).expr}
	if s.Output.Present() {
		out.Output = s.Output.Text
	}
	for _, a := range s.Assignments {
		v := b.bindExpr(a.Value)
		for _, name := range a.Names {
			if i, c := r.find(name.Text); c != nil {
				out.Assignments = append(out.Assignments, Assignment{Index: i, Expr: v.expr})
			} else if !r.open {
				d := b.report("KS142", name.Span(), "the name '%s' does not refer to any known column, table, variable or function", name.Text)
				d.Hint = "declare it: scan declare (" + name.Text + ":type) with (...)"
			}
		}
	}
	return out
}
