package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// reportKind is a form of report that is written to a file.
type reportKind struct {
	name      string
	write     func(io.Writer, *report.Run) error
	oneTarget bool // the form knows only one; there is a file for each
}

func reportKinds() []reportKind {
	text := func(w io.Writer, r *report.Run) error { return report.Text(w, r, report.Palette{}) }
	return []reportKind{
		{"text", text, false},
		{"json", report.JSON, false},
		{"junit", report.JUnit, false},
		{"markdown", report.Markdown, false},
		{"navigator", report.Navigator, false},
		{"attire", report.ATTiRe, true},
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

// write writes all reports.
func (r *reports) write(run *report.Run) error {
	for _, asked := range r.asked {
		kind, file, err := parseReport(asked)
		if err != nil {
			return err
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
