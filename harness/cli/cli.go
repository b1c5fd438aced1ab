// Package cli is the command line of geiger. Run is all of it: the arguments and the three streams come in, the exit
// status goes out, so that a test drives it like a terminal does.
//
// What people asked for goes to standard output, everything else to standard error. Exit status: 0 all pass, 1 some
// fail, 2 none fails but some are inconclusive, 3 the command or its input is wrong.
package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seed-67b27da2/geiger/harness"
)

// Environment is what the command line takes from the process it runs in.
type Environment struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Clock          harness.Clock // of real targets and of everything that is not the lab
	Random         io.Reader
	Terminal       bool // Stdout is a terminal, on which a line can be rewritten
	Colour         bool // and which shows colours
	Version        string
	// StateDir is where journals are kept; "" keeps none.
	StateDir string
	// Journal, if set, stands between a run and its journal.
	Journal func(harness.Journal) harness.Journal
}

// Main runs the command line in the real environment and returns the exit status. The first interrupt cancels the
// command, which then cleans up; the second ends the process.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	// A reader that goes away (`geiger run | head`) must not end the process in the middle of a host: without this, the
	// runtime does so; with it, the write fails and the command ends in order.
	signal.Ignore(syscall.SIGPIPE)
	terminal := term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("TERM") != "dumb" //nolint:gosec // a file descriptor fits
	return Run(ctx, args, Environment{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Clock:    wallClock{},
		Random:   rand.Reader,
		Terminal: terminal,
		Colour:   terminal && os.Getenv("NO_COLOR") == "",
		Version:  version(),
		StateDir: stateDir(),
	})
}

// stateDir is the user's own folder for what geiger must not forget. GEIGER_STATE names another.
func stateDir() string {
	if dir := os.Getenv("GEIGER_STATE"); dir != "" {
		return dir
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "geiger")
	}
	return filepath.Join(config, "geiger")
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// exitError carries the exit status of a command that has already said why.
type exitError int

// Error implements error.
func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Run executes one command line.
func Run(ctx context.Context, args []string, env Environment) int {
	root := newRoot(&env)
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	var status exitError
	switch {
	case err == nil:
		return harness.ExitPass
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, syscall.EPIPE):
		return harness.ExitInconclusive // nobody reads any more
	case ctx.Err() != nil:
		fmt.Fprintf(env.Stderr, "geiger: interrupted\n")
		return harness.ExitInconclusive
	}
	fmt.Fprintf(env.Stderr, "geiger: %v\n", err)
	return harness.ExitUsage
}

func newRoot(env *Environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "geiger",
		Short: "Set off atomic tests on a lab host, and prove that detections fire exactly where they should",
		Long: `geiger runs harmless atomic tests on a lab host over WinRM, collects the telemetry they leave, turns it into the
tables of Microsoft Defender, runs the production KQL rules on them as they stand, and says for each scenario whether
the rules fired exactly where they should and nowhere else.

With no target it brings its own: a simulated Windows host with IIS, behind a real WinRM server on 127.0.0.1.

Exit status: 0 all pass, 1 some fail, 2 none fails but some are inconclusive, 3 the command or its input is wrong.
` + "`geiger --version`" + ` prints the version.`,
		Version:               env.Version,
		DisableFlagsInUseLine: true,
		SilenceErrors:         true,
		SilenceUsage:          true,
		CompletionOptions:     cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:                  noSuchCommand,
		RunE:                  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(newRun(env), newReplay(env), newCheck(env), newLint(env), newQuery(env), newExplain(env), newDiff(env), newImport(env), newSweep(env), newDoctor(env), newLab(env))
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Hidden = true
	for _, c := range append(root.Commands(), root) {
		c.InitDefaultHelpFlag()
		c.Flags().Lookup("help").Hidden = true // everyone tries it; the list is for what is particular
	}
	return root
}

func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say more about a command",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return root.Help()
			}
			for _, c := range root.Commands() {
				if c.Name() == args[0] {
					return c.Help()
				}
			}
			return noSuchCommand(root, args)
		},
	}
}

// atLeastOne demands an argument, and says which.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return errors.New(what)
		}
		return nil
	}
}

func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("no command %q", args[0])
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("%s; did you mean %q?", text, near[0])
	}
	return errors.New(text + "; `geiger help` lists the commands")
}

// checkFormat checks a --format flag.
func checkFormat(got string, allowed ...string) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return fmt.Errorf("--format %q: use one of %v", got, allowed)
}
