package bind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// TestEveryBuiltinWithAnyArguments calls every function, aggregate and plugin with none to
// four arguments of every sort: whatever the call is worth, it is bound or reported.
func TestEveryBuiltinWithAnyArguments(t *testing.T) {
	schema := bind.NewSchema("test", []bind.Table{{Name: "T", Columns: []value.Column{
		{Name: "Text", Type: value.String},
		{Name: "Size", Type: value.Long},
		{Name: "Time", Type: value.DateTime},
		{Name: "Extra", Type: value.Dynamic},
	}}})
	arguments := []string{
		"Text", "Size", "Time", "Extra", `"a"`, "1", "-1.5", "1d", "*", "T", "typeof(long)", "dynamic([1])", "dynamic({})", "count()",
		"nothing", "(Text, Size)", "bin_auto()", "named=1",
	}
	functions, aggregates, plugins := bind.Builtins()
	calls := 0
	try := func(format, name string) {
		for count := range 5 {
			for first := range arguments {
				list := make([]string, count)
				for i := range list {
					list[i] = arguments[(first+i*(first+1))%len(arguments)]
				}
				query := fmt.Sprintf(format, name+"("+strings.Join(list, ", ")+")")
				bindOrReport(t, query, schema)
				calls++
				if count == 0 {
					break
				}
			}
		}
	}
	for _, name := range functions {
		try("T | extend x = %s", name)
		try("T | where %s", name)
		try("print %s", name)
	}
	for _, name := range aggregates {
		try("T | summarize %s by Text", name)
		try("T | make-series x = %s on Time step 1d", name)
	}
	for _, name := range plugins {
		try("T | evaluate %s", name)
		try("evaluate %s", name)
	}
	require.Greater(t, calls, 10000)
}

// bindOrReport binds a query; without an error there must be a whole plan.
func bindOrReport(t *testing.T, query string, schema *bind.Schema) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: %v", query, p)
		}
	}()
	src := &syntax.Source{Text: query}
	q, _ := syntax.Parse(src)
	if r := bind.Bind(src, q, schema); !r.Failed() {
		require.NotNil(t, r.Plan, query)
	}
}
