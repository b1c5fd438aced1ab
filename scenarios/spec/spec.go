// Package spec is what a test suite of your own needs: a Lab to run scenarios on, and Gomega matchers for what comes of
// them. It works under Ginkgo and under package testing alike.
package spec

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/embedded"
	"github.com/seed-67b27da2/geiger/harness/scenario"
	"github.com/seed-67b27da2/geiger/scenarios"
)

// Lab runs scenarios on the embedded lab host and judges them.
type Lab struct {
	// Rules are the rules in scope; StartLab sets the built-in ones.
	Rules []*detection.Rule

	host      *embedded.Lab
	library   scenario.Library
	scenarios []*harness.Scenario
	runs      int
}

// StartLab starts a lab with the rules, the atomics and the scenarios that come with geiger.
func StartLab(ctx context.Context) (*Lab, error) {
	techniques, err := atomics.Bundled()
	if err != nil {
		return nil, err
	}
	l := &Lab{library: scenario.Library{Techniques: techniques}}
	if l.Rules, err = detection.Bundled(); err != nil {
		return nil, err
	}
	if l.scenarios, err = scenario.Load(scenarios.Files, ".", l.library); err != nil {
		return nil, err
	}
	l.host, err = embedded.Start(ctx, 1, rand.Reader)
	return l, err
}

// Scenarios lists the scenarios that come with geiger.
func (l *Lab) Scenarios() []string {
	var names []string
	for _, s := range l.scenarios {
		names = append(names, s.Name)
	}
	return names
}

// Run runs a scenario: a name of those that come with geiger, or a .yaml file.
func (l *Lab) Run(ctx context.Context, nameOrFile string) (*harness.Verdict, error) {
	s, err := l.find(nameOrFile)
	if err != nil {
		return nil, err
	}
	return l.RunScenario(ctx, s)
}

// RunScenario runs a scenario that a program made.
func (l *Lab) RunScenario(ctx context.Context, s *harness.Scenario) (*harness.Verdict, error) {
	r := &harness.Runner{Clock: l.host.Clock, Run: l.name}
	e, err := r.Observe(ctx, l.host.Target, s)
	if err != nil {
		return nil, err
	}
	v, err := harness.Judge(ctx, s, e, l.Rules)
	return &v, err
}

// Parse reads a scenario from text, with the atomics that come with geiger.
func (l *Lab) Parse(file, text string) (*harness.Scenario, error) {
	return scenario.Parse(file, []byte(text), l.library)
}

func (l *Lab) find(nameOrFile string) (*harness.Scenario, error) {
	if strings.HasSuffix(nameOrFile, ".yaml") {
		text, err := os.ReadFile(nameOrFile)
		if err != nil {
			return nil, err
		}
		return l.Parse(nameOrFile, string(text))
	}
	at := slices.IndexFunc(l.scenarios, func(s *harness.Scenario) bool { return s.Name == nameOrFile })
	if at < 0 {
		return nil, fmt.Errorf("no scenario %q; there are %s", nameOrFile, strings.Join(l.Scenarios(), ", "))
	}
	return l.scenarios[at], nil
}

func (l *Lab) name() string {
	l.runs++
	return "spec-" + strconv.Itoa(l.runs)
}

// Close ends the lab.
func (l *Lab) Close() error { return l.host.Close() }
