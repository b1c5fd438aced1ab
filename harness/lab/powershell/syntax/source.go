// Package syntax parses Windows PowerShell 5.1.
//
// [Parse] turns a [Source] into a [Script], the tree that the evaluator walks. The parser is scannerless, because
// what a character means depends on where it stands: after a command name words are arguments (`$env:TEMP\x`,
// `/name:Foo,Bar`), elsewhere the same characters are operators. It stops at the first error, an [*Error] with the
// text and the identifier that Windows PowerShell gives it.
//
// The grammar is that of the PowerShell language specification 3.0, chapters 2 to 8, with the classes and using
// statements of 5.0 (about_Classes, about_Using).
package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Source is a named text; the name is the script's path, or "" for a command.
type Source struct{ Name, Text string }

// Position is a place in a source: a byte offset, and the 1-based line and column (in runes).
type Position struct{ Offset, Line, Column int }

// Position converts a byte offset; offsets outside the text are clamped to it.
func (s *Source) Position(offset int) Position {
	offset = max(0, min(offset, len(s.Text)))
	before := s.Text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return Position{Offset: offset, Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(before[start:])}
}

// Line returns the text of the 1-based line without its line ending, or "" when there is no such line.
func (s *Source) Line(n int) string {
	rest := s.Text
	for ; n > 1; n-- {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			return ""
		}
		rest = rest[i+1:]
	}
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimSuffix(rest, "\r")
}

// Error is a text that is not PowerShell. ID is the identifier that Windows PowerShell prints as
// FullyQualifiedErrorId, Message its sentence.
type Error struct {
	Source  *Source
	Span    Span
	ID      string
	Message string
}

// Error gives the name, the place, the message, the line and a caret.
func (e *Error) Error() string {
	p := e.Source.Position(e.Span.Start)
	name := e.Source.Name
	if name == "" {
		name = "line"
	}
	line := e.Source.Line(p.Line)
	return fmt.Sprintf("%s:%d:%d: %s\n  %s\n  %s^", name, p.Line, p.Column, e.Message, line, strings.Repeat(" ", p.Column-1))
}
