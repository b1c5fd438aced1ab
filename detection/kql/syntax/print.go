package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	printWidth  = 120 // longer lists of columns get a line for every column
	nestedWidth = 72  // longer pipelines inside parentheses get a line for every operator
	printIndent = "    "
)

// Print lays a query out as this package sees it: an operator on every line, statements apart, comments and
// other layout gone. What it prints means the same, and printing what was parsed of it changes nothing.
func Print(q *Query) string {
	p := &printer{}
	q.write(p)
	return p.b.String()
}

// printer writes nodes.
type printer struct {
	b      strings.Builder
	indent int
	// flat puts everything on one line.
	flat bool
}

// text writes words and signs as they are.
func (p *printer) text(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// line begins a new line, or writes a space when flat.
func (p *printer) line() {
	if p.flat {
		p.b.WriteByte(' ')
		return
	}
	p.b.WriteByte('\n')
	for range p.indent {
		p.b.WriteString(printIndent)
	}
}

// node writes a node that may be left out.
func node[T interface {
	comparable
	Node
}](p *printer, n T,
) {
	var none T
	if n != none {
		n.write(p)
	}
}

// after writes words and a node, if it is there.
func after[T interface {
	comparable
	Node
}](p *printer, words string, n T,
) {
	var none T
	if n != none {
		p.text(words)
		n.write(p)
	}
}

// list writes nodes with commas between them.
func list[T Node](p *printer, nodes []T) {
	for i, n := range nodes {
		if i > 0 {
			p.text(", ")
		}
		n.write(p)
	}
}

// columns writes a list after a space; a long one on a line for every element. It
// reports whether it took several lines.
func columns[T Node](p *printer, nodes []T) bool {
	if len(nodes) == 0 {
		return false
	}
	if !p.flat && len(nodes) > 1 {
		if width := flatWidth(nodes); width > printWidth {
			p.indent++
			for i, n := range nodes {
				if i > 0 {
					p.text(",")
				}
				p.line()
				n.write(p)
			}
			p.indent--
			return true
		}
	}
	p.text(" ")
	list(p, nodes)
	return false
}

// by writes `by keys` after the aggregates, on a line of its own if they took several.
func (p *printer) by(word Word, keys []*NamedExpr, broken bool) {
	if !word.Present() {
		return
	}
	if broken {
		p.indent++
		p.line()
		p.indent--
	} else {
		p.text(" ")
	}
	p.text("by")
	columns(p, keys)
}

// flatWidth is the width of a list on one line.
func flatWidth[T Node](nodes []T) int {
	flat := &printer{flat: true}
	for _, n := range nodes {
		n.write(flat)
		if flat.b.Len() > printWidth {
			break
		}
		flat.text(", ")
	}
	return flat.b.Len()
}

// nested writes a table in parentheses, on one line if it is short.
func (p *printer) nested(open string, n Node) {
	p.text(open)
	defer p.text(")")
	if p.flat || !holdsPipeline(n) {
		n.write(p)
		return
	}
	flat := &printer{flat: true}
	n.write(flat)
	if text := flat.b.String(); len(text) <= nestedWidth && !strings.Contains(text, "\n") {
		p.text(text)
		return
	}
	p.indent++
	p.line()
	n.write(p)
	p.indent--
	p.line()
}

// holdsPipeline reports whether a node is laid out over several lines.
func holdsPipeline(n Node) bool {
	switch n.(type) {
	case *Pipeline, *Block:
		return true
	}
	return false
}

// properties writes name=value settings, each after a space.
func (p *printer) properties(list []*Property) {
	for _, s := range list {
		p.text(" ")
		s.write(p)
	}
}

// with writes `with (a=b, c=d)`, if there is anything to write.
func (p *printer) with(properties []*Property) {
	if len(properties) > 0 {
		p.text(" with (")
		list(p, properties)
		p.text(")")
	}
}

// statements writes statements, with a semicolon after each but the last.
func (p *printer) statements(statements []Statement) {
	for i, s := range statements {
		if i > 0 {
			p.line()
		}
		s.write(p)
		if i < len(statements)-1 {
			p.text(";")
		}
	}
}

func (q *Query) write(p *printer) {
	p.statements(q.Statements)
}

func (b *Block) write(p *printer) {
	p.text("{")
	if len(b.Statements) > 0 {
		p.indent++
		p.line()
		p.statements(b.Statements)
		p.indent--
		p.line()
	}
	p.text("}")
}

func (n *Name) write(p *printer) {
	switch {
	case n.Client:
		p.text("{", n.Text, "}")
	case n.Quoted:
		p.text("['", quoteEscapes.Replace(n.Text), "']")
	default:
		p.text(n.Text)
	}
}

// quoteEscapes writes what cannot stand between apostrophes as escape sequences.
var quoteEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`)

func (s *ExpressionStatement) write(p *printer) { s.Value.write(p) }

func (s *Let) write(p *printer) {
	p.text("let ")
	node(p, s.Name)
	p.text(" = ")
	if pipeline, ok := s.Value.(*Pipeline); ok && !p.flat {
		p.indentedPipeline(pipeline)
		return
	}
	s.Value.write(p)
}

// indentedPipeline writes the operators of a pipeline further in than its source.
func (p *printer) indentedPipeline(e *Pipeline) {
	p.indent++
	e.write(p)
	p.indent--
}

func (s *Set) write(p *printer) {
	p.text("set ")
	node(p, s.Name)
	after(p, " = ", s.Value)
}

func (s *Alias) write(p *printer) {
	p.text("alias database ")
	node(p, s.Name)
	after(p, " = ", s.Value)
}

func (s *QueryParameters) write(p *printer) {
	p.text("declare query_parameters (")
	list(p, s.Parameters)
	p.text(")")
}

func (c *Command) write(p *printer) {
	p.text(c.Text) // the layout of a command can matter, as that of inline data does
}

func (s *DeclarePattern) write(p *printer) {
	p.text("declare pattern ")
	node(p, s.Name)
	if s.Arguments == nil && s.Cases == nil {
		return
	}
	p.text(" = (")
	list(p, s.Arguments)
	p.text(")")
	if s.Path != nil {
		p.text("[")
		s.Path.write(p)
		p.text("]")
	}
	p.text(" {")
	p.indent++
	for _, c := range s.Cases {
		p.line()
		c.write(p)
	}
	p.indent--
	p.line()
	p.text("}")
}

func (c *PatternCase) write(p *printer) {
	p.text("(")
	list(p, c.Arguments)
	p.text(")")
	if c.Path != nil {
		p.text(".[")
		c.Path.write(p)
		p.text("]")
	}
	p.text(" = ")
	node(p, c.Body)
	p.text(";")
}

func (s *Restrict) write(p *printer) {
	p.text("restrict access to (")
	list(p, s.Tables)
	p.text(")")
	p.with(s.With)
}

func (a *Parameter) write(p *printer) {
	node(p, a.Name)
	p.text(":", a.Type.Text)
	node(p, a.Schema)
	after(p, " = ", a.Default)
}

func (s *RowSchema) write(p *printer) {
	p.text("(")
	if s.Star {
		p.text("*")
		if len(s.Columns) > 0 {
			p.text(", ")
		}
	}
	list(p, s.Columns)
	p.text(")")
}

func (c *ColumnDeclaration) write(p *printer) {
	node(p, c.Name)
	if c.Type.Present() {
		p.text(":", c.Type.Text)
	}
}

func (s *Property) write(p *printer) {
	node(p, s.Name)
	p.text("=")
	node(p, s.Value)
}

// QuoteName writes a name as a query has to: as it is where that can be read as a name, else ['name'].
func QuoteName(name string) string {
	tokens, diagnostics := scan(name)
	if len(diagnostics) == 0 && len(tokens) == 2 && tokens[0].kind == wordToken && tokens[0].class&bareName != 0 &&
		int(tokens[0].end-tokens[0].start) == len(name) {
		return name
	}
	return "['" + quoteEscapes.Replace(name) + "']"
}

// QuoteString writes a string literal for any characters.
func QuoteString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7F || r == utf8.RuneError || r == 0x2028 || r == 0x2029 || r == 0x85:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
