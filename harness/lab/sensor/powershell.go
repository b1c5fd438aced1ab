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
// EnableScriptBlockLogging is 1.
func NewPowerShell(k *kernel.Kernel, log *eventlog.Log) {
	s := &powerShell{log: log, host: k.Host(), rand: k.Host().Rand.Stream("powershell log")}
	k.Subscribe(s.observe)
}

type powerShell struct {
	log  *eventlog.Log
	host *host.Host
	rand *host.Rand
}

// Long texts are logged in parts of random length, so that nobody can place the
// cut.
const (
	longestWhole = 20000
	partSize     = 10000
)

func (s *powerShell) observe(a kernel.Activity) {
	block, ok := a.(kernel.ScriptBlock)
	if !ok || !s.enabled() {
		return
	}
	parts := s.split(block.Text)
	at := block.Time.Add(s.rand.Lag(2 * time.Millisecond))
	for i, part := range parts {
		s.log.Append(eventlog.PowerShell, eventlog.Event{
			Provider: "Microsoft-Windows-PowerShell", ProviderGUID: "{a0c1853b-5c40-4b15-8766-3cf1c58f985a}",
			EventID: 4104, Version: 1, Level: 5, Task: 2, Opcode: 15,
			ProcessID: block.Process.PID, ThreadID: block.Process.PID + 8, UserID: block.Process.Token.SID,
			Data: []eventlog.Field{
				{Name: "MessageNumber", Value: strconv.Itoa(i + 1)},
				{Name: "MessageTotal", Value: strconv.Itoa(len(parts))},
				{Name: "ScriptBlockText", Value: part},
				{Name: "ScriptBlockId", Value: strings.ToLower(strings.Trim(block.ID.String(), "{}"))},
				{Name: "Path", Value: block.Path},
			},
		}, at)
	}
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
