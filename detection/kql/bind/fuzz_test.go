package bind_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/kqltest"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// FuzzBind binds what is like the conformance suite, over its tables: nothing panics, spans lie within the text, and a
// result without errors has a plan with its columns.
func FuzzBind(f *testing.F) {
	cases, err := kqltest.Cases(os.DirFS("../kqltest/testdata"))
	require.NoError(f, err)
	schemas := []*bind.Schema{seedSchema()}
	for i, c := range cases {
		var tables []bind.Table
		for name, t := range c.Tables {
			tables = append(tables, bind.Table{Name: name, Columns: t.Columns()})
		}
		schemas = append(schemas, bind.NewSchema("test", tables))
		f.Add(c.Query, uint16(i+1))
	}
	f.Fuzz(func(t *testing.T, text string, at uint16) {
		source := &syntax.Source{Text: text}
		q, diagnostics := syntax.Parse(source)
		r := bind.Bind(source, q, schemas[int(at)%len(schemas)])
		for _, d := range r.Diagnostics {
			require.LessOrEqual(t, 0, d.Span.Start)
			require.LessOrEqual(t, d.Span.Start, d.Span.End)
			require.LessOrEqual(t, d.Span.End, len(text))
		}
		if len(diagnostics) == 0 && !r.Failed() && r.Plan != nil {
			require.Len(t, r.Plan.Columns(), len(r.Columns))
		}
	})
}
