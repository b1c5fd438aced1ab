package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// StateImported is the state of a channel that was not read from a host.
const StateImported = "imported"

// Import is where an imported recording comes from.
type Import struct {
	Sources   []Source  `json:"sources"`
	First     time.Time `json:"first"` // when the oldest event or row happened
	Last      time.Time `json:"last"`
	Computers []string  `json:"computers"`

	// Secrets is how many credentials were replaced by markers such as REDACTED_PASSWORD, by their kind.
	Secrets     map[string]int `json:"secretsReplaced,omitempty"`
	SecretsKept bool           `json:"secretsKept,omitempty"` // none was looked for
}

// Records is how many records the import has kept: events, and rows.
func (m *Import) Records() (events, rows int) {
	for _, s := range m.Sources {
		events += s.Events
		rows += s.Rows
	}
	return events, rows
}

// Source is one file that was imported, or one member of an archive.
type Source struct {
	File    string      `json:"file"` // without its folder
	Member  string      `json:"member,omitempty"`
	Bytes   int         `json:"bytes"`  // of the file as it lay on disk
	SHA256  string      `json:"sha256"` // likewise
	Shape   string      `json:"shape"`
	Events  int         `json:"events"`
	Rows    int         `json:"rows,omitempty"`
	Skipped int         `json:"skipped,omitempty"` // records that could not be read
	Bad     []BadRecord `json:"bad,omitempty"`     // the first of them
}

// Importer makes a recording from telemetry that came from elsewhere: event XML, the JSON forms of events, and rows of
// tables as JSON or CSV, in UTF-8 or UTF-16, packed or not.
type Importer struct {
	Geiger string   // its version
	Tables []string // names of the tables that rows can be of

	KeepSecrets bool // do not replace credentials

	scrub     scrubber
	events    []Event
	tables    map[string]*bytes.Buffer
	first     time.Time
	last      time.Time
	computers map[string]bool
	sources   []Source
	simulated bool
}

// Add imports one file. Its form is known by its content. The table is that of rows that do not say theirs, or "". The error says that the file is not telemetry at all; records
// that cannot be read are kept in Bad.
func (i *Importer) Add(table, name string, content []byte) error {
	all, err := members(content, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	file := describe(content)
	for _, m := range all {
		s := Source{File: path.Base(strings.ReplaceAll(name, `\`, "/")), Member: m.name, Bytes: file.Bytes, SHA256: file.SHA256}
		inner := name
		if m.name != "" {
			inner = m.name
		}
		if err := i.add(&s, newRowReader(table, inner, i.Tables), m.content); err != nil {
			if m.name != "" {
				name += "/" + m.name
			}
			return fmt.Errorf("%s: %w", name, err)
		}
		i.sources = append(i.sources, s)
	}
	return nil
}

func (i *Importer) add(s *Source, rows *rowReader, content []byte) error {
	shape, all, err := open(content, rows)
	if err != nil {
		return err
	}
	s.Shape = shape
	for one, err := range all {
		if b, ok := errors.AsType[*BadRecord](err); ok {
			s.Skipped++
			if len(s.Bad) < maximumBad {
				s.Bad = append(s.Bad, *b)
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := i.keep(s, one); err != nil {
			return err
		}
	}
	return nil
}

func (i *Importer) keep(s *Source, one item) error {
	if one.table == "" {
		s.Events++
		return i.keepEvent(one.event)
	}
	s.Rows++
	if !i.KeepSecrets {
		i.scrub.value(map[string]any(one.row))
	}
	i.saw(one.row.time(), one.row.computer())
	if i.tables == nil {
		i.tables = map[string]*bytes.Buffer{}
	}
	if i.tables[one.table] == nil {
		i.tables[one.table] = new(bytes.Buffer)
	}
	lines := json.NewEncoder(i.tables[one.table])
	lines.SetEscapeHTML(false)
	return lines.Encode(one.row)
}

func (i *Importer) keepEvent(e Event) error {
	i.saw(e.Time(), e.Computer)
	if !i.KeepSecrets {
		scrubbed, err := i.scrub.event(e)
		if err != nil {
			return err
		}
		e = scrubbed
	}
	i.events = append(i.events, e)
	return nil
}

func (i *Importer) saw(at time.Time, computer string) {
	if i.first.IsZero() || at.Before(i.first) {
		i.first = at
	}
	if at.After(i.last) {
		i.last = at
	}
	if i.computers == nil {
		i.computers = map[string]bool{}
	}
	if computer != "" {
		i.computers[strings.ToLower(computer)] = true
	}
}

// AddRecording imports the events and rows of a recording. It stays simulated if it was.
func (i *Importer) AddRecording(name string, r *Recording) error {
	tables, err := r.Tables()
	if err != nil {
		return err
	}
	i.simulated = i.simulated || r.Manifest.Simulated
	s := Source{File: path.Base(strings.ReplaceAll(name, `\`, "/")), Shape: "recording", SHA256: r.digest()}
	for _, e := range r.Events {
		s.Events++
		if err := i.keepEvent(e); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := i.add(&s, newRowReader(t.Name, "", i.Tables), t.Rows); err != nil {
			return err
		}
	}
	s.Shape = "recording"
	i.sources = append(i.sources, s)
	return nil
}

// digest is the SHA-256 of a recording's hashes.
func (r *Recording) digest() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Manifest.Files)) {
		fmt.Fprintf(&text, "%s  %s\n", r.Manifest.Files[name].SHA256, name)
	}
	return describe([]byte(text.String())).SHA256
}

// Bad are the sources with records that could not be read.
func (i *Importer) Bad() []Source {
	var all []Source
	for _, s := range i.sources {
		if s.Skipped > 0 {
			all = append(all, s)
		}
	}
	return all
}

// Recording is what was imported, without a run. Its clock is the newest event or row.
func (i *Importer) Recording() (*Recording, error) {
	if len(i.events) == 0 && len(i.tables) == 0 {
		return nil, errors.New("no events in what was given")
	}
	Sort(i.events)
	m := &Import{Sources: i.sources, First: i.first, Last: i.last, Computers: slices.Sorted(maps.Keys(i.computers)), Secrets: i.scrub.replaced, SecretsKept: i.KeepSecrets}
	r := &Recording{Events: i.events, Documents: map[string][]byte{}, Manifest: Manifest{
		Geiger: i.Geiger, Simulated: i.simulated, Channels: i.channels(), Imported: m, Started: m.First, Ended: m.Last,
	}}
	for name, rows := range i.tables {
		r.Documents[tablesFolder+name+".ndjson"] = rows.Bytes()
	}
	r.Manifest.Target = strings.Join(m.Computers, ", ")
	if len(m.Computers) > 3 {
		r.Manifest.Target = fmt.Sprintf("%d computers", len(m.Computers))
	}
	return r, nil
}

// channels describes the events, which are sorted.
func (i *Importer) channels() []Channel {
	var all []Channel
	for n := range i.events {
		e := &i.events[n]
		if len(all) == 0 || all[len(all)-1].Name != e.Channel {
			all = append(all, Channel{Name: e.Channel, State: StateImported, Oldest: e.RecordID})
		}
		c := &all[len(all)-1]
		c.Last = e.RecordID
		c.Events++
	}
	return all
}
