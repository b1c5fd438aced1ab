package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/scenario"
	"github.com/seed-67b27da2/geiger/scenarios"
)

// atomicsOnTarget is where Invoke-AtomicRedTeam keeps the atomics folder; tests that name it find their files there.
const atomicsOnTarget = `C:\AtomicRedTeam\atomics`

// library says where rules, atomics and scenarios come from: folders given by flags, else those built in.
type library struct {
	rules, atomics, scenarios string
}

func (l *library) flags(c *cobra.Command) {
	c.Flags().StringVar(&l.rules, "rules", "", "folder or file of `rules` instead of the built-in ones")
	c.Flags().StringVar(&l.atomics, "atomics", "", "Atomic Red Team `folder` whose tests come before the built-in ones")
	c.Flags().StringVar(&l.scenarios, "scenarios", "", "`folder` of scenario files instead of the built-in one")
}

func (l *library) loadRules() ([]*detection.Rule, error) {
	if l.rules == "" {
		return detection.Bundled()
	}
	return rulesAt(l.rules)
}

// rulesAt reads a folder of rules or a single one; errors name files as the user did.
func rulesAt(name string) ([]*detection.Rule, error) {
	rules, err := detection.LoadRules(hostFiles{}, filepath.ToSlash(name))
	if err == nil && len(rules) == 0 {
		err = fmt.Errorf("%s: no rules here; a rule is a .yaml, .yml or .kql file", name)
	}
	return rules, err
}

// hostFiles is the operating system's file system under the names that the user gave, relative or absolute, so that
// messages name files in the same way.
type hostFiles struct{}

// Open implements fs.FS.
func (hostFiles) Open(name string) (fs.File, error) { return os.Open(filepath.FromSlash(name)) }

// ReadDir implements fs.ReadDirFS.
func (hostFiles) ReadDir(name string) ([]fs.DirEntry, error) {
	return os.ReadDir(filepath.FromSlash(name))
}

func (l *library) loadScenarios() ([]*harness.Scenario, error) {
	techniques, err := l.loadTechniques()
	if err != nil {
		return nil, err
	}
	lib := scenario.Library{Techniques: techniques, AtomicsFolder: atomicsOnTarget}
	if l.scenarios == "" {
		return scenario.Load(scenarios.Files, ".", lib)
	}
	return scenario.Load(hostFiles{}, filepath.ToSlash(l.scenarios), lib)
}

// loadTechniques returns the tests that scenarios can name: those of the given folder first, then the built-in ones,
// which the built-in scenarios go on to need.
func (l *library) loadTechniques() ([]*atomics.Technique, error) {
	bundled, err := atomics.Bundled()
	if err != nil || l.atomics == "" {
		return bundled, err
	}
	own, err := atomics.Load(hostFiles{}, filepath.ToSlash(l.atomics))
	return append(own, bundled...), err
}

// selectScenarios finds the scenarios that the arguments name: all of them, names, globs of names, or files.
func (l *library) selectScenarios(args []string) ([]*harness.Scenario, error) {
	if len(args) > 0 && !slices.ContainsFunc(args, isName) {
		return l.choose(nil, args)
	}
	all, err := l.loadScenarios()
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		if len(all) == 0 {
			return nil, fmt.Errorf("%s: no scenarios here; a scenario is a .yaml file", l.scenarios)
		}
		return all, nil
	}
	return l.choose(all, args)
}

// isName tells the name of a scenario from a file that holds one.
func isName(arg string) bool {
	ext := path.Ext(arg)
	return ext != ".yaml" && ext != ".yml"
}

func (l *library) choose(all []*harness.Scenario, args []string) ([]*harness.Scenario, error) {
	var chosen []*harness.Scenario
	var faults []error
	for _, arg := range args {
		found, err := l.find(all, arg)
		faults = append(faults, err)
		for _, s := range found {
			i := slices.IndexFunc(chosen, func(o *harness.Scenario) bool { return o.Name == s.Name })
			switch {
			case i < 0:
				chosen = append(chosen, s)
			case chosen[i] != s:
				faults = append(faults, fmt.Errorf("%s: the name %q is already that of %s; choose one of them", s.File, s.Name, chosen[i].File))
			}
		}
	}
	return chosen, errors.Join(faults...)
}

func (l *library) find(all []*harness.Scenario, arg string) ([]*harness.Scenario, error) {
	if !isName(arg) {
		s, err := l.readScenario(arg)
		if err != nil {
			return nil, err
		}
		return []*harness.Scenario{s}, nil
	}
	var found []*harness.Scenario
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
		if ok, err := path.Match(arg, s.Name); err == nil && ok {
			found = append(found, s)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no scenario %q, nor any other in %s", arg, l.scenarios)
	}
	if near, ok := syntax.Suggest(arg, names); ok {
		return nil, fmt.Errorf("no scenario %q; did you mean %q?", arg, near)
	}
	return nil, fmt.Errorf("no scenario %q; there are %s", arg, strings.Join(names, ", "))
}

func (l *library) readScenario(file string) (*harness.Scenario, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	techniques, err := l.loadTechniques()
	if err != nil {
		return nil, err
	}
	return scenario.Parse(filepath.ToSlash(file), text, scenario.Library{Techniques: techniques, AtomicsFolder: atomicsOnTarget, Files: hostFiles{}})
}

// scenarioOf finds the scenario of a recorded run: the one of that name, or else the copy that the recording kept.
func (l *library) scenarioOf(rec recordingFiles, e *harness.Evidence, kept []byte, known []*harness.Scenario) (*harness.Scenario, error) {
	if i := slices.IndexFunc(known, func(s *harness.Scenario) bool { return s.Name == e.Scenario }); i >= 0 {
		return known[i], nil
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("no scenario %q any more, and the recording kept no copy; give --scenarios", e.Scenario)
	}
	techniques, err := l.loadTechniques()
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(rec.files, harness.FixtureFolder)
	if err != nil {
		return nil, err
	}
	return scenario.Parse("scenario.yaml", kept, scenario.Library{Techniques: techniques, AtomicsFolder: atomicsOnTarget, Files: files})
}
