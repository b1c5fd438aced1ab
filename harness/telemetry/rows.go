package telemetry

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// ShapeCSV is a table as the advanced hunting page and Log Analytics export it.
const ShapeCSV = "csv"

// tablesFolder is where a recording keeps rows: tables/NAME.ndjson, one JSON object a line.
const tablesFolder = "tables/"

// maximumRow bounds a row, so that a line of a recording can always be read again.
const maximumRow = maximumLine

// Table is rows that came normalised, such as an export of advanced hunting. They are rows of the table of that name,
// beside those that come of events.
type Table struct {
	Name string
	Rows []byte // one JSON object a line
}

// Tables are the rows of a recording, by the names of their tables.
func (r *Recording) Tables() ([]Table, error) {
	var all []Table
	for _, name := range slices.Sorted(maps.Keys(r.Documents)) {
		table, ok := strings.CutPrefix(strings.TrimSuffix(name, ".ndjson"), tablesFolder)
		if !ok {
			continue
		}
		for number, line := range bytes.Split(r.Documents[name], []byte("\n")) {
			if len(line) > 0 && (line[0] != '{' || !json.Valid(line)) {
				return nil, &DamagedError{File: fmt.Sprintf("%s:%d", name, number+1), Why: "not a row"}
			}
		}
		all = append(all, Table{table, r.Documents[name]})
	}
	return all, nil
}

// row is one row of a table.
type row map[string]any

// The columns that say when a row's event happened, in Defender XDR and in Log Analytics.
var timeColumns = []string{"Timestamp", "TimeGenerated"}

// timeLayouts are the ways in which exports write a time; all are in UTC. A fraction of a second may follow the seconds.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02",
	"1/2/2006 3:04:05 PM", "1/2/2006, 3:04:05 PM", "1/2/2006 15:04:05", "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006, 3:04:05 PM",
}

// exportedTime reads a time of an export.
func exportedTime(text string) (time.Time, bool) {
	// Newer Windows and browsers put a narrow space before AM and PM.
	text = strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(strings.TrimSpace(text))
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// normalised is a row whose times are written in one way. Which columns hold times follows from their names: Microsoft's
// end in Time.
func (r row) normalised() (row, error) {
	for name, v := range r {
		text, ok := v.(string)
		named := slices.Contains(timeColumns, name)
		if !ok || !named && !strings.HasSuffix(name, "Time") {
			continue
		}
		at, ok := exportedTime(text)
		if ok {
			r[name] = at.Format(time.RFC3339Nano)
		} else if named {
			return nil, fmt.Errorf("the %s %q is not in a form that is known", name, text)
		}
	}
	if r.time().IsZero() {
		return nil, errors.New("the row has neither Timestamp nor TimeGenerated")
	}
	return r, nil
}

// time is when the row's event happened, of a normalised row.
func (r row) time() time.Time {
	for _, name := range timeColumns {
		if text, ok := r[name].(string); ok {
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

func (r row) computer() string {
	for _, name := range [...]string{"DeviceName", "Computer"} {
		if text, ok := r[name].(string); ok && text != "" {
			return text
		}
	}
	return ""
}

// rowReader reads the rows of one file.
type rowReader struct {
	known []string // names of tables, to recognise one in a file's name
	table string   // of rows that do not say theirs; "" if unknown
}

// newRowReader reads rows of the given table, or of the one that the name of the file starts with: exports are called
// something like DeviceFileEvents.csv, or DeviceFileEvents-2026-01-02.json.
func newRowReader(table, file string, known []string) *rowReader {
	if table == "" {
		base := path.Base(strings.ReplaceAll(file, `\`, "/"))
		for _, name := range known {
			if len(name) > len(table) && len(base) >= len(name) && strings.EqualFold(base[:len(name)], name) {
				table = name
			}
		}
	}
	return &rowReader{known, table}
}

// item names the table of a row: the one it says itself, else that of its file.
func (t *rowReader) item(table string, r row) (item, error) {
	for _, column := range [...]string{"$table", "Type"} {
		if name, ok := r[column].(string); table == "" && ok && slices.Contains(t.known, name) {
			table = name
		}
	}
	if table == "" {
		table = t.table
	}
	if table == "" {
		return item{}, errors.New("a row, but of which table? name it as TABLE=FILE")
	}
	if !slices.Contains(t.known, table) {
		return item{}, fmt.Errorf("a row of %q, which is no table of Defender XDR or Log Analytics", table)
	}
	r, err := r.normalised()
	return item{table: table, row: r}, err
}

// streamed is the prefix of the category under which Defender's streaming names a table.
const streamed = "AdvancedHunting-"

// isRow tells rows from events. What has an EventID and a Channel is an event, though it came by way of Log Analytics,
// unless it says that it is of a table.
func (t *rowReader) isRow(o *object) bool {
	switch {
	case t.table != "", strings.HasPrefix(o.text("category"), streamed):
		return true
	case slices.Contains(t.known, o.text("Type")), slices.Contains(t.known, o.text("$table")):
		return true
	case o.has("EventID") && o.has("Channel"):
		return false
	}
	return slices.ContainsFunc(timeColumns, o.has)
}

func (t *rowReader) readRow(text []byte, o *object) (item, error) {
	table := ""
	if name, ok := strings.CutPrefix(o.text("category"), streamed); ok && o.has("properties") {
		table, text = name, o.values["properties"]
	}
	if len(text) > maximumRow {
		return item{}, fmt.Errorf("a row of %d bytes; the most is %d", len(text), maximumRow)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var r row
	if err := d.Decode(&r); err != nil {
		return item{}, PlainJSON(err)
	}
	return t.item(table, r)
}

// readCSV reads a header and rows. A cell without text is no value.
func (t *rowReader) readCSV(text []byte) records {
	return func(yield func(item, error) bool) {
		lines := csv.NewReader(bytes.NewReader(text))
		header, err := lines.Read()
		if err != nil {
			yield(item{}, bad(1, err))
			return
		}
		for i := range header {
			header[i] = strings.TrimSuffix(strings.TrimSpace(header[i]), " [UTC]")
		}
		for {
			cells, err := lines.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			number, one := 0, item{}
			if err == nil {
				number, _ = lines.FieldPos(0)
				one, err = t.item("", csvRow(header, cells))
			}
			if fault, ok := errors.AsType[*csv.ParseError](err); ok {
				number, err = fault.Line, fault.Err
			}
			if err != nil {
				err = bad(number, err)
			}
			if !yield(one, err) {
				return
			}
		}
	}
}

func csvRow(header, cells []string) row {
	r := row{}
	for i, name := range header {
		if cells[i] != "" {
			r[name] = cells[i]
		}
	}
	return r
}

// looksLikeCSV reports whether the first line is a header: it names the column of a time.
func looksLikeCSV(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return slices.ContainsFunc(timeColumns, func(name string) bool { return bytes.Contains(line, []byte(name)) })
}
