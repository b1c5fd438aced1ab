package native

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/iis"
)

// sectionPath completes the name of a section: "httpLogging" and "modules" are
// below system.webServer, "sites" below system.applicationHost.
func (c *appcmdCall) sectionPath(section string) (string, *iis.Element, error) {
	section = strings.Trim(section, "/")
	for _, prefix := range []string{"", "system.webServer/", "system.applicationHost/", "system.webServer/security/", "system.webServer/security/authentication/"} {
		found, err := c.iis.Section(c.p, "/"+prefix+section)
		if err != nil {
			return "", nil, err
		}
		if len(found) > 0 {
			return spelled(found[0]), filled(found), nil
		}
	}
	return section, nil, nil
}

// filled is the element that has entries, otherwise the first.
func filled(found []*iis.Element) *iis.Element {
	for _, e := range found {
		if len(e.Children) > 0 {
			return e
		}
	}
	return found[0]
}

// spelled is the path of a section as the file spells it.
func spelled(e *iis.Element) string {
	path := e.Name
	for p := e.Parent; p != nil && p.Parent != nil && p.Name != "location"; p = p.Parent {
		path = p.Name + "/" + path
	}
	return path
}

// config runs LIST, SET, CLEAR and UNLOCK CONFIG.
func (c *appcmdCall) config() int {
	section, ok := c.parameter("section")
	if !ok {
		c.unsupported("configuration without a section")
		return appcmdFail(c.run, appcmdParameter, "Must specify the configuration section.")
	}
	path, element, err := c.sectionPath(section)
	if err != nil {
		return c.fail(err)
	}
	if element == nil {
		return appcmdFail(c.run, appcmdParameter, `Unknown config section "`+section+`".  Replace with ? for help.`)
	}
	switch c.verb {
	case "list":
		return c.listSection(path, element)
	case "set":
		if c.forSite() {
			return c.setForSite(path)
		}
		return c.setSection(path)
	}
	return c.badVerb()
}

// forSite reports whether the command names a configuration path below the
// server's own.
func (c *appcmdCall) forSite() bool {
	return c.id != "" && !strings.EqualFold(c.id, "MACHINE/WEBROOT/APPHOST") && !strings.EqualFold(c.id, "MACHINE/WEBROOT")
}

// setForSite is a change in a site's own web.config: sections that the server
// locks refuse it.
func (c *appcmdCall) setForSite(path string) int {
	parts := strings.Split(path, "/")
	groups := ""
	if len(parts) > 1 {
		groups = "/sectionGroup[@name='" + strings.Join(parts[:len(parts)-1], "']/sectionGroup[@name='") + "']"
	}
	found, err := c.iis.Section(c.p, "/configSections"+groups+"/section[@name='"+parts[len(parts)-1]+"']")
	if err != nil {
		return c.fail(err)
	}
	commit, _ := c.parameter("commit")
	if len(found) > 0 && found[0].Value("overrideModeDefault") == "Deny" && commit == "" {
		appcmdFail(c.run, 0, "Configuration error \nFilename: \\\\?\\C:\\inetpub\\wwwroot\\web.config\nLine Number: 0\nDescription: This configuration section cannot be used at this path. This happens when the section is locked at a parent level. Locking is either by default (overrideModeDefault=\"Deny\"), or set explicitly by a location tag with overrideMode=\"Deny\" or the legacy allowOverride=\"false\".\n.")
		return appcmdLocked
	}
	c.unsupported("configuration of a site")
	return appcmdFail(c.run, appcmdParameter, "The parameter is incorrect.")
}

// listSection prints a section as XML inside the groups that hold it.
func (c *appcmdCall) listSection(path string, element *iis.Element) int {
	if attribute, ok := c.parameter("text"); ok && attribute != "*" {
		c.print("%s\n", element.Value(attribute))
		return 0
	}
	groups := strings.Split(path, "/")
	groups = groups[:len(groups)-1]
	for i, group := range groups {
		c.print("%s<%s>\n", strings.Repeat("  ", i), group)
	}
	c.element(element, len(groups))
	for i, group := range slices.Backward(groups) {
		c.print("%s</%s>\n", strings.Repeat("  ", i), group)
	}
	return 0
}

func (c *appcmdCall) element(e *iis.Element, depth int) {
	indent := strings.Repeat("  ", depth)
	c.print("%s<%s", indent, e.Name)
	for _, a := range e.Attributes {
		c.print(" %s=\"%s\"", a.Name, escapeXML(a.Value))
	}
	if len(e.Children) == 0 {
		c.print(" />\n")
		return
	}
	c.print(">\n")
	for _, child := range e.Children {
		c.element(child, depth+1)
	}
	c.print("%s</%s>\n", indent, e.Name)
}

// setSection applies /name:value, /+[...] and /-[...] to a section.
func (c *appcmdCall) setSection(path string) int {
	for _, p := range c.parameters {
		var err error
		// The whole argument counts for collections: their values hold colons.
		whole := p.Name
		if p.Value != "" {
			whole += ":" + p.Value
		}
		switch lower := strings.ToLower(p.Name); {
		case strings.HasPrefix(whole, "+"), strings.HasPrefix(whole, "-"):
			err = c.setEntry(path, whole)
		case lower == "section" || lower == "commit":
			continue
		default:
			element, name := "/"+path, p.Name
			if at := strings.LastIndexByte(name, '.'); at >= 0 {
				element, name = element+"/"+strings.ReplaceAll(name[:at], ".", "/"), name[at+1:]
			}
			err = c.iis.SetAttribute(c.p, element, name, p.Value)
		}
		if err != nil {
			return c.fail(err)
		}
	}
	c.print("Applied configuration changes to section \"%s\" for \"MACHINE/WEBROOT/APPHOST\" at configuration commit path \"MACHINE/WEBROOT/APPHOST\"\n", path)
	return 0
}

// setEntry adds or deletes an entry of a collection: +[name='X',image='Y'] or,
// in an inner collection, +files.[value='X'].
func (c *appcmdCall) setEntry(path, text string) error {
	inner, list, ok := strings.Cut(text[1:], "[")
	if !ok {
		return &iis.Error{HRESULT: 0x80070057, Message: "The parameter is incorrect."}
	}
	section := "/" + path
	if inner = strings.Trim(inner, "."); inner != "" {
		section += "/" + strings.ReplaceAll(inner, ".", "/")
	}
	attributes := entryAttributes(strings.TrimSuffix(list, "]"))
	if len(attributes) == 0 {
		return &iis.Error{HRESULT: 0x80070057, Message: "The parameter is incorrect."}
	}
	if text[0] == '-' {
		return c.iis.RemoveElement(c.p, section+"/*[@"+attributes[0].Name+"='"+attributes[0].Value+"']")
	}
	return c.iis.AddElement(c.p, section, entryElement(path), attributes...)
}

// entryElement is the name of the entries of a collection.
func entryElement(path string) string {
	switch {
	case strings.HasSuffix(path, "/sites"):
		return "site"
	case strings.HasSuffix(path, "/isapiFilters"):
		return "filter"
	}
	return "add"
}

// entryAttributes reads name='X',image='Y'.
func entryAttributes(text string) []iis.Attribute {
	var list []iis.Attribute
	for text = strings.TrimLeft(text, " ,"); text != ""; text = strings.TrimLeft(text, " ,") {
		name, rest, ok := strings.Cut(text, "=")
		if !ok || rest == "" {
			return list
		}
		if quote := rest[:1]; quote == "'" || quote == `"` {
			content, after, _ := strings.Cut(rest[1:], quote)
			list, text = append(list, iis.Attribute{Name: name, Value: content}), after
			continue
		}
		content, after, _ := strings.Cut(rest, ",")
		list, text = append(list, iis.Attribute{Name: name, Value: content}), after
	}
	return list
}
