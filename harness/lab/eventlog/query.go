package eventlog

import (
	"strconv"
	"strings"
	"time"
)

// A Query selects records. It is the subset of XPath 1.0 that the event log
// service knows: paths over Event, System, EventData and UserData, nested
// predicates, comparisons, and, or, parentheses, and the functions timediff,
// band and position. See "Consuming Events" in the Windows Event Log reference.
type Query struct {
	root *path // nil selects everything
}

// ParseQuery compiles an expression such as
//
//	*[System[(EventRecordID>5) and (EventID=1 or EventID=11)]]
//
// "" and "*" select everything. The error is a [*QueryError].
func ParseQuery(text string) (*Query, error) {
	if t := strings.TrimSpace(text); t == "" || t == "*" {
		return &Query{}, nil
	}
	p := &parser{text: text}
	p.next()
	root := p.path()
	if p.err == nil && p.kind != endToken {
		p.fail("expected the end of the query")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Query{root: root}, nil
}

// Match reports whether the query selects the record; now is what timediff
// measures from.
func (q *Query) Match(r *Record, now time.Time) bool {
	if q.root == nil {
		return true
	}
	return len(q.root.walk(node{kind: documentNode, record: r, now: now})) > 0
}

// least is a record id below which the query selects nothing, as far as it says
// so in a plain way: whoever follows a log asks again and again for what is new.
func (q *Query) least() uint64 {
	id := uint64(0)
	if q.root != nil {
		for _, s := range q.root.steps {
			id = max(id, allLeast(s.predicates, leastInEvent))
		}
	}
	return id
}

func allLeast(conditions []expression, of func(expression) uint64) uint64 {
	id := uint64(0)
	for _, c := range conditions {
		id = max(id, of(c))
	}
	return id
}

// leastInEvent reads System[...] and conditions joined by and.
func leastInEvent(e expression) uint64 {
	switch e := e.(type) {
	case logical:
		if e.and {
			return max(leastInEvent(e.left), leastInEvent(e.right))
		}
	case *path:
		if len(e.steps) == 1 && e.steps[0].name == "System" && !e.steps[0].attribute {
			return allLeast(e.steps[0].predicates, leastInSystem)
		}
	}
	return 0
}

// leastInSystem reads EventRecordID>n and conditions joined by and.
func leastInSystem(e expression) uint64 {
	switch e := e.(type) {
	case logical:
		if e.and {
			return max(leastInSystem(e.left), leastInSystem(e.right))
		}
	case comparison:
		left, isPath := e.left.(*path)
		right, isLiteral := e.right.(literal)
		if isPath && isLiteral && len(left.steps) == 1 && left.steps[0].name == "EventRecordID" && (e.op == ">" || e.op == ">=" || e.op == "=") {
			id, _ := integer(right.value)
			return id
		}
	}
	return 0
}

// expression is a part of a predicate. Its value is a bool, float64, string or
// []node.
type expression interface{ eval(at node) any }

type (
	logical struct {
		and         bool
		left, right expression
	}
	comparison struct {
		op          string
		left, right expression
	}
	literal struct{ value any }
	call    struct {
		name string
		args []expression
	}
	path struct{ steps []step }
	step struct {
		attribute  bool
		name       string // "*" is any, "." stays
		predicates []expression
	}
)

func (e logical) eval(at node) any {
	if e.and {
		return truth(e.left.eval(at)) && truth(e.right.eval(at))
	}
	return truth(e.left.eval(at)) || truth(e.right.eval(at))
}

func (e literal) eval(node) any { return e.value }

func (e *path) eval(at node) any { return e.walk(at) }

func (e *path) walk(at node) []node {
	nodes := []node{at}
	for _, s := range e.steps {
		var next []node
		for _, n := range nodes {
			for _, child := range n.step(s) {
				if s.holds(child) {
					next = append(next, child)
				}
			}
		}
		nodes = next
	}
	return nodes
}

func (s step) holds(n node) bool {
	for _, p := range s.predicates {
		if !truth(p.eval(n)) {
			return false
		}
	}
	return true
}

func (e comparison) eval(at node) any {
	left, right := e.left.eval(at), e.right.eval(at)
	for _, a := range atoms(left) {
		for _, b := range atoms(right) {
			if compare(e.op, a, b) {
				return true
			}
		}
	}
	return false
}

func (e call) eval(at node) any {
	var args []any
	for _, a := range e.args {
		args = append(args, first(a.eval(at)))
	}
	switch {
	case e.name == "timediff" && len(args) > 0:
		t, ok := parseTime(text(args[0]))
		if !ok {
			return false
		}
		return float64(at.now.Sub(t).Milliseconds())
	case e.name == "band" && len(args) == 2:
		a, okA := integer(args[0])
		b, okB := integer(args[1])
		return okA && okB && a&b != 0
	case e.name == "position":
		return float64(1)
	}
	return false
}

func first(v any) any {
	if all := atoms(v); len(all) > 0 {
		return all[0]
	}
	return ""
}

// atoms are the values to compare: each node's text, or the value itself.
func atoms(v any) []any {
	nodes, ok := v.([]node)
	if !ok {
		return []any{v}
	}
	out := make([]any, len(nodes))
	for i, n := range nodes {
		out[i] = n.text()
	}
	return out
}

func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []node:
		return len(v) > 0
	}
	return false
}

func compare(op string, a, b any) bool {
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return ordered(op, x-y)
		}
	}
	if x, ok := parseTime(text(a)); ok {
		if y, ok := parseTime(text(b)); ok {
			return ordered(op, float64(x.Sub(y)))
		}
	}
	return ordered(op, float64(strings.Compare(text(a), text(b))))
}

func ordered(op string, difference float64) bool {
	switch op {
	case "=":
		return difference == 0
	case "!=":
		return difference != 0
	case "<":
		return difference < 0
	case "<=":
		return difference <= 0
	case ">":
		return difference > 0
	default:
		return difference >= 0
	}
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		if n, ok := integer(v); ok {
			return float64(n), true
		}
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

func integer(v any) (uint64, bool) {
	switch v := v.(type) {
	case float64:
		return uint64(v), v >= 0
	case string:
		n, err := strconv.ParseUint(v, 0, 64)
		return n, err == nil
	}
	return 0, false
}

func parseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02") {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
