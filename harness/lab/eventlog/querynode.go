package eventlog

import (
	"strconv"
	"time"
)

type nodeKind uint8

const (
	documentNode nodeKind = iota
	eventNode
	systemNode
	dataNode     // EventData
	userDataNode // UserData
	payloadNode  // the element below UserData
	leafNode
)

// node is a place in the tree of a record. The tree is never built: a query
// usually looks at one number of each of thousands of records.
type node struct {
	kind   nodeKind
	record *Record
	now    time.Time
	name   string
	value  string
	attrs  []Field
}

func (n node) text() string { return n.value }

// step returns the children (or attributes) of n that a step names.
func (n node) step(s step) []node {
	if s.name == "." && !s.attribute {
		return []node{n}
	}
	if s.attribute {
		return n.attributes(s.name)
	}
	var out []node
	for _, child := range n.children(s.name) {
		if s.name == "*" || child.name == s.name {
			out = append(out, child)
		}
	}
	return out
}

func (n node) attributes(name string) []node {
	var out []node
	for _, a := range n.attrs {
		if name == "*" || a.Name == name {
			out = append(out, n.leaf(a.Name, a.Value))
		}
	}
	return out
}

func (n node) leaf(name, value string, attrs ...Field) node {
	return node{kind: leafNode, record: n.record, now: n.now, name: name, value: value, attrs: attrs}
}

func (n node) inner(kind nodeKind, name string) node {
	return node{kind: kind, record: n.record, now: n.now, name: name}
}

func (n node) children(wanted string) []node {
	switch n.kind {
	case documentNode:
		return []node{n.inner(eventNode, "Event")}
	case eventNode:
		out := []node{n.inner(systemNode, "System")}
		if n.record.UserData != nil {
			return append(out, n.inner(userDataNode, "UserData"))
		}
		return append(out, n.inner(dataNode, "EventData"))
	case systemNode:
		return n.system(wanted)
	case dataNode:
		out := make([]node, len(n.record.Data))
		for i, f := range n.record.Data {
			out[i] = n.leaf("Data", f.Value, Field{"Name", f.Name})
		}
		return out
	case userDataNode:
		return []node{n.inner(payloadNode, n.record.UserData.Element)}
	case payloadNode:
		var out []node
		for _, f := range n.record.UserData.Data {
			out = append(out, n.leaf(f.Name, f.Value))
		}
		return out
	case leafNode:
	}
	return nil
}

// system makes the children of System, or only the one that is wanted.
func (n node) system(wanted string) []node {
	r := n.record
	all := []struct {
		name  string
		value func() string
		attrs func() []Field
	}{
		{"Provider", nil, func() []Field { return []Field{{"Name", r.Provider}, {"Guid", r.ProviderGUID}} }},
		{"EventID", func() string { return strconv.Itoa(r.EventID) }, nil},
		{"Version", func() string { return strconv.Itoa(r.Version) }, nil},
		{"Level", func() string { return strconv.Itoa(r.Level) }, nil},
		{"Task", func() string { return strconv.Itoa(r.Task) }, nil},
		{"Opcode", func() string { return strconv.Itoa(r.Opcode) }, nil},
		{"Keywords", func() string { return "0x" + strconv.FormatUint(r.Keywords, 16) }, nil},
		{"TimeCreated", nil, func() []Field { return []Field{{"SystemTime", SystemTime(r.Time)}} }},
		{"EventRecordID", func() string { return strconv.FormatUint(r.ID, 10) }, nil},
		{"Correlation", nil, func() []Field { return []Field{{"ActivityID", r.ActivityID}} }},
		{"Execution", nil, func() []Field {
			return []Field{{"ProcessID", strconv.Itoa(int(r.ProcessID))}, {"ThreadID", strconv.Itoa(int(r.ThreadID))}}
		}},
		{"Channel", func() string { return r.Channel }, nil},
		{"Computer", func() string { return r.Computer }, nil},
		{"Security", nil, func() []Field { return []Field{{"UserID", r.UserID}} }},
	}
	var out []node
	for _, c := range all {
		if wanted != "*" && wanted != c.name {
			continue
		}
		made := n.leaf(c.name, "")
		if c.value != nil {
			made.value = c.value()
		}
		if c.attrs != nil {
			made.attrs = c.attrs()
		}
		out = append(out, made)
	}
	return out
}
