package iis

import (
	"fmt"
	"strings"
)

// step is one part of a configuration path: a name, "*" or ".", whether it may
// lie at any depth, and the attributes it must have.
type step struct {
	name      string
	anywhere  bool
	predicate []condition
}

type condition struct{ attribute, value string }

// parsePath reads the XPath subset in which the configuration system names
// elements: /system.webServer/globalModules/add[@name='X' and @image="Y"],
// //add, * and a final dot.
func parsePath(path string) ([]step, error) {
	var steps []step
	rest := strings.TrimSpace(path)
	for rest != "" {
		next := step{}
		switch {
		case strings.HasPrefix(rest, "//"):
			next.anywhere, rest = true, rest[2:]
		case rest[0] == '/':
			rest = rest[1:]
		}
		end := strings.IndexAny(rest, "/[")
		if end < 0 {
			end = len(rest)
		}
		next.name, rest = rest[:end], rest[end:]
		var err error
		if rest != "" && rest[0] == '[' {
			if next.predicate, rest, err = parsePredicate(rest[1:]); err != nil {
				return nil, fmt.Errorf("configuration path %q: %w", path, err)
			}
		}
		if next.name != "" && next.name != "." {
			steps = append(steps, next)
		}
	}
	return steps, nil
}

// parsePredicate reads @name='value' [and ...] up to the closing bracket.
func parsePredicate(s string) ([]condition, string, error) {
	var list []condition
	for {
		s = strings.TrimLeft(s, " ")
		name, value, ok := strings.Cut(strings.TrimPrefix(s, "@"), "=")
		value = strings.TrimLeft(value, " ")
		if !ok || value == "" || value[0] != '\'' && value[0] != '"' {
			return nil, "", fmt.Errorf("the predicate %q is not understood", s)
		}
		text, rest, ok := strings.Cut(value[1:], value[:1])
		if !ok {
			return nil, "", fmt.Errorf("the predicate %q is not closed", s)
		}
		list = append(list, condition{attribute: strings.TrimSpace(name), value: text})
		rest = strings.TrimLeft(rest, " ")
		switch {
		case strings.HasPrefix(rest, "]"):
			return list, rest[1:], nil
		case strings.HasPrefix(rest, "and "):
			s = rest[4:]
		default:
			return nil, "", fmt.Errorf("the predicate %q is not closed", s)
		}
	}
}

func (s step) matches(e *Element) bool {
	if s.name != "*" && !strings.EqualFold(s.name, e.Name) {
		return false
	}
	for _, c := range s.predicate {
		value, ok := e.Attribute(c.attribute)
		if !ok || !strings.EqualFold(value, c.value) {
			return false
		}
	}
	return true
}

// find returns the elements below e that the steps lead to, in document order.
func find(e *Element, steps []step) []*Element {
	if len(steps) == 0 {
		return []*Element{e}
	}
	var found []*Element
	for _, c := range e.Children {
		if steps[0].matches(c) {
			found = append(found, find(c, steps[1:])...)
		}
		if steps[0].anywhere {
			found = append(found, find(c, steps)...)
		}
	}
	return found
}

// Find returns the elements at a configuration path. Sections of the document
// element come first, then those inside <location path="">, which applies to
// the whole server as well.
func (d *Document) Find(path string) ([]*Element, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	if len(steps) > 0 && steps[0].name == "configuration" && !steps[0].anywhere {
		steps = steps[1:]
	}
	found := find(d.root, steps)
	if len(steps) > 0 && steps[0].anywhere {
		return found, nil
	}
	for _, c := range d.root.Children {
		if c.Name == "location" && c.Value("path") == "" {
			found = append(found, find(c, steps)...)
		}
	}
	return found, nil
}
