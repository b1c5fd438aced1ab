package embedded_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	facts, err := m.target.Inspect(m.t.Context())
	require.NoError(t, err)
	require.NotZero(t, facts.ProcessID)
	require.Less(t, facts.ClockSkew.Abs(), time.Second, "the lab's clock is the caller's")
	require.Regexp(t, `^\d+\.\d+`, facts.SysmonVersion)
	require.Regexp(t, `^SHA256=[0-9A-F]{64}$`, facts.SysmonConfigHash)
	require.Contains(t, facts.Product, "geiger lab (simulated host)")
	require.Regexp(t, `^5\.1\.20348\.\d+$`, facts.PowerShell)
	facts.ProcessID, facts.ClockSkew, facts.SysmonVersion, facts.SysmonConfigHash, facts.Product, facts.PowerShell = 0, 0, "", "", "", ""
	require.Equal(t, harness.HostFacts{
		Name: "LAB-IIS01", Simulated: true, OS: "Microsoft Windows Server 2022 Standard", Build: "10.0.20348", User: `LAB-IIS01\Administrator`,
		Elevated: true, Bits: 64, LanguageMode: "FullLanguage", Temp: `C:\Users\ADMINI~1\AppData\Local\Temp`, IIS: "10.0", W3SVC: "Running",
		WebAdministration: true, Sysmon: "Running", ScriptBlockLogging: true,
	}, facts)
}

func TestInspectSeesWhatIsMissing(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	m.ask("net stop w3svc\nsc stop Sysmon64\nreg delete HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging /f")
	facts, err := m.target.Inspect(m.t.Context())
	require.NoError(t, err)
	require.Equal(t, "Stopped", facts.W3SVC)
	require.Equal(t, "Stopped", facts.Sysmon)
	require.False(t, facts.ScriptBlockLogging)
}

func TestBookmarks(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	marks, err := m.target.Bookmark(m.t.Context(), []string{telemetry.ChannelSysmon, telemetry.ChannelIISConfiguration, "No-Such-Channel/Operational"})
	require.NoError(t, err)
	require.Equal(t, harness.ChannelEnabled, marks[0].State)
	require.Positive(t, marks[0].After)
	require.Equal(t, "Circular", marks[0].Mode)
	require.Positive(t, marks[0].MaximumBytes)
	require.Equal(t, harness.ChannelDisabled, marks[1].State)
	require.Equal(t, harness.Bookmark{Channel: "No-Such-Channel/Operational", State: harness.ChannelMissing}, marks[2])

	batches, err := m.target.Collect(m.t.Context(), marks)
	require.NoError(t, err)
	require.Equal(t, harness.ChannelDisabled, batches[1].State)
	require.Equal(t, harness.ChannelMissing, batches[2].State)
	require.Empty(t, batches[2].Events)
}

// TestCollectReturnsEveryEventOnce collects twice with work in between: record ids go on without a gap.
func TestCollectReturnsEveryEventOnce(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	marks, err := m.target.Bookmark(m.t.Context(), []string{telemetry.ChannelSysmon})
	require.NoError(t, err)
	next := marks[0].After + 1
	for range 2 {
		m.execute(harness.Attack, atomics.CommandPrompt, `whoami`)
		require.NoError(t, m.clock.Sleep(t.Context(), 30*time.Second))
		batches, err := m.target.Collect(m.t.Context(), marks)
		require.NoError(t, err)
		require.NotEmpty(t, batches[0].Events)
		for _, text := range batches[0].Events {
			e, err := telemetry.ParseXML([]byte(text))
			require.NoError(t, err)
			require.Equal(t, next, e.RecordID)
			next++
		}
		require.GreaterOrEqual(t, batches[0].Last, next-1)
		marks[0].After = next - 1
	}
}

func TestClearedLogShows(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	marks, err := m.target.Bookmark(m.t.Context(), []string{telemetry.ChannelSysmon})
	require.NoError(t, err)
	m.ask("whoami\nwevtutil cl Microsoft-Windows-Sysmon/Operational\nwhoami")
	require.NoError(t, m.clock.Sleep(t.Context(), 30*time.Second))
	batches, err := m.target.Collect(m.t.Context(), marks)
	require.NoError(t, err)
	require.Greater(t, batches[0].Oldest, marks[0].After+1, "the gap tells that events were lost")
}

func TestSweep(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	m.execute(harness.Attack, atomics.CommandPrompt, "md deep\\deeper\necho x>deep\\deeper\\file.txt\nattrib +r +h deep\\deeper\\file.txt")
	exists := `if exist %temp%\geiger\` + run + ` (echo yes) else (echo no)`
	require.Equal(t, "yes", strings.TrimSpace(m.ask(exists)))
	require.NoError(t, m.target.Sweep(t.Context(), harness.RunDir(run)))
	e := m.start(harness.Harness, "cmd.exe", `/c dir /b /s %temp%\..\geiger* %temp%\geiger`, time.Minute)
	require.NotContains(t, e.Stdout, "deep")
	require.NoError(t, m.target.Sweep(t.Context(), harness.RunDir(run)))
	require.NoError(t, m.target.Sweep(t.Context(), harness.RunDir(run)), "there is nothing to sweep, and that is fine")
	for _, outside := range []string{``, `..`, `geiger\..\..`, `C:\Windows`, `geiger\*`} {
		require.Error(t, m.target.Sweep(t.Context(), outside), outside)
	}
}

// TestTimeout ends a command that takes too long, with what it started.
func TestTimeout(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	for _, arguments := range []string{`/c ping -n 600 127.0.0.1`, `/c powershell -Command Start-Sleep 600`, `/c timeout /t 600 /nobreak`} {
		begun := m.clock.Now()
		e := m.start(harness.Attack, "cmd.exe", arguments, 10*time.Second)
		require.True(t, e.TimedOut, arguments)
		require.Less(t, m.clock.Now().Sub(begun), time.Minute, arguments)
		running := m.ask(`tasklist /fo csv /nh`)
		require.NotContains(t, strings.ToLower(running), `"ping.exe"`)
		require.NotContains(t, strings.ToLower(running), `"timeout.exe"`)
		require.Equal(t, 1, strings.Count(strings.ToLower(running), `"powershell.exe"`), "the launcher of the question")
	}
}

func TestLongOutput(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	e := m.execute(harness.Attack, atomics.PowerShell, `1..2000 | ForEach-Object { "{0:d6} {1}" -f $_, ('x' * 91) }`)
	require.Zero(t, e.ExitCode, e.Stderr)
	lines := strings.Split(strings.TrimSuffix(e.Stdout, "\r\n"), "\r\n")
	require.Len(t, lines, 2000)
	for i, line := range lines {
		require.Equal(t, fmt.Sprintf("%06d %s", i+1, strings.Repeat("x", 91)), line)
	}
	e = m.execute(harness.Attack, atomics.PowerShell, `1..3000 | ForEach-Object { [Console]::Error.WriteLine('y' * 70) }; 'end'`)
	require.Len(t, e.Stderr, 3000*72)
	require.Equal(t, "end\r\n", e.Stdout)
}

func TestInputIsClosed(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	require.Equal(t, "done\r\n", m.execute(harness.Attack, atomics.CommandPrompt, "findstr x\necho done").Stdout)
	require.Equal(t, "0\r\n", m.execute(harness.Attack, atomics.PowerShell, `[Console]::In.ReadToEnd().Length`).Stdout)
}

// TestOutputEncoding writes what a console of code page 437 or 65001 can carry, by programs of both kinds.
func TestOutputEncoding(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	m.execute(harness.Attack, atomics.PowerShell, `[IO.File]::WriteAllText('C:\Users\Public\u.txt', [string][char]0xE4 + [char]0x20AC)`)
	require.Equal(t, "\u00e4\u20ac", m.execute(harness.Attack, atomics.CommandPrompt, `type C:\Users\Public\u.txt`).Stdout)
	e := m.execute(harness.Attack, atomics.PowerShell, `[Console]::OutputEncoding = [Text.Encoding]::UTF8; [string][char]0xE4 + [char]0x20AC`)
	require.Equal(t, "\u00e4\u20ac\r\n", strings.TrimPrefix(e.Stdout, "\ufeff"))
}

// TestMissingProgram is an error of the launcher: nothing was run, and that must not look like a test that failed.
func TestMissingProgram(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	_, err := m.target.Execute(t.Context(), harness.Command{Phase: harness.Attack, File: "no-such-program.exe", Dir: harness.WorkDir(run, harness.Attack)})
	require.ErrorContains(t, err, "The system cannot find the file specified")
}
