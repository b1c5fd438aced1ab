package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func serviceCmdlets() []*cmdlet {
	const params = "Name|ServiceName|SN:s*@0^~ DisplayName:s* InputObject:o* Include:s* Exclude:s* Force:b PassThru:b NoWait:b"
	return []*cmdlet{
		{name: "Get-Service", params: "Name|ServiceName:s*@0^~ DisplayName:s* InputObject:o* Include:s* Exclude:s* ComputerName|Cn:s* DependentServices|DS:b RequiredServices:b", process: getService},
		{name: "Start-Service", params: params, process: control("Start", func(c *call, name string) error { return ignore(c.k.StartService(c.p, name), kernel.ServiceRunning) })},
		{name: "Stop-Service", params: params, process: control("Stop", func(c *call, name string) error { return ignore(c.k.StopService(c.p, name), kernel.ServiceNotActive) })},
		{name: "Restart-Service", params: params, process: control("Restart", func(c *call, name string) error {
			if err := ignore(c.k.StopService(c.p, name), kernel.ServiceNotActive); err != nil {
				return err
			}
			return c.k.StartService(c.p, name)
		})},
	}
}

// ignore drops the error that says the service is in the wanted state already.
func ignore(err error, code kernel.Code) error {
	if got, ok := kernel.CodeOf(err); ok && got == code {
		return nil
	}
	return err
}

func serviceObject(s host.Service) *Object {
	of := func(name string, get func(s host.Service) any) prop {
		return prop{name: name, get: func(_ *interp, o *Object) any { return get(o.data.(host.Service)) }}
	}
	status := func(s host.Service) any {
		return newEnum("System.ServiceProcess.ServiceControllerStatus", stateName(s.State), int64(s.State))
	}
	return newObject(&class{name: "System.ServiceProcess.ServiceController", columns: []string{"Status", "Name", "DisplayName"}, widths: []int{8, 18}, text: func(_ *interp, o *Object) string { return o.data.(host.Service).Name }, props: []prop{
		of("Name", func(s host.Service) any { return s.Name }), of("ServiceName", func(s host.Service) any { return s.Name }), of("DisplayName", func(s host.Service) any { return s.DisplayName }),
		of("Status", status), of("StartType", func(s host.Service) any {
			return newEnum("System.ServiceProcess.ServiceStartMode", map[host.StartType]string{host.Automatic: "Automatic", host.Manual: "Manual", host.DisabledStart: "Disabled"}[s.Start], int64(s.Start))
		}),
		of("CanStop", func(s host.Service) any { return s.State == host.Running }), of("MachineName", func(host.Service) any { return "." }),
		of("ServicesDependedOn", func(s host.Service) any { return newStrings(s.DependsOn) }), of("RequiredServices", func(s host.Service) any { return newStrings(s.DependsOn) }),
		of("ServiceType", func(host.Service) any { return "Win32OwnProcess" }), of("ServiceHandle", func(host.Service) any { return nil }),
	}, methods: methods{"refresh": nothing, "close": nothing, "stop": func(in *interp, self any, _ []any) (any, error) {
		return void{}, startError2(in.k.StopService(in.p, self.(*Object).data.(host.Service).Name))
	}, "start": func(in *interp, self any, _ []any) (any, error) {
		return void{}, startError2(in.k.StartService(in.p, self.(*Object).data.(host.Service).Name))
	}}}, s)
}

func startError2(err error) error {
	if err == nil {
		return nil
	}
	return startError(err)
}

func (c *call) services() ([]host.Service, error) {
	var out []host.Service
	patterns, byDisplay := c.list("Name"), false
	if d := c.list("DisplayName"); d != nil {
		patterns, byDisplay = d, true
	}
	if patterns == nil {
		return c.k.Host().Services.All(), nil
	}
	for _, pattern := range patterns {
		found := false
		for _, s := range c.k.Host().Services.All() {
			name := s.Name
			if byDisplay {
				name = s.DisplayName
			}
			if wildcard(pattern, false).MatchString(name) {
				out, found = append(out, s), true
			}
		}
		if !found && !hasWildcard(pattern) {
			r := newError("Microsoft.PowerShell.Commands.ServiceCommandException", "NoServiceFoundForGivenName", "ObjectNotFound", "Cannot find any service with service name '%s'.", pattern).on(pattern)
			if err := c.fail(r); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func getService(c *call) error {
	list, err := c.services()
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := c.out(serviceObject(s)); err != nil {
			return err
		}
	}
	return nil
}

func control(verb string, act func(c *call, name string) error) func(*call) error {
	return func(c *call) error {
		list, err := c.services()
		if err != nil {
			return err
		}
		for _, s := range list {
			if ok, err := c.should(verb+"-Service", s.DisplayName+" ("+s.Name+")"); !ok || err != nil {
				return err
			}
			if err := act(c, s.Name); err != nil {
				id := "Couldnot" + strings.ToUpper(verb[:1]) + verb[1:] + "Service"
				what := strings.ToLower(verb)
				if err := c.fail(newError("Microsoft.PowerShell.Commands.ServiceCommandException", id, "OpenError",
					"Service '%s (%s)' cannot be %s due to the following error: Cannot open %s service on computer '.'.", s.DisplayName, s.Name, past(what), s.Name).on(s.Name)); err != nil {
					return err
				}
				continue
			}
			if c.flag("PassThru") {
				if now, ok := c.k.Host().Services.Service(s.Name); ok {
					if err := c.out(serviceObject(now)); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
}

func past(verb string) string {
	if verb == "stop" {
		return "stopped"
	}
	return verb + "ed"
}

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
	var out []*kernel.Process
	for _, v := range asList(c.value("InputObject")) {
		if o, ok := v.(*Object); ok {
			if s, ok := o.data.(*processState); ok && s.p != nil {
				out = append(out, s.p)
			}
		}
	}
	if out != nil {
		return out, nil
	}
	var ids []int
	if c.has("Id") {
		for _, v := range asList(c.value("Id")) {
			n, err := c.int(v)
			if err != nil {
				return nil, err
			}
			ids = append(ids, n)
		}
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
		if p.Token.Is(host.System) && !c.p.Token.Elevated {
			if err := c.fail(newError("Microsoft.PowerShell.Commands.ProcessCommandException", "CouldNotStopProcess", "CloseError", "Cannot stop process \"%s (%d)\" because of the following error: Access is denied", processName(p), p.PID)); err != nil {
				return err
			}
			continue
		}
		c.k.Terminate(p, -1)
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
	c.interp.out.flush()
	p, err := c.k.Start(c.ctx, c.p, spec, stdio)
	if err != nil {
		return newError("System.InvalidOperationException", "InvalidOperationException", invalidOperation, "This command cannot be run due to the error: %s.", startError(err).Message)
	}
	if c.flag("Wait") || finish != nil {
		if _, err := p.Wait(c.ctx); err != nil {
			return err
		}
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
		v, err := c.interp.getContent(path, "", false)
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
