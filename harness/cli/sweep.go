package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/journal"
	"github.com/seed-67b27da2/geiger/harness/report"
)

type sweepOptions struct {
	inventory string
	list      bool
	force     bool
}

func newSweep(env *Environment) *cobra.Command {
	var o sweepOptions
	c := &cobra.Command{
		Use:   "sweep [TARGET]...",
		Short: "Finish the cleanups that a killed run left",
		Long: `Finish the cleanups that a killed run left.

Before geiger does anything on a machine of an inventory, it writes into a journal what will have to be undone. If the run
is killed, this command reads the journal, runs the cleanup of the test if the test may have been started, checks what the
scenario demands of it, and removes geiger's working directories. Without a TARGET it does so for all of them.
Exit status: 0 nothing is left, 1 something is and is named, 2 a host could not be reached, 3 the command or its input is wrong.`,
		Example: "  geiger sweep --list\n  geiger sweep iis01",
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	c.Flags().StringVar(&o.inventory, "inventory", "", "`file` that lists the lab machines, if it is no longer where the run found it")
	c.Flags().BoolVar(&o.list, "list", false, "only show what is left to do")
	c.Flags().BoolVar(&o.force, "force", false, "also what a geiger that is still running may be working on")
	return c
}

// journals is the folder of the user's journals.
func journals(env *Environment) *journal.Folder {
	return &journal.Folder{Dir: filepath.Join(env.StateDir, "journal"), Process: os.Getpid(), Now: env.Clock.Now}
}

func (o *sweepOptions) run(ctx context.Context, env *Environment, targets []string) error {
	var all []journal.Entry
	var fault error
	if env.StateDir != "" {
		all, fault = journals(env).Unsettled()
	}
	entries := slices.DeleteFunc(slices.Clone(all), func(e journal.Entry) bool {
		return len(targets) > 0 && !slices.Contains(targets, e.Target)
	})
	if len(entries) == 0 && fault == nil {
		fmt.Fprintln(env.Stdout, "nothing to sweep")
		return nil
	}
	status := 0
	for i := range entries {
		status = worse(status, o.one(ctx, env, &entries[i]))
	}
	if fault != nil {
		return fault
	}
	if status != 0 {
		return exitError(status)
	}
	return nil
}

// worse puts residue before a host that was not reached, as verdicts do.
func worse(a, b int) int {
	if a == harness.ExitFail || b == harness.ExitFail {
		return harness.ExitFail
	}
	return max(a, b)
}

// one works off one journal, and says what came of it.
func (o *sweepOptions) one(ctx context.Context, env *Environment, e *journal.Entry) int {
	name := fmt.Sprintf("%s  %s (run %s of %s)", e.Target, e.Scenario, e.Run, e.Began.Format("2006-01-02 15:04:05"))
	switch {
	case o.list:
		fmt.Fprintf(env.Stdout, "left   %s: %s\n", report.OneLine(name), owed(e))
		return 0
	case !o.force && e.Process != os.Getpid() && running(e.Process):
		fmt.Fprintf(env.Stdout, "??     %s: process %d may still be at work; wait for it, or use --force\n", report.OneLine(name), e.Process)
		return harness.ExitInconclusive
	}
	results, err := o.settle(ctx, env, e)
	var left, held []string
	for _, r := range results {
		if r.Holds {
			held = append(held, r.Description)
		} else {
			left = append(left, strings.TrimSpace(r.Description+": does not hold ("+r.Saw+")"))
		}
	}
	switch {
	case len(left) > 0:
		fmt.Fprintf(env.Stdout, "FAIL   %s: %s\n", report.OneLine(name), report.OneLine(strings.Join(left, "; ")))
		return harness.ExitFail
	case err != nil:
		fmt.Fprintf(env.Stdout, "??     %s: %s\n", report.OneLine(name), report.OneLine(err.Error()))
		return harness.ExitInconclusive
	}
	fmt.Fprintf(env.Stdout, "swept  %s: %s\n", report.OneLine(name), report.OneLine(strings.Join(held, "; ")))
	return 0
}

// owed says what is left to do.
func owed(e *journal.Entry) string {
	if e.Attacked() && e.Cleanup != nil {
		return "the cleanup of the test, and geiger's working directories"
	}
	return "geiger's working directories"
}

// settle undoes on the host what the journal says, and closes it if nothing is left.
func (o *sweepOptions) settle(ctx context.Context, env *Environment, e *journal.Entry) ([]harness.CheckResult, error) {
	inventory := o.inventory
	if inventory == "" {
		inventory = e.Inventory
	}
	declared, err := readInventory(inventory, []string{e.Target})
	if err != nil {
		return nil, err
	}
	m, err := declared[0].open(env, filepath.Dir(inventory))
	if err != nil {
		return nil, err
	}
	defer m.stop() //nolint:errcheck // what cannot be closed any more is gone already
	facts, err := m.target.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	if m.computer != "" && !strings.EqualFold(m.computer, facts.Name) {
		return nil, fmt.Errorf("the machine at this address calls itself %q, the inventory says %q; it was not touched", facts.Name, m.computer)
	}
	results, err := e.Settle(ctx, m.target, e.Attacked())
	if err != nil || slices.ContainsFunc(results, func(r harness.CheckResult) bool { return !r.Holds }) {
		return results, err
	}
	return results, errors.Join(e.Remove())
}
