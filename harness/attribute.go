package harness

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// attribution says which phase caused each event of a run.
type attribution struct {
	marks   map[Phase]string // working directory marks, in lower case
	parents map[string]string
	roots   map[string]Phase     // by ProcessGuid: marked processes, and the roots of geiger's own trees
	pids    map[uint64][]started // for events that know no ProcessGuid
	events  []telemetry.Event
}

type started struct {
	guid string
	at   time.Time
}

// attribute reads the process tree from Sysmon's process events. A process whose working directory is that of a phase
// belongs to the phase; so does everything below it that carries no other mark. The shells through which geiger talks
// to the host (the winrshost.exe above its launchers) are the harness phase; all else is background.
func attribute(e *Evidence) *attribution {
	a := &attribution{
		marks: map[Phase]string{}, parents: map[string]string{}, roots: map[string]Phase{},
		pids: map[uint64][]started{}, events: e.Events,
	}
	for _, p := range [...]Phase{Prerequisite, Attack, Cleanup, Harness} {
		a.marks[p] = strings.ToLower(`\` + WorkDir(e.Run, p))
	}
	for i := range e.Events {
		if ev := &e.Events[i]; ev.Channel == telemetry.ChannelSysmon && ev.EventID == 1 {
			a.learn(ev)
		}
	}
	for _, x := range e.Executions {
		if launcher := a.running(uint64(x.LauncherID), x.Started); launcher != "" && a.roots[launcher] == "" {
			a.roots[launcher] = Harness
		}
	}
	return a
}

func (a *attribution) learn(e *telemetry.Event) {
	guid, parent := processGUID(e.Get("ProcessGuid")), processGUID(e.Get("ParentProcessGuid"))
	a.parents[guid] = parent
	id := decimal(e.Get("ProcessId"))
	a.pids[id] = append(a.pids[id], started{guid, e.Time()})
	dir := strings.ToLower(strings.TrimSuffix(e.Get("CurrentDirectory"), `\`))
	for p, mark := range a.marks {
		if strings.HasSuffix(dir, mark) {
			a.roots[guid] = p
		}
	}
	if isShellHost(e.Get("ParentImage")) && a.roots[guid] == "" {
		// Only geiger opens WinRM shells on a declared lab machine while a run lasts.
		a.roots[parent] = Harness
	}
}

// processGUID is a ProcessGuid in one spelling: forwarders and exports change the case.
func processGUID(text string) string { return strings.ToUpper(text) }

func isShellHost(image string) bool { return strings.EqualFold(baseName(image), "winrshost.exe") }

func decimal(text string) uint64 {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0
	}
	return n
}

// deepest bounds a walk up the process tree, which a forged recording could make a circle.
const deepest = 64

// ofProcess is the phase of a process.
func (a *attribution) ofProcess(guid string) Phase {
	for range deepest {
		if p, ok := a.roots[guid]; ok {
			return p
		}
		parent, ok := a.parents[guid]
		if !ok {
			break
		}
		guid = parent
	}
	return Background
}

// ofEvent is the phase of an event: that of the process which caused it.
func (a *attribution) ofEvent(e *telemetry.Event) Phase {
	for _, name := range [...]string{"ProcessGuid", "SourceProcessGuid", "SourceProcessGUID"} {
		if guid := e.Get(name); guid != "" {
			return a.ofProcess(processGUID(guid))
		}
	}
	id := uint64(e.ProcessID)
	for _, name := range [...]string{"NewProcessId", "ProcessId"} {
		if v := decimal(e.Get(name)); v != 0 {
			id = v
			break
		}
	}
	return a.ofProcess(a.running(id, e.Time()))
}

// startSlack is how much earlier than Sysmon's event another channel may say that a process did something.
const startSlack = time.Second

// running is the latest process of that id which had started by then, or ""; Windows uses ids again, and a process that
// started before the run is in no event of it.
func (a *attribution) running(id uint64, by time.Time) string {
	if id == 0 {
		return ""
	}
	var latest started
	for _, s := range a.pids[id] {
		if !s.at.After(by.Add(startSlack)) && (latest.guid == "" || s.at.After(latest.at)) {
			latest = s
		}
	}
	return latest.guid
}

// precedence decides for an alert that came of several phases: it would not exist without any of them, and the one
// that a reader must know of first is the earliest here.
var precedence = [...]Phase{Attack, Cleanup, Prerequisite, Harness, Background}

// ofSources is the phase of an alert, from the events behind its row.
func (a *attribution) ofSources(sources []kql.Source) Phase {
	seen := map[Phase]bool{}
	for _, s := range sources {
		if s >= 0 && int(s) < len(a.events) {
			seen[a.ofEvent(&a.events[s])] = true
		}
	}
	for _, p := range precedence {
		if seen[p] {
			return p
		}
	}
	return Background
}

// Phases says which phase of a run caused a row, from the source rows behind it.
func Phases(e *Evidence) func([]kql.Source) Phase { return attribute(e).ofSources }

// PhaseOf says which phase of a run caused an event.
func PhaseOf(e *Evidence, event *telemetry.Event) Phase { return attribute(e).ofEvent(event) }

// EventPhases says of every event of a run, in their order, which phase caused it.
func EventPhases(e *Evidence) []Phase {
	a := attribute(e)
	phases := make([]Phase, len(e.Events))
	for i := range e.Events {
		phases[i] = a.ofEvent(&e.Events[i])
	}
	return phases
}
