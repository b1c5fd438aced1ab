package bind

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Result is a bound query.
type Result struct {
	// Columns are the columns of the rows the query gives.
	Columns []value.Column
	// Open is set if there can be more columns, which are known only when rows flow.
	Open bool
	// Plan is what to run; it is complete if Diagnostics holds no error. It is nil if the query
	// gives no rows.
	Plan Operator
	// Tables lists every reference to a table of the schema, in the order they were met.
	Tables []TableUse
	// Late are the names of columns that were taken to be among those of operators with an open schema.
	Late []string
	// Diagnostics are in the order of the text.
	Diagnostics []syntax.Diagnostic
}

// TableUse is a reference to a table of the schema.
type TableUse struct {
	Name string
	At   syntax.Span
}

// Failed reports whether a diagnostic is an error.
func (r *Result) Failed() bool {
	return slices.ContainsFunc(r.Diagnostics, func(d syntax.Diagnostic) bool { return d.Severity == syntax.SeverityError })
}

// Options refines [BindWith].
type Options struct {
	// Unpacked gives the columns of operators with an open schema ([Evaluate] of bag_unpack or pivot,
	// a [Service] such as a watchlist), by their span, once a run has found them out. Binding again with them makes the
	// rest of the plan exact.
	Unpacked map[syntax.Span][]value.Column
}

// Bind resolves the query against the schema. It never panics, whatever the tree, and reports all that it finds in one pass.
func Bind(src *syntax.Source, q *syntax.Query, schema *Schema) *Result {
	return BindWith(src, q, schema, Options{})
}

// BindWith is [Bind] with options.
func BindWith( //nolint:revive // Bind, with options: callers look for it beside Bind
	src *syntax.Source, q *syntax.Query, schema *Schema, opts Options,
) *Result {
	b := &binder{
		source: src, schema: schema, builtins: builtins(), options: opts,
		scope: newScope(nil), seen: map[fault]bool{}, nextColumn: 1, query: q,
	}
	b.checkDirectives(q.Directives)
	out := b.bindStatements(q.Statements)
	r := &Result{Tables: b.tables, Late: slices.Sorted(maps.Keys(b.late)), Diagnostics: b.diagnostics}
	slices.SortStableFunc(r.Diagnostics, func(x, y syntax.Diagnostic) int { return cmp.Compare(x.Span.Start, y.Span.Start) })
	b.finish(r, out)
	return r
}

// finish fills in the columns and the plan.
func (b *binder) finish(r *Result, out *bound) {
	switch {
	case out == nil:
	case out.table != nil:
		r.Columns, r.Open, r.Plan = valueColumns(out.table.all()), out.table.open, out.table.op
	case out.typing.isScalar() && out.expr != nil:
		r.Columns = []value.Column{{Name: "print_0", Type: out.typing.valueType()}}
		r.Plan = &Print{Output: Output{Fields: r.Columns, At: out.span()}, Exprs: []Expr{out.expr}}
	}
}

func valueColumns(cols []*column) []value.Column {
	out := make([]value.Column, len(cols))
	for i, c := range cols {
		out[i] = value.Column{Name: c.name, Type: c.typing.valueType()}
	}
	return out
}

// mode says which functions a call can name.
type mode uint8

const (
	normal mode = iota
	aggregating
	plugging
)

// fault identifies a diagnostic, so that a function expanded twice reports it once.
type fault struct {
	code string
	at   syntax.Span
}

// binder is the state of one run of Bind.
type binder struct {
	source   *syntax.Source
	schema   *Schema
	builtins *catalog
	options  Options

	diagnostics []syntax.Diagnostic
	seen        map[fault]bool
	quiet       int                 // > 0 while what is bound has been reported on before
	hidden      []syntax.Diagnostic // errors found while quiet that were not reported before
	tables      []TableUse
	late        map[string]bool
	query       *syntax.Query
	mentions    map[string]int // of names in the query, once they have been counted

	scope      *scope
	row        *relation // the rows that expressions are evaluated for, or nil
	right      *relation // the right side of a join, in its conditions
	mode       mode
	aggregates *aggregation // collects the aggregates of a summarize
	subject    *relation    // what a subquery begins with
	invoked    *relation    // the table that a function is invoked on
	fuzzy      bool
	nextColumn int
	nextID     int
	expansions int
	size       int // of what has been bound, see maxSize
	width      int
	began      int // the size when the pipeline at hand began
	exhausted  bool
	depth      int
	inGraph    bool // in the expressions of a graph operator, which have functions of their own

	// properties are those of set statements.
	properties map[string]Expr
}

func (b *binder) id() int {
	b.nextID++
	return b.nextID
}

// report adds an error.
func (b *binder) report(code string, at syntax.Span, format string, args ...any) *syntax.Diagnostic {
	return b.add(syntax.Diagnostic{Class: syntax.ClassBind, Code: code, Span: at, Message: fmt.Sprintf(format, args...)})
}

// warn adds a warning.
func (b *binder) warn(code string, at syntax.Span, format string, args ...any) {
	b.add(syntax.Diagnostic{
		Class: syntax.ClassBind, Severity: syntax.SeverityWarning, Code: code, Span: at,
		Message: fmt.Sprintf(format, args...),
	})
}

// unsupported adds an error about valid KQL that the engine is not made for.
func (b *binder) unsupported(at syntax.Span, format string, args ...any) {
	b.add(syntax.Diagnostic{Class: syntax.ClassUnsupported, Span: at, Message: fmt.Sprintf(format, args...)})
}

func (b *binder) add(d syntax.Diagnostic) *syntax.Diagnostic {
	if len(b.diagnostics) >= maxDiagnostics && !b.exhausted {
		return &syntax.Diagnostic{}
	}
	key := fault{d.Code + d.Message, d.Span}
	if b.quiet > 0 || b.seen[key] {
		if !b.seen[key] && d.Severity == syntax.SeverityError {
			b.hidden = append(b.hidden, d)
		}
		return &syntax.Diagnostic{}
	}
	b.seen[key] = true
	b.diagnostics = append(b.diagnostics, d)
	return &b.diagnostics[len(b.diagnostics)-1]
}

// mentioned is how often the query names something.
func (b *binder) mentioned(name string) int {
	if b.mentions == nil {
		b.mentions = countNames(b.query)
	}
	return b.mentions[name]
}

// countNames counts how often each name occurs, to tell tables that are used more than once.
func countNames(q *syntax.Query) map[string]int {
	counts := map[string]int{}
	syntax.Walk(q, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			counts[name.Text]++
		}
		return true
	})
	return counts
}
