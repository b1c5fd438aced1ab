package native

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const (
	netDone  = "The command completed successfully.\n\n"
	netUsage = "The syntax of this command is:\n\nNET\n    [ ACCOUNTS | COMPUTER | CONFIG | CONTINUE | FILE | GROUP | HELP |\n      HELPMSG | LOCALGROUP | PAUSE | SESSION | SHARE | START |\n      STATISTICS | STOP | TIME | USE | USER | VIEW ]\n\n"
)

// net is the front of net1.exe: it passes all but a few commands on, with the
// arguments as they were written.
func net(r *run) int {
	if len(r.args) == 0 {
		r.complain(netUsage)
		return 1
	}
	switch strings.ToLower(r.args[0]) {
	case "use", "view", "help", "helpmsg", "time":
		r.unsupported("network of the simulated machine")
		r.complain("System error 53 has occurred.\n\nThe network path was not found.\n\n")
		return 2
	}
	exit, err := r.k.Run(r.ctx, r.p, kernel.Spec{
		Image: `C:\Windows\System32\net1.exe`, CommandLine: `C:\Windows\system32\net1` + behindProgram(r.p.CommandLine),
	}, kernel.Stdio{In: r.in, Out: r.out, Err: r.err})
	if err != nil {
		r.complain("%s\n", message(err))
		return code(err)
	}
	return exit
}

// behindProgram is a command line without its first word.
func behindProgram(line string) string {
	line = strings.TrimLeft(line, " ")
	if strings.HasPrefix(line, `"`) {
		_, rest, _ := strings.Cut(line[1:], `"`)
		return rest
	}
	if at := strings.IndexByte(line, ' '); at >= 0 {
		return line[at:]
	}
	return ""
}

// net1 does the work of net.exe.
func net1(r *run) int {
	if len(r.args) == 0 {
		r.complain(netUsage)
		return 1
	}
	commands := map[string]func(*run, []string) int{
		"user": netUser, "users": netUser, "localgroup": netLocalGroup, "start": netStart, "stop": netStop,
		"share": netShare, "accounts": netAccounts,
	}
	command, ok := commands[strings.ToLower(r.args[0])]
	if !ok {
		r.unsupported("net " + r.args[0])
		r.complain(netUsage)
		return 1
	}
	return command(r, r.args[1:])
}

// netError prints an error by its number.
func (r *run) netError(number int, text string) int {
	r.complain("%s\n\nMore help is available by typing NET HELPMSG %d.\n\n", text, number)
	return 2
}

// words separates /switches (lower case) from the other arguments.
func words(args []string) (rest, switches []string) {
	for _, arg := range args {
		if strings.HasPrefix(arg, "/") {
			switches = append(switches, strings.ToLower(arg))
			continue
		}
		rest = append(rest, arg)
	}
	return rest, switches
}

func contains(list []string, want string) bool {
	for _, s := range list {
		if s == want || strings.HasPrefix(s, want+":") {
			return true
		}
	}
	return false
}

// byAnyName finds a service by its name or its display name.
func (r *run) byAnyName(name string) (host.Service, bool) {
	for _, s := range r.k.Host().Services.All() {
		if strings.EqualFold(s.Name, name) || strings.EqualFold(s.DisplayName, name) {
			return s, true
		}
	}
	return host.Service{}, false
}

func netStart(r *run, args []string) int {
	rest, _ := words(args)
	if len(rest) == 0 {
		r.print("These Windows services are started:\n\n")
		for _, s := range r.k.Host().Services.All() {
			if s.State == host.Running {
				r.print("   %s\n", s.DisplayName)
			}
		}
		r.print("\n" + netDone)
		return 0
	}
	s, ok := r.byAnyName(strings.Join(rest, " "))
	if !ok {
		return r.netError(2185, "The service name is invalid.")
	}
	err := r.k.StartService(r.p, s.Name)
	switch {
	case err == nil:
		r.print("The %s service is starting.\nThe %s service was started successfully.\n\n", s.DisplayName, s.DisplayName)
		return 0
	case code(err) == int(kernel.ServiceRunning):
		return r.netError(2182, "The requested service has already been started.")
	}
	return r.systemError(err)
}

func (r *run) systemError(err error) int {
	r.complain("System error %d has occurred.\n\n%s\n\n", code(err), message(err))
	return 2
}

func netStop(r *run, args []string) int {
	rest, switches := words(args)
	s, ok := r.byAnyName(strings.Join(rest, " "))
	if !ok {
		return r.netError(2185, "The service name is invalid.")
	}
	for _, dependent := range r.dependents(s) {
		if !contains(switches, "/y") && !contains(switches, "/yes") {
			r.print("The following services are dependent on the %s service.\nStopping the %s service will also stop these services.\n\n   %s\n\n", s.DisplayName, s.DisplayName, dependent.DisplayName)
			if !r.confirm("Do you want to continue this operation? (Y/N) [N]: ") {
				return 2
			}
		}
		if result := r.stopNamed(dependent); result != 0 {
			return result
		}
	}
	return r.stopNamed(s)
}

// dependents are the running services that need s.
func (r *run) dependents(s host.Service) []host.Service {
	var list []host.Service
	for _, other := range r.k.Host().Services.All() {
		for _, needed := range other.DependsOn {
			if strings.EqualFold(needed, s.Name) && other.State == host.Running {
				list = append(list, other)
			}
		}
	}
	return list
}

func (r *run) stopNamed(s host.Service) int {
	err := r.stopService(s.Name)
	switch {
	case err == nil:
		r.print("The %s service is stopping.\nThe %s service was stopped successfully.\n\n", s.DisplayName, s.DisplayName)
		return 0
	case code(err) == int(kernel.ServiceNotActive):
		return r.netError(3521, "The "+s.DisplayName+" service is not started.")
	}
	return r.systemError(err)
}

func netShare(r *run, args []string) int {
	if len(args) > 0 {
		r.unsupported("shares")
		return r.netError(2310, "This shared resource does not exist.")
	}
	r.print("\nShare name   Resource                        Remark\n\n%s\n", strings.Repeat("-", 79))
	r.print("C$           C:\\                             Default share                     \nIPC$                                         Remote IPC                        \nADMIN$       C:\\Windows                      Remote Admin                      \n" + netDone)
	return 0
}

func netAccounts(r *run, args []string) int {
	if len(args) > 0 {
		r.unsupported("account policies")
		return r.systemError(&kernel.Error{Code: kernel.NotSupported, Op: "set account policies"})
	}
	for _, row := range [][2]string{
		{"Force user logoff how long after time expires?:", "Never"},
		{"Minimum password age (days):", "0"},
		{"Maximum password age (days):", "42"},
		{"Minimum password length:", "0"},
		{"Length of password history maintained:", "None"},
		{"Lockout threshold:", "10"},
		{"Lockout duration (minutes):", "10"},
		{"Lockout observation window (minutes):", "10"},
		{"Computer role:", "SERVER"},
	} {
		r.print("%-54s%s\n", row[0], row[1])
	}
	r.print(netDone)
	return 0
}
