package embedded_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// TestSameEffectSameEvent creates one file in six ways: Sysmon's event 11 tells them apart by who did it and when, and
// by nothing else.
func TestSameEffectSameEvent(t *testing.T) {
	t.Parallel()
	const dll = `C:\Windows\System32\inetsrv\df00tech-test.dll`
	ways := []struct {
		executor atomics.ExecutorName
		script   string
		image    string
	}{
		{atomics.PowerShell, `Set-Content -Path ` + dll + ` -Value x`, "powershell.exe"},
		{atomics.PowerShell, `'x' | Out-File ` + dll, "powershell.exe"},
		{atomics.PowerShell, `New-Item -ItemType File ` + dll, "powershell.exe"},
		{atomics.PowerShell, `[IO.File]::WriteAllBytes('` + dll + `', @(77, 90))`, "powershell.exe"},
		{atomics.CommandPrompt, `echo x>` + dll, "cmd.exe"},
		{atomics.CommandPrompt, `copy %windir%\System32\inetsrv\defdoc.dll ` + dll, "cmd.exe"},
	}
	var first []telemetry.Field
	for _, way := range ways {
		m := start(t, 1)
		o := m.observe(way.executor, way.script)
		require.Equal(t, []string{"create " + dll + " < " + way.image}, o.seen(), way.script)
		event := o.created(dll)
		require.Equal(t, event.Get("UtcTime"), event.Get("CreationUtcTime"))
		fields := without(event.Data, "Image", "UtcTime", "CreationUtcTime", "ProcessGuid", "ProcessId")
		if first == nil {
			first = fields
		}
		require.Empty(t, cmp.Diff(first, fields), way.script)
	}
}

func (o *observed) created(file string) *telemetry.Event {
	for i := range o.events {
		if e := &o.events[i]; of(e, telemetry.ChannelSysmon, 11) && e.Get("TargetFilename") == file {
			return e
		}
	}
	return &telemetry.Event{}
}

func without(fields []telemetry.Field, names ...string) []telemetry.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f telemetry.Field) bool { return slices.Contains(names, f.Name) })
}

// TestNothingDoneNothingSeen runs a script that does nothing: PowerShell's own two probe files, which it deletes again,
// are all that its start leaves in the file events.
func TestNothingDoneNothingSeen(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	o := m.observe(atomics.PowerShell, `$null`)
	require.Empty(t, o.seen())
	var probes []string
	for i := range o.events {
		e := &o.events[i]
		if e.Channel == telemetry.ChannelSysmon && o.ours(e) && e.Get("TargetFilename") != "" {
			require.True(t, isPolicyTest(e), e.Get("TargetFilename"))
			file := name(e.Get("TargetFilename"))
			probes = append(probes, map[int]string{11: "create", 23: "delete"}[e.EventID]+file[len("__PSScriptPolicyTest_12345678.123"):])
		}
	}
	require.ElementsMatch(t, []string{"create.ps1", "create.psm1", "delete.ps1", "delete.psm1"}, probes)
}

// TestDisabledSensorSeesNothing switches Sysmon off: the same act leaves no event of it, and the channel says so.
func TestDisabledSensorSeesNothing(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	m.ask(`wevtutil sl Microsoft-Windows-Sysmon/Operational /e:false`)
	o := m.observe(atomics.PowerShell, `Set-Content C:\inetpub\wwwroot\x.dll x`)
	for i := range o.events {
		require.NotEqual(t, telemetry.ChannelSysmon, o.events[i].Channel)
	}
}
