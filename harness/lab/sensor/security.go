package sensor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// Security is the security audit. What it records follows the machine's audit
// policy.
type Security struct {
	log   *eventlog.Log
	host  *host.Host
	rand  *host.Rand
	lsass uint32
	order order
}

// NewSecurity audits k's machine. Command lines are part of 4688 when the
// machine's policy ProcessCreationIncludeCmdLine_Enabled says so.
func NewSecurity(k *kernel.Kernel, log *eventlog.Log) *Security {
	s := &Security{log: log, host: k.Host(), rand: k.Host().Rand.Stream("security")}
	if p, ok := k.Named("lsass.exe"); ok {
		s.lsass = p.PID
	}
	k.Subscribe(s.observe)
	return s
}

// The subcategories that the audit implements, by the task of their events.
const (
	taskLogon        = 12544
	taskLogoff       = 12545
	taskSpecialLogon = 12548
	taskCreation     = 13312
	taskTermination  = 13313
	taskAuditPolicy  = 13568
	taskUsers        = 13824
	taskGroups       = 13826
)

func (s *Security) observe(a kernel.Activity) {
	switch a := a.(type) {
	case kernel.ProcessCreated:
		s.write(record{id: 4688, version: 2, task: taskCreation, pid: 4}, a.Time, s.processCreated(a.Process))
	case kernel.ProcessExited:
		s.write(record{id: 4689, task: taskTermination, pid: 4}, a.Time, s.processExited(a))
	case kernel.LoggedOn:
		s.write(record{id: 4624, version: 2, task: taskLogon}, a.Time, s.loggedOn(a))
		if a.Token.Elevated {
			s.write(record{id: 4672, task: taskSpecialLogon}, a.Time, append(subject(s.host, a.Token), eventlog.Field{Name: "PrivilegeList", Value: privileges}))
		}
	case kernel.LogonFailed:
		s.write(record{id: 4625, task: taskLogon, failed: true}, a.Time, s.logonFailed(a))
	case kernel.LoggedOff:
		s.write(record{id: 4634, task: taskLogoff}, a.Time, append(target(s.host, a.Token)[:4:4], eventlog.Field{Name: "LogonType", Value: strconv.Itoa(int(a.Type))}))
	case kernel.UserChanged:
		s.userChanged(a)
	case kernel.GroupChanged:
		s.groupChanged(a)
	case kernel.AuditPolicyChanged:
		s.write(record{id: 4719, task: taskAuditPolicy, always: true}, a.Time, s.auditPolicyChanged(a))
	}
}

// privileges are the sensitive ones of an administrator, as 4672 lists them.
const privileges = "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeRestorePrivilege\n\t\t\tSeTakeOwnershipPrivilege\n\t\t\tSeDebugPrivilege\n" +
	"\t\t\tSeSystemEnvironmentPrivilege\n\t\t\tSeLoadDriverPrivilege\n\t\t\tSeImpersonatePrivilege\n\t\t\tSeDelegateSessionUserImpersonatePrivilege"

// record is what an event is apart from its data.
type record struct {
	id, version, task int
	pid               uint32 // of the writer; that of lsass.exe when 0
	always            bool   // whatever the policy says
	failed            bool   // the audit of a failure
}

// write logs an event when the policy wants it.
func (s *Security) write(r record, at time.Time, data []eventlog.Field) {
	outcome, keywords := host.AuditSuccess, uint64(0x8020000000000000)
	if r.failed {
		outcome, keywords = host.AuditFailure, 0x8010000000000000
	}
	if !r.always && !s.host.Audit.Records(r.task, outcome) {
		return
	}
	if r.pid == 0 {
		r.pid = s.lsass
	}
	s.log.Append(eventlog.Security, eventlog.Event{
		Provider: "Microsoft-Windows-Security-Auditing", ProviderGUID: "{54849625-5478-4994-a5ba-3e3b0328c30d}",
		EventID: r.id, Version: r.version, Task: r.task, Keywords: keywords,
		ProcessID: r.pid, ThreadID: uint32(200 + 4*s.rand.IntN(2000)), Data: data, //nolint:gosec // small
	}, s.order.write(at.Add(s.rand.Lag(time.Millisecond))))
}

// auditPolicyChanged is the data of 4719, which is logged under any policy.
func (s *Security) auditPolicyChanged(a kernel.AuditPolicyChanged) []eventlog.Field {
	var changes []string
	for _, c := range []struct {
		outcome        host.AuditSetting
		removed, added string
	}{{host.AuditSuccess, "%%8448", "%%8449"}, {host.AuditFailure, "%%8450", "%%8451"}} {
		switch was, is := a.Previous&c.outcome, a.Subcategory.Setting&c.outcome; {
		case was > is:
			changes = append(changes, c.removed)
		case was < is:
			changes = append(changes, c.added)
		}
	}
	return append(
		subject(s.host, a.Process.Token),
		eventlog.Field{Name: "CategoryId", Value: fmt.Sprintf("%%%%%d", a.Subcategory.CategoryNumber)},
		eventlog.Field{Name: "SubcategoryId", Value: fmt.Sprintf("%%%%%d", a.Subcategory.Task)},
		eventlog.Field{Name: "SubcategoryGuid", Value: a.Subcategory.GUID},
		eventlog.Field{Name: "AuditPolicyChanges", Value: strings.Join(changes, ", ")},
	)
}

func hexadecimal[T uint32 | uint64](n T) string { return fmt.Sprintf("0x%x", n) }

// account splits a token's user as the audit shows it: the system is the
// machine's own account.
func account(h *host.Host, t *host.Token) (domain, name string) {
	if t.SID == "S-1-5-18" {
		return h.Domain, h.Name + "$"
	}
	return t.Split()
}

func subject(h *host.Host, t *host.Token) []eventlog.Field { return identity("Subject", h, t) }

func target(h *host.Host, t *host.Token) []eventlog.Field { return identity("Target", h, t) }

// identity are the four fields of a token in the role that begins their names.
func identity(role string, h *host.Host, t *host.Token) []eventlog.Field {
	domain, name := account(h, t)
	return named(
		nil, [2]string{role + "UserSid", t.SID}, [2]string{role + "UserName", name}, [2]string{role + "DomainName", domain},
		[2]string{role + "LogonId", hexadecimal(t.LogonID)},
	)
}

// nobody are the same fields where there is no token.
func nobody(role string) []eventlog.Field {
	return named(
		nil, [2]string{role + "UserSid", "S-1-0-0"}, [2]string{role + "UserName", "-"}, [2]string{role + "DomainName", "-"},
		[2]string{role + "LogonId", "0x0"},
	)
}

func (s *Security) processCreated(p *kernel.Process) []eventlog.Field {
	creator, parentID, parentImage := p.Token, uint32(0), ""
	if p.Parent != nil {
		creator, parentID, parentImage = p.Parent.Token, p.Parent.PID, p.Parent.Image
	}
	line := ""
	if v, err := s.host.Registry.Value(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit`, "ProcessCreationIncludeCmdLine_Enabled"); err == nil && v.Number == 1 {
		line = p.CommandLine
	}
	to := nobody("Target")
	if creator.LogonID != p.Token.LogonID {
		to = target(s.host, p.Token)
	}
	data := append(
		subject(s.host, creator),
		eventlog.Field{Name: "NewProcessId", Value: hexadecimal(p.PID)}, eventlog.Field{Name: "NewProcessName", Value: p.Image},
		eventlog.Field{Name: "TokenElevationType", Value: elevationType(p.Token)}, eventlog.Field{Name: "ProcessId", Value: hexadecimal(parentID)},
		eventlog.Field{Name: "CommandLine", Value: line},
	)
	data = append(data, to...)
	return append(
		data, eventlog.Field{Name: "ParentProcessName", Value: parentImage},
		eventlog.Field{Name: "MandatoryLabel", Value: mandatoryLabel(p.Token.Integrity)},
	)
}

// elevationType is full or default, or limited for a filtered token.
func elevationType(t *host.Token) string {
	switch t.Integrity {
	case host.IntegrityHigh, host.IntegritySystem:
		return "%%1936"
	case host.IntegrityMedium, host.IntegrityLow:
		return "%%1938"
	}
	return "%%1936"
}

func mandatoryLabel(i host.Integrity) string {
	switch i {
	case host.IntegritySystem:
		return "S-1-16-16384"
	case host.IntegrityHigh:
		return "S-1-16-12288"
	case host.IntegrityLow:
		return "S-1-16-4096"
	case host.IntegrityMedium:
	}
	return "S-1-16-8192"
}

func (s *Security) processExited(a kernel.ProcessExited) []eventlog.Field {
	p := a.Process
	return append(
		subject(s.host, p.Token), eventlog.Field{Name: "Status", Value: hexadecimal(uint32(a.Code))}, //nolint:gosec // the code's bits
		eventlog.Field{Name: "ProcessId", Value: hexadecimal(p.PID)}, eventlog.Field{Name: "ProcessName", Value: p.Image},
	)
}

// asker are the fields of who asks for a logon: nobody when the network's own
// protocol brings it.
type asker struct {
	subject             []eventlog.Field
	process, pid, image string
}

func (s *Security) asker(p *kernel.Process, authentication string) asker {
	if authentication != "NTLM" && p != nil {
		return asker{subject(s.host, p.Token), "Advapi  ", hexadecimal(p.PID), p.Image}
	}
	return asker{nobody("Subject"), "NtLmSsp ", "0x0", "-"}
}

func (s *Security) loggedOn(a kernel.LoggedOn) []eventlog.Field {
	elevated := "%%1843"
	if a.Token.Elevated {
		elevated = "%%1842"
	}
	by := s.asker(a.Process, a.Package)
	data := append(by.subject, target(s.host, a.Token)...)
	return named(
		data,
		[2]string{"LogonType", strconv.Itoa(int(a.Type))},
		[2]string{"LogonProcessName", by.process},
		[2]string{"AuthenticationPackageName", first(a.Package, "Negotiate")},
		[2]string{"WorkstationName", "-"},
		[2]string{"LogonGuid", "{00000000-0000-0000-0000-000000000000}"},
		[2]string{"TransmittedServices", "-"},
		[2]string{"LmPackageName", map[bool]string{true: "NTLM V2", false: "-"}[a.Package == "NTLM"]},
		[2]string{"KeyLength", map[bool]string{true: "128", false: "0"}[a.Package == "NTLM"]},
		[2]string{"ProcessId", by.pid},
		[2]string{"ProcessName", by.image},
		[2]string{"IpAddress", first(a.Source, "-")},
		[2]string{"IpPort", "0"},
		[2]string{"ImpersonationLevel", "%%1833"},
		[2]string{"RestrictedAdminMode", "-"},
		[2]string{"TargetOutboundUserName", "-"},
		[2]string{"TargetOutboundDomainName", "-"},
		[2]string{"VirtualAccount", "%%1843"},
		[2]string{"TargetLinkedLogonId", "0x0"},
		[2]string{"ElevatedToken", elevated},
	)
}

func (s *Security) logonFailed(a kernel.LogonFailed) []eventlog.Field {
	by := s.asker(a.Process, a.Package)
	reason := "%%2313" // unknown user name or wrong password
	if a.Status == 0xc000006e {
		reason = "%%2310" // the account is disabled
	}
	return named(
		by.subject,
		[2]string{"TargetUserSid", "S-1-0-0"},
		[2]string{"TargetUserName", a.User},
		[2]string{"TargetDomainName", first(a.Domain, "-")},
		[2]string{"Status", hexadecimal(a.Status)},
		[2]string{"FailureReason", reason},
		[2]string{"SubStatus", hexadecimal(a.SubStatus)},
		[2]string{"LogonType", strconv.Itoa(int(a.Type))},
		[2]string{"LogonProcessName", by.process},
		[2]string{"AuthenticationPackageName", first(a.Package, "Negotiate")},
		[2]string{"WorkstationName", first(a.Workstation, "-")},
		[2]string{"TransmittedServices", "-"},
		[2]string{"LmPackageName", "-"},
		[2]string{"KeyLength", "0"},
		[2]string{"ProcessId", by.pid},
		[2]string{"ProcessName", by.image},
		[2]string{"IpAddress", first(a.Source, "-")},
		[2]string{"IpPort", first(a.Port, "0")},
	)
}

// named appends fields with their values.
func named(data []eventlog.Field, fields ...[2]string) []eventlog.Field {
	for _, f := range fields {
		data = append(data, eventlog.Field{Name: f[0], Value: f[1]})
	}
	return data
}
