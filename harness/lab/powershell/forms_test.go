package powershell_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/testdata"
)

// expectation is what a form must do: texts in its output and effects on the machine.
type expectation struct {
	begins  string // how the form begins
	holds   string // further text that tells it from others
	output  []string
	effects []string
	errors  []string
}

const (
	newDLL  = `file created C:\Windows\System32\inetsrv\df00tech-test.dll new=true`
	config  = `C:\Windows\System32\inetsrv\config\applicationHost.config`
	defDoc  = `%windir%\System32\inetsrv\defdoc.dll`
	written = `file written C:\Windows\System32\inetsrv\df00tech-test.dll `
)

func formExpectations() []expectation {
	modules := []string{"UriCacheModule", "ManagedEngineV4.0_64bit"}
	file := func(size string) []string { return []string{newDLL, written + size} }
	return []expectation{
		{begins: "Get-WebGlobalModule | ForEach", output: []string{"UriCacheModule", "True Valid"}},
		{begins: "Import-Module WebAdministration", holds: "notlike", output: []string{"ManagedEngineV4.0_32bit", "PreCondition : integratedMode"}},
		{begins: "Import-Module WebAdministration", output: modules},
		{begins: "Get-WebGlobalModule", output: modules},
		{begins: "Get-WebConfiguration", output: []string{"DefaultDocumentModule"}},
		{begins: "(Get-WebConfigurationProperty", output: []string{defDoc}},
		{begins: "& ", holds: "list module", output: []string{`MODULE "StaticFileModule"`}, effects: []string{`process "C:\Windows\System32\inetsrv\appcmd.exe" list module`}},
		{begins: "& ", holds: "list config", output: []string{`<add name="UriCacheModule"`}, effects: []string{`process "C:\Windows\system32\inetsrv\appcmd.exe" list config -section:system.webServer/globalModules`}},
		{begins: "Set-Content -Path", effects: file("15 bytes")},
		{begins: `"df00tech test" |`, effects: file("15 bytes")},
		{begins: `"MZ" >`, effects: file("10 bytes")},
		{begins: "New-Item", effects: file("4 bytes")},
		{begins: "[System.IO.File]::WriteAllBytes", effects: file("4 bytes")},
		{begins: "[IO.File]::WriteAllText", effects: file("27 bytes")},
		{begins: "Copy-Item", effects: []string{newDLL}},
		{begins: "$dll =", effects: []string{newDLL}, errors: []string{"Cannot proceed with byte encoding"}},
		{begins: "Remove-Item"},
		{begins: "Select-String", output: []string{config + ":", `<add name="FileCacheModule"`}},
		{begins: "Get-Content", output: []string{`<add name="UriCacheModule"`}},
		{begins: "[xml]$cfg", output: modules[:1]},
		{begins: "$cfg =", output: []string{"ManagedEngineV4.0_32bit\t%windir%"}},
		{begins: "$xml =", output: []string{defDoc}},
		{begins: "Select-Xml", output: modules},
		{begins: "New-WebGlobalModule", effects: []string{"file created " + config + " new=false", `configuration add /system.webServer/globalModules/add[@name="DefaultDocumentModule_Atomic"]`}},
		{begins: "Remove-WebGlobalModule", errors: []string{"Remove-WebGlobalModule : "}},
		{begins: "$service", output: []string{"IIS installed on LAB-IIS01"}},
		{begins: "$ErrorActionPreference", output: []string{`"bits":64,"admin":true,"w3svc":"Running"`}},
		{begins: "$q=", output: []string{"H4sI"}},
		{begins: "wevtutil", output: []string{"<Events>"}, effects: []string{`"/q:*`[1:]}},
		{begins: "1..3", output: []string{`C:\inetpub\wwwroot\mod3.dll`}, effects: []string{`file created C:\inetpub\wwwroot\mod1.dll new=true`}},
		{begins: "$dst", output: []string{"successfully restarted"}, effects: []string{`file created C:\ProgramData\evil`, `configuration add /system.webServer/globalModules/add[@name="Foo"]`}},
		{begins: "Set-ItemProperty", effects: []string{`value set HKLM\SYSTEM\ControlSet001\Services\W3SVC\Parameters Filter DLLs=C:\Windows\Temp\bad.dll (REG_SZ)`}},
		{begins: "cmd /c", output: []string{"1 file(s) copied.", "done"}, effects: []string{`file created C:\Windows\Temp\x.dll new=true`}},
		{begins: "Start-Process", effects: []string{`file created C:\inetpub\a.dll new=true`}},
		{begins: "try { Invoke-WebRequest", output: []string{"200"}, effects: []string{"w3wp.exe"}},
	}
}

func TestNaturalFormsRun(t *testing.T) {
	forms := testdata.NaturalForms(t)
	require.GreaterOrEqual(t, len(forms), 37)
	for _, form := range forms {
		want := expectationFor(t, form)
		m := newMachine(t)
		r := m.run(t, form)
		effects := strings.Join(r.effects(), "\n")
		require.Zero(t, r.code, form)
		require.NotContains(t, effects, "unsupported", form)
		for _, s := range want.output {
			require.Contains(t, r.stdout, s, form)
		}
		for _, s := range want.effects {
			require.Contains(t, effects, s, form)
		}
		if want.effects == nil {
			require.NotContains(t, effects, "created", form)
		}
		for _, s := range want.errors {
			require.Contains(t, r.stderr, s, form)
		}
		if want.errors == nil {
			require.Empty(t, r.stderr, form)
		}
	}
}

func expectationFor(t *testing.T, form string) expectation {
	t.Helper()
	for _, e := range formExpectations() {
		if strings.HasPrefix(form, e.begins) && strings.Contains(form, e.holds) {
			return e
		}
	}
	t.Fatalf("no expectation for the form %q", form)
	return expectation{}
}

// TestCleanup writes the file of one form and removes it by another.
func TestCleanup(t *testing.T) {
	m := newMachine(t)
	m.run(t, `Set-Content "$env:windir\System32\inetsrv\df00tech-test.dll" x`)
	r := m.run(t, `Remove-Item -Path "$env:windir\System32\inetsrv\df00tech-test.dll" -Force -ErrorAction SilentlyContinue`)
	require.Equal(t, []string{`file deleted C:\Windows\System32\inetsrv\df00tech-test.dll`}, r.effects())
	r = m.run(t, `if (Test-Path $env:windir\System32\inetsrv\df00tech-test.dll) { exit 1 }`)
	require.Zero(t, r.code)
}

// TestScriptBlockLogging: each text that is compiled is published once, nested literals are not.
func TestScriptBlockLogging(t *testing.T) {
	m := newMachine(t)
	r := m.run(t, `iex 'Write-Output inner'; & { 1 } | Out-Null; & ([ScriptBlock]::Create('2')) | Out-Null; function f { 3 }; f | Out-Null`)
	var texts []string
	ids := map[string]bool{}
	for _, a := range r.activities {
		if s, ok := a.(kernel.ScriptBlock); ok {
			texts = append(texts, s.Text)
			ids[s.ID.String()] = true
		}
	}
	require.Len(t, texts, 3)
	require.True(t, strings.HasPrefix(texts[0], "& {iex 'Write-Output inner'"))
	require.Equal(t, []string{"Write-Output inner", "2"}, texts[1:])
	require.Len(t, ids, 3)
}

// TestStartsLikeWindows: every start creates the host's pipe and the two policy test files.
func TestStartsLikeWindows(t *testing.T) {
	r := newMachine(t).run(t, "1")
	var pipes, created, deleted int
	for _, a := range r.activities {
		switch x := a.(type) {
		case kernel.PipeCreated:
			if strings.HasPrefix(x.Name, `\PSHost.`) && strings.HasSuffix(x.Name, ".DefaultAppDomain.powershell") {
				pipes++
			}
		case kernel.FileCreated:
			if strings.Contains(x.File.Path, `\Temp\`) && strings.Contains(x.File.Path, "__PSScriptPolicyTest_") {
				created++
			}
		case kernel.FileDeleted:
			deleted++
		}
	}
	require.Equal(t, []int{1, 2, 2}, []int{pipes, created, deleted})
}

// FuzzRun runs arbitrary scripts: they may fail, they may not panic or go on without end.
func FuzzRun(f *testing.F) {
	for _, s := range []string{
		"1 + 1", "gci C:\\ | select -first 1", "function f { f }; f", "while ($true) { }", "'a' * 100000000", "1..100000000", "$x = @(1); $x += $x; [xml]'<a/>'",
		"'{0:N2}' -f 1.5", "[int[]](1,2)[5]", "Select-String -Pattern a -Path C:\\Windows\\win.ini -Context 1", "& { trap { continue }; throw 1 }", "$a.b.c = 1; $h = @{}; $h.x.y",
		"Get-Content C:\\Windows\\win.ini -Tail -5", "New-Object byte[] 10", "[math]::Round('x')", "ConvertFrom-Json '{'", "Get-Date -Format zzz", "Join-Path", "1 | % { $_.ToString('x') }",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) > 400 || strings.ContainsAny(script, "\x00") {
			t.Skip("longer, or with a character, than a command line can be")
		}
		m := newMachine(t)
		m.startQuietly(t, script)
	})
}
