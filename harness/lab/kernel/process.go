package kernel

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Process is one process of the machine. What it was started with does not
// change; Dir and Env belong to its Program.
type Process struct {
	PID         uint32
	Key         uint64    // process start key: boot id and sequence number
	GUID        host.GUID // Sysmon's ProcessGuid
	Image       string    // full path of the executable
	CommandLine string
	Dir         string // current directory, without trailing backslash except for a root
	Env         *Environment
	Token       *host.Token
	Parent      *Process // may have ended
	Start       time.Time
	Bits        int // 64, or 32 for a WOW64 process

	images  map[string]bool // folded paths that are mapped; guarded by Kernel.mu
	console *Process        // conhost.exe that serves it, nil without a console; guarded by Kernel.mu
	hidden  bool
	cancel  context.CancelFunc
	done    chan struct{}
	once    sync.Once
	ended   bool // guarded by Kernel.mu
	code    int  // valid when done is closed
}

// Name is the file name of the image.
func (p *Process) Name() string { return host.Base(p.Image) }

// Args are the arguments after the program's name, split by the rules of the C
// run-time library.
func (p *Process) Args() []string {
	argv := CommandLineToArgv(p.CommandLine)
	if len(argv) == 0 {
		return nil
	}
	return argv[1:]
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the process and returns its exit code.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.code, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Stdio are the standard handles of a process. A nil reader is empty, a nil
// writer discards.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

func (s Stdio) complete() Stdio {
	if s.In == nil {
		s.In = strings.NewReader("")
	}
	if s.Out == nil {
		s.Out = io.Discard
	}
	if s.Err == nil {
		s.Err = io.Discard
	}
	return s
}

// A Program is what a process does from its start to its end. It returns the
// exit code. It must return soon after ctx ends.
type Program func(ctx context.Context, p *Process, stdio Stdio) int

// Spec says what to start.
type Spec struct {
	Image       string // path or bare name; the first word of CommandLine when empty
	CommandLine string // the quoted image when empty
	Dir         string // the parent's when empty
	Env         *Environment
	Token       *host.Token // the parent's when nil
	Hidden      bool        // without a console of its own: no conhost.exe appears
	// Begin, if set, holds back the first step of the program until it is
	// closed. A parent that goes on working closes it when it next waits, so that
	// virtual time passes for one of them at a time.
	Begin <-chan struct{}
}

// Install makes prog what runs when a process of the image starts. Later
// installs replace earlier ones.
func (k *Kernel) Install(image string, prog Program) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.programs[host.Fold(image)] = prog
}

// Start creates a process and runs its Program in a goroutine. An image that
// exists but has no Program runs at process level only: it ends at once with
// code 0, and that is recorded as Unsupported.
func (k *Kernel) Start(ctx context.Context, parent *Process, s Spec, stdio Stdio) (*Process, error) {
	ctx, cancel := context.WithCancel(ctx)
	p, err := k.begin(parent, s, cancel)
	if err != nil {
		cancel()
		return nil, err
	}
	prog := k.program(p.Image)
	if prog == nil {
		k.startEngine(p)
		prog = k.processLevel
	}
	k.running(1)
	go func() {
		defer k.running(-1)
		defer cancel()
		if s.Begin != nil {
			select {
			case <-s.Begin:
			case <-ctx.Done():
			}
		}
		code := prog(ctx, p, stdio.complete())
		// Between its last step and its end a program holds nothing that others
		// could wait for: the moment for what has become due meanwhile.
		if k.alive(p, "exit", p.Image) == nil {
			k.host.Clock.Advance(0)
		}
		k.end(p, code)
	}()
	return p, nil
}

// StartResident creates a process that does nothing of its own and stays until
// it is terminated or ctx ends: services, worker processes, consoles.
func (k *Kernel) StartResident(ctx context.Context, parent *Process, s Spec) (*Process, error) {
	p, err := k.begin(parent, s, func() {})
	if err != nil {
		return nil, err
	}
	k.startEngine(p)
	context.AfterFunc(ctx, func() { k.Terminate(p, 1) })
	return p, nil
}

// Run starts a process and waits for its end. When ctx ends first, the process
// and its descendants are terminated.
func (k *Kernel) Run(ctx context.Context, parent *Process, s Spec, stdio Stdio) (int, error) {
	p, err := k.Start(ctx, parent, s, stdio)
	if err != nil {
		return 0, err
	}
	code, err := p.Wait(ctx)
	if err == nil {
		// A program that ends because its context did is no quicker than that.
		err = ctx.Err()
	}
	if err != nil {
		k.TerminateTree(p, 1)
		return 0, err
	}
	return code, nil
}

// Terminate ends a process from outside with an exit code.
func (k *Kernel) Terminate(p *Process, code int) {
	// First the end, then the news of it: nothing may be done in between.
	k.end(p, code)
	if p.cancel != nil {
		p.cancel()
	}
}

// Kill ends target on behalf of p: its own user's processes, or any process when
// p is elevated, except those that Windows protects.
func (k *Kernel) Kill(p, target *Process, code int) error {
	if err := k.alive(p, "terminate", target.Name()); err != nil {
		return err
	}
	protected := target.PID == 4 || slices.Contains([]string{"registry", "smss.exe", "csrss.exe", "wininit.exe", "services.exe", "msmpeng.exe"}, host.Fold(target.Name()))
	if protected || target.Token.LogonID != p.Token.LogonID && target.Token.SID != p.Token.SID && !p.Token.Elevated {
		return fail("terminate", target.Name(), AccessDenied)
	}
	k.Terminate(target, code)
	return nil
}

// TerminateTree ends a process and everything that descends from it, also by way
// of processes that have ended, youngest first.
func (k *Kernel) TerminateTree(p *Process, code int) {
	descendants := slices.DeleteFunc(k.Processes(), func(other *Process) bool { return !other.descends(p) })
	slices.SortFunc(descendants, func(a, b *Process) int { return cmp.Compare(b.Key, a.Key) })
	for _, other := range descendants {
		k.Terminate(other, code)
	}
	k.Terminate(p, code)
}

func (p *Process) descends(from *Process) bool {
	for at := p.Parent; at != nil; at = at.Parent {
		if at == from {
			return true
		}
	}
	return false
}

// begin makes a process and does everything up to the first step of its program.
func (k *Kernel) begin(parent *Process, s Spec, cancel context.CancelFunc) (*Process, error) {
	if err := k.alive(parent, "create process", s.Image+s.CommandLine); err != nil {
		return nil, err
	}
	file, err := k.find(parent, &s)
	if err != nil {
		return nil, err
	}
	s.inherit(parent)
	if s.Dir, err = k.directory(parent, s.Dir); err != nil {
		return nil, err
	}
	k.work(2*time.Millisecond, 9*time.Millisecond)
	p := k.register(parent, s, file, cancel)
	k.Publish(ProcessCreated{By: By{Time: p.Start, Process: p}, File: file, Directory: p.Dir})
	k.startUp(p)
	return p, nil
}

func (s *Spec) inherit(parent *Process) {
	if s.Dir == "" {
		s.Dir = parent.Dir
	}
	if s.Env == nil {
		s.Env = parent.Env.Clone()
	}
	if s.Token == nil {
		s.Token = parent.Token
	}
}

func (k *Kernel) register(parent *Process, s Spec, file host.File, cancel context.CancelFunc) *Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := &Process{
		Image: file.Path, CommandLine: s.CommandLine, Dir: s.Dir, Env: s.Env, Token: s.Token, Parent: parent,
		Start: k.host.Clock.Now(), Bits: bits(k.host.FS.LongPath(file.Path)), hidden: s.Hidden, cancel: cancel,
		images: map[string]bool{}, done: make(chan struct{}),
	}
	k.number(p)
	return p
}

// number gives a new process its pid, key and identifier and enters it into the
// process table.
func (k *Kernel) number(p *Process) {
	p.PID = k.freePID()
	k.starts++
	p.Key = uint64(k.host.BootID)<<48 | k.starts
	p.GUID = host.SysmonGUID(k.host.MachineGUID.Data1, p.Start, p.Key)
	k.processes[p.PID] = p
}

// freePID returns 4 for the first process, the system itself, and then numbers
// that rise by some multiple of four and begin again when they get high.
func (k *Kernel) freePID() uint32 {
	const lowest, highest = 88, 11000
	if k.starts == 0 {
		return 4
	}
	k.pids += 4 * uint32(1+k.rand.IntN(40)) //nolint:gosec // small
	if k.pids < lowest || k.pids > highest {
		k.pids = lowest
	}
	for k.processes[k.pids] != nil {
		k.pids += 4
	}
	return k.pids
}

func (k *Kernel) processLevel(_ context.Context, p *Process, _ Stdio) int {
	k.Unsupported(p, "program", p.Name(), "the process starts and ends, its effects are not simulated")
	return 0
}

func (k *Kernel) end(p *Process, code int) {
	p.once.Do(func() {
		k.work(time.Millisecond, 4*time.Millisecond)
		k.mu.Lock()
		delete(k.processes, p.PID)
		p.ended, p.code = true, code
		console := p.console
		k.mu.Unlock()
		k.Publish(ProcessExited{By: k.By(p), Code: code})
		if console != nil && console.Parent == p {
			k.Terminate(console, 0)
		}
		k.abandoned(p)
		close(p.done)
	})
}

// alive refuses the operations of a process that was ended from outside.
func (k *Kernel) alive(p *Process, op, path string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p.ended {
		return fail(op, path, ProcessAborted)
	}
	return nil
}

func bits(image string) int {
	if host.Within(image, `C:\Windows\SysWOW64`) || host.Within(image, `C:\Program Files (x86)`) {
		return 32
	}
	return 64
}
