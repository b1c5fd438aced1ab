package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func processCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Get-Process", params: "Name|ProcessName:s*@0~ Id|PID:o*~ InputObject:o*^ ComputerName|Cn:s* Module:b FileVersionInfo|FV:b IncludeUserName:b", process: getProcess},
		{name: "Stop-Process", params: "Id:o*@0~ Name|ProcessName:s*~ InputObject:o*^ Force:b PassThru:b", process: stopProcess},
		{name: "Start-Process", params: "FilePath|PSPath:s@0! ArgumentList|Args:s*@1 WorkingDirectory:s Wait:b NoNewWindow|nnw:b PassThru:b WindowStyle:s Verb:s RedirectStandardOutput|RSO:s RedirectStandardError|RSE:s RedirectStandardInput|RSI:s Credential:o LoadUserProfile|Lup:b UseNewEnvironment:b", process: startProcessCmd},
		{name: "Wait-Process", params: "Id|PID:o*@0~ Name|ProcessName:s* InputObject:o*^ Timeout:i", process: waitProcessCmd},
	}
}

// chosen finds the processes that a command's parameters name.
func (c *call) chosen() ([]*kernel.Process, error) {
	if !c.has("Name") && !c.has("Id") && !c.has("InputObject") && c.cmd.name != "Get-Process" {
		return nil, bindingError("MissingMandatoryParameter", "Cannot process command because of one or more missing mandatory parameters: Id.")
	}
	if c.has("InputObject") {
		return c.processInput()
	}
	for _, name := range []string{"Name", "Id"} {
		if c.has(name) && c.list(name) == nil {
			return nil, bindingError("ParameterArgumentValidationError", "Cannot validate argument on parameter '%s'. The argument is null or empty. "+
				"Provide an argument that is not null or empty, and then try the command again.", name)
		}
	}
	var ids []int
	for _, v := range c.items("Id") {
		n, err := c.int(v)
		if err != nil {
			return nil, err
		}
		ids = append(ids, n)
	}
	found, missing := c.listProcesses(c.list("Name"), ids)
	for _, m := range missing {
		kind, id := "name", "NoProcessFoundForGivenName"
		if c.has("Id") {
			kind, id = "process identifier", "NoProcessFoundForGivenId"
		}
		if err := c.fail(newError("Microsoft.PowerShell.Commands.ProcessCommandException", id, "ObjectNotFound",
			"Cannot find a process with the %s %s. Verify the process name and call the cmdlet again.", kind, map[bool]string{true: m, false: `"` + m + `"`}[c.has("Id")]).on(m)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// processInput gives the processes of -InputObject. Nothing else has its type, so that text on the pipeline chooses none.
func (c *call) processInput() ([]*kernel.Process, error) {
	var out []*kernel.Process
	for _, v := range c.items("InputObject") {
		o, _ := v.(*Object)
		if o == nil {
			return nil, c.castError(v, "System.Diagnostics.Process", "")
		}
		s, ok := o.data.(*processState)
		if !ok || s.p == nil {
			return nil, c.castError(v, "System.Diagnostics.Process", "")
		}
		out = append(out, s.p)
	}
	return out, nil
}

func getProcess(c *call) error {
	list, err := c.chosen()
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := c.out(c.processObject(p)); err != nil {
			return err
		}
	}
	return nil
}

func stopProcess(c *call) error {
	list, err := c.chosen()
	if err != nil {
		return err
	}
	for _, p := range list {
		if p == c.p {
			return &exiting{-1}
		}
		if err := c.k.Kill(c.p, p, -1); err != nil {
			if err := c.fail(newError("Microsoft.PowerShell.Commands.ProcessCommandException", "CouldNotStopProcess", "CloseError",
				"Cannot stop process \"%s (%d)\" because of the following error: %s", processName(p), p.PID, startError(err).Message).on(p.Name())); err != nil {
				return err
			}
			continue
		}
		if c.flag("PassThru") {
			if err := c.out(c.processObject(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

func waitProcessCmd(c *call) error {
	list, err := c.chosen()
	if err != nil {
		return err
	}
	for _, p := range list {
		ms := -1
		if c.has("Timeout") {
			ms = 1000 * c.number("Timeout", 0)
		}
		if !c.waitProcess(p, ms) {
			return newError("System.TimeoutException", "ProcessNotTerminated", "CloseError", "This command stopped operation because process \"%s (%d)\" is not stopped in the specified time-out.", processName(p), p.PID)
		}
	}
	return nil
}

func startProcessCmd(c *call) error {
	file := c.text("FilePath")
	if v := c.text("Verb"); v != "" && !strings.EqualFold(v, "runas") && !strings.EqualFold(v, "open") {
		c.unsupported("parameter", "Start-Process -Verb "+v, "not simulated")
	}
	if c.has("Credential") {
		c.unsupported("parameter", "Start-Process -Credential", "not simulated")
	}
	path, err := c.findExternal(file)
	if err != nil {
		r := newError("System.InvalidOperationException", "InvalidOperationException", invalidOperation, "This command cannot be run due to the error: The system cannot find the file specified.")
		if knownToWindows(file) {
			c.unsupported("command", file, "not simulated")
		}
		return r
	}
	spec := nativeSpec(c.interp, path, strings.Join(c.list("ArgumentList"), " "))
	if args := c.list("ArgumentList"); args != nil && host.Ext(path) == ".exe" {
		spec.CommandLine = `"` + path + `" ` + strings.Join(args, " ") + " "
	}
	if dir := c.text("WorkingDirectory"); dir != "" {
		spec.Dir = dir
	}
	newWindow := !c.flag("NoNewWindow")
	stdio, finish, err := c.startStreams(newWindow)
	if err != nil {
		return err
	}
	spec.Hidden = !newWindow
	wait := c.flag("Wait") || finish != nil
	if !wait {
		spec.Begin = c.turn()
	}
	c.interp.out.flush()
	p, err := c.k.Start(c.detached(), c.p, spec, stdio)
	if err != nil {
		return newError("System.InvalidOperationException", "InvalidOperationException", invalidOperation, "This command cannot be run due to the error: %s.", startError(err).Message)
	}
	switch {
	case wait && !c.waitProcess(p, -1):
		return c.ctx.Err()
	case !wait && newWindow:
		c.started = append(c.started, p)
	}
	if finish != nil {
		if err := finish(); err != nil {
			return err
		}
	}
	if c.flag("PassThru") {
		return c.out(c.processObject(p))
	}
	return nil
}

// startStreams gives the standard handles of a new process: the caller's, a new console, or files.
func (c *call) startStreams(newWindow bool) (kernel.Stdio, func() error, error) {
	stdio := kernel.Stdio{In: c.stdin, Out: c.stdio.Out, Err: c.stdio.Err}
	if newWindow {
		stdio = kernel.Stdio{}
	}
	buffers := map[string]*outputBuffer{}
	for _, name := range []string{"RedirectStandardOutput", "RedirectStandardError"} {
		if path := c.text(name); path != "" {
			buffers[path] = &outputBuffer{}
			if name == "RedirectStandardOutput" {
				stdio.Out = buffers[path]
			} else {
				stdio.Err = buffers[path]
			}
		}
	}
	if path := c.text("RedirectStandardInput"); path != "" {
		v, err := c.getContent(path, "", false)
		if err != nil {
			return stdio, nil, err
		}
		stdio.In = strings.NewReader(c.str(v))
	}
	if len(buffers) == 0 {
		return stdio, nil, nil
	}
	return stdio, func() error {
		for path, b := range buffers {
			full, err := c.filePath(path)
			if err != nil {
				return err
			}
			if err := c.k.WriteFile(c.p, full, []byte(b.String()), kernel.CreateAlways); err != nil {
				return win32(err, full)
			}
		}
		return nil
	}, nil
}
