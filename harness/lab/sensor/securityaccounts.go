package sensor

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// userChanged logs 4720 (created), 4722 (enabled), 4724 (password reset), 4725
// (disabled), 4726 (deleted) or 4738 (changed).
func (s *Security) userChanged(a kernel.UserChanged) {
	who := named(nil, [2]string{"TargetUserName", a.User.Name}, [2]string{"TargetDomainName", s.host.Name}, [2]string{"TargetSid", a.User.SID})
	who = append(who, subject(s.host, a.Process.Token)...)
	privileges := [2]string{"PrivilegeList", "-"}
	r := record{task: taskUsers}
	switch a.Change {
	case kernel.UserCreated:
		r.id = 4720
		who = append(named(who, privileges), accountAttributes(a.User.Name, "%%1793", "0x15", "\n\t\t%%2080\n\t\t%%2082\n\t\t%%2084")...)
	case kernel.UserAltered:
		r.id = 4738
		who = append(named(nil, [2]string{"Dummy", "-"}), who...)
		who = append(named(who, privileges), accountAttributes(a.User.Name, "%%1793", "0x15", "-")...)
	case kernel.UserDeleted:
		r.id, who = 4726, named(who, privileges)
	case kernel.UserEnabled:
		r.id = 4722
	case kernel.UserDisabled:
		r.id = 4725
	case kernel.PasswordReset:
		r.id = 4724
	}
	s.write(r, a.Time, who)
}

// accountAttributes are the last fields of 4720 and 4738; unset is what stands
// for an attribute that local accounts do not have.
func accountAttributes(name, unset, control, flags string) []eventlog.Field {
	before := "0x0"
	if flags == "-" {
		before = control
	}
	return named(
		nil,
		[2]string{"SamAccountName", name},
		[2]string{"DisplayName", unset},
		[2]string{"UserPrincipalName", "-"},
		[2]string{"HomeDirectory", unset},
		[2]string{"HomePath", unset},
		[2]string{"ScriptPath", unset},
		[2]string{"ProfilePath", unset},
		[2]string{"UserWorkstations", unset},
		[2]string{"PasswordLastSet", "%%1794"},
		[2]string{"AccountExpires", "%%1794"},
		[2]string{"PrimaryGroupId", "513"},
		[2]string{"AllowedToDelegateTo", "-"},
		[2]string{"OldUacValue", before},
		[2]string{"NewUacValue", control},
		[2]string{"UserAccountControl", flags},
		[2]string{"UserParameters", unset},
		[2]string{"SidHistory", "-"},
		[2]string{"LogonHours", "%%1797"},
	)
}

// groupChanged logs 4731 (created), 4732 (member added), 4733 (removed) or 4734
// (deleted).
func (s *Security) groupChanged(a kernel.GroupChanged) {
	domain, name, _ := strings.Cut(a.Group.Name, `\`)
	if domain == "BUILTIN" {
		domain = "Builtin"
	}
	var data []eventlog.Field
	if a.Member.SID != "" {
		data = named(data, [2]string{"MemberName", "-"}, [2]string{"MemberSid", a.Member.SID})
	}
	data = named(data, [2]string{"TargetUserName", name}, [2]string{"TargetDomainName", domain}, [2]string{"TargetSid", a.Group.SID})
	data = named(append(data, subject(s.host, a.Process.Token)...), [2]string{"PrivilegeList", "-"})
	r := record{task: taskGroups}
	switch a.Change {
	case kernel.GroupCreated:
		r.id, data = 4731, named(data, [2]string{"SamAccountName", name}, [2]string{"SidHistory", "-"})
	case kernel.GroupDeleted:
		r.id = 4734
	case kernel.MemberAdded:
		r.id = 4732
	case kernel.MemberRemoved:
		r.id = 4733
	}
	s.write(r, a.Time, data)
}
