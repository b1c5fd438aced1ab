package kql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// predicates that the engine evaluates in more than one way: by scanning a dictionary,
// by code, by value, by column, row by row.
var predicates = []string{
	`FolderPath has "inetsrv"`,
	`FolderPath has_any ("\\inetsrv\\", "cache", "zz")`,
	`FolderPath !has "System32"`,
	`FolderPath has_all ("windows", "exe")`,
	`FolderPath contains "vendor\\{0"`,
	`FileName endswith ".DLL"`,
	`FileName !startswith "f1"`,
	`FileName matches regex @"^f[0-9]+\.(dll|tmp)$"`,
	`ActionType in ("FileCreated", "FileDeleted")`,
	`InitiatingProcessFileName !in~ ("TIWORKER.exe", "msiexec.exe")`,
	`InitiatingProcessFileName =~ "W3WP.EXE"`,
	`ActionType != "FileCreated"`,
	`Timestamp > ago(12h)`,
	`Timestamp between (ago(12h) .. 6h)`,
	`Size > 100`,
	`Size != 7`,
	`Size == 7 or Size < 3`,
	`not(Size > 100)`,
	`Ratio >= 0.5`,
	`Size > Ratio * 1000`,
	`isnull(Size) or isempty(FileName)`,
	`strlen(FileName) % 2 == 0`,
	`tolower(ActionType) == "filecreated"`,
	`FileName has "dll" and (Size > 50 or ActionType has "Deleted") and not(FolderPath has "drivers")`,
	`bin(Timestamp, 1h) == bin(ago(3h), 1h)`,
	`ActionType in ((Files | where Size > 250 | project ActionType | take 1))`,
}

// filesWithNulls is generated file events with a number and a real that may be null.
func filesWithNulls() (*kql.Schema, kql.Tables) {
	events := benchTables(6000)["DeviceFileEvents"]
	columns := append(append([]value.Column{}, events.Columns()...),
		value.Column{Name: "Size", Type: value.Long}, value.Column{Name: "Ratio", Type: value.Real})
	b := kql.NewBuilder(columns)
	for row := range events.Len() {
		var cells []value.Value
		for col := range events.Columns() {
			cells = append(cells, events.At(row, col))
		}
		size, ratio := value.NewLong(int64(row%300)), value.NewReal(float64(row%97)/97)
		if row%11 == 0 {
			size = value.Null(value.Long)
		}
		if row%13 == 0 {
			ratio = value.Null(value.Real)
		}
		b.Append(kql.Source(row), append(cells, size, ratio)...)
	}
	return bind.NewSchema("files", []bind.Table{{Name: "Files", Columns: columns}}), kql.Tables{"Files": b.Table()}
}

// TestEveryPathAgrees asks each predicate in forms that take different ways through the
// engine and must give the same rows.
func TestEveryPathAgrees(t *testing.T) {
	schema, db := filesWithNulls()
	forms := []string{
		`Files | where %s`,
		`Files | where true | extend p = (%s) | where p | project-away p`,
		`Files | where not(not(%s))`,
		`Files | where iff(%s, true, false)`,
		`Files | where Size >= 0 or Size < 0 or isnull(Size) | where %s`,
		`union (Files | where Size < 150), (Files | where Size >= 150), (Files | where isnull(Size)) | where %s | sort by Timestamp, FolderPath`,
	}
	for _, p := range predicates {
		var want map[string]int
		for i, form := range forms {
			q, err := kql.Compile(&syntax.Source{Text: fmt.Sprintf(form, p)}, schema)
			require.NoError(t, err, form, p)
			got := counted(rowsOf(run(t, q, db)))
			if i == 0 {
				want = got
			}
			require.Equal(t, want, got, form, p)
		}
		require.NotEmpty(t, want, "%s is true of nothing, and shows nothing", p)
	}
}

func counted(rows []string) map[string]int {
	out := map[string]int{}
	for _, r := range rows {
		out[r]++
	}
	return out
}
