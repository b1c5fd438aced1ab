package atomics_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
)

func TestBundledTestsPrepare(t *testing.T) {
	techniques, err := atomics.Bundled()
	require.NoError(t, err)
	require.Len(t, techniques, 1)
	require.Len(t, techniques[0].Tests, 3)
	for _, test := range techniques[0].Tests {
		p, err := test.Prepare(nil, `C:\AtomicRedTeam\atomics`)
		require.NoError(t, err)
		require.NotContains(t, p.Executor.Command, "#{")
		for _, d := range p.Dependencies {
			require.NotContains(t, d.PrereqCommand, "#{")
			require.Contains(t, d.PrereqCommand, "exit 1", "a prerequisite that cannot fail checks nothing")
		}
	}
}

func TestSubstitution(t *testing.T) {
	test := atomics.Test{
		Technique: "T1", Number: 1,
		InputArguments: atomics.Arguments{
			{Name: "path", Default: `PathToAtomicsFolder\T1\bin`}, {Name: "file", Default: `#{path}\x.dll`}, {Name: "empty"},
		},
		Executor: atomics.Executor{Command: `copy "#{file}" [#{empty}] #{undeclared} $pathtoatomicsfolder`},
	}
	for _, c := range []struct {
		name   string
		values map[string]string
		want   string
	}{
		{"defaults refer to each other", nil, `copy "C:\$1\T1\bin\x.dll" [] #{undeclared} C:\$1`},
		{"a value overrides", map[string]string{"path": "D:"}, `copy "D:\x.dll" [] #{undeclared} C:\$1`},
		{"no quoting is done", map[string]string{"file": `a" & b`}, `copy "a" & b" [] #{undeclared} C:\$1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := test.Prepare(c.values, `C:\$1`)
			require.NoError(t, err)
			require.Equal(t, c.want, p.Executor.Command)
		})
	}
	_, err := test.Prepare(map[string]string{"fiel": "x"}, "")
	require.EqualError(t, err, `test T1-1 (): no input argument "fiel"; it has "path", "file", "empty"`)
	_, err = test.Prepare(map[string]string{"path": "#{file}"}, "")
	require.ErrorContains(t, err, "in a circle")
}

func ExampleCommandLine() {
	for _, executor := range []atomics.ExecutorName{atomics.PowerShell, atomics.CommandPrompt} {
		file, arguments, err := atomics.CommandLine(executor, "echo \"a\"\necho b\n", true)
		fmt.Printf("%s %s %v\n", file, arguments, err)
	}
	// Output:
	// powershell.exe & {echo \""a\""
	// echo b} <nil>
	// cmd.exe /c echo "a" && echo b <nil>
}

// TestOddTechnique holds the shapes of real atomics folders that are easy to get wrong.
func TestOddTechnique(t *testing.T) {
	text := strings.ReplaceAll(`attack_technique: T1000
display_name: x
atomic_tests:
- name: first
  supported_platforms: [linux]
  executor: {name: sh, command: ls}
- name: second
  supported_platforms: [windows]
  input_arguments:
    none: {description: a, type: String, default: }
    tilde: {description: a, type: string, default: ~}
    number: {description: a, type: Integer, default: 10}
    real: {description: a, type: float, default: 1.50}
    yes: {description: a, type: string, default: 'null'}
    many:
      description: a
      type: string
      default: |
        one
        two
  dependencies:
  - description: 'needs #{number} at PathToAtomicsFolder'
    prereq_command: |
      if exist "#{number}" (exit /b 0)
      exit /b 1
    get_prereq_command:
  executor:
    name: command_prompt
    command: |
      echo [#{none}#{tilde}] #{number} #{real} #{yes}
      echo #{many}
`, "\n", "\r\n")
	technique, err := atomics.Parse("T1000.yaml", []byte(text))
	require.NoError(t, err)
	test := &technique.Tests[1]
	require.Equal(t, "T1000-2", test.ID(), "tests are numbered whatever their platform")
	require.Equal(t, atomics.CommandPrompt, test.DependencyExecutor())
	p, err := test.Prepare(nil, `C:\x`)
	require.NoError(t, err)
	require.Equal(t, `needs 10 at C:\x`, p.Dependencies[0].Description)
	require.Empty(t, p.Dependencies[0].GetPrereqCommand)
	_, arguments, err := atomics.CommandLine(p.Executor.Name, p.Executor.Command, false)
	require.NoError(t, err)
	require.Equal(t, `/c echo [] 10 1.50 null & echo one & two`, arguments)
	_, arguments, err = atomics.CommandLine(p.DependencyExecutor(), p.Dependencies[0].PrereqCommand, true)
	require.NoError(t, err)
	require.Equal(t, `/c if exist "10" (exit /b 0) && exit /b 1`, arguments)
	_, _, err = atomics.CommandLine(technique.Tests[0].Executor.Name, "ls", false)
	require.ErrorContains(t, err, "does not run on Windows")
}
