package telemetry

import (
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
	First     time.Time `json:"first"` // when the oldest event happened
	Last      time.Time `json:"last"`
	Computers []string  `json:"computers"`
}

// Source is one file that was imported, or one member of an archive.
type Source struct {
	File    string      `json:"file"` // without its folder
	Member  string      `json:"member,omitempty"`
	Bytes   int         `json:"bytes"`  // of the file as it lay on disk
	SHA256  string      `json:"sha256"` // likewise
	Shape   string      `json:"shape"`
	Events  int         `json:"events"`
	Skipped int         `json:"skipped,omitempty"` // records that could not be read
	Bad     []BadRecord `json:"bad,omitempty"`     // the first of them
}

// Importer makes a recording from telemetry that came from elsewhere: event XML and the JSON forms of events, in UTF-8
// or UTF-16, packed or not.
type Importer struct {
	Geiger string // its version

	events    []Event
	sources   []Source
	simulated bool
}

// Add imports one file. Its form is known by its content. The error says that the file is not telemetry at all; records
// that cannot be read are kept in Bad.
func (i *Importer) Add(name string, content []byte) error {
	all, err := members(content, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	file := describe(content)
	for _, m := range all {
		s := Source{File: path.Base(strings.ReplaceAll(name, `\`, "/")), Member: m.name, Bytes: file.Bytes, SHA256: file.SHA256}
		if err := i.add(&s, m.content); err != nil {
			if m.name != "" {
				name += "/" + m.name
			}
			return fmt.Errorf("%s: %w", name, err)
		}
		i.sources = append(i.sources, s)
	}
	return nil
}

func (i *Importer) add(s *Source, content []byte) error {
	shape, all, err := open(content)
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
		s.Events++
		i.events = append(i.events, one.event)
	}
	return nil
}

// AddRecording imports the events of a recording. It stays simulated if it was.
func (i *Importer) AddRecording(name string, r *Recording) {
	i.simulated = i.simulated || r.Manifest.Simulated
	i.events = append(i.events, r.Events...)
	i.sources = append(i.sources, Source{
		File: path.Base(strings.ReplaceAll(name, `\`, "/")), Shape: "recording", Events: len(r.Events), SHA256: r.digest(),
	})
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

// Recording is what was imported, without a run. Its clock is the newest event.
func (i *Importer) Recording() (*Recording, error) {
	if len(i.events) == 0 {
		return nil, errors.New("no events in what was given")
	}
	Sort(i.events)
	r := &Recording{Events: i.events, Manifest: Manifest{Geiger: i.Geiger, Simulated: i.simulated, Channels: i.channels()}}
	m := &Import{Sources: i.sources, Computers: i.computers()}
	for n := range i.events {
		at := i.events[n].Time()
		if m.First.IsZero() || at.Before(m.First) {
			m.First = at
		}
		if at.After(m.Last) {
			m.Last = at
		}
	}
	r.Manifest.Imported, r.Manifest.Started, r.Manifest.Ended = m, m.First, m.Last
	r.Manifest.Target = strings.Join(m.Computers, ", ")
	if len(m.Computers) > 3 {
		r.Manifest.Target = fmt.Sprintf("%d computers", len(m.Computers))
	}
	return r, nil
}

func (i *Importer) computers() []string {
	names := map[string]bool{}
	for n := range i.events {
		if c := i.events[n].Computer; c != "" {
			names[c] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
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
