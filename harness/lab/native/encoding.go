package native

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// unicodeWriter passes a text on as UTF-16.
type unicodeWriter struct{ w io.Writer }

func (u unicodeWriter) Write(text []byte) (int, error) {
	_, err := u.w.Write(utf16Bytes(string(text)))
	return len(text), err
}

func utf16Text(data []byte) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}

// utf16File is a text as a UTF-16 file with a byte order mark.
func utf16File(s string) []byte {
	data := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(s)) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return data
}
