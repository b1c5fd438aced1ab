package winrm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/masterzen/winrm"

	"github.com/seed-67b27da2/geiger/harness"
)

var _ harness.Target = (*Target)(nil)

// Target is one Windows host behind WinRM. It is safe for concurrent use: every
// command that runs at the same time has a shell of its own.
type Target struct {
	config    Config
	shells    *shells
	bootstrap string
}

// ScriptError says that one of geiger's own scripts failed on the host.
type ScriptError struct {
	Script   string
	ExitCode int
	Stderr   string
}

func (e *ScriptError) Error() string {
	text := strings.Join(strings.Fields(e.Stderr), " ")
	if text == "" {
		text = "it wrote no message"
	}
	return fmt.Sprintf("script %s failed on the host with exit status %d: %s", e.Script, e.ExitCode, text)
}

// New returns a Target. It checks c, but does not connect.
func New(c Config) (*Target, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	line, err := bootstrapLine()
	if err != nil {
		return nil, err
	}
	s, err := newShells(c)
	if err != nil {
		return nil, err
	}
	return &Target{config: c, shells: s, bootstrap: line}, nil
}

// Name is how the inventory calls the machine.
func (t *Target) Name() string { return t.config.Name }

// Transporter lends the target's sessions to a client of github.com/masterzen/winrm,
// for what geiger itself has no use for. Every request ends when ctx does.
func (t *Target) Transporter(ctx context.Context) winrm.Transporter {
	return boundTransport{t.shells.transport, ctx}
}

// isSimulated reports whether the vendor that the service names in its answer to Identify
// is geiger's own lab.
func isSimulated(vendor string) bool {
	vendor = strings.ToLower(vendor)
	return strings.Contains(vendor, "geiger") || strings.Contains(vendor, "simulated")
}

// identify asks the service what it is (DSP0226 section 11).
func (t *Target) identify(ctx context.Context) (vendor, version string, err error) {
	_, e, err := t.shells.call(ctx, "identify", identifyMessage, repeatable)
	if err != nil {
		return "", "", err
	}
	if e.Body.Identify == nil {
		return "", "", &ProtocolError{What: "answer to identify does not say what the service is"}
	}
	return strings.TrimSpace(e.Body.Identify.Vendor), strings.TrimSpace(e.Body.Identify.Version), nil
}

// inspection is what inspect.ps1 writes.
type inspection struct {
	PID                uint32 `json:"pid"`
	UTC                string `json:"utc"`
	Name               string `json:"name"`
	OS                 string `json:"os"`
	Build              string `json:"build"`
	Temp               string `json:"temp"`
	User               string `json:"user"`
	Elevated           bool   `json:"elevated"`
	PowerShell         string `json:"powershell"`
	Bits               int    `json:"bits"`
	LanguageMode       string `json:"languageMode"`
	Sysmon             string `json:"sysmon"`
	SysmonVersion      string `json:"sysmonVersion"`
	SysmonConfigHash   string `json:"sysmonConfigHash"`
	IIS                string `json:"iis"`
	W3SVC              string `json:"w3svc"`
	WebAdministration  bool   `json:"webAdministration"`
	ScriptBlockLogging bool   `json:"scriptBlockLogging"`
}

// Inspect implements [harness.Target].
func (t *Target) Inspect(ctx context.Context) (harness.HostFacts, error) {
	vendor, version, err := t.identify(ctx)
	if err != nil {
		return harness.HostFacts{}, err
	}
	var i inspection
	arrived, err := t.scriptJSON(ctx, scriptTimeout, "inspect", struct{}{}, &i)
	if err != nil {
		return harness.HostFacts{}, err
	}
	host, err := hostTime(i.UTC)
	if err != nil {
		return harness.HostFacts{}, err
	}
	return harness.HostFacts{
		Name: i.Name, Simulated: isSimulated(vendor),
		Product: strings.TrimSpace(vendor + " " + version),
		OS:      i.OS, Build: i.Build, User: i.User, Elevated: i.Elevated, PowerShell: i.PowerShell, Bits: i.Bits,
		LanguageMode: i.LanguageMode, Temp: i.Temp, IIS: i.IIS, W3SVC: i.W3SVC, WebAdministration: i.WebAdministration,
		Sysmon: i.Sysmon, SysmonVersion: i.SysmonVersion, SysmonConfigHash: i.SysmonConfigHash,
		ScriptBlockLogging: i.ScriptBlockLogging, ProcessID: i.PID,
		ClockSkew: host.Sub(arrived), // the script reads its clock just before it writes
	}, nil
}

// hostTime reads a time as .NET's round-trip format "o" writes it.
func hostTime(text string) (time.Time, error) {
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, &ProtocolError{What: "host gave a time that cannot be read", Err: err}
	}
	return moment.UTC(), nil
}

// launch is what launch.ps1 takes.
type launch struct {
	Dir          string `json:"dir"`
	File         string `json:"file"`
	Arguments    string `json:"arguments"`
	Milliseconds int64  `json:"milliseconds"`
}

// launched is what launch.ps1 writes.
type launched struct {
	PID      uint32 `json:"pid"`
	Launcher uint32 `json:"launcher"`
	Dir      string `json:"dir"`
	Started  string `json:"started"`
	Ended    string `json:"ended"`
	Exit     int    `json:"exit"`
	TimedOut bool   `json:"timedOut"`
	Stdout   []byte `json:"stdout"`
	Stderr   []byte `json:"stderr"`
}

// defaultTimeout is how long a command without a limit of its own may run.
const defaultTimeout = 15 * time.Minute

// launchMargin is what the launcher may need beyond its command: to start, to end a
// command that runs too long, and to wait for its output.
const launchMargin = 2 * time.Minute

// Execute implements [harness.Target]: the command is started by launch.ps1 as
// Invoke-AtomicRedTeam starts it.
func (t *Target) Execute(ctx context.Context, c harness.Command) (harness.Execution, error) {
	if c.File == "" {
		return harness.Execution{}, errors.New("no program to execute")
	}
	dir, err := workingDirectory(c.Dir)
	if err != nil {
		return harness.Execution{}, err
	}
	limit := or(c.Timeout, defaultTimeout)
	var l launched
	argument := launch{dir, c.File, c.Arguments, limit.Milliseconds()}
	if _, err := t.scriptJSON(ctx, limit+launchMargin, "launch", argument, &l); err != nil {
		return harness.Execution{}, err
	}
	started, err := hostTime(l.Started)
	if err != nil {
		return harness.Execution{}, err
	}
	ended, err := hostTime(l.Ended)
	if err != nil {
		return harness.Execution{}, err
	}
	return harness.Execution{
		Phase: c.Phase, File: c.File, Arguments: c.Arguments, Dir: l.Dir,
		ProcessID: l.PID, LauncherID: l.Launcher, Started: started, Ended: ended,
		ExitCode: l.Exit, TimedOut: l.TimedOut,
		Stdout: decodeText(l.Stdout), Stderr: decodeStderr(decodeText(l.Stderr)),
	}, nil
}

// workingDirectory checks that dir stays below %TEMP%: Sweep removes such directories
// with everything in them.
func workingDirectory(dir string) (string, error) {
	clean := strings.ReplaceAll(dir, "/", `\`)
	for part := range strings.SplitSeq(clean, `\`) {
		if part == "" || strings.Trim(part, ". ") == "" || strings.ContainsAny(part, `:*?"<>|`) {
			return "", fmt.Errorf("working directory %q is not a plain path below %%TEMP%%", dir)
		}
	}
	return clean, nil
}

// Sweep implements [harness.Target].
func (t *Target) Sweep(ctx context.Context, dir string) error {
	dir, err := workingDirectory(dir)
	if err != nil {
		return err
	}
	var swept struct {
		Swept string `json:"swept"`
	}
	_, err = t.scriptJSON(ctx, scriptTimeout, "sweep", struct {
		Dir string `json:"dir"`
	}{dir}, &swept)
	return err
}

// Close implements [harness.Target]: it deletes the shells and ends the sessions.
func (t *Target) Close(ctx context.Context) error { return t.shells.shutdown(ctx) }
