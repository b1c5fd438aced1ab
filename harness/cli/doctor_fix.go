package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/doctor"
	"github.com/seed-67b27da2/geiger/harness/report"
)

var (
	errFixAndUndo = errors.New("--fix and --undo go together: --undo names a new file for the commands that take back what --fix does")
	errFixOne     = errors.New("--fix is for one machine at a time; name it")
)

// fixBudget is what one command may take.
const fixBudget = time.Minute

// doctorRun is the name of the working directory on the machine.
const doctorRun = "doctor"

// apply runs the fixes. What takes each back is on disk before it is run, so that nothing that is interrupted stays
// changed without a record.
func (o *doctorOptions) apply(ctx context.Context, env *Environment, m *machine, safe []doctor.Finding) (err error) {
	undo, err := os.OpenFile(o.undo, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.sweepFixes(ctx), undo.Close()) }()
	shown := env.Stdout
	if o.format != "text" {
		shown = env.Stderr
	}
	for i := range safe {
		if err := m.mend(ctx, shown, undo, &safe[i]); err != nil {
			return fmt.Errorf("%s: %w", safe[i].ID, err)
		}
	}
	fmt.Fprintf(shown, "fix  %s takes this back on the machine\n\n", report.OneLine(o.undo))
	return nil
}

// sweepFixes removes the working directory, also when the fixes were interrupted.
func (m *machine) sweepFixes(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeBudget)
	defer cancel()
	return m.target.Sweep(ctx, harness.RunDir(doctorRun))
}

// mend applies one fix.
func (m *machine) mend(ctx context.Context, shown io.Writer, undo *os.File, f *doctor.Finding) error {
	fmt.Fprintf(shown, "fix  %s: %s\n", f.ID, report.OneLine(f.Fix))
	if _, err := fmt.Fprintf(undo, "# %s: %s\r\n%s\r\n", m.target.Name(), f.ID, f.Undo); err != nil {
		return err
	}
	if err := undo.Sync(); err != nil {
		return err
	}
	file, arguments, err := atomics.CommandLine(atomics.PowerShell, f.Fix, false)
	if err != nil {
		return err
	}
	e, err := m.target.Execute(ctx, harness.Command{
		Phase: harness.Harness, File: file, Arguments: arguments, Dir: harness.WorkDir(doctorRun, harness.Harness), Timeout: fixBudget,
	})
	if err != nil {
		return err
	}
	if e.ExitCode != 0 {
		return fmt.Errorf("exit status %d: %s", e.ExitCode, strings.Join(strings.Fields(e.Stderr+" "+e.Stdout), " "))
	}
	return nil
}
