package ingest_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness/ingest"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/testdata"
)

// defenderRow is a row that Defender itself wrote, recorded from a real host.
type defenderRow map[string]any

func realRow(t *testing.T, kind string) defenderRow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata.Shared(t, "telemetry/mde_rows"), "graph2otel_"+kind+"_liveRecord.json"))
	require.NoError(t, err)
	var record struct{ Properties defenderRow }
	require.NoError(t, json.Unmarshal(text, &record))
	require.NotEmpty(t, record.Properties)
	return record.Properties
}

// text is a column as tostring() writes it.
func (r defenderRow) text(column string) string {
	switch v := r[column].(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

func (r defenderRow) time(t *testing.T, column string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, r.text(column))
	require.NoError(t, err, column)
	return at
}

// sysmonTime is how Sysmon writes a time: to the millisecond.
const sysmonTime = "2006-01-02 15:04:05.000"

// processGUID is what Sysmon would have called a process: its start in seconds, and the number by which Defender knows it.
func processGUID(started time.Time, unique string) string {
	seconds := uint32(started.Unix()) //nolint:gosec // a recent time
	key, err := strconv.ParseUint(unique, 10, 64)
	if err != nil {
		key = 1 << 40
	}
	var tail [8]byte
	binary.LittleEndian.PutUint64(tail[:], key)
	return fmt.Sprintf("{11223344-%04X-%04X-%X-%X}", seconds&0xFFFF, seconds>>16, tail[:2], tail[2:])
}

// started is what Sysmon and Security would have recorded of the process behind a row. The image is given in the case
// of the file system, which the row does not keep.
func (r defenderRow) started(t *testing.T, image, commandLine string) []telemetry.Event {
	t.Helper()
	at, parentAt := r.time(t, "InitiatingProcessCreationTime"), r.time(t, "InitiatingProcessParentCreationTime")
	col := func(name string) string { return r.text("InitiatingProcess" + name) }
	user := strings.ToUpper(col("AccountDomain") + `\` + col("AccountName"))
	e := event(1, "ProcessGuid="+processGUID(at, col("UniqueId")), "ProcessId="+col("Id"), "Image="+image, "CommandLine="+commandLine,
		"User="+user, "LogonId=0x3e7", "TerminalSessionId="+col("SessionId"), "IntegrityLevel="+col("IntegrityLevel"),
		"Hashes="+strings.ToUpper(fmt.Sprintf("SHA1=%s,MD5=%s,SHA256=%s,IMPHASH=0", col("SHA1"), col("MD5"), col("SHA256"))),
		"Company="+col("VersionInfoCompanyName"), "Product="+col("VersionInfoProductName"), "Description="+col("VersionInfoFileDescription"),
		"OriginalFileName="+col("VersionInfoOriginalFileName"), "FileVersion="+col("VersionInfoProductVersion")+" (WinBuild.160101.0800)",
		"ParentProcessGuid="+processGUID(parentAt, ""), "ParentProcessId="+col("ParentId"), `ParentImage=C:\Windows\System32\`+col("ParentFileName"))
	e.Data[0].Value = at.Format(sysmonTime)
	id, err := strconv.Atoi(col("Id"))
	require.NoError(t, err)
	elevation := map[string]string{"TokenElevationTypeDefault": "%%1936", "TokenElevationTypeFull": "%%1937"}[col("TokenElevation")]
	created := telemetry.Event{Channel: telemetry.ChannelSecurity, EventID: 4688, TimeCreated: at, Data: []telemetry.Field{
		{Name: "NewProcessId", Value: fmt.Sprintf("0x%x", id)}, {Name: "TokenElevationType", Value: elevation},
	}}
	return []telemetry.Event{created, e}
}

// did is an event of that process.
func (r defenderRow) did(t *testing.T, id int, image string, fields ...string) telemetry.Event {
	t.Helper()
	guid := processGUID(r.time(t, "InitiatingProcessCreationTime"), r.text("InitiatingProcessUniqueId"))
	e := event(id, append(fields, "ProcessGuid="+guid, "ProcessId="+r.text("InitiatingProcessId"), "Image="+image)...)
	e.Data[0].Value = r.time(t, "Timestamp").Format(sysmonTime)
	return e
}

// TestRowsAreThoseOfDefender writes down the events that Sysmon would have recorded of what real Defender rows tell, and
// demands the same rows, column by column: the case of paths and accounts, folders, hashes, numbers, times.
func TestRowsAreThoseOfDefender(t *testing.T) {
	for _, c := range []struct {
		kind, table, image, commandLine string
		event                           func(r defenderRow, image string) telemetry.Event
	}{
		{"devicefile", "DeviceFileEvents", `C:\Windows\System32\sdbinst.exe`, `C:\Windows\System32\sdbinst.exe -m -bg`, func(r defenderRow, image string) telemetry.Event {
			return r.did(t, 11, image, "TargetFilename="+r.text("FolderPath"), "CreationUtcTime="+r.time(t, "Timestamp").Format(sysmonTime), `User=NT AUTHORITY\SYSTEM`)
		}},
		{
			"deviceimageload", "DeviceImageLoadEvents", `C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26070.6-0\MsMpEng.exe`,
			`"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26070.6-0\MsMpEng.exe"`, func(r defenderRow, image string) telemetry.Event {
				hashes := strings.ToUpper(fmt.Sprintf("SHA1=%s,MD5=%s,SHA256=%s,IMPHASH=0", r.text("SHA1"), r.text("MD5"), r.text("SHA256")))
				return r.did(t, 7, image, "ImageLoaded="+r.text("FolderPath"), "Hashes="+hashes)
			},
		},
		{"deviceregistry", "DeviceRegistryEvents", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, "powershell.exe -File x.ps1", func(r defenderRow, image string) telemetry.Event {
			return r.did(t, 13, image, "EventType=SetValue", `TargetObject=HKLM\SOFTWARE\Policies\Microsoft\Windows\DataCollection\LastUpdate`, "Details="+r.text("RegistryValueData"))
		}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			r := realRow(t, c.kind)
			if r["InitiatingProcessCreationTime"] == nil { // the registry row keeps few columns of its process
				r["InitiatingProcessCreationTime"], r["InitiatingProcessParentCreationTime"] = r["Timestamp"], r["Timestamp"]
			}
			acting := c.event(r, c.image)
			acting.Computer = strings.ToUpper(r.text("DeviceName"))
			events := append(r.started(t, c.image, c.commandLine), acting)
			require.Empty(t, cmp.Diff(r.comparable(t, c.table), asText(t, events, c.table, r)))
		})
	}
}

// comparable are the columns of a real row that geiger claims to fill, to the precision of Sysmon.
func (r defenderRow) comparable(t *testing.T, table string) map[string]string {
	t.Helper()
	// Ids of Defender's own, which no sensor on the host knows.
	own := map[string]bool{"DeviceId": true, "ReportId": true}
	want := map[string]string{}
	for _, c := range ingest.Columns() {
		if v, ok := r[c.Name]; c.Table != table || c.Source == "" || !ok || v == nil || own[c.Name] {
			continue
		}
		want[c.Name] = r.text(c.Name)
		if strings.HasSuffix(c.Name, "Time") || c.Name == "Timestamp" {
			want[c.Name] = precise(c.Name, r.time(t, c.Name))
		}
	}
	if table == "DeviceFileEvents" {
		for _, column := range []string{"SHA1", "SHA256", "MD5"} {
			delete(want, column) // Sysmon's event 11 has no hash
		}
	}
	require.Greater(t, len(want), 10)
	return want
}

// precise is a time to the millisecond, or to the second where only a ProcessGuid tells it.
func precise(column string, at time.Time) string {
	precision := time.Millisecond
	if strings.Contains(column, "Parent") {
		precision = time.Second
	}
	return at.Truncate(precision).Format(time.RFC3339Nano)
}

// asText is the last row that the events become, in the columns that a real row has.
func asText(t *testing.T, events []telemetry.Event, name string, r defenderRow) map[string]string {
	t.Helper()
	table := ingest.Tables(events, schema.DefenderXDR())[name]
	require.Equal(t, 1, table.Len())
	want := r.comparable(t, name)
	got := map[string]string{}
	for i, c := range table.Columns() {
		if _, asked := want[c.Name]; !asked {
			continue
		}
		got[c.Name] = table.At(0, i).String()
		if c.Type == value.DateTime {
			got[c.Name] = precise(c.Name, table.At(0, i).DateTime().Time())
		}
	}
	return got
}

// TestTypesAreThoseOfDefender: what a real row holds as a number is a number in the schema, and so on.
func TestTypesAreThoseOfDefender(t *testing.T) {
	for kind, name := range map[string]string{
		"deviceprocess": "DeviceProcessEvents", "devicefile": "DeviceFileEvents",
		"deviceregistry": "DeviceRegistryEvents", "deviceimageload": "DeviceImageLoadEvents",
	} {
		table, ok := schema.DefenderXDR().Table(name)
		require.True(t, ok)
		seen := 0
		for column, v := range realRow(t, kind) {
			for _, c := range table.Columns {
				if c.Name != column || v == nil {
					continue
				}
				seen++
				switch v.(type) {
				case float64:
					require.Contains(t, []value.Type{value.Long, value.Int}, c.Type, "%s.%s", name, column)
				case bool:
					require.Equal(t, value.Bool, c.Type, "%s.%s", name, column)
				default:
					require.Contains(t, []value.Type{value.String, value.DateTime, value.Dynamic}, c.Type, "%s.%s", name, column)
				}
			}
		}
		require.Greater(t, seen, 10, name)
	}
}

// TestCommandLinesLoseTheirFolder as Defender's do.
func TestCommandLinesLoseTheirFolder(t *testing.T) {
	for _, c := range []struct{ image, line, want string }{
		{`C:\Windows\System32\svchost.exe`, `C:\Windows\system32\svchost.exe -k DcomLaunch -p`, `svchost.exe -k DcomLaunch -p`},
		{`C:\Windows\System32\svchost.exe`, `svchost.exe -k x C:\a\b`, `svchost.exe -k x C:\a\b`},
		{`C:\Program Files\A b\c.exe`, `C:\Program Files\A b\c.exe -x C:\d e`, `c.exe -x C:\d e`},
		{`C:\Program Files\A b\c.exe`, `"C:\Program Files\A b\c.exe" -x`, `"c.exe" -x`},
		{`C:\Program Files\A b\c.exe`, `"C:\Program Files\A b\c" -x`, `"c" -x`},
		{`C:\Windows\System32\smss.exe`, `\SystemRoot\System32\smss.exe 0`, `smss.exe 0`},
		{`C:\x.exe`, `"`, `"`},
		{`C:\x.exe`, ``, ``},
		{``, `C:\x.exe`, `x.exe`},
	} {
		table := ingest.Tables([]telemetry.Event{event(1, "Image="+c.image, "CommandLine="+c.line)}, schema.DefenderXDR())["DeviceProcessEvents"]
		require.Equal(t, c.want, table.At(0, index(table, "ProcessCommandLine")).Str())
	}
}
