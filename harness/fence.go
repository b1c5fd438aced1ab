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

// sight lets a marker process be seen before the attack: what cannot be seen is not attacked. It also measures how long
// the host's telemetry takes.
func (o *observation) sight(ctx context.Context) bool {
	if !o.scenario.Runs(Attack) || o.sysmonOff() {
		return true // nothing to attack, or a channel that is off, which has its own verdict
	}
	canary := &o.evidence.Canary
	err := o.await(ctx, canary, "geiger-canary-", func(time.Duration) bool { return canary.Seen })
	switch {
	case err != nil:
		return o.fault(LinkRecorded, NotRecorded, "before the attack: %v", err)
	case !canary.Seen:
		return o.fault(LinkRecorded, NotRecorded, "before the attack: %s", canary.unseen())
	}
	return true
}

// settle collects after the last phase until a marker process has been read, and nothing older than it comes in any
// more.
func (o *observation) settle(ctx context.Context) error {
	fence := &o.evidence.Fence
	return o.await(ctx, fence, "geiger-fence-", func(quiet time.Duration) bool {
		return fence.Seen && quiet >= fenceQuiet && fence.Waited >= fenceLeast || o.sysmonOff()
	})
}

// await starts a marker process, and collects until done, which is told for how long nothing older than the marker has
// arrived. It waits on the injected clock only, and gives up after fenceMost.
func (o *observation) await(ctx context.Context, f *Fence, prefix string, done func(quiet time.Duration) bool) error {
	f.Token = prefix + o.evidence.Run
	marker, err := o.command(ctx, Command{
		Phase: Harness, File: "cmd.exe", Arguments: "/d /c rem " + f.Token,
		Dir: WorkDir(o.evidence.Run, Harness), Timeout: stepTimeout,
	})
	if err != nil {
		return fmt.Errorf("marker process: %w", err)
	}
	o.evidence.Executions = append(o.evidence.Executions, marker)
	start := o.runner.Clock.Now()
	last, pause := start, time.Second
	for {
		late, err := o.read(ctx, f, marker)
		if err != nil {
			return err
		}
		now := o.runner.Clock.Now()
		if late {
			last = now
		}
		f.Waited = now.Sub(start)
		if done(now.Sub(last)) {
			return nil
		}
		if f.Waited >= fenceMost {
			f.Unsettled = f.Seen
			return nil
		}
		if err := o.runner.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, fenceLongest)
	}
}

// unseen says that a marker did not appear, and what to look at.
func (f *Fence) unseen() string {
	return fmt.Sprintf("the marker process %s did not appear within %v; is Sysmon running, and does its configuration log process creation?", f.Token, f.Waited)
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
func (o *observation) read(ctx context.Context, f *Fence, marker Execution) (late bool, err error) {
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
			f.look(&e, marker)
		}
	}
	return late, nil
}

// look notes that the marker's own event has been read.
func (f *Fence) look(e *telemetry.Event, marker Execution) {
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
