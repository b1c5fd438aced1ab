package kqltest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

// TestExplanationsGiveTheSameRows runs the conformance cases by explaining them: the rows and the errors are those of
// running them.
func TestExplanationsGiveTheSameRows(t *testing.T) {
	kqltest.Run(t, os.DirFS("testdata"), func(ctx context.Context, query string, tables kql.Tables) (*kql.Table, error) {
		list := make([]bind.Table, 0, len(tables))
		for name, table := range tables {
			list = append(list, bind.Table{Name: name, Columns: table.Columns()})
		}
		q, err := kql.Compile(&syntax.Source{Text: query}, bind.NewSchema("test", list, schema.Functions()...))
		if err != nil {
			return nil, err
		}
		e, err := q.Explain(ctx, tables, kqltest.Now(), kql.ExplainOptions{Sources: []kql.Source{0, 1}})
		if err != nil {
			return nil, err
		}
		for _, f := range e.Fates {
			for _, r := range f.Rejections {
				require.NotEmpty(t, r.Reasons, query)
			}
		}
		return e.Table, nil
	})
}

// FuzzExplain explains what is like the conformance cases on empty tables and on none: there is no panic, and the result
// is that of running the query.
func FuzzExplain(f *testing.F) {
	queries, err := kqltest.Queries(os.DirFS("testdata"))
	require.NoError(f, err)
	for _, q := range queries {
		f.Add(q)
	}
	columns := []value.Column{{Name: "a", Type: value.String}, {Name: "n", Type: value.Long}, {Name: "t", Type: value.DateTime}}
	tables := kql.Tables{"T": kql.NewBuilder(columns).
		Append(0, value.NewString("x.exe"), value.NewLong(1), value.NewDateTime(0)).
		Append(1, value.NewString(""), value.Null(value.Long), value.Null(value.DateTime)).Table()}
	schema := bind.NewSchema("fuzz", []bind.Table{{Name: "T", Columns: columns}}, schema.Functions()...)
	f.Fuzz(func(t *testing.T, query string) {
		q, err := kql.Compile(&syntax.Source{Text: query}, schema)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		want, runs := q.Run(ctx, tables, kqltest.Now())
		e, err := q.Explain(ctx, tables, kqltest.Now(), kql.ExplainOptions{Sources: []kql.Source{0, 1}})
		if runs != nil || ctx.Err() != nil {
			return
		}
		require.NoError(t, err)
		require.Equal(t, want.Len(), e.Table.Len())
		for _, s := range e.Steps {
			require.LessOrEqual(t, s.Span.End, len(query))
		}
	})
}
