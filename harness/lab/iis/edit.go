package iis

import (
	"fmt"
	"strings"
)

// splice replaces text[start:end] and reads the document again. When the
// result is not well formed the document stays as it was.
func (d *Document) splice(start, end int, replacement string) error {
	edited := &Document{text: d.text[:start] + replacement + d.text[end:]}
	if err := edited.parse(); err != nil {
		return fmt.Errorf("edit of the configuration: %w", err)
	}
	*d = *edited
	return nil
}

// SetAttribute gives an attribute of e a value, adding it behind the others
// when it is absent.
func (d *Document) SetAttribute(e *Element, name, value string) error {
	for _, a := range e.Attributes {
		if a.Name == name {
			return d.splice(a.valueStart, a.valueEnd, escape(value))
		}
	}
	at := e.start + 1 + len(e.Name)
	if n := len(e.Attributes); n > 0 {
		at = e.Attributes[n-1].valueEnd + 1
	}
	return d.splice(at, at, " "+name+`="`+escape(value)+`"`)
}

// RemoveAttribute deletes an attribute of e together with the blank in front
// of it; an absent one is not an error.
func (d *Document) RemoveAttribute(e *Element, name string) error {
	for _, a := range e.Attributes {
		if a.Name == name {
			start := a.start
			for start > 0 && isSpace(d.text[start-1]) {
				start--
			}
			return d.splice(start, a.valueEnd+1, "")
		}
	}
	return nil
}

// Append adds a child element behind the last child of e, on a line of its own
// with the indentation of its siblings.
func (d *Document) Append(e *Element, name string, attributes ...Attribute) error {
	tag := emptyTag(name, attributes)
	newline, indent := d.layout(e)
	if n := len(e.Children); n > 0 {
		last := e.Children[n-1].end
		return d.splice(last, last, newline+indent+tag)
	}
	outer := d.indentation(e.start)
	if e.selfClosed {
		open := strings.TrimRight(strings.TrimSuffix(d.text[e.start:e.end], "/>"), " \t\r\n") + ">"
		return d.splice(e.start, e.end, open+newline+indent+tag+newline+outer+"</"+e.Name+">")
	}
	return d.splice(e.tagEnd, e.tagEnd, newline+indent+tag+newline+outer)
}

func emptyTag(name string, attributes []Attribute) string {
	var tag strings.Builder
	tag.WriteString("<" + name)
	for _, a := range attributes {
		tag.WriteString(" " + a.Name + `="` + escape(a.Value) + `"`)
	}
	tag.WriteString(" />")
	return tag.String()
}

// Remove deletes an element and, when it stands alone on its line, the line.
func (d *Document) Remove(e *Element) error {
	start := e.start
	for start > 0 && (d.text[start-1] == ' ' || d.text[start-1] == '\t') {
		start--
	}
	switch {
	case start > 1 && d.text[start-2:start] == "\r\n":
		start -= 2
	case start > 0 && d.text[start-1] == '\n':
		start--
	default:
		start = e.start
	}
	return d.splice(start, e.end, "")
}

// layout returns the line end of the document and the indentation of the
// children of e.
func (d *Document) layout(e *Element) (newline, indent string) {
	newline = "\n"
	if strings.Contains(d.text, "\r\n") {
		newline = "\r\n"
	}
	if n := len(e.Children); n > 0 {
		return newline, d.indentation(e.Children[n-1].start)
	}
	return newline, d.indentation(e.start) + "    "
}

// indentation is the white space between the start of the line and offset.
func (d *Document) indentation(offset int) string {
	line := strings.LastIndexByte(d.text[:offset], '\n') + 1
	end := line
	for end < offset && (d.text[end] == ' ' || d.text[end] == '\t') {
		end++
	}
	return d.text[line:end]
}
