package telemetry

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// ShapeEVTX is the file of an event log, as Windows keeps it and `wevtutil epl` exports it.
const ShapeEVTX = "evtx"

// The layout of an event log's file: a header, then chunks of one size, each with its own header and the records that it
// holds. It is described in https://github.com/libyal/libevtx (Windows XML Event Log (EVTX)), the XML in MS-EVEN6.
const (
	evtxMagic        = "ElfFile\x00"
	chunkMagic       = "ElfChnk\x00"
	recordMagic      = "**\x00\x00"
	fileHeaderSize   = 4096
	chunkSize        = 64 << 10
	chunkHeaderSize  = 512
	recordHeaderSize = 24
)

// readEVTX reads the records of an event log's file in their order.
//
// The XML is rendered here, from the typed values of the file, as Windows renders it: hexadecimal numbers stay so, and
// times keep their tenth of a microsecond.
func readEVTX(content []byte) records {
	return func(yield func(item, error) bool) {
		number := 0
		for at := fileHeaderSize; at < len(content); at += chunkSize {
			c := chunk{data: content[at:min(at+chunkSize, len(content))]}
			if !c.used() {
				continue
			}
			for one, err := range c.records() {
				number++
				if err != nil {
					err = bad(number, err)
				}
				if !yield(one, err) {
					return
				}
			}
		}
	}
}

// chunk is one chunk of the file. Offsets in it count from its start.
type chunk struct{ data []byte }

// used tells a chunk from the space that a file keeps for later ones.
func (c *chunk) used() bool { return len(bytes.Trim(c.data, "\x00")) > 0 }

func (c *chunk) records() records {
	return func(yield func(item, error) bool) {
		if len(c.data) < chunkHeaderSize || string(c.data[:8]) != chunkMagic {
			yield(item{}, errors.New("not a chunk of an event log"))
			return
		}
		end, last := int(binary.LittleEndian.Uint32(c.data[48:])), uint64(0)
		for at := chunkHeaderSize; ; {
			id, size, ok := c.recordAt(at)
			// A log that was copied while in use has records that its headers do not tell of yet.
			if at >= end && (!ok || id != last+1) {
				return
			}
			if !ok {
				yield(item{}, fmt.Errorf("after the record id %d, the chunk is damaged", last))
				return
			}
			one, err := c.event(at, size)
			if err != nil {
				err = fmt.Errorf("record id %d: %w", id, err)
			}
			if !yield(one, err) {
				return
			}
			at, last = at+size, id
		}
	}
}

// recordAt reads the header of a record.
func (c *chunk) recordAt(at int) (id uint64, size int, ok bool) {
	if at+recordHeaderSize > len(c.data) || string(c.data[at:at+4]) != recordMagic {
		return 0, 0, false
	}
	size = int(binary.LittleEndian.Uint32(c.data[at+4:]))
	if size < recordHeaderSize || at+size > len(c.data) {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(c.data[at+8:]), size, true
}

func (c *chunk) event(at, size int) (item, error) {
	r := &renderer{chunk: c.data, budget: maximumRendering}
	p := &binaryXML{renderer: r, at: at + recordHeaderSize, end: at + size}
	p.fragment()
	if r.err != nil {
		return item{}, r.err
	}
	e, err := ParseXML(r.out.Bytes())
	if err == nil && e.Channel == "" {
		err = errors.New("the event has no channel")
	}
	return item{event: e}, err
}
