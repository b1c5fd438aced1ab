package cmd

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"sync"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// run executes a tree and returns its exit code.
func (sh *shell) run(ctx context.Context, n node, std streams, vars *forVariables) int {
	if sh.stopped(ctx) {
		return sh.level
	}
	switch n := n.(type) {
	case *silent:
		return sh.run(ctx, n.body, std, vars)
	case *simple:
		return sh.simple(ctx, n, std, vars)
	case *binary:
		return sh.binary(ctx, n, std, vars)
	case *block:
		return sh.redirected(n.redirs, std, vars, func(std streams) int { return sh.run(ctx, n.body, std, vars) })
	case *ifCommand:
		return sh.ifCommand(ctx, n, std, vars)
	case *forCommand:
		return sh.forCommand(ctx, n, std, vars)
	}
	return 0
}

// stopped reports whether no further command may run: EXIT, GOTO and the end
// of the process unwind the tree.
func (sh *shell) stopped(ctx context.Context) bool {
	return sh.exiting || ctx.Err() != nil || sh.batch != nil && sh.batch.jumped
}

func (sh *shell) binary(ctx context.Context, n *binary, std streams, vars *forVariables) int {
	if n.op == "|" {
		return sh.pipe(ctx, n, std, vars)
	}
	code := sh.run(ctx, n.left, std, vars)
	if n.right == nil || sh.stopped(ctx) || n.op == "&&" && code != 0 || n.op == "||" && code == 0 {
		return code
	}
	return sh.run(ctx, n.right, std, vars)
}

// pipe runs the left side to its end, then the right one on its output.
func (sh *shell) pipe(ctx context.Context, n *binary, std streams, vars *forVariables) int {
	between := &output{}
	left := std
	left.out = between
	sh.side(ctx, n.left, left, vars)
	right := std
	right.in = bufio.NewReader(between.reader())
	code := sh.side(ctx, n.right, right, vars)
	sh.level = code
	return code
}

// side runs one side of a pipe: a program as it is, anything else in an
// interpreter of its own, which gets the text of the command.
func (sh *shell) side(ctx context.Context, n node, std streams, vars *forVariables) int {
	if b, ok := n.(*binary); ok && b.op == "|" {
		return sh.pipe(ctx, b, std, vars)
	}
	if s, ok := n.(*simple); ok && len(s.redirs) == 0 {
		if name, _ := splitName(sh.late(s.text, vars)); !isBuiltin(name) {
			return sh.simple(ctx, s, std, vars)
		}
	}
	line := interpreter + `  /S /D /c" ` + vars.expand(n.source()) + `"`
	return sh.start(ctx, interpreter, line, std)
}

// late performs the expansions that happen when a command runs.
func (sh *shell) late(text string, vars *forVariables) string {
	text = vars.expand(text)
	if sh.delayed {
		text = expandDelayed(text, sh.variable)
	}
	return text
}

// redirected runs f with the standard handles that the redirections give.
func (sh *shell) redirected(list []redirection, std streams, vars *forVariables, f func(streams) int) int {
	var open []*kernel.File
	defer func() {
		for _, file := range open {
			_ = file.Close()
		}
	}()
	for _, r := range list {
		file, err := sh.redirect(r, &std, vars)
		if err != nil {
			return sh.failure(std, err)
		}
		if file != nil {
			open = append(open, file)
		}
	}
	return f(std)
}

func (sh *shell) redirect(r redirection, std *streams, vars *forVariables) (*kernel.File, error) {
	switch r.target {
	case "&1":
		std.set(r.handle, std.out)
		return nil, nil
	case "&2":
		std.set(r.handle, std.err)
		return nil, nil
	}
	name := unquote(sh.late(r.target, vars))
	switch {
	case isNull(name):
		if r.handle == 0 {
			std.in = bufio.NewReader(strings.NewReader(""))
		}
		std.set(r.handle, io.Discard)
		return nil, nil
	case strings.EqualFold(name, "con"):
		return nil, nil
	}
	if r.mode == "<" {
		data, err := sh.k.ReadFile(sh.p, name)
		std.in = bufio.NewReader(bytes.NewReader(data))
		return nil, err
	}
	disposition := kernel.CreateAlways
	if r.mode == ">>" {
		disposition = kernel.OpenAlways
	}
	file, err := sh.k.Create(sh.p, name, disposition)
	if err != nil {
		return nil, err
	}
	if r.mode == ">>" {
		file.SeekEnd()
	}
	std.set(r.handle, file)
	return file, nil
}

func (s *streams) set(handle int, w io.Writer) {
	switch handle {
	case 1:
		s.out = w
	case 2:
		s.err = w
	}
}

// simple runs a built-in command, a batch file or a program.
func (sh *shell) simple(ctx context.Context, n *simple, std streams, vars *forVariables) int {
	text := strings.TrimLeft(sh.late(n.text, vars), " \t,;=")
	return sh.redirected(n.redirs, std, vars, func(std streams) int {
		if strings.TrimSpace(text) == "" {
			return 0
		}
		name, args := splitName(text)
		if command, ok := builtins()[strings.ToLower(name)]; ok {
			return command(sh, call{ctx: ctx, args: args, std: std, vars: vars})
		}
		return sh.external(ctx, text, std)
	})
}

// splitName cuts the name of a command from its arguments. A built-in command
// may be followed at once by one of ./\[]+:("; a program's name ends at a blank.
func splitName(text string) (name, args string) {
	text = strings.TrimLeft(text, " \t,;=@")
	end := 0
	for end < len(text) && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
		end++
	}
	if isBuiltin(text[:end]) && (end == len(text) || isBlank(text[end]) || strings.IndexByte(`./\[]+:("<>&|`, text[end]) >= 0) {
		return text[:end], text[end:]
	}
	end = programEnd(text)
	return text[:end], text[end:]
}

// programEnd is the length of a program's name at the start of text.
func programEnd(text string) int {
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && isBlank(c):
			return i
		case !quoted && c == '/' && i > 0:
			return i
		}
	}
	return len(text)
}

// external runs what is no built-in command.
func (sh *shell) external(ctx context.Context, text string, std streams) int {
	end := programEnd(text)
	name, args := text[:end], text[end:]
	if len(name) == 2 && name[1] == ':' {
		return sh.drive(name, std)
	}
	image, err := sh.k.Resolve(sh.p, unquote(name))
	if err != nil {
		return sh.unknown(name, std)
	}
	switch host.Ext(image) {
	case ".bat", ".cmd":
		return sh.batchFile(ctx, image, name, args, std)
	case ".exe", ".com":
		return sh.start(ctx, image, commandLine(name, args), std)
	}
	sh.unsupported("command", host.Base(image))
	return 0
}

// commandLine joins a name and what followed it as cmd.exe does: the blank that
// separated them is still there, so there are two.
func commandLine(name, args string) string {
	if args == "" {
		return name
	}
	return name + " " + args
}

// unknown reports a name that is no command. The code of the command is 1 and
// ERRORLEVEL 9009.
func (sh *shell) unknown(name string, std streams) int {
	if sh.mayBeLacking(unquote(name)) {
		sh.unsupported("command", unquote(name))
	}
	if strings.ContainsAny(name, `\:`) {
		if _, err := sh.k.Stat(sh.p, host.Parent(unquote(name))); err != nil {
			return sh.fail(std, "The system cannot find the path specified.")
		}
	}
	sh.fail(std, "'"+name+"' is not recognized as an internal or external command,\r\noperable program or batch file.")
	sh.level = 9009
	return 1
}

// mayBeLacking reports whether a program that was not found could be one that
// the simulated machine lacks: a bare name, or one where Windows and its
// programs are. Elsewhere a missing file is simply missing.
func (sh *shell) mayBeLacking(name string) bool {
	if !strings.ContainsAny(name, `\/:`) {
		return true
	}
	full, err := sh.k.Path(sh.p, name)
	return err == nil && (host.Within(full, `C:\Windows`) && !host.Within(full, `C:\Windows\Temp`) || host.Within(full, `C:\Program Files`) || host.Within(full, `C:\Program Files (x86)`))
}

// start runs a process and waits for it.
func (sh *shell) start(ctx context.Context, image, line string, std streams) int {
	code, err := sh.k.Run(ctx, sh.p, kernel.Spec{Image: image, CommandLine: line}, kernel.Stdio{In: std.in, Out: std.out, Err: std.err})
	if err != nil {
		return sh.startFailure(image, err, std)
	}
	sh.level = code
	return code
}

func (sh *shell) startFailure(image string, err error, std streams) int {
	if code, _ := kernel.CodeOf(err); code == kernel.BadExeFormat {
		sh.fail(std, "This version of "+image+" is not compatible with the version of Windows you're running. Check your computer's system information and then contact the software publisher.")
		sh.level = 216
		return 216
	}
	return sh.failure(std, err)
}

// output collects what processes write; one that was not waited for may still
// write while it is read.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(data)
}

func (o *output) reader() *bytes.Reader {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.NewReader(bytes.Clone(o.buf.Bytes()))
}
