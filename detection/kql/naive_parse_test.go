package kql_test

import (
	"regexp"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// parse takes a text apart by trying, part by part, every place where it can end.
func (n *naive) parse(p *bind.Parse) [][]value.Value {
	if p.Kind == "regex" {
		panic(naiveUnknown("parse kind=regex"))
	}
	in := n.run(p.Input)
	var rows [][]value.Value
	for i, row := range in.rows {
		cells := make([]value.Value, len(p.Fields))
		copy(cells, row)
		texts, matched := naiveParse(p, p.Pattern, n.expr(p.Text, in.at(i)).String())
		found := map[int]value.Value{}
		for _, part := range p.Pattern {
			if !naiveColumnPart(part) {
				continue
			}
			v := value.Null(part.Type)
			if matched {
				v = value.Convert(value.NewString(texts[part.Index]), part.Type)
				matched = p.Kind == "relaxed" || !v.IsNull()
			}
			found[part.Index] = v
		}
		for index, v := range found {
			if cells[index] = v; !matched {
				cells[index] = value.Null(p.Fields[index].Type)
			}
		}
		if matched || p.Keyword != "parse-where" {
			rows = append(rows, cells)
		}
	}
	return rows
}

func naiveColumnPart(part bind.ParsePart) bool {
	return part.Index >= 0 && !part.Star && part.Text == ""
}

// naiveParse finds the text of every column, by its index.
func naiveParse(p *bind.Parse, parts []bind.ParsePart, text string) (map[int]string, bool) {
	if len(parts) == 0 {
		return map[int]string{}, text == ""
	}
	part := parts[0]
	if !part.Star && !naiveColumnPart(part) {
		rest, ok := strings.CutPrefix(text, part.Text)
		if !ok {
			return nil, false
		}
		return naiveParse(p, parts[1:], rest)
	}
	for _, end := range naiveEnds(p, part, text) {
		if found, ok := naiveParse(p, parts[1:], text[end:]); ok {
			if !part.Star {
				found[part.Index] = text[:end]
			}
			return found, true
		}
	}
	return nil, false
}

// naiveEnds lists where a star or a column can end, the best first: texts are as short as can be, numbers as long.
func naiveEnds(p *bind.Parse, part bind.ParsePart, text string) []int {
	number := ""
	switch part.Type {
	case value.Int, value.Long:
		number = `^[-+]?[0-9]+$`
	case value.Real, value.Decimal:
		number = `^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$`
	}
	var short, numbers []int
	for end := range len(text) + 1 {
		short = append(short, end)
		if number != "" && regexp.MustCompile(number).MatchString(text[:end]) {
			numbers = append([]int{end}, numbers...)
		}
	}
	switch {
	case part.Star || number == "":
		return short
	case p.Kind == "relaxed":
		return append(numbers, short...)
	default:
		return numbers
	}
}
