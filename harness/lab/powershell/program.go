// Package powershell is Windows PowerShell 5.1 as the simulated host runs it.
//
// [Program] makes the kernel.Program behind powershell.exe. It reads the process's own command line, compiles the
// script with package syntax and walks the tree: pipelines stream object by object, errors are records with the text
// that Windows prints, and formatting is that of the console host. Scripts touch the machine only through the kernel,
// so that sensors see what they do; the text of every compiled script block is published as kernel.ScriptBlock.
//
// What the simulation lacks (a cmdlet, a parameter, a .NET member) gives the error that Windows would give for
// something that is not there, and besides a kernel.Unsupported activity, so that nobody takes the answer for the
// machine's own.
package powershell

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// Program gives what powershell.exe does. log is what the event cmdlets read; web answers the WebAdministration module.
func Program(k *kernel.Kernel, log *eventlog.Log, web *iis.Server) kernel.Program {
	return func(ctx context.Context, p *kernel.Process, stdio kernel.Stdio) int {
		in := newInterp(ctx, k, log, web, p, stdio)
		o, err := parseOptions(p.Args())
		if err != nil {
			_, _ = io.WriteString(stdio.Err, err.Error()+"\r\n")
			return -196608
		}
		in.announce()
		code := in.guard(func() int { return in.main(o) })
		in.out.finish()
		in.letGo() // who sleeps next must not find time still held
		return code
	}
}

// guard turns a defect of the simulation into a record of it: whatever a script does, the lab goes on, and nobody takes
// the outcome for an answer of Windows.
func (in *interp) guard(run func() int) (code int) {
	defer func() {
		if r := recover(); r != nil {
			in.unsupported("defect", "powershell", fmt.Sprint(r))
			code = 1
		}
	}()
	return run()
}

// options are the parameters of powershell.exe.
type options struct {
	command        string
	hasCommand     bool
	stdin          bool // -Command -
	file           string
	fileArgs       []string
	encoded        bool
	noninteractive bool
	policy         string
	xml, text      bool
}

// parameterNames are those of powershell.exe with the shortest prefix that is accepted.
func parameterNames() []struct{ name, short string } {
	return []struct{ name, short string }{
		{"help", "h"},
		{"noexit", "noe"},
		{"noprofile", "nop"},
		{"nologo", "nol"},
		{"noninteractive", "noni"},
		{"command", "c"},
		{"windowstyle", "w"},
		{"file", "f"},
		{"executionpolicy", "ex"},
		{"outputformat", "o"},
		{"inputformat", "inp"},
		{"encodedcommand", "e"},
		{"encodedarguments", "encodeda"},
		{"version", "v"},
		{"sta", "s"},
		{"mta", "mt"},
		{"psconsolefile", "psc"},
		{"configurationname", "config"},
		{"ep", "ep"},
		{"ec", "ec"},
	}
}

func parameterName(arg string) string {
	if arg == "" || arg[0] != '-' && arg[0] != '/' {
		return ""
	}
	word := strings.ToLower(strings.TrimLeft(arg, "-/"))
	for _, p := range parameterNames() {
		if word != "" && strings.HasPrefix(p.name, word) && len(word) >= len(p.short) {
			return p.name
		}
	}
	return ""
}

// parseOptions reads the arguments as powershell.exe does: everything after -Command, or after the first word that is
// no parameter, is the command, joined by blanks.
func parseOptions(args []string) (options, error) {
	var o options
	for i := 0; i < len(args); i++ {
		name := parameterName(args[i])
		value := func() string {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return ""
		}
		switch name {
		case "noexit", "noprofile", "nologo", "sta", "mta", "help":
		case "noninteractive":
			o.noninteractive = true
		case "version", "inputformat", "windowstyle", "psconsolefile", "configurationname", "encodedarguments":
			value()
		case "outputformat":
			o.xml = strings.EqualFold(value(), "xml")
			o.text = !o.xml
		case "executionpolicy", "ep":
			o.policy = value()
		case "encodedcommand", "ec":
			text, err := decodeCommand(value())
			if err != nil {
				return o, err
			}
			o.command, o.hasCommand, o.encoded = text, true, true
		case "file":
			o.file = value()
			o.fileArgs = args[min(i+1, len(args)):]
			return o, nil
		default:
			if name == "command" {
				i++
			}
			rest := args[min(i, len(args)):]
			o.command, o.hasCommand = strings.Join(rest, " "), true
			o.stdin = len(rest) == 1 && rest[0] == "-"
			return o, nil
		}
	}
	o.stdin = !o.hasCommand
	return o, nil
}

func decodeCommand(text string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(data)%2 != 0 {
		return "", errors.New("Cannot process the command because the value specified with -EncodedCommand is not properly encoded. " + //nolint:staticcheck // the text of Windows
			"The value must be Base64 encoded.")
	}
	return decodeUTF16(data, false), nil
}

// announce does what every start of powershell.exe does to the machine: the pipe of the remote debugger, and the two
// files with which the engine finds out whether application control restricts scripts.
func (in *interp) announce() {
	ticks := timeTicks(in.p.Start) - 504911232000000000
	_ = in.k.CreatePipe(in.p, fmt.Sprintf(`\PSHost.%d.%d.DefaultAppDomain.powershell`, ticks, in.p.PID)) // fails only for a process that was ended
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	name := host.Join(in.p.Env.Get("TEMP"), "__PSScriptPolicyTest_"+in.rand.Text(letters, 8)+"."+in.rand.Text(letters, 3))
	for _, ext := range []string{".ps1", ".psm1"} {
		if err := in.k.WriteFile(in.p, name+ext, []byte("1"), kernel.CreateNew); err == nil {
			_ = in.k.DeleteFile(in.p, name+ext) // what was just created by the same token can be deleted
		}
	}
}

// main runs what the options say and gives the exit code.
func (in *interp) main(o options) int {
	in.out.xml = o.xml || o.encoded && !o.text
	if o.policy != "" {
		in.global.set("__executionpolicy", o.policy)
	}
	if o.noninteractive {
		in.global.set("__noninteractive", true)
	}
	if o.stdin {
		data, err := io.ReadAll(io.LimitReader(in.stdin, maxText))
		if err != nil {
			return 1
		}
		o.command = decodeText(data, "utf8")
	}
	if o.file != "" {
		return in.runFile(o)
	}
	sb, err := in.compile(o.command, "")
	if err != nil {
		return in.exitCode(err)
	}
	err = in.runTop(sb)
	if err == nil && !in.ok {
		return 1
	}
	return in.exitCode(err)
}

func (in *interp) runTop(sb *ScriptBlock) error {
	in.source = sb.ast.Source
	var err error
	for _, b := range []*syntax.Block{sb.ast.Begin, sb.ast.Process, sb.ast.End} {
		if err == nil {
			err = in.block(b, in.out.object)
		}
	}
	if errors.As(err, new(returning)) {
		err = nil
	}
	in.out.flush()
	return err
}

// runFile runs -File with its arguments.
func (in *interp) runFile(o options) int {
	path, err := in.filePath(o.file)
	if err == nil {
		_, err = in.k.Stat(in.p, path)
	}
	if err != nil || host.Ext(path) != ".ps1" {
		in.out.errorText("The argument '" + o.file + "' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter.\r\n")
		return -196608
	}
	data, err := in.k.ReadFile(in.p, path)
	if err != nil {
		return in.exitCode(win32(err, path))
	}
	sb, err := in.compile(decodeText(data, ""), path)
	if err != nil {
		return in.exitCode(err)
	}
	in.global.set("PSScriptRoot", host.Parent(path))
	in.global.set("PSCommandPath", path)
	in.source = sb.ast.Source
	b, err := in.bindScriptArgs(sb.ast, host.Base(path), fileArguments(o.fileArgs))
	if err != nil {
		return in.exitCode(err)
	}
	sc := newScope(in.global)
	sc.script = true
	in.scope = sc
	in.publishBound(b, sc)
	return in.exitCode(in.runTop(sb))
}

func fileArguments(args []string) []argument {
	var out []argument
	for _, a := range args {
		name, value, colon := strings.Cut(strings.TrimPrefix(a, "-"), ":")
		if len(a) > 1 && a[0] == '-' && (a[1] < '0' || a[1] > '9') {
			out = append(out, argument{name: name, isName: true, colon: colon, value: value, hasValue: colon})
			continue
		}
		out = append(out, argument{value: a, hasValue: true})
	}
	return out
}

// exitCode shows an error that ended the script and gives the exit code of the process.
func (in *interp) exitCode(err error) int {
	var exit *exiting
	var j *jump
	switch {
	case err == nil || errors.As(err, &j):
		return 0
	case errors.As(err, &exit):
		return exit.code
	case errors.Is(err, errSteps):
		in.unsupported("script", "steps", err.Error())
		return 1
	}
	if r, ok := asRecord(err); ok && in.ctx.Err() == nil {
		in.remember(r)
		in.out.flush()
		in.out.errorText(r.display(consoleWidth))
	}
	return 1
}
