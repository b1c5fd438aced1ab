package kqltest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// variant is another way to run a case, which must not change its outcome.
type variant struct {
	name   string
	query  string
	tables kql.Tables
}

// variants lists the other ways to run a case that gives rows.
func (c *testCase) variants() []variant {
	query := c.block.query()
	q, _ := syntax.Parse(&syntax.Source{Text: query})
	list := []variant{
		{"printed and parsed again", syntax.Print(q), c.tables},
		{`with "where true" after every table`, filtered(q, c.tables), c.tables},
	}
	if !readsEveryTable(q) {
		list = append(list, variant{"with its tables in two parts", rejoined(q, c.tables), halved(c.tables)})
	}
	if !c.block.ordered {
		list = append(list, variant{"with the rows of its tables shuffled", query, shuffled(c.tables)})
	}
	return list
}

// filtered puts `| where true` after every table that a pipeline of the query begins with.
func filtered(q *syntax.Query, tables kql.Tables) string {
	return rewritten(q, tables, func(table string) string { return table + " | where true" })
}

// rejoined reads every table that a pipeline of the query begins with from the parts that [halved] makes of it.
func rejoined(q *syntax.Query, tables kql.Tables) string {
	return rewritten(q, tables, func(table string) string {
		return "(union " + table + firstPart + ", " + table + secondPart + ")"
	})
}

// rewritten puts another text in the place of every table that a pipeline of the query begins with.
func rewritten(q *syntax.Query, tables kql.Tables, text func(table string) string) string {
	var places []*syntax.Name
	syntax.Walk(q, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.Pipeline); ok {
			if name, ok := p.Source.(*syntax.Name); ok && tables[name.Text] != nil {
				places = append(places, name)
			}
		}
		return true
	})
	slices.SortFunc(places, func(a, b *syntax.Name) int { return a.Span().Start - b.Span().Start })
	var b strings.Builder
	last := 0
	for _, name := range places {
		b.WriteString(q.Source.Text[last:name.Span().Start])
		b.WriteString(text(name.Text))
		last = name.Span().End
	}
	b.WriteString(q.Source.Text[last:])
	return b.String()
}

// readsEveryTable reports whether a query reads tables without naming them, so that the parts that [halved] adds would
// be read as well: `union Device*`, or a find or search that no table is given to.
func readsEveryTable(q *syntax.Query) bool {
	found := false
	syntax.Walk(q, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Union:
			found = found || slices.ContainsFunc(n.Tables, isWildcard)
		case *syntax.Find:
			found = found || n.Tables == nil || slices.ContainsFunc(n.Tables, isWildcard)
		case *syntax.Search:
			found = found || slices.ContainsFunc(n.Tables, isWildcard)
		case *syntax.Pipeline:
			if n.Source == nil && len(n.Operators) > 0 {
				search, ok := n.Operators[0].(*syntax.Search)
				found = found || ok && search.Tables == nil
			}
		}
		return !found
	})
	return found
}

func isWildcard(e syntax.Expr) bool {
	_, ok := e.(*syntax.Wildcard)
	return ok
}

const (
	firstPart  = "_first_part"
	secondPart = "_second_part"
)

// halved adds the two halves of every table to the tables.
func halved(tables kql.Tables) kql.Tables {
	out := maps.Clone(tables)
	for name, t := range tables {
		first, second := kql.NewBuilder(t.Columns()), kql.NewBuilder(t.Columns())
		for row := range t.Len() {
			if row < t.Len()/2 {
				first.Append(source(t, row), cells(t, row)...)
			} else {
				second.Append(source(t, row), cells(t, row)...)
			}
		}
		out[name+firstPart], out[name+secondPart] = first.Table(), second.Table()
	}
	return out
}

// source is the lineage of a row of a source table.
func source(t *kql.Table, row int) kql.Source {
	if sources := t.Sources(row); len(sources) > 0 {
		return sources[0]
	}
	return -1
}

// shuffled puts the rows of every table in another order, the same in every run.
func shuffled(tables kql.Tables) kql.Tables {
	out := make(kql.Tables, len(tables))
	for name, t := range tables {
		order := rand.New(rand.NewPCG(uint64(t.Len()), uint64(len(name)))).Perm(t.Len())
		b := kql.NewBuilder(t.Columns())
		for _, row := range order {
			b.Append(source(t, row), cells(t, row)...)
		}
		out[name] = b.Table()
	}
	return out
}
