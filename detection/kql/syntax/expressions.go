package syntax

// LiteralKind is the type of a literal, by its notation.
type LiteralKind uint8

// The kinds of literal.
const (
	BoolLiteral     LiteralKind = iota // true, bool(true)
	IntLiteral                         // int(1)
	LongLiteral                        // 1, long(1), 0x1F
	RealLiteral                        // 1.0, 1e3, real(nan)
	DecimalLiteral                     // decimal(1.5)
	StringLiteral                      // "a", 'a', @"a", h"a", ```a```
	DateTimeLiteral                    // datetime(2026-01-01)
	TimespanLiteral                    // 1d, 2.5h, timespan(1.02:03:04)
	GUIDLiteral                        // guid(...)
	NullLiteral                        // null inside dynamic(...)
)

// Literal is a constant.
type Literal struct {
	extent
	Kind LiteralKind
	// Text is the constant: of a string its characters, with escapes resolved and
	// adjacent literals joined; of `type(x)` the x, trimmed; else the token.
	Text string
	// Type is the word before the parenthesis of `datetime(...)`, else empty.
	Type Word
	// Raw is the literal as written, for the printer; of adjacent string literals
	// the raw texts joined by one space.
	Raw string
	// Obfuscated is set for h"..." strings, which are not to be logged.
	Obfuscated bool
}

// IsNull reports whether the literal is a typed null such as datetime(null).
func (l *Literal) IsNull() bool { return l.Kind == NullLiteral || l.Type.Present() && l.Text == "null" }

// Dynamic is `dynamic(value)`. Value is built of [Literal] (NullLiteral for
// null), [JSONObject] and [JSONArray].
type Dynamic struct {
	extent
	Keyword Word
	Value   Expr
}

// JSONObject is {"key": value} inside dynamic(...).
type JSONObject struct {
	extent
	Members []*JSONMember
}

// JSONMember is one "key": value.
type JSONMember struct {
	extent
	Key   *Literal
	Value Expr
}

// JSONArray is [value, value] inside dynamic(...).
type JSONArray struct {
	extent
	Elements []Expr
}

// TypeOf is `typeof(long)`, or with several names and types a schema `typeof(a:string, *)`.
type TypeOf struct {
	extent
	Keyword Word
	// Type is the scalar type; empty if Schema is given.
	Type Word
	// Schema is the schema of a table, or nil.
	Schema *RowSchema
}

// Star is `*`.
type Star struct{ extent }

// Wildcard is a pattern for names such as `Device*`.
type Wildcard struct {
	extent
	// Pattern holds the text, in which * stands for any characters.
	Pattern string
}

// Unary is -x or +x.
type Unary struct {
	extent
	Op      Word
	Operand Expr
}

// Binary is an operator with two operands. Op.Text is Kusto's text in lower case
// as written: "==", "=~", "has", "!has", "matches regex", "and", "+", ":" ...
type Binary struct {
	extent
	Op    Word
	Left  Expr
	Right Expr
}

// In is an operator with a list on its right: in, !in, in~, !in~, has_any, has_all.
// The list holds scalars, or one table: a [Pipeline] or a name.
type In struct {
	extent
	Op   Word
	Left Expr
	List []Expr
}

// Between is `x between (low .. high)` or `!between`.
type Between struct {
	extent
	Op        Word
	Left      Expr
	Low, High Expr
}

// Parens is an expression in parentheses.
type Parens struct {
	extent
	Inner Expr
}

// Call is f(a, b); an argument may be a [NamedExpr], a [Star], or a table.
type Call struct {
	extent
	Name *Name
	Args []Expr
}

// NamedExpr is `name = value` or `(a, b) = value`. In lists of columns a value
// without a name is a NamedExpr too, with no Names.
type NamedExpr struct {
	extent
	Names []*Name
	// Tuple is set if the names are in parentheses.
	Tuple bool
	Value Expr
}

// Member is target.member. Member is a [Name], a [Wildcard], a [Call] (`database("d").f()`),
// or [Bracketed] for target.[expr].
type Member struct {
	extent
	Target Expr
	Member Expr
}

// Element is target[index].
type Element struct {
	extent
	Target Expr
	Index  Expr
}

// ToScalar is toscalar(table).
type ToScalar struct {
	extent
	Keyword    Word
	Properties []*Property
	Input      Expr
}

// ToTable is totable(table).
type ToTable struct {
	extent
	Keyword    Word
	Properties []*Property
	Input      Expr
}

// Materialize is materialize(table).
type Materialize struct {
	extent
	Keyword Word
	Input   Expr
}

// Pipeline is `source | operator | operator`. Source is nil if the pipeline begins
// with an operator: one that makes rows itself (print, range, union, find,
// search, evaluate), or any in the subquery of mv-apply, partition, fork and
// facet, whose input is the outer operator's. A source alone is not a Pipeline.
type Pipeline struct {
	extent
	Source    Expr
	Operators []Operator
}

// DataTable is `datatable(name:type) [values]`.
type DataTable struct {
	extent
	Keyword    Word
	Properties []*Property
	Schema     *RowSchema
	Values     []Expr
}

// ContextualDataTable is `__contextual_datatable(id, schema)`, which tools write and people do not.
type ContextualDataTable struct {
	extent
	Keyword Word
	ID      Expr
	Schema  *RowSchema
}

// ExternalData is `externaldata(schema) [uris] with (properties)`.
type ExternalData struct {
	extent
	Keyword    Word
	Properties []*Property
	Schema     *RowSchema
	URIs       []Expr
	With       []*Property
}

// InlineExternalTable is `inline_external_table (schema) kind=k partition by (columns)
// pathformat=(parts) dataformat=f (uris) with (properties)`.
type InlineExternalTable struct {
	extent
	Keyword    Word
	Schema     *RowSchema // or nil
	Kind       Word
	Partitions []*Parameter
	// PathFormat holds strings, names and calls of datetime_pattern in turn.
	PathFormat []Expr
	DataFormat Word
	URIs       []Expr
	With       []*Property
}

// EntityGroup is `entity_group [cluster("c").database("d"), ...]`.
type EntityGroup struct {
	extent
	Keyword  Word
	Entities []Expr
}

// Function is the value of a let that declares a function:
// `view (a:string, T:(*)) { statements; expression }`.
type Function struct {
	extent
	// View is the word `view`, if written.
	View       Word
	Parameters []*Parameter
	Body       *Block
}

// BadExpr stands where an expression was expected and not found.
type BadExpr struct{ extent }

func (*Name) expr()                {}
func (*Literal) expr()             {}
func (*Dynamic) expr()             {}
func (*JSONObject) expr()          {}
func (*JSONArray) expr()           {}
func (*TypeOf) expr()              {}
func (*Star) expr()                {}
func (*Wildcard) expr()            {}
func (*Unary) expr()               {}
func (*Binary) expr()              {}
func (*In) expr()                  {}
func (*Between) expr()             {}
func (*Parens) expr()              {}
func (*Call) expr()                {}
func (*NamedExpr) expr()           {}
func (*Member) expr()              {}
func (*Element) expr()             {}
func (*ToScalar) expr()            {}
func (*ToTable) expr()             {}
func (*Materialize) expr()         {}
func (*Pipeline) expr()            {}
func (*DataTable) expr()           {}
func (*ContextualDataTable) expr() {}
func (*ExternalData) expr()        {}
func (*InlineExternalTable) expr() {}
func (*EntityGroup) expr()         {}
func (*Function) expr()            {}
func (*BadExpr) expr()             {}

// Bracketed is [expression] where a name may stand: `database("d").[expression]`.
type Bracketed struct {
	extent
	Inner Expr
}

// DataScope is `table datascope=hotcache`.
type DataScope struct {
	extent
	Target Expr
	Scope  Word
}

// NameList is `a, b`, the value of a property such as render's ycolumns.
type NameList struct {
	extent
	Names []*Name
}

// MaterializedViewCombine is `materialized-view-combine (name) base (table) delta (table) aggregations (summarize)`.
type MaterializedViewCombine struct {
	extent
	Keyword                        Word
	Name, Base, Delta, Aggregation Expr
}

func (*Bracketed) expr()               {}
func (*DataScope) expr()               {}
func (*NameList) expr()                {}
func (*MaterializedViewCombine) expr() {}
