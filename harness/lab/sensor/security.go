package sensor

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// AuditPolicy says which subcategories of the security audit are on (success).
type AuditPolicy struct {
	ProcessCreation    bool // 4688
	ProcessTermination bool // 4689
	Logon              bool // 4624
	Logoff             bool // 4634
	SpecialLogon       bool // 4672
}

// LabAuditPolicy is what the lab starts with: logons as by default, and process
// creation.
func LabAuditPolicy() AuditPolicy {
	return AuditPolicy{ProcessCreation: true, Logon: true, Logoff: true, SpecialLogon: true}
}

// Security is the security audit.
type Security struct {
	log   *eventlog.Log
	host  *host.Host
	rand  *host.Rand
	lsass uint32

	mu     sync.Mutex
	policy AuditPolicy
}

// NewSecurity audits k's machine by a policy. Command lines are part of 4688
// when the machine's policy ProcessCreationIncludeCmdLine_Enabled says so.
func NewSecurity(k *kernel.Kernel, log *eventlog.Log, policy AuditPolicy) *Security {
	s := &Security{log: log, host: k.Host(), rand: k.Host().Rand.Stream("security"), policy: policy}
	if p, ok := k.Named("lsass.exe"); ok {
		s.lsass = p.PID
	}
	k.Subscribe(s.observe)
	return s
}

// SetPolicy replaces the audit policy.
func (s *Security) SetPolicy(policy AuditPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy = policy
}

// Policy returns the audit policy.
func (s *Security) Policy() AuditPolicy {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.policy
}

func (s *Security) observe(a kernel.Activity) {
	policy := s.Policy()
	switch a := a.(type) {
	case kernel.ProcessCreated:
		if policy.ProcessCreation {
			s.write(4688, 2, 13312, 4, a.Time, s.processCreated(a.Process))
		}
	case kernel.ProcessExited:
		if policy.ProcessTermination {
			s.write(4689, 0, 13313, 4, a.Time, s.processExited(a))
		}
	case kernel.LoggedOn:
		if policy.Logon {
			s.write(4624, 2, 12544, s.lsass, a.Time, s.loggedOn(a))
		}
		if policy.SpecialLogon && a.Token.Elevated {
			s.write(4672, 0, 12548, s.lsass, a.Time, append(subject(s.host, a.Token), eventlog.Field{Name: "PrivilegeList", Value: privileges}))
		}
	case kernel.LoggedOff:
		if policy.Logoff {
			s.write(4634, 0, 12545, s.lsass, a.Time, append(target(s.host, a.Token)[:4:4], eventlog.Field{Name: "LogonType", Value: strconv.Itoa(int(a.Type))}))
		}
	}
}

// privileges are the sensitive ones of an administrator, as 4672 lists them.
const privileges = "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeRestorePrivilege\n\t\t\tSeTakeOwnershipPrivilege\n\t\t\tSeDebugPrivilege\n" +
	"\t\t\tSeSystemEnvironmentPrivilege\n\t\t\tSeLoadDriverPrivilege\n\t\t\tSeImpersonatePrivilege\n\t\t\tSeDelegateSessionUserImpersonatePrivilege"

func (s *Security) write(id, version, task int, pid uint32, at time.Time, data []eventlog.Field) {
	s.log.Append(eventlog.Security, eventlog.Event{
		Provider: "Microsoft-Windows-Security-Auditing", ProviderGUID: "{54849625-5478-4994-a5ba-3e3b0328c30d}",
		EventID: id, Version: version, Task: task, Keywords: 0x8020000000000000,
		ProcessID: pid, ThreadID: uint32(200 + 4*s.rand.IntN(2000)), Data: data, //nolint:gosec // small
	}, at.Add(s.rand.Lag(time.Millisecond)))
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

func subject(h *host.Host, t *host.Token) []eventlog.Field {
	domain, name := account(h, t)
	return []eventlog.Field{
		{Name: "SubjectUserSid", Value: t.SID},
		{Name: "SubjectUserName", Value: name},
		{Name: "SubjectDomainName", Value: domain},
		{Name: "SubjectLogonId", Value: hexadecimal(t.LogonID)},
	}
}

func target(h *host.Host, t *host.Token) []eventlog.Field {
	domain, name := account(h, t)
	return []eventlog.Field{
		{Name: "TargetUserSid", Value: t.SID},
		{Name: "TargetUserName", Value: name},
		{Name: "TargetDomainName", Value: domain},
		{Name: "TargetLogonId", Value: hexadecimal(t.LogonID)},
	}
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
	to := []eventlog.Field{
		{Name: "TargetUserSid", Value: "S-1-0-0"},
		{Name: "TargetUserName", Value: "-"},
		{Name: "TargetDomainName", Value: "-"},
		{Name: "TargetLogonId", Value: "0x0"},
	}
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

func (s *Security) loggedOn(a kernel.LoggedOn) []eventlog.Field {
	elevated := "%%1843"
	if a.Token.Elevated {
		elevated = "%%1842"
	}
	process, pid, image := "NtLmSsp ", "0x0", "-"
	by := []eventlog.Field{
		{Name: "SubjectUserSid", Value: "S-1-0-0"},
		{Name: "SubjectUserName", Value: "-"},
		{Name: "SubjectDomainName", Value: "-"},
		{Name: "SubjectLogonId", Value: "0x0"},
	}
	if a.Package != "NTLM" && a.Process != nil {
		by = subject(s.host, a.Process.Token)
		process, pid, image = "Advapi  ", hexadecimal(a.Process.PID), a.Process.Image
	}
	data := append(by, target(s.host, a.Token)...)
	for _, f := range [][2]string{
		{"LogonType", strconv.Itoa(int(a.Type))},
		{"LogonProcessName", process},
		{"AuthenticationPackageName", first(a.Package, "Negotiate")},
		{"WorkstationName", "-"},
		{"LogonGuid", "{00000000-0000-0000-0000-000000000000}"},
		{"TransmittedServices", "-"},
		{"LmPackageName", map[bool]string{true: "NTLM V2", false: "-"}[a.Package == "NTLM"]},
		{"KeyLength", map[bool]string{true: "128", false: "0"}[a.Package == "NTLM"]},
		{"ProcessId", pid},
		{"ProcessName", image},
		{"IpAddress", first(a.Source, "-")},
		{"IpPort", "0"},
		{"ImpersonationLevel", "%%1833"},
		{"RestrictedAdminMode", "-"},
		{"TargetOutboundUserName", "-"},
		{"TargetOutboundDomainName", "-"},
		{"VirtualAccount", "%%1843"},
		{"TargetLinkedLogonId", "0x0"},
		{"ElevatedToken", elevated},
	} {
		data = append(data, eventlog.Field{Name: f[0], Value: f[1]})
	}
	return data
}
