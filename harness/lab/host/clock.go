package host

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// A Clock is the time of the simulated machine.
type Clock interface {
	// Now is the machine's current time, in UTC.
	Now() time.Time
	// Sleep waits until d has passed on this clock or ctx ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// A Timeline is a Clock on which work can be put off. Both clocks of this
// package are Timelines.
type Timeline interface {
	Clock
	// Schedule runs f when the clock reaches at.
	Schedule(at time.Time, f func())
	// Hold is Schedule for an f that blocks, and so holds the time. Released is called once the clock knows that f
	// has returned: who sleeps from then on is not taken for a part of f.
	Hold(at time.Time, f, released func())
	// Advance moves the clock by d where that is possible and runs what has
	// become due. Whoever calls it (or Sleep) must hold no lock that scheduled
	// work could want.
	Advance(d time.Duration)
	// Elapse moves the clock by d where that is possible, and runs nothing.
	Elapse(d time.Duration)
}

// VirtualClock is a Timeline that stands still unless somebody works or sleeps:
// Sleep returns at once and moves the time instead. What was scheduled runs in
// the goroutine that sleeps or advances, in order of time.
type VirtualClock struct {
	mu       sync.Mutex
	now      time.Time
	pending  timers
	sequence int
	draining bool
}

// NewVirtualClock returns a clock that stands at start.
func NewVirtualClock(start time.Time) *VirtualClock {
	return &VirtualClock{now: start.UTC()}
}

// Now is the virtual time.
func (c *VirtualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep moves the clock by d, stopping on the way at everything that was
// scheduled, and returns without waiting. Scheduled work that ends ctx ends the
// sleep at that moment.
func (c *VirtualClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.run(ctx, max(d, 0))
	return ctx.Err()
}

// Schedule runs f at the first Sleep or Advance that reaches at.
func (c *VirtualClock) Schedule(at time.Time, f func()) { c.Hold(at, f, func() {}) }

// Hold implements Timeline.
func (c *VirtualClock) Hold(at time.Time, f, released func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	heap.Push(&c.pending, timer{at: at, sequence: c.sequence, run: f, released: released})
}

// Advance moves the clock by d, stopping on the way at what was scheduled.
func (c *VirtualClock) Advance(d time.Duration) { c.run(context.Background(), max(d, 0)) }

// Elapse moves the clock by d. What becomes due runs at the next Sleep or
// Advance.
func (c *VirtualClock) Elapse(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
}

// run moves the clock by d through what is scheduled, until ctx ends. Work that
// sleeps or advances itself only moves the clock: the outer call goes on with the
// rest.
func (c *VirtualClock) run(ctx context.Context, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	target := c.now.Add(d)
	if c.draining {
		c.now = target
		return
	}
	c.draining = true
	defer func() { c.draining = false }()
	for len(c.pending) > 0 && !c.pending[0].at.After(latest(target, c.now)) {
		next, _ := heap.Pop(&c.pending).(timer)
		c.now = latest(c.now, next.at)
		c.unlocked(next.run)
		c.draining = ctx.Err() == nil
		if next.released(); !c.draining {
			return
		}
	}
	c.now = latest(c.now, target)
}

func (c *VirtualClock) unlocked(f func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	f()
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

type timer struct {
	at       time.Time
	sequence int
	run      func()
	released func()
}

type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if t[i].at.Equal(t[j].at) {
		return t[i].sequence < t[j].sequence
	}
	return t[i].at.Before(t[j].at)
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

// WallClock is a Timeline that follows a real clock; the lab uses it when people
// talk to it by hand. Real time moves by itself.
type WallClock struct {
	now func() time.Time
}

// NewWallClock returns a clock that reads now, usually time.Now.
func NewWallClock(now func() time.Time) *WallClock { return &WallClock{now: now} }

// Now is the real time in UTC.
func (c *WallClock) Now() time.Time { return c.now().UTC() }

// Sleep blocks for d or until ctx ends.
func (c *WallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Schedule runs f in its own goroutine when the real clock reaches at.
func (c *WallClock) Schedule(at time.Time, f func()) { time.AfterFunc(at.Sub(c.now()), f) }

// Hold runs f, then released, in a goroutine of their own when the real clock reaches at.
func (c *WallClock) Hold(at time.Time, f, released func()) {
	c.Schedule(at, func() { f(); released() })
}

// Advance does nothing: real time moves by itself and runs what is due.
func (c *WallClock) Advance(time.Duration) {}

// Elapse does nothing.
func (c *WallClock) Elapse(time.Duration) {}
