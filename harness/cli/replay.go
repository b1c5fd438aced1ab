package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

type replayOptions struct {
	library
	reports reports
	format  string
}

func newReplay(env *Environment) *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay RECORDING...",
		Short: "Judge recorded runs again, without a host",
		Long: `Judge recorded runs again, without a host, with the clock of the recording.

A RECORDING is a folder that 'geiger run --record' wrote, or one that holds several. The scenario is the one of that
name; if there is none any more, the copy that the recording kept.`,
		Example: "  geiger replay run1\n  geiger replay run1 --rules my-rules",
		Args:    atLeastOne("no recording; give the folder that `geiger run --record` wrote"),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	o.flags(c)
	o.reports.flag(c)
	c.Flags().StringVar(&o.format, "format", "text", "output: text or json")
	return c
}

func (o *replayOptions) run(ctx context.Context, env *Environment, args []string) error {
	if err := checkFormat(o.format, "text", "json"); err != nil {
		return err
	}
	if err := o.reports.check(); err != nil {
		return err
	}
	rules, err := o.loadRules()
	if err != nil {
		return err
	}
	known, err := o.loadScenarios()
	if err != nil {
		return err
	}
	dirs, err := recordings(args)
	if err != nil {
		return err
	}
	run := report.Run{Geiger: env.Version}
	l := newLive(env, o.format)
	for _, dir := range dirs {
		r, err := o.judge(ctx, dir, known, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		run.Results = append(run.Results, r)
		if err := l.verdict(&r.Verdict); err != nil {
			return err
		}
	}
	if err := write(env, o.format, &run); err != nil {
		return err
	}
	if err := o.reports.write(&run); err != nil {
		return err
	}
	return status(&run)
}

func (o *replayOptions) judge(ctx context.Context, dir string, known []*harness.Scenario, rules []*detection.Rule) (report.Result, error) {
	r, err := telemetry.Read(os.DirFS(dir))
	if err != nil {
		return report.Result{}, err
	}
	e, kept, err := harness.ReadEvidence(r)
	if err != nil {
		return report.Result{}, err
	}
	s, err := o.scenarioOf(dir, e, kept, known)
	if err != nil {
		return report.Result{}, err
	}
	v, err := harness.Judge(ctx, s, e, rules)
	return report.Result{Verdict: v, Scenario: s, Evidence: e}, err
}

// recordings lists the folders that hold a manifest, at or below the arguments, in order of their names: that is also
// the order in which a run takes its scenarios.
func recordings(args []string) ([]string, error) {
	var dirs []string
	for _, arg := range args {
		before := len(dirs)
		err := fs.WalkDir(hostFiles{}, filepath.ToSlash(arg), func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && d.Name() == "manifest.json" {
				dirs = append(dirs, filepath.FromSlash(path.Dir(name)))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(dirs) == before {
			return nil, fmt.Errorf("%s: no recording here; give the folder that `geiger run --record` wrote", arg)
		}
	}
	if len(dirs) == 0 {
		return nil, errors.New("no recordings")
	}
	return dirs, nil
}
