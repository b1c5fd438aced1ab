package telemetry

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// maximumLine bounds one line of NDJSON; a rendered event is at most 64 KiB of fields, which JSON can grow sixfold.
const maximumLine = 4 << 20

// ReadNDJSON reads events, one JSON object a line. Two forms are understood, also mixed: {"id","xml"}, as recordings
// keep them, and the tidy form {"channel","provider","computer","eid","ver","record_id","time","sec_user","data":{...}}.
// An error names the line; name is how the input is called in it.
func ReadNDJSON(name string, r io.Reader) ([]Event, error) {
	var events []Event
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maximumLine)
	number := 0
	for lines.Scan() {
		number++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		e, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	return events, nil
}

type jsonEvent struct {
	XML      string      `json:"xml"`
	Channel  string      `json:"channel"`
	Provider string      `json:"provider"`
	Computer string      `json:"computer"`
	EventID  int         `json:"eid"`
	Version  json.Number `json:"ver"`
	RecordID json.Number `json:"record_id"`
	Time     string      `json:"time"`
	UserID   string      `json:"sec_user"`
	Data     fields      `json:"data"`
}

func parseLine(line []byte) (Event, error) {
	var j jsonEvent
	if err := json.Unmarshal(line, &j); err != nil {
		return Event{}, fmt.Errorf("not an event: %w", PlainJSON(err))
	}
	if j.XML != "" {
		return ParseXML([]byte(j.XML))
	}
	if j.EventID == 0 || j.Channel == "" {
		return Event{}, errors.New(`not an event: it has neither "xml" nor "channel" and "eid"`)
	}
	e := Event{
		Channel: j.Channel, Provider: j.Provider, Computer: j.Computer, EventID: j.EventID,
		Version: int(number(j.Version)), RecordID: number(j.RecordID), UserID: j.UserID, Data: j.Data,
	}
	if t, err := time.Parse(time.RFC3339Nano, j.Time); err == nil {
		e.TimeCreated = t.UTC()
	}
	return e, nil
}

// PlainJSON is an error of encoding/json without the names of Go types.
func PlainJSON(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := "it"
		if typed.Field != "" {
			where = strconv.Quote(typed.Field)
		}
		return fmt.Errorf("%s is of the JSON type %s", where, typed.Value)
	}
	return err
}

func number(n json.Number) uint64 {
	v, err := strconv.ParseUint(n.String(), 10, 64)
	if err != nil {
		return 0
	}
	return v
}

// fields decodes a JSON object of strings and keeps its order, which a map would lose.
type fields []Field

// UnmarshalJSON implements json.Unmarshaler.
func (f *fields) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New(`"data" is not an object`)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		field := Field{Name: fmt.Sprint(name)}
		if v != nil {
			field.Value = fmt.Sprint(v)
		}
		*f = append(*f, field)
	}
	return nil
}
