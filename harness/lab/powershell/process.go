package powershell

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// processState is the state of a System.Diagnostics.Process.
type processState struct {
	info     *Hash // StartInfo
	p        *kernel.Process
	out, err *outputBuffer
	stdin    *io.PipeWriter
}

// outputBuffer collects what a child writes while it runs.
type outputBuffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *outputBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *outputBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

func diagnosticStatics() []*static {
	return []*static{
		{name: "System.Diagnostics.Process", create: func(_ *interp, _ any, _ []any) (any, error) { return newProcess(newStartInfo()), nil }, methods: methods{
			"start": func(in *interp, _ any, args []any) (any, error) {
				info := newStartInfo()
				if o, ok := args0(args).(*Object); ok {
					if h, ok := o.data.(*Hash); ok {
						info = h
					}
				} else {
					info.set("FileName", in.str(args0(args)))
					if len(args) > 1 {
						info.set("Arguments", in.str(args[1]))
					}
				}
				o := newProcess(info)
				_, err := startProcess(in, o, nil)
				return o, err
			},
			"getcurrentprocess": func(in *interp, _ any, _ []any) (any, error) { return in.processObject(in.p), nil },
			"getprocessbyid": one(func(in *interp, v any) (any, error) {
				n, err := in.int(v)
				if p, ok := in.k.Process(uint32(n)); ok && err == nil { //nolint:gosec // checked by the lookup
					return in.processObject(p), nil
				}
				return nil, exception("System.ArgumentException", "Process with an Id of %d is not running.", n)
			}),
		}},
		{name: "System.Diagnostics.ProcessStartInfo", create: func(in *interp, _ any, args []any) (any, error) {
			info := newStartInfo()
			if len(args) > 0 {
				info.set("FileName", in.str(args[0]))
			}
			if len(args) > 1 {
				info.set("Arguments", in.str(args[1]))
			}
			return newObject(startInfoClass(), info), nil
		}},
		{name: "System.Diagnostics.ProcessWindowStyle", enum: names{"Normal": 0, "Hidden": 1, "Minimized": 2, "Maximized": 3}},
		{name: "System.Diagnostics.Stopwatch", methods: methods{"startnew": newStopwatch}, create: newStopwatch},
	}
}

func newStopwatch(in *interp, _ any, _ []any) (any, error) {
	start := in.now()
	elapsed := func(in *interp, _ *Object) any { return in.now().Sub(start) }
	return newObject(&class{name: "System.Diagnostics.Stopwatch", props: []prop{
		{name: "Elapsed", get: elapsed},
		{name: "ElapsedMilliseconds", get: func(in *interp, _ *Object) any { return in.now().Sub(start).Milliseconds() }},
		{name: "IsRunning", get: func(*interp, *Object) any { return true }},
	}, methods: methods{"start": nothing, "stop": nothing, "reset": nothing, "restart": nothing}}, nil), nil
}

func newStartInfo() *Hash {
	h := newHash(hashtable)
	for _, name := range []string{"FileName", "Arguments", "WorkingDirectory", "Verb", "UserName", "WindowStyle", "StandardOutputEncoding", "StandardErrorEncoding", "Domain"} {
		h.set(name, "")
	}
	for _, name := range []string{"RedirectStandardInput", "RedirectStandardOutput", "RedirectStandardError", "CreateNoWindow", "LoadUserProfile", "ErrorDialog"} {
		h.set(name, false)
	}
	h.set("UseShellExecute", true)
	h.set("EnvironmentVariables", newHash(hashtable))
	return h
}

func startInfoClass() *class {
	c := &class{name: "System.Diagnostics.ProcessStartInfo"}
	for _, k := range newStartInfo().keys {
		name, _ := k.(string)
		c.props = append(c.props, prop{name: name, get: func(_ *interp, o *Object) any {
			v, _ := o.data.(*Hash).get(name)
			return v
		}, set: func(_ *interp, o *Object, v any) error {
			o.data.(*Hash).set(name, v)
			return nil
		}})
	}
	return c
}

func newProcess(info *Hash) *Object {
	return newObject(processClass(), &processState{info: info})
}

func (in *interp) processObject(p *kernel.Process) *Object {
	return newObject(processClass(), &processState{info: newStartInfo(), p: p})
}

func procProp(name string, get func(in *interp, s *processState) any) prop {
	return prop{name: name, get: func(in *interp, o *Object) any { return get(in, o.data.(*processState)) }}
}

func running(name string, get func(p *kernel.Process) any) prop {
	return procProp(name, func(_ *interp, s *processState) any {
		if s.p == nil {
			return nil
		}
		return get(s.p)
	})
}

func processClass() *class {
	c := &class{
		name: "System.Diagnostics.Process", columns: []string{"Handles", "NPM(K)", "PM(K)", "WS(K)", "CPU(s)", "Id", "SI", "ProcessName"},
		text: func(_ *interp, o *Object) string {
			if s, _ := o.data.(*processState); s.p != nil {
				return "System.Diagnostics.Process (" + processName(s.p) + ")"
			}
			return "System.Diagnostics.Process"
		},
	}
	c.props = []prop{
		running("Id", func(p *kernel.Process) any { return int32(p.PID) }), //nolint:gosec // pids are small
		running("ProcessName", func(p *kernel.Process) any { return processName(p) }), running("Name", func(p *kernel.Process) any { return processName(p) }),
		running("Path", func(p *kernel.Process) any { return p.Image }), running("StartTime", func(p *kernel.Process) any { return p.Start.In(localZone()) }),
		running("SessionId", func(p *kernel.Process) any { return int32(p.Token.Session) }), running("SI", func(p *kernel.Process) any { return int32(p.Token.Session) }), //nolint:gosec // small
		running("MachineName", func(*kernel.Process) any { return "." }), running("MainWindowTitle", func(*kernel.Process) any { return "" }),
		running("Company", func(*kernel.Process) any { return nil }), running("Handle", func(p *kernel.Process) any { return int32(p.PID) }), //nolint:gosec // small
		running("MainModule", func(p *kernel.Process) any {
			return record("System.Diagnostics.ProcessModule", "FileName", p.Image, "ModuleName", p.Name())
		}),
		{name: "StartInfo", get: func(_ *interp, o *Object) any { return newObject(startInfoClass(), o.data.(*processState).info) }, set: func(_ *interp, o *Object, v any) error {
			if i, ok := v.(*Object); ok {
				if h, ok := i.data.(*Hash); ok {
					o.data.(*processState).info = h
				}
			}
			return nil
		}},
		procProp("HasExited", func(in *interp, s *processState) any {
			in.yield()
			return s.ended()
		}),
		procProp("ExitCode", func(in *interp, s *processState) any {
			if !s.ended() {
				return nil
			}
			code, _ := s.p.Wait(in.ctx)
			return int32(code) //nolint:gosec // exit codes have 32 bits
		}),
		procProp("StandardOutput", func(_ *interp, s *processState) any { return pipeReader(s, s.out) }),
		procProp("StandardError", func(_ *interp, s *processState) any { return pipeReader(s, s.err) }),
		procProp("StandardInput", func(_ *interp, s *processState) any {
			if s.stdin == nil {
				return nil
			}
			return newObject(writerClass(), &textWriter{w: s.stdin, text: true, newline: "\r\n", base: newObject(streamClass("System.IO.FileStream"), s.stdin)})
		}),
	}
	c.methods = methods{"start": startProcess, "waitforexit": waitForExit, "kill": killProcess, "refresh": nothing, "close": nothing, "dispose": nothing, "closemainwindow": killProcess}
	return c
}

func processName(p *kernel.Process) string { return strings.TrimSuffix(p.Name(), ".exe") }

func (s *processState) ended() bool {
	if s.p == nil {
		return false
	}
	select {
	case <-s.p.Done():
		return true
	default:
		return false
	}
}

// startProcess starts what StartInfo says, as CreateProcess or, with UseShellExecute, as the shell would.
func startProcess(in *interp, self any, _ []any) (any, error) {
	s, _ := self.(*Object).data.(*processState)
	text := func(name string) string {
		v, _ := s.info.get(name)
		return in.str(v)
	}
	on := func(name string) bool {
		v, _ := s.info.get(name)
		return truth(v)
	}
	file := text("FileName")
	if file == "" {
		return nil, exception("System.InvalidOperationException", "Cannot start process because a file name has not been provided.")
	}
	line := `"` + strings.Trim(file, `"`) + `"`
	if a := text("Arguments"); a != "" {
		line += " " + a
	}
	stdio := kernel.Stdio{In: in.stdin, Out: in.stdio.Out, Err: in.stdio.Err}
	if on("RedirectStandardInput") {
		r, w := io.Pipe()
		stdio.In, s.stdin = r, w
	}
	if on("RedirectStandardOutput") {
		s.out = &outputBuffer{}
		stdio.Out = s.out
	}
	if on("RedirectStandardError") {
		s.err = &outputBuffer{}
		stdio.Err = s.err
	}
	dir := text("WorkingDirectory")
	if dir == "" {
		dir = in.p.Dir
	}
	in.out.flush()
	spec := kernel.Spec{Image: file, CommandLine: line, Dir: dir, Hidden: !on("UseShellExecute")}
	if s.stdin == nil { // whoever is written to must read
		spec.Begin = in.turn()
	}
	p, err := in.k.Start(in.detached(), in.p, in.withEnvironment(spec, s.info), stdio)
	if err != nil {
		return nil, startError(err)
	}
	s.p = p
	return true, nil
}

// detached is the context of a child that lives on when PowerShell ends.
func (in *interp) detached() context.Context { return context.WithoutCancel(in.ctx) }

func (in *interp) withEnvironment(spec kernel.Spec, info *Hash) kernel.Spec {
	v, _ := info.get("EnvironmentVariables")
	if h, ok := v.(*Hash); ok && len(h.keys) > 0 {
		spec.Env = in.p.Env.Clone()
		for _, k := range h.keys {
			spec.Env.Set(in.str(k), in.str(h.values[hashKey(k)]))
		}
	}
	return spec
}

func startError(err error) *Exception {
	e := exception("System.ComponentModel.Win32Exception", "%s", err)
	if code, ok := kernel.CodeOf(err); ok {
		e.Message = strings.TrimSuffix(code.Message(), ".")
		e.HResult = int32(code) //nolint:gosec // Win32 codes are small
		if code == kernel.BadExeFormat {
			e.Message = "The specified executable is not a valid application for this OS platform."
		}
	}
	return e
}

// waitForExit waits for the child, at most so many milliseconds of the machine's clock.
func waitForExit(in *interp, self any, args []any) (any, error) {
	s, _ := self.(*Object).data.(*processState)
	if s.p == nil {
		return nil, exception("System.InvalidOperationException", "No process is associated with this object.")
	}
	ms := -1
	if len(args) > 0 {
		n, err := in.int(args[0])
		if err != nil {
			return nil, err
		}
		ms = n
	}
	ok := in.waitProcess(s.p, ms)
	if err := in.ctx.Err(); err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return void{}, nil
	}
	return ok, nil
}

// waitProcess waits until the process has ended or its clock has passed the limit. Virtual time moves while somebody
// sleeps, so the limit is a timer of that clock. When it passes, whoever sleeps is held until this script waits again
// or ends: between the two the script decides what becomes of the process, and on a real machine that takes no time.
func (in *interp) waitProcess(p *kernel.Process, ms int) bool {
	if ms < 0 {
		in.letGo()
		_, err := p.Wait(in.ctx)
		return err == nil
	}
	passed, held := make(chan struct{}), make(chan struct{})
	released := make(chan struct{})
	clock := in.k.Host().Clock
	clock.Hold(clock.Now().Add(time.Duration(ms)*time.Millisecond), func() {
		select {
		case <-p.Done():
			return
		case <-in.ctx.Done():
			return
		default:
		}
		close(passed)
		select {
		case <-held:
		case <-in.ctx.Done():
		}
	}, func() { close(released) })
	in.letGo()
	select {
	case <-p.Done():
		return true
	case <-passed:
		in.held, in.released = held, released
	case <-in.ctx.Done():
	}
	return false
}

// turn is closed when this script waits for something, or ends: a child that it starts begins only then.
func (in *interp) turn() <-chan struct{} {
	if in.begin == nil {
		begin := make(chan struct{})
		in.begin = sync.OnceFunc(func() { close(begin) })
		in.beginning = begin
		context.AfterFunc(in.ctx, in.begin)
	}
	return in.beginning
}

// yield lets the children begin.
func (in *interp) yield() {
	if in.begin != nil {
		in.begin()
		in.begin, in.beginning = nil, nil
	}
}

// letGo lets the children begin, and time go on after a wait that ended without its process.
func (in *interp) letGo() {
	in.yield()
	if in.held != nil {
		close(in.held)
		<-in.released
		in.held = nil
	}
}

func killProcess(in *interp, self any, _ []any) (any, error) {
	s, _ := self.(*Object).data.(*processState)
	if s.p != nil {
		in.k.Terminate(s.p, -1)
	}
	return void{}, nil
}

// pipeReader is the reader of a redirected stream: it waits for the end of the child.
func pipeReader(s *processState, b *outputBuffer) any {
	if b == nil {
		return nil
	}
	read := func(in *interp) any {
		in.letGo()
		_, _ = s.p.Wait(in.ctx)
		return strings.ToValidUTF8(b.String(), "\ufffd")
	}
	whole := func(in *interp, _ any, _ []any) (any, error) { return read(in), in.ctx.Err() }
	var lines *bufio.Reader
	return newObject(&class{name: "System.IO.StreamReader", props: []prop{{name: "EndOfStream", get: func(in *interp, _ *Object) any {
		read(in)
		return lines != nil && lines.Buffered() == 0
	}}}, methods: methods{
		"readtoend": whole, "close": nothing, "dispose": nothing,
		"readline": func(in *interp, _ any, _ []any) (any, error) {
			if lines == nil {
				lines = bufio.NewReader(strings.NewReader(in.str(read(in))))
			}
			line, err := lines.ReadString('\n')
			if err != nil && line == "" {
				return nil, nil //nolint:nilerr // the end of the stream
			}
			return strings.TrimRight(line, "\r\n"), nil
		},
		"readtoendasync": func(*interp, any, []any) (any, error) {
			return taskObject(read, func(in *interp, ms int) bool { return in.waitProcess(s.p, ms) }), nil
		},
	}}, nil)
}

// listProcesses finds running processes by name patterns or ids.
func (in *interp) listProcesses(names []string, ids []int) (found []*kernel.Process, missing []string) {
	for _, id := range ids {
		if p, ok := in.k.Process(uint32(id)); ok { //nolint:gosec // checked by the lookup
			found = append(found, p)
		} else {
			missing = append(missing, in.str(int32(id))) //nolint:gosec // a pid
		}
	}
	for _, name := range names {
		re := wildcard(strings.TrimSuffix(name, ".exe"), false)
		any := false
		for _, p := range in.k.Processes() {
			if re.MatchString(processName(p)) {
				found, any = append(found, p), true
			}
		}
		if !any && !hasWildcard(name) {
			missing = append(missing, name)
		}
	}
	if names == nil && ids == nil {
		found = in.k.Processes()
	}
	return found, missing
}
