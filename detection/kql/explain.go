package kql

import (
	"context"
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// ExplainOptions says what [Query.Explain] looks at beside the operators.
type ExplainOptions struct {
	// Sources are the source rows to follow through the query.
	Sources []Source
	// Candidates says which source rows can be the nearest miss; nil for all of them.
	Candidates func(Source) bool
}

// Explanation says how a query came to its rows.
type Explanation struct {
	// Table is the result, as [Query.Run] gives it.
	Table *Table
	// Steps are the operators of all branches, each behind those whose rows it takes.
	Steps []Step
	// Fates are those of [ExplainOptions.Sources], in that order.
	Fates []Fate
	// Nearest is, of a query without rows, the row turned away that passed the most predicates of its branch. Nil if
	// the query has rows, or if no row was there to be turned away.
	Nearest *Rejection
}

// Step is an operator of the query, with what went through it. Those of a function's body appear once for each call;
// the operators of a table that several others use appear once.
type Step struct {
	// Operator is the operator's word ("where", "join"), or the name of a table where it is read.
	Operator string
	// Span is the operator with its keyword, without its input.
	Span syntax.Span
	// Let is the name of the let statement that the operator is written in, or "".
	Let string
	// Depth is 0 for the main pipeline, and one more in the legs of a union, on the right side of a join, in a
	// subquery and in the tables of a condition.
	Depth int
	// Inputs are the steps whose rows it takes, as indexes of [Explanation.Steps].
	Inputs []int
	// Conditions are the steps that give the tables inside its expressions: toscalar(T), in (T).
	Conditions []int
	// Runs counts how often it ran: many times in a subquery, never behind a leg that was not asked for.
	Runs int
	// In and Out count the rows that it took, of all inputs together, and gave, in all runs together.
	In, Out int
}

// Fate is what became of the rows that come from a source row.
type Fate struct {
	Source Source
	// Scans are the steps that read it from a table; none if no table of the query has it.
	Scans []int
	// Rows are the rows of the result that come from it.
	Rows []int
	// Rejections are where its rows were turned away: at most one for each branch.
	Rejections []Rejection
}

// Rejection is a row that an operator did not let through.
type Rejection struct {
	// Step is the operator, as an index of [Explanation.Steps].
	Step int
	// Row is the row as the operator saw it, alone; [Table.Sources] tells where it comes from.
	Row *Table
	// Passed and Predicates count the conditions of the row's branch that hold for it, and all of them; those behind
	// the operator count as far as the row can be shown to them. Only set for [Explanation.Nearest].
	Passed, Predicates int
	// Reasons are what kept the row from passing, in the order of the text; the first is what turned it away.
	Reasons []Reason
}

// Reason is a sub-predicate that does not hold, or another demand of an operator that a row does not meet.
type Reason struct {
	// Span is the sub-predicate with and, or and not taken apart, the key of a join, or the operator.
	Span syntax.Span
	// Alternative is set for the operands of an or: one that held would have been enough.
	Alternative bool
	// Saw are the values that it was decided on: the first is the one that was compared.
	Saw []Observation
	// Wanted says in KQL's words what would have passed: `has_any ("a", "b")`.
	Wanted string
	// Hints are likely causes, the most likely first.
	Hints []Hint
}

// Observation is a value that an expression of the query had for a row.
type Observation struct {
	Span  syntax.Span
	Name  string // the text of the expression
	Value value.Value
}

// HintKind is a common cause for a row to miss.
type HintKind string

// The kinds of hints.
const (
	HintCase       HintKind = "case"              // it would match if letters were compared without case
	HintTerm       HintKind = "term boundary"     // the text is inside a longer term
	HintEscaping   HintKind = "escaping"          // backslashes are written twice where they stand for themselves, or the reverse
	HintSpace      HintKind = "white space"       // blanks around the value
	HintQuotes     HintKind = "quotes"            // the value is in quotes
	HintWildcard   HintKind = "wildcard"          // the pattern has a wildcard, which the operator does not know
	HintPath       HintKind = "path"              // a path against a file name, or the other kind of slash
	HintPart       HintKind = "part"              // the text is there, at another place than the operator looks
	HintNear       HintKind = "near"              // most of the text is there
	HintEmpty      HintKind = "empty"             // the value is null or the empty string
	HintNeverSet   HintKind = "never filled"      // the column is empty in every row of its table
	HintTime       HintKind = "time window"       // the row is too old or too new
	HintType       HintKind = "type"              // the values look alike and are of different types
	HintThreshold  HintKind = "threshold"         // the number is the result of an aggregation
	HintOtherRow   HintKind = "another row"       // another row took its place
	HintNoPartner  HintKind = "no partner"        // the other side of a join has no such key
	HintPartner    HintKind = "partner"           // the other side of an anti join has the key
	HintNoElements HintKind = "nothing to expand" // the array or bag is empty
	HintFailed     HintKind = "failed"            // a part of the predicate that the run had no need of fails for the row
)

// Hint is a likely cause, in words.
type Hint struct {
	Kind HintKind
	Text string
	// Table and Column are set for [HintNeverSet].
	Table, Column string
}

// Explain runs the query as [Query.Run] does, and tells how many rows each operator took and gave, where the rows of the
// wanted sources went, and, of a query that gives none, which row came nearest. It is the same engine: operators are
// compiled with a probe between them, and predicates taken apart are evaluated by the compiled expressions on the row
// that was turned away. Errors are those of [Query.Run]. A query that runs only because a condition further on spares an
// earlier one the rows that it fails on has no steps: its Explanation holds the Table alone.
func (q *Query) Explain(ctx context.Context, db Database, now time.Time, o ExplainOptions) (*Explanation, error) {
	var out *Explanation
	err := q.closed(func(q *Query) error {
		e := &explainer{query: q, tracer: newTracer(), x: q.execution(ctx, db, now)}
		r, err := e.run()
		if err != nil {
			return err
		}
		out, err = e.explain(r, o)
		return err
	})
	if err == nil || ctx.Err() != nil {
		return out, err
	}
	// Run joins conditions that follow each other, and begins with the cheapest; here each runs in its place.
	t, err := q.Run(ctx, db, now)
	if err != nil {
		return nil, err
	}
	return &Explanation{Table: t}, nil
}

// explainer is the state of one call of [Query.Explain].
type explainer struct {
	query  *Query
	tracer *tracer
	x      *execution
	exprs  compiledExprs

	candidates func(Source) bool
	consumer   map[bind.Operator]bind.Operator // of the rows of an operator that is used once
}

// run runs the query under observation.
func (e *explainer) run() (*relation, error) {
	c := &compiler{source: e.query.source, observer: e.tracer}
	root := c.operator(e.query.plan)
	e.tracer.number()
	e.consumer = map[bind.Operator]bind.Operator{}
	for p := range e.tracer.nodes {
		if inputs := inputsOf(p); len(inputs) > 0 {
			e.consumer[inputs[0]] = p
		}
	}
	e.exprs = newCompiledExprs(e.query.source)
	return e.x.start(root)
}

func (e *explainer) explain(r *relation, o ExplainOptions) (*Explanation, error) {
	out := &Explanation{Table: r.table(e.x), Steps: e.steps()}
	for _, s := range o.Sources {
		fate, err := e.fate(out.Table, s)
		if err != nil {
			return nil, err
		}
		out.Fates = append(out.Fates, fate)
	}
	if out.Table.Len() > 0 {
		return out, nil
	}
	nearest, err := e.nearest(o.Candidates)
	out.Nearest = nearest
	return out, err
}

// fate follows a source row.
func (e *explainer) fate(result *Table, s Source) (Fate, error) {
	f := Fate{Source: s}
	for row := range result.Len() {
		if slices.Contains(result.Sources(row), s) {
			f.Rows = append(f.Rows, row)
		}
	}
	t := e.follow(s)
	for _, n := range e.tracer.order {
		if len(n.children) == 0 && t.leaves(n) {
			f.Scans = append(f.Scans, n.index)
		}
		lost := t.lost(n)
		if len(lost) == 0 {
			continue
		}
		at, err := e.foremost(lost)
		if err != nil {
			return f, err
		}
		rejection, err := e.rejection(at)
		if err != nil {
			return f, err
		}
		f.Rejections = append(f.Rejections, rejection)
	}
	return f, nil
}
