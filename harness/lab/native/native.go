// Package native holds the command-line programs of the simulated machine that
// are no interpreters: appcmd, reg, sc, net, wevtutil, whoami and so on.
//
// [Programs] gives each of them as a kernel.Program under the path of its
// image. A program gets its arguments split by the rules of the C run-time
// library, does its work through package kernel as its own process, and prints
// and exits as the real one does. What a program knows but the simulation does
// not is reported as kernel.Unsupported next to the program's own answer.
//
//	for image, program := range native.Programs(k, log, server) {
//		k.Install(image, program)
//	}
//
// Output follows the reference pages of the commands ("Windows commands" and
// "appcmd.exe" in the Windows Server documentation).
package native

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// run is one process of a program.
type run struct {
	k    *kernel.Kernel
	log  *eventlog.Log
	iis  *iis.Server
	p    *kernel.Process
	ctx  context.Context
	args []string
	in   io.Reader
	out  io.Writer
	err  io.Writer
}

// tool is a program; it returns the exit code.
type tool func(*run) int

// Programs returns the programs by the path of their image.
func Programs(k *kernel.Kernel, log *eventlog.Log, server *iis.Server) map[string]kernel.Program {
	programs := map[string]kernel.Program{}
	for name, tool := range tools() {
		for _, folder := range folders(name) {
			programs[folder+name] = program(k, log, server, tool)
		}
	}
	return programs
}

func folders(name string) []string {
	const system, wow = `C:\Windows\System32\`, `C:\Windows\SysWOW64\`
	switch name {
	case "appcmd.exe":
		return []string{system + `inetsrv\`, wow + `inetsrv\`}
	case "WMIC.exe":
		return []string{system + `wbem\`, wow + `wbem\`}
	}
	return []string{system, wow}
}

func program(k *kernel.Kernel, log *eventlog.Log, server *iis.Server, t tool) kernel.Program {
	return func(ctx context.Context, p *kernel.Process, stdio kernel.Stdio) int {
		return t(&run{k: k, log: log, iis: server, p: p, ctx: ctx, args: p.Args(), in: stdio.In, out: stdio.Out, err: stdio.Err})
	}
}

// tools are the programs by the name of their image.
func tools() map[string]tool {
	return map[string]tool{
		"appcmd.exe": appcmd, "reg.exe": reg, "whoami.exe": whoami, "HOSTNAME.EXE": hostname,
		"sc.exe": sc, "net.exe": net, "net1.exe": net1, "wevtutil.exe": wevtutil, "taskkill.exe": taskkill,
		"tasklist.exe": tasklist, "iisreset.exe": iisreset, "find.exe": find, "findstr.exe": findstr, "icacls.exe": icacls,
		"where.exe": where, "more.com": more, "sort.exe": sortLines, "attrib.exe": attrib, "xcopy.exe": xcopy,
		"Robocopy.exe": robocopy, "fc.exe": fc, "timeout.exe": timeout, "PING.EXE": ping, "certutil.exe": certutil,
		"ipconfig.exe": ipconfig, "systeminfo.exe": systeminfo, "schtasks.exe": schtasks, "auditpol.exe": auditpol,
		"curl.exe": curl, "conhost.exe": conhost, "takeown.exe": takeown, "quser.exe": quser, "clip.exe": clip, "WMIC.exe": wmic,
	}
}

// conhost serves a console until its process ends; by itself it does nothing.
func conhost(*run) int { return 0 }

// print writes to standard output; line ends become those of Windows.
func (r *run) print(format string, args ...any) { write(r.out, format, args) }

// complain writes to standard error.
func (r *run) complain(format string, args ...any) { write(r.err, format, args) }

func write(w io.Writer, format string, args []any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	_, _ = io.WriteString(w, text) // a closed pipe is the reader's decision
}

// unsupported records that the simulation lacks a part of this program.
func (r *run) unsupported(detail string) {
	r.k.Unsupported(r.p, "parameter", r.p.Name()+" "+strings.Join(r.args, " "), detail)
}

// only reports the switches that the simulation does not know; what follows a
// colon is the switch's value.
func (r *run) only(allowed ...string) {
	for _, arg := range r.args {
		if len(arg) < 2 || arg[0] != '/' {
			continue
		}
		name, _, _ := strings.Cut(strings.ToLower(arg[1:]), ":")
		if !slices.Contains(allowed, name) {
			r.unsupported("switch /" + name)
		}
	}
}

// message is the text of Windows for an error.
func message(err error) string {
	if code, ok := kernel.CodeOf(err); ok {
		return code.Message()
	}
	return err.Error()
}

// code is the Win32 code of an error, 1 when it has none.
func code(err error) int {
	if c, ok := kernel.CodeOf(err); ok {
		return int(c)
	}
	return 1
}

// input is all of standard input, or nothing when the process is ended before
// its input.
func (r *run) input() string {
	read := make(chan []byte, 1)
	go func() {
		data, _ := io.ReadAll(r.in) // what could be read counts
		read <- data
	}()
	select {
	case data := <-read:
		return text(data)
	case <-r.ctx.Done():
		return ""
	}
}

// answer is the first line of standard input.
func (r *run) answer() string {
	read := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r.in).ReadString('\n') // the end of the input ends the line
		read <- line
	}()
	select {
	case line := <-read:
		return strings.ToLower(strings.TrimSpace(line))
	case <-r.ctx.Done():
		return ""
	}
}

// text decodes the content of a text file: UTF-16 with a mark, otherwise UTF-8.
func text(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return utf16Text(data[2:])
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return string(data[3:])
	}
	return string(data)
}

// lines splits a text at its line ends.
func lines(s string) []string {
	s = strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// option reports whether an argument is the switch /name (or -name).
func option(arg, name string) bool {
	return len(arg) > 1 && (arg[0] == '/' || arg[0] == '-') && strings.EqualFold(arg[1:], name)
}

// value returns what follows "/name:" in an argument.
func value(arg, name string) (string, bool) {
	if len(arg) < len(name)+2 || arg[0] != '/' && arg[0] != '-' || !strings.EqualFold(arg[1:1+len(name)], name) || arg[1+len(name)] != ':' {
		return "", false
	}
	return arg[len(name)+2:], true
}

// has reports whether the switch /name is among the arguments.
func (r *run) has(name string) bool {
	for _, arg := range r.args {
		if option(arg, name) {
			return true
		}
	}
	return false
}

// after returns the argument behind the switch /name.
func (r *run) after(name string) (string, bool) {
	for i, arg := range r.args {
		if option(arg, name) && i+1 < len(r.args) {
			return r.args[i+1], true
		}
	}
	return "", false
}

// glob lists the files and folders that match a path with wildcards in its last
// part; a path without is itself.
func (r *run) glob(path string) []host.File {
	if !strings.ContainsAny(path, "*?") {
		if f, err := r.k.Stat(r.p, path); err == nil {
			return []host.File{f}
		}
		return nil
	}
	cut := strings.LastIndexAny(path, `\/`)
	folder := "."
	if cut >= 0 {
		folder = path[:cut+1]
	}
	files, _ := r.k.ReadDirectory(r.p, folder)
	var found []host.File
	for _, f := range files {
		if like(strings.ToLower(path[cut+1:]), strings.ToLower(f.Name())) {
			found = append(found, f)
		}
	}
	return found
}

// like matches * and ?; *.* matches every name.
func like(pattern, name string) bool {
	if pattern == "*.*" {
		return true
	}
	star, mark, p, n := -1, 0, 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
