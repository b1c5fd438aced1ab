package kql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// naive evaluates a bound plan in the most obvious way: tables are slices of rows, rows are slices of values, and every
// expression is a tree that is walked for every row. It is the second opinion on what the engine answers. It shares
// nothing with it but the plan and the package value; functions of the scalars of one row, which are checked by measured facts, it
// asks the engine for ([kql.EvalScalar]).
type naive struct {
	db       kql.Database
	now      time.Time
	subjects map[int]*naiveTable
	shared   map[int]*naiveTable
	tables   map[bind.Operator]*naiveTable // of toscalar() and in (T)
}

// naiveTable is a table as rows.
type naiveTable struct {
	columns []value.Column
	rows    [][]value.Value
}

// naiveUnknown is what the evaluator does not know; it is raised as a panic.
type naiveUnknown string

// naiveFailure is a run-time error, raised as a panic.
type naiveFailure string

// naiveOpen asks to bind again, now that the columns of an open operator are known; it is raised as a panic.
type naiveOpen struct {
	at      syntax.Span
	columns []value.Column
}

// runNaive compiles and evaluates a query. The error is of naiveUnknown for what the evaluator does not know.
func runNaive(text string, schema *kql.Schema, db kql.Database, now time.Time) (*naiveTable, error) {
	source := &syntax.Source{Text: text}
	tree, _ := syntax.Parse(source)
	unpacked := map[syntax.Span][]value.Column{}
	for range 8 {
		bound := bind.BindWith(source, tree, schema, bind.Options{Unpacked: unpacked})
		if bound.Failed() || bound.Plan == nil {
			return nil, fmt.Errorf("the query does not bind")
		}
		t, err := evaluatePlan(bound.Plan, db, now)
		var open *naiveOpen
		if !errors.As(err, &open) {
			return t, err
		}
		unpacked[open.at] = open.columns
	}
	return nil, naiveUnknown("more than 8 open operators")
}

func (n naiveUnknown) Error() string { return "the naive evaluator does not know " + string(n) }

func (f naiveFailure) Error() string { return string(f) }

func (o *naiveOpen) Error() string { return "columns are known only now" }

// evaluatePlan turns the panics of the evaluator into errors.
func evaluatePlan(p bind.Operator, db kql.Database, now time.Time) (t *naiveTable, err error) {
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case naiveUnknown:
			err = fault
		case naiveFailure:
			err = fault
		case *naiveOpen:
			err = fault
		default:
			panic(fault)
		}
	}()
	n := &naive{db: db, now: now, subjects: map[int]*naiveTable{}, shared: map[int]*naiveTable{}, tables: map[bind.Operator]*naiveTable{}}
	return n.run(p), nil
}

// run evaluates an operator and gives its cells the types of its columns.
func (n *naive) run(p bind.Operator) *naiveTable {
	t := &naiveTable{columns: p.Columns(), rows: n.rows(p)}
	for i, row := range t.rows {
		if len(row) != len(t.columns) {
			panic(naiveFailure(fmt.Sprintf("%T made %d cells for %d columns", p, len(row), len(t.columns))))
		}
		cells := slices.Clone(row)
		for k := range cells {
			cells[k] = value.Convert(cells[k], t.columns[k].Type)
		}
		t.rows[i] = cells
	}
	return t
}

// rows evaluates an operator.
func (n *naive) rows(p bind.Operator) [][]value.Value {
	switch p := p.(type) {
	case *bind.Scan:
		return n.scan(p)
	case *bind.Values:
		return slices.Clone(p.Rows)
	case *bind.Print:
		return [][]value.Value{n.exprs(p.Exprs, naiveRow(nil))}
	case *bind.Range:
		return n.steps(p)
	case *bind.Shared:
		if n.shared[p.ID] == nil {
			n.shared[p.ID] = n.run(p.Input)
		}
		return slices.Clone(n.shared[p.ID].rows)
	case *bind.Subject:
		return slices.Clone(n.subjects[p.ID].rows)
	case *bind.As:
		return n.rows(p.Input)
	case *bind.Render:
		return n.rows(p.Input)
	case *bind.Where:
		return n.where(p)
	case *bind.Extend:
		return n.extend(p)
	case *bind.Project:
		return n.project(n.run(p.Input), p.Exprs)
	case *bind.Sort:
		return n.sorted(n.run(p.Input), p.Keys)
	case *bind.Top:
		return naiveHead(n.sorted(n.run(p.Input), p.Keys), n.number(p.N))
	case *bind.Take:
		return naiveHead(n.run(p.Input).rows, n.number(p.N))
	case *bind.Sample:
		return naiveHead(n.run(p.Input).rows, n.number(p.N))
	case *bind.SampleDistinct:
		return naiveHead(naiveDistinct(n.project(n.run(p.Input), []bind.Expr{p.Expr})), n.number(p.N))
	case *bind.Count:
		return [][]value.Value{{value.NewLong(int64(len(n.run(p.Input).rows)))}}
	case *bind.Distinct:
		return naiveDistinct(n.project(n.run(p.Input), p.Exprs))
	default:
		return n.combined(p)
	}
}

// combined evaluates the operators that combine rows or make several of one.
func (n *naive) combined(p bind.Operator) [][]value.Value {
	switch p := p.(type) {
	case *bind.Summarize:
		return n.summarize(p)
	case *bind.Union:
		return n.union(p)
	case *bind.Join:
		return n.join(p)
	case *bind.MvExpand:
		rows, _ := n.expand(n.run(p.Input), p.Expansions, p.ItemIndex, p.Limit, p.BagExpansion, p.Fields)
		return rows
	case *bind.MvApply:
		return n.mvApply(p)
	case *bind.Partition:
		return n.partition(p)
	case *bind.Parse:
		return n.parse(p)
	case *bind.MakeSeries:
		return n.makeSeries(p)
	case *bind.TopNested:
		return n.topNested(n.run(p.Input), p.Levels)
	case *bind.Evaluate:
		return n.plugin(p)
	case *bind.External:
		return n.external(p)
	case *bind.Service:
		panic(naiveUnknown("functions of the service"))
	case *bind.ParseKV:
		panic(naiveUnknown("parse-kv"))
	case *bind.StepScan:
		panic(naiveUnknown("scan"))
	default:
		panic(naiveUnknown(fmt.Sprintf("%T", p)))
	}
}

// naiveHead is the first rows.
func naiveHead(rows [][]value.Value, count int64) [][]value.Value {
	return rows[:max(0, min(count, int64(len(rows))))]
}

// number is the value of an expression that needs no row; null is 0.
func (n *naive) number(e bind.Expr) int64 {
	return value.Convert(n.expr(e, naiveRow(nil)), value.Long).Int()
}

// scan reads a table that is there or is empty.
func (n *naive) scan(p *bind.Scan) [][]value.Value {
	t, ok := n.db.Table(p.Table)
	if !ok {
		return nil
	}
	return naiveStored(t, p.Fields)
}

// external reads the tables that stand in for addresses.
func (n *naive) external(p *bind.External) [][]value.Value {
	var rows [][]value.Value
	for _, address := range n.exprs(p.Addresses, naiveRow(nil)) {
		t, ok := n.db.Table(kql.ExternalFixture(address.Str()))
		if !ok {
			panic(naiveFailure("externaldata needs a fixture"))
		}
		rows = append(rows, naiveStored(t, p.Fields)...)
	}
	return rows
}

// naiveStored finds the columns of a stored table by name.
func naiveStored(t *kql.Table, columns []value.Column) [][]value.Value {
	var rows [][]value.Value
	for row := range t.Len() {
		cells := make([]value.Value, len(columns))
		for i, c := range columns {
			cells[i] = value.Null(c.Type)
			for k, stored := range t.Columns() {
				if stored.Name == c.Name {
					cells[i] = t.At(row, k)
				}
			}
		}
		rows = append(rows, cells)
	}
	return rows
}

// steps is range: as many times the step as stays within the bound.
func (n *naive) steps(p *bind.Range) [][]value.Value {
	none := naiveRow(nil)
	from, to, step := n.expr(p.From, none), n.expr(p.To, none), n.expr(p.Step, none)
	direction := naiveSign(step)
	if from.IsNull() || to.IsNull() || step.IsNull() || direction == 0 {
		return nil
	}
	var rows [][]value.Value
	for i := int64(0); ; i++ {
		at := naiveArithmetic("+", from, naiveArithmetic("*", step, value.NewLong(i)))
		order, ok := naiveOrder(at, to)
		if at.IsNull() || !ok || order*direction > 0 || len(rows) > 1<<17 {
			return rows
		}
		rows = append(rows, []value.Value{at})
	}
}

// naiveSign is the sign of a number or duration.
func naiveSign(v value.Value) int {
	f := value.Convert(v, value.Real).Real()
	switch {
	case f > 0:
		return 1
	case f < 0:
		return -1
	default:
		return 0
	}
}

// engineScalar asks the engine for a function of scalars.
func (n *naive) engineScalar(e bind.Expr) value.Value {
	v, err := kql.EvalScalar(context.Background(), e, n.db, n.now)
	if err != nil {
		panic(naiveFailure(err.Error()))
	}
	return v
}
