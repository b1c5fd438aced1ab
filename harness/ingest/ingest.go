// Package ingest turns events into the rows that Microsoft Defender would have written: DeviceProcessEvents,
// DeviceFileEvents, DeviceRegistryEvents and DeviceImageLoadEvents, for Defender XDR or for Log Analytics.
//
// The rows are Sysmon's view in Defender's shape. Defender itself filters and caps what it records, so a row here says
// "the host saw this", not "Defender would have kept it".
//
// Columns lists, for every column of every table, which source fills it, or that none can. The shapes follow recorded
// Defender rows, not the documentation, where the two differ: FolderPath holds the full path with the file name,
// InitiatingProcessFolderPath is lower case, accounts are lower case, a command line loses the folder of its image,
// and registry keys read HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001.
package ingest

import (
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// Tables builds every table that this package fills, in the shape that the schema gives it. The Source of a row is
// the index of its event in events. Events that belong in none of the tables are passed over.
func Tables(events []telemetry.Event, schema *kql.Schema) kql.Tables {
	seen := newObserver(events)
	tables := kql.Tables{}
	for _, t := range tableMap {
		declared, ok := schema.Table(t.name)
		if !ok {
			continue
		}
		b := kql.NewBuilder(declared.Columns)
		fill := t.fillers(declared.Columns)
		for i := range events {
			if r, ok := t.row(seen, &events[i]); ok {
				b.Append(kql.Source(i), r.cells(declared.Columns, fill)...)
			}
		}
		tables[t.name] = b.Table()
	}
	return tables
}

// row is one event on its way into a table: the event, the process that acted, and (for process events) the
// process that came of it.
type row struct {
	table  string
	event  *telemetry.Event
	action string
	actor  process // Defender's "initiating process"
	made   process // the created process of a DeviceProcessEvents row
}

func (r *row) cells(columns []value.Column, fill []filler) []value.Value {
	cells := make([]value.Value, len(columns))
	for i, c := range columns {
		cells[i] = value.Null(c.Type)
		if fill[i] == nil {
			continue
		}
		if v := fill[i](r); v.Type() == c.Type {
			cells[i] = v
		}
	}
	return cells
}

// table says which events become rows of one table, and how its columns are filled.
type table struct {
	name    string
	row     func(*observer, *telemetry.Event) (row, bool)
	columns []column
}

func (t *table) fillers(columns []value.Column) []filler {
	fill := make([]filler, len(columns))
	for i, c := range columns {
		at := slices.IndexFunc(t.columns, func(have column) bool { return have.name == c.Name })
		if at >= 0 {
			fill[i] = t.columns[at].fill
		}
	}
	return fill
}

// Column says where the values of one column come from.
type Column struct {
	Table, Name string
	Source      string // "" when no source that geiger collects can fill the column
}

// Columns lists every column that this package knows, table by table.
func Columns() []Column {
	var all []Column
	for _, t := range tableMap {
		for _, c := range t.columns {
			all = append(all, Column{Table: t.name, Name: c.name, Source: c.source})
		}
	}
	return all
}

// Unfilled returns those of the columns (by table name) that no source can fill: a rule that filters on one of them
// never fires, whatever happens on the host. A table that is not ingested at all is returned with an empty Name.
func Unfilled(read map[string][]string) []Column {
	var none []Column
	for name, columns := range read {
		at := slices.IndexFunc(tableMap, func(t table) bool { return t.name == name })
		if at < 0 {
			none = append(none, Column{Table: name})
			continue
		}
		for _, c := range columns {
			if !tableMap[at].fills(c) {
				none = append(none, Column{Table: name, Name: c})
			}
		}
	}
	slices.SortFunc(none, func(a, b Column) int {
		if a.Table != b.Table {
			if a.Table < b.Table {
				return -1
			}
			return 1
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return none
}

func (t *table) fills(name string) bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name && c.fill != nil })
}
