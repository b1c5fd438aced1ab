package sensor_test

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel/kerneltest"
	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
	"github.com/seed-67b27da2/geiger/testdata"
)

// watched is a machine with every sensor, and a remote shell on it.
type watched struct {
	*kernel.Kernel

	log    *eventlog.Log
	sysmon *sensor.Sysmon
	shell  *kernel.Process
}

func watch(t *testing.T, config string) watched {
	t.Helper()
	k := kernel.New(host.New(host.Options{Seed: 3}))
	log := eventlog.New(k.Host().Clock, k.Host().Name)
	c, err := sensor.ParseConfig("test.xml", config)
	require.NoError(t, err)
	sysmon := sensor.Install(k, log, c)
	return watched{k, log, sysmon, kerneltest.OpenShell(t, k, "Administrator", `C:\Windows\system32`)}
}

// events returns the records of a channel with an event id, after everything due
// has been written.
func (w watched) events(t *testing.T, channel, xpath string) []eventlog.Record {
	t.Helper()
	w.Host().Clock.Advance(time.Minute)
	c, ok := w.log.Channel(channel)
	require.True(t, ok)
	records, err := c.Query(xpath)
	require.NoError(t, err)
	return records
}

func data(r eventlog.Record) map[string]string {
	out := map[string]string{}
	for _, f := range r.Data {
		out[f.Name] = f.Value
	}
	return out
}

func TestFileWrittenAndDeletedByPowerShell(t *testing.T) {
	w := watch(t, sensor.DefaultConfig())
	ps, err := w.StartResident(t.Context(), w.shell, kernel.Spec{CommandLine: `"powershell.exe" & {Set-Content $env:windir\x.dll %temp%}`})
	require.NoError(t, err)
	path := `C:\Windows\System32\inetsrv\probe.dll`
	require.NoError(t, w.WriteFile(ps, `C:\windows\system32\INETSRV\probe.dll`, []byte("text"), kernel.CreateAlways))
	w.Host().Clock.Advance(time.Hour)
	require.NoError(t, w.WriteFile(ps, path, []byte("again"), kernel.CreateAlways))
	require.NoError(t, w.AppendFile(ps, path, []byte("!")))
	require.NoError(t, w.DeleteFile(ps, path))

	created := w.events(t, eventlog.Sysmon, `*[System[EventID=11] and EventData[Data[@Name='TargetFilename']='`+path+`']]`)
	require.Len(t, created, 2, "created and overwritten; appending is neither")
	require.Equal(t, data(created[0])["CreationUtcTime"], data(created[1])["CreationUtcTime"])
	require.Equal(t, "web server directory", data(created[0])["RuleName"])
	require.Equal(t, `LAB-IIS01\Administrator`, data(created[0])["User"])

	deleted := w.events(t, eventlog.Sysmon, `*[System[EventID=23] and EventData[Data[@Name='TargetFilename']='`+path+`']]`)
	require.Len(t, deleted, 1)
	require.Equal(t, "false", data(deleted[0])["IsExecutable"])
	require.Contains(t, data(deleted[0])["Hashes"], fmt.Sprintf("SHA256=%X", sha256.Sum256([]byte("again!"))))

	start := w.events(t, eventlog.Sysmon, `*[System[EventID=1] and EventData[Data[@Name='ProcessId']='`+data(created[0])["ProcessId"]+`']]`)
	require.Len(t, start, 1)
	require.Equal(t, `"powershell.exe" & {Set-Content $env:windir\x.dll %%temp%%}`, data(start[0])["CommandLine"])
	require.Equal(t, `C:\Windows\system32\WinrsHost.exe -Embedding`, data(start[0])["ParentCommandLine"])
	require.Equal(t, "High", data(start[0])["IntegrityLevel"])
}

// TestFieldsFollowTheManifest compares every event that the sensor writes with
// the field list of a recorded `sysmon -s`.
func TestFieldsFollowTheManifest(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "telemetry/schemas/sysmonv15.15_4.90.xml"))
	require.NoError(t, err)
	var manifest struct {
		Events []struct {
			ID      int `xml:"value,attr"`
			Version int `xml:"version,attr"`
			Data    []struct {
				Name string `xml:"name,attr"`
			} `xml:"data"`
		} `xml:"events>event"`
	}
	require.NoError(t, xml.Unmarshal(text, &manifest))
	want := map[int][]string{}
	version := map[int]int{}
	for _, e := range manifest.Events {
		for _, d := range e.Data {
			want[e.ID] = append(want[e.ID], d.Name)
		}
		version[e.ID] = e.Version
	}
	w := watch(t, everything)
	exercise(t, w)
	seen := map[int]bool{}
	for _, r := range w.events(t, eventlog.Sysmon, "*") {
		var names []string
		for _, f := range r.Data {
			names = append(names, f.Name)
		}
		require.Equal(t, want[r.EventID], names, "event %d", r.EventID)
		require.Equal(t, version[r.EventID], r.Version)
		seen[r.EventID] = true
	}
	for _, id := range []int{1, 2, 4, 5, 7, 11, 12, 13, 16, 17, 18, 23} {
		require.True(t, seen[id], "no event %d", id)
	}
}

// everything logs all events that Sysmon knows.
const everything = `<Sysmon schemaversion="4.90"><HashAlgorithms>*</HashAlgorithms><EventFiltering>
<ProcessCreate onmatch="exclude"/><FileCreateTime onmatch="exclude"/><ProcessTerminate onmatch="exclude"/><ImageLoad onmatch="exclude"/>
<FileCreate onmatch="exclude"/><RegistryEvent onmatch="exclude"/><PipeEvent onmatch="exclude"/><FileDelete onmatch="exclude"/>
</EventFiltering></Sysmon>`

// exercise does one of everything.
func exercise(t *testing.T, w watched) {
	t.Helper()
	p, err := w.StartResident(t.Context(), w.shell, kernel.Spec{CommandLine: "powershell.exe -NoProfile"})
	require.NoError(t, err)
	file := `C:\Windows\Temp\a.txt`
	require.NoError(t, w.WriteFile(p, file, []byte("a"), kernel.CreateNew))
	require.NoError(t, w.SetTimes(p, file, host.InstallTime(), time.Time{}, time.Time{}))
	require.NoError(t, w.DeleteFile(p, file))
	key := `HKLM\SYSTEM\CurrentControlSet\Services\W3SVC\Parameters\x`
	require.NoError(t, w.CreateKey(p, key))
	require.NoError(t, w.SetValue(p, key, host.Value{Name: "Path", Type: host.String, Text: `%windir%\x.dll`}))
	require.NoError(t, w.DeleteValue(p, key, "Path"))
	require.NoError(t, w.DeleteKey(p, key))
	require.NoError(t, w.ConnectPipe(p, `\lsass`))
	w.Terminate(p, 0)
}

func TestRegistryEvents(t *testing.T) {
	w := watch(t, everything)
	exercise(t, w)
	set := w.events(t, eventlog.Sysmon, `*[System[EventID=13]]`)
	require.Len(t, set, 1)
	require.Equal(t, `HKLM\System\CurrentControlSet\Services\W3SVC\Parameters\x\Path`, data(set[0])["TargetObject"])
	require.Equal(t, `%%windir%%\x.dll`, data(set[0])["Details"])
	var types []string
	for _, r := range w.events(t, eventlog.Sysmon, `*[System[EventID=12]]`) {
		types = append(types, data(r)["EventType"])
	}
	require.Equal(t, []string{"CreateKey", "DeleteValue", "DeleteKey"}, types)
}

func TestSysmonStopsWithItsService(t *testing.T) {
	w := watch(t, everything)
	require.NoError(t, w.StopService(w.shell, "Sysmon64"))
	w.Host().Clock.Advance(time.Second)
	require.NoError(t, w.WriteFile(w.shell, `C:\Windows\Temp\unseen.txt`, nil, kernel.CreateNew))
	require.NoError(t, w.StartService(w.shell, "Sysmon64"))
	require.Empty(t, w.events(t, eventlog.Sysmon, `*[EventData[Data[@Name='TargetFilename']='C:\Windows\Temp\unseen.txt']]`))
	var states []string
	for _, r := range w.events(t, eventlog.Sysmon, `*[System[EventID=4]]`) {
		states = append(states, data(r)["State"])
	}
	require.Equal(t, []string{"Started", "Stopped", "Started"}, states)
}

func TestSecurityAudit(t *testing.T) {
	w := watch(t, everything)
	logons := w.events(t, eventlog.Security, `*[System[EventID=4624]]`)
	require.Len(t, logons, 1)
	require.Equal(t, "Administrator", data(logons[0])["TargetUserName"])
	require.Equal(t, "3", data(logons[0])["LogonType"])
	require.Len(t, w.events(t, eventlog.Security, `*[System[EventID=4672]]`), 1)
	p, err := w.StartResident(t.Context(), w.shell, kernel.Spec{CommandLine: `cmd.exe /c echo %PATH%`})
	require.NoError(t, err)
	started := w.events(t, eventlog.Security, `*[System[EventID=4688] and EventData[Data[@Name='NewProcessName']='C:\Windows\System32\cmd.exe']]`)
	require.Len(t, started, 1)
	require.Equal(t, `cmd.exe /c echo %PATH%`, data(started[0])["CommandLine"])
	require.Equal(t, "S-1-16-12288", data(started[0])["MandatoryLabel"])
	require.Equal(t, strings.ToLower(data(started[0])["NewProcessId"]), "0x"+hex(p.PID))
}

func TestFailedLogons(t *testing.T) {
	w := watch(t, everything)
	service, ok := w.ServiceProcess("WinRM")
	require.True(t, ok)
	w.RefuseLogon(service, kernel.Attempt{User: "operator", Domain: "CORP", Workstation: "DESK", Source: "192.0.2.7", Port: "50123", Package: "NTLM", Type: kernel.LogonNetwork})
	w.RefuseLogon(service, kernel.Attempt{User: "nobody", Source: "192.0.2.7", Type: kernel.LogonCleartext})
	_, err := w.Logon(service, "Guest", kernel.LogonNetwork, "192.0.2.7", "NTLM")
	require.Error(t, err)
	records := w.events(t, eventlog.Security, `*[System[EventID=4625]]`)
	require.Len(t, records, 3)
	one, two, three := data(records[0]), data(records[1]), data(records[2])
	require.Equal(t, []string{"operator", "CORP", "DESK", "192.0.2.7", "50123", "3", "-", "0xc000006d", "0xc000006a", "%%2313"}, []string{
		one["TargetUserName"], one["TargetDomainName"], one["WorkstationName"], one["IpAddress"], one["IpPort"], one["LogonType"],
		one["SubjectUserName"], one["Status"], one["SubStatus"], one["FailureReason"],
	})
	require.Equal(t, []string{"8", "Advapi  ", service.Image, "0xc0000064"}, []string{two["LogonType"], two["LogonProcessName"], two["ProcessName"], two["SubStatus"]})
	require.Equal(t, []string{"Guest", "0xc0000072", "%%2310"}, []string{three["TargetUserName"], three["SubStatus"], three["FailureReason"]})
	require.Contains(t, string(records[0].XML()), "<Keywords>0x8010000000000000</Keywords>")
}

func TestChangesOfAccounts(t *testing.T) {
	w := watch(t, everything)
	require.NoError(t, w.CreateUser(w.shell, "lab", ""))
	require.NoError(t, w.AddMember(w.shell, "Administrators", "lab"))
	require.NoError(t, w.SetComment(w.shell, "lab", "text"))
	require.NoError(t, w.ResetPassword(w.shell, "lab"))
	require.NoError(t, w.EnableUser(w.shell, "lab", false))
	require.NoError(t, w.DeleteUser(w.shell, "lab"))
	require.NoError(t, w.CreateGroup(w.shell, "team", ""))
	require.NoError(t, w.DeleteGroup(w.shell, "team"))
	records := w.events(t, eventlog.Security, `*[System[EventID>=4720 and EventID<=4738]]`)
	var ids []int
	for _, r := range records {
		ids = append(ids, r.EventID)
	}
	require.Equal(t, []int{4720, 4722, 4732, 4732, 4738, 4724, 4725, 4733, 4733, 4726, 4731, 4734}, ids)
	created, added := data(records[0]), data(records[3])
	require.Equal(t, []string{"lab", w.Host().Name, w.Host().MachineSID + "-1002", "Administrator"}, []string{
		created["TargetUserName"], created["TargetDomainName"], created["TargetSid"], created["SubjectUserName"],
	})
	require.Equal(t, []string{"Administrators", "Builtin", "S-1-5-32-544", created["TargetSid"]}, []string{
		added["TargetUserName"], added["TargetDomainName"], added["TargetSid"], added["MemberSid"],
	})
	names := w.events(t, eventlog.Sysmon, `*[System[EventID=12] and EventData[Data[@Name='TargetObject']='HKLM\SAM\SAM\Domains\Account\Users\Names\lab']]`)
	require.Len(t, names, 2)
	require.Equal(t, `C:\Windows\System32\lsass.exe`, data(names[0])["Image"])
	user := kerneltest.OpenShell(t, w.Kernel, "operator", `C:\Windows\system32`)
	code, _ := kernel.CodeOf(w.CreateUser(user, "other", ""))
	require.Equal(t, kernel.AccessDenied, code)
}

func TestSecurityAuditFollowsThePolicy(t *testing.T) {
	w := watch(t, everything)
	const created, ended = `*[System[EventID=4688]]`, `*[System[EventID=4689]]`
	before := len(w.events(t, eventlog.Security, created))
	require.NoError(t, w.SetAuditPolicy(w.shell, "Process Creation", host.AuditFailure))
	require.NoError(t, w.SetAuditPolicy(w.shell, "{0cce922c-69ae-11d9-bed3-505054503030}", host.AuditSuccess))
	_, err := w.Run(t.Context(), w.shell, kernel.Spec{CommandLine: "find.exe", Hidden: true}, kernel.Stdio{})
	require.NoError(t, err)
	require.Len(t, w.events(t, eventlog.Security, created), before)
	require.Len(t, w.events(t, eventlog.Security, ended), 1)
	require.NoError(t, w.SetAuditPolicy(w.shell, "Audit Policy Change", 0))
	changes := w.events(t, eventlog.Security, `*[System[EventID=4719]]`)
	require.Len(t, changes, 3, "also of itself")
	first := data(changes[0])
	require.Equal(t, "%%8276", first["CategoryId"])
	require.Equal(t, "%%13312", first["SubcategoryId"])
	require.Equal(t, "{0CCE922B-69AE-11D9-BED3-505054503030}", first["SubcategoryGuid"])
	require.Equal(t, "%%8448, %%8451", first["AuditPolicyChanges"])
	code, _ := kernel.CodeOf(w.SetAuditPolicy(kerneltest.OpenShell(t, w.Kernel, "operator", `C:\Windows\system32`), "Logon", 0))
	require.Equal(t, kernel.PrivilegeNotHeld, code)
}

func hex(n uint32) string {
	const digits = "0123456789abcdef"
	if n < 16 {
		return digits[n : n+1]
	}
	return hex(n/16) + digits[n%16:n%16+1]
}

func TestScriptBlocks(t *testing.T) {
	w := watch(t, everything)
	text := strings.Repeat("Write-Output 1\n", 3000)
	w.Publish(kernel.ScriptBlock{By: w.By(w.shell), ID: host.GUID{Data1: 1}, Text: text})
	var whole strings.Builder
	records := w.events(t, eventlog.PowerShell, `*[System[EventID=4104]]`)
	require.Greater(t, len(records), 1)
	for _, r := range records {
		whole.WriteString(data(r)["ScriptBlockText"])
	}
	require.Equal(t, text, whole.String())
	policy := `HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging`
	require.NoError(t, w.SetValue(w.shell, policy, host.Value{Name: "EnableScriptBlockLogging", Type: host.DWord, Number: 0}))
	w.Publish(kernel.ScriptBlock{By: w.By(w.shell), Text: "unseen"})
	require.Len(t, w.events(t, eventlog.PowerShell, `*[System[EventID=4104]]`), len(records))
}

func TestConfigurationAuditingIsOffByDefault(t *testing.T) {
	w := watch(t, everything)
	commit := kernel.ConfigurationCommitted{By: w.By(w.shell), Section: "/system.webServer/globalModules/add", Last: true}
	w.Publish(commit)
	require.Empty(t, w.events(t, eventlog.IISConfiguration, "*"))
	c, _ := w.log.Channel(eventlog.IISConfiguration)
	c.Enable(true)
	w.Publish(commit)
	records := w.events(t, eventlog.IISConfiguration, "*")
	require.Len(t, records, 2)
	require.Equal(t, []int{29, 50}, []int{records[0].EventID, records[1].EventID})
	require.Equal(t, w.shell.Token.SID, records[0].UserID)
}

func TestUnsupportedIsRecordedOutOfBand(t *testing.T) {
	w := watch(t, everything)
	_, err := w.Run(t.Context(), w.shell, kernel.Spec{CommandLine: "curl.exe http://example.com"}, kernel.Stdio{})
	require.NoError(t, err)
	records := w.events(t, eventlog.Lab, "*")
	require.Len(t, records, 1)
	require.Equal(t, "program", data(records[0])["Kind"])
	require.Equal(t, "curl.exe", data(records[0])["Name"])
	started := w.events(t, eventlog.Sysmon, `*[System[EventID=1] and EventData[Data[@Name='ProcessGuid']='`+data(records[0])["ProcessGuid"]+`']]`)
	require.Len(t, started, 1, "the record can be joined with the process")
}

func TestWhatProgramsLog(t *testing.T) {
	w := watch(t, everything)
	require.NoError(t, w.StopService(w.shell, "Spooler"))
	changes := w.events(t, eventlog.SystemChannel, `*[System[EventID=7036 and Provider[@Name='Service Control Manager']]]`)
	require.Len(t, changes, 1)
	require.Equal(t, map[string]string{"param1": "Print Spooler", "param2": "stopped"}, data(changes[0]))
	w.Publish(kernel.EventLogged{
		By: w.By(w.shell), Channel: eventlog.Security, Provider: "Microsoft-Windows-Eventlog", EventID: 1102, Level: 4,
		Data: []kernel.Field{{Name: "SubjectUserName", Value: "Administrator"}},
	})
	cleared := w.events(t, eventlog.Security, `*[UserData/LogFileCleared/SubjectUserName='Administrator']`)
	require.Len(t, cleared, 1)
	require.Equal(t, w.shell.Token.SID, cleared[0].UserID)
}

func TestRemoteShells(t *testing.T) {
	w := watch(t, everything)
	w.Publish(kernel.ShellOpened{By: w.By(w.shell), Token: w.shell.Token, ResourceURI: "http://x/shell/cmd", ShellID: "1"})
	opened := w.events(t, eventlog.WinRM, `*[System[EventID=91]]`)
	require.Len(t, opened, 1)
	require.Equal(t, map[string]string{"resourceUri": "http://x/shell/cmd", "shellId": "1"}, data(opened[0]))
	service, _ := w.ServiceProcess("WinRM")
	w.Logoff(service, w.shell.Token, kernel.LogonNetwork)
	ended := w.events(t, eventlog.Security, `*[System[EventID=4634]]`)
	require.Len(t, ended, 1)
	require.Equal(t, "3", data(ended[0])["LogonType"])
}

func TestPowerShellEngines(t *testing.T) {
	w := watch(t, everything)
	p, err := w.StartResident(t.Context(), w.shell, kernel.Spec{CommandLine: "powershell.exe -NoProfile -Command 1"})
	require.NoError(t, err)
	w.Terminate(p, 0)
	var ids []int
	for _, r := range w.events(t, eventlog.PowerShell, "*") {
		ids = append(ids, r.EventID)
	}
	require.Equal(t, []int{40961, 53504, 40962}, ids)
	classic := w.events(t, eventlog.ClassicPowerShell, "*[System[EventID=400]]")
	require.Len(t, classic, 1)
	require.Contains(t, string(classic[0].XML()), "HostApplication=powershell.exe -NoProfile -Command 1\n")
	require.Len(t, w.events(t, eventlog.ClassicPowerShell, "*[System[EventID=403]]"), 1)
}
