package kqltest_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
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
