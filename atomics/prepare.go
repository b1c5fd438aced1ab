package atomics

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Prepare returns a copy of the test with its input arguments filled in: the defaults, overridden by values. The folder
// replaces $PathToAtomicsFolder and PathToAtomicsFolder.
//
// Differences from Invoke-AtomicRedTeam, which only make it stricter: an unknown argument is an error, and arguments
// that refer to each other are followed to the end instead of once in an unspecified order.
func (t *Test) Prepare(values map[string]string, folder string) (*Test, error) {
	filled, err := t.values(values)
	if err != nil {
		return nil, fmt.Errorf("test %s (%s): %w", t.ID(), t.Name, err)
	}
	fill := func(text string) string { return replaceFolder(substitute(text, filled), folder) }
	p := *t
	p.Executor.Command = fill(t.Executor.Command)
	p.Executor.CleanupCommand = fill(t.Executor.CleanupCommand)
	p.Executor.Steps = fill(t.Executor.Steps)
	p.Dependencies = slices.Clone(t.Dependencies)
	for i, d := range t.Dependencies {
		p.Dependencies[i] = Dependency{fill(d.Description), fill(d.PrereqCommand), fill(d.GetPrereqCommand)}
	}
	p.InputArguments = slices.Clone(t.InputArguments)
	for i, a := range t.InputArguments {
		p.InputArguments[i].Default = replaceFolder(filled[a.Name], folder)
	}
	return &p, nil
}

func (t *Test) values(values map[string]string) (map[string]string, error) {
	filled := map[string]string{}
	for _, a := range t.InputArguments {
		filled[a.Name] = a.Default
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, declared := filled[name]; !declared {
			return nil, fmt.Errorf("no input argument %q; it has %s", name, t.InputArguments.names())
		}
		filled[name] = values[name]
	}
	return resolve(filled)
}

func (a Arguments) names() string {
	if len(a) == 0 {
		return "none"
	}
	var names []string
	for _, one := range a {
		names = append(names, fmt.Sprintf("%q", one.Name))
	}
	return strings.Join(names, ", ")
}

// resolve replaces references inside the values themselves. After as many rounds as there are arguments, every chain
// has ended, unless it is a circle.
func resolve(values map[string]string) (map[string]string, error) {
	for range len(values) + 1 {
		next := map[string]string{}
		for name, text := range values {
			next[name] = substitute(text, values)
		}
		if maps.Equal(next, values) {
			return next, nil
		}
		values = next
	}
	return nil, fmt.Errorf("the input arguments %v refer to each other in a circle", slices.Sorted(maps.Keys(values)))
}

var placeholder = regexp.MustCompile(`#\{([\w-]+)\}`)

// substitute replaces #{name} for the names it has. It quotes nothing: the author of a test writes the quotes.
func substitute(text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if v, ok := values[found[2:len(found)-1]]; ok {
			return v
		}
		return found
	})
}

var folderName = regexp.MustCompile(`(?i)\$?PathToAtomicsFolder`)

func replaceFolder(text, folder string) string {
	return folderName.ReplaceAllLiteralString(text, folder)
}

// CommandLine says how an executor starts a script: the program, and its command line after the program, as
// Invoke-AtomicRedTeam hands them to System.Diagnostics.Process (Private/Invoke-ExecuteCommand.ps1). The lines of a
// prerequisite for cmd.exe are joined so that the first failure ends it; those of a test so that all run.
func CommandLine(executor ExecutorName, script string, prerequisite bool) (file, arguments string, err error) {
	switch executor {
	case PowerShell:
		// The second quote opens a quoted part of the command line, so that the blanks inside a string survive.
		return "powershell.exe", "& {" + strings.ReplaceAll(strings.TrimSpace(script), `"`, `\""`) + "}", nil
	case CommandPrompt:
		glue := " & "
		if prerequisite {
			glue = " && "
		}
		return "cmd.exe", "/c " + strings.Join(lines(script), glue), nil
	case Manual:
		return "", "", fmt.Errorf("executor %q: the test is a list of steps for a person", executor)
	}
	return "", "", fmt.Errorf("executor %q does not run on Windows; use %s or %s", executor, PowerShell, CommandPrompt)
}

func lines(script string) []string {
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(script, "\r\n", "\n")), "\n")
}
