package lab

import (
	"crypto/rand"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
)

// TestProgramsEndWithTheirShell closes shells whose commands would go on for ever.
func TestProgramsEndWithTheirShell(t *testing.T) {
	for line, image := range map[string]string{
		"for /l %i in (1,0,2) do @whoami":              "whoami.exe",
		"ping -t localhost":                            "PING.EXE",
		"timeout /t 90000":                             "timeout.exe",
		"findstr x | sort | more":                      "findstr.exe",
		`powershell -Command "while ($true) {whoami}"`: "whoami.exe",
		`powershell -Command "Start-Sleep 90000"`:      "powershell.exe",
		"powershell -Command -":                        "powershell.exe",
		"cmd":                                          "cmd.exe",
	} {
		t.Run(line, func(t *testing.T) {
			l, err := Start(t.Context(), Options{Seed: 1, Random: rand.Reader})
			require.NoError(t, err)
			started := make(chan struct{}, 1<<10)
			l.kernel.Subscribe(func(a kernel.Activity) {
				if p, ok := a.(kernel.ProcessCreated); ok && p.Process.Name() == image {
					select {
					case started <- struct{}{}:
					default:
					}
				}
			})
			sh, err := (&shells{kernel: l.kernel}).OpenShell(t.Context(), wsman.ShellSpec{ID: "1", User: user})
			require.NoError(t, err)
			in, input := io.Pipe()
			_, err = sh.Start(t.Context(), wsman.CommandSpec{Command: line}, in, io.Discard, io.Discard)
			require.NoError(t, err)
			<-started
			require.NoError(t, input.Close())
			require.NoError(t, sh.Close())
			require.NoError(t, l.Close())
		})
	}
}
