package powershell_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStartedProcessWaitsForItsTurn repeats what would be a race if a process began before the script waits for it: the
// clock that the child moves is the one that limits the wait.
func TestStartedProcessWaitsForItsTurn(t *testing.T) {
	m := newMachine(t)
	for range 10 {
		r := m.run(t, `$p = Start-Process ping.exe -ArgumentList '-n 30 127.0.0.1' -PassThru; $p.WaitForExit(2000); $p.HasExited; Stop-Process -Id $p.Id; $p.HasExited`)
		require.Equal(t, "False\r\nFalse\r\nTrue\r\n", r.stdout, r.stderr)
		r = m.run(t, `$p = Start-Process cmd.exe -ArgumentList '/c exit 4' -PassThru; $p.WaitForExit(2000); $p.ExitCode`)
		require.Equal(t, "True\r\n4\r\n", r.stdout, r.stderr)
	}
	r := m.run(t, `Start-Process cmd.exe '/c echo left > C:\Users\Public\left.txt'; Start-Sleep 1; Get-Content C:\Users\Public\left.txt`)
	require.Equal(t, "left \r\n", r.stdout, r.stderr)
}

func TestProcessCmdletsTakeProcessesOnly(t *testing.T) {
	r := newMachine(t).run(t, `'x' | Stop-Process; Stop-Process -Name $null; Wait-Process -Id @(); 'still here'`)
	require.Equal(t, "still here\r\n", r.stdout)
	require.Contains(t, r.stderr, "null or empty")
}

func TestCopyOfAFolderIntoItselfEnds(t *testing.T) {
	r := newMachine(t).run(t, `New-Item -ItemType Directory C:\a\b | Out-Null; Copy-Item C:\a C:\a\b -Recurse; 'done'`)
	require.Equal(t, "done\r\n", r.stdout)
	require.Contains(t, r.stderr, "PathTooLongException")
}
