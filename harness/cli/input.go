package cli

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// data is what a query is asked of.
type data struct {
	events []telemetry.Event
	files  []tableFile
	newest time.Time // of the recordings' ends and the events
}

// tableFile is a table given as TABLE=FILE.
type tableFile struct{ table, name string }

// tableName tells TABLE=FILE from a path that holds an equals sign.
var tableName = regexp.MustCompile(`^[A-Za-z_]\w*$`)

func readInputs(inputs []string) (*data, error) {
	d := &data{}
	for _, in := range inputs {
		if table, name, ok := strings.Cut(in, "="); ok && tableName.MatchString(table) {
			d.files = append(d.files, tableFile{table, name})
			continue
		}
		if err := d.add(in); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// add reads a recording, a folder of recordings, or a file of events.
func (d *data) add(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return d.addEvents(name)
	}
	dirs, err := recordings([]string{name})
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		r, err := telemetry.Read(os.DirFS(dir))
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		d.events = append(d.events, r.Events...)
		d.upTo(r.Manifest.Ended)
	}
	return nil
}

func (d *data) upTo(t time.Time) {
	if t.After(d.newest) {
		d.newest = t
	}
}

func (d *data) addEvents(name string) error {
	in, err := unpacked(name)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	events, err := telemetry.ReadNDJSON(name, in)
	if err != nil {
		return err
	}
	for i := range events {
		d.upTo(events[i].Time())
	}
	d.events = append(d.events, events...)
	return nil
}

// unpacked opens a file, through gzip or zstandard if its name says so.
func unpacked(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	var r io.Reader = bufio.NewReader(f)
	switch filepath.Ext(name) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		var z *zstd.Decoder
		z, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		r = z
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// read reads the rows of a table. Columns that the schema knows get its types; those of others follow from the data:
// a CSV column is text unless its header says "name:type", an NDJSON column is what its values are.
func (f *tableFile) read(known []value.Column) (*kql.Table, error) {
	in, err := unpacked(f.name)
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // read only
	plain := strings.TrimSuffix(strings.TrimSuffix(f.name, ".gz"), ".zst")
	switch filepath.Ext(plain) {
	case ".csv":
		return readCSV(f.name, in, known)
	case ".ndjson", ".jsonl":
		return readRows(f.name, in, known)
	}
	return nil, fmt.Errorf("%s: a table is a .csv, .ndjson or .jsonl file", f.name)
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
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		var row map[string]any
		if err := d.Decode(&row); err != nil {
			return nil, fmt.Errorf("%s:%d: not a JSON object, which a row is: %w", name, number, telemetry.PlainJSON(err))
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
