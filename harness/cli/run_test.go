package cli_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/cli"
	"github.com/seed-67b27da2/geiger/harness/lab"
)

// result is what a command line left.
type result struct {
	status         int
	stdout, stderr string
}

func geiger(ctx context.Context, out *bytes.Buffer, args ...string) result {
	var stderr bytes.Buffer
	status := cli.Run(ctx, args, cli.Environment{
		Stdin: strings.NewReader(""), Stdout: out, Stderr: &stderr, Getenv: func(string) string { return "" },
		Clock: newFastClock(), Random: rand.Reader, Version: "test",
	})
	return result{status, out.String(), stderr.String()}
}

// TestExitStatus: 0 all pass, 1 some fail, 2 inconclusive, 3 usage.
func TestExitStatus(t *testing.T) {
	dir := t.TempDir()
	scenario := func(name, text string) string {
		file := filepath.Join(dir, name+".yaml")
		require.NoError(t, os.WriteFile(file, []byte("name: "+name+"\n"+text), 0o600))
		return file
	}
	const test = "test:\n  name: x\n  executor: {name: command_prompt, command: '%s'}\n"
	const drop = `echo x> C:\inetpub\wwwroot\y.dll`
	for _, c := range []struct {
		file   string
		status int
		why    string
	}{
		{scenario("passes", strings.Replace(test, "%s", "ver", 1)), 0, ""},
		{scenario("fails", strings.Replace(test, "%s", drop, 1)), 1, "which no expectation covers"},
		{scenario("unclear", strings.Replace(test, "%s", `dir C:\nowhere`, 1)), 2, "exit status 1: "},
		{scenario("unsupported", strings.Replace(test, "%s", "wbadmin get status", 1)), 2, "the lab does not simulate"},
		{scenario("wrong", "expct: {}\n"), 3, ""},
	} {
		r := geiger(t.Context(), new(bytes.Buffer), "run", c.file)
		require.Equal(t, c.status, r.status, "%s%s", r.stdout, r.stderr)
		require.Contains(t, r.stdout, c.why)
	}
}

func TestJSONIsTheSameRun(t *testing.T) {
	r := geiger(t.Context(), new(bytes.Buffer), "run", "--format", "json", "write-dll")
	require.Zero(t, r.status, r.stderr)
	var document struct {
		Simulated bool
		Summary   struct{ Pass, Fail, Inconclusive int }
		Verdicts  []struct {
			Scenario, Outcome string
			Alerts            []struct {
				Phase    string
				Expected bool
				Events   []struct{ Channel string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &document))
	require.True(t, document.Simulated)
	require.Equal(t, 1, document.Summary.Pass)
	require.Len(t, document.Verdicts, 1)
	require.Len(t, document.Verdicts[0].Alerts, 1)
	a := document.Verdicts[0].Alerts[0]
	require.Equal(t, "attack", a.Phase)
	require.True(t, a.Expected)
	require.Equal(t, "Microsoft-Windows-Sysmon/Operational", a.Events[0].Channel)
}

// cancelling ends the context when a text goes by.
type cancelling struct {
	*bytes.Buffer
	text   string
	cancel context.CancelFunc
}

// Write implements io.Writer.
func (c *cancelling) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.text)) {
		c.cancel()
	}
	return c.Buffer.Write(b)
}

func TestInterruptLeavesNothingRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	out := &cancelling{Buffer: new(bytes.Buffer), text: "executing", cancel: cancel}
	var stderr bytes.Buffer
	status := cli.Run(ctx, []string{"run", "write-dll"}, cli.Environment{
		Stdin: strings.NewReader(""), Stdout: out, Stderr: &stderr, Getenv: func(string) string { return "" },
		Clock: newFastClock(), Random: rand.Reader, Version: "test", Terminal: true,
	})
	require.Equal(t, 2, status)
	require.Equal(t, "geiger: interrupted; cleaning up the host (interrupt again to stop at once)\ngeiger: interrupted\n", stderr.String())
	require.Contains(t, out.String(), "cleaning up")
	require.Contains(t, out.String(), "interrupted: the run was interrupted; the host was cleaned up")
	require.Contains(t, out.String(), "0 pass, 0 fail, 1 inconclusive")
	// Not Eventually, which has goroutines of its own.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		require.True(t, time.Now().Before(deadline), "%s", stacks())
	}
}

// stacks is what every goroutine is doing.
func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// TestTargetsThatCannotBeUsed: each is one clear reason, and the password is in none of the output.
func TestTargetsThatCannotBeUsed(t *testing.T) {
	host, err := lab.Start(t.Context(), lab.Options{Seed: 3, Random: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close()) })
	for _, c := range []struct {
		name, entry, password string
		status                int
		want                  string
	}{
		{"wrong password", fmt.Sprintf("port: %d, https: true, user: Administrator, tls: {fingerprint: '%s'}", host.TLSPort(), host.Fingerprint()), "wrong-secret", 2, "user name or password is wrong"},
		{"certificate of nobody known", fmt.Sprintf("port: %d, https: true, user: Administrator", host.TLSPort()), host.Password(), 2, host.Fingerprint()},
		{"another certificate", fmt.Sprintf("port: %d, https: true, user: Administrator, tls: {fingerprint: '%064d'}", host.TLSPort(), 0), host.Password(), 2, host.Fingerprint()},
		{"basic in the clear", fmt.Sprintf("port: %d, authentication: basic, user: Administrator", host.Port()), host.Password(), 3, "would send the password in clear"},
		{"nobody there", "port: 1, user: Administrator", "secret-here", 2, "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inventory := filepath.Join(t.TempDir(), "lab.yaml")
			text := "targets:\n  - {name: vm, lab: true, address: 127.0.0.1, password_env: SECRET, " + c.entry + "}\n"
			require.NoError(t, os.WriteFile(inventory, []byte(text), 0o600))
			out, errs := new(bytes.Buffer), new(bytes.Buffer)
			status := cli.Run(t.Context(), []string{"run", "write-dll", "--inventory", inventory}, cli.Environment{
				Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Getenv: func(string) string { return c.password },
				Clock: newFastClock(), Random: rand.Reader, Version: "test",
			})
			require.Equal(t, c.status, status)
			both := out.String() + errs.String()
			require.Contains(t, both, c.want)
			require.NotContains(t, both, c.password)
			require.NotContains(t, both, "pass  ")
		})
	}
}
