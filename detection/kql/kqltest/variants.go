package kqltest

import (
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
	if !c.block.ordered {
		list = append(list, variant{"with the rows of its tables shuffled", query, shuffled(c.tables)})
	}
	return list
}

// filtered puts `| where true` after every table that a pipeline of the query begins with.
func filtered(q *syntax.Query, tables kql.Tables) string {
	var ends []int
	syntax.Walk(q, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.Pipeline); ok {
			if name, ok := p.Source.(*syntax.Name); ok && tables[name.Text] != nil {
				ends = append(ends, name.Span().End)
			}
		}
		return true
	})
	slices.Sort(ends)
	var b strings.Builder
	last := 0
	for _, end := range ends {
		b.WriteString(q.Source.Text[last:end])
		b.WriteString(" | where true")
		last = end
	}
	b.WriteString(q.Source.Text[last:])
	return b.String()
}

// shuffled puts the rows of every table in another order, the same in every run.
func shuffled(tables kql.Tables) kql.Tables {
	out := make(kql.Tables, len(tables))
	for name, t := range tables {
		order := rand.New(rand.NewPCG(uint64(t.Len()), uint64(len(name)))).Perm(t.Len())
		b := kql.NewBuilder(t.Columns())
		for _, row := range order {
			source := kql.Source(-1)
			if sources := t.Sources(row); len(sources) > 0 {
				source = sources[0]
			}
			b.Append(source, cells(t, row)...)
		}
		out[name] = b.Table()
	}
	return out
}
