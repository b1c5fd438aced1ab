package doctor_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/doctor"
)

const configuration = `<Sysmon schemaversion="4.90"><EventFiltering>
<RuleGroup groupRelation="or"><ProcessCreate onmatch="exclude"/></RuleGroup>
<RuleGroup groupRelation="or"><FileCreate onmatch="include"><TargetFilename name="web" condition="contains">\inetsrv\</TargetFilename><Image condition="image">w3wp.exe</Image></FileCreate></RuleGroup>
<RuleGroup groupRelation="or"><FileDeleteDetected onmatch="exclude"/></RuleGroup>
<RuleGroup groupRelation="or"><ImageLoad onmatch="include"><Image condition="image">w3wp.exe</Image></ImageLoad></RuleGroup>
<RuleGroup groupRelation="or"><RegistryEvent onmatch="include"><TargetObject condition="contains">\W3SVC\</TargetObject></RegistryEvent></RuleGroup>
</EventFiltering></Sysmon>`

const (
	process = "0CCE922B-69AE-11D9-BED3-505054503030"
	logon   = "0CCE9215-69AE-11D9-BED3-505054503030"
	object  = "0CCE921D-69AE-11D9-BED3-505054503030"
)

// sound are the facts of a machine that lacks nothing.
func sound() *doctor.Facts {
	var channels []doctor.Channel
	for _, name := range doctor.Channels() {
		channels = append(channels, doctor.Channel{Name: name, State: "enabled", Mode: "Circular", Maximum: 64 << 20, Size: 1 << 20})
	}
	return &doctor.Facts{
		Computer: "WEB7", User: "tester",
		Connection: doctor.Connection{
			Address: "web7:5986", HTTPS: true, Scheme: "Negotiate", Offered: []string{"Negotiate", "Kerberos"},
			Certificate: &x509.Certificate{Raw: []byte("der"), Subject: pkix.Name{CommonName: "web7"}, Issuer: pkix.Name{CommonName: "a CA"}},
		},
		Host: &doctor.Host{
			Identity:            &doctor.Identity{Name: "web7", User: `WEB7\tester`, SID: "S-1-5-21-1-2-3-1001", Elevated: true},
			TokenFilter:         &doctor.TokenFilter{Off: true},
			Shell:               &doctor.Shell{Bits: 64, PowerShell: "5.1.17763.1", LanguageMode: "FullLanguage"},
			Quotas:              &doctor.Quotas{ShellsPerUser: 30, MemoryMB: 1024, ProcessesPerShell: 25, ConcurrentUsers: 10, OperationsPerUser: 1500},
			IIS:                 &doctor.IIS{Version: "10.0", W3SVC: "Running", WebAdministration: true},
			Sysmon:              &doctor.Sysmon{Service: "Running", Name: "Sysmon64", Version: "15.15", ConfigFile: `C:\conf.xml`},
			SysmonConfiguration: &doctor.Configuration{File: []byte(configuration)},
			Audit:               map[string]string{process: "Success", logon: "Success and Failure", object: "Success"},
			ScriptBlockLogging:  &doctor.Policy{On: true},
			Channels:            channels,
			Disk:                &doctor.Disk{Drive: "C:", Free: 20 << 30},
			Defender:            &doctor.Defender{},
			UTC:                 "2026-01-01T00:00:00Z",
		},
	}
}

func byID(findings []doctor.Finding) map[string]doctor.Finding {
	all := map[string]doctor.Finding{}
	for _, f := range findings {
		all[f.ID] = f
	}
	return all
}

func TestASoundMachine(t *testing.T) {
	t.Parallel()
	findings := doctor.Examine(sound())
	require.True(t, doctor.Usable(findings))
	for _, f := range findings {
		require.Equal(t, doctor.Holds, f.State, "%s: %s", f.ID, f.Saw)
		require.Empty(t, f.Fix)
		require.NotEmpty(t, f.Saw, f.ID)
	}
	require.Len(t, byID(findings), len(findings), "ids are unique")
}

// TestEachPoint spoils one fact of a sound machine at a time.
func TestEachPoint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(f *doctor.Facts, h *doctor.Host)
		id     string
		state  doctor.State
		saw    string
		fix    string
		usable bool
	}{
		"no TLS":              {func(f *doctor.Facts, _ *doctor.Host) { f.Connection.TLS, f.Host = errors.New("not TLS"), nil }, "tls", doctor.Broken, "not TLS", "New-SelfSignedCertificate", false},
		"plain HTTP":          {func(f *doctor.Facts, _ *doctor.Host) { f.Connection.HTTPS = false }, "tls", doctor.Holds, "NTLM seals", "", true},
		"any certificate":     {func(f *doctor.Facts, _ *doctor.Host) { f.Connection.Insecure = true }, "tls", doctor.Broken, "signed by CN=a CA", "tls: {fingerprint: '", true},
		"other schemes":       {func(f *doctor.Facts, _ *doctor.Host) { f.Connection.Scheme = "Basic" }, "authentication", doctor.Broken, "and not Basic", `Auth\Basic $true`, false},
		"schemes not seen":    {func(f *doctor.Facts, _ *doctor.Host) { f.Connection.Offer = errors.New("HTTP 404") }, "authentication", doctor.Unknown, "HTTP 404", "", false},
		"wrong password":      {refuse(doctor.LogonRefused), "credentials", doctor.Broken, "no entry", "net user tester *", false},
		"may not use WinRM":   {refuse(doctor.LogonDenied), "credentials", doctor.Broken, "no entry", "net localgroup Administrators tester /add; reg add", false},
		"no shell left":       {refuse(doctor.LogonQuota), "credentials", doctor.Broken, "no entry", "MaxShellsPerUser 30", false},
		"something else":      {refuse(doctor.LogonFailed), "credentials", doctor.Unknown, "no entry", "", false},
		"another machine":     {func(f *doctor.Facts, _ *doctor.Host) { f.Computer = "WEB8" }, "computer", doctor.Broken, "the inventory says WEB8", "computer: web7", false},
		"filtered":            {filtered, "elevation", doctor.Broken, "not elevated", "LocalAccountTokenFilterPolicy /t REG_DWORD /d 1", false},
		"filter on":           {filtered, "token-filter", doctor.Broken, "is not 1", "reg add", false},
		"32 bits":             {func(_ *doctor.Facts, h *doctor.Host) { h.Shell.Bits = 32 }, "64-bit", doctor.Broken, "32 bits", "OSArchitecture", false},
		"old PowerShell":      {func(_ *doctor.Facts, h *doctor.Host) { h.Shell.PowerShell = "4.0" }, "powershell", doctor.Broken, "4.0", "wmf5download", false},
		"constrained":         {func(_ *doctor.Facts, h *doctor.Host) { h.Shell.LanguageMode = "ConstrainedLanguage" }, "language-mode", doctor.Broken, "ConstrainedLanguage", "__PSLockdownPolicy", false},
		"few shells":          {func(_ *doctor.Facts, h *doctor.Host) { h.Quotas.ShellsPerUser = 2 }, "quotas", doctor.Broken, "2 shells", "MaxShellsPerUser 30", true},
		"little memory":       {func(_ *doctor.Facts, h *doctor.Host) { h.Quotas.MemoryMB = 150 }, "quotas", doctor.Broken, "150 MB", "MaxMemoryPerShellMB 1024", true},
		"few operations":      {func(_ *doctor.Facts, h *doctor.Host) { h.Quotas.OperationsPerUser = 4 }, "quotas", doctor.Broken, "4 operations", "MaxConcurrentOperationsPerUser", true},
		"clock off":           {func(_ *doctor.Facts, h *doctor.Host) { h.Skew = -10 * time.Minute }, "clock", doctor.Broken, "-10m0s", "w32tm /resync", true},
		"no IIS":              {func(_ *doctor.Facts, h *doctor.Host) { h.IIS = &doctor.IIS{} }, "iis", doctor.Broken, "not installed", "Install-WindowsFeature Web-Server", true},
		"IIS stopped":         {func(_ *doctor.Facts, h *doctor.Host) { h.IIS.W3SVC = "Stopped" }, "iis", doctor.Broken, "Stopped", "Start-Service W3SVC", true},
		"no cmdlets":          {func(_ *doctor.Facts, h *doctor.Host) { h.IIS.WebAdministration = false }, "web-administration", doctor.Broken, "not installed", "Web-Scripting-Tools", true},
		"no Sysmon":           {func(_ *doctor.Facts, h *doctor.Host) { h.Sysmon = &doctor.Sysmon{} }, "sysmon", doctor.Broken, "not installed", "-accepteula -i", false},
		"Sysmon stopped":      {func(_ *doctor.Facts, h *doctor.Host) { h.Sysmon.Service = "Stopped" }, "sysmon", doctor.Broken, "stopped", "Start-Service Sysmon64", false},
		"old Sysmon":          {func(_ *doctor.Facts, h *doctor.Host) { h.Sysmon.Version = "12.03" }, "sysmon-version", doctor.Broken, "12.03", "-u force", true},
		"no configuration":    {func(_ *doctor.Facts, h *doctor.Host) { h.SysmonConfiguration = &doctor.Configuration{} }, "sysmon-configuration", doctor.Unknown, "gone or was changed", "-c", true},
		"nor what it logs":    {func(_ *doctor.Facts, h *doctor.Host) { h.SysmonConfiguration = &doctor.Configuration{} }, "logs-process", doctor.Unknown, "could not be judged", "", true},
		"only DLLs":           {dump(" - FileCreate   onmatch: include   combine rules using 'Or'\n\tTargetFilename   filter: end with   value: '.dll'\n"), "logs-iis-config", doctor.Broken, "FileCreate does not match", `Sysmon64.exe -c C:\conf.xml`, true},
		"no processes":        {dump(" - ProcessCreate   onmatch: include   combine rules using 'Or'\n"), "logs-process", doctor.Broken, "ProcessCreate", "powershell.exe", false},
		"no audit":            {func(_ *doctor.Facts, h *doctor.Host) { h.Audit = maps.Clone(h.Audit); h.Audit[process] = "No Auditing" }, "audit-process", doctor.Broken, "No Auditing", `"/subcategory:{0CCE922B-`, true},
		"only failures":       {func(_ *doctor.Facts, h *doctor.Host) { h.Audit[logon] = "Failure" }, "audit-logon", doctor.Broken, "Failure", "{0CCE9215-", true},
		"German":              {func(_ *doctor.Facts, h *doctor.Host) { h.Audit[object] = "Keine" }, "audit-object", doctor.Unknown, "another language", "", true},
		"no script blocks":    {func(_ *doctor.Facts, h *doctor.Host) { h.ScriptBlockLogging.On = false }, "script-block-logging", doctor.Broken, "is not 1", "EnableScriptBlockLogging", true},
		"channel off":         {channel(3, "disabled"), "channel-iis-configuration", doctor.Broken, "disabled", "wevtutil sl Microsoft-IIS-Configuration/Operational /e:true", true},
		"channel denied":      {channel(1, "denied"), "channel-security", doctor.Broken, "denied", `net localgroup "Event Log Readers" WEB7\tester /add`, true},
		"Sysmon channel gone": {channel(0, "missing"), "channel-sysmon", doctor.Broken, "missing", "-accepteula -i", false},
		"small log":           {func(_ *doctor.Facts, h *doctor.Host) { h.Channels[0].Maximum = 1 << 20 }, "log-size", doctor.Broken, "sysmon may have 1.0 MB", "wevtutil sl Microsoft-Windows-Sysmon/Operational /ms:67108864", true},
		"full log":            {func(_ *doctor.Facts, h *doctor.Host) { h.Channels[4].Mode, h.Channels[4].Size = "Retain", 64<<20 }, "log-size", doctor.Broken, "application is full", "/rt:false", true},
		"full disk":           {func(_ *doctor.Facts, h *doctor.Host) { h.Disk.Free = 5 << 20 }, "disk", doctor.Broken, "5.0 MB of C: are free", "Dism.exe", true},
		"Defender": {func(_ *doctor.Facts, h *doctor.Host) {
			h.Defender = &doctor.Defender{Service: "Running", RealTime: true}
		}, "defender", doctor.Broken, "on everywhere", "Add-MpPreference", true},
		"Defender, excluded": {func(_ *doctor.Facts, h *doctor.Host) {
			h.Defender = &doctor.Defender{"Running", true, []string{`C:\T`}}
		}, "defender", doctor.Holds, `except in C:\T`, "", true},
		"unread": {func(_ *doctor.Facts, h *doctor.Host) {
			h.Quotas, h.Unread = nil, map[string]string{"quotas": "no such\r\n drive"}
		}, "quotas", doctor.Unknown, "could not be read: no such drive", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sound()
			c.spoil(f, f.Host)
			findings := doctor.Examine(f)
			got := byID(findings)[c.id]
			require.Equal(t, c.state, got.State, got.Saw)
			require.Contains(t, got.Saw, c.saw)
			require.Contains(t, got.Fix, c.fix)
			require.Equal(t, c.fix == "", got.Fix == "")
			require.Equal(t, c.usable, doctor.Usable(findings))
		})
	}
}

func refuse(kind doctor.LogonKind) func(*doctor.Facts, *doctor.Host) {
	return func(f *doctor.Facts, _ *doctor.Host) {
		f.Host, f.LogonKind, f.Logon = nil, kind, errors.New("no entry")
	}
}

func filtered(_ *doctor.Facts, h *doctor.Host) { h.Identity.Elevated, h.TokenFilter.Off = false, false }

func channel(i int, state string) func(*doctor.Facts, *doctor.Host) {
	return func(_ *doctor.Facts, h *doctor.Host) { h.Channels[i].State = state }
}

func dump(rules string) func(*doctor.Facts, *doctor.Host) {
	return func(_ *doctor.Facts, h *doctor.Host) {
		h.SysmonConfiguration = &doctor.Configuration{Dump: "Current configuration:\n - Service name:  Sysmon64\n\nRule configuration (version 4.90):\n" + rules}
	}
}

// TestNothingIsAssumed: of a machine that is not reached, one point is decided and no other.
func TestNothingIsAssumed(t *testing.T) {
	t.Parallel()
	findings := doctor.Examine(&doctor.Facts{Connection: doctor.Connection{Address: "web7:5985", Dial: errors.New("refused")}})
	require.False(t, doctor.Usable(findings))
	require.Equal(t, doctor.Broken, findings[0].State)
	for _, f := range findings[1:] {
		require.Equal(t, doctor.Unknown, f.State, f.ID)
		require.Contains(t, f.Saw, "not reached", f.ID)
	}
	require.Len(t, findings, len(doctor.Examine(sound())))
}

// TestDump: what `sysmon -c` prints is judged as the file would be.
func TestDump(t *testing.T) {
	t.Parallel()
	const rules = " - FileCreate                         onmatch: include   combine rules using 'Or'\n" +
		"\tCompound Rule 0001   combine using And\n" +
		"\t    TargetFilename                 filter: contains     value: '\\inetsrv\\'\n" +
		"\t    Image                          filter: image        value: 'powershell.exe'\n" +
		"\tTargetFilename                 filter: begin with   value: 'C:\\it''s & <here>'\n" +
		" - FileCreate                         onmatch: exclude   combine rules using 'And'\n" +
		"\tImage                          filter: end with     value: '\\w3wp.exe'\n"
	f := sound()
	dump(rules)(f, f.Host)
	all := byID(doctor.Examine(f))
	require.Equal(t, doctor.Holds, all["sysmon-configuration"].State, all["sysmon-configuration"].Saw)
	require.Equal(t, doctor.Holds, all["logs-module-file"].State, "PowerShell writes to inetsrv")
	require.Equal(t, doctor.Broken, all["logs-iis-config"].State, "appcmd is not PowerShell")
	require.Equal(t, doctor.Broken, all["logs-web-content"].State)
	require.Equal(t, doctor.Holds, all["logs-process"].State, "new processes are logged unless something is said of them")
	require.Equal(t, doctor.Broken, all["logs-image-load"].State)

	dump(rules+"\tSomething new: 3\n")(f, f.Host)
	got := byID(doctor.Examine(f))["sysmon-configuration"]
	require.Equal(t, doctor.Unknown, got.State)
	require.Contains(t, got.Saw, "Something new")
	f.Host.SysmonConfiguration.Dump = "No rules installed"
	all = byID(doctor.Examine(f))
	require.Equal(t, doctor.Holds, all["logs-process"].State)
	require.Equal(t, doctor.Broken, all["logs-module-file"].State)
}

// TestConfigurationInUTF16 is how Notepad saves.
func TestConfigurationInUTF16(t *testing.T) {
	t.Parallel()
	wide := []byte{0xff, 0xfe}
	for _, c := range []byte(configuration) {
		wide = append(wide, c, 0)
	}
	f := sound()
	f.Host.SysmonConfiguration.File = wide
	require.Equal(t, doctor.Holds, byID(doctor.Examine(f))["logs-module-file"].State)
}

// TestNewerSchema: a file of a schema that came later is read as far as its words are known.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	f := sound()
	newer := strings.Replace(configuration, "4.90", "4.91", 1)
	f.Host.SysmonConfiguration.File = []byte(newer)
	all := byID(doctor.Examine(f))
	require.Equal(t, `schema 4.91, from C:\conf.xml`, all["sysmon-configuration"].Saw)
	require.Equal(t, doctor.Holds, all["logs-module-file"].State)

	f.Host.SysmonConfiguration.File = []byte(strings.Replace(newer, "FileCreate onmatch", "FileThing onmatch", 1))
	got := byID(doctor.Examine(f))["sysmon-configuration"]
	require.Equal(t, doctor.Unknown, got.State)
	require.Contains(t, got.Saw, "Sysmon has no event FileThing")
}

func FuzzDump(f *testing.F) {
	f.Add(" - FileCreate onmatch: include combine rules using 'Or'\n\tCompound Rule 1 combine using And\n\t  Image filter: is value: 'a'\n")
	f.Add("\tImage filter: is value: 'a'\n - X onmatch: exclude combine rules using 'And'")
	f.Fuzz(func(t *testing.T, rules string) {
		facts := sound()
		dump(rules)(facts, facts.Host)
		got := byID(doctor.Examine(facts))
		if got["sysmon-configuration"].State == doctor.Unknown {
			require.Equal(t, doctor.Unknown, got["logs-process"].State)
		}
	})
}

// TestSafe: only what can be taken back is applied, and only to the machine that was meant.
func TestSafe(t *testing.T) {
	t.Parallel()
	f := sound()
	zero := int64(0)
	f.Host.ScriptBlockLogging = &doctor.Policy{Value: &zero}
	f.Host.Audit[process] = "Failure"
	f.Host.Channels[3].State = "disabled"
	f.Host.IIS.W3SVC, f.Host.Disk.Free = "Stopped", 0
	undo := map[string]string{}
	for _, s := range doctor.Safe(doctor.Examine(f)) {
		undo[s.ID] = s.Undo
	}
	require.Equal(t, map[string]string{
		"script-block-logging":      `reg add HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging /v EnableScriptBlockLogging /t REG_DWORD /d 0 /f`,
		"audit-process":             `auditpol.exe /set "/subcategory:{0CCE922B-69AE-11D9-BED3-505054503030}" /success:disable`,
		"channel-iis-configuration": "wevtutil sl Microsoft-IIS-Configuration/Operational /e:false",
	}, undo)
	f.Host.ScriptBlockLogging.Value = nil
	require.Contains(t, byID(doctor.Examine(f))["script-block-logging"].Undo, "reg delete ")
	f.Computer = "WEB8"
	require.Empty(t, doctor.Safe(doctor.Examine(f)))
	f.Host = nil
	require.Empty(t, doctor.Safe(doctor.Examine(f)))
}
