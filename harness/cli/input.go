package cli

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/tablefile"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// data is what a query is asked of.
type data struct {
	events []telemetry.Event
	rows   []telemetry.Table // of recordings
	files  []tableFile
	newest time.Time // of the recordings' ends and the events
}

// tableFile is a table given as TABLE=FILE.
type tableFile struct{ table, name string }

// tableArgument tells TABLE=FILE from a path that holds an equals sign. A table in place of a service is named as
// kql.Query.Fixtures names it, which may take a call with a text: _GetWatchlist("Assets")=assets.csv.
var tableArgument = regexp.MustCompile(`^([A-Za-z_]\w*(?:\("[^"]*"\))?)=(.*)$`)

func readInputs(inputs []string) (*data, error) {
	d := &data{}
	for _, in := range inputs {
		if m := tableArgument.FindStringSubmatch(in); m != nil {
			d.files = append(d.files, tableFile{m[1], m[2]})
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
	if !info.IsDir() && filepath.Ext(name) != ".zip" {
		return d.addEvents(name)
	}
	found, err := recordings([]string{name})
	if err != nil {
		return err
	}
	for _, rec := range found {
		r, err := telemetry.Read(rec.files)
		if err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
		rows, err := r.Tables()
		if err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
		d.events = append(d.events, r.Events...)
		d.rows = append(d.rows, rows...)
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

// read reads the rows of a table. Columns that the schema knows get its types.
func (f *tableFile) read(known []value.Column) (*kql.Table, error) {
	in, err := unpacked(f.name)
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // read only
	plain := strings.TrimSuffix(strings.TrimSuffix(f.name, ".gz"), ".zst")
	return tablefile.Read(plain, in, known)
}
