package telemetry_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// logWriter writes the file of an event log with one chunk, whose records share a template.
type logWriter struct {
	chunk      []byte
	names      map[string]int
	definition int // offset of the template; 0 before the first record
}

// logged is a value of a record and its type in binary XML.
type logged struct {
	kind byte
	raw  []byte
}

func newLog() *logWriter {
	w := &logWriter{names: map[string]int{}, chunk: make([]byte, 512)}
	copy(w.chunk, "ElfChnk\x00")
	return w
}

func (w *logWriter) bytes(b ...byte) { w.chunk = append(w.chunk, b...) }
func (w *logWriter) u16(n int)       { w.chunk = binary.LittleEndian.AppendUint16(w.chunk, uint16(n)) } //nolint:gosec // small

func (w *logWriter) u32(n int)       { w.chunk = binary.LittleEndian.AppendUint32(w.chunk, uint32(n)) } //nolint:gosec // small
func (w *logWriter) patch(at, n int) { binary.LittleEndian.PutUint32(w.chunk[at:], uint32(n)) }         //nolint:gosec // small

func chars(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func (w *logWriter) counted(text string) {
	raw := chars(text)
	w.u16(len(raw) / 2)
	w.bytes(raw...)
}

func (w *logWriter) name(text string) {
	if at, ok := w.names[text]; ok {
		w.u32(at)
		return
	}
	w.names[text] = len(w.chunk) + 4
	w.u32(len(w.chunk) + 4)
	w.bytes(0, 0, 0, 0, 0, 0)
	w.counted(text)
	w.u16(0)
}

// element writes an element with attributes (name, value, ...), where a value "{N}" is the optional value N.
func (w *logWriter) element(name string, attributes []string, content func()) {
	w.bytes(0x01|0x40*byte(min(len(attributes), 1)), 0xff, 0xff, 0, 0, 0, 0)
	w.name(name)
	if len(attributes) > 0 {
		w.u32(0)
	}
	for pair := range slices.Chunk(attributes, 2) {
		w.bytes(0x06)
		w.name(pair[0])
		if pair[1][0] == '{' {
			w.bytes(0x0e, pair[1][1]-'0', 0, 0x01)
			continue
		}
		w.bytes(0x05, 0x01)
		w.counted(pair[1])
	}
	if content == nil {
		w.bytes(0x03)
		return
	}
	w.bytes(0x02)
	content()
	w.bytes(0x04)
}

func (w *logWriter) value(n byte) func() { return func() { w.bytes(0x0d, n, 0, 0x01) } }

func (w *logWriter) text(text string) func() {
	return func() {
		w.bytes(0x05, 0x01)
		w.counted(text)
	}
}

func (w *logWriter) template() {
	w.bytes(make([]byte, 20)...)
	size := len(w.chunk)
	w.u32(0)
	w.bytes(0x0f, 1, 1, 0)
	w.element("Event", []string{"xmlns", "http://schemas.microsoft.com/win/2004/08/events/event"}, func() {
		w.element("System", nil, func() {
			w.element("Provider", []string{"Name", "Microsoft-Windows-Sysmon"}, nil)
			w.element("EventID", nil, w.value(0))
			w.element("TimeCreated", []string{"SystemTime", "{1}"}, nil)
			w.element("EventRecordID", nil, w.value(2))
			w.element("Channel", nil, w.text("Microsoft-Windows-Sysmon/Operational"))
			w.element("Computer", nil, w.text("iis01"))
			w.element("Security", []string{"UserID", "{3}"}, nil)
		})
		w.element("EventData", nil, func() { w.element("Data", []string{"Name", "V"}, w.value(4)) })
	})
	w.bytes(0)
	w.patch(size, len(w.chunk)-size-4)
}

// record writes an event with one field V.
func (w *logWriter) record(id uint64, user, v logged) {
	const ticks = 134_117_966_456_789_012 // 2026-01-02 03:04:05.6789012
	start := len(w.chunk)
	w.bytes('*', '*', 0, 0, 0, 0, 0, 0)
	w.chunk = binary.LittleEndian.AppendUint64(w.chunk, id)
	w.chunk = binary.LittleEndian.AppendUint64(w.chunk, ticks)
	w.bytes(0x0f, 1, 1, 0, 0x0c, 1, 0, 0, 0, 0)
	if w.definition == 0 {
		w.definition = len(w.chunk) + 4
		w.u32(w.definition)
		w.template()
	} else {
		w.u32(w.definition)
	}
	values := []logged{
		{0x06, []byte{11, 0}},
		{0x11, binary.LittleEndian.AppendUint64(nil, ticks)},
		{0x0a, binary.LittleEndian.AppendUint64(nil, id)},
		user, v,
	}
	w.u32(len(values))
	for _, v := range values {
		w.u16(len(v.raw))
		w.bytes(v.kind, 0)
	}
	for _, v := range values {
		w.bytes(v.raw...)
	}
	w.bytes(0)
	w.u32(len(w.chunk) + 4 - start)
	w.patch(start+4, len(w.chunk)-start)
}

func (w *logWriter) file() []byte {
	file := make([]byte, 4096)
	copy(file, "ElfFile\x00")
	chunk := slices.Concat(w.chunk, make([]byte, 64<<10-len(w.chunk)))
	binary.LittleEndian.PutUint32(chunk[48:], uint32(len(w.chunk))) //nolint:gosec // less than a chunk
	return slices.Concat(file, chunk, make([]byte, 64<<10))
}

var (
	localSystem = logged{0x13, []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}}
	nothing     = logged{}
)

func TestImportedLog(t *testing.T) {
	w := newLog()
	w.record(7, localSystem, logged{0x01, chars(`C:\a & "b"`)})
	w.record(8, nothing, logged{0x01, chars("ü")})
	r := imported(t, "Sysmon.evtx", w.file())
	require.Equal(t, telemetry.ShapeEVTX, r.Manifest.Imported.Sources[0].Shape)
	require.Len(t, r.Events, 2)
	e := r.Events[0]
	require.Equal(t, []any{telemetry.ChannelSysmon, "Microsoft-Windows-Sysmon", "iis01", 11, uint64(7), "S-1-5-18"}, []any{e.Channel, e.Provider, e.Computer, e.EventID, e.RecordID, e.UserID})
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC), e.TimeCreated)
	require.Equal(t, []telemetry.Field{{Name: "V", Value: `C:\a & "b"`}}, e.Data)
	require.Empty(t, r.Events[1].UserID)
	require.Contains(t, string(r.Events[1].XML), "<Security/>", "an attribute without a value is left out")
	require.Equal(t, "ü", r.Events[1].Get("V"))
}

func TestImportedLogValues(t *testing.T) {
	u32, u64 := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint64
	guid := []byte{0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8}
	for name, c := range map[string]struct {
		value logged
		want  []string
	}{
		"null":         {nothing, []string{""}},
		"ansi":         {logged{0x02, []byte("a\xe4\x00")}, []string{"aä"}},
		"int8":         {logged{0x03, []byte{0xff}}, []string{"-1"}},
		"uint8":        {logged{0x04, []byte{0xff}}, []string{"255"}},
		"int16":        {logged{0x05, []byte{0xfe, 0xff}}, []string{"-2"}},
		"int32":        {logged{0x07, u32(nil, math.MaxUint32)}, []string{"-1"}},
		"uint32":       {logged{0x08, u32(nil, math.MaxUint32)}, []string{"4294967295"}},
		"int64":        {logged{0x09, u64(nil, math.MaxUint64)}, []string{"-1"}},
		"float":        {logged{0x0b, u32(nil, math.Float32bits(1.5))}, []string{"1.5"}},
		"double":       {logged{0x0c, u64(nil, math.Float64bits(-2.25))}, []string{"-2.25"}},
		"bool":         {logged{0x0d, u32(nil, 1)}, []string{"true"}},
		"binary":       {logged{0x0e, []byte{0xab, 1}}, []string{"AB01"}},
		"guid":         {logged{0x0f, guid}, []string{"{76543210-BA98-FEDC-0102-030405060708}"}},
		"system time":  {logged{0x12, []byte{0xea, 7, 1, 0, 5, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0}}, []string{"2026-01-02T03:04:05.006Z"}},
		"hex32":        {logged{0x14, u32(nil, 0x3e7)}, []string{"0x3e7"}},
		"hex64":        {logged{0x15, u64(nil, 0x12fe05)}, []string{"0x12fe05"}},
		"cut short":    {logged{0x0f, guid[:3]}, []string{"103254"}},
		"strings":      {logged{0x81, chars("a\x00b\x00")}, []string{"a", "b"}},
		"numbers":      {logged{0x88, u32(u32(nil, 1), 2)}, []string{"1", "2"}},
		"hex numbers":  {logged{0x95, u64(u64(nil, 10), 11)}, []string{"0xa", "0xb"}},
		"unknown":      {logged{0x7f, []byte{1}}, []string{"01"}},
		"unknown list": {logged{0xfe, []byte{1}}, []string{"01"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newLog()
			w.record(1, localSystem, c.value)
			var got []string
			for _, f := range imported(t, "in", w.file()).Events[0].Data {
				require.Equal(t, "V", f.Name)
				got = append(got, f.Value)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestImportedLogNested(t *testing.T) {
	w := newLog()
	w.record(1, localSystem, logged{0x21, []byte{0x0f, 1, 1, 0, 0x05, 1, 2, 0, 'o', 0, 'k', 0, 0}})
	require.Equal(t, "ok", imported(t, "in", w.file()).Events[0].Get("V"))
}

func TestImportedLogDamaged(t *testing.T) {
	whole := newLog()
	whole.record(7, localSystem, nothing)
	first := len(whole.chunk)
	whole.record(8, localSystem, nothing)
	second := len(whole.chunk)
	whole.record(9, localSystem, nothing)
	for name, c := range map[string]struct {
		damage func(file []byte) []byte
		events int
		want   string
	}{
		"a token":        {func(f []byte) []byte { f[4096+first+24] = 0x3f; return f }, 2, "record id 8: the token 0x3f is not known"},
		"a record":       {func(f []byte) []byte { f[4096+first] = 'x'; return f }, 1, "after the record id 7, the chunk is damaged"},
		"a chunk":        {func(f []byte) []byte { f[4096] = 'x'; return f }, 0, "not a chunk of an event log"},
		"cut short":      {func(f []byte) []byte { return f[:4096+second+10] }, 2, "after the record id 8, the chunk is damaged"},
		"many values":    {func(f []byte) []byte { f[4096+first+24+14+3] = 0xff; return f }, 2, "record id 8: the record has too many values"},
		"a stale header": {func(f []byte) []byte { binary.LittleEndian.PutUint32(f[4096+48:], uint32(first)); return f }, 3, ""}, //nolint:gosec // small
	} {
		t.Run(name, func(t *testing.T) {
			var i telemetry.Importer
			require.NoError(t, i.Add("", "in", c.damage(whole.file())))
			r, err := i.Recording()
			require.Equal(t, c.events == 0, err != nil)
			if err == nil {
				require.Len(t, r.Events, c.events)
			}
			if c.want == "" {
				require.Empty(t, i.Bad())
				return
			}
			require.Equal(t, c.want, i.Bad()[0].Bad[0].Why)
		})
	}
}

// TestImportedLogBomb: a value that stands for itself does not go on for ever.
func TestImportedLogBomb(t *testing.T) {
	w := newLog()
	w.record(1, localSystem, nothing)
	// Every value of the inner template is again that template.
	inner := []byte{0x0f, 1, 1, 0, 0x0c, 1, 0, 0, 0, 0}
	inner = binary.LittleEndian.AppendUint32(inner, uint32(w.definition)) //nolint:gosec // small
	w.record(2, localSystem, logged{0x21, slices.Concat(inner, []byte{5, 0, 0, 0}, make([]byte, 20))})
	var i telemetry.Importer
	require.NoError(t, i.Add("", "in", w.file()))
	w.record(3, localSystem, logged{0x88, make([]byte, 60000)})
	require.Less(t, len(w.chunk), 64<<10)
	require.NoError(t, i.Add("", "in", w.file()))
}

func FuzzImportLog(f *testing.F) {
	w := newLog()
	w.record(1, localSystem, logged{0x81, chars("a\x00b")})
	w.record(2, localSystem, logged{0x21, []byte{0x0f, 1, 1, 0, 0x05, 1, 1, 0, 'o', 0, 0}})
	f.Add(w.chunk[512:])
	f.Fuzz(func(t *testing.T, records []byte) {
		w := newLog()
		w.bytes(records[:min(len(records), 60000)]...)
		var i telemetry.Importer
		require.NoError(t, i.Add("", "in", w.file()))
		if r, err := i.Recording(); err == nil {
			require.NoError(t, r.Write(func(string, []byte) error { return nil }))
		}
	})
}
