package host

import (
	"fmt"
	"time"
)

// Options describe the machine to build. The zero value is a complete machine
// on a virtual clock.
type Options struct {
	Name  string    // NetBIOS name; "LAB-IIS01" when empty
	Seed  uint64    // of everything random
	Start time.Time // of the clock; 2026-01-05 08:00 UTC when zero
	Clock Timeline  // a VirtualClock at Start when nil
}

// Host is one simulated machine.
type Host struct {
	Name        string // NetBIOS name, upper case
	Domain      string // "WORKGROUP"
	MachineGUID GUID   // HKLM\SOFTWARE\Microsoft\Cryptography
	MachineSID  string // S-1-5-21-...
	BootID      uint16 // counts the boots of the machine; upper part of Sysmon's process keys
	BootTime    time.Time
	Clock       Timeline
	Rand        *Rand
	FS          *FileSystem
	Registry    *Registry
	Services    *Services
	Accounts    *Accounts
	Audit       *AuditPolicy
}

// New builds a Windows Server 2022 with IIS, Sysmon and WinRM.
func New(opts Options) *Host {
	if opts.Name == "" {
		opts.Name = "LAB-IIS01"
	}
	if opts.Start.IsZero() {
		opts.Start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	}
	if opts.Clock == nil {
		opts.Clock = NewVirtualClock(opts.Start)
	}
	now := opts.Clock.Now()
	h := &Host{
		Name: opts.Name, Domain: "WORKGROUP", BootID: 0x2e, BootTime: now.Add(-26*time.Hour - 11*time.Minute),
		Clock: opts.Clock, Rand: NewRand(opts.Seed), FS: NewFileSystem(InstallTime()),
		Registry: NewRegistry(), Services: NewServices(), Accounts: NewAccounts(), Audit: NewAuditPolicy(),
	}
	h.identify()
	h.furnish()
	return h
}

// InstallTime is when the operating system's files were laid down.
func InstallTime() time.Time { return time.Date(2025, 3, 4, 10, 12, 31, 0, time.UTC) }

func (h *Host) identify() {
	r := h.Rand.Stream("identity")
	h.MachineGUID = GUID{Data1: uint32(r.Uint64()), Data2: uint16(r.Uint64()), Data3: uint16(r.Uint64())&0x0fff | 0x4000} //nolint:gosec // random bits
	for i := range h.MachineGUID.Data4 {
		h.MachineGUID.Data4[i] = byte(r.IntN(256))
	}
	h.MachineGUID.Data4[0] = h.MachineGUID.Data4[0]&0x3f | 0x80
	h.MachineSID = fmt.Sprintf("S-1-5-21-%d-%d-%d", 1e9+r.IntN(3e9), 1e9+r.IntN(3e9), 1e9+r.IntN(3e9))
}

// After runs f once d has passed on the machine's clock.
func (h *Host) After(d time.Duration, f func()) { h.Clock.Schedule(h.Clock.Now().Add(d), f) }

// Account puts the machine's name before a local account name.
func (h *Host) Account(name string) string { return h.Name + `\` + name }
