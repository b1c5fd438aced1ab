package ingest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness/ingest"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

func TestMerge(t *testing.T) {
	events := []telemetry.Event{event(11, `TargetFilename=C:\a.dll`, `Image=C:\x.exe`)}
	imported := []telemetry.Table{
		{Name: "DeviceFileEvents", Rows: []byte(`{"TimeGenerated":"2026-01-02T03:04:05Z","FileName":"b.dll","FileSize":"12","AdditionalFields":"{\"a\":[1]}","Other":1}` + "\n")},
		{Name: "DeviceFileEvents", Rows: []byte(`{"Timestamp":"2026-01-02T03:04:06Z","FileName":"c.dll","AdditionalFields":{"a":[2]}}` + "\n")},
		{Name: "NoSuchTable", Rows: []byte("{}\n")},
	}
	for _, c := range []struct {
		schema *kql.Schema
		time   string
	}{{schema.DefenderXDR(), "Timestamp"}, {schema.LogAnalytics(), "TimeGenerated"}} {
		tables := ingest.Tables(events, c.schema)
		require.NoError(t, ingest.Merge(tables, imported, c.schema))
		require.NotContains(t, tables, "NoSuchTable")
		table := tables["DeviceFileEvents"]
		cell := func(row int, column string) string {
			for i, have := range table.Columns() {
				if have.Name == column {
					return table.At(row, i).String()
				}
			}
			return "no column " + column
		}
		require.Equal(t, 3, table.Len())
		require.Equal(t, []kql.Source{0}, table.Sources(0))
		require.Empty(t, table.Sources(1))
		require.Equal(t, "a.dll", cell(0, "FileName"))
		require.Equal(t, "2026-01-02T03:04:05.0000000Z", cell(1, c.time))
		require.Equal(t, "12", cell(1, "FileSize"))
		require.JSONEq(t, `{"a":[1]}`, cell(1, "AdditionalFields"))
		require.Equal(t, "2026-01-02T03:04:06.0000000Z", cell(2, c.time))
		require.JSONEq(t, `{"a":[2]}`, cell(2, "AdditionalFields"))
	}
	require.Error(t, ingest.Merge(kql.Tables{}, []telemetry.Table{{Name: "DeviceFileEvents", Rows: []byte("{")}}, schema.DefenderXDR()))
}
