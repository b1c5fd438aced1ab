package kql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// displaced is the reason of operators that give other rows in place of this one, or none.
func (e *explainer) displaced(at site) []Reason {
	word := e.word(at.node.plan)
	r := Reason{Span: at.node.plan.Span()}
	given := at.pass.out.rows
	switch at.node.plan.(type) {
	case *bind.Take, *bind.Sample, *bind.SampleDistinct:
		r.Wanted = fmt.Sprintf("one of the first %d rows", given)
		r.Hints = []Hint{{Kind: HintOtherRow, Text: fmt.Sprintf("%s kept %d other rows of %d; it is row %d", word, given, at.rows.rows, at.row+1)}}
	default:
		r.Wanted = "a row of it in what " + word + " gives"
		r.Hints = []Hint{{Kind: HintOtherRow, Text: fmt.Sprintf("none of the %d rows that %s gives comes from it", given, word)}}
	}
	return []Reason{r}
}

// behind compares a row that top left out with the last one it kept.
func (e *explainer) behind(at site, p *bind.Top) ([]Reason, error) {
	x := e.examine(at)
	r := Reason{Span: p.Span()}
	for _, k := range p.Keys {
		v, err := x.value(k.Expr)
		if err != nil {
			return nil, err
		}
		r.Saw = append(r.Saw, Observation{Span: k.Expr.Span(), Name: x.name(k.Expr), Value: v})
	}
	kept := at.pass.out.rows
	r.Wanted = fmt.Sprintf("a place among the first %d", kept)
	if kept > 0 {
		last := e.examine(site{node: at.node, rows: at.pass.out, row: kept - 1})
		v, err := last.value(p.Keys[0].Expr)
		if err != nil {
			return nil, err
		}
		r.Hints = []Hint{{Kind: HintOtherRow, Text: fmt.Sprintf("%s of the last row kept is %s", x.name(p.Keys[0].Expr), Literal(v))}}
	}
	return []Reason{r}, nil
}

// nothingToExpand shows the values that mv-expand and mv-apply found no element in.
func (e *explainer) nothingToExpand(at site, expansions []bind.Expansion) ([]Reason, error) {
	x := e.examine(at)
	r := Reason{Span: at.node.plan.Span(), Wanted: "an array or a bag with elements"}
	for _, one := range expansions {
		v, err := x.value(one.Expr)
		if err != nil {
			return nil, err
		}
		r.Saw = append(r.Saw, Observation{Span: one.Expr.Span(), Name: x.name(one.Expr), Value: v})
	}
	r.Hints = []Hint{{Kind: HintNoElements, Text: "it has no element to make a row of"}}
	return []Reason{r}, nil
}

// notParsed shows the text that parse-where could not take apart.
func (e *explainer) notParsed(at site, p *bind.Parse) ([]Reason, error) {
	x := e.examine(at)
	v, err := x.value(p.Text)
	if err != nil {
		return nil, err
	}
	r := Reason{Span: p.Span(), Wanted: "a text of the form of the pattern", Saw: []Observation{{Span: p.Text.Span(), Name: x.name(p.Text), Value: v}}}
	if v.String() == "" {
		r.Hints = []Hint{{Kind: HintEmpty, Text: x.name(p.Text) + " is empty"}}
	}
	for _, part := range p.Pattern {
		if missing := p.Kind != "regex" && part.Text != "" && !matchesAny(stringOperator{kind: matchContains, sensitive: true}, v.String(), []string{part.Text}); missing && v.String() != "" {
			r.Hints = append(r.Hints, Hint{Kind: HintPart, Text: quoted(part.Text) + " of the pattern is not in it"})
			break
		}
	}
	return []Reason{r}, nil
}

// withoutPartner compares the keys of a row with those of the other side of a join.
func (e *explainer) withoutPartner(at site, p *bind.Join) ([]Reason, error) {
	j := &joinExaminer{explainer: e, at: at, plan: p}
	if err := j.evaluate(); err != nil {
		return nil, err
	}
	partner, differing := j.nearest()
	switch {
	case partner >= 0 && len(differing) == 0 && (p.Kind == "leftanti" || p.Kind == "rightanti"):
		return []Reason{j.reason(0, partner, Hint{Kind: HintPartner, Text: "the other side has a row with this key, and the join keeps only those without"})}, nil
	case partner >= 0 && len(differing) == 0:
		return []Reason{j.reason(0, partner, Hint{Kind: HintOtherRow, Text: "another row with the same key took its place; kind=inner keeps all of them"})}, nil
	case partner < 0:
		return []Reason{j.reason(0, partner, Hint{Kind: HintNoPartner, Text: "the other side of the join has no rows" + j.drained()})}, nil
	}
	var out []Reason
	for _, k := range differing {
		out = append(out, j.reason(k, partner, j.hints(k, partner)...))
	}
	return out, nil
}

// joinExaminer looks for the partner that a row nearly has.
type joinExaminer struct {
	*explainer
	at   site
	plan *bind.Join
	own  []value.Value
	mine []bind.Expr // of the own keys
	keys [][]value.Value
	rows int
}

// evaluate finds the keys of the row and of every row of the other side.
func (j *joinExaminer) evaluate() error {
	x := j.examine(j.at)
	var other *relation
	for _, f := range j.at.pass.in {
		if f.role != j.at.role {
			other = f.rows
		}
	}
	if other == nil {
		return nil
	}
	j.rows = other.rows
	for _, k := range j.plan.Keys {
		mine, theirs := k.Left, k.Right
		if j.at.role == 1 {
			mine, theirs = theirs, mine
		}
		v, err := x.value(mine)
		if err != nil {
			return err
		}
		column, err := j.exprs.get(theirs).eval(j.x, other)
		if err != nil {
			return err
		}
		values := make([]value.Value, other.rows)
		for row := range values {
			values[row] = column.value(row)
		}
		j.own, j.mine, j.keys = append(j.own, v), append(j.mine, mine), append(j.keys, values)
	}
	return nil
}

// drained says where the other side lost its last rows.
func (j *joinExaminer) drained() string {
	n := j.at.node
	role := 1 - j.at.role
	for {
		i := slices.IndexFunc(n.children, func(c child) bool { return c.role == role })
		if i < 0 {
			return ""
		}
		n, role = n.children[i].node, 0
		at := j.query.source.Position(n.plan.Span().Start).Line
		switch taken := n.taken(); {
		case len(n.children) == 0:
			return fmt.Sprintf(": %s in line %d is empty", j.word(n.plan), at)
		case taken > 0 && n.given() == 0:
			return fmt.Sprintf(": the %s in line %d let none of %d through", j.word(n.plan), at, taken)
		}
	}
}

// nearest is the row of the other side whose keys agree most, and the keys that do not.
func (j *joinExaminer) nearest() (row int, differing []int) {
	row = -1
	best := -1
	for r := range j.rows {
		var off []int
		score := 0
		for k := range j.keys {
			switch {
			case sameKey(j.own[k], j.keys[k][r]):
				score += nearScale
			default:
				off = append(off, k)
				score += j.closeness(k, r)
			}
		}
		if score > best {
			row, best, differing = r, score, off
		}
		if len(off) == 0 {
			return r, nil
		}
	}
	return row, differing
}

// nearScale is the score of an equal key; keys that differ get less.
const nearScale = 1000

// sameKey is equality as join sees it: null equals null.
func sameKey(a, b value.Value) bool { return a.IsNull() && b.IsNull() || equal(a, b, false) }

// closeness ranks keys that differ: those that differ in case or length only come before those that begin alike.
func (j *joinExaminer) closeness(k, row int) int {
	a, b := fold(j.own[k].String()), fold(j.keys[k][row].String())
	switch {
	case a == "" || b == "":
		return 0
	case a == b:
		return nearScale * 3 / 4
	case strings.Contains(a, b) || strings.Contains(b, a):
		return nearScale / 2
	}
	common := 0
	for common < min(len(a), len(b), nearScale/4) && a[common] == b[common] {
		common++
	}
	return common
}

// hints compare a key with that of a row of the other side, as == does.
func (j *joinExaminer) hints(k, row int) []Hint {
	own, other := j.own[k], j.keys[k][row]
	d := &demand{
		sign: "==", want: true, subject: own, operands: []value.Value{other}, textual: true,
		operator: stringOperator{kind: matchEqual, sensitive: true}, texts: []string{other.String()},
	}
	hints := append([]Hint{{Kind: HintNoPartner, Text: "no row of the other side has this key; the nearest has " + Literal(other)}}, d.typeHints()...)
	if own.IsNull() || own.String() == "" {
		return append(hints, Hint{Kind: HintEmpty, Text: j.keyName(k) + " is empty"})
	}
	for _, h := range d.textHints() {
		if h.Kind == HintCase {
			h.Text = "the keys differ only in case; a join compares with it, tolower() on both sides does not"
		}
		hints = append(hints, h)
	}
	return hints
}

func (j *joinExaminer) keyName(k int) string { return j.examine(j.at).name(j.mine[k]) }

// reason is that of one key.
func (j *joinExaminer) reason(k, row int, hints ...Hint) Reason {
	r := Reason{Span: j.plan.Span(), Hints: hints}
	if k >= len(j.mine) {
		return r
	}
	if at := j.mine[k].Span(); at != (syntax.Span{}) {
		r.Span = at
	}
	r.Saw = []Observation{{Span: j.mine[k].Span(), Name: j.keyName(k), Value: j.own[k]}}
	if row >= 0 && len(hints) > 0 && hints[0].Kind == HintPartner {
		r.Wanted = "no row of the other side with " + Literal(j.own[k])
		return r
	}
	r.Wanted = "a row of the other side with the same key"
	return r
}
