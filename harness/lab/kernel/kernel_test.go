package kernel_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel/kerneltest"
)

// machine is a booted kernel, everything that happens on it, and a shell of the
// elevated Administrator.
type machine struct {
	*kernel.Kernel

	shell *kernel.Process
	seen  *[]kernel.Activity
}

func boot(t *testing.T) machine {
	t.Helper()
	k := kernel.New(host.New(host.Options{Seed: 7}))
	var seen []kernel.Activity
	k.Subscribe(func(a kernel.Activity) { seen = append(seen, a) })
	return machine{Kernel: k, shell: logon(t, k, "Administrator"), seen: &seen}
}

func logon(t *testing.T, k *kernel.Kernel, user string) *kernel.Process {
	t.Helper()
	return kerneltest.OpenShell(t, k, user, `C:\Windows\system32`)
}

func TestProcessLifeIsPublished(t *testing.T) {
	m := boot(t)
	m.Install(`C:\Windows\System32\whoami.exe`, func(_ context.Context, p *kernel.Process, stdio kernel.Stdio) int {
		_, _ = io.WriteString(stdio.Out, strings.ToLower(p.Token.User))
		return 3
	})
	var out strings.Builder
	code, err := m.Run(t.Context(), m.shell, kernel.Spec{CommandLine: `whoami /all`}, kernel.Stdio{Out: &out})
	require.NoError(t, err)
	require.Equal(t, 3, code)
	require.Equal(t, `lab-iis01\administrator`, out.String())
	last := (*m.seen)[len(*m.seen)-1]
	exit, ok := last.(kernel.ProcessExited)
	require.True(t, ok, "%T", last)
	require.Equal(t, `C:\Windows\System32\whoami.exe`, exit.Process.Image)
	require.Equal(t, []string{"/all"}, exit.Process.Args())
	require.Same(t, m.shell, exit.Process.Parent)
	require.Zero(t, exit.Process.PID%4)
}
