package telemetry_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/testdata"
)

func imported(t *testing.T, name string, content []byte) *telemetry.Recording {
	t.Helper()
	i := &telemetry.Importer{Geiger: "test"}
	require.NoError(t, i.Add("", name, content))
	require.Empty(t, i.Bad())
	r, err := i.Recording()
	require.NoError(t, err)
	return r
}

// wide is a text in UTF-16 with a byte order mark.
func wide(order binary.AppendByteOrder, text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func TestImportedForms(t *testing.T) {
	collection := "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<!-- exported --><Events>\n" + fileCreate + "\n</Events>\n"
	quoted := strings.ReplaceAll(strings.ReplaceAll(fileCreate, `\`, `\\`), "\x01", `\u0001`)
	for name, content := range map[string][]byte{
		"one event":        []byte(fileCreate),
		"a collection":     []byte(collection),
		"utf-8 with bom":   []byte("\ufeff" + collection),
		"utf-16":           wide(binary.LittleEndian, collection),
		"utf-16, big":      wide(binary.BigEndian, collection),
		"utf-16, no bom":   wide(binary.LittleEndian, collection)[2:],
		"splunk, exported": []byte(`{"preview":false,"result":{"_raw":"` + quoted + `"}}`),
		"splunk, raw":      []byte(`{"_raw":"` + quoted + `"}`),
		"a recording's":    []byte(`{"id":77,"xml":"` + quoted + `"}`),
		"an array":         []byte(`[{"id":77,"xml":"` + quoted + `"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			want, err := telemetry.ParseXML([]byte(fileCreate))
			require.NoError(t, err)
			require.Empty(t, cmp.Diff([]telemetry.Event{want}, imported(t, name, content).Events))
		})
	}
}

func TestImportedShippers(t *testing.T) {
	want := telemetry.Event{
		Channel: telemetry.ChannelSysmon, Provider: "Microsoft-Windows-Sysmon", Computer: "iis01", EventID: 11, Version: 2, RecordID: 77,
		TimeCreated: time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC), UserID: "S-1-5-18", ProcessID: 2344,
		Data: []telemetry.Field{{Name: "UtcTime", Value: "2026-01-02 03:04:05.600"}, {Name: "Image", Value: `C:\a & b\x.exe`}, {Name: "ProcessId", Value: "12"}},
	}
	for name, text := range map[string]string{
		"winlogbeat 7": `{"@timestamp":"2026-01-02T03:04:05.600Z","message":"x","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon",
			"computer_name":"iis01","event_id":"11","version":2,"record_id":77,"process":{"pid":2344},"user":{"identifier":"S-1-5-18"},
			"event_data":{"UtcTime":"2026-01-02 03:04:05.600","Image":"C:\\a & b\\x.exe","ProcessId":"12"}}}`,
		"winlogbeat 6": `{"@timestamp":"2026-01-02T03:04:05.600Z","log_name":"Microsoft-Windows-Sysmon/Operational","source_name":"Microsoft-Windows-Sysmon","computer_name":"iis01",
			"event_id":11,"version":2,"record_number":"77","process":{"pid":2344},"user":{"identifier":"S-1-5-18"},
			"event_data":{"UtcTime":"2026-01-02 03:04:05.600","Image":"C:\\a & b\\x.exe","ProcessId":12}}`,
		"nxlog": `{"Channel":"Microsoft-Windows-Sysmon/Operational","SourceName":"Microsoft-Windows-Sysmon","Hostname":"iis01","EventID":11,"Version":2,"RecordNumber":77,"UserID":"S-1-5-18",
			"ExecutionProcessID":2344,"EventTime":"2026-01-01 22:04:05","@timestamp":"2026-01-02T03:04:05.600Z","UtcTime":"2026-01-02 03:04:05.600","Image":"C:\\a & b\\x.exe","Severity":"INFO","ProcessId":"12"}`,
		"tidy": `{"channel":"Microsoft-Windows-Sysmon/Operational","provider":"Microsoft-Windows-Sysmon","computer":"iis01","eid":11,"ver":2,"record_id":77,"sec_user":"S-1-5-18",
			"data":{"UtcTime":"2026-01-02 03:04:05.600","Image":"C:\\a & b\\x.exe","ProcessId":"12"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := imported(t, name, []byte(text))
			require.NotEmpty(t, r.Events[0].XML, "a recording keeps XML")
			got := r.Events[0]
			if name == "tidy" {
				got.ProcessID = want.ProcessID // it has no place for it
			}
			require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreFields(telemetry.Event{}, "XML")))
		})
	}
}

func packed(t *testing.T, with string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	switch with {
	case "gz":
		z := gzip.NewWriter(&b)
		_, err := z.Write(content)
		require.NoError(t, err)
		require.NoError(t, z.Close())
	case "zst":
		z, err := zstd.NewWriter(&b)
		require.NoError(t, err)
		_, err = z.Write(content)
		require.NoError(t, err)
		require.NoError(t, z.Close())
	case "zip":
		z := zip.NewWriter(&b)
		f, err := z.Create("logs/a.xml")
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
		require.NoError(t, z.Close())
	}
	return b.Bytes()
}

func TestImportedPacked(t *testing.T) {
	for _, with := range []string{"gz", "zst", "zip"} {
		content := packed(t, with, []byte(fileCreate))
		r := imported(t, `C:\logs\a.bin`, content)
		require.Len(t, r.Events, 1)
		s := r.Manifest.Imported.Sources[0]
		require.Equal(t, "a.bin", s.File)
		require.Equal(t, len(content), s.Bytes)
		require.Equal(t, with == "zip", s.Member == "logs/a.xml")
	}
	nested := []byte(fileCreate)
	for range 6 {
		nested = packed(t, "gz", nested)
	}
	require.EqualError(t, new(telemetry.Importer).Add("", "a.gz", nested), "a.gz: archives are nested too deep")
}

func TestImportedBadRecords(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []telemetry.BadRecord
	}{
		"xml":            {"<Events>" + fileCreate + "<Event><System/></Event>junk" + fileCreate + "</Events>", []telemetry.BadRecord{{2, `event xml: record 0 of "": time created: parsing time "" as "2006-01-02T15:04:05.999999999Z07:00": cannot parse "" as "2006"`}, {3, "text that is not an event"}}},
		"cut short":      {fileCreate + "<Event><System>", []telemetry.BadRecord{{2, "event xml: XML syntax error on line 1: unexpected EOF"}}},
		"lines":          {`{"xml":"x"}` + "\n\n" + `{"eid":1}`, []telemetry.BadRecord{{1, "event xml: EOF"}, {3, `not an event: it has neither "xml" nor "channel" and "eid"`}}},
		"no time":        {`{"winlog":{"channel":"System","event_id":1}}`, []telemetry.BadRecord{{1, "the event has no time"}}},
		"no channel":     {`{"winlog":{"event_id":1}}`, []telemetry.BadRecord{{1, "the event has no channel"}}},
		"no rows":        {`{"value":null}`, []telemetry.BadRecord{{1, "not an event of a form that is known"}}},
		"rows, not all":  {`{"value":[1,{}]}`, []telemetry.BadRecord{{1, "not a JSON object"}, {2, "not an event of a form that is known"}}},
		"results nested": {`{"result":{"result":{}}}`, []telemetry.BadRecord{{1, "not an event of a form that is known"}}},
		"no object":      {"[1]", []telemetry.BadRecord{{1, "not a JSON object"}}},
		"array not over": {`[{"xml":"x"}`, []telemetry.BadRecord{{1, "event xml: EOF"}, {1, "the array does not end"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var i telemetry.Importer
			require.NoError(t, i.Add("", "in", []byte(c.text)))
			require.Len(t, i.Bad(), 1)
			require.Empty(t, cmp.Diff(c.want, i.Bad()[0].Bad))
			require.Equal(t, len(c.want), i.Bad()[0].Skipped)
		})
	}
}

// alike lets hexadecimal numbers differ in leading zeros, which the XML of the samples has and Windows does not write, and
// fields in a name that only one side has: the samples number those that an event leaves without a name.
var alike = cmp.Comparer(func(a, b telemetry.Field) bool {
	return (a.Name == b.Name || a.Name == "" || b.Name == "") && padding.ReplaceAllString(a.Value, "0x") == padding.ReplaceAllString(b.Value, "0x")
})

var padding = regexp.MustCompile(`^0x0*`)

// TestImportedSamples: recorded events whose XML is known and the same events as JSON are the same events.
func TestImportedSamples(t *testing.T) {
	folder := testdata.Shared(t, "telemetry/samples")
	files, err := filepath.Glob(filepath.Join(folder, "*.xml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.Contains(file, "wrmlogs_91") {
			continue // its JSON lacks the ProcessingErrorData
		}
		asXML, err := os.ReadFile(file)
		require.NoError(t, err)
		asJSON, err := os.ReadFile(strings.TrimSuffix(file, ".xml") + ".jsonl")
		require.NoError(t, err)
		ignored := cmpopts.IgnoreFields(telemetry.Event{}, "XML", "ProcessID", "ThreadID")
		require.Empty(t, cmp.Diff(imported(t, file, asXML).Events, imported(t, file, asJSON).Events, ignored, alike), file)
	}
}

// known are the tables of these tests.
var known = []string{"DeviceEvents", "DeviceFileEvents", "DeviceFileCertificateInfo", "SecurityEvent"}

func TestImportedRows(t *testing.T) {
	const plain = `{"DeviceName":"iis01","FileName":"a.dll","Timestamp":"2026-01-02T03:04:05.678Z"}`
	for name, c := range map[string]struct{ table, file, text, want string }{
		"json lines":         {"", "DeviceFileEvents.json", plain + "\n\n" + plain, plain + "\n" + plain},
		"a table given":      {"DeviceFileEvents", "x.json", plain, plain},
		"a copy's name":      {"", `C:\x\devicefileevents (1).json`, "[" + plain + "]", plain},
		"an answer":          {"", "DeviceFileEvents", `{"Schema":[{"Name":"FileName"}],"Results":[` + plain + `]}`, plain},
		"streamed":           {"", "x", `{"time":"2026-01-02T00:00:00Z","category":"AdvancedHunting-DeviceFileEvents","properties":` + plain + `}`, plain},
		"streamed, together": {"", "x", `{"records":[{"category":"AdvancedHunting-DeviceFileEvents","properties":` + plain + `}]}`, plain},
		"csv":                {"", "DeviceFileEvents.csv", "\ufeffTimestamp,DeviceName,FileName,SHA1\r\n2026-01-02T03:04:05.678Z,iis01,a.dll,\r\n", plain},
		"csv, local time":    {"", "DeviceFileEvents.csv", "Timestamp,DeviceName,FileName\n1/2/2026 3:04:05.678 AM,iis01,a.dll\n", plain},
		"csv, utc":           {"", "DeviceFileEvents.csv", "\"Timestamp [UTC]\",DeviceName,FileName\n\"1/2/2026, 3:04:05.678\u202fAM\",iis01,a.dll\n", plain},
		"csv, $table":        {"", "x.csv", "Timestamp,$table\n2026-01-02,DeviceFileEvents\n", `{"$table":"DeviceFileEvents","Timestamp":"2026-01-02T00:00:00Z"}`},
		"other times":        {"DeviceFileEvents", "x", `{"TimeGenerated":"2026-01-02","InitiatingProcessCreationTime":"1/2/2026 3:04:05 PM","RequestTime":"soon"}`, `{"InitiatingProcessCreationTime":"2026-01-02T15:04:05Z","RequestTime":"soon","TimeGenerated":"2026-01-02T00:00:00Z"}`},
		"numbers, objects":   {"DeviceFileEvents", "x", `{"Timestamp":"2026-01-02T00:00:00Z","FileSize":9007199254740993,"AdditionalFields":{"a":[1,"<"]}}`, `{"AdditionalFields":{"a":[1,"<"]},"FileSize":9007199254740993,"Timestamp":"2026-01-02T00:00:00Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			i := &telemetry.Importer{Tables: known}
			require.NoError(t, i.Add(c.table, c.file, []byte(c.text)))
			require.Empty(t, i.Bad())
			r, err := i.Recording()
			require.NoError(t, err)
			tables, err := r.Tables()
			require.NoError(t, err)
			require.Len(t, tables, 1)
			require.Equal(t, "DeviceFileEvents", tables[0].Name)
			require.Equal(t, c.want+"\n", string(tables[0].Rows))
			require.Equal(t, strings.Count(c.want, "\n")+1, r.Manifest.Imported.Sources[0].Rows)
		})
	}
}

func TestImportedBadRows(t *testing.T) {
	for name, c := range map[string]struct {
		table, text string
		want        telemetry.BadRecord
	}{
		"which table":  {"", `{"Timestamp":"2026-01-02"}`, telemetry.BadRecord{Record: 1, Why: "a row, but of which table? name it as TABLE=FILE"}},
		"no such one":  {"", `{"category":"AdvancedHunting-Nothing","properties":{}}`, telemetry.BadRecord{Record: 1, Why: `a row of "Nothing", which is no table of Defender XDR or Log Analytics`}},
		"no time":      {"DeviceEvents", `{"FileName":"a"}`, telemetry.BadRecord{Record: 1, Why: "the row has neither Timestamp nor TimeGenerated"}},
		"unclear time": {"DeviceEvents", `{"Timestamp":"soon"}`, telemetry.BadRecord{Record: 1, Why: `the Timestamp "soon" is not in a form that is known`}},
		"csv, ragged":  {"DeviceEvents", "Timestamp,A\n2026-01-02,1\n2026-01-02\n2026-01-02,1\n", telemetry.BadRecord{Record: 3, Why: "wrong number of fields"}},
		"csv, no end":  {"DeviceEvents", "Timestamp,A\n\"2026-01-02", telemetry.BadRecord{Record: 2, Why: `extraneous or missing " in quoted-field`}},
		"csv, a quote": {"DeviceEvents", "Timestamp,A\n2026-01-02,a\"b\n", telemetry.BadRecord{Record: 2, Why: `bare " in non-quoted-field`}},
	} {
		t.Run(name, func(t *testing.T) {
			i := &telemetry.Importer{Tables: known}
			require.NoError(t, i.Add(c.table, "x", []byte(c.text)))
			require.Len(t, i.Bad(), 1)
			require.Empty(t, cmp.Diff([]telemetry.BadRecord{c.want}, i.Bad()[0].Bad))
		})
	}
}

func FuzzImportRows(f *testing.F) {
	f.Add("Timestamp,A\n2026-01-02,1\n")
	f.Add("Timestamp,A\n\"no end")
	f.Add(`{"Results":[{"Timestamp":"1/2/2026 3:04:05 PM","A":{}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		i := &telemetry.Importer{Tables: known}
		if i.Add("DeviceEvents", "in", []byte(text)) != nil {
			return
		}
		if r, err := i.Recording(); err == nil {
			_, err := r.Tables()
			require.NoError(t, err)
		}
	})
}

func FuzzImport(f *testing.F) {
	for _, text := range []string{
		fileCreate, "<Events>" + fileCreate + "<Event/>x</Events>", `{"_raw":"` + "x" + `"}`, `{"winlog":{"channel":"a","event_data":{"a":[1]}},"@timestamp":"2026-01-02T03:04:05Z"}`,
		`{"EventID":1,"Channel":"a","UtcTime":"2026-01-02 03:04:05"}`, "[{},1", "\xff\xfe<\x00", "PK\x03\x04", "\x1f\x8b",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var i telemetry.Importer
		if i.Add("", "in", content) != nil {
			return
		}
		r, err := i.Recording()
		if err != nil {
			return
		}
		require.NoError(t, r.Write(func(string, []byte) error { return nil }), "what was imported can be kept")
	})
}
