package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

type runOptions struct {
	library
	reports   reports
	targets   []string
	inventory string
	record    string
	format    string
	seed      uint64
	parallel  int
}

func newRun(env *Environment) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run [SCENARIO...]",
		Short: "Run scenarios on a target, and judge the detections",
		Long: `Run scenarios on a target, and judge the detections.

A SCENARIO is a name, a pattern of names such as 'control-*', or a .yaml file; without any, all run. Without --target
they run on the embedded lab: a simulated Windows host with IIS behind a real WinRM server on 127.0.0.1. Targets run at
the same time, the scenarios of one target one after the other.`,
		Example: `  geiger run
  geiger run write-dll --record run1
  geiger run --inventory lab.yaml --target iis01`,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	o.flags(c)
	o.reports.flag(c)
	c.Flags().StringArrayVar(&o.targets, "target", nil, "`name` of a machine in the inventory; may be repeated")
	c.Flags().StringVar(&o.inventory, "inventory", "", "`file` that lists the lab machines")
	c.Flags().StringVar(&o.record, "record", "", "keep the run in this `folder`, for geiger replay")
	c.Flags().StringVar(&o.format, "format", "text", "output: text or json")
	c.Flags().IntVar(&o.parallel, "parallel", 10, "run on at most so many targets at a time")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "of the embedded lab: equal seeds give equal hosts and equal noise")
	return c
}

func (o *runOptions) run(ctx context.Context, env *Environment, args []string) error {
	if err := checkFormat(o.format, "text", "json"); err != nil {
		return err
	}
	if err := o.reports.check(); err != nil {
		return err
	}
	chosen, err := o.selectScenarios(args)
	if err != nil {
		return err
	}
	rules, err := o.loadRules()
	if err != nil {
		return err
	}
	machines, err := o.machines(ctx, env)
	if err != nil {
		return err
	}
	defer machines.close()
	s := &session{env: env, options: o, rules: rules, run: report.Run{Geiger: env.Version}, live: newLive(env, o.format)}
	s.live.many = len(machines) > 1
	if err := s.prepareFolders(machines, chosen); err != nil {
		return err
	}
	err = s.onAll(ctx, machines, chosen)
	if outcome := s.finish(ctx); err == nil {
		err = outcome
	}
	return err
}

// session is one `geiger run`.
type session struct {
	env     *Environment
	options *runOptions
	rules   []*detection.Rule
	run     report.Run
	live    *live
}

// onAll runs the scenarios on every machine, several machines at a time: one that is slow or dead delays no other. The
// results come in the order of the machines.
func (s *session) onAll(ctx context.Context, all machines, chosen []*harness.Scenario) error {
	results, faults := make([][]report.Result, len(all)), make([]error, len(all))
	free := make(chan struct{}, max(s.options.parallel, 1))
	var work sync.WaitGroup
	for i, m := range all {
		free <- struct{}{}
		work.Go(func() {
			defer func() { <-free }()
			results[i], faults[i] = s.on(ctx, m, chosen)
		})
	}
	work.Wait()
	s.run.Results = slices.Concat(results...)
	return errors.Join(faults...)
}

// on runs the scenarios on one machine, one after the other.
func (s *session) on(ctx context.Context, m *machine, chosen []*harness.Scenario) ([]report.Result, error) {
	r := &harness.Runner{Clock: m.clock, Run: s.names(m), Computer: m.computer, Journal: s.journal(m), Progress: func(scenario string, link harness.LinkName) {
		s.live.progress(m.target.Name(), scenario, link)
		if link == harness.LinkCleanedUp && ctx.Err() != nil {
			s.live.interrupted()
		}
	}}
	var results []report.Result
	for _, sc := range chosen {
		if ctx.Err() != nil {
			break
		}
		result, err := s.one(ctx, r, m, sc)
		if err != nil {
			return results, err
		}
		results = append(results, result)
	}
	return results, nil
}

// journal is that of a machine's runs. The embedded lab ends with this process, so that nothing is left of it.
func (s *session) journal(m *machine) harness.Journal {
	if m.simulated || s.env.StateDir == "" {
		return nil
	}
	file, err := filepath.Abs(s.options.inventory)
	if err != nil {
		file = s.options.inventory
	}
	j := journals(s.env).Of(file)
	if s.env.Journal != nil {
		j = s.env.Journal(j)
	}
	return j
}

// unsettled says how to finish what this run could not clean up.
func (s *session) unsettled() {
	if s.env.StateDir == "" {
		return
	}
	left, err := journals(s.env).Unsettled()
	if err != nil {
		return // that is for `geiger sweep` to tell
	}
	for i := range left {
		if left[i].Process == os.Getpid() {
			fmt.Fprintf(s.env.Stderr, "geiger: %s was not left as it was found; `geiger sweep %s` tries again\n", left[i].Target, left[i].Target)
		}
	}
}

// one runs a scenario. Also one that is interrupted is kept and judged: what it did on the host must not be lost.
func (s *session) one(ctx context.Context, r *harness.Runner, m *machine, sc *harness.Scenario) (report.Result, error) {
	e, err := r.Observe(ctx, m.target, sc)
	if err != nil && ctx.Err() == nil {
		return report.Result{}, err
	}
	if err := s.keep(sc, e); err != nil {
		return report.Result{}, err
	}
	v, err := harness.Judge(context.WithoutCancel(ctx), sc, e, s.rules)
	if err != nil {
		return report.Result{}, err
	}
	return report.Result{Verdict: v, Scenario: sc, Evidence: e}, s.live.verdict(&v)
}

// names makes run names: unlike any other on a real host, and the same for the same seed on the lab.
func (s *session) names(m *machine) func() string {
	n := 0
	return func() string {
		n++
		if m.simulated {
			sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d", s.options.seed, n))
			return hex.EncodeToString(sum[:4])
		}
		var b [8]byte
		// A random source that fails leaves a name that is still unlike the others of this run.
		_, _ = s.env.Random.Read(b[:])
		return fmt.Sprintf("%s-%d", hex.EncodeToString(b[:]), n)
	}
}

// prepareFolders makes sure, before anything is run, that the recordings can be kept. None is ever overwritten.
func (s *session) prepareFolders(ms machines, chosen []*harness.Scenario) error {
	if s.options.record == "" {
		return nil
	}
	for _, m := range ms {
		for _, sc := range chosen {
			dir := s.folder(m.target.Name(), sc.Name)
			if found, err := os.ReadDir(dir); err == nil && len(found) > 0 {
				return fmt.Errorf("%s: there is a recording already; give --record another folder", dir)
			}
		}
	}
	return os.MkdirAll(s.options.record, 0o755) //nolint:gosec // recordings are for sharing
}

func (s *session) folder(target, scenario string) string {
	return filepath.Join(s.options.record, target, scenario)
}

// keep writes the recording of a scenario, if that was asked for.
func (s *session) keep(sc *harness.Scenario, e *harness.Evidence) error {
	if s.options.record == "" {
		return nil
	}
	r, err := e.Recording(sc, s.env.Version)
	if err != nil {
		return err
	}
	return writeRecording(s.folder(e.Target, sc.Name), r)
}

func (s *session) finish(ctx context.Context) error {
	s.live.done()
	s.run.Interrupted = ctx.Err() != nil
	if err := write(s.env, s.options.format, &s.run); err != nil {
		return err
	}
	if err := s.options.reports.write(context.WithoutCancel(ctx), &s.run, s.rules); err != nil {
		return err
	}
	s.unsettled()
	if s.run.Interrupted {
		fmt.Fprintln(s.env.Stderr, "geiger: interrupted")
	}
	return status(&s.run)
}

// write prints a whole run.
func write(env *Environment, format string, run *report.Run) error {
	if format == "json" {
		return report.JSON(env.Stdout, run)
	}
	return report.Text(env.Stdout, run, report.Palette{Colour: env.Colour})
}

func status(run *report.Run) error {
	if n := run.ExitStatus(); n != harness.ExitPass {
		return exitError(n)
	}
	return nil
}

// machine is a target with its clock.
type machine struct {
	target    harness.Target
	clock     harness.Clock
	computer  string // what it must call itself; "" is anything
	simulated bool
	stop      func() error
}

type machines []*machine

// close ends the sessions with every machine, whatever happened to the run.
func (ms machines) close() {
	for _, m := range ms {
		// What cannot be closed any more is gone already.
		_ = m.stop()
	}
}

var errTargetWithoutInventory = errors.New("--target needs --inventory: the file that declares your lab machines")
