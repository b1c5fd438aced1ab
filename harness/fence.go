package harness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// How long to wait for late events. On recorded hosts an event that happened before another one already written still
// arrives in 2 to 3 cases of a hundred, 13 s later at the 95th percentile and 25 s at most.
const (
	fenceQuiet   = 5 * time.Second  // nothing older than the marker has arrived for so long
	fenceLeast   = 15 * time.Second // and so much has passed
	fenceMost    = 60 * time.Second // then give up
	fenceLongest = 5 * time.Second  // between two looks
)

// settle starts a marker process and collects until the marker has been read and nothing older than it comes in any
// more. It waits on the injected clock only.
func (o *observation) settle(ctx context.Context) error {
	token := "geiger-fence-" + o.evidence.Run
	o.evidence.Fence.Token = token
	o.touched = true
	marker, err := o.target.Execute(ctx, Command{
		Phase: Harness, File: "cmd.exe", Arguments: "/d /c rem " + token,
		Dir: WorkDir(o.evidence.Run, Harness), Timeout: stepTimeout,
	})
	if err != nil {
		return fmt.Errorf("marker process: %w", err)
	}
	o.evidence.Executions = append(o.evidence.Executions, marker)
	start := o.runner.Clock.Now()
	last, pause := start, time.Second
	for {
		late, err := o.read(ctx, marker)
		if err != nil {
			return err
		}
		now := o.runner.Clock.Now()
		if late {
			last = now
		}
		f := &o.evidence.Fence
		f.Waited = now.Sub(start)
		if f.Seen && now.Sub(last) >= fenceQuiet && f.Waited >= fenceLeast || f.Waited >= fenceMost || o.sysmonOff() {
			return nil
		}
		if err := o.runner.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, fenceLongest)
	}
}

// sysmonOff says that no marker can ever be seen.
func (o *observation) sysmonOff() bool {
	for _, c := range o.evidence.Channels {
		if c.Channel == telemetry.ChannelSysmon {
			return c.State != ChannelEnabled
		}
	}
	return true
}

// read collects once, and reports whether anything arrived that happened before the marker ended.
func (o *observation) read(ctx context.Context, marker Execution) (late bool, err error) {
	batches, err := o.target.Collect(ctx, o.bookmarks)
	if err != nil {
		return false, err
	}
	for _, b := range batches {
		bookmark := o.advance(b)
		for _, text := range b.Events {
			e, err := telemetry.ParseXML([]byte(text))
			if err != nil {
				return false, fmt.Errorf("%s: %w", b.Channel, err)
			}
			o.evidence.Events = append(o.evidence.Events, e)
			bookmark.After = max(bookmark.After, e.RecordID)
			late = late || e.Time().Before(marker.Ended)
			o.passed(&e, marker)
		}
	}
	return late, nil
}

// passed notes that the marker's own event has been read.
func (o *observation) passed(e *telemetry.Event, marker Execution) {
	f := &o.evidence.Fence
	if !f.Seen && e.Channel == telemetry.ChannelSysmon && e.EventID == 1 && strings.Contains(e.Get("CommandLine"), f.Token) {
		f.Seen = true
		f.Latency = e.TimeCreated.Sub(marker.Started)
	}
}

// advance notes what a batch says of its channel, losses above all, and returns the channel's bookmark.
func (o *observation) advance(b Batch) *Bookmark {
	at := slices.IndexFunc(o.bookmarks, func(have Bookmark) bool { return have.Channel == b.Channel })
	if at < 0 {
		return &Bookmark{}
	}
	bookmark, reading := &o.bookmarks[at], &o.evidence.Channels[at]
	reading.State, reading.Oldest, reading.Last = b.State, b.Oldest, max(reading.Last, b.Last)
	wrapped := b.Oldest > bookmark.After+1 && b.Last > bookmark.After
	replaced := b.State == ChannelEnabled && b.Last < bookmark.After
	reading.Lost = reading.Lost || wrapped || replaced
	return bookmark
}
