package telemetry

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// The shapes of telemetry that comes from elsewhere.
const (
	ShapeXML  = "event xml"
	ShapeJSON = "json"
)

// maximumNesting is how often an archive may lie in another.
const maximumNesting = 3

// maximumBad is how many bad records of one source are named; all are counted.
const maximumBad = 100

// item is one record of foreign telemetry: an event, or a row of a table.
type item struct {
	event Event
	table string // "" of an event
	row   row
}

// records gives the records of a file in order. An error that is a *BadRecord stands for one of them, and others follow
// it; any other ends the file.
type records = iter.Seq2[item, error]

// BadRecord is a record that could not be read.
type BadRecord struct {
	Record int    `json:"record"` // its line in a file of lines, else its number in the file; both count from 1
	Why    string `json:"why"`
}

// Error implements error.
func (b *BadRecord) Error() string { return fmt.Sprintf("record %d: %s", b.Record, b.Why) }

func bad(record int, why error) *BadRecord { return &BadRecord{record, why.Error()} }

// open finds out from the content alone what a file is, so that its name may be anything.
func open(content []byte, rows *rowReader) (shape string, all records, err error) {
	if bytes.HasPrefix(content, []byte(evtxMagic)) {
		return ShapeEVTX, readEVTX(content), nil
	}
	content, err = utf8Text(content)
	if err != nil {
		return "", nil, err
	}
	text := bytes.TrimSpace(content)
	switch {
	case len(text) == 0:
		return "", nil, errors.New("the file is empty")
	case text[0] == '<':
		return ShapeXML, readXML(text), nil
	case text[0] == '{' || text[0] == '[':
		return ShapeJSON, rows.readJSON(content), nil
	case rows.table != "" || looksLikeCSV(text):
		return ShapeCSV, rows.readCSV(content), nil
	}
	return "", nil, errors.New("neither an event log nor event XML nor JSON nor a table as CSV, nor a .gz, .zst or .zip file of them")
}

// utf8Text takes off a byte order mark and turns UTF-16, which Event Viewer and wevtutil write, into UTF-8.
func utf8Text(content []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")):
		return content[3:], nil
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		order, content = binary.LittleEndian, content[2:]
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		order, content = binary.BigEndian, content[2:]
	case bytes.HasPrefix(content, []byte("<\x00")):
		order = binary.LittleEndian
	default:
		return content, nil
	}
	if len(content)%2 != 0 {
		return nil, errors.New("the UTF-16 text ends within a character")
	}
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = order.Uint16(content[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}

// member is a file, or a file of an archive.
type member struct {
	name    string // within the archive; "" of a file that is none
	content []byte
}

// members unpacks a file as far as it is packed. What of it is packed is known by its first bytes.
func members(content []byte, nesting int) ([]member, error) {
	if nesting > maximumNesting {
		return nil, errors.New("archives are nested too deep")
	}
	switch {
	case bytes.HasPrefix(content, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		return unpackMember(z, nesting)
	case bytes.HasPrefix(content, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(bytes.NewReader(content), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return unpackMember(z, nesting)
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return zipMembers(content, nesting)
	}
	return []member{{"", content}}, nil
}

func unpackMember(r io.Reader, nesting int) ([]member, error) {
	content, err := readBounded(r)
	if err != nil {
		return nil, err
	}
	return members(content, nesting+1)
}

func readBounded(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maximumEvents+1))
	if err == nil && len(content) > maximumEvents {
		err = fmt.Errorf("more than %d bytes unpacked", maximumEvents)
	}
	return content, err
}

func zipMembers(content []byte, nesting int) ([]member, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	var all []member
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		inner, err := zipMember(f, nesting)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		for _, m := range inner {
			name := f.Name
			if m.name != "" {
				name += "/" + m.name
			}
			all = append(all, member{name, m.content})
		}
	}
	return all, nil
}

func zipMember(f *zip.File, nesting int) ([]member, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	return unpackMember(r, nesting)
}
