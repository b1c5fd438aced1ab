package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
)

// TestEqualSeedsGiveEqualEvents does the same work on two new machines of one seed, background noise included: what
// they record is equal to the last byte.
func TestEqualSeedsGiveEqualEvents(t *testing.T) {
	t.Parallel()
	first, second := work(start(t, 7)), work(start(t, 7))
	require.NotEmpty(t, first)
	require.Empty(t, cmp.Diff(strings.Split(first, "\n"), strings.Split(second, "\n")))
	require.NotEqual(t, first, work(start(t, 8)), "another seed is another machine")
}

// work is an hour with some commands in it; it returns all events of the channels.
func work(m *machine) string {
	after, err := m.target.Bookmark(m.t.Context(), channels())
	require.NoError(m.t, err)
	for _, c := range []struct {
		executor atomics.ExecutorName
		script   string
	}{
		{atomics.PowerShell, `Set-Content "$env:windir\System32\inetsrv\x.dll" x; Get-Process | Out-Null; Get-Random`},
		{atomics.CommandPrompt, "copy C:\\Windows\\System32\\notepad.exe C:\\inetpub\\n.dll\nreg add HKLM\\SOFTWARE\\Geiger /v a /d b /f"},
		{atomics.PowerShell, `Import-Module WebAdministration; New-WebGlobalModule -Name M -Image C:\inetpub\n.dll; iisreset`},
	} {
		m.execute(harness.Attack, c.executor, c.script)
		require.NoError(m.t, m.clock.Sleep(m.t.Context(), 20*time.Minute))
	}
	batches, err := m.target.Collect(m.t.Context(), after)
	require.NoError(m.t, err)
	var b strings.Builder
	for _, batch := range batches {
		for _, event := range batch.Events {
			b.WriteString(event + "\n")
		}
	}
	return b.String()
}
