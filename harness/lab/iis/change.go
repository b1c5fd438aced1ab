package iis

import (
	"fmt"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// AddElement adds an element to the collection at a section path, as p. The
// first attribute is the key of the collection: an entry with the same key is
// refused as a duplicate.
func (s *Server) AddElement(p *kernel.Process, section, name string, attributes ...Attribute) error {
	return s.commit(p, func(c *change) error { return c.add(section, name, attributes) })
}

// RemoveElement deletes the element at a path, as p.
func (s *Server) RemoveElement(p *kernel.Process, path string) error {
	return s.commit(p, func(c *change) error { return c.remove(path) })
}

// SetAttribute gives an attribute of the element at a path a value, as p. The
// empty value removes the attribute.
func (s *Server) SetAttribute(p *kernel.Process, path, name, value string) error {
	return s.commit(p, func(c *change) error { return c.set(path, name, value) })
}

// collection is the element of a section that holds its entries: the one that
// has some, otherwise the first.
func (c *change) collection(section string) (*Element, error) {
	found, err := c.doc.Find(section)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &Error{HRESULT: resultNotFound, Message: fmt.Sprintf("Unknown config section %q.  Replace with ? for help.", strings.TrimPrefix(section, "/"))}
	}
	for _, e := range found {
		if len(e.Children) > 0 {
			return e, nil
		}
	}
	return found[0], nil
}

func (c *change) add(section, name string, attributes []Attribute) error {
	section = normal(section)
	at, err := c.collection(section)
	if err != nil {
		return err
	}
	if len(attributes) == 0 {
		return &Error{HRESULT: resultParameter, Message: "The parameter is incorrect."}
	}
	key := attributes[0]
	for _, e := range at.Children {
		if e.Name == name && strings.EqualFold(e.Value(key.Name), key.Value) {
			return &Error{HRESULT: resultDuplicate, File: `\\?\` + configFile, Message: fmt.Sprintf("Cannot add duplicate collection entry of type '%s' with unique key attribute '%s' set to '%s'", name, key.Name, key.Value)}
		}
	}
	if err := c.doc.Append(at, name, attributes...); err != nil {
		return err
	}
	entry := entryPath(section, name, key)
	c.record(entry, "add", "", key.Value)
	for _, a := range attributes[1:] {
		c.record(entry+"/@"+a.Name, "set", "", a.Value)
	}
	return nil
}

// element finds the element at a path.
func (c *change) element(path string) (*Element, error) {
	found, err := c.doc.Find(path)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &Error{HRESULT: resultNotFound, Message: "Element not found."}
	}
	return found[0], nil
}

func (c *change) remove(path string) error {
	e, err := c.element(path)
	if err != nil {
		return err
	}
	section, old := elementPath(e), ""
	if key, ok := keyOf(e); ok {
		old = key.Value
	}
	if err := c.doc.Remove(e); err != nil {
		return err
	}
	c.record(section, "delete", old, "")
	return nil
}

func (c *change) set(path, name, value string) error {
	e, err := c.element(path)
	if err != nil {
		return err
	}
	old, present := e.Attribute(name)
	if old == value && (present || value == "") {
		return nil
	}
	section := elementPath(e) + "/@" + name
	if value == "" {
		err = c.doc.RemoveAttribute(e, name)
	} else {
		err = c.doc.SetAttribute(e, name, value)
	}
	if err != nil {
		return err
	}
	c.record(section, "set", old, value)
	return nil
}

// normal writes a section path with one leading slash.
func normal(section string) string { return "/" + strings.Trim(section, "/") }

func entryPath(section, name string, key Attribute) string {
	return fmt.Sprintf(`%s/%s[@%s="%s"]`, section, name, key.Name, key.Value)
}

// keyOf is the attribute that identifies an entry of a collection.
func keyOf(e *Element) (Attribute, bool) {
	for _, name := range []string{"name", "path", "value", "fileExtension"} {
		if value, ok := e.Attribute(name); ok {
			return Attribute{Name: name, Value: value}, true
		}
	}
	return Attribute{}, false
}

// elementPath is the path by which events name an element.
func elementPath(e *Element) string {
	path := ""
	for ; e.Parent != nil && e.Name != "location"; e = e.Parent {
		if key, ok := keyOf(e); ok {
			path = entryPath("", e.Name, key) + path
			continue
		}
		path = "/" + e.Name + path
	}
	return path
}
