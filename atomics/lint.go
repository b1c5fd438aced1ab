package atomics

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Lint checks one file of an atomics folder by the rules of the Atomic Red Team project's validator, and warns of what
// that validator accepts but a run regrets: a prerequisite that can never fail, a cleanup that reads variables which
// only the test had set, a change without a cleanup. The problems come in the order of the file.
func Lint(file string, text []byte) []*Problem {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return []*Problem{yamlProblem(file, err)}
	}
	l := &lint{file: file, guids: map[string]int{}}
	if len(document.Content) == 0 {
		return []*Problem{{File: file, Line: 1, Column: 1, Message: "the file is empty"}}
	}
	l.technique(document.Content[0])
	slices.SortStableFunc(l.problems, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return l.problems
}

type lint struct {
	file     string
	guids    map[string]int // line of each
	problems []*Problem
}

func (l *lint) wrong(at *yaml.Node, format string, arguments ...any) {
	l.add(at, false, format, arguments...)
}

func (l *lint) warn(at *yaml.Node, format string, arguments ...any) {
	l.add(at, true, format, arguments...)
}

func (l *lint) add(at *yaml.Node, warning bool, format string, arguments ...any) {
	l.problems = append(l.problems, &Problem{l.file, max(at.Line, 1), max(at.Column, 1), warning, fmt.Sprintf(format, arguments...)})
}

// mapping is a YAML mapping with its keys kept apart.
type mapping struct {
	node   *yaml.Node
	values map[string]*yaml.Node
	keys   map[string]*yaml.Node
}

// mapping reads a mapping, and reports keys that are not allowed or missing. A required key is marked with "!".
func (l *lint) mapping(n *yaml.Node, what string, fields ...string) (mapping, bool) {
	m := mapping{n, map[string]*yaml.Node{}, map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		l.wrong(n, "%s must be a mapping", what)
		return m, false
	}
	var names []string
	for _, f := range fields {
		names = append(names, strings.TrimSuffix(f, "!"))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !slices.Contains(names, key.Value) {
			l.wrong(key, "%s has no field %q; it may have %s", what, key.Value, strings.Join(names, ", "))
			continue
		}
		m.keys[key.Value], m.values[key.Value] = key, n.Content[i+1]
	}
	for _, f := range fields {
		if name, required := strings.CutSuffix(f, "!"); required && m.values[name] == nil {
			l.wrong(n, "%s has no %q", what, name)
		}
	}
	return m, true
}

// text returns a scalar field, and reports one that is too short. A missing field is reported elsewhere.
func (l *lint) text(m mapping, name string, least int) string {
	v := m.values[name]
	if v == nil {
		return ""
	}
	if v.Kind != yaml.ScalarNode || len(strings.TrimSpace(v.Value)) < least {
		l.wrong(v, "%q must be text of at least %d characters", name, least)
	}
	return v.Value
}

var techniqueID = regexp.MustCompile(`^T\d{4}(?:\.\d{3})?$`)

func (l *lint) technique(n *yaml.Node) {
	m, ok := l.mapping(n, "a technique", "attack_technique!", "display_name!", "atomic_tests!")
	if !ok {
		return
	}
	if id := l.text(m, "attack_technique", 5); id != "" && !techniqueID.MatchString(id) {
		l.wrong(m.values["attack_technique"], "%q is not a technique; write T1234 or T1234.001", id)
	} else if name := strings.TrimSuffix(path.Base(l.file), ".yaml"); id != "" && IsTechniqueFile(l.file) && name != id {
		l.wrong(m.values["attack_technique"], "technique %s in a file called %s.yaml, which is where runners look for %s", id, name, name)
	}
	l.text(m, "display_name", 5)
	for _, t := range l.list(m, "atomic_tests") {
		l.test(t)
	}
}

func (l *lint) list(m mapping, name string) []*yaml.Node {
	v := m.values[name]
	if v == nil {
		return nil
	}
	if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
		l.wrong(v, "%q must be a list with at least one entry", name)
		return nil
	}
	return v.Content
}

func platforms() []string {
	return []string{
		"windows", "macos", "linux", "office-365", "azure-ad", "google-workspace", "saas", "iaas", "containers",
		"iaas:gcp", "iaas:azure", "iaas:aws", "esxi",
	}
}

func (l *lint) test(n *yaml.Node) {
	m, ok := l.mapping(n, "a test", "name!", "auto_generated_guid", "description!", "supported_platforms!",
		"input_arguments", "dependency_executor_name", "dependencies", "executor!")
	if !ok {
		return
	}
	l.text(m, "name", 1)
	l.text(m, "description", 1)
	l.guid(m)
	for _, p := range l.list(m, "supported_platforms") {
		if !slices.Contains(platforms(), p.Value) {
			l.wrong(p, "no platform %q; there are %s", p.Value, strings.Join(platforms(), ", "))
		}
	}
	arguments := l.arguments(m)
	scripts := l.dependencies(m)
	scripts = append(scripts, l.executor(m)...)
	l.references(arguments, scripts)
}

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (l *lint) guid(m mapping) {
	v := m.values["auto_generated_guid"]
	if v == nil {
		return
	}
	if !guidForm.MatchString(v.Value) {
		l.wrong(v, "%q is not a GUID", v.Value)
		return
	}
	id := strings.ToLower(v.Value)
	if line, taken := l.guids[id]; taken {
		l.wrong(v, "the GUID is already that of the test at line %d; give each test its own", line)
	}
	l.guids[id] = v.Line
}

var argumentName = regexp.MustCompile(`^[\w-]{2,}$`)

// arguments checks the input arguments and returns where each is declared.
func (l *lint) arguments(m mapping) map[string]*yaml.Node {
	v := m.values["input_arguments"]
	if v == nil {
		return nil
	}
	if v.Kind != yaml.MappingNode || len(v.Content) == 0 {
		l.wrong(m.keys["input_arguments"], `"input_arguments" is empty; leave it out, or declare an argument`)
		return nil
	}
	declared := map[string]*yaml.Node{}
	for i := 0; i+1 < len(v.Content); i += 2 {
		key := v.Content[i]
		declared[key.Value] = key
		if !argumentName.MatchString(key.Value) {
			l.wrong(key, "argument name %q: use at least two letters, digits, hyphens or underscores", key.Value)
		}
		if a, ok := l.mapping(v.Content[i+1], "an input argument", "description!", "type!", "default!"); ok {
			l.argument(a)
		}
	}
	return declared
}

func (l *lint) argument(a mapping) {
	kind, value := a.values["type"], a.values["default"]
	if kind == nil {
		return
	}
	if !slices.Contains([]string{"string", "path", "url", "integer", "float"}, strings.ToLower(kind.Value)) {
		l.wrong(kind, "no argument type %q; use string, path, url, integer or float", kind.Value)
		return
	}
	if value == nil || value.Tag == "!!null" {
		return
	}
	if why := misfit(strings.ToLower(kind.Value), value.Value); why != "" {
		l.wrong(value, "the default %q is not %s", value.Value, why)
	}
}

func misfit(kind, text string) string {
	var err error
	switch kind {
	case "integer":
		_, err = strconv.ParseInt(text, 10, 64)
		kind = "an integer"
	case "float":
		_, err = strconv.ParseFloat(text, 64)
		kind = "a number"
	case "url":
		if net.ParseIP(text) == nil && !domainForm.MatchString(text) {
			_, err = url.ParseRequestURI(text)
		}
		kind = "a URL, a domain or an address"
	}
	if err == nil {
		return ""
	}
	return kind
}

var domainForm = regexp.MustCompile(`^[\w.-]+(:\d+)?(/.*)?$`)

// script is a text that may refer to arguments.
type script struct {
	node     *yaml.Node
	executor ExecutorName
}

func executors() []string {
	return []string{string(PowerShell), string(CommandPrompt), string(Sh), string(Bash), string(Manual)}
}

func (l *lint) executorName(v *yaml.Node) ExecutorName {
	if !slices.Contains(executors(), v.Value) {
		l.wrong(v, "no executor %q; there are %s", v.Value, strings.Join(executors(), ", "))
	}
	return ExecutorName(v.Value)
}

func (l *lint) dependencies(m mapping) []script {
	name, declared := ExecutorName(""), m.values["dependency_executor_name"]
	if declared != nil {
		name = l.executorName(declared)
		if m.values["dependencies"] == nil {
			l.wrong(m.keys["dependency_executor_name"], `"dependency_executor_name" without "dependencies"`)
		}
	} else if x := m.values["executor"]; x != nil {
		name = ExecutorName(field(x, "name"))
	}
	var scripts []script
	for _, d := range l.list(m, "dependencies") {
		dm, ok := l.mapping(d, "a dependency", "description!", "prereq_command!", "get_prereq_command")
		if !ok {
			continue
		}
		l.text(dm, "description", 1)
		l.text(dm, "prereq_command", 1)
		if p := dm.values["prereq_command"]; p != nil && neverFails(name, p.Value) {
			l.warn(p, "this prerequisite can never fail; end it with a non-zero exit status when it is not met")
		}
		for _, part := range [...]string{"description", "prereq_command", "get_prereq_command"} {
			if v := dm.values[part]; v != nil {
				scripts = append(scripts, script{v, name})
			}
		}
	}
	return scripts
}

func field(n *yaml.Node, name string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func (l *lint) executor(m mapping) []script {
	v := m.values["executor"]
	if v == nil {
		return nil
	}
	if field(v, "name") == string(Manual) {
		x, _ := l.mapping(v, "a manual executor", "name!", "steps!", "elevation_required")
		l.text(x, "steps", 10)
		return present(Manual, x.values["steps"])
	}
	x, ok := l.mapping(v, "an executor", "name!", "command!", "cleanup_command", "elevation_required")
	if !ok || x.values["name"] == nil {
		return nil
	}
	name := l.executorName(x.values["name"])
	l.text(x, "command", 1)
	command, cleanup := x.values["command"], x.values["cleanup_command"]
	if command == nil {
		return nil
	}
	if cleanup == nil && changes(name, command.Value) {
		l.warn(x.keys["command"], `the command changes the host, and there is no "cleanup_command"`)
	}
	if cleanup != nil && name == PowerShell {
		for _, variable := range lostVariables(command.Value, cleanup.Value) {
			l.warn(cleanup, "the cleanup reads %s, which only the test set; it runs in a process of its own", variable)
		}
	}
	if (name == Sh || name == Bash) && strings.Contains(command.Value, "sudo ") && field(v, "elevation_required") != "true" {
		l.wrong(command, `the command uses sudo; set "elevation_required: true"`)
	}
	return present(name, command, cleanup)
}

func present(name ExecutorName, nodes ...*yaml.Node) []script {
	var scripts []script
	for _, n := range nodes {
		if n != nil {
			scripts = append(scripts, script{n, name})
		}
	}
	return scripts
}

// references compares the arguments that are declared with those that are used.
func (l *lint) references(declared map[string]*yaml.Node, scripts []script) {
	used := map[string]bool{}
	for _, s := range scripts {
		for _, m := range placeholder.FindAllStringSubmatch(s.node.Value, -1) {
			name := m[1]
			if declared[name] == nil && !used[name] {
				l.wrong(s.node, "#{%s}: no input argument of that name", name)
			}
			used[name] = true
		}
	}
	for _, name := range slices.Sorted(keys(declared)) {
		if !used[name] {
			l.wrong(declared[name], "the input argument %q is not used", name)
		}
	}
}
