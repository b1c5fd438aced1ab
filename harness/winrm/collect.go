package winrm

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
)

const (
	// pageEvents is the most events that one run of collect.ps1 returns, so that its
	// memory stays far below MaxMemoryPerShellMB.
	pageEvents = 10_000
	// maxPage bounds one page when it is unpacked.
	maxPage = 512 << 20

	recordEnd = "\x1e"
)

// Bookmark implements [harness.Target].
func (t *Target) Bookmark(ctx context.Context, channels []string) ([]harness.Bookmark, error) {
	if len(channels) == 0 {
		return nil, nil
	}
	var found struct {
		Channels []harness.Bookmark `json:"channels"`
	}
	argument := struct {
		Channels []string `json:"channels"`
	}{channels}
	if _, err := t.scriptJSON(ctx, scriptTimeout, "bookmark", argument, &found); err != nil {
		return nil, err
	}
	if len(found.Channels) != len(channels) {
		return nil, &ProtocolError{What: fmt.Sprintf("host bookmarked %d of %d channels", len(found.Channels), len(channels))}
	}
	for i, b := range found.Channels {
		if b.Channel != channels[i] {
			return nil, &ProtocolError{What: fmt.Sprintf("host bookmarked channel %q in place of %q", b.Channel, channels[i])}
		}
	}
	return found.Channels, nil
}

// page is what one run of collect.ps1 returns.
type page struct {
	channels []pageChannel
	trailer  pageTrailer
}

type pageChannel struct {
	Channel string               `json:"channel"`
	State   harness.ChannelState `json:"state"`
	Oldest  uint64               `json:"oldest"`
	Last    uint64               `json:"last"`
	events  []string
}

type pageTrailer struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
	More   bool   `json:"more"`
	PID    uint32 `json:"pid"`
}

// position is where the next page of a channel begins.
type position struct {
	Channel string `json:"channel"`
	After   uint64 `json:"after"`
}

// Collect implements [harness.Target]. It reads page after page, until the host says
// that there is no more.
func (t *Target) Collect(ctx context.Context, after []harness.Bookmark) ([]harness.Batch, error) {
	batches := make([]harness.Batch, len(after))
	positions := make([]position, len(after))
	for i, b := range after {
		batches[i].Channel = b.Channel
		positions[i] = position{b.Channel, b.After}
	}
	for len(after) > 0 {
		p, err := t.collectPage(ctx, positions)
		if err != nil {
			return nil, err
		}
		progress, err := p.addTo(batches, positions)
		if err != nil {
			return nil, err
		}
		if !p.trailer.More {
			break
		}
		if !progress {
			return nil, &ProtocolError{What: "host says that there are more events, and returns none"}
		}
	}
	return batches, nil
}

func (t *Target) collectPage(ctx context.Context, positions []position) (page, error) {
	var output bytes.Buffer
	argument := struct {
		Bookmarks []position `json:"bookmarks"`
		Max       int        `json:"max"`
	}{positions, pageEvents}
	if err := t.script(ctx, scriptTimeout, "collect", argument, &output); err != nil {
		return page{}, err
	}
	p, err := decodePage(output.Bytes())
	if err != nil {
		return page{}, &ProtocolError{What: "collected events arrived damaged", Err: err}
	}
	return p, nil
}

// addTo appends the page to the batches and moves the positions on. It reports whether
// there was any event.
func (p page) addTo(batches []harness.Batch, positions []position) (progress bool, err error) {
	if len(p.channels) != len(batches) {
		return false, &ProtocolError{What: fmt.Sprintf("host returned %d of %d channels", len(p.channels), len(batches))}
	}
	for i, c := range p.channels {
		b := &batches[i]
		if c.Channel != b.Channel {
			return false, &ProtocolError{What: fmt.Sprintf("host returned channel %q in place of %q", c.Channel, b.Channel)}
		}
		first := b.Process == 0
		if first || c.Oldest > positions[i].After+1 { // the log overtook the reader between two pages
			b.Oldest = c.Oldest
		}
		b.State, b.Last, b.Process = c.State, c.Last, p.trailer.PID
		for _, event := range c.events {
			id, err := recordID(event)
			if err != nil {
				return false, err
			}
			if id <= positions[i].After {
				return false, &ProtocolError{What: fmt.Sprintf("event %d of %s came after event %d", id, c.Channel, positions[i].After)}
			}
			positions[i].After = id
		}
		b.Events = append(b.Events, c.events...)
		progress = progress || len(c.events) > 0
	}
	return progress, nil
}

// recordID reads System/EventRecordID from rendered event XML.
func recordID(event string) (uint64, error) {
	const open, end = "<EventRecordID>", "</EventRecordID>"
	_, rest, found := strings.Cut(event, open)
	digits, _, closed := strings.Cut(rest, end)
	id, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
	if !found || !closed || err != nil {
		return 0, &ProtocolError{What: "event without a record id (" + excerpt(event) + ")"}
	}
	return id, nil
}

// decodePage undoes what collect.ps1 does: base64 lines closed by a line of JSON that
// holds the hash of what they carry, gzip, records.
func decodePage(output []byte) (page, error) {
	var encoded strings.Builder
	for line := range strings.Lines(decodeText(output)) {
		line = strings.TrimSpace(line)
		trailer, last := strings.CutPrefix(line, "#")
		if !last {
			encoded.WriteString(line)
			continue
		}
		p := page{}
		if err := json.Unmarshal([]byte(trailer), &p.trailer); err != nil {
			return page{}, fmt.Errorf("reading the last line: %w", err)
		}
		text, err := unpack(encoded.String(), p.trailer)
		if err != nil {
			return page{}, err
		}
		p.channels, err = splitRecords(text)
		return p, err
	}
	return page{}, errors.New("the last line is missing")
}

// unpack decodes, checks and decompresses.
func unpack(encoded string, trailer pageTrailer) (string, error) {
	packed, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", fmt.Errorf("base64: %w", err)
	}
	sum := sha256.Sum256(packed)
	if len(packed) != trailer.Bytes || !strings.EqualFold(hex.EncodeToString(sum[:]), trailer.SHA256) {
		return "", fmt.Errorf("%d bytes do not have the hash that the host gave for %d", len(packed), trailer.Bytes)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("gzip: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(reader, maxPage+1))
	if err != nil {
		return "", fmt.Errorf("gzip: %w", err)
	}
	if len(text) > maxPage {
		return "", fmt.Errorf("more than %d bytes of events at once", maxPage)
	}
	return string(text), nil
}

// splitRecords reads the records: JSON begins a channel, XML is one of its events.
func splitRecords(text string) ([]pageChannel, error) {
	var channels []pageChannel
	for text != "" {
		record, rest, found := strings.Cut(text, recordEnd)
		if !found {
			return nil, errors.New("the last record is cut short")
		}
		text = rest
		if strings.HasPrefix(record, "{") {
			var c pageChannel
			if err := json.Unmarshal([]byte(record), &c); err != nil {
				return nil, fmt.Errorf("reading the record of a channel: %w", err)
			}
			channels = append(channels, c)
			continue
		}
		if len(channels) == 0 {
			return nil, errors.New("an event comes before any channel")
		}
		c := &channels[len(channels)-1]
		c.events = append(c.events, record)
	}
	return channels, nil
}
