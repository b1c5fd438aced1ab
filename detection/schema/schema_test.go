package schema

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func TestColumnsThatRulesReadMost(t *testing.T) {
	tests := []struct {
		schema, table, column string
		want                  value.Type
	}{
		{"xdr", "DeviceProcessEvents", "Timestamp", value.DateTime},
		{"xdr", "DeviceProcessEvents", "ProcessId", value.Long},
		{"xdr", "DeviceProcessEvents", "ProcessCommandLine", value.String},
		{"xdr", "DeviceNetworkEvents", "RemotePort", value.Int},
		{"xdr", "DeviceEvents", "AdditionalFields", value.String},
		{"xdr", "DeviceImageLoadEvents", "FolderPath", value.String},
		{"xdr", "DeviceLogonEvents", "IsLocalAdmin", value.Bool},
		{"xdr", "DeviceRegistryEvents", "PreviousRegistryValueData", value.String},
		{"logs", "DeviceProcessEvents", "TimeGenerated", value.DateTime},
		{"logs", "DeviceProcessEvents", "Timestamp", value.DateTime},
		{"logs", "DeviceEvents", "AdditionalFields", value.Dynamic},
		{"logs", "SecurityEvent", "EventID", value.Int},
		{"logs", "SigninLogs", "TimeGenerated", value.DateTime},
	}
	schemas := map[string]func(table, column string) (value.Type, bool){"xdr": typeIn(t, true), "logs": typeIn(t, false)}
	for _, tt := range tests {
		got, ok := schemas[tt.schema](tt.table, tt.column)
		require.True(t, ok, "%s: no %s.%s", tt.schema, tt.table, tt.column)
		require.Equal(t, tt.want, got, "%s: %s.%s", tt.schema, tt.table, tt.column)
	}
	_, ok := schemas["xdr"]("DeviceRegistryEvents", "AccountName")
	require.False(t, ok, "the registry table has InitiatingProcessAccountName only")
	_, ok = schemas["xdr"]("DeviceProcessEvents", "TimeGenerated")
	require.False(t, ok, "TimeGenerated belongs to Log Analytics")
}

// typeIn gives a lookup of column types in one of the schemas.
func typeIn(t *testing.T, xdr bool) func(table, column string) (value.Type, bool) {
	t.Helper()
	schema := LogAnalytics()
	if xdr {
		schema = DefenderXDR()
	}
	return func(table, column string) (value.Type, bool) {
		found, ok := schema.Table(table)
		if !ok {
			return value.Unknown, false
		}
		for _, c := range found.Columns {
			if c.Name == column {
				return c.Type, true
			}
		}
		return value.Unknown, false
	}
}

func TestTablesAreWellFormed(t *testing.T) {
	for name, text := range map[string]string{"defender_xdr.txt": defenderXDR, "log_analytics.txt": logAnalytics} {
		tables, err := parseTables(text)
		require.NoError(t, err, name)
		last := ""
		for _, table := range tables {
			require.NotEmpty(t, table.Columns, "%s: %s", name, table.Name)
			require.Less(t, last, table.Name, "%s: tables are in order, each once", name)
			last = table.Name
			seen := map[string]bool{}
			for _, c := range table.Columns {
				require.False(t, seen[c.Name], "%s: %s has %s twice", name, table.Name, c.Name)
				seen[c.Name] = true
			}
		}
	}
}

func TestServiceFunctions(t *testing.T) {
	f, ok := DefenderXDR().Function("FileProfile")
	require.True(t, ok)
	require.True(t, f.Invoked)
	require.True(t, f.Parameters[0].Column)
	_, ok = DefenderXDR().Function("_GetWatchlist")
	require.False(t, ok, "watchlists belong to Sentinel")
	f, ok = LogAnalytics().Function("_GetWatchlist")
	require.True(t, ok)
	require.True(t, f.Open)
}

func TestParseTablesReportsTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"  a:long\n":       "line 1: columns without a table",
		"T\n  a b:nope\n":  `line 2: table T: column b: no type is called "nope"`,
		"# c\nT\n  :long":  `line 3: table T: column without a name: ":long"`,
		"T\n  a\nU\n  b:x": `line 4: table U: column b: no type is called "x"`,
	} {
		_, err := parseTables(text)
		require.EqualError(t, err, want)
	}
}
