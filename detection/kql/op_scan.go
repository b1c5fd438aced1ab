package kql

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// stepScan is scan: rows in their order go through steps, of which each keeps a state.
// Source: https://learn.microsoft.com/kusto/query/scan-operator
type stepScan struct {
	input    operator
	plan     *bind.StepScan
	defaults []expr
	steps    []scanStep
}

type scanStep struct {
	output      string
	condition   expr
	assignments []expr
	plan        bind.ScanStep
}

func (c *compiler) stepScan(p *bind.StepScan) operator {
	if p.Partitioned {
		return c.missingOperator(p)
	}
	o := &stepScan{input: c.operator(p.Input), plan: p}
	for _, e := range p.Defaults {
		o.defaults = append(o.defaults, c.optional(e))
	}
	for _, s := range p.Steps {
		step := scanStep{output: s.Output, condition: c.expr(s.Condition), plan: s}
		for _, a := range s.Assignments {
			step.assignments = append(step.assignments, c.expr(a.Expr))
		}
		o.steps = append(o.steps, step)
	}
	return o
}

// scanState is the state of a step that is in a sequence: the last row of it and of every step before it.
type scanState struct {
	rows  [][]value.Value
	match int64
	// sources are the input rows of rows: what a row that is given comes from.
	sources []uint32
	// last is the row that a step with output=last gives when the sequence moves on.
	last *nestedRow
}

// scanRun is the state of a run.
type scanRun struct {
	*stepScan
	x       *execution
	in      *relation
	absent  []value.Value // a row of a step without a state
	columns []value.Column
	states  []*scanState
	matches int64
	out     []nestedRow
}

func (o *stepScan) run(x *execution) (*relation, error) {
	in, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	s := &scanRun{stepScan: o, x: x, in: in, states: make([]*scanState, len(o.steps))}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	for row := range in.rows {
		if err := x.stop(row); err != nil {
			return nil, err
		}
		for k := range slices.Backward(o.steps) {
			if err := s.step(k, row); err != nil {
				return nil, err
			}
		}
	}
	for _, state := range s.states {
		s.leave(state)
	}
	return s.relation(), nil
}

// prepare finds the columns of a state, and its values before it has any.
func (s *scanRun) prepare() error {
	width := len(s.in.slots) + len(s.defaults)
	s.columns = s.plan.Fields[:width]
	for i, c := range s.columns {
		v := value.Null(c.Type)
		if d := i - len(s.in.slots); d >= 0 && s.defaults[d] != nil {
			cell, err := s.defaults[d].eval(s.x, newRelation(nil, nil, noLineage(1)))
			if err != nil {
				return err
			}
			v = value.Convert(cell.value(0), c.Type)
		}
		s.absent = append(s.absent, v)
	}
	return nil
}

// step tries a row on a step: first as the continuation of the step before, then of its own sequence.
func (s *scanRun) step(k, row int) error {
	if k > 0 && s.states[k-1] != nil {
		before := s.states[k-1]
		matched, err := s.matched(k, row, before)
		if err != nil || matched == nil {
			return s.repeat(k, row, err)
		}
		s.leave(s.states[k])
		s.leave(before)
		s.states[k-1] = nil
		s.states[k] = &scanState{rows: append(slices.Clone(before.rows), matched), match: before.match, sources: before.sources}
		s.enter(k, row)
		return nil
	}
	return s.repeat(k, row, nil)
}

// repeat is the second check of a step.
func (s *scanRun) repeat(k, row int, err error) error {
	state := s.states[k]
	if err != nil || state == nil && k > 0 {
		return err
	}
	fresh := state == nil
	if fresh {
		state = &scanState{}
	}
	matched, err := s.matched(k, row, state)
	if err != nil || matched == nil {
		return err
	}
	if fresh {
		state.match = s.matches
		s.matches++
	}
	state.rows = append(state.rows[:k:k], matched)
	s.states[k] = state
	s.enter(k, row)
	return nil
}

// enter gives the row that a step just matched, or keeps it.
func (s *scanRun) enter(k, row int) {
	state := s.states[k]
	state.sources = append(state.sources[:k:k], uint32(row))
	cells := slices.Clone(state.rows[k])
	if s.plan.MatchID >= 0 {
		cells = append(cells, value.NewLong(state.match))
	}
	switch given := (nestedRow{cells, state.sources}); s.steps[k].output {
	case "none":
	case "last":
		state.last = &given
	default:
		s.out = append(s.out, given)
	}
}

// leave gives the row that was kept for the end of a sequence.
func (s *scanRun) leave(state *scanState) {
	if state != nil && state.last != nil {
		s.out = append(s.out, *state.last)
		state.last = nil
	}
}

// matched is the row with the assignments of a step, or nil if its condition does not hold in the state.
func (s *scanRun) matched(k, row int, state *scanState) ([]value.Value, error) {
	current := slices.Clone(s.absent)
	for i := range s.in.slots {
		current[i] = s.in.vector(i).value(row)
	}
	one := &relation{rows: 1, lineage: newSlot(noLineage(1))}
	for step := -1; step < len(s.steps); step++ {
		cells := s.absent
		if step < 0 {
			cells = current
		} else if step < len(state.rows) {
			cells = state.rows[step]
		}
		for _, v := range cells {
			one.slots = append(one.slots, newSlot(constantOf(v, 1)))
		}
	}
	holds, err := s.steps[k].condition.eval(s.x, one)
	if err != nil {
		return nil, err
	}
	if v := value.Convert(holds.value(0), value.Bool); v.IsNull() || !v.Bool() {
		return nil, nil
	}
	for i, e := range s.steps[k].assignments {
		v, err := e.eval(s.x, one)
		if err != nil {
			return nil, err
		}
		at := s.steps[k].plan.Assignments[i].Index
		current[at] = value.Convert(v.value(0), s.columns[at].Type)
	}
	return current, nil
}

// relation is the rows given.
func (s *scanRun) relation() *relation {
	b := NewBuilder(s.plan.Fields)
	handles := make([]int64, len(s.out))
	for i, given := range s.out {
		b.Append(-1, given.cells...)
		handles[i] = noSource
		for _, row := range given.rows {
			handles[i] = s.x.lineage.merge(handles[i], s.in.handle(int(row)))
		}
	}
	t := b.Table()
	return newRelation(t.columns, t.vectors, lineageOf(handles))
}
