package cmd

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const interpreter = `C:\Windows\system32\cmd.exe`

// Program returns cmd.exe on the machine of k.
func Program(k *kernel.Kernel) kernel.Program {
	return func(ctx context.Context, p *kernel.Process, stdio kernel.Stdio) int {
		sh := newShell(k, p)
		options := parseOptions(afterProgram(p.CommandLine))
		sh.delayed, sh.echo = options.delayed, !options.quiet
		out := streams{in: bufio.NewReader(stdio.In), out: stdio.Out, err: stdio.Err}
		if options.help {
			sh.unsupported("parameter", "cmd /?")
			return 1
		}
		if options.command == nil {
			return sh.interactive(ctx, out)
		}
		code := sh.line(ctx, *options.command, out)
		if options.keep && !sh.exiting {
			return sh.interactive(ctx, out)
		}
		return code
	}
}

// afterProgram drops the name of the program from a command line.
func afterProgram(line string) string {
	line = strings.TrimLeft(line, " \t")
	if rest, ok := strings.CutPrefix(line, `"`); ok {
		_, line, _ = strings.Cut(rest, `"`)
		return line
	}
	if end := strings.IndexAny(line, " \t/"); end >= 0 {
		return line[end:]
	}
	return ""
}

// options are the switches of cmd.exe.
type options struct {
	command              *string // of /c and /k
	keep, delayed, quiet bool
	strip, help          bool
}

// parseOptions reads the switches up to /c or /k; what follows is the command.
func parseOptions(text string) options {
	var o options
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '/' {
			continue
		}
		letter := text[i+1] | 0x20
		rest := strings.ToLower(text[i+2:])
		switch {
		case letter == 'c' || letter == 'k' || letter == 'r':
			command := o.unquote(text[i+2:])
			o.command, o.keep = &command, letter == 'k'
			return o
		case letter == 's':
			o.strip = true
		case letter == 'q':
			o.quiet = true
		case letter == 'v':
			o.delayed = !strings.HasPrefix(rest, ":off")
		case text[i+1] == '?':
			o.help = true
		}
	}
	return o
}

// unquote applies the rule for quotation marks of "cmd /?": the text behind /c
// stays as it is when it holds exactly two of them, no special character
// between them but some blank, and no /s was given; otherwise a leading one and
// the last one are removed.
func (o options) unquote(text string) string {
	text = strings.TrimLeft(text, " \t")
	if !strings.HasPrefix(text, `"`) {
		return text
	}
	last := strings.LastIndexByte(text, '"')
	if !o.strip && strings.Count(text, `"`) == 2 {
		inner := text[1:last]
		if !strings.ContainsAny(inner, "&<>()@^|") && strings.ContainsAny(inner, " \t") && looksExecutable(inner) {
			return text
		}
	}
	if last == 0 {
		return text[1:]
	}
	return text[1:last] + text[last+1:]
}

// looksExecutable stands for the rule "the string between the quotation marks
// is the name of an executable file".
func looksExecutable(name string) bool {
	switch host.Ext(strings.TrimSpace(name)) {
	case ".exe", ".com", ".bat", ".cmd":
		return true
	}
	return false
}

// streams are the standard handles of one command.
type streams struct {
	in       *bufio.Reader
	out, err io.Writer
}

// shell is one running interpreter.
type shell struct {
	k   *kernel.Kernel
	p   *kernel.Process
	env *kernel.Environment

	level         int // ERRORLEVEL
	delayed, echo bool
	folders       []string // of pushd
	saved         []scope  // of setlocal
	batch         *batch   // the batch file that runs, nil outside
	exiting       bool     // EXIT was met
	depth         int      // of nested batch files
	random        *host.Rand
}

// scope is what SETLOCAL saves.
type scope struct {
	env     *kernel.Environment
	dir     string
	delayed bool
}

func newShell(k *kernel.Kernel, p *kernel.Process) *shell {
	return &shell{k: k, p: p, env: p.Env, echo: true, random: k.Host().Rand.Stream("cmd random")}
}

func (sh *shell) unsupported(kind, name string) {
	sh.k.Unsupported(sh.p, kind, name, "not simulated by cmd.exe")
}

// interactive reads commands from standard input until it ends.
func (sh *shell) interactive(ctx context.Context, std streams) int {
	_, _ = io.WriteString(std.out, "Microsoft Windows [Version "+version+"]\r\n(c) Microsoft Corporation. All rights reserved.\r\n")
	code := 0
	for !sh.exiting && ctx.Err() == nil {
		if sh.echo {
			_, _ = io.WriteString(std.out, "\r\n"+sh.p.Dir+">")
		}
		line, err := readLine(ctx, std.in)
		if sh.echo {
			_, _ = io.WriteString(std.out, line+"\r\n")
		}
		if strings.TrimSpace(line) != "" {
			code = sh.line(ctx, line, std)
		}
		if err != nil {
			break
		}
	}
	return code
}

// readLine reads a line without its end; the end of the process ends the wait.
func readLine(ctx context.Context, in *bufio.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := in.ReadString('\n')
		read <- result{strings.TrimRight(line, "\r\n"), err}
	}()
	select {
	case r := <-read:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// line runs one line of a command line; a line end inside it cuts it off.
func (sh *shell) line(ctx context.Context, text string, std streams) int {
	text, _, _ = strings.Cut(strings.TrimRight(text, "\r\n"), "\n")
	n, err := parseLine(expandPercent(text, sh.variable, nil), nil)
	if err != nil {
		return sh.fail(std, err.Error())
	}
	return sh.run(ctx, n, std, sh.noVariables())
}

func (sh *shell) noVariables() *forVariables { return &forVariables{modify: sh.modify} }

// fail prints a message on the error handle; the command counts as failed.
func (sh *shell) fail(std streams, message string) int {
	_, _ = io.WriteString(std.err, message+"\r\n")
	sh.level = 1
	return 1
}

func (sh *shell) failure(std streams, err error) int { return sh.fail(std, describe(err)) }

// describe is the text that Windows shows for an error.
func describe(err error) string {
	if code, ok := kernel.CodeOf(err); ok {
		return code.Message()
	}
	return err.Error()
}
