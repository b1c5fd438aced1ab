package telemetry_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/testdata"
)

const fileCreate = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>` +
	`<Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/><EventID>11</EventID><Version>2</Version>` +
	`<Level>4</Level><Task>11</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>` +
	`<TimeCreated SystemTime='2026-01-02T03:04:05.6789012Z'/><EventRecordID>77</EventRecordID><Correlation/>` +
	`<Execution ProcessID='2344' ThreadID='3140'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel>` +
	`<Computer>iis01.example.test</Computer><Security UserID='S-1-5-18'/></System><EventData>` +
	`<Data Name='UtcTime'>2026-01-02 03:04:05.600</Data><Data Name='Image'>C:\a &amp; b\x.exe</Data>` +
	"<Data Name='TargetFilename'>C:\\x\x01.dll</Data></EventData></Event>"

func TestParseXML(t *testing.T) {
	e, err := telemetry.ParseXML([]byte(fileCreate))
	require.NoError(t, err)
	want := telemetry.Event{
		Channel: telemetry.ChannelSysmon, Provider: "Microsoft-Windows-Sysmon", Computer: "iis01.example.test",
		EventID: 11, Version: 2, RecordID: 77, TimeCreated: time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC),
		UserID: "S-1-5-18", ProcessID: 2344, ThreadID: 3140, XML: []byte(fileCreate),
		Data: []telemetry.Field{
			{Name: "UtcTime", Value: "2026-01-02 03:04:05.600"},
			{Name: "Image", Value: `C:\a & b\x.exe`},
			{Name: "TargetFilename", Value: "C:\\x\uFFFD.dll"},
		},
	}
	require.Empty(t, cmp.Diff(want, e))
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC), e.Time())
}

func TestParseXMLErrors(t *testing.T) {
	for _, text := range []string{"", "x", "<Event>", "<Other/>", "<Event><System><EventID>x</EventID></System></Event>", strings.Replace(fileCreate, "2026-01-02T", "", 1)} {
		_, err := telemetry.ParseXML([]byte(text))
		require.ErrorContains(t, err, "event xml: ")
	}
}

func TestReadNDJSON(t *testing.T) {
	text := `{"channel":"Security","eid":4688,"record_id":"5","ver":2,"time":"2026-01-02T03:04:05Z","data":{"z":"1","a":2,"n":null}}` + "\n\n" +
		`{"id":77,"xml":"<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-01-02T03:04:05Z'/></System></Event>"}` + "\n"
	events, err := telemetry.ReadNDJSON("in", strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, []telemetry.Field{{Name: "z", Value: "1"}, {Name: "a", Value: "2"}, {Name: "n"}}, events[0].Data)
	require.EqualValues(t, 5, events[0].RecordID)
	require.Equal(t, 1, events[1].EventID)

	_, err = telemetry.ReadNDJSON("in", strings.NewReader(text+"{"))
	require.ErrorContains(t, err, "in:4: not an event")
	_, err = telemetry.ReadNDJSON("in", strings.NewReader(`{"a":1}`))
	require.EqualError(t, err, `in:1: not an event: it has neither "xml" nor "channel" and "eid"`)
}

func written(t *testing.T) fstest.MapFS {
	t.Helper()
	e, err := telemetry.ParseXML([]byte(strings.Replace(fileCreate, "\x01", "", 1)))
	require.NoError(t, err)
	r := telemetry.Recording{
		Manifest:  telemetry.Manifest{Target: "iis01", Simulated: true},
		Events:    []telemetry.Event{e},
		Documents: map[string][]byte{"executions.json": []byte("{}")},
	}
	files := fstest.MapFS{}
	require.NoError(t, r.Write(func(name string, content []byte) error {
		files[name] = &fstest.MapFile{Data: content}
		return nil
	}))
	return files
}

func TestRecordingRoundTrip(t *testing.T) {
	files := written(t)
	r, err := telemetry.Read(files)
	require.NoError(t, err)
	require.Len(t, r.Events, 1)
	require.EqualValues(t, 77, r.Events[0].RecordID)
	require.Equal(t, "{}", string(r.Documents["executions.json"]))
	require.True(t, r.Manifest.Simulated)
	require.Empty(t, cmp.Diff(files, written(t)), "equal recordings give equal bytes")
}

func TestDamagedRecordings(t *testing.T) {
	const events = "events/Microsoft-Windows-Sysmon%2FOperational.ndjson.zst"
	for _, c := range []struct {
		name   string
		damage func(fstest.MapFS)
		want   string
	}{
		{"no manifest", func(f fstest.MapFS) { delete(f, "manifest.json") }, "not a recording"},
		{"manifest cut short", func(f fstest.MapFS) { f["manifest.json"].Data = f["manifest.json"].Data[:20] }, "manifest.json: not a manifest"},
		{"newer format", func(f fstest.MapFS) {
			f["manifest.json"].Data = bytes.Replace(f["manifest.json"].Data, []byte(`"format": 1`), []byte(`"format": 9`), 1)
		}, "recording format 9"},
		{"events cut short", func(f fstest.MapFS) { f[events].Data = f[events].Data[:30] }, events + ": 30 bytes, the manifest says "},
		{"events missing", func(f fstest.MapFS) { delete(f, events) }, events + ": cannot be read"},
		{"a file outside", func(f fstest.MapFS) { rename(f, events, "events/../../secret") }, "events/../../secret: the name leads out of the recording"},
		{"an absolute file", func(f fstest.MapFS) { rename(f, events, "/etc/passwd") }, "/etc/passwd: the name leads out of the recording"},
		{"a folder as a file", func(f fstest.MapFS) {
			f[events] = &fstest.MapFile{Mode: fs.ModeDir}
		}, events + ": not a regular file"},
		{"a pipe", func(f fstest.MapFS) { f[events].Mode = fs.ModeNamedPipe }, events + ": not a regular file"},
		{"longer than it was", func(f fstest.MapFS) { f["executions.json"].Data = []byte("{}{}") }, "executions.json: 4 bytes, the manifest says 2"},
		{"document changed", func(f fstest.MapFS) { f["executions.json"].Data = []byte("[]") }, "executions.json: sha256"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := written(t)
			c.damage(files)
			_, err := telemetry.Read(files)
			require.ErrorContains(t, err, c.want)
			if _, ok := errors.AsType[*telemetry.DamagedError](err); ok {
				require.ErrorContains(t, err, "record the run again")
			}
		})
	}
}

// rename lets the manifest speak of a file under another name.
func rename(f fstest.MapFS, from, to string) {
	f["manifest.json"].Data = bytes.ReplaceAll(f["manifest.json"].Data, []byte(from), []byte(to))
}

// TestUnpackedSizeIsBounded: a small file that unpacks to gigabytes is refused, not read.
func TestUnpackedSizeIsBounded(t *testing.T) {
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	require.NoError(t, err)
	blank := bytes.Repeat(append(bytes.Repeat([]byte(" "), 1<<16-1), '\n'), 16)
	for range 513 {
		_, err := z.Write(blank)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	const name = "events/x.ndjson.zst"
	sum := sha256.Sum256(packed.Bytes())
	_, err = telemetry.Read(fstest.MapFS{
		name:            {Data: packed.Bytes()},
		"manifest.json": {Data: fmt.Appendf(nil, `{"format":1,"files":{%q:{"bytes":%d,"sha256":"%x"}}}`, name, packed.Len(), sum)},
	})
	var damaged *telemetry.DamagedError
	require.ErrorAs(t, err, &damaged)
	require.ErrorContains(t, err, "bytes unpacked")
}

func TestEventsWithoutXMLAreNotRecorded(t *testing.T) {
	r := telemetry.Recording{Events: []telemetry.Event{{Channel: "Security", RecordID: 7}}}
	err := r.Write(func(string, []byte) error { return nil })
	require.EqualError(t, err, "pack Security: record 7 has no XML, which a recording keeps")
}

// TestIllegalReferences: Windows renders some control characters of a command line as references that XML forbids.
func TestIllegalReferences(t *testing.T) {
	e, err := telemetry.ParseXML([]byte(strings.Replace(fileCreate, `x.exe`, `&#x1;&#31;&#x1b;&#65;&#x263a;&#99999999999;`, 1)))
	require.NoError(t, err)
	require.Equal(t, "C:\\a & b\\\uFFFD\uFFFD\uFFFDA☺\uFFFD", e.Get("Image"))
}

func TestRealEventsParse(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testdata.Shared(t, "telemetry/samples"), "*.xml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, p := range paths {
		text, err := os.ReadFile(p)
		require.NoError(t, err)
		n := 0
		for part := range strings.SplitSeq(string(text), "</Event>") {
			at := strings.Index(part, "<Event ")
			if at < 0 {
				continue
			}
			e, err := telemetry.ParseXML([]byte(part[at:] + "</Event>"))
			require.NoError(t, err, p)
			require.NotEmpty(t, e.Channel)
			require.NotZero(t, e.RecordID)
			require.NotEmpty(t, e.Data)
			n++
		}
		require.NotZero(t, n, p)
	}
}

func TestRealSysmonSample(t *testing.T) {
	events, err := telemetry.ReadNDJSON("sample", testdata.OpenShared(t, "telemetry/real_sysmon_sample.jsonl.gz"))
	require.NoError(t, err)
	require.Len(t, events, 13004)
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte(fileCreate))
	f.Fuzz(func(t *testing.T, text []byte) {
		if e, err := telemetry.ParseXML(text); err == nil {
			require.False(t, e.TimeCreated.IsZero() && e.Time().After(e.TimeCreated) && len(e.Data) == 0)
		}
	})
}

func FuzzReadRecording(f *testing.F) {
	f.Add([]byte(`{"format":1,"files":{"events/x.ndjson.zst":{"bytes":3,"sha256":"00"}}}`), []byte("abc"))
	f.Fuzz(func(_ *testing.T, manifest, events []byte) {
		files := fstest.MapFS{"manifest.json": {Data: manifest}, "events/x.ndjson.zst": {Data: events}}
		// Any bytes give a recording or an error, never a panic.
		_, _ = telemetry.Read(files)
	})
}

func FuzzReadNDJSON(f *testing.F) {
	f.Add([]byte(`{"channel":"Security","eid":1,"data":{"a":"b"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := telemetry.ReadNDJSON("in", bytes.NewReader(text))
		if err == nil {
			require.LessOrEqual(t, len(events), bytes.Count(text, []byte("\n"))+1)
		}
	})
}
