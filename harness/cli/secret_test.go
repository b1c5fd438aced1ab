package cli_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/cli"
	"github.com/seed-67b27da2/geiger/harness/lab"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// spellings are the ways in which a password could leave the process without being meant to.
func spellings(password string) []string {
	var wide []byte
	for _, u := range utf16.Encode([]rune(password)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return []string{
		password, string(wide), base64.StdEncoding.EncodeToString([]byte(password)),
		base64.StdEncoding.EncodeToString([]byte("Administrator:" + password)), base64.StdEncoding.EncodeToString(wide),
	}
}

// TestPasswordReachesNothing runs against a declared machine, in every authentication, and looks for its password in all
// that the run leaves: output, manifest, documents, and every event, unpacked.
func TestPasswordReachesNothing(t *testing.T) {
	host, err := lab.Start(t.Context(), lab.Options{Seed: 5, Random: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close()) })
	for name, entry := range map[string]string{
		"basic": fmt.Sprintf("port: %d, https: true, authentication: basic, tls: {fingerprint: '%s'}", host.TLSPort(), host.Fingerprint()),
		"ntlm":  fmt.Sprintf("port: %d", host.Port()),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			inventory, kept, page := filepath.Join(dir, "lab.yaml"), filepath.Join(dir, "kept"), filepath.Join(dir, "run.html")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(host.Password()+"\n"), 0o600))
			text := "targets:\n  - {name: vm, lab: true, address: 127.0.0.1, user: Administrator, password_file: secret, " + entry + "}\n"
			require.NoError(t, os.WriteFile(inventory, []byte(text), 0o600))
			out, errs := new(bytes.Buffer), new(bytes.Buffer)
			status := cli.Run(t.Context(), []string{"run", "write-dll", "--inventory", inventory, "--record", kept, "--report", "html=" + page, "--format", "json"}, cli.Environment{
				Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Getenv: func(string) string { return "" },
				Clock: newFastClock(), Random: rand.Reader, Version: "test",
			})
			require.Zero(t, status, "%s%s", out, errs)
			recording, err := telemetry.Read(os.DirFS(filepath.Join(kept, "vm", "write-dll")))
			require.NoError(t, err)
			html, err := os.ReadFile(page)
			require.NoError(t, err)
			everything := out.String() + errs.String() + string(html)
			for _, e := range recording.Events {
				everything += string(e.XML)
			}
			require.NoError(t, fs.WalkDir(os.DirFS(kept), ".", func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				content, err := os.ReadFile(filepath.Join(kept, name))
				everything += name + string(content)
				return err
			}))
			require.Contains(t, everything, "geiger-fence-", "all of the run is looked at")
			for _, s := range spellings(host.Password()) {
				require.NotContains(t, everything, s)
			}
		})
	}
}

// cancellingClock ends the context as soon as somebody waits.
type cancellingClock struct {
	*fastClock
	cancel context.CancelFunc
}

// Sleep implements harness.Clock.
func (c *cancellingClock) Sleep(ctx context.Context, _ time.Duration) error {
	c.cancel()
	return ctx.Err()
}

// TestInterruptedRunIsKept: what a program reads is one document, also when the run was cut short while it waited for
// telemetry, and what was seen until then is recorded.
func TestInterruptedRunIsKept(t *testing.T) {
	host, err := lab.Start(t.Context(), lab.Options{Seed: 6, Random: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close()) })
	dir := t.TempDir()
	inventory, kept := filepath.Join(dir, "lab.yaml"), filepath.Join(dir, "kept")
	text := fmt.Sprintf("targets:\n  - {name: vm, lab: true, address: 127.0.0.1, user: Administrator, password_env: SECRET, port: %d}\n", host.Port())
	require.NoError(t, os.WriteFile(inventory, []byte(text), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := new(bytes.Buffer), new(bytes.Buffer)
	args := []string{"run", "--format", "json", "control-noop", "write-dll", "--inventory", inventory, "--record", kept}
	status := cli.Run(ctx, args, cli.Environment{
		Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Getenv: func(string) string { return host.Password() },
		Clock: &cancellingClock{newFastClock(), cancel}, Random: rand.Reader, Version: "test",
	})
	require.Equal(t, 2, status, "%s%s", out, errs)
	require.Equal(t, "geiger: interrupted\n", errs.String())
	var document struct {
		Verdicts []struct{ Outcome, Reason, Why string }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &document))
	require.Len(t, document.Verdicts, 1, "nothing is begun after an interrupt")
	require.Equal(t, "inconclusive", document.Verdicts[0].Outcome)
	require.Equal(t, "interrupted", document.Verdicts[0].Reason)
	again := geiger(t.Context(), new(bytes.Buffer), "replay", "--format", "json", kept)
	require.Equal(t, 2, again.status)
	require.Contains(t, again.stdout, document.Verdicts[0].Why)
}

// closedPipe is standard output whose reader has gone away.
type closedPipe struct{}

// Write implements io.Writer.
func (closedPipe) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

func TestReaderThatGoesAway(t *testing.T) {
	for _, args := range [][]string{{"run", "control-noop"}, {"run", "control-noop", "--format", "json"}, {"query", "print 1"}, {"query", "print 1", "--format", "csv"}} {
		var errs bytes.Buffer
		status := cli.Run(t.Context(), args, cli.Environment{
			Stdin: strings.NewReader(""), Stdout: closedPipe{}, Stderr: &errs, Getenv: os.Getenv,
			Clock: newFastClock(), Random: rand.Reader, Version: "test",
		})
		require.Equal(t, 2, status, args)
		require.Empty(t, errs.String(), args)
	}
}
