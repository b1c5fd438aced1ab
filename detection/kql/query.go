package kql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Schema is the tables and functions that a query can refer to.
type Schema = bind.Schema

// Query is a compiled query. It is immutable and safe for concurrent use.
type Query struct {
	source   *syntax.Source
	tree     *syntax.Query
	schema   *Schema
	unpacked map[syntax.Span][]value.Column
	columns  []value.Column
	plan     bind.Operator
	root     operator
	reads    func() map[string][]string // found when they are asked for, since to run a query needs none
	fixtures []string
	late     []string // the columns that are taken to be among those of open operators
}

// Compile parses and binds a query and prepares it to run. The error is a
// *syntax.Error that holds everything found in one go; valid KQL that the engine lacks
// is reported here, by name and position, with syntax.ClassUnsupported.
func Compile(src *syntax.Source, schema *Schema) (*Query, error) {
	tree, diagnostics := syntax.Parse(src)
	if failed(diagnostics) {
		return nil, &syntax.Error{Source: src, Diagnostics: diagnostics}
	}
	q := &Query{source: src, tree: tree, schema: schema}
	if err := q.bind(); err != nil {
		return nil, err
	}
	return q, nil
}

// bind makes the plan, exact where the columns of open operators are known.
func (q *Query) bind() error {
	bound := bind.BindWith(q.source, q.tree, q.schema, bind.Options{Unpacked: q.unpacked})
	if failed(bound.Diagnostics) {
		return &syntax.Error{Source: q.source, Diagnostics: bound.Diagnostics}
	}
	if bound.Plan == nil {
		return &syntax.Error{Source: q.source, Diagnostics: []syntax.Diagnostic{{
			Class: syntax.ClassBind, Message: "the query has no expression that gives rows", Span: syntax.Span{Start: len(q.source.Text), End: len(q.source.Text)},
		}}}
	}
	c := &compiler{source: q.source}
	q.root = c.operator(bound.Plan)
	if failed(c.diagnostics) {
		slices.SortStableFunc(c.diagnostics, func(a, b syntax.Diagnostic) int { return a.Span.Start - b.Span.Start })
		return &syntax.Error{Source: q.source, Diagnostics: c.diagnostics}
	}
	slices.Sort(c.fixtures)
	q.columns, q.plan, q.fixtures = bound.Columns, bound.Plan, c.fixtures
	q.reads = sync.OnceValue(func() map[string][]string { return readColumns(bound.Plan) })
	if q.late == nil {
		q.late = bound.Late
	}
	return nil
}

func failed(diagnostics []syntax.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d syntax.Diagnostic) bool { return d.Severity == syntax.SeverityError })
}

// Schema is what the query was bound in.
func (q *Query) Schema() *Schema { return q.schema }

// Source is the text that the query was compiled from.
func (q *Query) Source() *syntax.Source { return q.source }

// Columns are the columns of the result.
func (q *Query) Columns() []value.Column { return q.columns }

// Tables lists the source tables that the query reads, sorted.
func (q *Query) Tables() []string {
	reads := q.reads()
	names := make([]string, 0, len(reads))
	for name := range reads {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ReadColumns lists, for every source table, the columns that the result or a condition
// of the query depends on, sorted.
func (q *Query) ReadColumns() map[string][]string { return q.reads() }

// Run evaluates the query at the instant now, which is what now() and ago() mean
// throughout. It stops with the context's error when ctx is done; any other error is a
// *syntax.Error, of syntax.ClassRuntime unless the query turns out not to bind once the
// columns of a plugin such as bag_unpack are known. It stays within [DefaultLimits].
func (q *Query) Run(ctx context.Context, db Database, now time.Time) (*Table, error) {
	return q.RunWithin(ctx, db, now, Limits{})
}

// closed evaluates the query by run, and again as often as that finds out the columns of an operator that were not
// known when the query was bound.
func (q *Query) closed(run func(*Query) error) error {
	for range maxOpen {
		err := run(q)
		var open *openSchema
		if !errors.As(err, &open) {
			return err
		}
		next := &Query{source: q.source, tree: q.tree, schema: q.schema, unpacked: maps.Clone(q.unpacked)}
		if next.unpacked == nil {
			next.unpacked = map[syntax.Span][]value.Column{}
		}
		next.unpacked[open.at] = open.columns
		if next.late = q.late; open.empty {
			next.unpacked[open.at] = withLate(open.columns, q.late)
		}
		if err := next.bind(); err != nil {
			return err
		}
		q = next
	}
	return (&execution{source: q.source}).fail(syntax.Span{}, "more than %d operators have columns that depend on their rows", maxOpen)
}

// withLate adds the columns that the query names, of a type that is not known, where they are not there.
func withLate(columns []value.Column, late []string) []value.Column {
	out := slices.Clone(columns)
	for _, name := range late {
		if indexOfColumn(out, name) < 0 {
			out = append(out, value.Column{Name: name})
		}
	}
	return out
}

// maxOpen bounds how often a query is bound again; every open operator needs it once.
const maxOpen = 32

// execution is a run about to start.
func (q *Query) execution(ctx context.Context, db Database, now time.Time) *execution {
	return &execution{
		ctx: ctx, db: db, now: value.FromTime(now), source: q.source,
		shared: map[int]*relation{}, subjects: newSubjects(), scalars: map[*toScalar]*vector{},
		lists: map[*inTable]*tableList{}, limits: DefaultLimits(),
	}
}

// start runs a plan.
func (x *execution) start(root operator) (*relation, error) {
	if err := x.ctx.Err(); err != nil {
		return nil, err
	}
	return root.run(x)
}

// execution is the state of one run.
type execution struct {
	ctx      context.Context
	db       Database
	now      value.Instant
	source   *syntax.Source
	lineage  lineage
	shared   map[int]*relation
	subjects subjects
	scalars  map[*toScalar]*vector
	lists    map[*inTable]*tableList
	matches  matchCache
	places   *places
	random   *rand.Rand
	limits   Limits
	made     int64 // bytes; see [execution.charge]
	spent    int   // work since the context was looked at
}

// fail makes a run-time error at a place of the query.
func (x *execution) fail(span syntax.Span, format string, args ...any) error {
	return &syntax.Error{Source: x.source, Diagnostics: []syntax.Diagnostic{{
		Class: syntax.ClassRuntime, Message: fmt.Sprintf(format, args...), Span: span,
	}}}
}

// checkEvery is how many rows a loop may handle between two looks at the context.
const checkEvery = 1 << 12

// stop is the context's error, looked up once in [checkEvery] rows.
func (x *execution) stop(row int) error {
	if row%checkEvery != 0 {
		return nil
	}
	return x.ctx.Err()
}

// operator is a compiled plan node.
type operator interface {
	run(x *execution) (*relation, error)
}

// expr is a compiled scalar expression; its vector has a value for every row of r.
type expr interface {
	eval(x *execution, r *relation) (*vector, error)
}

// filterer is a predicate that knows a faster way than a column of truth values: it
// gives the numbers of the rows for which it is true.
type filterer interface {
	filter(x *execution, r *relation) ([]uint32, error)
}

// compiler turns a plan into operators, collecting what the engine lacks.
type compiler struct {
	source      *syntax.Source
	diagnostics []syntax.Diagnostic
	fixtures    []string
	windowed    bool // the expression being compiled looks at neighbouring rows
	observer    observer
}

// observer stands between the operators of a plan as they are compiled: it gives the operator to use for a node, which
// is the one that compile makes or one around it. It is nil unless the query is to be explained.
type observer interface {
	operator(p bind.Operator, compile func() operator) operator
}

// unsupported reports valid KQL that the engine does not run, and gives a placeholder
// that is never run.
func (c *compiler) unsupported(span syntax.Span, format string, args ...any) {
	c.report(syntax.ClassUnsupported, span, format, args...)
}

func (c *compiler) report(class syntax.Class, span syntax.Span, format string, args ...any) {
	d := syntax.Diagnostic{Class: class, Message: fmt.Sprintf(format, args...), Span: span}
	if !slices.Contains(c.diagnostics, d) {
		c.diagnostics = append(c.diagnostics, d)
	}
}
