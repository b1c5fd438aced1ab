package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness/scenario"
)

func newLint(env *Environment) *cobra.Command {
	var folder, format string
	c := &cobra.Command{
		Use:   "lint PATH...",
		Short: "Check atomics, rules and scenarios",
		Long: `Check atomics, rules and scenarios, and print what is wrong with file:line:col.

What a file is follows from its name and its content: T1234.yaml is a technique, YAML with a query is a rule, YAML
with a test is a scenario, .kql is a bare query. Exit status 1 if there are errors; warnings alone leave it at 0.
--format json prints one object a finding: file, line, col, severity (error or warning) and message.`,
		Args: atLeastOne("nothing to check; give a file or a folder of atomics, rules or scenarios"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format, "text", "json", "github"); err != nil {
				return err
			}
			l := &linter{env: env, library: library{atomics: folder}, format: format}
			return l.run(args)
		},
	}
	c.Flags().StringVar(&folder, "atomics", "", "Atomic Red Team `folder` whose tests scenarios refer to, before the built-in ones")
	c.Flags().StringVar(&format, "format", "text", "output: text, json, or github (annotations of a workflow)")
	return c
}

type linter struct {
	env              *Environment
	library          library
	techniques       []*atomics.Technique
	format           string
	files            int
	errors, warnings int
}

func (l *linter) run(paths []string) error {
	techniques, err := l.library.loadTechniques()
	if err != nil {
		return err
	}
	l.techniques = techniques
	for _, p := range paths {
		err := fs.WalkDir(hostFiles{}, filepath.ToSlash(p), func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && atomics.IsForeignFolder(name) {
				return fs.SkipDir
			}
			if err != nil || d.IsDir() || !detection.IsRuleFile(name) {
				return err
			}
			return l.file(name)
		})
		if err != nil {
			return err
		}
	}
	if l.files == 0 {
		return errors.New("nothing to check: no .yaml, .yml or .kql file there")
	}
	if l.format == "text" {
		fmt.Fprintf(l.env.Stdout, "%s, %s, %s\n", count(l.files, "file"), count(l.errors, "error"), count(l.warnings, "warning"))
	}
	if l.errors > 0 {
		return exitError(1)
	}
	return nil
}

func (l *linter) file(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	l.files++
	switch {
	case path.Ext(name) == ".yml" && atomics.IsTechniqueFile(strings.TrimSuffix(name, ".yml")+".yaml"):
		l.report(&atomics.Problem{File: name, Line: 1, Column: 1, Message: "a technique's file must end in .yaml, or no runner finds it"})
	case atomics.IsTechniqueFile(name):
		for _, p := range atomics.Lint(name, text) {
			l.report(p)
		}
	case path.Ext(name) == ".kql" || isRule(text):
		l.rule(name, text)
	default:
		if _, err := scenario.Parse(name, text, scenario.Library{Techniques: l.techniques, AtomicsFolder: atomicsOnTarget, Files: hostFiles{}}); err != nil {
			for _, one := range split(err) {
				l.fault(name, one)
			}
		}
	}
	return nil
}

// rule checks a rule's file and the syntax of its query; whether the query binds is what `geiger check` says.
func (l *linter) rule(name string, text []byte) {
	r, err := detection.ParseRule(name, text)
	if err != nil {
		l.fault(name, err)
		return
	}
	source := r.Source()
	_, found := syntax.Parse(source)
	for _, d := range found {
		if d.Severity == syntax.SeverityError {
			at := source.Position(d.Span.Start)
			l.report(&atomics.Problem{File: source.Name, Line: at.Line, Column: at.Column, Message: d.Message})
		}
	}
}

// isRule tells a rule from a scenario: only a rule has a query at its top level.
func isRule(text []byte) bool {
	return bytes.HasPrefix(text, []byte("query:")) || bytes.Contains(text, []byte("\nquery:"))
}

func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// fault reports an error of a reader, at its place if it has one.
func (l *linter) fault(file string, err error) {
	p := &atomics.Problem{File: file, Line: 1, Column: 1, Message: err.Error()}
	if e, ok := errors.AsType[*scenario.Error](err); ok {
		p.File, p.Line, p.Column, p.Message = e.File, e.Line, e.Column, e.Why
	}
	if e, ok := errors.AsType[*detection.LoadError](err); ok {
		p.File, p.Line, p.Message = e.File, max(e.Line, 1), e.Why
	}
	l.report(p)
}

// finding is a problem for programs.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Col      int    `json:"col"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

func (l *linter) report(p *atomics.Problem) {
	severity := "error"
	if p.Warning {
		severity = "warning"
		l.warnings++
	} else {
		l.errors++
	}
	switch l.format {
	case "text":
		fmt.Fprintln(l.env.Stdout, p)
		return
	case "github":
		// As below: what cannot be printed is in the exit status.
		_ = annotation(l.env.Stdout, severity, p.File, p.Line, p.Column, p.Message)
		return
	}
	out := json.NewEncoder(l.env.Stdout)
	out.SetEscapeHTML(false)
	// What standard output does not take is the reader's loss; the exit status still says it.
	_ = out.Encode(finding{p.File, p.Line, p.Column, severity, p.Message})
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
