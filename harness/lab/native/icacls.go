package native

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// icacls shows and changes access control lists.
func icacls(r *run) int {
	if len(r.args) == 0 {
		r.print("ICACLS name /save aclfile [/T] [/C] [/L] [/Q]\n")
		return 1
	}
	files := r.glob(r.args[0])
	if len(files) == 0 {
		r.complain("%s: The system cannot find the file specified.\n", r.args[0])
		r.print("Successfully processed 0 files; Failed processing 1 files\n")
		return 2
	}
	if len(r.args) == 1 {
		for _, f := range files {
			r.showAccess(r.args[0], f)
		}
		r.print("Successfully processed %d files; Failed processing 0 files\n", len(files))
		return 0
	}
	if r.has("t") {
		files = r.withBelow(files)
	}
	failed, last := 0, 0
	for _, f := range files {
		if err := r.changeAccess(f); err != nil {
			r.complain("%s: %s\n", f.Path, message(err))
			failed, last = failed+1, code(err)
			continue
		}
		r.print("processed file: %s\n", f.Path)
	}
	r.print("Successfully processed %d files; Failed processing %d files\n", len(files)-failed, failed)
	return last
}

func (r *run) withBelow(files []host.File) []host.File {
	var all []host.File
	for _, f := range files {
		all = append(all, f)
		if f.IsDirectory() {
			children, _ := r.k.ReadDirectory(r.p, f.Path)
			all = append(all, r.withBelow(children)...)
		}
	}
	return all
}

// showAccess prints the list of a file; the entries stand in a column behind
// the name.
func (r *run) showAccess(name string, f host.File) {
	if strings.ContainsAny(name, "*?") {
		name = f.Name()
	}
	indent := name
	for _, e := range f.Access {
		inherited := ""
		if f.Inherits {
			inherited = "(I)"
		}
		r.print("%s %s:%s%s(%s)\n", indent, e.Account, inherited, scopeText(e.Scope, f.IsDirectory()), e.Rights)
		indent = strings.Repeat(" ", len(name))
	}
	r.print("\n")
}

func scopeText(s host.Scope, directory bool) string {
	switch {
	case !directory || s == host.This:
		return ""
	case s == host.Children:
		return "(OI)(CI)(IO)"
	}
	return "(OI)(CI)"
}

// changeAccess applies the switches to one file.
func (r *run) changeAccess(f host.File) error {
	list, owner := append(host.ACL{}, f.Access...), ""
	for i := 1; i < len(r.args); i++ {
		name, mode, _ := strings.Cut(strings.ToLower(strings.TrimLeft(r.args[i], "/-")), ":")
		operand := ""
		if i+1 < len(r.args) {
			operand = r.args[i+1]
		}
		switch name {
		case "t", "c", "q", "l":
			continue
		case "grant":
			for i+1 < len(r.args) && !strings.HasPrefix(r.args[i+1], "/") {
				i++
				list = r.grant(list, r.args[i], mode == "r")
			}
		case "remove":
			list = without(list, r.account(operand))
			i++
		case "setowner":
			owner = r.account(operand)
			i++
		case "reset":
			list = nil
		case "inheritance":
			list = inheritance(list, mode)
		default:
			r.unsupported("icacls " + r.args[i])
		}
	}
	return r.k.SetAccess(r.p, f.Path, list, owner)
}

// inheritance applies /inheritance:d (copy), :r (drop) and :e (inherit).
func inheritance(list host.ACL, mode string) host.ACL {
	switch mode {
	case "e":
		return nil
	case "r":
		return host.ACL{}
	}
	return list
}

func without(list host.ACL, account string) host.ACL {
	var out host.ACL
	for _, e := range list {
		if !strings.EqualFold(e.Account, account) {
			out = append(out, e)
		}
	}
	return out
}

// grant adds an entry "account:(OI)(CI)F"; with replace, earlier entries of the
// account go.
func (r *run) grant(list host.ACL, text string, replace bool) host.ACL {
	name, permission, ok := strings.Cut(text, ":")
	if strings.HasPrefix(text, "*") || !ok {
		name, permission, _ = strings.Cut(text, ":")
	}
	account := r.account(name)
	if replace {
		list = without(list, account)
	}
	scope := host.This
	upper := strings.ToUpper(permission)
	if strings.Contains(upper, "(OI)") || strings.Contains(upper, "(CI)") {
		scope = host.Both
	}
	if strings.Contains(upper, "(IO)") {
		scope = host.Children
	}
	for _, flag := range []string{"(OI)", "(CI)", "(IO)", "(NP)", "(I)"} {
		upper = strings.ReplaceAll(upper, flag, "")
	}
	return append(list, host.AccessEntry{Account: account, Rights: r.rights(strings.Trim(upper, "()")), Scope: scope})
}

func (r *run) rights(text string) host.Rights {
	var rights host.Rights
	for part := range strings.SplitSeq(text, ",") {
		known, ok := map[string]host.Rights{
			"F": host.RightFull, "M": host.RightModify, "RX": host.RightReadExecute, "R": host.RightRead,
			"W": host.RightWrite, "D": host.RightDelete, "X": host.RightExecute, "N": 0,
		}[strings.TrimSpace(part)]
		if !ok {
			r.unsupported("right " + part)
		}
		rights |= known
	}
	return rights
}

// account resolves a name or *SID to the spelling of access control lists.
func (r *run) account(name string) string {
	accounts := r.k.Host().Accounts
	if sid, ok := strings.CutPrefix(name, "*"); ok {
		for _, known := range []string{host.Everyone, host.System, host.LocalService, host.NetworkService} {
			if s, _ := accounts.SID(known); s == sid {
				return known
			}
		}
		for _, g := range accounts.Groups() {
			if g.SID == sid {
				return g.Name
			}
		}
	}
	for _, g := range accounts.Groups() {
		if strings.EqualFold(g.Name, name) || strings.EqualFold(host.Base(g.Name), name) {
			return g.Name
		}
	}
	if strings.EqualFold(name, "SYSTEM") {
		return host.System
	}
	if u, ok := accounts.User(name); ok {
		return r.k.Host().Account(u.Name)
	}
	return name
}
