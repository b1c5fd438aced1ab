package telemetry

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The types of values in binary XML.
const (
	kindNull       = 0x00
	kindString     = 0x01
	kindANSI       = 0x02
	kindInt8       = 0x03
	kindUint8      = 0x04
	kindInt16      = 0x05
	kindUint16     = 0x06
	kindInt32      = 0x07
	kindUint32     = 0x08
	kindInt64      = 0x09
	kindUint64     = 0x0a
	kindFloat      = 0x0b
	kindDouble     = 0x0c
	kindBool       = 0x0d
	kindBinary     = 0x0e
	kindGUID       = 0x0f
	kindSize       = 0x10
	kindFileTime   = 0x11
	kindSystemTime = 0x12
	kindSID        = 0x13
	kindHex32      = 0x14
	kindHex64      = 0x15
	kindXML        = 0x21
	listOf         = 0x80 // added to the type of the items
)

// widths are the sizes of the items of lists, in bytes.
var widths = map[byte]int{
	kindInt8: 1, kindUint8: 1, kindInt16: 2, kindUint16: 2, kindInt32: 4, kindUint32: 4, kindInt64: 8, kindUint64: 8,
	kindFloat: 4, kindDouble: 8, kindBool: 4, kindGUID: 16, kindFileTime: 8, kindSystemTime: 16, kindHex32: 4, kindHex64: 8,
}

type typedValue struct {
	kind byte
	from int // offset in the chunk
	raw  []byte
}

// items are the texts of a value: none of null, several of a list, else one.
func (v typedValue) items() []string {
	switch {
	case v.kind == kindNull:
		return nil
	case v.kind&listOf == 0:
		return []string{v.item()}
	}
	kind := v.kind &^ listOf
	if kind == kindString {
		return strings.Split(strings.TrimSuffix(utf16Text(v.raw), "\x00"), "\x00")
	}
	width, ok := widths[kind]
	if !ok {
		return []string{strings.ToUpper(hex.EncodeToString(v.raw))}
	}
	var all []string
	for at := 0; at+width <= len(v.raw); at += width {
		all = append(all, typedValue{kind: kind, raw: v.raw[at : at+width]}.item())
	}
	return all
}

// item is the text of a single value, as Windows renders it.
func (v typedValue) item() string {
	switch v.kind {
	case kindString:
		return strings.TrimRight(utf16Text(v.raw), "\x00")
	case kindANSI:
		return strings.TrimRight(latin(v.raw), "\x00")
	case kindInt8, kindInt16, kindInt32, kindInt64:
		return strconv.FormatInt(v.signed(), 10)
	case kindUint8, kindUint16, kindUint32, kindUint64:
		return strconv.FormatUint(v.number(), 10)
	case kindFloat:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(v.number()))), 'g', -1, 32) //nolint:gosec // of four bytes
	case kindDouble:
		return strconv.FormatFloat(math.Float64frombits(v.number()), 'g', -1, 64)
	case kindBool:
		return strconv.FormatBool(v.number() != 0)
	case kindSize, kindHex32, kindHex64:
		return "0x" + strconv.FormatUint(v.number(), 16)
	case kindFileTime:
		return fileTime(v.number()).Format("2006-01-02T15:04:05.0000000Z")
	case kindSystemTime:
		return v.systemTime()
	case kindGUID:
		return v.guid()
	case kindSID:
		return v.sid()
	}
	return strings.ToUpper(hex.EncodeToString(v.raw))
}

func latin(raw []byte) string {
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return string(runes)
}

func (v typedValue) number() uint64 {
	var wide [8]byte
	copy(wide[:], v.raw)
	return binary.LittleEndian.Uint64(wide[:])
}

func (v typedValue) signed() int64 {
	shift := 64 - 8*min(len(v.raw), 8)
	return int64(v.number()<<shift) >> shift //nolint:gosec // the sign is what is meant
}

// fileTime is a time in tenths of a microsecond since 1601.
func fileTime(ticks uint64) time.Time {
	const perSecond, toUnix = 10_000_000, 11_644_473_600
	return time.Unix(int64(ticks/perSecond)-toUnix, int64(ticks%perSecond)*100).UTC() //nolint:gosec // a quotient fits
}

func (v typedValue) systemTime() string {
	if len(v.raw) < 16 {
		return strings.ToUpper(hex.EncodeToString(v.raw))
	}
	part := func(at int) uint16 { return binary.LittleEndian.Uint16(v.raw[2*at:]) }
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", part(0), part(1), part(3), part(4), part(5), part(6), part(7))
}

func (v typedValue) guid() string {
	if len(v.raw) < 16 {
		return strings.ToUpper(hex.EncodeToString(v.raw))
	}
	le := binary.LittleEndian
	return fmt.Sprintf("{%08X-%04X-%04X-%X-%X}", le.Uint32(v.raw), le.Uint16(v.raw[4:]), le.Uint16(v.raw[6:]), v.raw[8:10], v.raw[10:16])
}

func (v typedValue) sid() string {
	if len(v.raw) < 8 {
		return strings.ToUpper(hex.EncodeToString(v.raw))
	}
	var authority [8]byte
	copy(authority[2:], v.raw[2:8])
	var text strings.Builder
	fmt.Fprintf(&text, "S-%d-%d", v.raw[0], binary.BigEndian.Uint64(authority[:]))
	for at := 8; at+4 <= len(v.raw); at += 4 {
		fmt.Fprintf(&text, "-%d", binary.LittleEndian.Uint32(v.raw[at:]))
	}
	return text.String()
}
