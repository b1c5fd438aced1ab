package native

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const wmiHost = `C:\Windows\System32\wbem\WmiPrvSE.exe`

// wmic reads classes of the management instrumentation and starts processes
// through its provider host.
func wmic(r *run) int {
	args := r.args
	for ; len(args) > 0 && strings.HasPrefix(args[0], "/"); args = args[1:] {
		name, isNode := value(args[0], "node")
		switch {
		case !isNode:
			r.unsupported("wmic " + args[0])
		case !r.thisMachine(strings.Trim(name, `"`)):
			r.unsupported("another machine")
			r.complain("Node - %s\nERROR:\nDescription = The RPC server is unavailable.\n", name)
			return rpcUnavailable
		}
	}
	if len(args) == 0 {
		r.unsupported("interactive wmic")
		return 1
	}
	if len(args) > 3 && strings.EqualFold(strings.Join(args[:3], " "), "process call create") {
		return r.wmiCreate(strings.Join(args[3:], " "))
	}
	rows, known := r.wmiRows(strings.ToLower(args[0]))
	wanted, simple := wmiProperties(args[1:])
	if !known || !simple {
		r.unsupported("wmic " + strings.Join(args, " "))
		r.complain("Node - %s\nERROR:\nDescription = Invalid query\n", r.k.Host().Name)
		return invalidQuery
	}
	r.wmiTable(rows, wanted)
	return 0
}

// The HRESULTs with which wmic.exe ends.
const (
	rpcUnavailable = -2147023174
	invalidQuery   = -2147217385
)

func (r *run) thisMachine(name string) bool {
	return strings.EqualFold(name, r.k.Host().Name) || strings.EqualFold(name, "localhost") || name == "127.0.0.1"
}

// wmiProperties reads "get a,b" or "list brief"; no names stand for all
// properties. It is false for clauses beyond that.
func wmiProperties(args []string) ([]string, bool) {
	if len(args) == 0 {
		return nil, true
	}
	verb := strings.ToLower(args[0])
	if verb != "get" && verb != "list" {
		return nil, false
	}
	names, _ := words(args[1:])
	if verb == "list" {
		return nil, true
	}
	return strings.FieldsFunc(strings.Join(names, ","), func(c rune) bool { return c == ',' || c == ' ' }), true
}

// wmiCreate starts a process as a child of the provider host, which the service
// control of the machine starts when it does not run.
func (r *run) wmiCreate(line string) int {
	provider, ok := r.k.Named("WmiPrvSE.exe")
	if !ok {
		launcher, running := r.k.ServiceProcess("DcomLaunch")
		if !running {
			return 1
		}
		token := r.k.ServiceToken(host.NetworkService)
		var err error
		provider, err = r.k.StartResident(context.WithoutCancel(r.ctx), launcher, kernel.Spec{
			Image: wmiHost, CommandLine: `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, Dir: `C:\Windows\system32`,
			Token: token, Env: r.k.Environment(token), Hidden: true,
		})
		if err != nil {
			r.complain("ERROR:\nDescription = %s\n", message(err))
			return 1
		}
	}
	r.print("Executing (Win32_Process)->Create()\nMethod execution successful.\nOut Parameters:\ninstance of __PARAMETERS\n{\n")
	p, err := r.k.Start(context.WithoutCancel(r.ctx), provider, kernel.Spec{CommandLine: line, Dir: `C:\Windows\system32`, Token: r.p.Token, Env: r.k.Environment(r.p.Token)}, kernel.Stdio{})
	if err != nil {
		r.print("\tReturnValue = 9;\n};\n\n") // path not found
		return 0
	}
	r.print("\tProcessId = %d;\n\tReturnValue = 0;\n};\n\n", p.PID)
	return 0
}

// wmiRow is one object: its properties in the order of the class.
type wmiRow []kernel.Field

func (r *run) wmiRows(class string) ([]wmiRow, bool) {
	var rows []wmiRow
	switch class {
	case "process":
		for _, p := range r.k.Processes() {
			parent := uint32(0)
			if p.Parent != nil {
				parent = p.Parent.PID
			}
			rows = append(rows, wmiRow{{Name: "Caption", Value: p.Name()}, {Name: "CommandLine", Value: p.CommandLine}, {Name: "ExecutablePath", Value: p.Image}, {Name: "Name", Value: p.Name()}, {Name: "ParentProcessId", Value: fmt.Sprint(parent)}, {Name: "ProcessId", Value: fmt.Sprint(p.PID)}})
		}
	case "service":
		for _, s := range r.k.Host().Services.All() {
			state := map[bool]string{true: "Running", false: "Stopped"}[s.State == host.Running]
			rows = append(rows, wmiRow{{Name: "DisplayName", Value: s.DisplayName}, {Name: "Name", Value: s.Name}, {Name: "PathName", Value: s.Path}, {Name: "ProcessId", Value: fmt.Sprint(s.PID)}, {Name: "StartName", Value: s.Account}, {Name: "State", Value: state}})
		}
	case "useraccount":
		for _, u := range r.k.Host().Accounts.Users() {
			disabled := map[bool]string{true: "FALSE", false: "TRUE"}[u.Enabled]
			rows = append(rows, wmiRow{{Name: "Caption", Value: r.k.Host().Account(u.Name)}, {Name: "Description", Value: u.Comment}, {Name: "Disabled", Value: disabled}, {Name: "Domain", Value: r.k.Host().Name}, {Name: "Name", Value: u.Name}, {Name: "SID", Value: u.SID}})
		}
	case "os", "computersystem":
		rows = append(rows, wmiRow{{Name: "Caption", Value: "Microsoft Windows Server 2022 Standard"}, {Name: "CSName", Value: r.k.Host().Name}, {Name: "Name", Value: r.k.Host().Name}, {Name: "Version", Value: "10.0.20348"}})
	default:
		return nil, false
	}
	return rows, true
}

// wmiTable prints the wanted properties, or all, in columns.
func (r *run) wmiTable(rows []wmiRow, wanted []string) {
	if len(rows) == 0 {
		r.print("No Instance(s) Available.\n")
		return
	}
	var columns []int
	for i, f := range rows[0] {
		if len(wanted) == 0 || slices.ContainsFunc(wanted, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			columns = append(columns, i)
		}
	}
	cell := func(row, column int) string {
		if row < 0 {
			return rows[0][column].Name
		}
		return rows[row][column].Value
	}
	for row := -1; row < len(rows); row++ {
		for _, column := range columns {
			width := 0
			for other := -1; other < len(rows); other++ {
				width = max(width, len(cell(other, column)))
			}
			r.print("%-*s  ", width, cell(row, column))
		}
		r.print("\n")
	}
	r.print("\n")
}
