package function

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
)

// The service's compressor is not documented. What it makes of a text that does not shrink was measured: one stored
// block. Of a text that shrinks, any compressor's output decompresses to the same text, so that ours will do.

func gzipText(s string) string {
	// The header of RFC 1952: deflate, no flags, no time, no hint, an unknown system.
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}
	out = append(out, deflated([]byte(s))...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(s)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(s)))
	return base64.StdEncoding.EncodeToString(out)
}

func zlibText(s string) string {
	// The header of RFC 1950: a window of 32 KiB, the fastest compression.
	out := append([]byte{0x78, 0x01}, deflated([]byte(s))...)
	out = binary.BigEndian.AppendUint32(out, adler32.Checksum([]byte(s)))
	return base64.StdEncoding.EncodeToString(out)
}

// deflated is data in the format of RFC 1951.
func deflated(data []byte) []byte {
	if packed := compressed(data); len(packed) > 0 && len(packed) < len(data) {
		return packed
	}
	return stored(data)
}

func compressed(data []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil
	}
	if _, err := w.Write(data); err != nil {
		return nil
	}
	if err := w.Close(); err != nil {
		return nil
	}
	return out.Bytes()
}

// maxStored is the most bytes that a stored block holds.
const maxStored = 1<<16 - 1

// stored wraps data in blocks that are not compressed.
func stored(data []byte) []byte {
	var out []byte
	for {
		n := min(len(data), maxStored)
		final := byte(0)
		if n == len(data) {
			final = 1
		}
		out = append(out, final)
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(n))
		out = append(out, data[:n]...)
		if data = data[n:]; final == 1 {
			return out
		}
	}
}
