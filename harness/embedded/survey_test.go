package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/doctor"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

func (m *machine) survey() map[string]doctor.Finding {
	m.t.Helper()
	target, ok := m.target.(*winrm.Target)
	require.True(m.t, ok)
	facts := doctor.Facts{Connection: target.Probe(m.t.Context())}
	var err error
	facts.Host, err = target.Survey(m.t.Context(), doctor.Channels())
	require.NoError(m.t, err)
	findings := map[string]doctor.Finding{}
	for _, f := range doctor.Examine(&facts) {
		findings[f.ID] = f
	}
	return findings
}

// TestSurveyFollowsTheMachine: what is done to the machine is what the doctor then sees.
func TestSurveyFollowsTheMachine(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	before := m.survey()
	for _, id := range []string{
		"port", "tls", "authentication", "credentials", "elevation", "64-bit", "clock", "iis", "sysmon", "sysmon-configuration", "logs-process",
		"audit-process", "script-block-logging", "channel-application", "log-size",
	} {
		require.Equal(t, doctor.Holds, before[id].State, "%s: %s", id, before[id].Saw)
	}
	require.Equal(t, doctor.Broken, before["audit-object"].State)
	require.Equal(t, doctor.Broken, before["channel-iis-configuration"].State)

	m.ask("net stop w3svc\n" +
		"reg delete HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging /f\n" +
		"auditpol /set /subcategory:{0CCE922B-69AE-11D9-BED3-505054503030} /success:disable\n" +
		"wevtutil sl Microsoft-IIS-Configuration/Operational /e:true\n" +
		"wevtutil sl Microsoft-Windows-Sysmon/Operational /ms:1052672\n" +
		"echo changed>> C:\\ProgramData\\Sysmon\\sysmon.xml\n" +
		"sc stop Sysmon64")
	after := m.survey()
	for _, id := range []string{"iis", "script-block-logging", "audit-process", "log-size", "sysmon"} {
		require.Equal(t, doctor.Broken, after[id].State, "%s: %s", id, after[id].Saw)
	}
	require.Equal(t, doctor.Holds, after["channel-iis-configuration"].State)
	require.Equal(t, doctor.Unknown, after["sysmon-configuration"].State, "the file is not what Sysmon read")
	require.Equal(t, doctor.Holds, after["audit-logon"].State, "as before")
}

// TestFixesWork runs what the doctor says on the machine, looks again, takes back what can be, and looks again.
func TestFixesWork(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	m.ask("net stop w3svc\nsc stop Sysmon64\n" +
		"reg delete HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging /f\n" +
		"auditpol /set /subcategory:{0CCE922B-69AE-11D9-BED3-505054503030} /success:disable")
	before := m.survey()
	mended := []string{"iis", "sysmon", "script-block-logging", "audit-process", "audit-object", "channel-iis-configuration"}
	for _, id := range mended {
		require.Equal(t, doctor.Broken, before[id].State, id)
		e := m.execute(harness.Harness, atomics.PowerShell, before[id].Fix)
		require.Zero(t, e.ExitCode, "%s: %s%s", before[id].Fix, e.Stdout, e.Stderr)
	}
	after := m.survey()
	for _, id := range mended {
		require.Equal(t, doctor.Holds, after[id].State, "%s: %s", id, after[id].Saw)
		if undo := before[id].Undo; undo != "" {
			e := m.execute(harness.Harness, atomics.PowerShell, undo)
			require.Zero(t, e.ExitCode, "%s: %s%s", undo, e.Stdout, e.Stderr)
		}
	}
	undone := m.survey()
	for _, id := range mended {
		require.Equal(t, before[id].Undo != "", undone[id].State == doctor.Broken, "%s: %s", id, undone[id].Saw)
	}
}
