package native

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/iis"
)

// appcmdObject is one object that appcmd lists.
type appcmdObject struct {
	name       string
	detail     string          // behind the name, in brackets
	attributes []iis.Attribute // what /text: and filters see
	element    *iis.Element    // its configuration, nil when it has none
}

// setting looks a value such as processModel.userName up in the configuration
// of the object; what is not set is "".
func (o appcmdObject) setting(name string) string {
	e := o.element
	parts := strings.Split(name, ".")
	for _, part := range parts[:len(parts)-1] {
		if e != nil {
			e = childFold(e, part)
		}
	}
	if e == nil {
		return ""
	}
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, parts[len(parts)-1]) {
			return a.Value
		}
	}
	return ""
}

func childFold(e *iis.Element, name string) *iis.Element {
	for _, c := range e.Children {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

// attribute looks an attribute up without regard to case; NAME and TYPE.NAME
// are the identifier.
func (o appcmdObject) attribute(object, name string) (string, bool) {
	name = strings.ToLower(name)
	if name == "name" || name == object+".name" {
		return o.name, true
	}
	for _, a := range o.attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Value, true
		}
	}
	return "", false
}

// list prints the objects that the identifier and the parameters select, in the
// form that /text and /xml ask for. An empty result is exit code 1.
func (c *appcmdCall) list(objects []appcmdObject) int {
	objects = slices.DeleteFunc(objects, func(o appcmdObject) bool { return !c.selects(o) })
	if len(objects) == 0 {
		return 1
	}
	format, asText := c.parameter("text")
	if _, asXML := c.parameter("xml"); asXML {
		c.listXML(objects)
		return 0
	}
	for _, o := range objects {
		switch {
		case !asText:
			c.print("%s \"%s\"%s\n", strings.ToUpper(c.object), o.name, o.detail)
		case format == "*":
			c.listAttributes(o)
		default:
			if text, known := o.attribute(c.object, format); known {
				c.print("%s\n", text)
			} else {
				c.print("%s\n", o.setting(format))
			}
		}
	}
	return 0
}

func (c *appcmdCall) selects(o appcmdObject) bool {
	if c.id != "" && !strings.EqualFold(c.id, o.name) {
		return false
	}
	for _, p := range c.parameters {
		switch strings.ToLower(p.Name) {
		case "text", "xml", "config", "in":
			continue
		}
		if got, ok := o.attribute(c.object, p.Name); !ok || !strings.EqualFold(got, p.Value) {
			return false
		}
	}
	return true
}

func (c *appcmdCall) listAttributes(o appcmdObject) {
	kind := strings.ToUpper(c.object)
	c.print("%s\n  %s.NAME:\"%s\"\n", kind, kind, o.name)
	for _, a := range o.attributes {
		c.print("  %s:\"%s\"\n", a.Name, a.Value)
	}
	if o.element != nil {
		c.listElement(o.element, 1)
	}
}

// listElement prints the configuration of an object, element by element.
func (c *appcmdCall) listElement(e *iis.Element, depth int) {
	indent := strings.Repeat("  ", depth)
	c.print("%s[%s]\n", indent, e.Name)
	for _, a := range e.Attributes {
		c.print("%s  %s:\"%s\"\n", indent, a.Name, a.Value)
	}
	for _, child := range e.Children {
		c.listElement(child, depth+1)
	}
}

func (c *appcmdCall) listXML(objects []appcmdObject) {
	kind := strings.ToUpper(c.object)
	c.print("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<appcmd>\n")
	for _, o := range objects {
		c.print("    <%s %s.NAME=\"%s\"", kind, kind, escapeXML(o.name))
		for _, a := range o.attributes {
			c.print(" %s=\"%s\"", a.Name, escapeXML(a.Value))
		}
		c.print(" />\n")
	}
	c.print("</appcmd>\n")
}

func escapeXML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// topology runs LIST, START, STOP and RECYCLE on sites, applications, virtual
// directories, pools and worker processes.
func (c *appcmdCall) topology() int {
	switch c.verb {
	case "list":
		objects, err := c.objects()
		if err != nil {
			return c.fail(err)
		}
		return c.list(objects)
	case "start", "stop", "recycle":
		return c.control()
	case "set":
		return c.setObject()
	}
	return c.badVerb()
}

func (c *appcmdCall) objects() ([]appcmdObject, error) {
	switch c.object {
	case "apppool":
		return c.pools()
	case "wp":
		return c.workers()
	}
	sites, err := c.iis.Sites(c.p)
	if err != nil {
		return nil, err
	}
	elements, err := c.elements("/system.applicationHost/sites/site")
	var list []appcmdObject
	for _, s := range sites {
		switch c.object {
		case "site":
			o := siteObject(s)
			o.element = elements[s.Name]
			list = append(list, o)
		case "app":
			list = append(list, applications(s)...)
		case "vdir":
			list = append(list, directories(s)...)
		}
	}
	return list, err
}

// elements are the elements at a path by their names.
func (c *appcmdCall) elements(path string) (map[string]*iis.Element, error) {
	found, err := c.iis.Section(c.p, path)
	byName := map[string]*iis.Element{}
	for _, e := range found {
		byName[e.Value("name")] = e
	}
	return byName, err
}

func siteObject(s iis.Site) appcmdObject {
	var bindings []string
	for _, b := range s.Bindings {
		bindings = append(bindings, b.String())
	}
	joined := strings.Join(bindings, ",")
	return appcmdObject{
		name: s.Name, detail: " (id:" + s.ID + ",bindings:" + joined + ",state:" + string(s.State) + ")",
		attributes: []iis.Attribute{{Name: "SITE.ID", Value: s.ID}, {Name: "bindings", Value: joined}, {Name: "state", Value: string(s.State)}},
	}
}

func applications(s iis.Site) []appcmdObject {
	var list []appcmdObject
	for _, a := range s.Applications {
		list = append(list, appcmdObject{
			name: s.Name + a.Path, detail: " (applicationPool:" + a.Pool + ")",
			attributes: []iis.Attribute{{Name: "path", Value: a.Path}, {Name: "APPPOOL.NAME", Value: a.Pool}, {Name: "applicationPool", Value: a.Pool}, {Name: "SITE.NAME", Value: s.Name}},
		})
	}
	return list
}

func directories(s iis.Site) []appcmdObject {
	var list []appcmdObject
	for _, a := range s.Applications {
		for _, d := range a.Directories {
			name := s.Name + strings.TrimRight(a.Path, "/") + d.Path
			list = append(list, appcmdObject{
				name: name, detail: " (physicalPath:" + d.PhysicalPath + ")",
				attributes: []iis.Attribute{{Name: "physicalPath", Value: d.PhysicalPath}, {Name: "path", Value: d.Path}, {Name: "APP.NAME", Value: s.Name + a.Path}},
			})
		}
	}
	return list
}

func (c *appcmdCall) pools() ([]appcmdObject, error) {
	pools, err := c.iis.Pools(c.p)
	if err != nil {
		return nil, err
	}
	elements, err := c.elements("/system.applicationHost/applicationPools/add")
	var list []appcmdObject
	for _, p := range pools {
		list = append(list, appcmdObject{
			name: p.Name, element: elements[p.Name], detail: " (MgdVersion:" + p.RuntimeVersion + ",MgdMode:" + p.PipelineMode + ",state:" + string(p.State) + ")",
			attributes: []iis.Attribute{{Name: "PipelineMode", Value: p.PipelineMode}, {Name: "RuntimeVersion", Value: p.RuntimeVersion}, {Name: "state", Value: string(p.State)}},
		})
	}
	return list, err
}

func (c *appcmdCall) workers() ([]appcmdObject, error) {
	if _, err := c.iis.Pools(c.p); err != nil {
		return nil, err
	}
	var list []appcmdObject
	for _, w := range c.iis.Workers() {
		list = append(list, appcmdObject{
			name: decimal(int(w.PID)), detail: " (applicationPool:" + w.Pool + ")",
			attributes: []iis.Attribute{{Name: "APPPOOL.NAME", Value: w.Pool}},
		})
	}
	return list, nil
}

// control starts, stops or recycles a site or a pool.
func (c *appcmdCall) control() int {
	change := c.iis.SetSiteState
	if c.object == "apppool" {
		change = c.iis.SetPoolState
	}
	state, done := iis.Started, "started."
	switch c.verb {
	case "stop":
		state, done = iis.Stopped, "stopped"
	case "recycle":
		done = "recycled"
	}
	if c.object != "site" && c.object != "apppool" || c.verb == "recycle" && c.object == "site" {
		return c.badVerb()
	}
	known, err := change(c.p, c.named(), state)
	switch {
	case err != nil:
		return c.fail(err)
	case !known:
		return c.missing()
	}
	c.print("\"%s\" successfully %s\n", c.named(), done)
	return 0
}

// setObject changes attributes of a site or a pool.
func (c *appcmdCall) setObject() int {
	path := map[string]string{"site": "/system.applicationHost/sites/site", "apppool": "/system.applicationHost/applicationPools/add"}[c.object]
	if path == "" {
		return c.badVerb()
	}
	for _, p := range c.parameters {
		if strings.HasSuffix(strings.ToLower(p.Name), "name") {
			continue
		}
		element, name := path+"[@name='"+c.named()+"']", p.Name
		if at := strings.LastIndexByte(name, '.'); at >= 0 {
			element, name = element+"/"+strings.ReplaceAll(name[:at], ".", "/"), name[at+1:]
		}
		if err := c.iis.SetAttribute(c.p, element, name, p.Value); err != nil {
			return c.fail(err)
		}
	}
	c.print("%s object \"%s\" changed\n", strings.ToUpper(c.object), c.named())
	return 0
}
