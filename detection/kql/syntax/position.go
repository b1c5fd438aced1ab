package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Span is a range of bytes of the source text, half-open.
type Span struct{ Start, End int }

// Len is the length of the range in bytes.
func (s Span) Len() int { return s.End - s.Start }

// Position is a place in a source text.
type Position struct {
	// Offset counts bytes from 0.
	Offset int
	// Line counts from 1.
	Line int
	// Column counts runes from 1.
	Column int
}

// String gives "line:column".
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Source is a text in KQL.
type Source struct {
	// Name is the file name that diagnostics show; a query from elsewhere has "".
	Name string
	// Text is the query.
	Text string
	// Line is the line of the file on which the text begins, from 1; 0 counts as 1. Indent is how many runes stand before each line of
	// the text in the file. With them a query inside YAML has the positions that an editor shows.
	Line, Indent int
}

// Position finds the line and column of a byte offset. An offset beyond the text is its end.
func (s *Source) Position(offset int) Position {
	offset = max(0, min(offset, len(s.Text)))
	before := s.Text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return Position{
		Offset: offset,
		Line:   strings.Count(before, "\n") + max(1, s.Line),
		Column: utf8.RuneCountInString(before[start:]) + s.Indent + 1,
	}
}

// Slice is the text of a span.
func (s *Source) Slice(span Span) string {
	start := max(0, min(span.Start, len(s.Text)))
	return s.Text[start:max(start, min(span.End, len(s.Text)))]
}

// line is the whole line around an offset, without its line break.
func (s *Source) line(offset int) string {
	offset = max(0, min(offset, len(s.Text)))
	start := strings.LastIndexByte(s.Text[:offset], '\n') + 1
	end := strings.IndexByte(s.Text[offset:], '\n')
	if end < 0 {
		end = len(s.Text) - offset
	}
	return strings.TrimSuffix(s.Text[start:offset+end], "\r")
}
