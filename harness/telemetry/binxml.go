package telemetry

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"unicode/utf16"
)

// The tokens of binary XML (MS-EVEN6 2.2.12). moreData may be added to those that it applies to.
const (
	tokenEnd               = 0x00
	tokenOpenElement       = 0x01
	tokenCloseStart        = 0x02
	tokenCloseEmpty        = 0x03
	tokenCloseElement      = 0x04
	tokenValue             = 0x05
	tokenAttribute         = 0x06
	tokenCDATA             = 0x07
	tokenCharacter         = 0x08
	tokenEntity            = 0x09
	tokenTarget            = 0x0a
	tokenInstruction       = 0x0b
	tokenTemplate          = 0x0c
	tokenSubstitution      = 0x0d
	tokenOptional          = 0x0e
	tokenFragment          = 0x0f
	moreData          byte = 0x40
)

const (
	// maximumRendering bounds the work on one record, parts of which may stand for others over and over: tokens, values, and
	// bytes by bytesPerToken.
	maximumRendering = 1 << 18
	bytesPerToken    = 16
	maximumDepth     = 32
	definitionHeader = 24 // of a template: the next one, its GUID, its size
)

// renderer is what the parts of one record have in common. The first fault ends them all.
type renderer struct {
	chunk  []byte
	out    bytes.Buffer
	budget int
	depth  int
	err    error
}

func (r *renderer) fail(text string) {
	if r.err == nil {
		r.err = errors.New(text)
	}
}

// spend takes the work on a token and its bytes from the budget, and reports whether the record may go on.
func (r *renderer) spend(bytes int) bool {
	if r.budget -= 1 + bytes/bytesPerToken; r.budget < 0 || r.out.Len() > maximumLine {
		r.fail("the record unpacks to more than an event can be")
	}
	return r.err == nil
}

func (r *renderer) text(s string) { _ = xml.EscapeText(&r.out, []byte(s)) } // a buffer takes all

// binaryXML renders one stretch of binary XML.
type binaryXML struct {
	*renderer
	at, end  int
	values   []typedValue // of the template, if the stretch is one
	template bool         // or nested in a value: elements carry a dependency
	elements []element    // that are open
	quoted   bool         // within the value of an attribute
	held     string       // an attribute's name and opening quote, until there is a value
}

type element struct {
	name  string
	start int // of its start tag in out
	tag   string
}

func (p *binaryXML) bytes(n int) []byte {
	if p.err != nil || n < 0 || p.at+n > p.end || p.end > len(p.chunk) {
		p.fail("the record is cut short")
		return make([]byte, max(0, min(n, 32)))
	}
	p.spend(n)
	p.at += n
	return p.chunk[p.at-n : p.at]
}

func (p *binaryXML) uint8() byte    { return p.bytes(1)[0] }
func (p *binaryXML) uint16() int    { return int(binary.LittleEndian.Uint16(p.bytes(2))) }
func (p *binaryXML) uint32() uint32 { return binary.LittleEndian.Uint32(p.bytes(4)) }

// counted reads a text behind the number of its characters.
func (p *binaryXML) counted() string { return utf16Text(p.bytes(2 * p.uint16())) }

func utf16Text(raw []byte) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// name reads a name, which the chunk holds once: here, or at the offset where it was first used.
func (p *binaryXML) name() string {
	offset := int(p.uint32())
	if offset == p.at {
		return p.nameHere()
	}
	there := &binaryXML{renderer: p.renderer, at: offset, end: len(p.chunk)}
	return there.nameHere()
}

func (p *binaryXML) nameHere() string {
	p.bytes(6) // the next name, and a hash
	name := p.counted()
	p.bytes(2) // the terminator
	for _, r := range name {
		if r <= ' ' || bytes.ContainsRune([]byte(`<>&"'/=`), r) {
			p.fail(fmt.Sprintf("%.40q is no name in XML", name))
			break
		}
	}
	return name
}

// fragment renders up to the end of the stretch.
func (p *binaryXML) fragment() {
	if p.depth++; p.depth > maximumDepth {
		p.fail("the record is nested too deep")
	}
	for p.spend(0) && p.at < p.end && p.token() {
	}
	if len(p.elements) > 0 {
		p.fail("an element does not end")
	}
	p.depth--
}

// token renders one token, and reports whether others may follow.
func (p *binaryXML) token() bool {
	switch t := p.uint8(); t &^ moreData {
	case tokenEnd:
		return false
	case tokenFragment:
		p.bytes(3) // version and flags
	case tokenOpenElement:
		p.open(t&moreData != 0)
	case tokenCloseStart:
		p.closeStart()
	case tokenCloseEmpty:
		p.unquote()
		p.out.WriteString("/>")
		p.pop()
	case tokenCloseElement:
		fmt.Fprintf(&p.out, "</%s>", p.pop().name)
	case tokenAttribute:
		p.unquote()
		p.held = " " + p.name() + `="`
	case tokenTemplate:
		p.instance()
	case tokenSubstitution, tokenOptional:
		p.substitution()
	default:
		return p.content(t)
	}
	return p.err == nil
}

// content renders the tokens that are text.
func (p *binaryXML) content(t byte) bool {
	switch t &^ moreData {
	case tokenValue:
		p.uint8() // its type, which is text
		p.quote()
		p.text(p.counted())
	case tokenCDATA:
		p.text(p.counted())
	case tokenCharacter:
		p.quote()
		p.text(string(rune(p.uint16())))
	case tokenEntity:
		p.quote()
		fmt.Fprintf(&p.out, "&%s;", p.name())
	case tokenTarget:
		p.name() // instructions to the reader are of no meaning in events
	case tokenInstruction:
		p.counted()
	default:
		p.fail(fmt.Sprintf("the token 0x%02x is not known", t))
	}
	return p.err == nil
}

func (p *binaryXML) open(attributes bool) {
	if p.template {
		p.bytes(2) // the value on which the element depends
	}
	p.bytes(4) // its size
	name := p.name()
	if attributes {
		p.bytes(4)
	}
	p.elements = append(p.elements, element{name: name, start: p.out.Len()})
	p.out.WriteString("<" + name)
}

func (p *binaryXML) closeStart() {
	p.unquote()
	p.out.WriteByte('>')
	if n := len(p.elements); n > 0 {
		p.elements[n-1].tag = string(p.out.Bytes()[p.elements[n-1].start:])
	}
}

func (p *binaryXML) pop() element {
	n := len(p.elements)
	if n == 0 {
		p.fail("an element ends that did not start")
		return element{}
	}
	e := p.elements[n-1]
	p.elements = p.elements[:n-1]
	return e
}

// quote begins the value of an attribute; one without a value is left out, as Windows does.
func (p *binaryXML) quote() {
	if p.held != "" {
		p.out.WriteString(p.held)
		p.held, p.quoted = "", true
	}
}

func (p *binaryXML) unquote() {
	if p.quoted {
		p.out.WriteByte('"')
	}
	p.held, p.quoted = "", false
}

// instance renders a template with values. The chunk holds its definition once: here, or where it was first used.
func (p *binaryXML) instance() {
	p.bytes(5) // a version, and the template's number
	offset := int(p.uint32())
	definition := &binaryXML{renderer: p.renderer, at: offset, end: len(p.chunk), template: true}
	definition.bytes(definitionHeader - 4)
	size := int(definition.uint32())
	definition.end = definition.at + size
	if offset == p.at {
		p.bytes(definitionHeader + size)
	}
	count := int(p.uint32())
	if count > chunkSize/4 {
		p.fail("the record has too many values")
		return
	}
	values := make([]typedValue, 0, count)
	sizes := make([]int, 0, count)
	for range count {
		if !p.spend(0) {
			return
		}
		sizes = append(sizes, p.uint16())
		values = append(values, typedValue{kind: byte(p.uint16())})
	}
	for i := range values {
		values[i].from = p.at
		values[i].raw = p.bytes(sizes[i])
	}
	if p.err != nil {
		return
	}
	definition.values = values
	definition.fragment()
}

func (p *binaryXML) substitution() {
	at := p.uint16()
	if p.uint8() == kindNull && p.at < p.end && p.chunk[p.at] == kindNull {
		p.bytes(1) // a type of null takes two bytes
	}
	if at >= len(p.values) {
		p.fail("a value is missing")
		return
	}
	v := p.values[at]
	if !p.spend(len(v.raw)) {
		return
	}
	if v.kind == kindXML {
		nested := &binaryXML{renderer: p.renderer, at: v.from, end: v.from + len(v.raw), template: true}
		nested.fragment()
		return
	}
	items := v.items()
	if len(items) == 0 {
		return
	}
	p.quote()
	for i, text := range items {
		if i > 0 && p.spend(len(text)) {
			p.again()
		}
		p.text(text)
	}
}

// again repeats the element for the next item of a value that is a list.
func (p *binaryXML) again() {
	n := len(p.elements)
	if p.quoted || n == 0 {
		p.out.WriteByte(',')
		return
	}
	fmt.Fprintf(&p.out, "</%s>%s", p.elements[n-1].name, p.elements[n-1].tag)
}
