package harness_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
)

// clock is a test's time: it moves only when somebody sleeps.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)} }

// Now implements harness.Clock.
func (c *clock) Now() time.Time { return c.now }

// Sleep implements harness.Clock.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

// target is a machine whose answers a test sets. Every execution leaves the process event that Sysmon would write, and
// what the test adds to it.
type target struct {
	clock    *clock
	fail     map[string]error // by method
	exit     map[harness.Phase]int
	silent   bool           // Sysmon records nothing
	endless  harness.Phase  // commands of this phase run into their timeout
	security *harness.Batch // what becomes of the channel Security, whose newest record is 50
	disabled string
	effects  map[harness.Phase]func(guid string) []string // further events, without their header
	calls    []string
	lines    []string
	next     int
	events   []string
	onRun    func(harness.Command)
	trickle  bool // an old event comes late, every time one looks
}

func newTarget() *target {
	return &target{clock: newClock(), fail: map[string]error{}, exit: map[harness.Phase]int{}, effects: map[harness.Phase]func(string) []string{}}
}

// Name implements harness.Target.
func (*target) Name() string { return "iis01" }

// Inspect implements harness.Target.
func (t *target) Inspect(context.Context) (harness.HostFacts, error) {
	t.calls = append(t.calls, "inspect")
	return harness.HostFacts{Name: "IIS01", Product: "test", Elevated: true, User: `IIS01\Administrator`}, t.fail["inspect"]
}

// Execute implements harness.Target.
func (t *target) Execute(ctx context.Context, c harness.Command) (harness.Execution, error) {
	t.calls = append(t.calls, string(c.Phase))
	t.lines = append(t.lines, c.File+" "+c.Arguments)
	if t.onRun != nil {
		t.onRun(c)
	}
	if err := ctx.Err(); err != nil {
		return harness.Execution{}, err
	}
	if err := t.fail[string(c.Phase)]; err != nil {
		return harness.Execution{}, err
	}
	t.next += 4
	t.clock.now = t.clock.now.Add(time.Second)
	guid := fmt.Sprintf("{00000000-0000-0000-0000-%012d}", t.next)
	if !t.silent {
		t.record(1, guid, "CurrentDirectory", `C:\Users\ADMINI~1\AppData\Local\Temp\`+c.Dir+`\`, "Image", `C:\Windows\System32\`+c.File,
			"CommandLine", c.File+" "+c.Arguments, "ParentProcessGuid", "{launcher}")
		if more := t.effects[c.Phase]; more != nil {
			for _, e := range more(guid) {
				t.events = append(t.events, t.header(e))
			}
		}
	}
	return harness.Execution{
		Phase: c.Phase, File: c.File, Arguments: c.Arguments, ProcessID: uint32(t.next), ExitCode: t.exit[c.Phase],
		Started: t.clock.now, Ended: t.clock.now, Stdout: "hello\n", TimedOut: t.endless != "" && t.endless == c.Phase,
	}, nil
}

func (t *target) record(id int, guid string, fields ...string) {
	t.events = append(t.events, t.header(fmt.Sprintf("%d|%s", id, eventData(append([]string{"ProcessGuid", guid}, fields...)...))))
}

func eventData(fields ...string) string {
	var b strings.Builder
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for i := 0; i+1 < len(fields); i += 2 {
		fmt.Fprintf(&b, "<Data Name='%s'>%s</Data>", fields[i], escape.Replace(fields[i+1]))
	}
	return b.String()
}

// header completes "id|data" to an event of Sysmon, or of the lab if the id is "lab".
func (t *target) header(text string) string {
	id, data, _ := strings.Cut(text, "|")
	now, channel := t.clock.now, "Microsoft-Windows-Sysmon/Operational"
	if id == "lab" {
		id, channel = "1", "Geiger-Lab/Operational"
	}
	return fmt.Sprintf("<Event><System><EventID>%s</EventID><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID>"+
		"<Channel>%s</Channel><Computer>IIS01</Computer></System><EventData><Data Name='UtcTime'>%s</Data>%s</EventData></Event>",
		id, now.Format(time.RFC3339Nano), len(t.events)+101, channel, now.Format("2006-01-02 15:04:05.000"), data)
}

// Bookmark implements harness.Target.
func (t *target) Bookmark(_ context.Context, channels []string) ([]harness.Bookmark, error) {
	var all []harness.Bookmark
	for _, c := range channels {
		b := harness.Bookmark{Channel: c, State: harness.ChannelMissing}
		if strings.Contains(c, "Sysmon") {
			b = harness.Bookmark{Channel: c, State: harness.ChannelEnabled, After: 100}
		}
		if t.security != nil && c == t.security.Channel {
			b = harness.Bookmark{Channel: c, State: harness.ChannelEnabled, After: 50}
		}
		if c == t.disabled {
			b.State = harness.ChannelDisabled
		}
		all = append(all, b)
	}
	return all, t.fail["bookmark"]
}

// Collect implements harness.Target.
func (t *target) Collect(_ context.Context, after []harness.Bookmark) ([]harness.Batch, error) {
	t.calls = append(t.calls, "collect")
	if t.trickle {
		now := t.clock.now
		t.clock.now = now.Add(-time.Hour)
		t.record(5, "{ended}")
		t.clock.now = now
	}
	var all []harness.Batch
	for _, b := range after {
		batch := harness.Batch{Channel: b.Channel, State: b.State, Oldest: 1}
		if strings.Contains(b.Channel, "Sysmon") {
			batch.Events = t.events[min(int(b.After)-100, len(t.events)):]
			batch.Last = uint64(100 + len(t.events))
		}
		if t.security != nil && b.Channel == t.security.Channel {
			batch = *t.security
		}
		all = append(all, batch)
	}
	return all, t.fail["collect"]
}

// Sweep implements harness.Target.
func (t *target) Sweep(_ context.Context, dir string) error {
	t.calls = append(t.calls, "sweep "+dir)
	return t.fail["sweep"]
}

// Close implements harness.Target.
func (*target) Close(context.Context) error { return nil }
