package harness

import (
	"context"
	"fmt"

	"github.com/seed-67b27da2/geiger/atomics"
)

// Journal remembers, on geiger's own machine, what has to be undone on a host, so that a run which was killed can still
// be cleaned up. What it is told is durable when it returns.
type Journal interface {
	// Begin is called before anything is done on a host.
	Begin(Debt) error
	// Note is called before each command.
	Note(run string, p Phase) error
	// Settled is called when nothing is left to undo.
	Settled(run string) error
}

// Debt is what a run owes its host.
type Debt struct {
	Run      string  `json:"run"`
	Scenario string  `json:"scenario"`
	Target   string  `json:"target"`
	Dir      string  `json:"dir"`               // geiger's working directories, relative to %TEMP%
	Cleanup  *Undo   `json:"cleanup,omitempty"` // of the test
	Checks   []Proof `json:"checks,omitempty"`  // that the cleanup undid it
}

// Undo is a script of a test.
type Undo struct {
	Executor atomics.ExecutorName `json:"executor"`
	Script   string               `json:"script"`
}

// Proof is a script that ends with exit status 0 if all is well.
type Proof struct {
	Description string `json:"description"`
	Undo
}

// debt is what the observation will owe.
func (o *observation) debt() Debt {
	d := Debt{Run: o.evidence.Run, Scenario: o.scenario.Name, Target: o.evidence.Target, Dir: RunDir(o.evidence.Run)}
	if s := o.scenario; s.Test != nil && s.Test.Executor.CleanupCommand != "" {
		d.Cleanup = &Undo{s.Test.Executor.Name, s.Test.Executor.CleanupCommand}
	}
	for _, c := range o.scenario.Cleaned {
		if c.Command != "" {
			d.Checks = append(d.Checks, Proof{c.Description, Undo{c.Executor, c.Command}})
		}
	}
	return d
}

// note writes into the journal what is about to be done. Nothing is done that it does not know of.
func (o *observation) note(p Phase) error {
	j := o.runner.Journal
	if j == nil {
		return nil
	}
	if !o.touched {
		if err := j.Begin(o.debt()); err != nil {
			return fmt.Errorf("the journal cannot be written, so nothing is done: %w", err)
		}
	}
	if err := j.Note(o.evidence.Run, p); err != nil {
		return fmt.Errorf("the journal cannot be written, so nothing is done: %w", err)
	}
	return nil
}

// settled closes the journal of a run, unless something is left on the host.
func (o *observation) settled() {
	if o.runner.Journal == nil || !o.touched {
		return
	}
	for _, c := range o.evidence.Checks {
		if c.Link == LinkCleanedUp && !c.Holds {
			return
		}
	}
	if err := o.runner.Journal.Settled(o.evidence.Run); err != nil {
		o.evidence.Checks = append(o.evidence.Checks, CheckResult{LinkCleanedUp, "the journal of the run is closed", false, err.Error()})
	}
}

// Settle undoes what a run that was killed has left on a host. Attacked says whether the test may have been started: the
// cleanup of a test that was not would remove what was there before. The results are the checks that were made; the error
// is that of the connection.
func (d *Debt) Settle(ctx context.Context, t Target, attacked bool) ([]CheckResult, error) {
	var results []CheckResult
	if attacked && d.Cleanup != nil {
		if _, err := d.execute(ctx, t, Cleanup, *d.Cleanup, false); err != nil {
			return nil, fmt.Errorf("cleanup of %s: %w", d.Scenario, err)
		}
	}
	for _, c := range d.Checks {
		e, err := d.execute(ctx, t, Harness, c.Undo, true)
		if err != nil {
			return results, fmt.Errorf("%s: %w", c.Description, err)
		}
		r := CheckResult{Link: LinkCleanedUp, Description: c.Description, Holds: e.ExitCode == 0 && !e.TimedOut}
		if !r.Holds {
			r.Saw = fmt.Sprintf("exit status %d%s", e.ExitCode, said(e))
		}
		results = append(results, r)
	}
	if err := t.Sweep(ctx, d.Dir); err != nil {
		return results, fmt.Errorf("removing %%TEMP%%\\%s: %w", d.Dir, err)
	}
	return append(results, CheckResult{Link: LinkCleanedUp, Description: "geiger's working directory is gone", Holds: true}), nil
}

func (d *Debt) execute(ctx context.Context, t Target, p Phase, u Undo, check bool) (Execution, error) {
	file, arguments, err := atomics.CommandLine(u.Executor, u.Script, check)
	if err != nil {
		return Execution{}, err
	}
	return t.Execute(ctx, Command{Phase: p, File: file, Arguments: arguments, Dir: WorkDir(d.Run, p), Timeout: stepTimeout})
}
