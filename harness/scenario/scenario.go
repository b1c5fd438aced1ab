// Package scenario reads scenario files: YAML that names an atomic test, and exactly what must come of it.
//
//	name: write-dll
//	description: A DLL written into the IIS directory raises one alert.
//	atomic:                         # which test; or "test:", an Atomic Red Team test written in place
//	  test: T1505.004-2             # GUID, id or name
//	  arguments: {dll_name: x.dll}
//	phases: [prerequisite, attack, cleanup]   # the default; a control may run fewer
//	window: 10m                     # watch for so long (on the host's clock) before collecting
//	rules: [7f0c4f52-...]           # rules in scope, by id or name; the default is every rule that is not deprecated
//	fixtures:                       # tables in place of what only a service knows (see package kql)
//	  _GetWatchlist("Assets"): assets.csv       # .csv or .ndjson, relative to this file
//	effect:                         # proofs that the attack happened
//	  - description: the file is there
//	    powershell: if (Test-Path "{{dll_directory}}\{{dll_name}}") { exit 0 } else { exit 1 }
//	  - description: the modules are listed
//	    output: StaticFileModule    # a regular expression on what the attack printed
//	cleaned:                        # proofs that the cleanup undid it, in the same form
//	expect:
//	  alerts:                       # every alert that is not listed is a failure; none listed: the rules stay quiet
//	    - rule: Malicious IIS components
//	      count: 1                  # the default; or at_least, at_most, or both
//	      phase: attack             # the default
//	      row:
//	        FileName: "{{dll_name}}"                # the same text
//	        FolderPath: {glob: '*\inetsrv\*'}       # * and ?, ignoring case
//	        InitiatingProcessCommandLine: {regexp: 'Set-Content'}
//	        DeviceName: {glob: '{{host.name}}*'}    # also host.user, host.temp
//	      entities:
//	        - {type: Host, fields: {HostName: lab-iis01}}
//	  quiet:                        # what must not be raised, in the form of alerts; says so better than "unexpected"
//	    - rule: Malicious IIS components
//	      row: {DetectionType: IIS_Module_Load}
//	  tolerate:                     # known noise, as narrow as possible; one that is not needed fails
//	    - rule: Malicious IIS components
//	      phase: background         # the default
//	      row: {InitiatingProcessFileName: updater.exe}
//	      because: the updater writes its own DLLs
//	  latency: 2m                   # telemetry must be readable within this time
//	  telemetry:                    # what the host must have recorded, whatever the rules make of it
//	    - table: DeviceProcessEvents
//	      phase: attack             # the default; "any" for whatever phase
//	      at_least: 1               # the default
//	      where: {FileName: powershell.exe}
//	    - channel: Microsoft-Windows-PowerShell/Operational
//	      event: 4104
//
// {{name}} is replaced by the value of the test's input argument of that name.
package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
)

// Error says what is wrong with a scenario file, and where.
type Error struct {
	File         string
	Line, Column int
	Why          string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why) }

// Library is what scenarios refer to.
type Library struct {
	Techniques []*atomics.Technique
	// AtomicsFolder replaces PathToAtomicsFolder in tests; it is a path on the target.
	AtomicsFolder string
	// Files is where the files lie that a scenario names, by the path of the scenario itself. Without it, none is found.
	Files fs.FS
}

// Load reads every scenario file (.yaml) below root, in order of their names. Two scenarios of one name are an error.
func Load(files fs.FS, root string, l Library) ([]*harness.Scenario, error) {
	var all []*harness.Scenario
	var faults []error
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s, err := Parse(name, text, Library{l.Techniques, l.AtomicsFolder, files})
		if err != nil {
			faults = append(faults, err)
			return nil
		}
		if i := slices.IndexFunc(all, func(o *harness.Scenario) bool { return o.Name == s.Name }); i >= 0 {
			faults = append(faults, &Error{name, 1, 1, fmt.Sprintf("the name %q is already that of %s", s.Name, all[i].File)})
			return nil
		}
		all = append(all, s)
		return nil
	})
	return all, errors.Join(err, errors.Join(faults...))
}

// Parse reads one scenario. Errors are *Error, joined when there are several.
func Parse(file string, text []byte, l Library) (*harness.Scenario, error) {
	var d document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
		return nil, &Error{file, 1, 1, "the file is empty"}
	} else if err != nil {
		return nil, yamlError(file, err)
	}
	b := &builder{file: file, library: l, document: &d, scenario: &harness.Scenario{Name: d.Name.Value, Description: strings.TrimSpace(d.Description), File: file, Text: text, Rules: d.Rules}}
	b.build()
	if len(b.faults) > 0 {
		return nil, errors.Join(b.faults...)
	}
	return b.scenario, nil
}

// document is the file as it is written.
type document struct {
	Name        yaml.Node      `yaml:"name"`
	Description string         `yaml:"description"`
	Atomic      *atomicRef     `yaml:"atomic"`
	Test        *inlineTest    `yaml:"test"`
	Phases      []yaml.Node    `yaml:"phases"`
	Window      yaml.Node      `yaml:"window"`
	Rules       []string       `yaml:"rules"`
	Fixtures    yaml.Node      `yaml:"fixtures"`
	Effect      []checkNode    `yaml:"effect"`
	Cleaned     []checkNode    `yaml:"cleaned"`
	Expect      expectationDoc `yaml:"expect"`
}

type atomicRef struct {
	Test      yaml.Node         `yaml:"test"`
	Arguments map[string]string `yaml:"arguments"`
}

// inlineTest is an Atomic Red Team test; it may have fields that this package does not know.
type inlineTest struct{ node yaml.Node }

// UnmarshalYAML keeps the node, so that the test is read by package atomics' own rules.
func (t *inlineTest) UnmarshalYAML(node *yaml.Node) error {
	t.node = *node
	return nil
}

type checkNode struct {
	Description   string    `yaml:"description"`
	Output        yaml.Node `yaml:"output"`
	PowerShell    yaml.Node `yaml:"powershell"`
	CommandPrompt yaml.Node `yaml:"command_prompt"`
}

type expectationDoc struct {
	Alerts    []alertDoc      `yaml:"alerts"`
	Quiet     []alertDoc      `yaml:"quiet"`
	Tolerate  []tolerationDoc `yaml:"tolerate"`
	Latency   yaml.Node       `yaml:"latency"`
	Telemetry []telemetryDoc  `yaml:"telemetry"`
}

type alertDoc struct {
	Rule     yaml.Node   `yaml:"rule"`
	Count    *int        `yaml:"count"`
	AtLeast  *int        `yaml:"at_least"`
	AtMost   *int        `yaml:"at_most"`
	Phase    yaml.Node   `yaml:"phase"`
	Row      yaml.Node   `yaml:"row"`
	Entities []entityDoc `yaml:"entities"`
}

type entityDoc struct {
	Type   yaml.Node `yaml:"type"`
	Fields yaml.Node `yaml:"fields"`
}

type tolerationDoc struct {
	Rule    yaml.Node `yaml:"rule"`
	Phase   yaml.Node `yaml:"phase"`
	Row     yaml.Node `yaml:"row"`
	Because string    `yaml:"because"`
}

type telemetryDoc struct {
	Table   string    `yaml:"table"`
	Channel string    `yaml:"channel"`
	Event   int       `yaml:"event"`
	Phase   yaml.Node `yaml:"phase"`
	AtLeast *int      `yaml:"at_least"`
	Where   yaml.Node `yaml:"where"`
}

// yamlError finds the line in a message of the YAML library, which reports it nowhere else.
func yamlError(file string, err error) error {
	e := &Error{file, 1, 1, strings.TrimPrefix(err.Error(), "yaml: ")}
	var typed *yaml.TypeError
	if errors.As(err, &typed) && len(typed.Errors) > 0 {
		e.Why = typed.Errors[0]
	}
	if rest, ok := strings.CutPrefix(e.Why, "line "); ok {
		if _, err := fmt.Sscanf(rest, "%d", &e.Line); err == nil {
			_, e.Why, _ = strings.Cut(rest, ": ")
		}
	}
	if field, ok := strings.CutPrefix(e.Why, "field "); ok {
		name, _, _ := strings.Cut(field, " ")
		e.Why = fmt.Sprintf("no field %q here", name)
	}
	return e
}
