package syntax

import "strings"

// operator is what every operator has. Properties are its `name=value` settings.
type operator struct {
	extent
	word Word
	// Properties are the settings between the keyword and the operands, such as
	// kind=inner, isfuzzy=true and hint.*.
	Properties []*Property
}

func (*operator) operatorNode() {}

// Keyword is the operator's word as written.
func (o *operator) Keyword() Word { return o.word }

// Name is the operator's usual name.
func (o *operator) Name() string { return canonicalOperator(o.word.Text) }

// Settings are the name=value settings behind the operator's word.
func (o *operator) Settings() []*Property { return o.Properties }

// canonicalOperator unites the spellings of one operator.
func canonicalOperator(word string) string {
	switch word = strings.ToLower(word); word {
	case "filter":
		return "where"
	case "limit":
		return "take"
	case "order":
		return "sort"
	case "mvexpand":
		return "mv-expand"
	case "mvapply":
		return "mv-apply"
	}
	return word
}

// OrderKey is `expression asc nulls last`, a key of sort, top, top-nested, scan and project-reorder.
type OrderKey struct {
	extent
	Value Expr
	// Order is asc, desc, granny-asc or granny-desc; empty if left out.
	Order Word
	// Nulls is first or last; empty if left out.
	Nulls Word
}

// Where is `where predicate`, also spelled filter.
type Where struct {
	operator
	Predicate Expr
}

// Extend is `extend name = value, ...`.
type Extend struct {
	operator
	Columns []*NamedExpr
}

// Project is `project column, name = value, ...`.
type Project struct {
	operator
	Columns []*NamedExpr
}

// ProjectAway is `project-away names`; each is a [Name] or a [Wildcard].
type ProjectAway struct {
	operator
	Columns []Expr
}

// ProjectKeep is `project-keep names`; each is a [Name] or a [Wildcard].
type ProjectKeep struct {
	operator
	Columns []Expr
}

// ProjectRename is `project-rename new = old, ...`.
type ProjectRename struct {
	operator
	Columns []*NamedExpr
}

// ProjectReorder is `project-reorder a, b* asc`.
type ProjectReorder struct {
	operator
	Columns []*OrderKey
}

// ProjectByNames is `project-by-names names`; each is a name, a wildcard or an expression of names.
type ProjectByNames struct {
	operator
	Columns []Expr
}

// Summarize is `summarize aggregates by keys`.
type Summarize struct {
	operator
	Aggregates []*NamedExpr
	// ByWord is the word `by`; empty if there are no keys.
	ByWord Word
	By     []*NamedExpr
	// Bin is the value of the old `bin=` clause at the end, or nil.
	Bin Expr
}

// Distinct is `distinct columns`; the one column may be a [Star].
type Distinct struct {
	operator
	Columns []*NamedExpr
}

// Count is `count`, or `count as name`.
type Count struct {
	operator
	As *Name
}

// Take is `take n`, also spelled limit.
type Take struct {
	operator
	N Expr
}

// Sample is `sample n`.
type Sample struct {
	operator
	N Expr
}

// SampleDistinct is `sample-distinct n of column`.
type SampleDistinct struct {
	operator
	N  Expr
	Of Expr
}

// Sort is `sort by keys`, also spelled order.
type Sort struct {
	operator
	Keys []*OrderKey
}

// Top is `top n by key`.
type Top struct {
	operator
	N   Expr
	Key *OrderKey
}

// TopHitters is `top-hitters n of value by weight`.
type TopHitters struct {
	operator
	N  Expr
	Of Expr
	By Expr // or nil
}

// TopNested is `top-nested n of a by x, top-nested m of b by y`.
type TopNested struct {
	operator
	Clauses []*TopNestedClause
}

// TopNestedClause is one level of top-nested.
type TopNestedClause struct {
	extent
	N  Expr // or nil
	Of *NamedExpr
	// Others is the value of `with others = value`, or nil.
	Others Expr
	By     *OrderKey
}

// Join is `join kind=k (right) on conditions`.
type Join struct {
	operator
	Right Expr
	// On lists the conditions: a name, or an equality of $left.x and $right.y.
	On []Expr
	// Where is the condition of `join ... where`, or nil.
	Where Expr
}

// Lookup is `lookup kind=k (right) on conditions`.
type Lookup struct {
	operator
	Right Expr
	On    []Expr
	Where Expr // or nil
}

// Union is `union tables`; each is a name, a [Wildcard], or any table.
type Union struct {
	operator
	Tables []Expr
}

// Find is `find in (tables) where predicate project columns`.
type Find struct {
	operator
	// Scope is the value of `datascope=`, if there.
	Scope Word
	// Tables is nil without `in`.
	Tables    []Expr
	Predicate Expr
	// Project is the word project or project-smart, if there.
	Project Word
	Columns []*FindColumn
	// Away are the columns of `__projectAway`.
	Away []*FindColumn
}

// FindColumn is a column of find's projection.
type FindColumn struct {
	extent
	// Value is a [Name], a [Star] or a [Call] of pack or pack_all.
	Value Expr
	// Type is the type of `name:type`; empty if left out.
	Type Word
}

// Search is `search kind=k in (tables) predicate`.
type Search struct {
	operator
	// Scope is the value of `datascope=`, if there.
	Scope     Word
	Tables    []Expr
	Predicate Expr
}

// MvColumn is a column of mv-expand or mv-apply: `name = value to typeof(type)`.
type MvColumn struct {
	extent
	Column *NamedExpr
	To     *TypeOf
}

// MvExpand is `mv-expand columns limit n`.
type MvExpand struct {
	operator
	Columns []*MvColumn
	Limit   Expr // or nil
}

// MvApply is `mv-apply columns limit n on (subquery)`.
type MvApply struct {
	operator
	Columns []*MvColumn
	Limit   Expr // or nil
	// ContextID is the value of `id`, or nil.
	ContextID Expr
	Subquery  Expr
}

// ParseOperator is `parse` or `parse-where`: `parse kind=simple source with pattern`.
type ParseOperator struct {
	operator
	Input Expr
	// Pattern holds [Star], string [Literal] and [ColumnDeclaration] nodes.
	Pattern []Node
}

// ParseKV is `parse-kv source as (name:type, ...) with (properties)`.
type ParseKV struct {
	operator
	Input  Expr
	Schema *RowSchema
	With   []*Property
}

// MakeSeries is `make-series aggregates on axis from a to b step s by keys`.
type MakeSeries struct {
	operator
	Aggregates []*SeriesAggregate
	On         *NamedExpr
	From, To   Expr // or nil
	Step       Expr
	// Range is the call of the old form `in range(from, to, step)`, or nil.
	Range  *Call
	ByWord Word
	By     []*NamedExpr
}

// SeriesAggregate is an aggregate of make-series.
type SeriesAggregate struct {
	extent
	Column  *NamedExpr
	Default Expr // or nil
}

// Scan is `scan order by keys partition by columns declare (columns) with (steps)`.
type Scan struct {
	operator
	OrderBy     []*OrderKey
	PartitionBy []Expr
	Declare     []*Parameter
	Steps       []*ScanStep
}

// ScanStep is `step name optional output=all: condition => assignments;`.
type ScanStep struct {
	extent
	Name        *Name
	Optional    Word
	Output      Word
	Condition   Expr
	Assignments []*NamedExpr
}

// Partition is `partition by column (subquery)` or `partition by column {statements}`.
type Partition struct {
	operator
	By Expr
	// Scope is the name after the old `in`, or nil.
	Scope Expr
	// Subquery is a [Pipeline] in parentheses, or nil if Body is given.
	Subquery Expr
	// Body is the query in braces, or nil.
	Body *Block
}

// PartitionBy is `__partitionby column id (subquery)`.
type PartitionBy struct {
	operator
	By        Expr
	ContextID Expr // or nil
	Subquery  Expr
}

// Evaluate is `evaluate plugin(arguments) : schema`.
type Evaluate struct {
	operator
	Plugin *Call
	Schema *RowSchema // or nil
}

// Invoke is `invoke function(arguments)`. Function is a [Call], or a [Member] of a database that ends in one.
type Invoke struct {
	operator
	Function Expr
}

// Facet is `facet by columns with (subquery)`.
type Facet struct {
	operator
	By   []Expr
	With Expr // or nil
}

// Fork is `fork name = (subquery) (subquery)`.
type Fork struct {
	operator
	Branches []*ForkBranch
}

// ForkBranch is a subquery of fork.
type ForkBranch struct {
	extent
	Name     *Name // or nil
	Subquery Expr
}

// Reduce is `reduce by column with properties`.
type Reduce struct {
	operator
	By   Expr
	With []*Property
}

// Serialize is `serialize name = value, ...`; the list may be empty.
type Serialize struct {
	operator
	Columns []*NamedExpr
}

// Render is `render chart with (properties)`.
type Render struct {
	operator
	Chart Word
	// Bare are the properties of the old form without `with`, such as `kind=stacked`.
	Bare []*Property
	With []*Property
}

// As is `as name`.
type As struct {
	operator
	As *Name
}

// Consume is `consume`.
type Consume struct{ operator }

// GetSchema is `getschema`.
type GetSchema struct {
	operator
	Kind Word
}

// AssertSchema is `assert-schema (columns)`.
type AssertSchema struct {
	operator
	Schema *RowSchema
}

// ExecuteAndCache is `execute-and-cache`.
type ExecuteAndCache struct{ operator }

// PrintOperator is `print name = value, ...`.
type PrintOperator struct {
	operator
	Columns []*NamedExpr
}

// Range is `range column from a to b step s`.
type Range struct {
	operator
	Column         *Name
	From, To, Step Expr
}

// MacroExpand is `macro-expand group as scope (statements)`.
type MacroExpand struct {
	operator
	Group Expr
	Scope *Name
	Body  *Block
}

// BadOperator stands for text after a pipe that is no operator.
type BadOperator struct{ operator }
