package ingest_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness/ingest"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/testdata"
)

// event makes a Sysmon event of "Name=value" fields.
func event(id int, fields ...string) telemetry.Event {
	e := telemetry.Event{
		Channel: telemetry.ChannelSysmon, Computer: "IIS01.Example.TEST", EventID: id, RecordID: 42,
		Data: []telemetry.Field{{Name: "UtcTime", Value: "2026-01-02 03:04:05.678"}},
	}
	for _, f := range fields {
		name, v, _ := strings.Cut(f, "=")
		e.Data = append(e.Data, telemetry.Field{Name: name, Value: v})
	}
	return e
}

// The start of this process is the Unix second 0x6957353c, 2026-01-02 03:02:20.
const (
	shell  = "{11223344-353C-6957-0500-000000000300}"
	parent = "{11223344-3500-6957-0400-000000000300}"
)

func shellStarted() telemetry.Event {
	return event(1, "ProcessGuid="+shell, "ProcessId=4312", `Image=C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`,
		"FileVersion=10.0.17763.1 (WinBuild.160101.0800)", "OriginalFileName=PowerShell.EXE", "Company=-",
		`CommandLine=C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe & {echo %%windir%%}`, `User=IIS01\Administrator`, "LogonId=0x3e8",
		"TerminalSessionId=0", "IntegrityLevel=High", "Hashes=SHA1=AB,MD5=CD,SHA256=EF", "ParentProcessGuid="+parent, "ParentProcessId=900",
		`ParentImage=C:\Windows\System32\cmd.exe`, `ParentCommandLine="C:\Windows\System32\cmd.exe" /c 100%% sure`, `ParentUser=NT AUTHORITY\SYSTEM`)
}

func logon() telemetry.Event {
	return telemetry.Event{Channel: telemetry.ChannelSecurity, EventID: 4624, Data: []telemetry.Field{
		{Name: "TargetUserSid", Value: "S-1-5-21-1-2-3-500"}, {Name: "TargetLogonId", Value: "0x3e8"},
	}}
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []telemetry.Event
		table  string
		want   map[string]string // as tostring() writes it
	}{
		{
			"process",
			[]telemetry.Event{logon(), shellStarted()},
			"DeviceProcessEvents",
			map[string]string{
				"Timestamp": "2026-01-02T03:04:05.6780000Z", "DeviceName": "iis01.example.test", "ActionType": "ProcessCreated",
				"FileName": "powershell.exe", "FolderPath": `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`,
				"ProcessCommandLine": `powershell.exe & {echo %windir%}`, "AccountName": "administrator", "AccountDomain": "iis01",
				"AccountSid": "S-1-5-21-1-2-3-500", "SHA1": "ab", "MD5": "cd", "SHA256": "ef", "LogonId": "1000", "ReportId": "42",
				"ProcessVersionInfoProductVersion": "10.0.17763.1", "ProcessVersionInfoCompanyName": "", "ProcessUniqueId": "844424930131973",
				"InitiatingProcessFileName": "cmd.exe", "InitiatingProcessFolderPath": `c:\windows\system32\cmd.exe`,
				"InitiatingProcessCommandLine": `"cmd.exe" /c 100%% sure`, "InitiatingProcessAccountName": "system",
				"InitiatingProcessAccountDomain": "nt authority", "InitiatingProcessAccountSid": "S-1-5-18",
				"InitiatingProcessCreationTime": "2026-01-02T03:01:20.0000000Z", "CreatedProcessSessionId": "0",
			},
		},
		{
			"new file",
			[]telemetry.Event{logon(), shellStarted(), event(11, "ProcessGuid="+shell, "ProcessId=4312", `Image=C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`,
				`TargetFilename=C:\Windows\System32\inetsrv\X.dll`, "CreationUtcTime=2026-01-02 03:04:05.678", `User=IIS01\Administrator`)},
			"DeviceFileEvents",
			map[string]string{
				"ActionType": "FileCreated", "FileName": "X.dll", "FolderPath": `C:\Windows\System32\inetsrv\X.dll`,
				"InitiatingProcessCommandLine": `powershell.exe & {echo %windir%}`, "InitiatingProcessId": "4312", "InitiatingProcessParentFileName": "cmd.exe",
				"InitiatingProcessCreationTime": "2026-01-02T03:04:05.6780000Z", "RequestAccountName": "Administrator", "RequestProtocol": "Local",
				"InitiatingProcessAccountSid": "S-1-5-21-1-2-3-500", "SHA1": "",
			},
		},
		{
			"overwritten file of an unseen process",
			[]telemetry.Event{event(11, "ProcessGuid="+shell, "ProcessId=4312", `Image=c:\windows\system32\inetsrv\w3wp.exe`,
				`TargetFilename=C:\a.dll`, "CreationUtcTime=2026-01-02 03:03:50.000")},
			"DeviceFileEvents",
			map[string]string{"ActionType": "FileModified", "InitiatingProcessFileName": "w3wp.exe", "InitiatingProcessCommandLine": "", "InitiatingProcessCreationTime": "2026-01-02T03:02:20.0000000Z"},
		},
		{
			"deleted file",
			[]telemetry.Event{event(23, `TargetFilename=C:\a.dll`, "Hashes=SHA1=AA,SHA256=BB", `Image=C:\x.exe`)},
			"DeviceFileEvents",
			map[string]string{"ActionType": "FileDeleted", "SHA1": "aa", "SHA256": "bb"},
		},
		{
			"registry value",
			[]telemetry.Event{event(13, "EventType=SetValue", `TargetObject=HKLM\System\CurrentControlSet\Services\W3SVC\Parameters\Filter DLLs`, `Details=C:\100%% bad.dll`)},
			"DeviceRegistryEvents",
			map[string]string{
				"ActionType": "RegistryValueSet", "RegistryKey": `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\W3SVC\Parameters`,
				"RegistryValueName": "Filter DLLs", "RegistryValueData": `C:\100% bad.dll`, "RegistryValueType": "String", "PreviousRegistryValueName": "Filter DLLs",
			},
		},
		{
			"registry number",
			[]telemetry.Event{event(13, "EventType=SetValue", `TargetObject=HKU\S-1-5-18\x\(Default)`, "Details=QWORD (0x00000001-0x00000002)")},
			"DeviceRegistryEvents",
			map[string]string{"RegistryKey": `HKEY_USERS\S-1-5-18\x`, "RegistryValueName": "", "RegistryValueData": "4294967298", "RegistryValueType": "QWord"},
		},
		{
			"deleted key",
			[]telemetry.Event{event(12, "EventType=DeleteKey", `TargetObject=HKCR\CLSID\x`)},
			"DeviceRegistryEvents",
			map[string]string{"ActionType": "RegistryKeyDeleted", "RegistryKey": "", "PreviousRegistryKey": `HKEY_LOCAL_MACHINE\SOFTWARE\Classes\CLSID\x`},
		},
		{
			"image load",
			[]telemetry.Event{event(7, `Image=C:\Windows\System32\inetsrv\W3WP.exe`, `ImageLoaded=C:\Temp\M.dll`, "Hashes=MD5=AA")},
			"DeviceImageLoadEvents",
			map[string]string{"ActionType": "ImageLoaded", "FileName": "M.dll", "FolderPath": `C:\Temp\M.dll`, "InitiatingProcessFileName": "w3wp.exe", "MD5": "aa"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := ingest.Tables(c.events, schema.DefenderXDR())[c.table]
			require.Equal(t, 1, table.Len())
			require.Equal(t, []kql.Source{kql.Source(len(c.events) - 1)}, table.Sources(0))
			got := map[string]string{}
			for i, column := range table.Columns() {
				if _, asked := c.want[column.Name]; asked {
					got[column.Name] = table.At(0, i).String()
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestColumnMapIsTheSchema(t *testing.T) {
	mapped := map[string]bool{}
	for _, c := range ingest.Columns() {
		mapped[c.Table+"."+c.Name] = true
	}
	for _, s := range []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()} {
		for _, name := range []string{"DeviceProcessEvents", "DeviceFileEvents", "DeviceRegistryEvents", "DeviceImageLoadEvents"} {
			table, ok := s.Table(name)
			require.True(t, ok)
			for _, c := range table.Columns {
				require.True(t, mapped[name+"."+c.Name], "%s: the column map says nothing of %s.%s", s.Name(), name, c.Name)
			}
		}
	}
}

func TestUnfilled(t *testing.T) {
	got := ingest.Unfilled(map[string][]string{"DeviceFileEvents": {"FolderPath", "ShareName"}, "EmailEvents": {"Subject"}})
	require.Equal(t, []ingest.Column{{Table: "DeviceFileEvents", Name: "ShareName"}, {Table: "EmailEvents"}}, got)
}

func realEvents(t *testing.T) []telemetry.Event {
	t.Helper()
	events, err := telemetry.ReadNDJSON("sample", testdata.OpenShared(t, "telemetry/real_sysmon_sample.jsonl.gz"))
	require.NoError(t, err)
	samples, err := filepath.Glob(filepath.Join(testdata.Shared(t, "telemetry/samples"), "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	for _, name := range samples {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		more, err := telemetry.ReadNDJSON(name, strings.NewReader(string(text)))
		require.NoError(t, err)
		events = append(events, more...)
	}
	return events
}

func correctedRule(t *testing.T) *detection.Rule {
	t.Helper()
	rules, err := detection.Bundled()
	require.NoError(t, err)
	for _, r := range rules {
		if r.Status == "Available" {
			return r
		}
	}
	t.Fatal("no rule that is available")
	return nil
}

// TestRealEvents replays thousands of recorded events, none of which is the technique, against the rule.
func TestRealEvents(t *testing.T) {
	events := realEvents(t)
	s := schema.DefenderXDR()
	tables := ingest.Tables(events, s)
	rows := 0
	for name, table := range tables {
		declared, ok := s.Table(name)
		require.True(t, ok)
		require.Equal(t, declared.Columns, table.Columns())
		rows += table.Len()
		for row := range table.Len() {
			for i, c := range table.Columns() {
				require.Equal(t, c.Type, table.At(row, i).Type())
			}
			if e := events[table.Sources(row)[0]]; e.EventID != 12 || e.Get("EventType") != "" {
				require.NotEmpty(t, table.At(row, index(table, "ActionType")).String())
			}
			require.False(t, table.At(row, index(table, "Timestamp")).IsNull())
		}
	}
	require.Greater(t, rows, 13000)

	bound, err := correctedRule(t).Bind(s)
	require.NoError(t, err)
	// Far enough in the past that ago(24h) lets every event through.
	alerts, err := bound.Evaluate(t.Context(), tables, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Empty(t, alerts)
}

func index(table *kql.Table, name string) int {
	for i, c := range table.Columns() {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// TestNearMisses asks the rule's conditions of the real events that come closest to it: each stays on the side that
// its label says.
func TestNearMisses(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "telemetry/seed_near_misses.json"))
	require.NoError(t, err)
	var misses []struct {
		Kind, Image, Target, Computer string
		EID                           int
	}
	require.NoError(t, json.Unmarshal(text, &misses))
	require.Len(t, misses, 413)
	var events []telemetry.Event
	for _, m := range misses {
		field := map[int]string{7: "ImageLoaded", 11: "TargetFilename", 12: "TargetObject", 13: "TargetObject"}[m.EID]
		if field == "" {
			field = "CommandLine"
		}
		e := event(m.EID, "Image="+m.Image, field+"="+m.Target)
		e.Computer = m.Computer
		events = append(events, e)
	}
	bound, err := correctedRule(t).Bind(schema.DefenderXDR())
	require.NoError(t, err)
	alerts, err := bound.Evaluate(context.Background(), ingest.Tables(events, schema.DefenderXDR()), time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Empty(t, alerts, "every near miss is a true negative of the rule as published")
}

func TestEveryTypeOfTheColumnMapFits(t *testing.T) {
	full := []telemetry.Event{shellStarted(), event(11, `TargetFilename=C:\a`), event(13, "EventType=SetValue", `TargetObject=HKLM\a\b`, "Details=x"), event(7, `ImageLoaded=C:\a`)}
	for _, s := range []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()} {
		for name, table := range ingest.Tables(full, s) {
			require.Equal(t, 1, table.Len(), name)
			at := index(table, "Timestamp")
			require.Equal(t, value.DateTime, table.At(0, at).Type())
			require.False(t, table.At(0, at).IsNull())
		}
	}
}
