package sensor

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// NewPowerShell logs script blocks (event 4104) of k's machine while the policy
// EnableScriptBlockLogging is 1, and the start and end of PowerShell engines
// (events 53504, 40961 and 40962; 400 and 403 in the classic log).
func NewPowerShell(k *kernel.Kernel, log *eventlog.Log) {
	s := &powerShell{log: log, host: k.Host(), rand: k.Host().Rand.Stream("powershell log"), engines: map[uint32]bool{}}
	k.Subscribe(s.observe)
}

type powerShell struct {
	log  *eventlog.Log
	host *host.Host
	rand *host.Rand

	order   order
	engines map[uint32]bool // by pid; Activities come one at a time
}

// Long texts are logged in parts of random length, so that nobody can place the
// cut.
const (
	longestWhole = 20000
	partSize     = 10000
)

func (s *powerShell) observe(a kernel.Activity) {
	switch a := a.(type) {
	case kernel.ScriptBlock:
		if s.enabled() {
			s.scriptBlock(a)
		}
	case kernel.PipeCreated:
		// The engine opens this pipe when it starts, whatever hosts it.
		if strings.HasPrefix(a.Name, `\PSHost.`) {
			s.engines[a.Process.PID] = true
			s.engineStarted(a)
		}
	case kernel.ProcessExited:
		if s.engines[a.Process.PID] {
			delete(s.engines, a.Process.PID)
			s.classic(403, a.By, "Stopped", "Available")
		}
	}
}

func (s *powerShell) engineStarted(a kernel.PipeCreated) {
	at := a.Time
	for _, e := range []struct {
		id, task, opcode int
		data             []eventlog.Field
	}{
		{40961, 4, 1, nil},
		{53504, 111, 10, []eventlog.Field{{Name: "param1", Value: strconv.Itoa(int(a.Process.PID))}, {Name: "param2", Value: "DefaultAppDomain"}}},
		{40962, 4, 2, nil},
	} {
		at = at.Add(s.rand.Lag(3 * time.Millisecond))
		s.operational(a.Process, e.id, 4, e.task, e.opcode, e.data, at)
	}
	s.classic(400, a.By, "Available", "None")
}

// classic writes an engine event into the log that every Windows has had since
// PowerShell 1; its third text is a list of settings.
func (s *powerShell) classic(id int, by kernel.By, state, previous string) {
	p := by.Process
	details := "\tNewEngineState=" + state + "\n\tPreviousEngineState=" + previous + "\n\n\tSequenceNumber=13\n\n\tHostName=ConsoleHost\n" +
		"\tHostVersion=5.1.20348.558\n\tHostId=" + strings.ToLower(strings.Trim(p.GUID.String(), "{}")) + "\n\tHostApplication=" + p.CommandLine +
		"\n\tEngineVersion=5.1.20348.558\n\tRunspaceId=\n\tPipelineId=\n\tCommandName=\n\tCommandType=\n\tScriptName=\n\tCommandPath=\n\tCommandLine="
	s.log.Append(eventlog.ClassicPowerShell, eventlog.Event{
		Provider: "PowerShell", EventID: id, Level: 4, Task: 4, Keywords: 0x80000000000000, ProcessID: p.PID,
		Data: []eventlog.Field{{Value: state}, {Value: previous}, {Value: details}},
	}, by.Time.Add(s.rand.Lag(5*time.Millisecond)))
}

func (s *powerShell) scriptBlock(block kernel.ScriptBlock) {
	parts := s.split(block.Text)
	at := block.Time.Add(s.rand.Lag(2 * time.Millisecond))
	for i, part := range parts {
		s.operational(block.Process, 4104, 5, 2, 15, []eventlog.Field{
			{Name: "MessageNumber", Value: strconv.Itoa(i + 1)},
			{Name: "MessageTotal", Value: strconv.Itoa(len(parts))},
			{Name: "ScriptBlockText", Value: part},
			{Name: "ScriptBlockId", Value: strings.ToLower(strings.Trim(block.ID.String(), "{}"))},
			{Name: "Path", Value: block.Path},
		}, at)
	}
}

func (s *powerShell) operational(p *kernel.Process, id, level, task, opcode int, data []eventlog.Field, at time.Time) {
	s.log.Append(eventlog.PowerShell, eventlog.Event{
		Provider: "Microsoft-Windows-PowerShell", ProviderGUID: "{a0c1853b-5c40-4b15-8766-3cf1c58f985a}",
		EventID: id, Version: 1, Level: level, Task: task, Opcode: opcode,
		ProcessID: p.PID, ThreadID: p.PID + 8, UserID: p.Token.SID, Data: data,
	}, s.order.write(at))
}

func (s *powerShell) enabled() bool {
	v, err := s.host.Registry.Value(`HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging`, "EnableScriptBlockLogging")
	return err == nil && v.Number == 1
}

func (s *powerShell) split(text string) []string {
	runes := []rune(text)
	if len(runes) < longestWhole {
		return []string{text}
	}
	var parts []string
	for len(runes) > 0 {
		n := min(partSize+s.rand.IntN(partSize), len(runes))
		parts = append(parts, string(runes[:n]))
		runes = runes[n:]
	}
	return parts
}
