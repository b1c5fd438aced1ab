package powershell

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// maxSteps bounds the statements and expressions that one process evaluates, maxCalls its call depth;
// stepsPerMillisecond and
// stepsPerCommand are about how fast Windows PowerShell is.
const (
	maxSteps = 20_000_000
	maxCalls = 200

	stepsPerMillisecond = 500
	stepsPerCommand     = 25

	bytesPerStep = 32 // of text that is built
	itemsPerStep = 8  // of arrays that are built
)

// sink takes the objects that something outputs, one at a time.
type sink func(v any) error

// streams are where a command's output other than success goes; nil means the host.
type streams struct{ err, warning, verbose, debug, information sink }

// interp is the PowerShell of one process.
type interp struct {
	k     *kernel.Kernel
	log   *eventlog.Log
	web   *iis.Server
	p     *kernel.Process
	ctx   context.Context //nolint:containedctx // the lifetime of the process is that of the interpreter
	stdio kernel.Stdio
	stdin *bufio.Reader
	out   *console

	global, scope *scope
	cmdlets       map[string]*cmdlet
	aliases       map[string]string
	short         map[string]string
	statics       map[string]*static
	namespaces    []string
	modules       map[string]bool

	streams  streams
	errors   []*ErrorRecord
	ok       bool
	lastExit any
	location string // current path with its drive
	source   *syntax.Source
	span     syntax.Span // of the command that runs
	tries    int
	steps    int
	tick     int // step at which the clock moves next
	calls    int
	rand     *host.Rand
	held     chan struct{} // not nil while time waits for this script, see waitProcess
	released chan struct{} // closed when time has stopped waiting

	begin     func() // lets the children begin that wait for their turn
	beginning <-chan struct{}
	started   []*kernel.Process // that nobody waits for, in windows of their own
}

func newInterp(ctx context.Context, k *kernel.Kernel, log *eventlog.Log, web *iis.Server, p *kernel.Process, stdio kernel.Stdio) *interp {
	in := &interp{
		k: k, log: log, web: web, p: p, ctx: ctx, stdio: stdio, stdin: bufio.NewReader(stdio.In), global: newScope(nil),
		cmdlets: map[string]*cmdlet{}, aliases: aliases(), short: accelerators(), statics: map[string]*static{}, modules: map[string]bool{},
		ok: true, tick: stepsPerMillisecond, location: p.Dir, rand: k.Host().Rand.Stream(fmt.Sprint("powershell ", p.PID, p.Key)),
	}
	in.out = &console{in: in, w: stdio.Out, width: consoleWidth}
	in.scope = in.global
	for _, c := range commandTable() {
		in.cmdlets[strings.ToLower(c.name)] = c
	}
	for _, s := range staticTable() {
		in.statics[strings.ToLower(s.name)] = s
	}
	in.preset()
	return in
}

// preset fills the variables that exist at the start.
func (in *interp) preset() {
	profile := in.p.Env.Get("USERPROFILE")
	version := newHash(hashtable)
	version.set("PSVersion", Version{[]int{5, 1, 20348, 2849}})
	version.set("PSEdition", "Desktop")
	version.set("PSCompatibleVersions", newArray(Version{[]int{1, 0}}, Version{[]int{2, 0}}, Version{[]int{3, 0}}, Version{[]int{4, 0}}, Version{[]int{5, 0}}, Version{[]int{5, 1, 20348, 2849}}))
	version.set("BuildVersion", Version{[]int{10, 0, 20348, 2849}})
	version.set("CLRVersion", Version{[]int{4, 0, 30319, 42000}})
	version.set("WSManStackVersion", Version{[]int{3, 0}})
	version.set("PSRemotingProtocolVersion", Version{[]int{2, 3}})
	version.set("SerializationVersion", Version{[]int{1, 1, 0, 1}})
	for name, v := range map[string]any{
		"true": true, "false": false, "null": nil, "PSHOME": host.Parent(in.p.Image), "HOME": profile,
		"PID": int32(in.p.PID), "PSVersionTable": version, "ShellId": "Microsoft.PowerShell", //nolint:gosec // pids are small
		"ExecutionContext": newObject(executionContext(), nil), "Host": newObject(hostClass(), nil), "PSCulture": "en-US", "PSUICulture": "en-US",
	} {
		in.global.vars[strings.ToLower(name)] = &variable{name: name, value: v, constant: true}
	}
	for name, v := range map[string]any{
		"ErrorActionPreference": "Continue", "ProgressPreference": "Continue", "WarningPreference": "Continue",
		"VerbosePreference": "SilentlyContinue", "DebugPreference": "SilentlyContinue", "InformationPreference": "SilentlyContinue",
		"ConfirmPreference": "High", "WhatIfPreference": false, "OFS": " ", "args": newArray(), "input": newArray(), "PSScriptRoot": "", "PSCommandPath": "",
		"MaximumHistoryCount": int32(4096), "OutputEncoding": encodingObject("us-ascii"), "profile": host.Join(profile, `Documents\WindowsPowerShell\Microsoft.PowerShell_profile.ps1`),
	} {
		in.global.set(name, v)
	}
}

// unsupported records something that Windows has and the simulation lacks.
func (in *interp) unsupported(kind, name, detail string) {
	if in != nil {
		in.k.Unsupported(in.p, kind, name, detail)
	}
}

// step counts work and ends scripts that run for too long or whose process was ended.
func (in *interp) step() error { return in.work(1) }

// work counts steps of work and lets the time pass that they take, so that a loop which waits for a time ends.
func (in *interp) work(steps int) error {
	in.steps += steps
	if in.steps > maxSteps {
		return errSteps
	}
	if in.steps >= in.tick {
		in.tick = in.steps + stepsPerMillisecond
		in.yield()
		in.k.Host().Clock.Advance(time.Millisecond)
		return in.ctx.Err()
	}
	return nil
}

// compile parses a text into a script block and logs it as the engine does for each text it compiles.
func (in *interp) compile(text, path string) (*ScriptBlock, error) {
	src := &syntax.Source{Name: path, Text: text}
	ast, err := syntax.Parse(src)
	if err != nil {
		return nil, parseError(err)
	}
	in.logScript(text, path)
	return &ScriptBlock{ast: ast}, nil
}

// logScript publishes the compilation of a script block.
func (in *interp) logScript(text, path string) {
	id := host.GUID{Data1: uint32(in.rand.Uint64()), Data2: uint16(in.rand.Uint64()), Data3: uint16(in.rand.Uint64())&0x0fff | 0x4000} //nolint:gosec // random bits
	for i := range id.Data4 {
		id.Data4[i] = byte(in.rand.IntN(256))
	}
	id.Data4[0] = id.Data4[0]&0x3f | 0x80
	in.k.Publish(kernel.ScriptBlock{By: in.k.By(in.p), ID: id, Text: text, Path: path})
}

func parseError(err error) error {
	se, ok := err.(*syntax.Error) //nolint:errorlint // Parse returns nothing else
	if !ok {
		return err
	}
	r := newError("System.Management.Automation.ParentContainsErrorRecordException", se.ID, "ParserError", "%s", se.Message)
	r.endsScript = true
	return r.at(se.Source, se.Span)
}

// preference reads an action preference such as ErrorActionPreference.
func (in *interp) preference(name string) string {
	v, _ := in.variable("", name)
	return strings.ToLower(in.str(v))
}

// writeError reports a non-terminating error: it is kept in $Error and shown, or becomes terminating with Stop.
func (in *interp) writeError(r *ErrorRecord, action string) error {
	if action == "" {
		action = in.preference("ErrorActionPreference")
	}
	in.ok = false
	r.at(in.source, in.span)
	switch action {
	case "stop", "1":
		r.endsScript = true
		return r
	case "ignore", "4":
		return nil
	}
	in.remember(r)
	if action == "silentlycontinue" || action == "0" {
		return nil
	}
	return in.showError(r)
}

func (in *interp) remember(r *ErrorRecord) {
	if len(in.errors) > 0 && in.errors[0] == r {
		return
	}
	in.errors = append([]*ErrorRecord{r}, in.errors...)
	if len(in.errors) > 256 {
		in.errors = in.errors[:256]
	}
}

func (in *interp) showError(r *ErrorRecord) error {
	if in.streams.err != nil {
		return in.streams.err(r)
	}
	in.out.flush()
	in.out.errorText(r.display(consoleWidth))
	return nil
}

// stream writes to one of the minor streams: to its redirection, or to the host with a prefix.
func (in *interp) stream(to sink, prefix, text string) error {
	if to != nil {
		return to(record("System.Management.Automation."+strings.TrimSuffix(prefix, ": "), "Message", text))
	}
	in.out.flush()
	return in.out.text(prefix + text)
}

var _ io.Writer = (*console)(nil)
