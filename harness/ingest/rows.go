package ingest

import (
	"bytes"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/tablefile"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// noEvent is the source of rows that came as rows.
const noEvent kql.Source = -1

// Merge puts rows that came normalised behind those of the same table that come of events. Their columns are those of the
// schema: others are left out, and tables that it lacks as well. TimeGenerated and Timestamp stand in for each other, for
// an export of Defender XDR has the one, and one of Log Analytics the other.
func Merge(tables kql.Tables, imported []telemetry.Table, schema *kql.Schema) error {
	for _, t := range imported {
		declared, ok := schema.Table(t.Name)
		if !ok {
			continue
		}
		rows, err := tablefile.Read(t.Name+".ndjson", bytes.NewReader(t.Rows), declared.Columns)
		if err != nil {
			return err
		}
		b := kql.NewBuilder(declared.Columns)
		if have, ok := tables[t.Name]; ok {
			copyRows(b, have)
		}
		appendRows(b, declared.Columns, rows)
		tables[t.Name] = b.Table()
	}
	return nil
}

func copyRows(b *kql.Builder, t *kql.Table) {
	cells := make([]value.Value, len(t.Columns()))
	for i := range t.Len() {
		for c := range cells {
			cells[c] = t.At(i, c)
		}
		source := noEvent
		if from := t.Sources(i); len(from) > 0 {
			source = from[0]
		}
		b.Append(source, cells...)
	}
}

func appendRows(b *kql.Builder, columns []value.Column, rows *kql.Table) {
	from := make([]int, len(columns))
	for i, c := range columns {
		from[i] = placeOf(rows, c.Name)
	}
	cells := make([]value.Value, len(columns))
	for row := range rows.Len() {
		for i, c := range columns {
			cells[i] = value.Null(c.Type)
			if from[i] >= 0 {
				cells[i] = parsed(rows.At(row, from[i]), c.Type)
			}
		}
		b.Append(noEvent, cells...)
	}
}

func placeOf(rows *kql.Table, column string) int {
	other := map[string]string{"Timestamp": "TimeGenerated", "TimeGenerated": "Timestamp"}[column]
	place := func(name string) int {
		return slices.IndexFunc(rows.Columns(), func(c value.Column) bool { return c.Name == name })
	}
	if at := place(column); at >= 0 || other == "" {
		return at
	}
	return place(other)
}

// parsed turns the JSON text, as which exports write values of dynamic columns, into the value.
func parsed(v value.Value, t value.Type) value.Value {
	if t != value.Dynamic || v.IsNull() {
		return v
	}
	text, ok := v.Dynamic().(string)
	if !ok {
		return v
	}
	x, err := value.ParseJSON(text)
	if err != nil {
		return v
	}
	return value.NewDynamic(x)
}
