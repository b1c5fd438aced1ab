package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Operator is a node of a plan: it produces rows. The concrete types are the structs of this file.
type Operator interface {
	// Columns are the columns of the rows, in order.
	Columns() []value.Column
	// Span is the text of the query the operator was bound from: the operator with its keyword, not its input.
	Span() syntax.Span
}

// Output is the columns and the place that every [Operator] has.
type Output struct {
	Fields []value.Column
	At     syntax.Span
	// Open is set if the rows can have more columns than Fields, known only when they flow (bag_unpack).
	Open bool
}

// Columns are the columns of the rows, in order.
func (o *Output) Columns() []value.Column { return o.Fields }

// Span is the text the operator was bound from.
func (o *Output) Span() syntax.Span { return o.At }

// Scan reads a table of the schema, all its columns.
type Scan struct {
	Output
	Table string
}

// Values is a table written into the query: datatable, getschema. Row-major.
type Values struct {
	Output
	Rows [][]value.Value
}

// External is externaldata: a table behind addresses. Format and the like are in Properties.
type External struct {
	Output
	Addresses  []Expr
	Properties map[string]string
}

// Service is a call of a function of the service ([ServiceFunction]); Input is nil unless it was invoked on a table.
type Service struct {
	Output
	Name  string
	Input Operator
	Args  []Expr
}

// Print makes one row of constants.
type Print struct {
	Output
	Exprs []Expr
}

// Range makes one row for each step of From, From+Step ... To.
type Range struct {
	Output
	From, To, Step Expr
}

// Subject is the input of a subquery (mv-apply, partition, fork, facet): the rows the enclosing operator feeds.
type Subject struct {
	Output
	// ID equals the ID of the enclosing operator.
	ID int
}

// Shared is a table used by reference: every Shared with the same ID has the same Input, which the
// executor may run once. Materialized is set if the query asked for that.
type Shared struct {
	Output
	ID           int
	Name         string
	Materialized bool
	Input        Operator
}

// Where keeps the rows for which Predicate is true.
type Where struct {
	Output
	Input     Operator
	Predicate Expr
}

// Extend sets columns. Every Assignment sees the input row. Columns that are not assigned
// keep the value of the input's column of the same index.
type Extend struct {
	Output
	Input       Operator
	Assignments []Assignment
	// Keyword is "extend" or "serialize".
	Keyword string
}

// Assignment sets the output column at Index.
type Assignment struct {
	Index int
	Expr  Expr
}

// Project computes every output column, in order, from the input row. It is also the form of project-away,
// project-keep, project-rename and project-reorder, whose Exprs are all [Column]s.
type Project struct {
	Output
	Input   Operator
	Exprs   []Expr
	Keyword string
}

// SortKey is a key of [Sort] and [Top].
type SortKey struct {
	Expr       Expr
	Descending bool
	NullsFirst bool
}

// Sort orders rows by keys, the first one first.
type Sort struct {
	Output
	Input Operator
	Keys  []SortKey
}

// Top is the first N rows in the order of Keys.
type Top struct {
	Output
	Input Operator
	N     Expr
	Keys  []SortKey
}

// Take is any N rows.
type Take struct {
	Output
	Input Operator
	N     Expr
}

// Sample is N random rows.
type Sample struct {
	Output
	Input Operator
	N     Expr
}

// SampleDistinct is up to N distinct values of Expr.
type SampleDistinct struct {
	Output
	Input Operator
	N     Expr
	Expr  Expr
}

// Count is the number of rows, as one row.
type Count struct {
	Output
	Input Operator
}

// Distinct is the distinct combinations of Exprs, one output column each.
type Distinct struct {
	Output
	Input Operator
	Exprs []Expr
}

// Summarize groups rows by By and computes Aggregates for each group. The outcome is an
// intermediate row: the keys, then the results of the aggregates one after the other (an aggregate with several results takes
// several places). Exprs computes the output columns from that row.
type Summarize struct {
	Output
	Input      Operator
	By         []Expr
	Aggregates []Aggregate
	Exprs      []Expr
}

// Aggregate is a call of an aggregate function over the rows of a group.
type Aggregate struct {
	// Name is the function's canonical name (make_set for makeset).
	Name string
	// Args are evaluated for each row; `*` is expanded to the columns it stands for.
	Args []Expr
	// Results are the values it gives: one for most, several for arg_max(t, a, b), take_any(a, b) or percentiles(x, 5, 95).
	Results []value.Column
	At      syntax.Span
}

// Union is the rows of all legs.
type Union struct {
	Output
	Legs []Leg
	// Source is the index of the output column that holds the leg's Name (withsource=), or -1.
	Source int
	// Fuzzy is set if legs that do not resolve were left out.
	Fuzzy bool
}

// Leg is an input of [Union].
type Leg struct {
	Input Operator
	// Fields holds, for each output column, the index of the leg's column it is taken from, or -1 for null.
	Fields []int
	// Name is what withsource= shows for the leg.
	Name string
}

// Join pairs rows of Left and Right with equal keys (null equals null). Its row is that of Left followed by that of Right;
// Fields picks the output columns from it by index. It is also the form of lookup.
type Join struct {
	Output
	Left, Right Operator
	// Kind is innerunique, inner, leftouter, rightouter, fullouter, leftanti, leftsemi, rightanti or rightsemi.
	Kind string
	Keys []JoinKey
	// Fields holds, for each output column, its index in the left row followed by the right row.
	Fields []int
	// Keyword is "join" or "lookup".
	Keyword string
}

// JoinKey is a pair of expressions that must be equal, Left over the left row and Right over the right row.
type JoinKey struct{ Left, Right Expr }

// MvExpand makes a row for each element of the Expansions, which advance together.
// Columns that are not expanded keep the value of the input's column of the same index.
type MvExpand struct {
	Output
	Input      Operator
	Expansions []Expansion
	// ItemIndex is the output column that counts the elements from 0, or -1.
	ItemIndex int
	// Limit is the most rows made of one, or nil for no limit.
	Limit Expr
	// BagExpansion is "bag" (an object gives one-property objects) or "array" (it gives [key, value] pairs).
	BagExpansion string
}

// Expansion is a column that [MvExpand] or [MvApply] expands.
type Expansion struct {
	// Index is the output column; for MvApply, the column of the rows that the subquery sees.
	Index int
	Expr  Expr
	// Convert is the type of `to typeof(T)`: elements that are not of it become null. Unknown without it.
	Convert value.Type
}

// MvApply expands each row as [MvExpand] does and runs Subquery over the rows made of it. The output is, for each row of the
// subquery's result, the columns Kept of the input row, then that row.
type MvApply struct {
	Output
	Input      Operator
	Expansions []Expansion
	ItemIndex  int
	Limit      Expr
	// ID is that of the [Subject] in Subquery, whose columns are the expanded row.
	ID       int
	Subquery Operator
	// Kept holds input column indexes.
	Kept []int
}

// Parse takes a string apart by a pattern.
type Parse struct {
	Output
	Input Operator
	// Keyword is "parse" or "parse-where"; the latter drops rows that do not match.
	Keyword string
	// Kind is simple, regex or relaxed; Flags are those of kind=regex.
	Kind, Flags string
	Text        Expr
	Pattern     []ParsePart
}

// ParsePart is a part of the pattern of [Parse]: a star, a text (a regex if kind=regex), or a column.
type ParsePart struct {
	Star bool
	Text string
	// Index is the output column to set, or -1 if the part is no column.
	Index int
	Type  value.Type
}

// ParseKV takes key-value pairs out of a string into output columns.
type ParseKV struct {
	Output
	Input    Operator
	Text     Expr
	Keys     []ParseKey
	Settings []Setting
}

// Setting is a `name=value` of an operator that can give one several times.
type Setting struct{ Name, Value string }

// ParseKey sets the output column at Index from the key of that Name.
type ParseKey struct {
	Name  string
	Index int
	Type  value.Type
}

// MakeSeries aggregates into arrays along an axis. For each group and step there is an intermediate row as that of
// [Summarize], from which Exprs computes the elements of the arrays. The columns are the keys, the arrays, the axis.
type MakeSeries struct {
	Output
	Input          Operator
	By             []Expr
	Aggregates     []Aggregate
	Exprs          []Expr // one for each array
	Defaults       []Expr // the element of a step without rows, for each array; nil for none
	Axis           Expr
	From, To, Step Expr // From and To may be nil
	// Nonempty is set for kind=nonempty: an input without rows gives a series of defaults.
	Nonempty bool
	// Inclusive is set for `in range(from, to, step)`: To belongs to the axis, and From is rounded down to a whole step.
	Inclusive bool
}

// TopHitters is the N most frequent values of Of, weighted by By (nil to count rows).
type TopHitters struct {
	Output
	Input  Operator
	N      Expr
	Of, By Expr
}

// TopNested is, for each of the values with the greatest aggregate, those of the next level, and so on. There are two
// columns for each level: the value and the aggregate.
type TopNested struct {
	Output
	Input  Operator
	Levels []NestedLevel
}

// NestedLevel is a clause of [TopNested].
type NestedLevel struct {
	N          Expr // or nil for all values
	Of         Expr
	Others     Expr // the value of the row for all other values, or nil
	Aggregates []Aggregate
	// By is computed from the results of the aggregates, one after the other.
	By         Expr
	Descending bool
}

// As names the rows; it changes nothing.
type As struct {
	Output
	Input Operator
	Name  string
}

// Render asks for a chart; it changes nothing.
type Render struct {
	Output
	Input      Operator
	Chart      string
	Properties map[string]string
}

// Partition runs Subquery over the rows of each distinct value of By and joins the results together. Limited is set for the
// legacy strategy, the default one, which takes few values.
type Partition struct {
	Output
	Input    Operator
	By       Expr
	ID       int
	Subquery Operator
	Limited  bool
}

// Evaluate runs a plugin. Its own columns need not be known before it runs: see Output.Open.
type Evaluate struct {
	Output
	// Input is nil if the plugin begins the query.
	Input Operator
	Name  string
	Args  []Argument
	// Declared is set if the query gives the result's schema (`evaluate f() : (a:string)`).
	Declared bool
}

// Argument is an argument of a plugin: a scalar, a table, or an aggregate (pivot); the others are nil.
type Argument struct {
	// Name is that of a named argument, or "".
	Name      string
	Expr      Expr
	Table     Operator
	Aggregate *Aggregate
}

// Reduce groups texts by patterns. Source is set for kind=source: every row with its pattern instead of every pattern.
type Reduce struct {
	Output
	Input      Operator
	Text       Expr
	Threshold  float64
	Characters string // that separate terms; "" for the default
	Source     bool
}

// Several has several results, of fork or facet: the columns are those of the first one.
type Several struct {
	Output
	Branches []Operator
	Keyword  string
}

// Consume runs Input and gives nothing.
type Consume struct {
	Output
	Input Operator
}

// Opaque is an operator that is bound for its columns only: no executor runs it.
type Opaque struct {
	Output
	Keyword string
	Inputs  []Operator
}
