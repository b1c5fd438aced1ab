package iis

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// byteOrderMark is the UTF-8 mark that some tools put in front of the file.
const byteOrderMark = "\ufeff"

// Document is the text of a configuration file together with the places of
// its elements. An edit replaces only the bytes that it must; everything else,
// comments and layout included, stays as it was.
type Document struct {
	text string
	root *Element
}

// Element is one element of a Document. It is a view: after an edit of the
// document, elements found before are stale.
type Element struct {
	Name       string
	Attributes []Attribute
	Children   []*Element
	Parent     *Element

	start, end         int // the whole element
	tagEnd, closeStart int // behind the start tag, in front of the end tag
	selfClosed         bool
}

// Attribute is a name and its unescaped value.
type Attribute struct {
	Name, Value string

	start, valueStart, valueEnd int // valueStart..valueEnd is inside the quotation marks
}

// Attribute returns the value of an attribute and whether it is present.
// Names are case-sensitive, as in the configuration system.
func (e *Element) Attribute(name string) (string, bool) {
	for _, a := range e.Attributes {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// Value is the value of an attribute, or "" when it is absent.
func (e *Element) Value(name string) string {
	value, _ := e.Attribute(name)
	return value
}

// Child returns the first child of that name, or nil.
func (e *Element) Child(name string) *Element {
	for _, c := range e.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// ParseDocument reads a configuration file. The error names line and column.
func ParseDocument(data []byte) (*Document, error) {
	d := &Document{text: string(data)}
	if err := d.parse(); err != nil {
		return nil, err
	}
	return d, nil
}

// Bytes returns the text of the document, edits included.
func (d *Document) Bytes() []byte { return []byte(d.text) }

// Root returns the document element.
func (d *Document) Root() *Element { return d.root }

func (d *Document) parse() error {
	d.root = nil
	body := strings.TrimPrefix(d.text, byteOrderMark)
	offset := len(d.text) - len(body)
	decoder := xml.NewDecoder(strings.NewReader(body))
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	var open *Element
	for {
		start := int(decoder.InputOffset()) + offset
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("configuration file: %w", err)
		}
		end := int(decoder.InputOffset()) + offset
		if open, err = d.token(open, token, start, end); err != nil {
			line, column := decoder.InputPos()
			return fmt.Errorf("configuration file:%d:%d: %w", line, column, err)
		}
	}
	if d.root == nil || open != nil {
		return errors.New("configuration file: the document ends inside an element")
	}
	return nil
}

// token adds one token to the tree and returns the element that is now open.
func (d *Document) token(open *Element, token xml.Token, start, end int) (*Element, error) {
	switch t := token.(type) {
	case xml.StartElement:
		return d.startElement(open, start, end)
	case xml.EndElement:
		if open == nil {
			return nil, fmt.Errorf("unexpected end of element %s", t.Name.Local)
		}
		if start == end { // the decoder's second half of <x/>
			open.selfClosed, open.closeStart, open.end = true, open.tagEnd, open.tagEnd
			return open.Parent, nil
		}
		if name := strings.TrimSpace(d.text[start+2 : end-1]); name != open.Name {
			return nil, fmt.Errorf("element %s is closed by %s", open.Name, name)
		}
		open.closeStart, open.end = start, end
		return open.Parent, nil
	}
	return open, nil
}

func (d *Document) startElement(open *Element, start, end int) (*Element, error) {
	e := &Element{Parent: open, start: start, end: end, tagEnd: end, closeStart: end}
	if err := e.scanTag(d.text); err != nil {
		return nil, err
	}
	switch {
	case open != nil:
		open.Children = append(open.Children, e)
	case d.root != nil:
		return nil, errors.New("more than one document element")
	default:
		d.root = e
	}
	return e, nil
}

// scanTag finds the name and the attributes of a start tag that the decoder
// has accepted.
func (e *Element) scanTag(text string) error {
	i := e.start + 1
	for i < e.end && !isSpace(text[i]) && text[i] != '/' && text[i] != '>' {
		i++
	}
	e.Name = text[e.start+1 : i]
	for {
		for i < e.end && isSpace(text[i]) {
			i++
		}
		if i >= e.end || text[i] == '/' || text[i] == '>' {
			return nil
		}
		a := Attribute{start: i}
		for i < e.end && text[i] != '=' && !isSpace(text[i]) {
			i++
		}
		a.Name = text[a.start:i]
		for i < e.end && (text[i] == '=' || isSpace(text[i])) {
			i++
		}
		if i >= e.end || text[i] != '"' && text[i] != '\'' {
			return fmt.Errorf("attribute %s has no quoted value", a.Name)
		}
		length := strings.IndexByte(text[i+1:e.end], text[i])
		if length < 0 {
			return fmt.Errorf("attribute %s is not closed", a.Name)
		}
		a.valueStart, a.valueEnd = i+1, i+1+length
		a.Value = unescape(text[a.valueStart:a.valueEnd])
		e.Attributes = append(e.Attributes, a)
		i = a.valueEnd + 1
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// unescape resolves the entities of an attribute value.
func unescape(s string) string {
	if !strings.ContainsRune(s, '&') {
		return s
	}
	var value struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte("<v>"+strings.ReplaceAll(s, "<", "&lt;")+"</v>"), &value); err != nil {
		return s
	}
	return value.Text
}

func escape(s string) string {
	var b bytes.Buffer
	for _, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		case '\t', '\n', '\r':
			fmt.Fprintf(&b, "&#x%X;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
