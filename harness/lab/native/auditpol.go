package native

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// auditpol shows and changes the audit policy.
func auditpol(r *run) int {
	verbs := map[string]func(*run, []host.AuditSubcategory) int{"/get": auditGet, "/set": auditSet, "/list": auditList, "/clear": auditClear}
	if len(r.args) == 0 || option(r.args[0], "?") {
		r.print("Usage: AuditPol command [<sub-command><options>]\n")
		return 0
	}
	verb, ok := verbs[strings.ToLower(r.args[0])]
	if !ok {
		r.unsupported("auditpol " + r.args[0])
		return r.auditError(kernel.InvalidParameter)
	}
	if !r.p.Token.Elevated {
		return r.auditError(kernel.PrivilegeNotHeld)
	}
	r.only("get", "set", "list", "clear", "category", "subcategory", "success", "failure", "r", "y", "v")
	return verb(r, r.selected())
}

func (r *run) auditError(c kernel.Code) int {
	r.complain("Error 0x%08X occurred:\n%s\n\n", uint32(c), c.Message())
	return int(c)
}

// selected are the subcategories that /category and /subcategory name; nil when
// they name none, or one that is not there.
func (r *run) selected() []host.AuditSubcategory {
	var chosen []host.AuditSubcategory
	for _, arg := range r.args {
		for _, kind := range []string{"category", "subcategory"} {
			names, ok := value(arg, kind)
			if !ok {
				continue
			}
			for name := range strings.SplitSeq(names, ",") {
				found := r.named(kind, strings.TrimSpace(name))
				if len(found) == 0 {
					return nil
				}
				chosen = append(chosen, found...)
			}
		}
	}
	return chosen
}

// named are the subcategories that a name stands for.
func (r *run) named(kind, name string) []host.AuditSubcategory {
	all := r.k.Host().Audit.Subcategories()
	if name == "*" {
		return all
	}
	if kind == "category" {
		return slices.DeleteFunc(all, func(s host.AuditSubcategory) bool { return !strings.EqualFold(s.Category, name) })
	}
	if s, ok := r.k.Host().Audit.Subcategory(name); ok {
		return []host.AuditSubcategory{s}
	}
	return nil
}

func auditGet(r *run, chosen []host.AuditSubcategory) int {
	if len(chosen) == 0 {
		return r.auditError(kernel.InvalidParameter)
	}
	if r.has("r") {
		r.print("Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting\n")
		for _, s := range chosen {
			r.print("%s,System,%s,%s,%s,\n", r.k.Host().Name, s.Name, s.GUID, s.Setting)
		}
		return 0
	}
	r.print("System audit policy\n%-42s%s\n", "Category/Subcategory", "Setting")
	category := ""
	for _, s := range chosen {
		if s.Category != category {
			category = s.Category
			r.print("%s\n", category)
		}
		r.print("  %-40s%s\n", s.Name, s.Setting)
	}
	return 0
}

func auditList(r *run, chosen []host.AuditSubcategory) int {
	if len(chosen) == 0 {
		if !r.has("category") {
			return r.auditError(kernel.InvalidParameter)
		}
		chosen = r.k.Host().Audit.Subcategories()
	}
	r.print("Category/Subcategory\n")
	category := ""
	for _, s := range chosen {
		if s.Category != category {
			category = s.Category
			r.print("%s\n", category)
		}
		if !r.has("category") {
			r.print("  %s\n", s.Name)
		}
	}
	return 0
}

// auditSet changes the outcomes that are named, success when none is.
func auditSet(r *run, chosen []host.AuditSubcategory) int {
	on, off, ok := r.outcomes()
	if len(chosen) == 0 || !ok {
		return r.auditError(kernel.InvalidParameter)
	}
	return r.setAudit(chosen, on, off)
}

// outcomes are what /success and /failure turn on and off.
func (r *run) outcomes() (on, off host.AuditSetting, ok bool) {
	for name, outcome := range map[string]host.AuditSetting{"success": host.AuditSuccess, "failure": host.AuditFailure} {
		for _, arg := range r.args {
			state, given := value(arg, name)
			switch {
			case !given:
			case strings.EqualFold(state, "enable"):
				on |= outcome
			case strings.EqualFold(state, "disable"):
				off |= outcome
			default:
				return 0, 0, false
			}
		}
	}
	if on|off == 0 {
		on = host.AuditSuccess
	}
	return on, off, true
}

func (r *run) setAudit(chosen []host.AuditSubcategory, on, off host.AuditSetting) int {
	for _, s := range chosen {
		if err := r.k.SetAuditPolicy(r.p, s.GUID, s.Setting&^off|on); err != nil {
			c, _ := kernel.CodeOf(err)
			return r.auditError(c)
		}
	}
	r.print("The command was successfully executed.\n")
	return 0
}

// auditClear turns everything off.
func auditClear(r *run, _ []host.AuditSubcategory) int {
	if !r.has("y") && !r.confirm("Are you sure (Press N to cancel or any other key to continue)?") {
		return 0
	}
	return r.setAudit(r.k.Host().Audit.Subcategories(), 0, host.AuditSuccess|host.AuditFailure)
}
