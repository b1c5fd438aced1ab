package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readJSON reads objects: one a line, one after another, or in one array.
func (t *rowReader) readJSON(text []byte) records {
	first, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	if json.Valid(first) && first[0] == '{' {
		return t.readLines(text)
	}
	return t.readValues(text)
}

func (t *rowReader) readLines(text []byte) records {
	return func(yield func(item, error) bool) {
		number := 0
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			number++
			if line = bytes.TrimSpace(line); len(line) > 0 && !t.yieldObject(yield, number, line) {
				return
			}
		}
	}
}

// readValues reads JSON that lines do not divide. What follows a fault in it cannot be told apart any more, so the fault
// is the last record.
func (t *rowReader) readValues(text []byte) records {
	return func(yield func(item, error) bool) {
		d := json.NewDecoder(bytes.NewReader(text))
		array := bytes.TrimSpace(text)[0] == '['
		if array {
			_, _ = d.Token() // the bracket that was just seen
		}
		for number := 1; !array || d.More(); number++ {
			var one json.RawMessage
			err := d.Decode(&one)
			if errors.Is(err, io.EOF) && !array {
				return
			}
			if err != nil {
				yield(item{}, bad(number, err))
				return
			}
			if !t.yieldObject(yield, number, one) {
				return
			}
		}
		if _, err := d.Token(); err != nil {
			yield(item{}, bad(1, errors.New("the array does not end")))
		}
	}
}

// containers are the names under which a service's answers hold their rows.
var containers = []string{"Results", "results", "records", "value"}

// yieldObject reads one object, or those that it holds.
func (t *rowReader) yieldObject(yield func(item, error) bool, number int, text []byte) bool {
	o, err := parseObject(text)
	if err != nil {
		return yield(item{}, bad(number, err))
	}
	for _, name := range containers {
		var rows []json.RawMessage
		if json.Unmarshal(o.values[name], &rows) != nil || rows == nil {
			continue
		}
		for i, row := range rows {
			if inner, err := parseObject(row); !t.yieldOne(yield, i+1, row, inner, err) {
				return false
			}
		}
		return true
	}
	return t.yieldOne(yield, number, text, o, nil)
}

func (t *rowReader) yieldOne(yield func(item, error) bool, number int, text []byte, o *object, err error) bool {
	one := item{}
	if err == nil {
		one, err = t.readObject(text, o)
	}
	if err != nil {
		return yield(item{}, bad(number, err))
	}
	return yield(one, nil)
}

func (t *rowReader) readObject(text []byte, o *object) (item, error) {
	if t.isRow(o) {
		return t.readRow(text, o)
	}
	e, err := o.event(text)
	if err != nil {
		return item{}, err
	}
	e, err = e.Rendered()
	return item{event: e}, err
}

// event reads the forms in which shippers and collections keep events as JSON:
//   - those of recordings and the tidy one, see [ReadNDJSON];
//   - Splunk's: the rendered XML is in _raw, itself perhaps in "result";
//   - winlogbeat's since version 7: all is in "winlog"; before, at the top with log_name;
//   - nxlog's, which the Mordor collections (OTRF Security Datasets) use: the fields of the event stand between those of its
//     envelope.
func (o *object) event(text []byte) (Event, error) {
	switch {
	case o.has("xml") || o.has("eid"):
		return parseLine(text)
	case o.has("result"):
		if inner, err := parseObject(o.values["result"]); err == nil && !inner.has("result") {
			return inner.event(o.values["result"])
		}
	case o.has("_raw"):
		return ParseXML([]byte(o.text("_raw")))
	case o.has("winlog"):
		inner, err := parseObject(o.values["winlog"])
		if err != nil {
			return Event{}, errors.New(`"winlog" is not an object`)
		}
		return inner.winlogbeat(o.text("@timestamp"))
	case o.has("log_name"):
		return o.winlogbeat(o.text("@timestamp"))
	case o.has("EventID") && (o.has("Channel") || o.has("SourceName")):
		return o.nxlog()
	}
	return Event{}, errors.New("not an event of a form that is known")
}

func (o *object) winlogbeat(timestamp string) (Event, error) {
	e := Event{
		Channel:  o.first("channel", "log_name"),
		Provider: o.first("provider_name", "source_name"),
		Computer: o.text("computer_name"),
		EventID:  int(o.number("event_id")),
		Version:  int(o.number("version")),
		RecordID: max(o.number("record_id"), o.number("record_number")),
	}
	if at, ok := parseTime(o.first("time_created"), timestamp); ok {
		e.TimeCreated = at
	}
	if p, err := parseObject(o.values["process"]); err == nil {
		e.ProcessID = uint32(p.number("pid")) //nolint:gosec // Windows ids have 32 bits
	}
	if u, err := parseObject(o.values["user"]); err == nil {
		e.UserID = u.text("identifier")
	}
	for _, section := range [...]string{"event_data", "user_data"} {
		if d, err := parseObject(o.values[section]); err == nil {
			e.Data = append(e.Data, d.fields(nil)...)
		}
	}
	return e, nil
}

// nxlogEnvelope are the names that nxlog and the pipelines behind it give to what is not a field of the event.
var nxlogEnvelope = []string{
	"@timestamp", "@version", "AccountName", "AccountType", "ActivityID", "Category", "Channel", "Computer", "Domain", "EventID",
	"EventReceivedTime", "EventTime", "EventTypeOrignal", "ExecutionProcessID", "ExecutionThreadID", "Hostname", "Keywords",
	"Level", "Message", "Opcode", "OpcodeValue", "ProviderGuid", "RecordNumber", "Severity", "SeverityValue", "SourceModuleName",
	"SourceModuleType", "SourceName", "Task", "ThreadID", "TimeCreated", "TimeGenerated", "UserID", "Version", "host", "port", "tags", "type",
}

func (o *object) nxlog() (Event, error) {
	e := Event{
		Channel:   o.first("Channel"),
		Provider:  o.text("SourceName"),
		Computer:  o.first("Hostname", "Computer", "host"),
		EventID:   int(o.number("EventID")),
		Version:   int(o.number("Version")),
		RecordID:  o.number("RecordNumber"),
		UserID:    o.text("UserID"),
		ProcessID: uint32(o.number("ExecutionProcessID")), //nolint:gosec // Windows ids have 32 bits
		ThreadID:  uint32(o.number("ThreadID")),           //nolint:gosec // as above
		Data:      o.fields(nxlogEnvelope),
	}
	// EventTime is local time without a zone, so it comes last.
	if at, ok := parseTime(o.text("TimeCreated"), o.text("@timestamp"), o.text("TimeGenerated"), o.text("EventTime")); ok {
		e.TimeCreated = at
	}
	return e, nil
}

// parseTime reads the first of the texts that is a time; one without a zone is in UTC.
func parseTime(texts ...string) (time.Time, bool) {
	for _, text := range texts {
		for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC(), true
			}
		}
	}
	return time.Time{}, false
}

// object is a JSON object in the order in which it was written.
type object struct {
	names  []string
	values map[string]json.RawMessage
}

func parseObject(text []byte) (*object, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	o := &object{values: map[string]json.RawMessage{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		if _, twice := o.values[name]; !twice {
			o.names = append(o.names, name)
		}
		o.values[name] = v
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *object) has(name string) bool { return len(o.values[name]) > 0 }

// text is a value as an event shows it: texts bare, null as nothing.
func (o *object) text(name string) string {
	raw := o.values[name]
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func (o *object) first(names ...string) string {
	for _, name := range names {
		if s := o.text(name); s != "" {
			return s
		}
	}
	return ""
}

// number is a value that may be written as a number or as text; 0 if it is neither.
func (o *object) number(name string) uint64 {
	n, err := strconv.ParseUint(strings.ReplaceAll(o.text(name), ",", ""), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (o *object) fields(without []string) []Field {
	var all []Field
	for _, name := range o.names {
		if !slices.Contains(without, name) {
			all = append(all, Field{name, o.text(name)})
		}
	}
	return all
}
