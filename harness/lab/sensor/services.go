package sensor

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// NewServices logs what Windows components write of themselves: committed
// changes of the IIS configuration (events 29 and 50, channel off by default),
// remote shells (WinRM 91), and what programs log through [kernel.EventLogged].
func NewServices(k *kernel.Kernel, log *eventlog.Log) {
	s := &services{log: log, rand: k.Host().Rand.Stream("service logs")}
	k.Subscribe(s.observe)
}

type services struct {
	log   *eventlog.Log
	rand  *host.Rand
	order order
}

// order gives records that are written with some delay the order in which they
// happened: what one thread traces is never written the other way round.
type order struct{ last time.Time }

func (o *order) write(at time.Time) time.Time {
	if !at.After(o.last) {
		at = o.last.Add(time.Microsecond)
	}
	o.last = at
	return at
}

func (s *services) observe(a kernel.Activity) {
	switch a := a.(type) {
	case kernel.ConfigurationCommitted:
		s.configuration(a)
	case kernel.ShellOpened:
		e := by(a.Process, a.Token)
		e.Provider, e.ProviderGUID = "Microsoft-Windows-WinRM", "{a7975c8f-ac13-49f1-87da-5a984a4ab417}"
		e.EventID, e.Level, e.Task, e.Keywords = 91, 4, 9, 0x4000000000000004
		e.Data = []eventlog.Field{{Name: "resourceUri", Value: a.ResourceURI}, {Name: "shellId", Value: a.ShellID}}
		s.append(eventlog.WinRM, e, a.Time)
	case kernel.EventLogged:
		e := by(a.Process, nil)
		e.Provider, e.EventID, e.Level, e.Keywords = a.Provider, a.EventID, a.Level, 0x80000000000000
		e.ProviderGUID = providerGUID(a.Provider)
		for _, f := range a.Data {
			e.Data = append(e.Data, eventlog.Field(f))
		}
		if a.Provider == "Microsoft-Windows-Eventlog" && (a.EventID == 104 || a.EventID == 1102) {
			e.Task, e.UserID, e.Keywords = 104, a.Process.Token.SID, 0x8000000000000000
			e.UserData = &eventlog.UserData{Element: "LogFileCleared", Namespace: "http://manifests.microsoft.com/win/2004/08/windows/eventlog", Data: e.Data}
			e.Data = nil
		}
		s.append(a.Channel, e, a.Time)
	}
}

// providerGUID is the registered identifier of a provider that programs write
// with; classic providers have none.
func providerGUID(name string) string {
	switch name {
	case "Microsoft-Windows-Eventlog":
		return "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}"
	case "Microsoft-Windows-IIS-W3SVC-WP":
		return "{670080d9-742a-4187-8d16-41143d1290bd}"
	case "Service Control Manager":
		return "{555908d1-a6d7-4695-8e1e-26931d2012f4}"
	}
	return ""
}

func (s *services) append(channel string, e eventlog.Event, at time.Time) {
	s.log.Append(channel, e, s.order.write(at.Add(s.rand.Lag(2*time.Millisecond))))
}

// by fills the writing process, and the user when there is a token.
func by(p *kernel.Process, t *host.Token) eventlog.Event {
	var e eventlog.Event
	if p != nil {
		e.ProcessID, e.ThreadID = p.PID, p.PID+12
	}
	if t != nil {
		e.UserID = t.SID
	}
	return e
}

func (s *services) configuration(a kernel.ConfigurationCommitted) {
	e := by(a.Process, a.Process.Token)
	e.Provider, e.ProviderGUID = "Microsoft-Windows-IIS-Configuration", "{dc0b8e51-4863-407a-bc3c-1b479b2978ac}"
	e.EventID, e.Level, e.Keywords = 29, 4, 0x8000000000000000
	e.Data = []eventlog.Field{
		{Name: "PhysicalPath", Value: a.PhysicalPath},
		{Name: "ConfigPath", Value: a.ConfigPath},
		{Name: "EffectiveLocationPath", Value: a.Location},
		{Name: "Configuration", Value: a.Section},
		{Name: "EditOperationType", Value: a.Operation},
		{Name: "OldValue", Value: a.OldValue},
		{Name: "NewValue", Value: a.NewValue},
	}
	s.append(eventlog.IISConfiguration, e, a.Time)
	if a.Last {
		e.EventID, e.Data = 50, []eventlog.Field{{Name: "PhysicalPath", Value: a.PhysicalPath}}
		s.append(eventlog.IISConfiguration, e, a.Time)
	}
}

// NewLab writes what the simulation lacks into the channel Geiger-Lab, so that
// whoever judges a run knows that it was not the real thing.
func NewLab(k *kernel.Kernel, log *eventlog.Log) {
	k.Subscribe(func(a kernel.Activity) {
		u, ok := a.(kernel.Unsupported)
		if !ok {
			return
		}
		e := by(u.Process, nil)
		e.Provider, e.EventID, e.Level, e.Keywords = "Geiger-Lab", 1, 3, 0x80000000000000
		e.Data = []eventlog.Field{{Name: "Kind", Value: u.Kind}, {Name: "Name", Value: u.Name}, {Name: "Detail", Value: u.Detail}}
		if p := u.Process; p != nil {
			e.Data = append(
				e.Data, eventlog.Field{Name: "ProcessId", Value: strconv.Itoa(int(p.PID))},
				eventlog.Field{Name: "ProcessGuid", Value: strings.ToLower(p.GUID.String())}, // as Sysmon has it
				eventlog.Field{Name: "Image", Value: p.Image}, eventlog.Field{Name: "CommandLine", Value: p.CommandLine},
			)
		}
		log.Append(eventlog.Lab, e, u.Time)
	})
}

// Install puts every sensor on k's machine and starts Sysmon.
func Install(k *kernel.Kernel, log *eventlog.Log, config *Config) *Sysmon {
	sysmon := NewSysmon(k, log, config)
	NewSecurity(k, log)
	NewPowerShell(k, log)
	NewServices(k, log)
	NewLab(k, log)
	sysmon.Start()
	return sysmon
}
