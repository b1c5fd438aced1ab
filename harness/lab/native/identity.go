package native

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

func decimal(n int) string { return strconv.Itoa(n) }

func hostname(r *run) int {
	if len(r.args) > 0 {
		r.complain("sethostname: Use the Network Control Panel Applet to set hostname.\nhostname -s is not supported.\n")
		return 1
	}
	r.print("%s\n", r.k.Host().Name)
	return 0
}

// whoami prints the token of its process.
func whoami(r *run) int {
	t := r.p.Token
	switch {
	case len(r.args) == 0:
		r.print("%s\n", strings.ToLower(t.User))
		return 0
	case r.has("all"):
		r.section("USER", userTable(r))
		r.section("GROUP", groupTable(r))
		r.section("PRIVILEGES", privilegeTable(t))
		return 0
	case r.has("logonid"):
		r.print("S-1-5-5-0-%d\n", t.LogonID)
		return 0
	}
	return r.whoamiParts()
}

// whoamiParts prints the parts that are asked for, in their fixed order.
func (r *run) whoamiParts() int {
	parts := []struct {
		name, title string
		rows        table
	}{
		{"user", "USER", userTable(r)},
		{"groups", "GROUP", groupTable(r)},
		{"priv", "PRIVILEGES", privilegeTable(r.p.Token)},
	}
	shown := false
	for _, part := range parts {
		if r.has(part.name) {
			r.section(part.title, part.rows)
			shown = true
		}
	}
	if !shown {
		r.unsupported("whoami switch")
		r.complain("ERROR: Invalid argument/option - '%s'.\nType \"WHOAMI /?\" for usage.\n", r.args[0])
		return 1
	}
	return 0
}

// table is a title row and data rows; columns are as wide as their content.
type table [][]string

func (r *run) section(title string, t table) {
	heading := title + " INFORMATION"
	r.print("\n%s\n%s\n\n", heading, strings.Repeat("-", len(heading)))
	if format, ok := r.after("fo"); ok && strings.EqualFold(format, "csv") {
		r.csv(t)
		return
	}
	r.table(t)
}

func (r *run) table(t table) {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("=", width)
	}
	for i, row := range t {
		var cells []string
		for j, cell := range row {
			cells = append(cells, fmt.Sprintf("%-*s", widths[j], cell))
		}
		r.print("%s\n", strings.Join(cells, " "))
		if i == 0 {
			r.print("%s\n", strings.Join(rule, " "))
		}
	}
}

func (r *run) csv(t table) {
	for _, row := range t {
		r.print("\"%s\"\n", strings.Join(row, `","`))
	}
}

func userTable(r *run) table {
	return table{{"User Name", "SID"}, {strings.ToLower(r.p.Token.User), r.p.Token.SID}}
}

func groupTable(r *run) table {
	t := table{{"Group Name", "Type", "SID", "Attributes"}}
	t = append(t, []string{host.Everyone, "Well-known group", "S-1-1-0", "Mandatory group, Enabled by default, Enabled group"})
	for _, group := range r.p.Token.Groups {
		sid, _ := r.k.Host().Accounts.SID(group)
		kind, attributes := "Well-known group", "Mandatory group, Enabled by default, Enabled group"
		if strings.HasPrefix(group, `BUILTIN\`) {
			kind = "Alias"
		}
		if group == host.Administrators {
			attributes += ", Group owner"
		}
		t = append(t, []string{group, kind, sid, attributes})
	}
	label := map[host.Integrity][2]string{
		host.IntegrityLow: {"Low", "S-1-16-4096"}, host.IntegrityMedium: {"Medium", "S-1-16-8192"},
		host.IntegrityHigh: {"High", "S-1-16-12288"}, host.IntegritySystem: {"System", "S-1-16-16384"},
	}[r.p.Token.Integrity]
	return append(t, []string{`Mandatory Label\` + label[0] + " Mandatory Level", "Label", label[1], ""})
}

// privilegeTable lists what a token of this kind holds by default policy.
func privilegeTable(t *host.Token) table {
	out := table{{"Privilege Name", "Description", "State"}}
	if t.Elevated {
		for _, p := range [][2]string{
			{"SeIncreaseQuotaPrivilege", "Adjust memory quotas for a process"},
			{"SeSecurityPrivilege", "Manage auditing and security log"},
			{"SeTakeOwnershipPrivilege", "Take ownership of files or other objects"},
			{"SeLoadDriverPrivilege", "Load and unload device drivers"},
			{"SeBackupPrivilege", "Back up files and directories"},
			{"SeRestorePrivilege", "Restore files and directories"},
			{"SeShutdownPrivilege", "Shut down the system"},
			{"SeDebugPrivilege", "Debug programs"},
			{"SeSystemEnvironmentPrivilege", "Modify firmware environment values"},
			{"SeRemoteShutdownPrivilege", "Force shutdown from a remote system"},
			{"SeImpersonatePrivilege", "Impersonate a client after authentication"},
			{"SeCreateGlobalPrivilege", "Create global objects"},
		} {
			out = append(out, []string{p[0], p[1], "Enabled"})
		}
	}
	return append(out,
		[]string{"SeChangeNotifyPrivilege", "Bypass traverse checking", "Enabled"},
		[]string{"SeIncreaseWorkingSetPrivilege", "Increase a process working set", "Enabled"})
}
