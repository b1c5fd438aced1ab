package powershell

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// bytes converts a value to a byte slice.
func (in *interp) bytes(v any) ([]byte, error) {
	items := asList(v)
	out := make([]byte, len(items))
	for i, item := range items {
		if b, ok := item.(uint8); ok {
			out[i] = b
			continue
		}
		c, err := in.cast(item, &TypeRef{name: "System.Byte"})
		if err != nil {
			return nil, err
		}
		out[i], _ = c.(uint8)
	}
	return out, nil
}

// decodeText turns file content into text: by its byte order mark, else by the named encoding, else as ANSI.
func decodeText(data []byte, encoding string) string {
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return string(data[3:])
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return decodeUTF16(data[2:], false)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return decodeUTF16(data[2:], true)
	}
	switch strings.ToLower(encoding) {
	case "unicode", "utf-16":
		return decodeUTF16(data, false)
	case "bigendianunicode", "utf-16be":
		return decodeUTF16(data, true)
	case "utf8", "utf-8", "utf8nobom":
		return strings.ToValidUTF8(string(data), "\ufffd")
	}
	if utf8.Valid(data) && !hasHigh(data) {
		return string(data)
	}
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.String()
}

func hasHigh(data []byte) bool {
	for _, c := range data {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

func decodeUTF16(data []byte, big bool) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		lo, hi := uint16(data[2*i]), uint16(data[2*i+1])
		if big {
			lo, hi = hi, lo
		}
		units[i] = lo | hi<<8
	}
	return string(utf16.Decode(units))
}

// encodeText encodes without a byte order mark.
func encodeText(s, encoding string) []byte {
	switch strings.ToLower(encoding) {
	case "unicode", "utf-16", "string":
		return encodeUTF16(s, false)
	case "bigendianunicode", "utf-16be":
		return encodeUTF16(s, true)
	case "utf8", "utf-8", "utf8nobom":
		return []byte(s)
	}
	limit := rune(0xff)
	if e := strings.ToLower(encoding); e == "ascii" || e == "us-ascii" {
		limit = 0x7f
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > limit {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func encodeUTF16(s string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// preamble is the byte order mark that a cmdlet writes at the start of a file.
func preamble(encoding string) []byte {
	switch strings.ToLower(encoding) {
	case "unicode", "utf-16":
		return []byte{0xff, 0xfe}
	case "bigendianunicode", "utf-16be":
		return []byte{0xfe, 0xff}
	case "utf8", "utf-8":
		return []byte{0xef, 0xbb, 0xbf}
	}
	return nil
}
