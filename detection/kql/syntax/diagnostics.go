package syntax

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Class tells apart what kind of fault a diagnostic reports.
type Class uint8

// The classes. A query with a syntax or bind error is wrong; an unsupported
// one is right, but beyond this engine, so that its outcome is unknown.
const (
	ClassSyntax      Class = iota // the text is not KQL
	ClassBind                     // a name or a type does not fit the schema
	ClassUnsupported              // valid KQL that this engine does not run
	ClassRuntime                  // found only while rows flow
)

// String names the class as error texts do.
func (c Class) String() string {
	switch c {
	case ClassSyntax:
		return "syntax"
	case ClassBind:
		return "bind"
	case ClassUnsupported:
		return "unsupported"
	case ClassRuntime:
		return "runtime"
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// Severity says whether a diagnostic stops the query.
type Severity uint8

// The severities, as in Kusto's own diagnostics.
const (
	SeverityError Severity = iota
	SeverityWarning
	SeverityInformation
)

// String names the severity.
func (s Severity) String() string {
	switch s {
	case SeverityError:
		return "error"
	case SeverityWarning:
		return "warning"
	case SeverityInformation:
		return "information"
	}
	return fmt.Sprintf("Severity(%d)", uint8(s))
}

// Diagnostic is one thing to say about a query.
type Diagnostic struct {
	Class    Class
	Severity Severity
	// Code is the code Microsoft's language service gives the same fault
	// ("KS142"), or "" where it has none or another view of the fault.
	Code string
	// Message says what is wrong: lower case, no full stop.
	Message string
	// Hint says what to do about it (`did you mean "X"?`), or is "".
	Hint string
	// Span is the text the message is about.
	Span Span
}

// Error is the fault of a query: everything found in one go, with the text it was found in.
type Error struct {
	Source      *Source
	Diagnostics []Diagnostic
}

// NewError makes an error of the diagnostics that stop a query, or nil if none does.
func NewError(source *Source, diagnostics []Diagnostic) error {
	var fatal []Diagnostic
	for _, d := range diagnostics {
		if d.Severity == SeverityError {
			fatal = append(fatal, d)
		}
	}
	if len(fatal) == 0 {
		return nil
	}
	return &Error{Source: source, Diagnostics: fatal}
}

// Error prints every diagnostic with its position, the line it is on, and a caret under the text it is about.
func (e *Error) Error() string {
	var b strings.Builder
	for i, d := range e.Diagnostics {
		if i > 0 {
			b.WriteByte('\n')
		}
		e.Source.describe(&b, d)
	}
	return b.String()
}

// Has reports whether any of the diagnostics is of the class.
func (e *Error) Has(class Class) bool {
	for _, d := range e.Diagnostics {
		if d.Class == class {
			return true
		}
	}
	return false
}

// IsUnsupported reports whether an error says nothing worse than that a valid query is beyond this engine.
func IsUnsupported(err error) bool {
	var e *Error
	if !errors.As(err, &e) || len(e.Diagnostics) == 0 {
		return false
	}
	for _, d := range e.Diagnostics {
		if d.Class != ClassUnsupported {
			return false
		}
	}
	return true
}

// Describe prints one diagnostic as [Error] does.
func (s *Source) Describe(d Diagnostic) string {
	var b strings.Builder
	s.describe(&b, d)
	return b.String()
}

func (s *Source) describe(b *strings.Builder, d Diagnostic) {
	pos := s.Position(d.Span.Start)
	if s.Name != "" {
		b.WriteString(s.Name)
		b.WriteByte(':')
	}
	fmt.Fprintf(b, "%s: %s", pos, d.Message)
	line, column := excerpt(s.line(d.Span.Start), pos.Column-s.Indent)
	fmt.Fprintf(b, "\n  %s\n  %s", strings.ReplaceAll(line, "\t", " "), s.underline(d.Span, column, line))
	if d.Hint != "" {
		b.WriteByte(' ')
		b.WriteString(d.Hint)
	}
}

// excerptWidth is how much of a line is shown, in runes.
const excerptWidth = 160

// excerpt cuts what is near a column out of a long line, and gives the column in it.
func excerpt(line string, column int) (text string, at int) {
	runes := []rune(line)
	if len(runes) <= excerptWidth {
		return line, column
	}
	const dots = "..."
	start := max(0, min(column-1-excerptWidth/2, len(runes)-excerptWidth))
	end := min(len(runes), start+excerptWidth)
	text, at = string(runes[start:end]), column-start
	if start > 0 {
		text, at = dots+text, at+len(dots)
	}
	if end < len(runes) {
		text += dots
	}
	return text, at
}

// underline draws carets below the part of the span that lies on its first line, at least one.
func (s *Source) underline(span Span, column int, line string) string {
	width := utf8.RuneCountInString(s.Slice(span))
	width = min(width, utf8.RuneCountInString(line)-column+1)
	return strings.Repeat(" ", column-1) + strings.Repeat("^", max(1, width))
}
