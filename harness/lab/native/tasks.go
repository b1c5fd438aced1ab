package native

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// taskkill ends processes by id or image name.
func taskkill(r *run) int {
	var targets []*kernel.Process
	result := 0
	for i := 0; i+1 < len(r.args); i++ {
		name := r.args[i+1]
		switch {
		case option(r.args[i], "pid"):
			found := r.byPID(name)
			targets = append(targets, found...)
			if len(found) == 0 {
				result = r.noProcess(name)
			}
		case option(r.args[i], "im"):
			found := r.byImage(name)
			targets = append(targets, found...)
			if len(found) == 0 {
				result = r.noProcess(name)
			}
		case option(r.args[i], "fi"), option(r.args[i], "s"):
			r.unsupported("filter or another machine")
		default:
			continue
		}
		i++
	}
	if len(targets) == 0 && result == 0 {
		r.complain("ERROR: Invalid syntax. Neither /FI nor /PID nor /IM were specified.\nType \"TASKKILL /?\" for usage.\n")
		return 1
	}
	for _, p := range targets {
		if done := r.kill(p); done != 0 {
			result = done
		}
	}
	return result
}

func (r *run) noProcess(name string) int {
	r.complain("ERROR: The process \"%s\" not found.\n", name)
	return 128
}

func (r *run) byPID(text string) []*kernel.Process {
	pid, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil
	}
	if p, ok := r.k.Process(uint32(pid)); ok {
		return []*kernel.Process{p}
	}
	return nil
}

func (r *run) byImage(name string) []*kernel.Process {
	var found []*kernel.Process
	for _, p := range r.k.Processes() {
		if like(strings.ToLower(name), strings.ToLower(p.Name())) && p != r.p {
			found = append(found, p)
		}
	}
	return found
}

func (r *run) kill(p *kernel.Process) int {
	name := "\"" + p.Name() + "\" with PID " + decimal(int(p.PID))
	if !r.mayEnd(p) {
		r.complain("ERROR: The process %s could not be terminated.\nReason: Access is denied.\n", name)
		return 1
	}
	if r.has("t") {
		for _, child := range r.k.Processes() {
			if child.Parent == p && child != r.p {
				r.kill(child)
			}
		}
	}
	if !r.has("f") && p.Token.Session == 0 && p.Token.User != r.p.Token.User {
		r.complain("ERROR: The process %s could not be terminated.\nReason: This process can only be terminated forcefully (with /F option).\n", name)
		return 1
	}
	r.k.Terminate(p, 1)
	if r.has("f") {
		r.print("SUCCESS: The process %s has been terminated.\n", name)
	} else {
		r.print("SUCCESS: Sent termination signal to the process %s.\n", name)
	}
	return 0
}

// mayEnd is the rule of TerminateProcess: one's own processes, and with the
// debug privilege all but the protected ones.
func (r *run) mayEnd(p *kernel.Process) bool {
	if slices.Contains([]string{"system", "registry", "smss.exe", "csrss.exe", "wininit.exe", "services.exe", "msmpeng.exe"}, strings.ToLower(p.Name())) {
		return false
	}
	return r.p.Token.Elevated || p.Token.User == r.p.Token.User
}

// tasklist prints the process table.
func tasklist(r *run) int {
	processes := r.k.Processes()
	if filter, ok := r.after("fi"); ok {
		known := false
		if processes, known = filtered(processes, filter); !known {
			r.unsupported("filter " + filter)
			r.complain("ERROR: The search filter cannot be recognized.\n")
			return 1
		}
	}
	if r.has("m") || r.has("s") || r.has("apps") {
		r.unsupported("tasklist switch")
	}
	if len(processes) == 0 {
		r.print("INFO: No tasks are running which match the specified criteria.\n")
		return 0
	}
	rows := table{{"Image Name", "PID", "Session Name", "Session#", "Mem Usage"}}
	if r.has("svc") {
		rows = table{{"Image Name", "PID", "Services"}}
	} else if r.has("v") {
		rows[0] = append(rows[0], "Status", "User Name", "CPU Time", "Window Title")
	}
	for _, p := range processes {
		rows = append(rows, r.taskRow(p))
	}
	if format, _ := r.after("fo"); strings.EqualFold(format, "csv") {
		if r.has("nh") {
			rows = rows[1:]
		}
		r.csv(rows)
		return 0
	}
	r.taskTable(rows)
	return 0
}

func (r *run) taskRow(p *kernel.Process) []string {
	row := []string{p.Name(), decimal(int(p.PID))}
	if r.has("svc") {
		var names []string
		for _, s := range r.k.Host().Services.All() {
			if s.State == host.Running && s.PID == p.PID {
				names = append(names, s.Name)
			}
		}
		if names == nil {
			names = []string{"N/A"}
		}
		return append(row, strings.Join(names, ", "))
	}
	session := "Services"
	if p.Token.Session != 0 {
		session = "Console"
	}
	row = append(row, session, decimal(int(p.Token.Session)), memory(p))
	if r.has("v") {
		row = append(row, "Unknown", p.Token.User, "0:00:00", "N/A")
	}
	return row
}

// memory is a working set that depends on the image alone.
func memory(p *kernel.Process) string {
	size := 4000
	for _, c := range p.Name() {
		size += int(c) * 37 % 997
	}
	return fmt.Sprintf("%d,%03d K", size/1000, size%1000)
}

func (r *run) taskTable(rows table) {
	widths := []int{25, 8, 16, 11, 12, 15, 50, 12, 72}
	if r.has("svc") {
		widths = []int{25, 8, 44}
	}
	for i, row := range rows {
		if i == 0 && r.has("nh") {
			continue
		}
		if i == 0 {
			r.print("\n")
		}
		var cells, rule []string
		for j, cell := range row {
			format := "%-*s"
			if j == 1 || j == 3 || j == 4 {
				format = "%*s"
			}
			cells = append(cells, fmt.Sprintf(format, widths[j], cell))
			rule = append(rule, strings.Repeat("=", widths[j]))
		}
		r.print("%s\n", strings.Join(cells, " "))
		if i == 0 {
			r.print("%s\n", strings.Join(rule, " "))
		}
	}
}

// filtered applies a filter "IMAGENAME eq x" of tasklist.
func filtered(processes []*kernel.Process, filter string) ([]*kernel.Process, bool) {
	fields := strings.Fields(filter)
	if len(fields) != 3 {
		return nil, false
	}
	field := map[string]func(*kernel.Process) string{
		"imagename": func(p *kernel.Process) string { return p.Name() },
		"pid":       func(p *kernel.Process) string { return decimal(int(p.PID)) },
		"username":  func(p *kernel.Process) string { return p.Token.User },
		"session":   func(p *kernel.Process) string { return decimal(int(p.Token.Session)) },
	}[strings.ToLower(fields[0])]
	operator := strings.ToLower(fields[1])
	if field == nil || operator != "eq" && operator != "ne" {
		return nil, false
	}
	return slices.DeleteFunc(processes, func(p *kernel.Process) bool {
		return like(strings.ToLower(fields[2]), strings.ToLower(field(p))) != (operator == "eq")
	}), true
}
