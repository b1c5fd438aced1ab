package function

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// parseXML turns a document into bags: an element into a property, its attributes into
// properties that begin with @, its text into #text, or into the value itself if it has
// nothing else; elements of the same name into an array. Text that is no XML is null.
func parseXML(c *Invocation, args []value.Value) value.Value {
	if len(text(args[0])) > maxXML {
		return c.Null()
	}
	d := xml.NewDecoder(strings.NewReader(text(args[0])))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	root := value.NewBag()
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c.Null()
		}
		if start, ok := t.(xml.StartElement); ok {
			x, err := xmlElement(d, start, 0)
			if err != nil {
				return c.Null()
			}
			addProperty(root, qualified(start.Name), x)
		}
	}
	if root.Len() == 0 {
		return c.Null()
	}
	return value.NewDynamic(root)
}

// maxXML is the length in bytes of the longest text that parse_xml takes (parse-xml-function, "Returns").
const maxXML = 1 << 20

// maxDepth bounds how deep a document may nest.
const maxDepth = 1000

var errTooDeep = errors.New("nested too deep")

// xmlElement reads up to the end of an element.
func xmlElement(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	b := value.NewBag()
	for _, a := range start.Attr {
		b.Set("@"+qualified(a.Name), a.Value)
	}
	var content strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			x, err := xmlElement(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			addProperty(b, qualified(t.Name), x)
		case xml.CharData:
			content.Write(t)
		case xml.EndElement:
			return elementValue(b, strings.TrimSpace(content.String())), nil
		}
	}
}

// elementValue is an element's text if it has nothing else.
func elementValue(b *value.Bag, content string) any {
	switch {
	case b.Len() == 0 && content == "":
		return nil
	case b.Len() == 0:
		return content
	case content != "":
		b.Set("#text", content)
	}
	return b
}

func addProperty(b *value.Bag, name string, x any) {
	known, ok := b.Get(name)
	if !ok {
		b.Set(name, x)
		return
	}
	if list, ok := known.([]any); ok {
		b.Set(name, append(list, x))
		return
	}
	b.Set(name, []any{known, x})
}

// qualified is a name with its prefix, which xmlns attributes have too.
func qualified(n xml.Name) string {
	if n.Space == "xmlns" {
		return "xmlns:" + n.Local
	}
	return n.Local
}
