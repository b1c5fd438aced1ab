package kql_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func TestSince(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	b := kql.NewBuilder([]value.Column{{Name: "Timestamp", Type: value.DateTime}, {Name: "Name", Type: value.String}})
	for i := range 5 {
		b.Append(kql.Source(10+i), value.NewDateTime(value.FromTime(noon.Add(time.Duration(i)*time.Hour))), value.NewString(string(rune('a'+i))))
	}
	table := b.Append(20, value.Null(value.DateTime), value.NewString("timeless")).Table()

	kept := table.Since("Timestamp", noon.Add(3*time.Hour))
	require.Equal(t, 3, kept.Len())
	for row, name := range []string{"d", "e", "timeless"} {
		require.Equal(t, name, kept.At(row, 1).Str())
		require.Equal(t, []kql.Source{[]kql.Source{13, 14, 20}[row]}, kept.Sources(row))
	}
	require.Same(t, table, table.Since("Timestamp", noon), "the bound belongs to the period")
	require.Same(t, table, table.Since("Name", noon.Add(time.Hour)), "no time")
	require.Same(t, table, table.Since("TimeGenerated", noon.Add(time.Hour)), "no such column")
}
