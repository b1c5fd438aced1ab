package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// writeTable prints a result: aligned for people, or as CSV, or as one JSON document.
func writeTable(w io.Writer, t *kql.Table, format string) error {
	switch format {
	case "csv":
		return writeCSV(w, t)
	case "json":
		return writeJSON(w, t)
	}
	return writeAligned(w, t)
}

func writeAligned(w io.Writer, t *kql.Table) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var names []string
	for _, c := range t.Columns() {
		names = append(names, c.Name)
	}
	fmt.Fprintln(out, strings.Join(names, "\t"))
	for row := range t.Len() {
		cells := make([]string, len(names))
		for i := range cells {
			cells[i] = report.OneLine(t.At(row, i).String())
		}
		fmt.Fprintln(out, strings.Join(cells, "\t"))
	}
	return out.Flush()
}

func writeCSV(w io.Writer, t *kql.Table) error {
	out := csv.NewWriter(w)
	record := make([]string, len(t.Columns()))
	for i, c := range t.Columns() {
		record[i] = c.Name
	}
	// The writer keeps the first error for Error below.
	_ = out.Write(record)
	for row := range t.Len() {
		for i := range record {
			record[i] = t.At(row, i).String()
		}
		_ = out.Write(record)
	}
	out.Flush()
	return out.Error()
}

func writeJSON(w io.Writer, t *kql.Table) error {
	document := struct {
		Columns []checkedColumn `json:"columns"`
		Rows    [][]any         `json:"rows"`
	}{[]checkedColumn{}, make([][]any, t.Len())}
	for _, c := range t.Columns() {
		document.Columns = append(document.Columns, checkedColumn{c.Name, c.Type.String()})
	}
	for row := range t.Len() {
		cells := make([]any, len(document.Columns))
		for i := range cells {
			cells[i] = jsonValue(t.At(row, i))
		}
		document.Rows[row] = cells
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(document)
}

// jsonValue is a cell in JSON: numbers as numbers, but NaN, inf and -inf, which JSON lacks, as text; dynamic
// values as themselves; everything else as tostring() writes it; null as null.
func jsonValue(v value.Value) any {
	if v.IsNull() {
		return nil
	}
	switch v.Type() {
	case value.Bool:
		return v.Bool()
	case value.Int, value.Long:
		return v.Int()
	case value.Real:
		switch f := v.Real(); {
		case math.IsNaN(f):
			return "NaN"
		case math.IsInf(f, 1):
			return "inf"
		case math.IsInf(f, -1):
			return "-inf"
		default:
			return f
		}
	case value.Decimal:
		return json.Number(v.String())
	case value.Dynamic:
		return json.RawMessage(value.JSON(v.Dynamic()))
	}
	return v.String()
}

// annotation prints a message that a workflow of GitHub shows beside the line it is about. Source: GitHub's
// documentation, "Workflow commands for GitHub Actions", and the escaping of its toolkit.
func annotation(w io.Writer, severity, file string, line, col int, message string) error {
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.TrimSuffix(message, ". "))
	name := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(file)
	if severity != "error" {
		severity = "warning"
	}
	_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d::%s\n", severity, name, line, col, text)
	return err
}
