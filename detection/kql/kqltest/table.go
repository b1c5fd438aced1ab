package kqltest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

// Now is what now() is in every query: 2 January 2026, 03:04:05 UTC.
func Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Engine runs a query over tables, with [Now] as the time. An error of a query is a *syntax.Error; any
// other error is a fault of the engine and fails the case, whatever outcome is expected.
type Engine func(ctx context.Context, query string, tables kql.Tables) (*kql.Table, error)

// Offline is the engine of this module.
func Offline(ctx context.Context, query string, tables kql.Tables) (*kql.Table, error) {
	list := make([]bind.Table, 0, len(tables))
	for name, t := range tables {
		list = append(list, bind.Table{Name: name, Columns: t.Columns()})
	}
	q, err := kql.Compile(&syntax.Source{Text: query}, bind.NewSchema("test", list, schema.Functions()...))
	if err != nil {
		return nil, err
	}
	return q.Run(ctx, tables, Now())
}

// readTable makes a table of a header and rows of literals.
func readTable(lines []string) (*kql.Table, error) {
	if len(lines) == 0 {
		return nil, fmt.Errorf("no header")
	}
	text := "datatable(" + lines[0] + ") [\n" + strings.Join(lines[1:], ",\n") + "\n]"
	read, err := Offline(context.Background(), text, nil)
	if err != nil {
		return nil, fmt.Errorf("as a datatable: %w", err)
	}
	b := kql.NewBuilder(read.Columns())
	for row := range read.Len() {
		b.Append(kql.Source(row), cells(read, row)...)
	}
	return b.Table(), nil
}

// cells is a row of a table.
func cells(t *kql.Table, row int) []value.Value {
	out := make([]value.Value, len(t.Columns()))
	for i := range out {
		out[i] = t.At(row, i)
	}
	return out
}

// noColumns stands for the header of a table without columns.
const noColumns = "(no columns)"

// writeTable writes a header and rows as they stand in a file, sorted unless the order counts.
func writeTable(t *kql.Table, ordered bool) []string {
	columns := make([]string, len(t.Columns()))
	for i, c := range t.Columns() {
		columns[i] = syntax.QuoteName(c.Name) + ":" + c.Type.String()
	}
	if len(columns) == 0 {
		return []string{noColumns} // a blank line would end the case
	}
	rows := make([]string, t.Len())
	for row := range rows {
		texts := make([]string, len(columns))
		for i, v := range cells(t, row) {
			texts[i] = writeLiteral(v)
		}
		rows[row] = strings.Join(texts, ", ")
	}
	if !ordered {
		slices.Sort(rows)
	}
	return append([]string{strings.Join(columns, ", ")}, rows...)
}

// writeLiteral writes a value as a literal that reads as the same value in a column of its type.
func writeLiteral(v value.Value) string {
	if v.IsNull() {
		return v.Type().String() + "(null)"
	}
	switch v.Type() {
	case value.String:
		return syntax.QuoteString(v.Str())
	case value.Bool:
		return fmt.Sprint(v.Bool())
	case value.Int, value.Long:
		return v.String()
	case value.Real:
		return writeReal(v)
	case value.Dynamic:
		return "dynamic(" + value.JSON(v.Dynamic()) + ")"
	case value.DateTime:
		return "datetime(" + strings.Replace(v.String(), ".0000000Z", "Z", 1) + ")"
	}
	return v.Type().String() + "(" + v.String() + ")"
}

// writeReal writes a real so that it cannot be taken for a long.
func writeReal(v value.Value) string {
	f := v.Real()
	switch {
	case math.IsNaN(f):
		return "real(nan)"
	case math.IsInf(f, 1):
		return "real(+inf)"
	case math.IsInf(f, -1):
		return "real(-inf)"
	}
	text := v.String()
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
