package syntax

// Node is any part of the tree.
type Node interface {
	// Span is the text the node was read from, without the space around it.
	Span() Span
	// children visits the nodes directly below.
	children(visit func(Node))
	// write writes the node as KQL.
	write(p *printer)
}

// Statement is one of the statements a query is made of: [ExpressionStatement],
// [Let], [Set], [Alias], [QueryParameters], [DeclarePattern]
// [Restrict] or, in a text of its own, [Command].
type Statement interface {
	Node
	statement()
}

// Expr is whatever has a value, be it one scalar or a table.
type Expr interface {
	Node
	expr()
}

// Operator is a query operator, a stage of a [Pipeline].
type Operator interface {
	Node
	// Keyword is the operator's word as written.
	Keyword() Word
	// Name is the operator's usual name: "where" also for `filter`, "take" for
	// `limit`, "sort" for `order`, "mv-expand" for `mvexpand`, "mv-apply" for `mvapply`.
	Name() string
	// Settings are the name=value settings behind the operator's word, such as kind=inner.
	Settings() []*Property
	operatorNode()
}

// extent is the span of a node.
type extent struct{ span Span }

// Span is the text the node was read from.
func (e *extent) Span() Span { return e.span }

// Word is a keyword or an operator sign as written. The zero Word stands for
// one that was left out.
type Word struct {
	Text string
	Span Span
}

// Present reports whether the word was written.
func (w Word) Present() bool { return w.Text != "" }

// Name is a name, where it is declared and where it is used. As an [Expr] it refers to
// a column, a table, a variable or a function without parentheses.
type Name struct {
	extent
	// Text is the name without brackets and quotes.
	Text string
	// Quoted is set for ['name'], which is never a keyword.
	Quoted bool
	// Client is set for {name}, a place some editors fill in.
	Client bool
}

// Query is a whole text: statements separated by semicolons.
type Query struct {
	extent
	Source *Source
	// Directives are the names of the lines `#name ...` that a query can begin with.
	Directives []Word
	Statements []Statement
}

// Block is the body of a function: statements, the last of which is its value.
type Block struct {
	extent
	Statements []Statement
}

// ExpressionStatement is an expression for its result.
type ExpressionStatement struct {
	extent
	Value Expr
}

// Let is `let name = value`; a [Function] as value declares a function.
type Let struct {
	extent
	Keyword Word
	Name    *Name
	Value   Expr
}

// Set is `set name = value`, a request property; Value is nil for `set name`.
type Set struct {
	extent
	Keyword Word
	Name    *Name
	Value   Expr
}

// Alias is `alias database name = expression`.
type Alias struct {
	extent
	Keyword Word
	Name    *Name
	Value   Expr
}

// QueryParameters is `declare query_parameters (a:string, b:long = 1)`.
type QueryParameters struct {
	extent
	Keyword    Word
	Parameters []*Parameter
}

// DeclarePattern is `declare pattern name = (argument:type)[path:type] { cases }`,
// or `declare pattern name` without a definition (Arguments and Cases nil).
type DeclarePattern struct {
	extent
	Keyword   Word
	Name      *Name
	Arguments []*Parameter
	// Path is the parameter in brackets, or nil.
	Path  *Parameter
	Cases []*PatternCase
}

// PatternCase is `("a", "b").["path"] = { body };` of a pattern.
type PatternCase struct {
	extent
	Arguments []Expr
	// Path is the value in brackets, or nil.
	Path Expr
	Body *Block
}

// Restrict is `restrict access to (tables) with (properties)`.
type Restrict struct {
	extent
	Keyword Word
	Tables  []Expr
	With    []*Property
}

// Parameter is the parameter of a function, a pattern or a query:
// `name:type = default` or, for a table, `T:(a:string, b:long)` or `T:(*)`.
type Parameter struct {
	extent
	Name *Name
	// Type is the scalar type's word; empty for a table.
	Type Word
	// Schema is the schema of a table, or nil for a scalar.
	Schema *RowSchema
	// Default is the value if no argument is given, or nil.
	Default Expr
}

// RowSchema is `(a:string, b:long)`, or with Star set `(*)` or `(*, a:string)`.
type RowSchema struct {
	extent
	Star    bool
	Columns []*ColumnDeclaration
}

// ColumnDeclaration is `name:type`; the type is empty where the language lets it be left out.
type ColumnDeclaration struct {
	extent
	Name *Name
	Type Word
}

// Property is `name=value`, such as the `kind=inner` or `hint.strategy=shuffle` of an operator.
type Property struct {
	extent
	// Name is the whole name, dots included.
	Name *Name
	// Value is a [Name], a literal, or what the property asks for.
	Value Expr
}

// FindProperty finds the property of that name, or nil.
func FindProperty(properties []*Property, name string) *Property {
	for _, p := range properties {
		if p.Name.Text == name {
			return p
		}
	}
	return nil
}

func (*ExpressionStatement) statement() {}
func (*Let) statement()                 {}
func (*Set) statement()                 {}
func (*Alias) statement()               {}
func (*QueryParameters) statement()     {}
func (*DeclarePattern) statement()      {}
func (*Restrict) statement()            {}
