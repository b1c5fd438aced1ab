package detection_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func row(text string, sources ...kql.Source) detection.Alert {
	return detection.Alert{Row: []detection.Cell{{Column: "A", Value: value.NewString(text)}}, Sources: sources}
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []detection.Alert
		want          []string
	}{
		"nothing":                {nil, nil, nil},
		"the same":               {[]detection.Alert{row("a", 1), row("b", 2)}, []detection.Alert{row("b", 2), row("a", 1)}, nil},
		"gained":                 {[]detection.Alert{row("a", 1)}, []detection.Alert{row("a", 1), row("b", 2)}, []string{"- > b"}},
		"lost":                   {[]detection.Alert{row("a", 1), row("b", 2)}, []detection.Alert{row("b", 2)}, []string{"a > -"}},
		"one of two":             {[]detection.Alert{row("a", 1), row("a", 1)}, []detection.Alert{row("a", 1)}, []string{"a > -"}},
		"another projection":     {[]detection.Alert{row("a", 1)}, []detection.Alert{row("b", 1)}, []string{"a > b"}},
		"other source rows":      {[]detection.Alert{row("a", 1)}, []detection.Alert{row("b", 2)}, []string{"a > -", "- > b"}},
		"no source rows":         {[]detection.Alert{row("a")}, []detection.Alert{row("b")}, []string{"a > -", "- > b"}},
		"each has one partner":   {[]detection.Alert{row("a", 1), row("b", 1)}, []detection.Alert{row("c", 1)}, []string{"a > c", "b > -"}},
		"a number is not a text": {[]detection.Alert{row("1")}, []detection.Alert{{Row: []detection.Cell{{Column: "A", Value: value.NewLong(1)}}}}, []string{"1 > -", "- > 1"}},
		"cells do not run together": {
			[]detection.Alert{{Row: []detection.Cell{{Column: "A", Value: value.NewString("x1:y")}}}},
			[]detection.Alert{{Row: []detection.Cell{{Column: "Ax", Value: value.NewString("y")}}}},
			[]string{"x1:y > -", "- > y"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, change := range detection.Diff(c.before, c.after) {
				got = append(got, first(change.Old)+" > "+first(change.New))
			}
			require.Equal(t, c.want, got)
		})
	}
}

func first(a *detection.Alert) string {
	if a == nil {
		return "-"
	}
	return a.Row[0].Value.String()
}
