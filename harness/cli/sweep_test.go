//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/cli"
	"github.com/seed-67b27da2/geiger/harness/lab"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

// mortal is a journal whose process dies, as by kill -9, when so many entries are on disk.
type mortal struct {
	harness.Journal
	left *int
}

func (m mortal) step(err error) error {
	if *m.left--; *m.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute) // the signal ends this
	}
	return err
}

func (m mortal) Begin(d harness.Debt) error             { return m.step(m.Journal.Begin(d)) }
func (m mortal) Note(run string, p harness.Phase) error { return m.step(m.Journal.Note(run, p)) }

func (m mortal) Settled(run string) error { return m.step(m.Journal.Settled(run)) }

// dieAfter makes a journal mortal, if a test asked for it.
func dieAfter(entries string) func(harness.Journal) harness.Journal {
	n, err := strconv.Atoi(entries)
	if err != nil {
		return nil
	}
	return func(j harness.Journal) harness.Journal { return mortal{j, &n} }
}

// victim is a lab that outlives the geiger that is killed.
type victim struct {
	t         *testing.T
	host      *lab.Lab
	target    *winrm.Target
	inventory string
	state     string
	geiger    string
}

func newVictim(t *testing.T) *victim {
	host, err := lab.Start(t.Context(), lab.Options{Seed: 4, Random: rand.Reader})
	require.NoError(t, err)
	target, err := winrm.New(winrm.Config{
		Host: host.Host(), Port: host.TLSPort(), HTTPS: true, User: host.User(), Password: winrm.Secret(host.Password()),
		Fingerprint: host.Fingerprint(), Now: host.Clock().Now,
	})
	require.NoError(t, err)
	dir := t.TempDir()
	v := &victim{t: t, host: host, target: target, inventory: filepath.Join(dir, "lab.yaml"), state: filepath.Join(dir, "state"), geiger: filepath.Join(dir, "geiger")}
	require.NoError(t, os.WriteFile(v.inventory, fmt.Appendf(nil,
		"targets:\n  - {name: vm, lab: true, address: 127.0.0.1, port: %d, computer: %s, https: true, user: %s, password_env: SECRET, tls: {fingerprint: '%s'}}\n",
		host.TLSPort(), host.Name(), host.User(), host.Fingerprint()), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, v.geiger))
	t.Cleanup(func() {
		require.NoError(t, target.Close(context.WithoutCancel(t.Context())))
		require.NoError(t, host.Close())
	})
	return v
}

// run runs the scenario in a process of its own, which is killed behind so many entries of its journal.
func (v *victim) run(entries int) (killed bool) {
	c := exec.CommandContext(v.t.Context(), v.geiger, "run", "write-dll", "--inventory", v.inventory)
	c.Env = append(os.Environ(), "SECRET="+v.host.Password(), "GEIGER_STATE="+v.state, fmt.Sprint("GEIGER_TEST_DIE_AFTER=", entries))
	out, err := c.CombinedOutput()
	if err == nil {
		require.Contains(v.t, string(out), "1 pass, 0 fail")
		return false
	}
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	require.True(v.t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "%v: %s", err, out)
	return true
}

func (v *victim) sweep(args ...string) (status int, output string) {
	var out bytes.Buffer
	status = cli.Run(v.t.Context(), append([]string{"sweep"}, args...), cli.Environment{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return v.host.Password() },
		Clock: newFastClock(), Random: rand.Reader, Version: "test", StateDir: v.state,
	})
	return status, out.String()
}

// holds asks the host by cmd.exe.
func (v *victim) holds(condition string) bool {
	e, err := v.target.Execute(v.t.Context(), harness.Command{
		Phase: harness.Harness, File: "cmd.exe", Arguments: "/d /c " + condition + " (exit 0) else (exit 1)", Dir: `asked`, Timeout: time.Minute,
	})
	require.NoError(v.t, err)
	return e.ExitCode == 0
}

const (
	dllThere = `if exist C:\Windows\System32\inetsrv\df00tech-test.dll`
	dirThere = `if exist %TEMP%\geiger\*`
)

// TestSweepAfterKill: wherever geiger is killed, sweep brings the host back.
func TestSweepAfterKill(t *testing.T) {
	v := newVictim(t)
	sawDLL, sawDir, steps := false, false, 0
	for n := 1; v.run(n); n++ {
		steps++
		sawDLL = sawDLL || v.holds(dllThere)
		sawDir = sawDir || v.holds(dirThere)
		status, out := v.sweep("--list")
		require.Zero(t, status, out)
		if status, out = v.sweep(); !strings.Contains(out, "nothing to sweep") {
			require.Zero(t, status, "killed behind entry %d: %s", n, out)
			require.Contains(t, out, "swept  vm  write-dll")
		}
		require.False(t, v.holds(dllThere), "killed behind entry %d", n)
		require.False(t, v.holds(dirThere), "killed behind entry %d", n)
		status, out = v.sweep()
		require.Zero(t, status)
		require.Equal(t, "nothing to sweep\n", out)
	}
	require.True(t, sawDLL && sawDir, "some kill left the file, and some the working directory")
	require.Greater(t, steps, 6, "begin, canary, prerequisite, attack, effect, cleanup, ...")
	require.False(t, v.holds(dllThere))
	require.False(t, v.holds(dirThere))
}

// TestSweepTells: what cannot be swept stays in the journal, and says why.
func TestSweepTells(t *testing.T) {
	v := newVictim(t)
	require.True(t, v.run(6))
	status, out := v.sweep("other")
	require.Zero(t, status)
	require.Equal(t, "nothing to sweep\n", out)
	status, out = v.sweep("--inventory", filepath.Join(t.TempDir(), "none.yaml"))
	require.Equal(t, harness.ExitInconclusive, status)
	require.Contains(t, out, "none.yaml")
	status, out = v.sweep("--list")
	require.Zero(t, status)
	require.Contains(t, out, "left   vm  write-dll (run ")
	status, out = v.sweep("vm")
	require.Zero(t, status, out)
}
