package cli_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/cli"
	"github.com/seed-67b27da2/geiger/harness/lab"
)

// laboratory starts labs and declares them in an inventory, as machines named vm000, vm001 and so on. All have one
// password, because an inventory names where it is found.
func laboratory(t testing.TB, n int) (inventory string, env cli.Environment) {
	t.Helper()
	var text strings.Builder
	text.WriteString("targets:\n")
	passwords := map[string]string{}
	for i := range n {
		host, err := lab.Start(t.Context(), lab.Options{Seed: uint64(i), Random: rand.Reader})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, host.Close()) })
		passwords[fmt.Sprintf("PASSWORD_%d", i)] = host.Password()
		fmt.Fprintf(&text, "  - {name: vm%03d, lab: true, address: 127.0.0.1, port: %d, computer: %s, https: true, user: %s, password_env: PASSWORD_%d, tls: {fingerprint: '%s'}}\n",
			i, host.TLSPort(), host.Name(), host.User(), i, host.Fingerprint())
	}
	inventory = filepath.Join(t.TempDir(), "lab.yaml")
	require.NoError(t, os.WriteFile(inventory, []byte(text.String()), 0o600))
	return inventory, cli.Environment{
		Stdin: strings.NewReader(""), Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer), Clock: newFastClock(), Random: rand.Reader, Version: "test",
		Getenv: func(name string) string { return passwords[name] },
	}
}

// TestTargetsRunTogether: each target has its own verdicts, in the order of the inventory, and one that is dead or is not
// what the inventory says spoils none of the others.
func TestTargetsRunTogether(t *testing.T) {
	inventory, env := laboratory(t, 3)
	text, err := os.ReadFile(inventory)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	dead := "  - {name: dead, lab: true, address: 127.0.0.1, port: 1, user: a, password_env: PASSWORD_0}\n"
	other := strings.NewReplacer("vm000", "other", "computer: ", "computer: NOT-").Replace(lines[1])
	require.NoError(t, os.WriteFile(inventory, []byte(lines[0]+dead+strings.Join(lines[1:], "")+other), 0o600))

	require.Equal(t, 2, cli.Run(t.Context(), []string{"run", "write-dll", "control-noop", "--inventory", inventory, "--format", "json"}, env), env.Stderr)
	var document struct {
		Verdicts []struct{ Scenario, Target, Outcome, Why string }
	}
	require.NoError(t, json.Unmarshal(env.Stdout.(*bytes.Buffer).Bytes(), &document))
	var got []string
	for _, v := range document.Verdicts {
		got = append(got, v.Target+" "+v.Scenario+" "+v.Outcome)
	}
	require.Equal(t, []string{
		"dead write-dll inconclusive", "dead control-noop inconclusive", "vm000 write-dll pass", "vm000 control-noop pass",
		"vm001 write-dll pass", "vm001 control-noop pass", "vm002 write-dll pass", "vm002 control-noop pass",
		"other write-dll inconclusive", "other control-noop inconclusive",
	}, got)
	require.Contains(t, document.Verdicts[8].Why, "it was not touched")
}

// BenchmarkTargets runs one scenario on many targets: time and memory for each must not depend on how many there are.
func BenchmarkTargets(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			inventory, env := laboratory(b, n)
			env.Stdout = new(bytes.Buffer)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				require.Zero(b, cli.Run(b.Context(), []string{"run", "write-dll", "--inventory", inventory}, env), env.Stdout)
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N*n), "ms/target")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N*n)/1e6, "MB-allocated/target")
			b.ReportMetric(float64(after.Sys)/1e6, "MB-resident")
		})
	}
}
