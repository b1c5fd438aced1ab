package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/doctor"
	"github.com/seed-67b27da2/geiger/harness/report"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

type doctorOptions struct {
	inventory string
	format    string
	seed      uint64
	fix       bool
	undo      string
}

func newDoctor(env *Environment) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor [TARGET]...",
		Short: "Say whether a machine can be used, and what to do where it cannot",
		Long: `Say whether a machine can be used, and what to do where it cannot.

For each point it prints what was seen and, where the point does not hold, the command that mends it: for an elevated
PowerShell on the machine, or for its entry in the inventory. What could not be seen is unknown (??).
Without a TARGET it examines every machine of the inventory; without an inventory, the embedded lab.

Nothing is changed, unless with --fix: that turns on event channels, the audit of successes, and script block logging, on
one machine. Each command is printed before it is run, and what takes it back is written first to the file of --undo: a
PowerShell script for that machine.
Exit status: 0 all can be used, 2 one cannot, 3 the command or its input is wrong.`,
		Example: "  geiger doctor iis01 --inventory lab.yaml\n  geiger doctor iis01 --inventory lab.yaml --fix --undo iis01-undo.ps1",
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), env, args) },
	}
	c.Flags().StringVar(&o.inventory, "inventory", "", "`file` that lists the lab machines")
	c.Flags().StringVar(&o.format, "format", "text", "output: text or json")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "of the embedded lab: equal seeds give equal hosts")
	c.Flags().BoolVar(&o.fix, "fix", false, "apply what is safe and can be taken back; needs --undo")
	c.Flags().StringVar(&o.undo, "undo", "", "new `file` for the commands that take back what --fix does")
	return c
}

// patient is a target that can be examined.
type patient interface {
	harness.Target
	Probe(ctx context.Context) doctor.Connection
	Survey(ctx context.Context, channels []string) (*doctor.Host, error)
}

// examination is what the doctor says of one machine.
type examination struct {
	Target    string           `json:"target"`
	Address   string           `json:"address"`
	Simulated bool             `json:"simulated"`
	Usable    bool             `json:"usable"`
	Findings  []doctor.Finding `json:"findings"`
}

func (o *doctorOptions) run(ctx context.Context, env *Environment, names []string) error {
	if err := checkFormat(o.format, "text", "json"); err != nil {
		return err
	}
	if o.fix != (o.undo != "") {
		return errFixAndUndo
	}
	targets, users, err := o.open(ctx, env, names)
	if err != nil {
		return err
	}
	defer targets.close()
	if o.fix && len(targets) > 1 {
		return errFixOne
	}
	var all []examination
	for i, m := range targets {
		e, err := o.examine(ctx, env, m, users[i])
		if err != nil {
			return err
		}
		all = append(all, e)
		if o.format == "text" {
			writeExamination(env.Stdout, &e, report.Palette{Colour: env.Colour})
		}
	}
	if o.format == "json" {
		out := json.NewEncoder(env.Stdout)
		out.SetEscapeHTML(false)
		if err := out.Encode(map[string]any{"targets": all}); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(all, func(e examination) bool { return !e.Usable }) {
		return exitError(harness.ExitInconclusive)
	}
	return nil
}

var errDoctorWithoutInventory = errors.New("a TARGET needs --inventory: the file that declares your lab machines")

// examine examines a machine, with --fix also after having fixed it.
func (o *doctorOptions) examine(ctx context.Context, env *Environment, m *machine, user string) (examination, error) {
	e, err := m.examine(ctx, user)
	safe := doctor.Safe(e.Findings)
	if err != nil || !o.fix || len(safe) == 0 {
		return e, err
	}
	if err := o.apply(ctx, env, m, safe); err != nil {
		return e, err
	}
	return m.examine(ctx, user)
}

// open opens the machines, and says whom each logs on as.
func (o *doctorOptions) open(ctx context.Context, env *Environment, names []string) (machines, []string, error) {
	if o.inventory == "" {
		if len(names) > 0 {
			return nil, nil, errDoctorWithoutInventory
		}
		m, err := embeddedLab(ctx, env, o.seed)
		return machines{m}, []string{""}, err
	}
	declared, err := readInventory(o.inventory, names)
	if err != nil {
		return nil, nil, err
	}
	var all machines
	var users []string
	for i := range declared {
		m, err := declared[i].open(env, filepath.Dir(o.inventory))
		if err != nil {
			all.close()
			return nil, nil, err
		}
		all, users = append(all, m), append(users, declared[i].User)
	}
	return all, users, nil
}

// examine looks at a machine from outside and, if that is safe, from inside: no password goes to one that cannot be
// trusted.
func (m *machine) examine(ctx context.Context, user string) (examination, error) {
	p, ok := m.target.(patient)
	if !ok {
		return examination{}, fmt.Errorf("target %q cannot be examined", m.target.Name())
	}
	facts := doctor.Facts{Computer: m.computer, User: user, Connection: p.Probe(ctx)}
	if c := &facts.Connection; c.Dial == nil && c.TLS == nil && c.Distrust == nil {
		facts.Host, facts.Logon = p.Survey(ctx, doctor.Channels())
		facts.LogonKind = winrm.LogonKind(facts.Logon)
	}
	if ctx.Err() != nil {
		return examination{}, ctx.Err()
	}
	findings := doctor.Examine(&facts)
	simulated := m.simulated || facts.Host != nil && facts.Host.Simulated
	return examination{p.Name(), facts.Connection.Address, simulated, doctor.Usable(findings), findings}, nil
}

// writeExamination prints the page of one machine.
func writeExamination(w io.Writer, e *examination, p report.Palette) {
	title := e.Target + "  " + e.Address
	if e.Simulated {
		title += "  (simulated)"
	}
	width := 0
	for i := range e.Findings {
		width = max(width, len(e.Findings[i].ID))
	}
	fmt.Fprintf(w, "%s\n\n", report.OneLine(title))
	for i := range e.Findings {
		writeFinding(w, &e.Findings[i], width, p)
	}
	fmt.Fprintf(w, "\n%s\n", summary(e, p))
}

func writeFinding(w io.Writer, f *doctor.Finding, width int, p report.Palette) {
	fmt.Fprintf(w, "%s  %-*s  %s\n", findingMark(f, p), width, f.ID, report.OneLine(f.Saw))
	note := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "%*s%s %s\n", width+8, "", p.Faint(label), report.OneLine(text))
		}
	}
	if f.State == doctor.Holds {
		return
	}
	note(map[doctor.Place]string{doctor.OnMachine: "run on it:   ", doctor.InInventory: "in its entry:"}[f.Where], f.Fix)
	if f.State == doctor.Broken {
		note("without:     ", f.Without)
	}
}

// findingMark is the state of a point: one that geiger can do without is no failure.
func findingMark(f *doctor.Finding, p report.Palette) string {
	switch {
	case f.State == doctor.Holds:
		return p.Paint(harness.Pass, "ok  ")
	case f.State == doctor.Unknown:
		return p.Paint(harness.Inconclusive, "??  ")
	case f.Required:
		return p.Paint(harness.Fail, "FAIL")
	}
	return p.Paint(harness.Inconclusive, "warn")
}

// summary is the last line of a page.
func summary(e *examination, p report.Palette) string {
	count := map[doctor.State]int{}
	var missing []string
	for i := range e.Findings {
		f := &e.Findings[i]
		count[f.State]++
		if f.Required && f.State != doctor.Holds {
			missing = append(missing, f.ID)
		}
	}
	verdict := p.Paint(harness.Pass, "usable")
	if !e.Usable {
		verdict = p.Paint(harness.Fail, "not usable") + " for want of " + strings.Join(missing, ", ")
	}
	return fmt.Sprintf("%s: %d points hold, %d do not, %d are unknown", verdict, count[doctor.Holds], count[doctor.Broken], count[doctor.Unknown])
}
