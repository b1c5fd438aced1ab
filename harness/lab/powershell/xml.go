package powershell

import (
	"errors"
	"strings"

	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"
)

// xmlNode is the state of an XML object.
type xmlNode struct{ n *xmlquery.Node }

// nodeList is an XmlNodeList.
type nodeList struct{ nodes []*xmlquery.Node }

func (l *nodeList) enumerate() []any {
	out := make([]any, len(l.nodes))
	for i, n := range l.nodes {
		out[i] = nodeObject(n)
	}
	return out
}

func xmlStatics() []*static {
	return []*static{
		{
			name: "System.Xml.XmlDocument", create: func(*interp, any, []any) (any, error) {
				return newObject(documentClass(), &xmlNode{&xmlquery.Node{Type: xmlquery.DocumentNode}}), nil
			},
			cast: func(in *interp, v any) (any, error) {
				text := in.str(v)
				if a, ok := v.(*Array); ok {
					text = in.join(a, "\n")
				}
				n, err := parseXML(text)
				if err != nil {
					return nil, in.castError(v, "System.Xml.XmlDocument", err.Error())
				}
				return newObject(documentClass(), &xmlNode{n}), nil
			},
		},
		{name: "System.Xml.XmlNamespaceManager", create: func(*interp, any, []any) (any, error) {
			return newObject(&class{name: "System.Xml.XmlNamespaceManager", methods: methods{"addnamespace": nothing}}, nil), nil
		}},
	}
}

func parseXML(text string) (n *xmlquery.Node, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	n, err = xmlquery.Parse(strings.NewReader(text))
	if err == nil && xmlquery.FindOne(n, "/*") == nil {
		err = errors.New("Root element is missing.") //nolint:revive,staticcheck // the text of .NET
	}
	return n, err
}

func (x *xmlNode) propertyNames() []string {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, a := range x.n.Attr {
		add(a.Name.Local)
	}
	for c := x.n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case xmlquery.ElementNode:
			add(c.Data)
		case xmlquery.CommentNode:
			add("#comment")
		case xmlquery.TextNode:
			if strings.TrimSpace(c.Data) != "" {
				add("#text")
			}
		}
	}
	return names
}

// property gives an attribute's value, or the child elements of that name: text-only ones as strings.
func (x *xmlNode) property(in *interp, name string) (any, bool) {
	var found []any
	for _, a := range x.n.Attr {
		if strings.EqualFold(a.Name.Local, name) {
			found = append(found, a.Value)
		}
	}
	for c := x.n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == xmlquery.ElementNode && strings.EqualFold(c.Data, name):
			found = append(found, adapt(c))
		case c.Type == xmlquery.TextNode && name == "#text" || c.Type == xmlquery.CommentNode && strings.EqualFold(name, "#comment"):
			found = append(found, c.Data)
		}
	}
	if found != nil {
		return unvoid(collapse(found)), true
	}
	return x.standard(in, strings.ToLower(name))
}

// adapt is how PowerShell shows a child element: an element without attributes and children as its text.
func adapt(c *xmlquery.Node) any {
	if len(c.Attr) > 0 {
		return nodeObject(c)
	}
	for k := c.FirstChild; k != nil; k = k.NextSibling {
		if k.Type == xmlquery.ElementNode {
			return nodeObject(c)
		}
	}
	return c.InnerText()
}

func (x *xmlNode) standard(_ *interp, name string) (any, bool) {
	switch name {
	case "name", "localname":
		if x.n.Type == xmlquery.DocumentNode {
			return "#document", true
		}
		return x.n.Data, true
	case "innertext":
		return x.n.InnerText(), true
	case "value":
		if x.n.Type == xmlquery.AttributeNode {
			return x.n.InnerText(), true
		}
		return nil, true
	case "outerxml":
		return x.n.OutputXML(true), true
	case "innerxml":
		return x.n.OutputXML(false), true
	case "documentelement":
		return nodeObject(xmlquery.FindOne(x.n, "/*")), true
	case "parentnode":
		return nodeObject(x.n.Parent), true
	case "childnodes":
		l := &nodeList{}
		for c := x.n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == xmlquery.ElementNode {
				l.nodes = append(l.nodes, c)
			}
		}
		return newObject(listClass(), l), true
	case "haschildnodes":
		return x.n.FirstChild != nil, true
	case "attributes":
		out := newArray()
		for _, a := range x.n.Attr {
			out.Items = append(out.Items, record("System.Xml.XmlAttribute", "Name", a.Name.Local, "Value", a.Value, "#text", a.Value))
		}
		return out, true
	case "nodetype":
		return "Element", true
	}
	return nil, false
}

func (x *xmlNode) setProperty(in *interp, name string, value any) error {
	for i, a := range x.n.Attr {
		if strings.EqualFold(a.Name.Local, name) {
			x.n.Attr[i].Value = in.str(value)
			return nil
		}
	}
	for c := x.n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == xmlquery.ElementNode && strings.EqualFold(c.Data, name) {
			c.FirstChild = &xmlquery.Node{Type: xmlquery.TextNode, Data: in.str(value), Parent: c}
			c.LastChild = c.FirstChild
			return nil
		}
	}
	return newError(runtimeException, "PropertyNotFound", invalidOperation, "The property '%s' cannot be found on this object. Verify that the property exists and can be set.", name)
}

func listClass() *class {
	return &class{name: "System.Xml.XPathNodeList", bases: []string{"System.Xml.XmlNodeList"}, props: []prop{
		{name: "Count", get: func(_ *interp, o *Object) any { return int32(len(o.data.(*nodeList).nodes)) }}, //nolint:gosec // bounded
	}}
}

func nodeObject(n *xmlquery.Node) any {
	if n == nil {
		return nil
	}
	if n.Type == xmlquery.DocumentNode {
		return newObject(documentClass(), &xmlNode{n})
	}
	c := &class{name: "System.Xml.XmlElement", bases: []string{"System.Xml.XmlNode"}, open: true, methods: nodeMethods(), text: func(_ *interp, o *Object) string {
		x, _ := o.data.(*xmlNode)
		if x.n.Type == xmlquery.AttributeNode || x.n.Type == xmlquery.TextNode {
			return x.n.InnerText()
		}
		return x.n.Data
	}}
	return newObject(c, &xmlNode{n})
}

func nodeMethods() methods {
	sel := func(single bool) method {
		return one2(func(in *interp, self, v any) (any, error) {
			x, _ := self.(*Object).data.(*xmlNode)
			nodes, err := findNodes(x.n, in.str(v))
			if err != nil {
				return nil, err
			}
			if !single {
				return newObject(listClass(), &nodeList{nodes}), nil
			}
			if len(nodes) == 0 {
				return nil, nil
			}
			return nodeObject(nodes[0]), nil
		})
	}
	return methods{
		"selectnodes": sel(false), "selectsinglenode": sel(true), "getelementsbytagname": one2(func(in *interp, self, v any) (any, error) {
			nodes, err := findNodes(self.(*Object).data.(*xmlNode).n, "//"+in.str(v))
			return newObject(listClass(), &nodeList{nodes}), err
		}),
		"getattribute": one2(func(in *interp, self, v any) (any, error) {
			return self.(*Object).data.(*xmlNode).n.SelectAttr(in.str(v)), nil
		}),
		"hasattribute": one2(func(in *interp, self, v any) (any, error) {
			for _, a := range self.(*Object).data.(*xmlNode).n.Attr {
				if a.Name.Local == in.str(v) {
					return true, nil
				}
			}
			return false, nil
		}),
		"setattribute": func(in *interp, self any, args []any) (any, error) {
			if len(args) < 2 {
				return nil, exception("System.ArgumentException", "Cannot find an overload for \"SetAttribute\".")
			}
			self.(*Object).data.(*xmlNode).n.SetAttr(in.str(args[0]), in.str(args[1]))
			return void{}, nil
		},
	}
}

// findNodes evaluates an XPath expression without letting a faulty one panic.
func findNodes(n *xmlquery.Node, query string) (nodes []*xmlquery.Node, err error) {
	if _, cerr := xpath.Compile(query); cerr != nil {
		return nil, exception("System.Xml.XPath.XPathException", "'%s' has an invalid token.", query)
	}
	nodes, err = xmlquery.QueryAll(n, query)
	if err != nil {
		return nil, exception("System.Xml.XPath.XPathException", "%s", err)
	}
	return nodes, nil
}

func documentClass() *class {
	m := nodeMethods()
	m["load"] = one2(func(in *interp, self, v any) (any, error) {
		path := in.netPath(v)
		data, err := in.k.ReadFile(in.p, path)
		if err != nil {
			return nil, win32(err, path)
		}
		return void{}, reload(self, decodeText(data, "utf8"))
	})
	m["loadxml"] = one2(func(in *interp, self, v any) (any, error) { return void{}, reload(self, in.str(v)) })
	m["save"] = one2(func(in *interp, self, v any) (any, error) {
		text := self.(*Object).data.(*xmlNode).n.OutputXML(true)
		return void{}, in.writeText(in.netPath(v), text, "utf8nobom", false)
	})
	return &class{name: "System.Xml.XmlDocument", bases: []string{"System.Xml.XmlNode"}, open: true, methods: m, text: func(*interp, *Object) string { return "System.Xml.XmlDocument" }}
}

func reload(self any, text string) error {
	n, err := parseXML(text)
	if err != nil {
		return exception("System.Xml.XmlException", "%s", err)
	}
	self.(*Object).data.(*xmlNode).n = n
	return nil
}
