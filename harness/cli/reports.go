package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// reportKind is a form of report that is written to a file.
type reportKind struct {
	name      string
	write     func(io.Writer, *report.Run) error
	oneTarget bool // the form knows only one; there is a file for each
	traces    bool // the form shows what became of rows in the rules
}

func reportKinds() []reportKind {
	text := func(w io.Writer, r *report.Run) error { return report.Text(w, r, report.Palette{}) }
	return []reportKind{
		{name: "text", write: text},
		{name: "json", write: report.JSON},
		{name: "junit", write: report.JUnit},
		{name: "markdown", write: report.Markdown},
		{name: "navigator", write: report.Navigator},
		{name: "html", write: report.HTML, traces: true},
		{name: "attire", write: report.ATTiRe, oneTarget: true},
	}
}

// reports are the reports that a command is asked to write.
type reports struct{ asked []string }

func (r *reports) flag(c *cobra.Command) {
	var names []string
	for _, k := range reportKinds() {
		names = append(names, k.name)
	}
	c.Flags().StringArrayVar(&r.asked, "report", nil, "also write a report, as `KIND=FILE`; kinds: "+strings.Join(names, ", ")+"; may be repeated")
}

// check finds what is wrong with the flags before anything is run.
func (r *reports) check() error {
	for _, asked := range r.asked {
		if _, file, err := parseReport(asked); err != nil {
			return err
		} else if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return fmt.Errorf("--report %s: there is no folder %s; make it first", asked, filepath.Dir(file))
		}
	}
	return nil
}

func parseReport(asked string) (reportKind, string, error) {
	name, file, ok := strings.Cut(asked, "=")
	kinds := reportKinds()
	at := slices.IndexFunc(kinds, func(k reportKind) bool { return k.name == name })
	if ok && at >= 0 && file != "" {
		return kinds[at], file, nil
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	if near, found := syntax.Suggest(name, names); found && at < 0 {
		return reportKind{}, "", fmt.Errorf("--report %s: no kind %q; did you mean %q?", asked, name, near)
	}
	return reportKind{}, "", fmt.Errorf("--report %s: write KIND=FILE, where KIND is %s", asked, strings.Join(names, ", "))
}

// write writes all reports of a run that was judged by these rules.
func (r *reports) write(ctx context.Context, run *report.Run, rules []*detection.Rule) error {
	for _, asked := range r.asked {
		kind, file, err := parseReport(asked)
		if err != nil {
			return err
		}
		if kind.traces {
			if err := trace(ctx, run, rules); err != nil {
				return fmt.Errorf("--report %s: %w", asked, err)
			}
		}
		targets := run.Targets()
		if !kind.oneTarget || len(targets) < 2 {
			err = writeReport(kind, file, run)
		} else {
			err = perTarget(kind, file, run, targets)
		}
		if err != nil {
			return fmt.Errorf("--report %s: %w", asked, err)
		}
	}
	return nil
}

// trace adds what became of rows in the rules to the results that a report shows that much of, once.
func trace(ctx context.Context, run *report.Run, rules []*detection.Rule) error {
	for _, i := range run.Detailed() {
		r := &run.Results[i]
		if r.Rules != nil || r.Scenario == nil || r.Evidence == nil {
			continue
		}
		var err error
		if r.Rules, err = harness.Trace(ctx, r.Scenario, r.Evidence, rules, &r.Verdict); err != nil {
			return err
		}
	}
	return nil
}

// perTarget writes a file for each target: run.json becomes run-iis01.json and so on.
func perTarget(kind reportKind, file string, run *report.Run, targets []string) error {
	ext := filepath.Ext(file)
	for _, target := range targets {
		if err := writeReport(kind, strings.TrimSuffix(file, ext)+"-"+target+ext, run.OnTarget(target)); err != nil {
			return err
		}
	}
	return nil
}

func writeReport(kind reportKind, file string, run *report.Run) error {
	var b bytes.Buffer
	if err := kind.write(&b, run); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // reports are for sharing
}
