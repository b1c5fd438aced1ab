package powershell

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// nativeStage runs a program with its output captured into the pipeline.
type nativeStage struct {
	in      *interp
	path    string
	args    string
	out     sink
	streams streams
	piped   bool
	input   bytes.Buffer
	done    func() error
	source  *syntax.Source
	span    syntax.Span
	capture bool
}

func (s *nativeStage) begin() error { return nil }

func (s *nativeStage) process(v any, input bool) error {
	if input {
		for line := range strings.SplitSeq(s.in.rendered(v), "\n") {
			s.input.WriteString(strings.TrimRight(line, "\r") + "\r\n")
		}
	}
	return nil
}

func (s *nativeStage) end() error {
	in := s.in
	var stdin io.Reader = in.stdin
	if s.piped {
		stdin = &s.input
	}
	c := &captured{}
	stdio := kernel.Stdio{In: stdin, Out: c.stream(false), Err: c.stream(true)}
	if s.streams.err == nil {
		stdio.Err = in.stdio.Err
	}
	in.out.flush()
	in.yield()
	code, err := in.k.Run(in.ctx, in.p, nativeSpec(in, s.path, s.args), stdio)
	if err != nil {
		return s.failed(err)
	}
	in.lastExit = int32(code) //nolint:gosec // exit codes have 32 bits
	in.ok = code == 0
	if err := s.emit(c); err != nil {
		return err
	}
	in.ok = code == 0
	if s.done != nil {
		return s.done()
	}
	return nil
}

// nativeSpec gives what to start for a program or batch file.
func nativeSpec(in *interp, path, args string) kernel.Spec {
	line := `"` + path + `"`
	if args != "" {
		line += " " + args
	}
	spec := kernel.Spec{Image: path, CommandLine: line, Dir: in.fileDir(), Hidden: true}
	if ext := host.Ext(path); ext == ".bat" || ext == ".cmd" {
		spec.Image = `C:\Windows\System32\cmd.exe`
		spec.CommandLine = `C:\Windows\system32\cmd.exe /c "` + line + `"`
	}
	return spec
}

func (s *nativeStage) failed(err error) error {
	if s.in.ctx.Err() != nil {
		return s.in.ctx.Err()
	}
	text := err.Error()
	if code, ok := kernel.CodeOf(err); ok {
		text = strings.ReplaceAll(code.Message(), "%1", s.path)
		text = strings.TrimSuffix(text, ".")
		if code == kernel.BadExeFormat {
			text = "The specified executable is not a valid application for this OS platform."
		}
	}
	r := newError("System.Management.Automation.ApplicationFailedException", "NativeCommandFailed", "ResourceUnavailable",
		"Program '%s' failed to run: %s", host.Base(s.path), text)
	return r.at(s.source, s.span)
}

func (s *nativeStage) emit(c *captured) error {
	in := s.in
	return in.guarded(s.streams, in.scope, s.source, s.span, func() error {
		for i, line := range c.lines() {
			if !line.err {
				if err := s.out(line.text); err != nil {
					return err
				}
				continue
			}
			if err := s.errorLine(line.text, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// errorLine sends a line of redirected standard error, as an error record.
func (s *nativeStage) errorLine(text string, _ int) error {
	r := newError("System.Management.Automation.RemoteException", "NativeCommandError", "NotSpecified", "%s", text).on(text)
	r.command = host.Base(s.path)
	r.at(s.source, s.span)
	if s.in.preference("ErrorActionPreference") == "stop" {
		r.endsScript = true
		return r
	}
	s.in.remember(r)
	return s.streams.err(r)
}

// captured keeps the output of a program in the order in which it came.
type captured struct {
	mu    sync.Mutex
	parts []part
}

type part struct {
	err  bool
	text string
}

type captureWriter struct {
	c   *captured
	err bool
}

func (c *captured) stream(err bool) io.Writer { return captureWriter{c, err} }

func (w captureWriter) Write(p []byte) (int, error) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	if n := len(w.c.parts); n > 0 && w.c.parts[n-1].err == w.err {
		w.c.parts[n-1].text += string(p)
		return len(p), nil
	}
	w.c.parts = append(w.c.parts, part{w.err, string(p)})
	return len(p), nil
}

func (c *captured) lines() []part {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []part
	for _, p := range c.parts {
		text := strings.TrimSuffix(strings.ReplaceAll(p.text, "\r\n", "\n"), "\n")
		if p.text == "" {
			continue
		}
		for line := range strings.SplitSeq(text, "\n") {
			out = append(out, part{p.err, strings.ReplaceAll(line, "\r", "")})
		}
	}
	return out
}

// nativeArguments builds the command line of a program as Windows PowerShell does: an argument with blanks is put in
// quotes, quotes inside are left alone, and an empty argument vanishes.
func (in *interp) nativeArguments(args []argument) string {
	var parts []string
	for _, a := range args {
		switch {
		case a.isName && a.colon:
			parts = append(parts, quoteNative("-"+a.name+":"+in.nativeText(a)))
		case a.isName:
			parts = append(parts, "-"+a.name)
		default:
			parts = append(parts, in.nativeValue(a)...)
		}
	}
	return strings.Join(parts, " ")
}

func (in *interp) nativeValue(a argument) []string {
	switch x := a.literal.(type) {
	case *syntax.Verbatim:
		return []string{in.p.Env.Expand(x.Text)}
	case *syntax.Array:
		return []string{in.nativeText(a)}
	}
	if items, ok := elements(a.value); ok {
		var out []string
		for _, item := range items {
			if s := in.str(item); s != "" {
				out = append(out, quoteNative(s))
			}
		}
		return out
	}
	s := in.nativeText(a)
	if s == "" {
		return nil
	}
	return []string{quoteNative(s)}
}

// nativeText is an argument as text: numbers as they were written, literal arrays joined by commas.
func (in *interp) nativeText(a argument) string {
	switch x := a.literal.(type) {
	case *syntax.Number:
		return x.Text
	case *syntax.Array:
		var parts []string
		for i, item := range asList(a.value) {
			s := in.str(item)
			if n, ok := x.Items[min(i, len(x.Items)-1)].(*syntax.Number); ok {
				s = n.Text
			}
			parts = append(parts, quoteNative(s))
		}
		return strings.Join(parts, ",")
	}
	return in.str(a.value)
}

func quoteNative(s string) string {
	quoted := false
	for _, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && (r == ' ' || r == '\t' || r == '\n' || r == '\r'):
			slashes := len(s) - len(strings.TrimRight(s, `\`))
			return `"` + s + strings.Repeat(`\`, slashes) + `"`
		}
	}
	return s
}
