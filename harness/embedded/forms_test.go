package embedded_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// form is one script and what it must leave behind, on a machine of its own.
type form struct {
	Name          string   `yaml:"name"`
	Before        string   `yaml:"before"` // lines of cmd.exe
	PowerShell    string   `yaml:"powershell"`
	CommandPrompt string   `yaml:"command_prompt"`
	Exit          int      `yaml:"exit"`
	Stdout        []string `yaml:"stdout"` // regular expressions
	Lacks         []string `yaml:"lacks"`  // regular expressions that standard output must not match
	Stderr        []string `yaml:"stderr"` // regular expressions; without them nothing may be written there
	// Seen is everything that the attack's processes did, see observed.seen. A line that begins with ~ is a regular
	// expression.
	Seen []string `yaml:"seen"`
	File *struct {
		Path    string `yaml:"path"`
		Content string `yaml:"content"` // one character a byte
	} `yaml:"file"`
	Gone string `yaml:"gone"`
	// Then is asked afterwards, of cmd.exe.
	Then       string   `yaml:"then"`
	ThenStdout []string `yaml:"then_stdout"`
}

func (f *form) script() (atomics.ExecutorName, string) {
	if f.CommandPrompt != "" {
		return atomics.CommandPrompt, f.CommandPrompt
	}
	return atomics.PowerShell, f.PowerShell
}

// TestForms runs every form of testdata/*/*.yaml, from the command line that a runner makes of it to the events read
// back from the machine.
func TestForms(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.yaml")
	require.NoError(t, err)
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var forms []form
		decoder := yaml.NewDecoder(strings.NewReader(string(text)))
		decoder.KnownFields(true)
		require.NoError(t, decoder.Decode(&forms), file)
		count += len(forms)
		for _, f := range forms {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				f.test(t)
			})
		}
	}
	require.Greater(t, count, 50)
}

func (f *form) test(t *testing.T) {
	m := start(t, 1)
	if f.Before != "" {
		m.ask(f.Before)
	}
	executor, script := f.script()
	o := m.observe(executor, script)
	said := "standard output:\n" + o.Stdout + "\nstandard error:\n" + o.Stderr
	require.Equal(t, f.Exit, o.ExitCode, said)
	matches(t, f.Stdout, o.Stdout, said)
	if matches(t, f.Stderr, o.Stderr, said); len(f.Stderr) == 0 {
		require.Empty(t, o.Stderr, said)
	}
	for _, pattern := range f.Lacks {
		require.NotRegexp(t, pattern, o.Stdout)
	}
	requireLines(t, f.Seen, o.seen(), said)
	f.started(t, &o)
	f.left(m)
}

func matches(t *testing.T, patterns []string, text, said string) {
	t.Helper()
	for _, pattern := range patterns {
		require.Regexp(t, pattern, text, said)
	}
}

func requireLines(t *testing.T, want, got []string, said string) {
	t.Helper()
	agree := func(want, got string) bool {
		pattern, isPattern := strings.CutPrefix(want, "~")
		return want == got || isPattern && regexp.MustCompile("^(?:"+pattern+")$").MatchString(got)
	}
	require.True(t, slices.EqualFunc(want, got, agree), "what the processes did (-want +got):\n%s\n%s", cmp.Diff(want, got), said)
}

// started checks what holds for every attack: its process, where it ran, the phase that geiger gives it, and the
// script block that it logs when it is a PowerShell.
func (f *form) started(t *testing.T, o *observed) {
	t.Helper()
	executor, script := f.script()
	_, arguments, err := atomics.CommandLine(executor, script, false)
	require.NoError(t, err)
	root := o.root(t)
	require.Equal(t, `"`+o.File+`" `+arguments, telemetry.Undouble(root.Get("CommandLine")))
	require.Equal(t, `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, root.Get("ParentImage"))
	require.Equal(t, `LAB-IIS01\Administrator`, root.Get("User"))
	require.True(t, strings.HasSuffix(root.Get("CurrentDirectory"), harness.WorkDir(run, harness.Attack)+`\`), root.Get("CurrentDirectory"))
	evidence := &harness.Evidence{Run: run, Executions: []harness.Execution{o.Execution}, Events: o.events}
	require.Equal(t, harness.Attack, harness.PhaseOf(evidence, root))
	// Outside of quotes a command line keeps one blank of several.
	want := blanks.ReplaceAllString(strings.TrimSpace(script), " ")
	logged := slices.ContainsFunc(o.scripts(), func(text string) bool { return strings.Contains(blanks.ReplaceAllString(text, " "), want) })
	require.Equal(t, executor == atomics.PowerShell, logged, "script blocks: %q", o.scripts())
}

var blanks = regexp.MustCompile(` +`)

// left checks what is on the machine afterwards.
func (f *form) left(m *machine) {
	m.t.Helper()
	if f.File != nil {
		e := m.execute(harness.Harness, atomics.PowerShell, `[BitConverter]::ToString([IO.File]::ReadAllBytes('`+f.File.Path+`'))`)
		require.Equal(m.t, hexadecimal(f.File.Content), strings.TrimSpace(e.Stdout), e.Stderr)
	}
	if f.Gone != "" {
		require.Equal(m.t, "no", strings.TrimSpace(m.ask(`if exist "`+f.Gone+`" (echo yes) else (echo no)`)))
	}
	if f.Then != "" {
		said := m.ask(f.Then)
		for _, pattern := range f.ThenStdout {
			require.Regexp(m.t, pattern, said)
		}
	}
}

// hexadecimal writes the characters of text, which stand for bytes, as BitConverter does.
func hexadecimal(text string) string {
	const digits = "0123456789ABCDEF"
	var parts []string
	for _, r := range text {
		parts = append(parts, string([]byte{digits[r>>4&15], digits[r&15]}))
	}
	return strings.Join(parts, "-")
}
