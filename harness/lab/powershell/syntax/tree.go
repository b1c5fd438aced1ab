package syntax

import "strings"

// Span is a half-open range of byte offsets in a source text.
type Span struct{ Start, End int }

// Extent returns the span itself, so that every node which embeds a Span is a Node.
func (s Span) Extent() Span { return s }

// Node is any part of the tree that has a place in the source text.
type Node interface{ Extent() Span }

// Statement is a node that can stand in a statement list.
type Statement interface {
	Node
	statement()
}

// Expr is a node that yields a value.
type Expr interface {
	Node
	expression()
}

// Block is a statement list together with its traps.
type Block struct {
	Span
	Statements []Statement
	Traps      []*Trap
}

// Script is the body of a file, a function or a script block: an optional param block, then either named blocks
// (begin, process, end, dynamicparam) or plain statements, which form the end block.
type Script struct {
	Span
	Source     *Source
	Attributes []*Attribute
	Params     []*Param
	HasParams  bool
	Dynamic    *Block
	Begin      *Block
	Process    *Block
	End        *Block
}

// Text returns the source text of the script without surrounding braces.
func (s *Script) Text() string { return s.Source.Text[s.Start:s.Span.End] }

// Attribute is `[Name(arguments)]` before a parameter, a variable or a param block.
type Attribute struct {
	Span
	Name  string
	Args  []Expr
	Named map[string]Expr // a nil value means "present", as in [Parameter(Mandatory)]
}

// Param is one declared parameter.
type Param struct {
	Span
	Name       string
	Type       *TypeName
	Attributes []*Attribute
	Default    Expr
}

// TypeName is the name inside a type literal: `int`, `byte[]`, `Collections.Generic.List[string]`.
type TypeName struct {
	Span
	Name  string
	Args  []*TypeName // generic arguments
	Array bool        // an array of Name
}

// String gives the name as it is written in a type literal without the outer brackets.
func (t *TypeName) String() string {
	var s strings.Builder
	s.WriteString(t.Name)
	for i, a := range t.Args {
		sep := ","
		if i == 0 {
			sep = "["
		}
		s.WriteString(sep + a.String())
	}
	if len(t.Args) > 0 {
		s.WriteString("]")
	}
	if t.Array {
		s.WriteString("[]")
	}
	return s.String()
}

type (
	// Pipeline is one or more commands joined by `|`.
	Pipeline struct {
		Span
		Elements []PipelineElement
	}
	// Assignment stores the output of a statement in a variable, member or element. Op is "=", "+=" and so on.
	Assignment struct {
		Span
		Target Expr
		Op     string
		Value  Statement
	}
	// If is an if statement; Clauses are the if and elseif arms.
	If struct {
		Span
		Clauses []IfClause
		Else    *Block
	}
	// While is `while (Condition) {Body}`.
	While struct {
		Span
		Label     string
		Condition Statement
		Body      *Block
	}
	// DoLoop is `do {Body} while (Condition)`, or until.
	DoLoop struct {
		Span
		Label     string
		Body      *Block
		Until     bool
		Condition Statement
	}
	// For is the counting loop; each header part may be nil.
	For struct {
		Span
		Label                 string
		Init, Condition, Step Statement
		Body                  *Block
	}
	// ForEach is `foreach (Variable in Values) {Body}`.
	ForEach struct {
		Span
		Label    string
		Variable *Variable
		Values   Statement
		Body     *Block
	}
	// Switch is the switch statement. Flags are lower case: regex, wildcard, exact, casesensitive, file.
	Switch struct {
		Span
		Label   string
		Flags   map[string]bool
		Value   Statement
		Clauses []SwitchClause
		Default *Block
	}
	// Try is try, catch and finally.
	Try struct {
		Span
		Body    *Block
		Catches []Catch
		Finally *Block
	}
	// Trap handles the errors of its enclosing block.
	Trap struct {
		Span
		Type *TypeName
		Body *Block
	}
	// Flow is return, throw, exit, break or continue with its optional operand.
	Flow struct {
		Span
		Keyword string
		Value   Statement
		Label   Expr
	}
	// Function is a function, filter or workflow definition.
	Function struct {
		Span
		Keyword string
		Name    string
		Body    *Script
	}
	// Class is a class definition.
	Class struct {
		Span
		Name    string
		Bases   []*TypeName
		Members []ClassMember
	}
	// Enum is an enumeration definition; a nil value continues from the one before.
	Enum struct {
		Span
		Name   string
		Names  []string
		Values []Expr
	}
	// Using is `using namespace|module|assembly Name`.
	Using struct {
		Span
		Kind, Name string
	}
	// Data is a data section.
	Data struct {
		Span
		Name string
		Body *Block
	}
)

// IfClause is one condition of an If with its body.
type IfClause struct {
	Condition Statement
	Body      *Block
}

// SwitchClause is one condition of a Switch with its body.
type SwitchClause struct {
	Condition Expr
	Body      *Block
}

// Catch is one catch clause; no types means every error.
type Catch struct {
	Types []*TypeName
	Body  *Block
}

// ClassMember is a property or, when Body is set, a method or constructor.
type ClassMember struct {
	Span
	Name           string
	Type           *TypeName
	Static, Hidden bool
	Default        Expr
	Params         []*Param
	BaseArgs       []Expr
	Body           *Script
}

// PipelineElement is a Command or a CommandExpr.
type PipelineElement interface {
	Node
	element()
}

// CommandExpr is an expression that stands in a pipeline.
type CommandExpr struct {
	Span
	Expr         Expr
	Redirections []*Redirection
}

// Command is a command invocation. Elements[0] is the name.
type Command struct {
	Span
	Operator     byte // 0, '&' or '.'
	Elements     []Expr
	Redirections []*Redirection
}

// Redirection sends stream From (1-6, 0 for all) to a file, or to the success stream when Merge is set.
type Redirection struct {
	Span
	From   int
	Append bool
	Merge  bool
	File   Expr
}

type (
	// Number is a numeric literal. Value is int32, int64, float64 or string (the digits of a decimal literal).
	Number struct {
		Span
		Value   any
		Decimal bool
		Text    string
	}
	// String is a literal string; Bare if it was a word in argument mode, Quote its quote otherwise.
	String struct {
		Span
		Value string
		Bare  bool
		Quote byte
	}
	// Expandable is a double-quoted string or word with embedded variables and subexpressions.
	Expandable struct {
		Span
		Parts []Expr
		Bare  bool
	}
	// Variable is `$name`, `$scope:name`, `${name}` or, with Splat, `@name`.
	Variable struct {
		Span
		Scope string // drive or scope qualifier, lower case, without the colon
		Name  string
		Splat bool
	}
	// Array is a comma list.
	Array struct {
		Span
		Items []Expr
	}
	// ArrayExpr is `@(...)`.
	ArrayExpr struct {
		Span
		Body *Block
	}
	// SubExpr is `$(...)`.
	SubExpr struct {
		Span
		Body *Block
	}
	// Paren is `(...)` around one statement.
	Paren struct {
		Span
		Body Statement
	}
	// Hash is `@{...}`.
	Hash struct {
		Span
		Keys   []Expr
		Values []Statement
	}
	// ScriptBlock is `{...}`.
	ScriptBlock struct {
		Span
		Body *Script
	}
	// TypeLiteral is `[name]` as a value.
	TypeLiteral struct {
		Span
		Type *TypeName
	}
	// Cast is `[type]operand`.
	Cast struct {
		Span
		Type    *TypeName
		Operand Expr
	}
	// Attributed is an operand with an attribute such as ValidateSet before it.
	Attributed struct {
		Span
		Attribute *Attribute
		Operand   Expr
	}
	// Unary is a prefix operator, or `++` and `--` after the operand when Postfix is set.
	Unary struct {
		Span
		Op      string
		Operand Expr
		Postfix bool
	}
	// Binary is an infix operator; Op is lower case, without leading dash for named ones.
	Binary struct {
		Span
		Op          string
		OpSpan      Span
		Left, Right Expr
	}
	// Member is `.name` or `::name`.
	Member struct {
		Span
		Target Expr
		Name   Expr
		Static bool
	}
	// Invoke is a method call.
	Invoke struct {
		Span
		Target Expr
		Name   Expr
		Static bool
		Args   []Expr
	}
	// Index is `target[index]`.
	Index struct {
		Span
		Target, Index Expr
	}
	// Parameter is `-Name` in a command, with its argument if a colon bound one.
	Parameter struct {
		Span
		Name  string
		Colon bool
		Arg   Expr
	}
	// Verbatim is what follows the stop-parsing token `--%`.
	Verbatim struct {
		Span
		Text string
	}
)

func (*Pipeline) statement()   {}
func (*Assignment) statement() {}
func (*If) statement()         {}
func (*While) statement()      {}
func (*DoLoop) statement()     {}
func (*For) statement()        {}
func (*ForEach) statement()    {}
func (*Switch) statement()     {}
func (*Try) statement()        {}
func (*Trap) statement()       {}
func (*Flow) statement()       {}
func (*Function) statement()   {}
func (*Class) statement()      {}
func (*Enum) statement()       {}
func (*Using) statement()      {}
func (*Data) statement()       {}

func (*CommandExpr) element() {}
func (*Command) element()     {}

func (*Number) expression()      {}
func (*String) expression()      {}
func (*Expandable) expression()  {}
func (*Variable) expression()    {}
func (*Array) expression()       {}
func (*ArrayExpr) expression()   {}
func (*SubExpr) expression()     {}
func (*Paren) expression()       {}
func (*Hash) expression()        {}
func (*ScriptBlock) expression() {}
func (*TypeLiteral) expression() {}
func (*Cast) expression()        {}
func (*Attributed) expression()  {}
func (*Unary) expression()       {}
func (*Binary) expression()      {}
func (*Member) expression()      {}
func (*Invoke) expression()      {}
func (*Index) expression()       {}
func (*Parameter) expression()   {}
func (*Verbatim) expression()    {}
