package atomics

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed T*/T*.yaml
var bundled embed.FS

// Bundled returns the techniques that come with geiger.
func Bundled() ([]*Technique, error) { return Load(bundled, ".") }

// BundledFolder is the atomics folder that comes with geiger.
func BundledFolder() fs.FS { return bundled }

var techniqueFile = regexp.MustCompile(`^T\d{4}(\.\d{3})?\.yaml$`)

// IsTechniqueFile reports whether a file name is that of a technique: T1234.yaml or T1234.001.yaml.
func IsTechniqueFile(name string) bool { return techniqueFile.MatchString(path.Base(name)) }

var foreignFolder = regexp.MustCompile(`(^|/)(Indexes|T\d{4}(\.\d{3})?/(src|bin))$`)

// IsForeignFolder reports whether a folder of an atomics folder holds what is no technique: its indexes, and the files
// that tests bring along, which may be YAML of any kind.
func IsForeignFolder(name string) bool { return foreignFolder.MatchString(name) }

// Load reads every technique below root, in order of their names. What is wrong with one file does not keep the
// others from being read: the techniques that could be read are returned beside the joined *Problem errors.
func Load(folder fs.FS, root string) ([]*Technique, error) {
	var techniques []*Technique
	var faults []error
	err := fs.WalkDir(folder, root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && IsForeignFolder(name) {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !IsTechniqueFile(name) {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		t, err := Parse(name, text)
		if err != nil {
			faults = append(faults, err)
			return nil
		}
		techniques = append(techniques, t)
		return nil
	})
	return techniques, errors.Join(err, errors.Join(faults...))
}

// Parse reads one technique. It is as lenient as Invoke-AtomicRedTeam; Lint is the strict check.
func Parse(file string, text []byte) (*Technique, error) {
	var t Technique
	if err := yaml.Unmarshal(text, &t); err != nil {
		return nil, yamlProblem(file, err)
	}
	if t.AttackTechnique == "" {
		return nil, &Problem{File: file, Line: 1, Column: 1, Message: `not a technique: it has no "attack_technique"`}
	}
	t.File = file
	for i := range t.Tests {
		t.Tests[i].Technique, t.Tests[i].Number = t.AttackTechnique, i+1
	}
	return &t, nil
}

// Find returns the test with a GUID, an id (T1505.004-2) or a name, in that order of preference.
func Find(techniques []*Technique, key string) (*Test, error) {
	matches := [...]func(*Test) bool{
		func(t *Test) bool { return t.GUID != "" && strings.EqualFold(t.GUID, key) },
		func(t *Test) bool { return strings.EqualFold(t.ID(), key) },
		func(t *Test) bool { return strings.EqualFold(t.Name, key) },
	}
	for _, match := range matches {
		for _, technique := range techniques {
			for i := range technique.Tests {
				if match(&technique.Tests[i]) {
					return &technique.Tests[i], nil
				}
			}
		}
	}
	return nil, fmt.Errorf("no test %q; give a GUID, an id such as T1505.004-1, or a name", key)
}

// Problem is one finding about an atomics file.
type Problem struct {
	File         string
	Line, Column int // from 1
	Warning      bool
	Message      string
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Warning {
		return fmt.Sprintf("%s:%d:%d: warning: %s", p.File, p.Line, p.Column, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlProblem finds the line in a message of the YAML library, which reports it nowhere else.
func yamlProblem(file string, err error) *Problem {
	p := &Problem{File: file, Line: 1, Column: 1, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(p.Message); m != nil {
		if _, err := fmt.Sscan(m[1], &p.Line); err == nil {
			p.Message = strings.Replace(p.Message, m[0], "", 1)
		}
	}
	p.Message = strings.ReplaceAll(p.Message, "\n ", ";")
	return p
}

// UnmarshalYAML keeps the order of the arguments and reads any scalar as the text that a script would see.
func (a *Arguments) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: input_arguments must be a mapping of names to description, type and default", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		var fields struct {
			Description string    `yaml:"description"`
			Type        string    `yaml:"type"`
			Default     yaml.Node `yaml:"default"`
		}
		if err := node.Content[i+1].Decode(&fields); err != nil {
			return err
		}
		text := fields.Default.Value
		if fields.Default.Tag == "!!null" {
			text = ""
		}
		*a = append(*a, Argument{node.Content[i].Value, fields.Description, strings.ToLower(fields.Type), text})
	}
	return nil
}
