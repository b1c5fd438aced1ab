package native

import "github.com/seed-67b27da2/geiger/harness/lab/kernel"

// iisreset stops and starts the internet services.
func iisreset(r *run) int {
	if !r.p.Token.Elevated {
		r.print("\nAccess denied, you must be an administrator of the remote computer to use this\ncommand. Either have your user account added to the administrator local group of\nthe remote computer or to the domain administrator global group.\n")
		return int(kernel.AccessDenied)
	}
	stop, start := true, true
	done := "restarted"
	switch {
	case r.has("status"):
		return r.iisStatus()
	case r.has("stop"):
		start = false
	case r.has("start"):
		stop, done = false, "started"
	}
	r.print("\n")
	if stop {
		r.print("Attempting stop...\n")
		for _, name := range []string{"W3SVC", "WAS"} {
			if err := r.stopService(name); err != nil && code(err) != int(kernel.ServiceNotActive) {
				return r.resetFailed(err)
			}
		}
		r.print("Internet services successfully stopped\n")
	}
	if start {
		r.print("Attempting start...\n")
		for _, name := range []string{"WAS", "W3SVC"} {
			if err := r.k.StartService(r.p, name); err != nil && code(err) != int(kernel.ServiceRunning) {
				return r.resetFailed(err)
			}
		}
		r.iis.Reset()
		r.print("Internet services successfully %s\n", done)
	}
	return 0
}

func (r *run) resetFailed(err error) int {
	r.print("Restart attempt failed.\n%s (%d, %x)\n", message(err), code(err), 0x80070000|code(err))
	return code(err)
}

func (r *run) iisStatus() int {
	for _, name := range []string{"WAS", "W3SVC"} {
		s, err := r.k.Service(name)
		if err != nil {
			return r.resetFailed(err)
		}
		state := map[bool]string{true: "Running", false: "Stopped"}[s.PID != 0]
		r.print("Status for %s ( %s ) : %s\n", s.DisplayName, s.Name, state)
	}
	return 0
}
