package telemetry

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// FormatVersion is the version of the recording format that this package writes. It reads every version up to it.
const FormatVersion = 1

// maximumEvents bounds the unpacked size of one channel, so that a small hostile file cannot exhaust memory. A rendered
// Sysmon event is about 2 KiB.
const maximumEvents = 512 << 20

// Recording is what a host recorded during one run, with its provenance. On disk it is a folder (or an fs.FS of any
// kind, such as a zip file):
//
//	manifest.json                  Manifest: where the events come from, and the SHA-256 of every other file
//	events/CHANNEL.ndjson.zst      one {"id","xml"} a line, in record-id order
//	anything else                  Documents, such as executions.json
type Recording struct {
	Manifest  Manifest
	Events    []Event           // by channel name, then by record id
	Documents map[string][]byte // by file name
}

// Manifest is the provenance of a recording. Times are the host's clock, in UTC.
type Manifest struct {
	Format    int             `json:"format"`
	Geiger    string          `json:"geiger"`
	Scenario  string          `json:"scenario,omitempty"`
	Run       string          `json:"run,omitempty"`
	Target    string          `json:"target"`
	Simulated bool            `json:"simulated"`
	Host      json.RawMessage `json:"host,omitempty"` // harness.HostFacts
	Started   time.Time       `json:"started"`
	Ended     time.Time       `json:"ended"`
	Channels  []Channel       `json:"channels"`
	Imported  *Import         `json:"imported,omitempty"` // nil of what geiger recorded itself
	Files     map[string]File `json:"files"`
}

// Channel is how far a channel was read: the records after After up to Last.
type Channel struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	After  uint64 `json:"after"`
	Oldest uint64 `json:"oldest,omitempty"`
	Last   uint64 `json:"last"`
	Events int    `json:"events"`
}

// File is the size and SHA-256 of one file of a recording.
type File struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// DamagedError says that a recording cannot be trusted: a file is missing, cut short or changed.
type DamagedError struct {
	File string
	Why  string
	Err  error
}

// Error implements error.
func (e *DamagedError) Error() string {
	text := e.File + ": " + e.Why
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text + "; the recording is damaged, record the run again or restore it from version control"
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

type line struct {
	ID  uint64 `json:"id"`
	XML string `json:"xml"`
}

// Write hands every file of the recording to create, the manifest last: a recording with a manifest is complete.
// Equal recordings give equal bytes.
func (r *Recording) Write(create func(name string, content []byte) error) error {
	files := maps.Clone(r.Documents)
	if files == nil {
		files = map[string][]byte{}
	}
	for channel, events := range r.byChannel() {
		packed, err := pack(events)
		if err != nil {
			return fmt.Errorf("pack %s: %w", channel, err)
		}
		files[eventsFile(channel)] = packed
	}
	m := r.Manifest
	m.Format = FormatVersion
	m.Files = make(map[string]File, len(files))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		m.Files[name] = describe(files[name])
		if err := create(name, files[name]); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return create("manifest.json", append(text, '\n'))
}

func (r *Recording) byChannel() map[string][]Event {
	channels := map[string][]Event{}
	for _, e := range r.Events {
		channels[e.Channel] = append(channels[e.Channel], e)
	}
	return channels
}

func eventsFile(channel string) string { return "events/" + url.PathEscape(channel) + ".ndjson.zst" }

func describe(content []byte) File {
	sum := sha256.Sum256(content)
	return File{Bytes: len(content), SHA256: hex.EncodeToString(sum[:])}
}

func pack(events []Event) ([]byte, error) {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	lines := json.NewEncoder(z)
	lines.SetEscapeHTML(false)
	for _, e := range events {
		if len(e.XML) == 0 {
			return nil, fmt.Errorf("record %d has no XML, which a recording keeps", e.RecordID)
		}
		if err := lines.Encode(line{e.RecordID, string(e.XML)}); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Read reads a recording and checks every hash. Its errors name the file; a file that is not what the manifest says
// is a *DamagedError.
func Read(files fs.FS) (*Recording, error) {
	m, err := readManifest(files)
	if err != nil {
		return nil, err
	}
	r := &Recording{Manifest: *m, Documents: map[string][]byte{}}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		content, err := readChecked(files, name, m.Files[name])
		if err != nil {
			return nil, err
		}
		if path.Dir(name) != "events" {
			r.Documents[name] = content
			continue
		}
		events, err := unpack(name, content)
		if err != nil {
			return nil, err
		}
		r.Events = append(r.Events, events...)
	}
	slices.SortStableFunc(r.Events, byChannelAndRecord)
	return r, nil
}

func byChannelAndRecord(a, b Event) int {
	switch {
	case a.Channel < b.Channel || a.Channel == b.Channel && a.RecordID < b.RecordID:
		return -1
	case a.Channel == b.Channel && a.RecordID == b.RecordID:
		return 0
	}
	return 1
}

// Sort puts events in the order of a recording.
func Sort(events []Event) { slices.SortStableFunc(events, byChannelAndRecord) }

func readManifest(files fs.FS) (*Manifest, error) {
	text, err := fs.ReadFile(files, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("not a recording: %w; give the folder that `geiger run --record` wrote", err)
	}
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, &DamagedError{"manifest.json", "not a manifest", err}
	}
	if m.Format < 1 || m.Format > FormatVersion {
		return nil, fmt.Errorf("manifest.json: recording format %d, this geiger reads up to %d; use a newer geiger", m.Format, FormatVersion)
	}
	return &m, nil
}

func readChecked(files fs.FS, name string, want File) ([]byte, error) {
	content, err := readRegular(files, name, want.Bytes)
	if err != nil {
		return nil, err
	}
	if got := describe(content); got != want {
		return nil, &DamagedError{name, fmt.Sprintf("sha256 %.12s, the manifest says %.12s", got.SHA256, want.SHA256), nil}
	}
	return content, nil
}

// readRegular reads a file of the size that it must have. A name that leads out of the recording is refused by the file
// system; a pipe or a device, which might never end, is refused here.
func readRegular(files fs.FS, name string, size int) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &DamagedError{name, "the name leads out of the recording", nil}
	}
	info, err := fs.Stat(files, name)
	if err != nil {
		return nil, &DamagedError{name, "cannot be read", err}
	}
	if !info.Mode().IsRegular() {
		return nil, &DamagedError{name, "not a regular file", nil}
	}
	if info.Size() != int64(size) {
		return nil, &DamagedError{name, fmt.Sprintf("%d bytes, the manifest says %d", info.Size(), size), nil}
	}
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, &DamagedError{name, "cannot be read", err}
	}
	return content, nil
}

func unpack(name string, content []byte) ([]Event, error) {
	z, err := zstd.NewReader(bytes.NewReader(content), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maximumEvents))
	if err != nil {
		return nil, &DamagedError{name, "not zstandard", err}
	}
	defer z.Close()
	limited := &io.LimitedReader{R: z, N: maximumEvents}
	events, err := ReadNDJSON(name, bufio.NewReader(limited))
	if err == nil && limited.N <= 0 {
		err = fmt.Errorf("more than %d bytes unpacked", maximumEvents)
	}
	if err != nil {
		return nil, &DamagedError{name, "cannot be unpacked", err}
	}
	return events, nil
}
