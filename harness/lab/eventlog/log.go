package eventlog

import (
	"cmp"
	"container/heap"
	"slices"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Mode says what a channel does when it is full.
type Mode string

// The modes as Get-WinEvent -ListLog names them.
const (
	Circular   Mode = "Circular"
	AutoBackup Mode = "AutoBackup"
	Retain     Mode = "Retain"
)

// Log is all channels of the machine. It is safe for concurrent use.
type Log struct {
	clock    host.Clock
	computer string

	mu       sync.Mutex
	channels map[string]*Channel
}

// New returns a log with the channels of a Windows server that the lab writes
// to, each holding no record yet.
func New(clock host.Clock, computer string) *Log {
	l := &Log{clock: clock, computer: computer, channels: map[string]*Channel{}}
	for _, c := range serverChannels() {
		l.AddChannel(c)
	}
	return l
}

// Settings are what is configured about a channel.
type Settings struct {
	Name      string
	Enabled   bool
	Mode      Mode
	MaxSize   int64  // in bytes
	Type      string // "Admin", "Operational"
	Provider  string // that owns it
	AdminOnly bool   // plain users may not read it
	First     uint64 // record id of the first record to come, 1 when 0
}

// AddChannel adds a channel or replaces it by an empty one.
func (l *Log) AddChannel(s Settings) *Channel {
	c := &Channel{log: l, settings: s, next: max(s.First, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.channels[host.Fold(s.Name)] = c
	return c
}

// RemoveChannel takes a channel away, as if its provider were not installed.
func (l *Log) RemoveChannel(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.channels, host.Fold(name))
}

// Channel returns a channel by name, without regard to case.
func (l *Log) Channel(name string) (*Channel, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.channels[host.Fold(name)]
	return c, ok
}

// Channels returns all channels, ordered by name.
func (l *Log) Channels() []*Channel {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*Channel, 0, len(l.channels))
	for _, c := range l.channels {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Channel) int { return cmp.Compare(a.settings.Name, b.settings.Name) })
	return out
}

// Append hands an event to a channel, to be written at the given time. Nothing
// happens when the channel does not exist or is disabled.
func (l *Log) Append(channel string, e Event, write time.Time) {
	if c, ok := l.Channel(channel); ok {
		c.Append(e, write)
	}
}

// Channel is one channel of a Log.
type Channel struct {
	log *Log

	mu       sync.Mutex
	settings Settings
	next     uint64 // record id of the next record
	records  []Record
	sizes    []int64
	size     int64
	last     time.Time
	pending  queue
	sequence int
}

// Info is what Get-WinEvent -ListLog and wevtutil gl / gli say.
type Info struct {
	Settings

	Oldest, Newest uint64 // record ids, 0 when empty
	Count          int
	Size           int64 // of the file, in bytes
	LastWrite      time.Time
}

// Info describes the channel at this moment.
func (c *Channel) Info() Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	info := Info{Settings: c.settings, Count: len(c.records), Size: fileHeader + c.size, LastWrite: c.last}
	if n := len(c.records); n > 0 {
		info.Oldest, info.Newest = c.records[0].ID, c.records[n-1].ID
	}
	return info
}

// fileHeader is the size of an empty log file.
const fileHeader = 69632

// Name is the channel's name in its own spelling.
func (c *Channel) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings.Name
}

// Enable switches the channel on or off. A disabled channel keeps its records.
func (c *Channel) Enable(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	c.settings.Enabled = on
}

// Configure sets the maximum size in bytes and the mode.
func (c *Channel) Configure(maxSize int64, mode Mode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settings.MaxSize, c.settings.Mode = maxSize, mode
}

// Clear deletes every record. Record ids go on.
func (c *Channel) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	c.records, c.sizes, c.size = nil, nil, 0
}

// Append hands an event to the channel, to be written at the given time; a
// disabled channel drops it.
func (c *Channel) Append(e Event, write time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.settings.Enabled {
		return
	}
	c.sequence++
	heap.Push(&c.pending, waiting{event: e, write: write, sequence: c.sequence})
}

// flush writes what is due by now, in order of writing.
func (c *Channel) flush() {
	now := c.log.clock.Now()
	for len(c.pending) > 0 && !c.pending[0].write.After(now) {
		next, _ := heap.Pop(&c.pending).(waiting)
		c.write(next)
	}
}

func (c *Channel) write(w waiting) {
	if w.write.After(c.last) {
		c.last = w.write
	}
	r := Record{Event: w.event, Channel: c.settings.Name, Computer: c.log.computer, ID: c.next, Time: c.last}
	size := r.size()
	if c.settings.Mode == Retain && c.size+size > c.settings.MaxSize {
		return
	}
	c.next++
	c.records, c.sizes, c.size = append(c.records, r), append(c.sizes, size), c.size+size
	drop := 0
	for c.settings.MaxSize > 0 && c.size > c.settings.MaxSize && drop < len(c.records)-1 {
		c.size -= c.sizes[drop]
		drop++
	}
	c.records, c.sizes = c.records[drop:], c.sizes[drop:]
}

// size is about what the record takes in the log file.
func (r Record) size() int64 {
	n := int64(280)
	for _, f := range r.Data {
		n += 2*int64(len(f.Value)) + 8
	}
	return n
}

// Records returns what has been written by now, in order of record id. The
// result must not be modified.
func (c *Channel) Records() []Record { return c.recordsFrom(0) }

// recordsFrom returns the records whose id is at least so much.
func (c *Channel) recordsFrom(least uint64) []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	begin, _ := slices.BinarySearchFunc(c.records, least, func(r Record, id uint64) int { return cmp.Compare(r.ID, id) })
	return slices.Clip(c.records[begin:])
}

// Query returns the records that an XPath expression selects, in order of record
// id. "" and "*" select all.
func (c *Channel) Query(xpath string) ([]Record, error) {
	q, err := ParseQuery(xpath)
	if err != nil {
		return nil, err
	}
	var out []Record
	records, now := c.recordsFrom(q.least()), c.log.clock.Now()
	for i := range records {
		if q.Match(&records[i], now) {
			out = append(out, records[i])
		}
	}
	return out, nil
}

type waiting struct {
	event    Event
	write    time.Time
	sequence int
}

type queue []waiting

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].write.Equal(q[j].write) {
		return q[i].sequence < q[j].sequence
	}
	return q[i].write.Before(q[j].write)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(waiting)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
