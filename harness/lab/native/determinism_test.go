package native_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// TestTheSameSeedGivesTheSameActivities runs commands with pipes, loops, worker
// processes and work of the machine twice: every activity happens at the same
// time. Processes that nobody waits for run beside the others and are left out.
func TestTheSameSeedGivesTheSameActivities(t *testing.T) {
	record := func() []string {
		m := newMachine(t)
		var log []string
		m.k.Subscribe(func(a kernel.Activity) {
			pid := uint32(0)
			if p := a.Actor(); p != nil {
				pid = p.PID
			}
			log = append(log, fmt.Sprintf("%s %T %d", a.When().Format(time.RFC3339Nano), a, pid))
		})
		for _, line := range []string{
			`cmd /c type C:\Windows\win.ini | find /c "a" & for /l %i in (1,1,3) do @whoami`,
			`C:\Windows\System32\inetsrv\appcmd.exe install module /name:A /image:%windir%\System32\inetsrv\defdoc.dll`,
			`curl http://localhost/`, `iisreset`, `curl http://localhost/`, `timeout /t 130`, `net stop W3SVC`,
			`reg add HKLM\SOFTWARE\Lab /v A /d b /f`,
		} {
			m.run(t, line, "")
		}
		return log
	}
	require.Empty(t, cmp.Diff(record(), record()))
}
