package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// Channels are the event channels that a run reads. The last one is how the embedded lab says what it cannot do; a
// real host has no such channel.
var channels = [...]string{
	telemetry.ChannelSysmon, telemetry.ChannelSecurity, telemetry.ChannelPowerShell,
	telemetry.ChannelIISConfiguration, telemetry.ChannelApplication, channelLab,
}

// channelLab carries the lab's records of what it does not support.
const channelLab = "Geiger-Lab/Operational"

// stepTimeout is what Invoke-AtomicRedTeam gives each prerequisite, test and cleanup.
const stepTimeout = 120 * time.Second

// undoTimeout bounds the work on a host after the run's context has ended, on top of what the cleanup itself may take.
const undoTimeout = 60 * time.Second

// Runner takes scenarios to targets.
type Runner struct {
	Clock Clock
	// Run names the run on the host; it must be new for every call and hold only letters, digits and hyphens.
	Run func() string
	// Computer, if set, is what the machine must call itself. Another one is not touched: an address can come to mean a
	// machine that nobody declared to be a lab.
	Computer string
	// Journal, if set, knows of everything before it is done on a host.
	Journal Journal
	// Progress, if set, is told of each link as it begins.
	Progress func(scenario string, link LinkName)
}

// Observe carries out a scenario on a target and returns what came of it. It cleans up whatever happens, also when the
// context ends. What goes wrong on the way is part of the evidence (Evidence.Fault), not an error: an error is returned
// only when the context ended, and then the evidence is what there is so far.
func (r *Runner) Observe(ctx context.Context, t Target, s *Scenario) (*Evidence, error) {
	o := &observation{
		runner: r, target: t, scenario: s,
		evidence: &Evidence{Run: r.Run(), Scenario: s.Name, Target: t.Name()},
	}
	o.observe(ctx)
	if err := ctx.Err(); err != nil {
		o.interrupted()
		return o.evidence, fmt.Errorf("scenario %s on %s: %w", s.Name, t.Name(), context.Cause(ctx))
	}
	return o.evidence, nil
}

// interrupted says what really stopped the run: whatever failed when its context ended is a consequence.
func (o *observation) interrupted() {
	link := LinkRecorded
	for _, c := range o.evidence.Checks {
		if c.Link == LinkTookEffect && !c.Holds {
			link = LinkTookEffect
		}
	}
	if f := o.evidence.Fault; f != nil {
		link = f.Link
	}
	o.evidence.Fault = &Fault{link, Interrupted, "the run was interrupted; " + o.left()}
}

// left says how an interrupted run left the host.
func (o *observation) left() string {
	if !o.touched {
		return "the host was not touched"
	}
	for _, c := range o.evidence.Checks {
		if c.Link == LinkCleanedUp && !c.Holds {
			return "the host could not be cleaned up"
		}
	}
	return "the host was cleaned up"
}

// observation is one scenario on its way through one target.
type observation struct {
	runner    *Runner
	target    Target
	scenario  *Scenario
	evidence  *Evidence
	bookmarks []Bookmark
	attack    *Execution
	touched   bool // a working directory may exist on the host
	undo      bool // the test may have changed something
}

func (o *observation) observe(ctx context.Context) {
	if !o.timed(LinkReached, func() bool { return o.reach(ctx) }) {
		return
	}
	defer o.settled()
	defer o.sweep(ctx)
	if o.timed(LinkPrepared, func() bool { return o.prepare(ctx) }) {
		if o.sight(ctx) && o.timed(LinkExecuted, func() bool { return o.execute(ctx) }) {
			o.timed(LinkTookEffect, func() bool { return o.check(ctx, LinkTookEffect, o.scenario.Effect) })
		}
	}
	// A test that was not started has nothing to undo: its cleanup would remove what was there before.
	if o.undo {
		o.timed(LinkCleanedUp, func() bool { return o.cleanUp(ctx) })
	}
	o.timed(LinkRecorded, func() bool { return o.collect(ctx) })
}

// timed runs one link and notes how long it took.
func (o *observation) timed(link LinkName, step func() bool) bool {
	if o.runner.Progress != nil {
		o.runner.Progress(o.scenario.Name, link)
	}
	start := o.runner.Clock.Now()
	ok := step()
	o.evidence.Timings = append(o.evidence.Timings, Timing{link, o.runner.Clock.Now().Sub(start)})
	return ok
}

// fault notes what kept the run from going on. The first fault is the cause of the others.
func (o *observation) fault(link LinkName, reason Reason, format string, arguments ...any) bool {
	if o.evidence.Fault == nil {
		o.evidence.Fault = &Fault{link, reason, fmt.Sprintf(format, arguments...)}
	}
	return false
}

func (o *observation) reach(ctx context.Context) bool {
	facts, err := o.target.Inspect(ctx)
	if err != nil {
		return o.fault(LinkReached, NotReached, "%v", err)
	}
	o.evidence.Host = facts
	if want := o.runner.Computer; want != "" && !strings.EqualFold(want, facts.Name) {
		return o.fault(LinkReached, NotReached, "the machine at this address calls itself %q, the inventory says %q; it was not touched: "+
			"correct the address, or the computer's name in the inventory", facts.Name, want)
	}
	o.evidence.Started = o.hostTime()
	o.evidence.Ended = o.evidence.Started
	if o.bookmarks, err = o.target.Bookmark(ctx, channels[:]); err != nil {
		return o.fault(LinkReached, NotReached, "bookmarks of the event channels: %v", err)
	}
	for _, b := range o.bookmarks {
		o.evidence.Channels = append(o.evidence.Channels, ChannelReading{Channel: b.Channel, State: b.State, After: b.After, Last: b.After})
	}
	return true
}

// hostTime is the host's clock as far as it is known: ours, corrected by the skew seen at the inspection.
func (o *observation) hostTime() time.Time {
	return o.runner.Clock.Now().Add(o.evidence.Host.ClockSkew).UTC()
}

func (o *observation) prepare(ctx context.Context) bool {
	if !o.scenario.Runs(Prerequisite) {
		return true
	}
	t := o.scenario.Test
	if t.Executor.ElevationRequired && !o.evidence.Host.Elevated {
		return o.fault(LinkPrepared, NotPrepared, "the test needs elevation and %s is not elevated on %s; "+
			"use the built-in Administrator or a domain administrator, or set LocalAccountTokenFilterPolicy to 1", o.evidence.Host.User, o.evidence.Host.Name)
	}
	for _, d := range t.Dependencies {
		if !o.dependency(ctx, t.DependencyExecutor(), d) {
			return false
		}
	}
	return true
}

// dependency checks one dependency, tries once to provide it, and checks again.
func (o *observation) dependency(ctx context.Context, executor atomics.ExecutorName, d atomics.Dependency) bool {
	met, err := o.prerequisite(ctx, executor, d.PrereqCommand)
	if err == nil && met.ExitCode != 0 && d.GetPrereqCommand != "" {
		if _, err = o.run(ctx, Prerequisite, executor, d.GetPrereqCommand, false); err == nil {
			met, err = o.prerequisite(ctx, executor, d.PrereqCommand)
		}
	}
	name := firstLine(d.Description)
	switch {
	case err != nil:
		return o.fault(LinkPrepared, NotPrepared, "%s: %v", name, err)
	case met.TimedOut:
		return o.fault(LinkPrepared, NotPrepared, "%s: the check did not end within %v", name, stepTimeout)
	case met.ExitCode != 0:
		return o.fault(LinkPrepared, NotPrepared, "%s: not met (exit status %d)%s", name, met.ExitCode, said(met))
	}
	return true
}

func (o *observation) prerequisite(ctx context.Context, executor atomics.ExecutorName, script string) (Execution, error) {
	return o.run(ctx, Prerequisite, executor, script, true)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// said quotes what a command printed, errors first, for a message.
func said(e Execution) string {
	for _, text := range [...]string{e.Stderr, e.Stdout} {
		if line := firstLine(text); line != "" {
			return ": " + line
		}
	}
	return ""
}

// run executes a script of the scenario's test and keeps the execution as evidence.
func (o *observation) run(ctx context.Context, p Phase, executor atomics.ExecutorName, script string, prerequisite bool) (Execution, error) {
	file, arguments, err := atomics.CommandLine(executor, script, prerequisite)
	if err != nil {
		return Execution{}, err
	}
	e, err := o.command(ctx, Command{
		Phase: p, File: file, Arguments: arguments, Dir: WorkDir(o.evidence.Run, p), Timeout: stepTimeout,
	})
	if err != nil {
		return Execution{}, err
	}
	o.evidence.Executions = append(o.evidence.Executions, e)
	return e, nil
}

// command executes a command that the journal knows of.
func (o *observation) command(ctx context.Context, c Command) (Execution, error) {
	if err := o.note(c.Phase); err != nil {
		return Execution{}, err
	}
	o.touched = true
	return o.target.Execute(ctx, c)
}

func (o *observation) execute(ctx context.Context) bool {
	o.undo = true
	if !o.scenario.Runs(Attack) {
		return o.watch(ctx)
	}
	t := o.scenario.Test
	e, err := o.run(ctx, Attack, t.Executor.Name, t.Executor.Command, false)
	switch {
	case err != nil:
		return o.fault(LinkExecuted, NotExecuted, "%v", err)
	case e.TimedOut:
		return o.fault(LinkExecuted, NotExecuted, "the test did not end within %v and was stopped", stepTimeout)
	case e.ExitCode != 0 && len(o.scenario.Effect) == 0:
		return o.fault(LinkExecuted, NotExecuted, "exit status %d%s", e.ExitCode, said(e))
	}
	o.attack = &e
	return o.watch(ctx)
}

// watch lets the window of the scenario pass.
func (o *observation) watch(ctx context.Context) bool {
	if o.scenario.Window <= 0 {
		return true
	}
	if err := o.runner.Clock.Sleep(ctx, o.scenario.Window); err != nil {
		return o.fault(LinkExecuted, Interrupted, "the window was cut short: %v", err)
	}
	return true
}

// check asks the host; its questions are geiger's own activity.
func (o *observation) check(ctx context.Context, link LinkName, checks []Check) bool {
	holds := true
	for _, c := range checks {
		result := CheckResult{Link: link, Description: c.Description}
		if c.Output != nil {
			result.Holds, result.Saw = o.printed(c)
		} else {
			e, err := o.run(ctx, Harness, c.Executor, c.Command, true)
			result.Holds = err == nil && e.ExitCode == 0 && !e.TimedOut
			if !result.Holds {
				result.Saw = strings.TrimPrefix(fmt.Sprintf("exit status %d%s", e.ExitCode, said(e)), ": ")
			}
			if err != nil {
				result.Saw = err.Error()
			}
		}
		holds = holds && result.Holds
		o.evidence.Checks = append(o.evidence.Checks, result)
	}
	return holds
}

func (o *observation) printed(c Check) (bool, string) {
	if o.attack == nil {
		return false, "the attack was not run"
	}
	if c.Output.MatchString(o.attack.Stdout) {
		return true, ""
	}
	return false, fmt.Sprintf("exit status %d%s", o.attack.ExitCode, said(*o.attack))
}

// cleanUp undoes the test. It works on a context of its own, because a host must be cleaned up however a run ends.
func (o *observation) cleanUp(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout+undoTimeout)
	defer cancel()
	if o.scenario.Runs(Cleanup) && o.scenario.Test.Executor.CleanupCommand != "" {
		x := o.scenario.Test.Executor
		e, err := o.run(ctx, Cleanup, x.Name, x.CleanupCommand, false)
		if err == nil && e.TimedOut {
			err = fmt.Errorf("it did not end within %v and was stopped", stepTimeout)
		}
		if err != nil {
			o.evidence.Checks = append(o.evidence.Checks, CheckResult{LinkCleanedUp, "the cleanup runs", false, err.Error()})
			return false
		}
	}
	return o.check(ctx, LinkCleanedUp, o.scenario.Cleaned)
}

// sweep removes what geiger itself put on the host.
func (o *observation) sweep(ctx context.Context) {
	if !o.touched {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := o.target.Sweep(ctx, RunDir(o.evidence.Run)); err != nil {
		o.evidence.Checks = append(o.evidence.Checks, CheckResult{LinkCleanedUp, "geiger's working directory is gone", false, err.Error()})
	}
}

func (o *observation) collect(ctx context.Context) bool {
	if err := o.settle(ctx); err != nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return o.fault(LinkRecorded, Interrupted, "collection: %v", err)
		}
		return o.fault(LinkRecorded, NotRecorded, "collection: %v", err)
	}
	telemetry.Sort(o.evidence.Events)
	o.evidence.Ended = o.hostTime()
	return true
}
