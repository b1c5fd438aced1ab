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
	if wanted != "*" {
		return []node{n.systemChild(wanted)}
	}
	names := [...]string{
		"Provider", "EventID", "Version", "Level", "Task", "Opcode", "Keywords", "TimeCreated", "EventRecordID", "Correlation", "Execution",
		"Channel", "Computer", "Security",
	}
	var out []node
	for _, name := range names {
		out = append(out, n.systemChild(name))
	}
	return out
}

// systemChild makes one element of System; an unknown name gives a node without
// name, which no step selects.
func (n node) systemChild(name string) node {
	r := n.record
	switch name {
	case "EventID":
		return n.leaf(name, strconv.Itoa(r.EventID))
	case "Version":
		return n.leaf(name, strconv.Itoa(r.Version))
	case "Level":
		return n.leaf(name, strconv.Itoa(r.Level))
	case "Task":
		return n.leaf(name, strconv.Itoa(r.Task))
	case "Opcode":
		return n.leaf(name, strconv.Itoa(r.Opcode))
	case "Keywords":
		return n.leaf(name, "0x"+strconv.FormatUint(r.Keywords, 16))
	case "EventRecordID":
		return n.leaf(name, strconv.FormatUint(r.ID, 10))
	case "Channel":
		return n.leaf(name, r.Channel)
	case "Computer":
		return n.leaf(name, r.Computer)
	case "Provider":
		return n.leaf(name, "", Field{"Name", r.Provider}, Field{"Guid", r.ProviderGUID})
	case "TimeCreated":
		return n.leaf(name, "", Field{"SystemTime", SystemTime(r.Time)})
	case "Correlation":
		return n.leaf(name, "", Field{"ActivityID", r.ActivityID})
	case "Execution":
		return n.leaf(name, "", Field{"ProcessID", strconv.FormatUint(uint64(r.ProcessID), 10)}, Field{"ThreadID", strconv.FormatUint(uint64(r.ThreadID), 10)})
	case "Security":
		return n.leaf(name, "", Field{"UserID", r.UserID})
	}
	return n.leaf("", "")
}
