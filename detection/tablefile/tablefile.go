// Package tablefile reads tables of a query from files: CSV with a header, or one JSON object a line.
//
// Columns that are known from a schema get its types. Those of others follow from the file: a CSV column is text unless
// its header says "name:type", a JSON column is what its values are.
package tablefile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Read reads the rows of a table in the form that the end of the file's name says: .csv, .ndjson or .jsonl. Errors name
// the file, and the line where there is one. Rows have no source.
func Read(name string, in io.Reader, known []value.Column) (*kql.Table, error) {
	switch path.Ext(name) {
	case ".csv":
		return readCSV(name, in, known)
	case ".ndjson", ".jsonl":
		return readRows(name, in, known)
	}
	return nil, fmt.Errorf("%s: a table is a .csv, .ndjson or .jsonl file", name)
}

func readCSV(name string, in io.Reader, known []value.Column) (*kql.Table, error) {
	records := csv.NewReader(in)
	header, err := records.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: header: %w", name, err)
	}
	columns := make([]value.Column, len(header))
	for i, h := range header {
		title, kind, typed := strings.Cut(strings.TrimPrefix(h, "\ufeff"), ":")
		columns[i] = value.Column{Name: title, Type: typeOf(known, title, value.String)}
		if typed {
			t, ok := value.ParseType(kind)
			if !ok {
				return nil, fmt.Errorf("%s:1: column %q: no type %q", name, title, kind)
			}
			columns[i].Type = t
		}
	}
	b := kql.NewBuilder(columns)
	for {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return b.Table(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		cells := make([]value.Value, len(record))
		for i, text := range record {
			cells[i] = value.NewString(text)
		}
		b.Append(-1, cells...)
	}
}

func typeOf(known []value.Column, name string, otherwise value.Type) value.Type {
	for _, c := range known {
		if c.Name == name {
			return c.Type
		}
	}
	return otherwise
}

// readRows reads one JSON object a line. A column's type is the widest of its values.
func readRows(name string, in io.Reader, known []value.Column) (*kql.Table, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), 16<<20)
	var rows []map[string]any
	types := map[string]value.Type{}
	for number := 1; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		row, err := jsonObject(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		for k, v := range row {
			types[k] = wider(types[k], jsonType(v))
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var columns []value.Column
	for _, k := range slices.Sorted(maps.Keys(types)) {
		columns = append(columns, value.Column{Name: k, Type: typeOf(known, k, max(types[k], value.Bool))})
	}
	b := kql.NewBuilder(columns)
	for _, row := range rows {
		cells := make([]value.Value, len(columns))
		for i, c := range columns {
			cells[i] = jsonCell(row[c.Name], c.Type)
		}
		b.Append(-1, cells...)
	}
	return b.Table(), nil
}

// jsonObject reads a row.
func jsonObject(line []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	row, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not a JSON object, which a row is")
	}
	return row, nil
}

func jsonType(v any) value.Type {
	switch v := v.(type) {
	case nil:
		return value.Unknown
	case bool:
		return value.Bool
	case json.Number:
		if _, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return value.Long
		}
		return value.Real
	case string:
		return value.String
	}
	return value.Dynamic
}

// wider is the type that holds values of both: numbers widen to real, all else to dynamic.
func wider(a, b value.Type) value.Type {
	switch {
	case a == value.Unknown || a == b:
		return b
	case b == value.Unknown:
		return a
	case a == value.Long && b == value.Real || a == value.Real && b == value.Long:
		return value.Real
	}
	return value.Dynamic
}

func jsonCell(v any, t value.Type) value.Value {
	switch v := v.(type) {
	case nil:
		return value.Null(t)
	case bool:
		return value.NewBool(v)
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return value.NewLong(n)
		}
		n, err := v.Float64()
		if err != nil {
			n = math.Inf(1)
		}
		return value.NewReal(n)
	case string:
		if t == value.Dynamic {
			return value.NewDynamic(v)
		}
		return value.NewString(v)
	}
	return value.NewDynamic(plainNumbers(v))
}

// plainNumbers turns the decoder's numbers into those that dynamic values are made of.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		n, err := v.Float64()
		if err != nil {
			return nil
		}
		return n
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return v
}
