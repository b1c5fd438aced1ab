// Package atomics reads, checks and prepares Atomic Red Team tests: the YAML of an "atomics folder", unchanged, so that
// a folder written for Invoke-AtomicRedTeam runs here and the other way round.
//
// A Technique is one file (T1505.004/T1505.004.yaml) and holds Tests. Load reads a whole folder; Prepare fills in a
// test's input arguments; CommandLine says how an executor starts a script, exactly as Invoke-AtomicRedTeam does.
//
// Sources, and where they disagree: the fields and their rules are those of the project's validator
// (atomic_red_team/models.py); the meaning of substitution, prerequisites and cleanup is that of Invoke-AtomicRedTeam,
// which is the de-facto runner. Executors that only the older prose specification knew (aws, az, gcloud, kubectl) are
// read but cannot be run. Capitalised argument types of that specification are accepted.
package atomics

import (
	"slices"
	"strconv"
)

// Technique is one file of an atomics folder: an ATT&CK technique and its tests.
type Technique struct {
	AttackTechnique string `yaml:"attack_technique"` // T1505.004
	DisplayName     string `yaml:"display_name"`
	Tests           []Test `yaml:"atomic_tests"`

	File string `yaml:"-"` // where it was read from
}

// Test is one atomic test.
type Test struct {
	Name                   string       `yaml:"name"`
	GUID                   string       `yaml:"auto_generated_guid"`
	Description            string       `yaml:"description"`
	SupportedPlatforms     []string     `yaml:"supported_platforms"`
	InputArguments         Arguments    `yaml:"input_arguments"`
	DependencyExecutorName ExecutorName `yaml:"dependency_executor_name"`
	Dependencies           []Dependency `yaml:"dependencies"`
	Executor               Executor     `yaml:"executor"`

	Technique string `yaml:"-"` // T1505.004
	Number    int    `yaml:"-"` // counts all tests of the file from 1, whatever their platform
}

// ID is the short name of a test, as Invoke-AtomicRedTeam prints it: T1505.004-1.
func (t *Test) ID() string { return t.Technique + "-" + strconv.Itoa(t.Number) }

// Supports reports whether the test declares a platform.
func (t *Test) Supports(platform string) bool { return slices.Contains(t.SupportedPlatforms, platform) }

// ExecutorName says what runs a script.
type ExecutorName string

// The executors. Manual tests are steps for a person.
const (
	PowerShell    ExecutorName = "powershell"
	CommandPrompt ExecutorName = "command_prompt"
	Sh            ExecutorName = "sh"
	Bash          ExecutorName = "bash"
	Manual        ExecutorName = "manual"
)

// Executor is what a test does, and how it is undone.
type Executor struct {
	Name              ExecutorName `yaml:"name"`
	Command           string       `yaml:"command"`
	CleanupCommand    string       `yaml:"cleanup_command"`
	Steps             string       `yaml:"steps"` // of a manual test
	ElevationRequired bool         `yaml:"elevation_required"`
}

// Dependency is something that a test needs. It is met when PrereqCommand exits with 0.
type Dependency struct {
	Description      string `yaml:"description"`
	PrereqCommand    string `yaml:"prereq_command"`
	GetPrereqCommand string `yaml:"get_prereq_command"`
}

// DependencyExecutor is what runs the dependencies' commands: dependency_executor_name, else the test's executor.
func (t *Test) DependencyExecutor() ExecutorName {
	if t.DependencyExecutorName != "" {
		return t.DependencyExecutorName
	}
	return t.Executor.Name
}

// Argument is one input argument, with its default as text: null is the empty string, a number is its digits.
type Argument struct {
	Name        string
	Description string
	Type        string // string, path, url, integer, float; in lower case
	Default     string
}

// Arguments are the input arguments of a test, in the order of the file.
type Arguments []Argument

// Lookup finds an argument by its name, which is case-sensitive.
func (a Arguments) Lookup(name string) (Argument, bool) {
	at := slices.IndexFunc(a, func(have Argument) bool { return have.Name == name })
	if at < 0 {
		return Argument{}, false
	}
	return a[at], true
}
