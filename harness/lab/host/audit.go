package host

import (
	_ "embed" // the policy is data
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/auditpolicy.txt
var auditPolicyData string

// AuditSetting says which outcomes the security audit records.
type AuditSetting uint8

// The outcomes; a setting may be both.
const (
	AuditSuccess AuditSetting = 1 << iota
	AuditFailure
)

// String is how auditpol shows the setting.
func (s AuditSetting) String() string {
	switch s {
	case AuditSuccess:
		return "Success"
	case AuditFailure:
		return "Failure"
	case AuditSuccess | AuditFailure:
		return "Success and Failure"
	}
	return "No Auditing"
}

// An AuditSubcategory is one entry of the audit policy.
type AuditSubcategory struct {
	Name     string // "Process Creation"
	Category string // "Detailed Tracking"
	GUID     string // "{0CCE922B-69AE-11D9-BED3-505054503030}"
	Setting  AuditSetting
	// Task and CategoryNumber are the numbers of the names in the events of the
	// audit: the task of an event, and %%8276.
	Task, CategoryNumber int
}

// AuditPolicy is the machine's policy for the security audit. It is safe for
// concurrent use.
type AuditPolicy struct {
	mu      sync.RWMutex
	entries []AuditSubcategory
}

// NewAuditPolicy returns the policy of a server that was not configured.
func NewAuditPolicy() *AuditPolicy {
	p, category, number := &AuditPolicy{}, "", 0
	dataLines(auditPolicyData, func(line string) {
		if title, ok := strings.CutPrefix(line, "["); ok {
			at := strings.LastIndexByte(title, ' ')
			category, number = title[:at], decimal(strings.TrimSuffix(title[at+1:], "]"))
			return
		}
		f := strings.Fields(line)
		p.entries = append(p.entries, AuditSubcategory{
			Name: strings.Join(f[3:], " "), Category: category, GUID: "{0CCE92" + f[1] + "-69AE-11D9-BED3-505054503030}",
			Setting: map[string]AuditSetting{"success": AuditSuccess, "both": AuditSuccess | AuditFailure}[f[2]],
			Task:    decimal(f[0]), CategoryNumber: number,
		})
	})
	return p
}

func decimal(text string) int {
	n, _ := strconv.Atoi(text) // the tests read what is embedded
	return n
}

// Subcategories returns the whole policy in the order of auditpol.
func (p *AuditPolicy) Subcategories() []AuditSubcategory {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Clone(p.entries)
}

// Subcategory returns the entry with a name or a GUID.
func (p *AuditPolicy) Subcategory(name string) (AuditSubcategory, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if i := p.find(name); i >= 0 {
		return p.entries[i], true
	}
	return AuditSubcategory{}, false
}

// Records reports whether the audit records an outcome of a subcategory, which
// is named by its task.
func (p *AuditPolicy) Records(task int, outcome AuditSetting) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.ContainsFunc(p.entries, func(s AuditSubcategory) bool { return s.Task == task && s.Setting&outcome != 0 })
}

// Set changes a subcategory, by its name or GUID, and reports whether there is
// one.
func (p *AuditPolicy) Set(name string, setting AuditSetting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.find(name)
	if i >= 0 {
		p.entries[i].Setting = setting
	}
	return i >= 0
}

func (p *AuditPolicy) find(name string) int {
	return slices.IndexFunc(p.entries, func(s AuditSubcategory) bool {
		return strings.EqualFold(s.Name, name) || strings.EqualFold(strings.Trim(s.GUID, "{}"), strings.Trim(name, "{}"))
	})
}
