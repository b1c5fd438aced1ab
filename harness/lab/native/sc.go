package native

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// sc is the tool of the service control manager.
func sc(r *run) int {
	args := r.args
	if len(args) > 0 && strings.HasPrefix(args[0], `\\`) {
		if !strings.EqualFold(strings.TrimLeft(args[0], `\`), r.k.Host().Name) {
			r.unsupported("another machine")
			r.print("[SC] OpenSCManager FAILED 1722:\n\nThe RPC server is unavailable.\n\n")
			return 1722
		}
		args = args[1:]
	}
	if len(args) == 0 {
		r.print("DESCRIPTION:\n        SC is a command line program used for communicating with the\n        Service Control Manager and services.\n")
		return 0
	}
	commands := map[string]func(*run, []string) int{
		"query": scQuery, "queryex": scQueryEx, "create": scCreate,
		"qc": existing("OpenService", scConfiguration), "start": existing("StartService: OpenService", scStart),
		"stop": existing("OpenService", scStop), "config": existing("OpenService", scConfig), "delete": existing("OpenService", scDelete),
	}
	command, ok := commands[strings.ToLower(args[0])]
	if !ok {
		r.unsupported("sc " + args[0])
		r.print("*** Unrecognized Command ***\n")
		return 1639
	}
	return command(r, args[1:])
}

// existing is a command on the service that its first argument names; call is
// what fails when there is none.
func existing(call string, command func(*run, host.Service, []string) int) func(*run, []string) int {
	return func(r *run, args []string) int {
		if len(args) == 0 {
			r.unsupported("sc without the name of a service")
			return 1639
		}
		s, err := r.k.Service(args[0])
		if err != nil {
			return r.scFail(call, err)
		}
		return command(r, s, args)
	}
}

// scFail prints a failed call of the service control manager.
func (r *run) scFail(call string, err error) int {
	if c, ok := kernel.CodeOf(err); ok && c == kernel.AccessDenied && call == "StartService" {
		call = "StartService: OpenService"
	}
	r.print("[SC] %s FAILED %d:\n\n%s\n\n", call, code(err), message(err))
	return code(err)
}

func scQuery(r *run, args []string) int   { return scStatus(r, args, false) }
func scQueryEx(r *run, args []string) int { return scStatus(r, args, true) }

// scStatus prints one service, or all that type= and state= select.
func scStatus(r *run, args []string, extended bool) int {
	if len(args) > 0 && !strings.HasSuffix(args[0], "=") {
		s, err := r.k.Service(args[0])
		if err != nil {
			return r.scFail("EnumQueryServicesStatus:OpenService", err)
		}
		r.print("\nSERVICE_NAME: %s \n", args[0])
		r.status(s, stateText(s), extended)
		return 0
	}
	for _, s := range r.k.Host().Services.All() {
		state := parameter(args, "state")
		if strings.EqualFold(state, "all") || strings.EqualFold(state, "inactive") == (s.State != host.Running) {
			r.print("\nSERVICE_NAME: %s\nDISPLAY_NAME: %s\n", s.Name, s.DisplayName)
			r.status(s, stateText(s), extended)
		}
	}
	return 0
}

// parameter returns the value behind "name=".
func parameter(args []string, name string) string {
	for i, arg := range args {
		if strings.EqualFold(arg, name+"=") && i+1 < len(args) {
			return args[i+1]
		}
		if len(arg) > len(name) && strings.EqualFold(arg[:len(name)+1], name+"=") {
			return arg[len(name)+1:]
		}
	}
	return ""
}

func stateText(s host.Service) string {
	if s.State == host.Running {
		return "4  RUNNING \n                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)"
	}
	return "1  STOPPED "
}

func serviceKind(s host.Service) string {
	if s.Shared {
		return "20  WIN32_SHARE_PROCESS"
	}
	return "10  WIN32_OWN_PROCESS"
}

func (r *run) status(s host.Service, state string, extended bool) {
	r.print("        TYPE               : %s  \n        STATE              : %s\n", serviceKind(s), state)
	r.print("        WIN32_EXIT_CODE    : 0  (0x0)\n        SERVICE_EXIT_CODE  : 0  (0x0)\n        CHECKPOINT         : 0x0\n        WAIT_HINT          : 0x0\n")
	if extended {
		r.print("        PID                : %d\n        FLAGS              : \n", s.PID)
	}
}

func scConfiguration(r *run, s host.Service, args []string) int {
	start := map[host.StartType]string{host.Automatic: "2   AUTO_START", host.Manual: "3   DEMAND_START", host.DisabledStart: "4   DISABLED"}[s.Start]
	r.print("[SC] QueryServiceConfig SUCCESS\n\nSERVICE_NAME: %s\n        TYPE               : %s \n        START_TYPE         : %s\n", args[0], serviceKind(s), start)
	r.print("        ERROR_CONTROL      : 1   NORMAL\n        BINARY_PATH_NAME   : %s\n        LOAD_ORDER_GROUP   : \n        TAG                : 0\n", s.Path)
	r.print("        DISPLAY_NAME       : %s\n        DEPENDENCIES       : %s\n        SERVICE_START_NAME : %s\n", s.DisplayName, strings.Join(s.DependsOn, "\n                           : "), s.Account)
	return 0
}

func scStart(r *run, s host.Service, args []string) int {
	if err := r.k.StartService(r.p, s.Name); err != nil {
		return r.scFail("StartService", err)
	}
	if now, err := r.k.Service(s.Name); err == nil {
		s = now
	}
	r.print("\nSERVICE_NAME: %s \n", args[0])
	r.status(s, "2  START_PENDING \n                                (NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)", true)
	return 0
}

func scStop(r *run, s host.Service, args []string) int {
	if err := r.stopService(args[0]); err != nil {
		return r.scFail("ControlService", err)
	}
	r.print("\nSERVICE_NAME: %s \n", args[0])
	r.status(s, "3  STOP_PENDING \n                                (NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)", false)
	return 0
}

// stopService stops a service; the worker processes end with the web service.
func (r *run) stopService(name string) error {
	if err := r.k.StopService(r.p, name); err != nil {
		return err
	}
	if strings.EqualFold(name, "W3SVC") || strings.EqualFold(name, "WAS") {
		r.iis.Recycle()
	}
	return nil
}

// scChange applies the parameters of config and create to a service.
func scChange(r *run, s *host.Service, args []string) {
	if path := parameter(args, "binPath"); path != "" {
		s.Path = path
	}
	if name := parameter(args, "DisplayName"); name != "" {
		s.DisplayName = name
	}
	if account := parameter(args, "obj"); account != "" {
		s.Account = account
	}
	if depend := parameter(args, "depend"); depend != "" {
		s.DependsOn = strings.Split(depend, "/")
	}
	switch start := strings.ToLower(parameter(args, "start")); start {
	case "auto", "delayed-auto":
		s.Start = host.Automatic
	case "demand":
		s.Start = host.Manual
	case "disabled":
		s.Start = host.DisabledStart
	case "":
	default:
		r.unsupported("start= " + start)
	}
	switch strings.ToLower(parameter(args, "type")) {
	case "share":
		s.Shared = true
	case "own":
		s.Shared = false
	}
}

func scConfig(r *run, s host.Service, args []string) int {
	scChange(r, &s, args[1:])
	if err := r.k.CreateService(r.p, s); err != nil {
		return r.scFail("OpenService", err)
	}
	r.print("[SC] ChangeServiceConfig SUCCESS\n")
	return 0
}

func scCreate(r *run, args []string) int {
	if len(args) == 0 || parameter(args, "binPath") == "" {
		r.print("DESCRIPTION:\n        Creates a service entry in the registry and Service Database.\n")
		return 1639
	}
	if _, err := r.k.Service(args[0]); err == nil {
		r.print("[SC] CreateService FAILED 1073:\n\nThe specified service already exists.\n\n")
		return 1073
	}
	s := host.Service{Name: args[0], DisplayName: args[0], Account: "LocalSystem", State: host.Stopped, Start: host.Manual}
	scChange(r, &s, args[1:])
	if err := r.k.CreateService(r.p, s); err != nil {
		return r.scFail("OpenSCManager", err)
	}
	r.print("[SC] CreateService SUCCESS\n")
	return 0
}

func scDelete(r *run, s host.Service, _ []string) int {
	if err := r.k.DeleteService(r.p, s.Name); err != nil {
		return r.scFail("OpenService", err)
	}
	r.print("[SC] DeleteService SUCCESS\n")
	return 0
}
