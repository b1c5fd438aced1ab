package native

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// takeown makes the user, or with /a the administrators, the owner of files.
func takeown(r *run) int {
	name, ok := r.after("f")
	if !ok {
		r.complain("ERROR: Invalid syntax. Mandatory option '/F' is missing.\nType \"TAKEOWN /?\" for usage.\n")
		return 1
	}
	files := r.glob(name)
	if len(files) == 0 {
		r.complain("ERROR: File or Directory not found.\n")
		return 1
	}
	if r.has("r") {
		files = r.withBelow(files)
	}
	owner, shown := r.p.Token.User, `user "`+r.p.Token.User+`"`
	if r.has("a") {
		owner, shown = host.Administrators, "the administrators group"
	}
	for _, f := range files {
		list := f.Access
		if f.Inherits {
			list = nil
		}
		if !r.p.Token.Elevated && !strings.EqualFold(f.Owner, owner) || r.k.SetAccess(r.p, f.Path, list, owner) != nil {
			r.complain("ERROR: The current logged on user does not have ownership privileges on\n       the file (or folder): \"%s\".\n", f.Path)
			return 1
		}
		r.print("\nSUCCESS: The file (or folder): \"%s\" now owned by %s.\n", f.Path, shown)
	}
	return 0
}

// quser lists interactive sessions, of which the machine has none.
func quser(r *run) int {
	r.complain("No User exists for *\n")
	return 1
}

// clip takes its input onto the clipboard, which nothing reads.
func clip(r *run) int {
	r.input()
	return 0
}
