// Package kerneltest is what the tests of the programs and services of the
// simulated machine have in common: shells to start from, and scripts of command
// lines with what they print and do.
//
//	shell := kerneltest.OpenShell(t, k, "Administrator", `C:\Users\Administrator`)
package kerneltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// OpenShell logs a user on over the network and returns the process of the
// remote shell that is opened for him. It ends with the test.
func OpenShell(t testing.TB, k *kernel.Kernel, user, dir string) *kernel.Process {
	t.Helper()
	launcher, ok := k.ServiceProcess("DcomLaunch")
	require.True(t, ok)
	token, err := k.Logon(launcher, user, kernel.LogonNetwork, "192.0.2.9", "NTLM")
	require.NoError(t, err)
	shell, err := k.StartResident(t.Context(), launcher, kernel.Spec{
		CommandLine: `C:\Windows\system32\WinrsHost.exe -Embedding`, Dir: dir, Token: token, Env: k.Environment(token),
	})
	require.NoError(t, err)
	return shell
}

// Machine is the machine of one script.
type Machine struct {
	Kernel *kernel.Kernel
	// Run runs a command line and renders what it printed and did.
	Run func(t *testing.T, line, input string) string
	// As makes another user's shell the one that Run starts from.
	As func(t *testing.T, user string)
}

// Scripts runs testdata/*.txtar, each on a machine of its own. A section "file
// PATH" puts a file on it, "input" is the standard input of the next command,
// "as USER" changes the user, and "$ LINE" is a command line with what Run makes
// of it, which update writes anew.
func Scripts(t *testing.T, update bool, open func(t *testing.T) Machine) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			play(t, open(t), archive, update)
			if update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
			}
		})
	}
}

func play(t *testing.T, m Machine, archive *txtar.Archive, update bool) {
	t.Helper()
	input := ""
	for i, section := range archive.Files {
		switch kind, rest, _ := strings.Cut(section.Name, " "); kind {
		case "file":
			text := strings.ReplaceAll(string(section.Data), "\n", "\r\n")
			at := m.Kernel.Host().Clock.Now()
			m.Kernel.Host().FS.Put(host.File{
				Path: rest, Content: []byte(text), Attributes: host.Archive, Owner: host.Administrators, Created: at, Modified: at,
			})
		case "input":
			input = string(section.Data)
		case "as":
			m.As(t, rest)
		case "$":
			got := m.Run(t, rest, input)
			input = ""
			if update {
				archive.Files[i].Data = []byte(got)
				continue
			}
			require.Empty(t, cmp.Diff(string(section.Data), got), "%s", rest)
		default:
			t.Fatalf("unknown section %q", section.Name)
		}
	}
}
