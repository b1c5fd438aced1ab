package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/fleet"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// column is the cells of one column of a table, in order.
func column(t *testing.T, c fleet.Config, table, name string) []string {
	t.Helper()
	at := -1
	for i, col := range fleet.Columns(table) {
		if col.Name == name {
			at = i
		}
	}
	require.GreaterOrEqual(t, at, 0, "%s has no %s", table, name)
	var cells []string
	require.NoError(t, c.Each(func(e *fleet.Event) error {
		if e.Table == table {
			cells = append(cells, e.Cells[at].String())
		}
		return nil
	}))
	return cells
}

func distinct(cells []string) int {
	set := map[string]bool{}
	for _, c := range cells {
		set[c] = true
	}
	return len(set)
}

func TestTheSameConfigGivesTheSameRows(t *testing.T) {
	rows := func(seed uint64) string {
		var b strings.Builder
		require.NoError(t, fleet.Config{Rows: 500, Seed: seed}.Each(func(e *fleet.Event) error {
			_, err := fmt.Fprintln(&b, e.Table, e.Cells)
			return err
		}))
		return b.String()
	}
	first, again := rows(1), rows(1)
	require.Equal(t, first, again)
	require.NotEqual(t, first, rows(2))
}

func TestEveryCellHasTheTypeOfItsColumn(t *testing.T) {
	require.NoError(t, fleet.Config{Rows: 2000}.Each(func(e *fleet.Event) error {
		columns := fleet.Columns(e.Table)
		require.Len(t, e.Cells, len(columns), e.Table)
		for i, c := range columns {
			require.Equal(t, c.Type, e.Cells[i].Type(), "%s.%s", e.Table, c.Name)
		}
		return nil
	}))
}

func TestProportions(t *testing.T) {
	c := fleet.Config{Rows: 50_000, Seed: 1}
	for _, want := range []struct {
		table, column string
		rows          float64 // of all rows
		low, high     float64 // distinct values to rows
	}{
		{fleet.FileEvents, "FolderPath", 0.35, 0.62, 0.95},
		{fleet.RegistryEvents, "RegistryKey", 0.25, 0.10, 0.85},
		{fleet.ImageLoadEvents, "FolderPath", 0.30, 0, 0.7},
		{fleet.ProcessEvents, "ProcessCommandLine", 0.10, 0.3, 0.7},
		{fleet.FileEvents, "InitiatingProcessFileName", 0.35, 0, 0.03},
		{fleet.FileEvents, "DeviceId", 0.35, 0, 0.02},
	} {
		cells := column(t, c, want.table, want.column)
		require.InDelta(t, want.rows, float64(len(cells))/float64(c.Rows), 0.01, want.table)
		share := float64(distinct(cells)) / float64(len(cells))
		require.True(t, want.low <= share && share <= want.high, "%s.%s: %.2f of the rows are distinct", want.table, want.column, share)
	}
}

// Events must be by processes that were seen to start, for joins to find something.
func TestEventsBelongToProcesses(t *testing.T) {
	started, known := map[string]bool{}, 0
	rows := 0
	at := func(e *fleet.Event, name string) value.Value {
		for i, c := range fleet.Columns(e.Table) {
			if c.Name == name {
				return e.Cells[i]
			}
		}
		return value.Value{}
	}
	require.NoError(t, fleet.Config{Rows: 50_000, Devices: 20, Seed: 1}.Each(func(e *fleet.Event) error {
		if e.Table == fleet.ProcessEvents {
			started[at(e, "DeviceId").String()+at(e, "ProcessId").String()] = true
			return nil
		}
		rows++
		if started[at(e, "DeviceId").String()+at(e, "InitiatingProcessId").String()] {
			known++
		}
		return nil
	}))
	require.Greater(t, known, rows/2)
}
