// Package schema holds the tables that rules are written against: those of
// Microsoft Defender XDR advanced hunting and those of Log Analytics, where
// Microsoft Sentinel runs.
//
// [DefenderXDR] and [LogAnalytics] give each as a [bind.Schema], with the tabular
// functions the service adds to the language. The same Defender table is not the same on both
// sides: AdditionalFields is a string in Defender XDR and dynamic in Log Analytics, and
// Timestamp becomes TimeGenerated.
//
// The facts come from Microsoft Learn: the advanced hunting schema
// (https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables) and the Azure Monitor
// table reference (https://learn.microsoft.com/azure/azure-monitor/reference/tables-index).
// Beside TimeGenerated, the Defender tables of Log Analytics have Timestamp here, as they do in the
// schema that Azure-Sentinel's continuous integration checks rules with; the reference leaves it
// out. Columns are in the order of the documentation.
package schema

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

//go:embed defender_xdr.txt
var defenderXDR string

//go:embed log_analytics.txt
var logAnalytics string

// DefenderXDR is the schema of advanced hunting in Microsoft Defender XDR. It is
// built anew by every call, from text: keep it.
func DefenderXDR() *bind.Schema {
	return bind.NewSchema("Defender XDR", mustTables(defenderXDR), defenderFunctions()...)
}

// LogAnalytics is the schema of a Log Analytics workspace with every table that
// Azure Monitor documents. It is built anew by every call, from text: keep it.
func LogAnalytics() *bind.Schema {
	return bind.NewSchema("Log Analytics", mustTables(logAnalytics), sentinelFunctions()...)
}

// mustTables reads the tables of an embedded text, which a test has read before.
func mustTables(text string) []bind.Table {
	tables, err := parseTables(text)
	if err != nil {
		panic(err) // the embedded text is part of the program
	}
	return tables
}

// parseTables reads tables: a name at the start of a line, its columns as `name:type` on the indented
// lines below. A column without a type is a string. Lines that begin with # are comments.
func parseTables(text string) ([]bind.Table, error) {
	var tables []bind.Table
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " "):
			tables = append(tables, bind.Table{Name: line})
		case len(tables) == 0:
			return nil, fmt.Errorf("line %d: columns without a table", number)
		default:
			t := &tables[len(tables)-1]
			for field := range strings.FieldsSeq(line) {
				c, err := parseColumn(field)
				if err != nil {
					return nil, fmt.Errorf("line %d: table %s: %w", number, t.Name, err)
				}
				t.Columns = append(t.Columns, c)
			}
		}
	}
	return tables, nil
}

// parseColumn reads `name` or `name:type`.
func parseColumn(field string) (value.Column, error) {
	name, typeName, typed := strings.Cut(field, ":")
	if name == "" {
		return value.Column{}, fmt.Errorf("column without a name: %q", field)
	}
	if !typed {
		return value.Column{Name: name, Type: value.String}, nil
	}
	t, ok := value.ParseType(typeName)
	if !ok {
		return value.Column{}, fmt.Errorf("column %s: no type is called %q", name, typeName)
	}
	return value.Column{Name: name, Type: t}, nil
}
