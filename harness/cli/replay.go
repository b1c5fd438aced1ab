package cli

import (
	"context"
	"fmt"

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

A RECORDING is a folder that 'geiger run --record' wrote, a .zip of it, or a folder or .zip that holds several. The scenario is the one of that
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
	found, err := recordings(args)
	if err != nil {
		return err
	}
	run := report.Run{Geiger: env.Version}
	l := newLive(env, o.format)
	for _, rec := range found {
		r, err := o.judge(ctx, rec, known, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
		run.Results = append(run.Results, r)
		if err := l.verdict(&r.Verdict); err != nil {
			return err
		}
	}
	if err := write(env, o.format, &run); err != nil {
		return err
	}
	if err := o.reports.write(ctx, &run, rules); err != nil {
		return err
	}
	return status(&run)
}

func (o *replayOptions) judge(ctx context.Context, rec recordingFiles, known []*harness.Scenario, rules []*detection.Rule) (report.Result, error) {
	r, err := telemetry.Read(rec.files)
	if err != nil {
		return report.Result{}, err
	}
	e, kept, err := harness.ReadEvidence(r)
	if err != nil {
		return report.Result{}, err
	}
	s, err := o.scenarioOf(rec, e, kept, known)
	if err != nil {
		return report.Result{}, err
	}
	v, err := harness.Judge(ctx, s, e, rules)
	return report.Result{Verdict: v, Scenario: s, Evidence: e}, err
}
