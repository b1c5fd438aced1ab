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
		{name: "New-Service", params: "Name|ServiceName:s@0! BinaryPathName|Path:s@1! DisplayName:s Description:s StartupType:s DependsOn:s* Credential:o", process: newService},
		{name: "Set-Service", params: "Name|ServiceName|SN:s@0!^~ DisplayName|DN:s Description:s StartupType|StartMode|SM|ST:s Status:s PassThru:b", process: setService},
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
				id := "Couldnt" + strings.ToUpper(verb[:1]) + verb[1:] + "Service"
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

// startupType reads -StartupType; a missing one gives fallback.
func (c *call) startupType(fallback host.StartType) (host.StartType, error) {
	start, ok := map[string]host.StartType{"": fallback, "automatic": host.Automatic, "manual": host.Manual, "disabled": host.DisabledStart}[strings.ToLower(c.text("StartupType"))]
	if !ok {
		return start, bindingError("CannotConvertArgumentNoMessage", "Cannot bind parameter 'StartupType'. Cannot convert value \"%s\" to type \"System.ServiceProcess.ServiceStartMode\".", c.text("StartupType"))
	}
	return start, nil
}

// setService changes the configuration of a service, and then its state.
func setService(c *call) error {
	list, err := c.services()
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := c.configure(s); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) configure(s host.Service) error {
	if ok, err := c.should("Set-Service", s.DisplayName+" ("+s.Name+")"); !ok || err != nil {
		return err
	}
	var err error
	if s.Start, err = c.startupType(s.Start); err != nil {
		return err
	}
	if name := c.text("DisplayName"); name != "" {
		s.DisplayName = name
	}
	if c.has("Description") {
		c.unsupported("parameter", "Set-Service -Description", "services have no description in the simulation")
	}
	err = c.k.CreateService(c.p, s)
	if err == nil {
		switch status := strings.ToLower(c.text("Status")); status {
		case "":
		case "running":
			err = ignore(c.k.StartService(c.p, s.Name), kernel.ServiceRunning)
		case "stopped":
			err = ignore(c.k.StopService(c.p, s.Name), kernel.ServiceNotActive)
		default:
			c.unsupported("parameter", "Set-Service -Status "+status, "not simulated")
			return bindingError("ParameterArgumentValidationError", "Cannot validate argument on parameter 'Status'. The argument \"%s\" does not belong to the set \"Running,Stopped,Paused\".", status)
		}
	}
	if err != nil {
		return c.fail(newError("Microsoft.PowerShell.Commands.ServiceCommandException", "CouldNotSetService", "PermissionDenied",
			"Service '%s (%s)' cannot be configured due to the following error: %s", s.DisplayName, s.Name, startError(err).Message).on(s.Name))
	}
	if now, ok := c.k.Host().Services.Service(s.Name); ok && c.flag("PassThru") {
		return c.out(serviceObject(now))
	}
	return nil
}

func newService(c *call) error {
	start, err := c.startupType(host.Automatic)
	if err != nil {
		return err
	}
	s := host.Service{Name: c.text("Name"), DisplayName: c.text("DisplayName"), Path: c.text("BinaryPathName"), Account: "LocalSystem", Start: start, State: host.Stopped, DependsOn: c.list("DependsOn")}
	if s.DisplayName == "" {
		s.DisplayName = s.Name
	}
	if err := c.k.CreateService(c.p, s); err != nil {
		return c.fail(newError("Microsoft.PowerShell.Commands.ServiceCommandException", "CouldNotNewService", "PermissionDenied",
			"Service '%s (%s)' cannot be created due to the following error: %s", s.DisplayName, s.Name, startError(err).Message).on(s.Name))
	}
	now, err := c.k.Service(s.Name)
	if err != nil {
		return startError(err)
	}
	return c.out(serviceObject(now))
}
