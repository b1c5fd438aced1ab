package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/cli"
	"github.com/seed-67b27da2/geiger/harness/doctor"
)

// TestDoctorOfWhatCannotBeUsed: each fault decides the points up to it, leaves the rest unknown, and is one page. No
// password is on it.
func TestDoctorOfWhatCannotBeUsed(t *testing.T) {
	inventory, env := laboratory(t, 1)
	text, err := os.ReadFile(inventory)
	require.NoError(t, err)
	entry := strings.Split(string(text), "\n")[1]
	pin := entry[strings.Index(entry, ", tls: "):]
	password := env.Getenv("PASSWORD_0")
	for _, c := range []struct {
		name, entry, password string
		decided               map[string]doctor.State // and "sysmon" is unknown
		saw                   string
	}{
		{"wrong password", entry, "wrong-secret", map[string]doctor.State{"port": "holds", "tls": "holds", "authentication": "holds", "credentials": "broken"}, "user name or password is wrong"},
		{"certificate of nobody known", strings.Replace(entry, pin, "}", 1), password, map[string]doctor.State{"port": "holds", "tls": "broken", "authentication": "holds", "credentials": "unknown"}, "signed by itself"},
		{"http where https is", strings.Replace(strings.Replace(entry, pin, "}", 1), "https: true", "https: false", 1), password, map[string]doctor.State{"port": "holds", "credentials": "unknown"}, "400"},
		{"dead port", "  - {name: vm000, lab: true, address: 127.0.0.1, port: 1, user: a, password_env: PASSWORD_0}", password, map[string]doctor.State{"port": "broken", "tls": "unknown", "authentication": "unknown", "credentials": "unknown"}, "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "lab.yaml")
			require.NoError(t, os.WriteFile(file, []byte("targets:\n"+c.entry+"\n"), 0o600))
			env := env
			env.Getenv = func(string) string { return c.password }
			for _, format := range []string{"text", "json"} {
				out, errs := new(bytes.Buffer), new(bytes.Buffer)
				env.Stdout, env.Stderr = out, errs
				require.Equal(t, 2, cli.Run(t.Context(), []string{"doctor", "vm000", "--inventory", file, "--format", format}, env), errs)
				require.Empty(t, errs.String())
				require.Contains(t, out.String(), c.saw)
				require.NotContains(t, out.String(), c.password)
				if format == "json" {
					requireStates(t, out.Bytes(), c.decided)
				}
			}
		})
	}
}

func requireStates(t *testing.T, document []byte, decided map[string]doctor.State) {
	t.Helper()
	var d struct {
		Targets []struct {
			Usable   bool
			Findings []doctor.Finding
		}
	}
	require.NoError(t, json.Unmarshal(document, &d))
	require.Len(t, d.Targets, 1)
	require.False(t, d.Targets[0].Usable)
	for _, f := range d.Targets[0].Findings {
		if want, ok := decided[f.ID]; ok {
			require.Equal(t, want, f.State, "%s: %s", f.ID, f.Saw)
		}
		if f.ID == "sysmon" {
			require.Equal(t, doctor.Unknown, f.State)
		}
	}
}

// TestDoctorOfATarget examines a machine of an inventory, whose name must be the one that the inventory says.
func TestDoctorOfATarget(t *testing.T) {
	inventory, env := laboratory(t, 1)
	out := new(bytes.Buffer)
	env.Stdout = out
	require.Zero(t, cli.Run(t.Context(), []string{"doctor", "--inventory", inventory}, env), out)
	text, err := os.ReadFile(inventory)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(inventory, bytes.Replace(text, []byte("computer: "), []byte("computer: NOT-"), 1), 0o600))
	out.Reset()
	require.Equal(t, 2, cli.Run(t.Context(), []string{"doctor", "--inventory", inventory}, env), out)
	require.Contains(t, out.String(), "the inventory says NOT-LAB-IIS01")
	require.Contains(t, out.String(), "not usable for want of computer: ")
}
