package sensor

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// sysmonImage is the service's executable.
const sysmonImage = `C:\Windows\Sysmon64.exe`

// Sysmon is the system monitor, version 15.15. It logs while its service
// process runs.
type Sysmon struct {
	log    *eventlog.Log
	clock  host.Clock
	rand   *host.Rand
	schema map[int]eventSchema

	mu      sync.Mutex
	config  *Config
	running bool
	pid     uint32
	threads []uint32
	queues  map[int]*queue // by event id
}

// NewSysmon installs Sysmon with a configuration on k's machine: its registry
// parameters are set, and from now on it sees what k does.
func NewSysmon(k *kernel.Kernel, log *eventlog.Log, config *Config) *Sysmon {
	h := k.Host()
	s := &Sysmon{
		log: log, clock: h.Clock, rand: h.Rand.Stream("sysmon"), schema: readSchema(eventsData), config: config,
		queues: map[int]*queue{},
	}
	for id := range s.schema {
		s.queues[id] = &queue{}
	}
	if p, ok := k.Named("Sysmon64.exe"); ok {
		s.running, s.pid = true, p.PID
	}
	for range 3 {
		s.threads = append(s.threads, uint32(2000+4*s.rand.IntN(800))) //nolint:gosec // small
	}
	s.register(h)
	k.Subscribe(s.observe)
	return s
}

// register stores the parameters that `sysmon -i` leaves in the registry.
func (s *Sysmon) register(h *host.Host) {
	const key = `HKLM\SYSTEM\CurrentControlSet\Services\SysmonDrv\Parameters`
	now := h.Clock.Now()
	for _, v := range []host.Value{
		{Name: "ConfigFile", Type: host.String, Text: s.config.Name},
		{Name: "ConfigHash", Type: host.String, Text: "SHA256=" + s.config.Hash},
		{Name: "HashingAlgorithm", Type: host.DWord, Number: 0x80000000 | uint64(1)<<len(s.config.Algorithms)},
		{Name: "Options", Type: host.DWord, Number: 0},
	} {
		// The key is part of every host.
		_ = h.Registry.SetValue(key, v, now)
	}
}

// Start writes what the service writes when it starts: its state (event 4) and
// its configuration (event 16).
func (s *Sysmon) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stateChange("Started")
	s.configChange()
}

// Configure makes Sysmon follow another configuration (event 16).
func (s *Sysmon) Configure(config *Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = config
	s.configChange()
}

func (s *Sysmon) stateChange(state string) {
	now := s.clock.Now()
	s.write(4, map[string]string{"UtcTime": utc(now), "State": state, "Version": "15.15", "SchemaVersion": schemaVersion}, now, 5*time.Millisecond)
}

func (s *Sysmon) configChange() {
	now := s.clock.Now()
	s.write(16, map[string]string{
		"UtcTime": utc(now), "Configuration": s.config.Name, "ConfigurationFileHash": "SHA256=" + s.config.Hash,
	}, now, 5*time.Millisecond)
}

// Median delays between an event and its record.
const (
	usualLag = 19 * time.Millisecond
	hashLag  = 55 * time.Millisecond // the image is hashed first
)

func (s *Sysmon) observe(a kernel.Activity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow(a)
	if !s.running {
		return
	}
	p := a.Actor()
	switch a := a.(type) {
	case kernel.ProcessCreated:
		s.emit(1, p, a.Time, s.processCreated(a), hashLag)
	case kernel.FileTimeChanged:
		s.emit(2, p, a.Time, map[string]string{
			"TargetFilename": a.File.Path, "CreationUtcTime": utc(a.File.Created), "PreviousCreationUtcTime": utc(a.Previous),
		}, usualLag)
	case kernel.ProcessExited:
		s.emit(5, p, a.Time, map[string]string{}, usualLag)
	case kernel.ImageLoaded:
		s.emit(7, p, a.Time, s.imageLoaded(a), usualLag)
	case kernel.FileCreated:
		s.emit(11, p, a.Time, map[string]string{"TargetFilename": a.File.Path, "CreationUtcTime": utc(a.File.Created)}, usualLag)
	case kernel.FileWritten:
		s.fileWritten(a)
	case kernel.FileDeleted:
		s.fileDeleted(a)
	case kernel.PipeCreated:
		s.emit(17, p, a.Time, map[string]string{"EventType": "CreatePipe", "PipeName": a.Name}, usualLag)
	case kernel.PipeConnected:
		s.emit(18, p, a.Time, map[string]string{"EventType": "ConnectPipe", "PipeName": a.Name}, usualLag)
	default:
		s.observeRegistry(a)
	}
}

func (s *Sysmon) observeRegistry(a kernel.Activity) {
	object := func(id int, eventType, target string) map[string]string {
		f := map[string]string{"EventType": eventType, "TargetObject": target}
		if id == 12 {
			s.emit(id, a.Actor(), a.When(), f, usualLag)
		}
		return f
	}
	switch a := a.(type) {
	case kernel.RegistryKeyCreated:
		object(12, "CreateKey", registryName(a.Key))
	case kernel.RegistryKeyDeleted:
		object(12, "DeleteKey", registryName(a.Key))
	case kernel.RegistryValueDeleted:
		object(12, "DeleteValue", valueName(a.Key, a.Name))
	case kernel.RegistryValueSet:
		f := object(13, "SetValue", valueName(a.Key, a.Value.Name))
		f["Details"] = details(a.Value)
		s.emit(13, a.Process, a.Time, f, usualLag)
	}
}

// follow keeps track of the service process itself.
func (s *Sysmon) follow(a kernel.Activity) {
	p := a.Actor()
	if p == nil || !strings.EqualFold(p.Image, sysmonImage) {
		return
	}
	switch a.(type) {
	case kernel.ProcessExited:
		if p.PID == s.pid && s.running {
			s.stateChange("Stopped")
			s.running = false
		}
	case kernel.ProcessCreated:
		if !s.running {
			s.running, s.pid = true, p.PID
			s.stateChange("Started")
			s.configChange()
		}
	}
}

// emit completes the fields that most events share, asks the configuration, and
// writes the event.
func (s *Sysmon) emit(id int, p *kernel.Process, at time.Time, f map[string]string, lag time.Duration) {
	f["UtcTime"] = utc(at)
	f["ProcessGuid"], f["ProcessId"], f["Image"] = p.GUID.String(), strconv.Itoa(int(p.PID)), p.Image
	f["User"] = p.Token.User
	name, logged := s.config.Decide(s.schema[id].tag, func(field string) string { return f[field] })
	if !logged {
		return
	}
	f["RuleName"] = name
	// Sysmon writes these two through a formatter for which % is special.
	if id == 1 {
		f["CommandLine"] = strings.ReplaceAll(f["CommandLine"], "%", "%%")
	}
	if id == 13 {
		f["Details"] = strings.ReplaceAll(f["Details"], "%", "%%")
	}
	s.write(id, f, at, lag)
}

func (s *Sysmon) write(id int, f map[string]string, at time.Time, lag time.Duration) {
	schema := s.schema[id]
	e := eventlog.Event{
		Provider: "Microsoft-Windows-Sysmon", ProviderGUID: "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
		EventID: id, Version: schema.version, Level: 4, Task: id, Keywords: 0x8000000000000000,
		ProcessID: s.pid, ThreadID: s.threads[id%len(s.threads)], UserID: "S-1-5-18",
	}
	for _, field := range schema.fields {
		value := f[field.name]
		if field.guid {
			value = strings.ToLower(value)
		}
		e.Data = append(e.Data, eventlog.Field{Name: field.name, Value: value})
	}
	s.log.Append(eventlog.Sysmon, e, s.queues[id].put(s.rand, at, lag))
}

// queue is the way of one kind of event from the driver to the log. It keeps the
// order of what goes through it; between kinds the order may change.
type queue struct{ happened, written time.Time }

// put returns when an event is written. What follows on the heels of another
// event shares its delay.
func (q *queue) put(r *host.Rand, at time.Time, lag time.Duration) time.Time {
	if at.Sub(q.happened) < 30*time.Millisecond {
		lag = time.Millisecond
	}
	q.happened = at
	write := at.Add(r.Lag(lag))
	if after := q.written.Add(r.Lag(100 * time.Microsecond)); write.Before(after) {
		write = after
	}
	q.written = write
	return write
}
