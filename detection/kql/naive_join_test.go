package kql_test

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// join looks at every pair of rows.
func (n *naive) join(p *bind.Join) [][]value.Value {
	left, right := n.run(p.Left), n.run(p.Right)
	if p.Kind == "innerunique" {
		left = n.firstOfEachKey(left, p.Keys)
	}
	matches := n.matches(p, left, right)
	matchedLeft, matchedRight := make([]bool, len(left.rows)), make([]bool, len(right.rows))
	var rows [][]value.Value
	give := func(l, r []value.Value) { rows = append(rows, naivePair(p, left, right, l, r)) }
	for l := range left.rows {
		for r := range right.rows {
			if !matches[l][r] {
				continue
			}
			matchedLeft[l], matchedRight[r] = true, true
			if p.Kind == "inner" || p.Kind == "innerunique" || strings.HasSuffix(p.Kind, "outer") {
				give(left.rows[l], right.rows[r])
			}
		}
		if !matchedLeft[l] && (p.Kind == "leftouter" || p.Kind == "fullouter") {
			give(left.rows[l], nil)
		}
		if p.Kind == "leftsemi" && matchedLeft[l] || p.Kind == "leftanti" && !matchedLeft[l] {
			give(left.rows[l], nil)
		}
	}
	for r := range right.rows {
		if !matchedRight[r] && (p.Kind == "rightouter" || p.Kind == "fullouter" || p.Kind == "rightanti") || matchedRight[r] && p.Kind == "rightsemi" {
			give(nil, right.rows[r])
		}
	}
	return rows
}

// naivePair is the output of a pair of rows, one of which may be missing.
func naivePair(p *bind.Join, left, right *naiveTable, l, r []value.Value) []value.Value {
	if l == nil {
		l = naiveNulls(left.columns)
	}
	if r == nil {
		r = naiveNulls(right.columns)
	}
	both := slices.Concat(l, r)
	out := make([]value.Value, len(p.Fields))
	for i, from := range p.Fields {
		out[i] = both[from]
	}
	return out
}

func naiveNulls(columns []value.Column) []value.Value {
	out := make([]value.Value, len(columns))
	for i, c := range columns {
		out[i] = value.Null(c.Type)
	}
	return out
}

// matches says which left row matches which right row.
func (n *naive) matches(p *bind.Join, left, right *naiveTable) [][]bool {
	var leftKeys, rightKeys [][]value.Value
	for i := range left.rows {
		leftKeys = append(leftKeys, n.keys(p.Keys, left.at(i), false))
	}
	for i := range right.rows {
		rightKeys = append(rightKeys, n.keys(p.Keys, right.at(i), true))
	}
	out := make([][]bool, len(left.rows))
	for l := range out {
		out[l] = make([]bool, len(right.rows))
		for r := range out[l] {
			out[l][r] = naiveSameKeys(leftKeys[l], rightKeys[r])
		}
	}
	return out
}

func (n *naive) keys(keys []bind.JoinKey, in naiveScope, right bool) []value.Value {
	var out []value.Value
	for _, k := range keys {
		if right {
			out = append(out, n.expr(k.Right, in))
		} else {
			out = append(out, n.expr(k.Left, in))
		}
	}
	return out
}

// naiveSameKeys is equality in which null equals null.
func naiveSameKeys(a, b []value.Value) bool {
	for i := range a {
		if a[i].IsNull() && b[i].IsNull() {
			continue
		}
		if a[i].Type() == b[i].Type() {
			if naiveKey(a[i]) != naiveKey(b[i]) {
				return false
			}
			continue
		}
		order, ok := naiveOrder(a[i], b[i])
		if a[i].IsNull() || b[i].IsNull() || !ok || order != 0 {
			return false
		}
	}
	return true
}

func (n *naive) firstOfEachKey(t *naiveTable, keys []bind.JoinKey) *naiveTable {
	out := &naiveTable{columns: t.columns}
	seen := map[string]bool{}
	for i, row := range t.rows {
		if key := naiveKeys(n.keys(keys, t.at(i), false)); !seen[key] {
			seen[key] = true
			out.rows = append(out.rows, row)
		}
	}
	return out
}
