package kernel

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Kernel runs the machine. It is safe for concurrent use.
type Kernel struct {
	host     *host.Host
	rand     *host.Rand
	profiles map[string]*profile

	mu          sync.Mutex
	programs    map[string]Program
	processes   map[uint32]*Process
	pids        uint32
	starts      uint64 // process sequence number of the boot
	logons      uint64
	subscribers []func(Activity)
	working     int        // programs that have not returned
	idle        *sync.Cond // working is 0

	publishing sync.Mutex
}

// New boots a kernel on h: the system's own processes are running when it
// returns, and nothing has been published.
func New(h *host.Host) *Kernel {
	k := &Kernel{
		host: h, rand: h.Rand.Stream("kernel"), profiles: readProfiles(profilesData),
		programs: map[string]Program{}, processes: map[uint32]*Process{}, logons: 0x1f000,
	}
	k.idle = sync.NewCond(&k.mu)
	k.boot()
	return k
}

// Host is the state that the kernel changes.
func (k *Kernel) Host() *host.Host { return k.host }

// Subscribe calls f for every Activity from now on, one at a time and in the
// order in which they happen. f must not call the kernel.
func (k *Kernel) Subscribe(f func(Activity)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.subscribers = append(k.subscribers, f)
}

// Publish tells the sensors about an Activity. Engines use it for what is no
// kernel operation: script blocks, configuration changes.
func (k *Kernel) Publish(a Activity) {
	k.mu.Lock()
	subscribers := k.subscribers
	k.mu.Unlock()
	k.publishing.Lock()
	defer k.publishing.Unlock()
	for _, f := range subscribers {
		f(a)
	}
}

// By returns the common part of an Activity that p does now.
func (k *Kernel) By(p *Process) By { return By{Time: k.host.Clock.Now(), Process: p} }

// Unsupported records that the simulation lacks something, out of band: the
// machine's own answer is the caller's business. Kind is "command", "parameter",
// "program" and the like; name is what was asked for.
func (k *Kernel) Unsupported(p *Process, kind, name, detail string) {
	k.Publish(Unsupported{By: k.By(p), Kind: kind, Name: name, Detail: detail})
}

// Settle waits until no Program runs any more: one that was ended from outside
// needs a moment to notice.
func (k *Kernel) Settle() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.working > 0 {
		k.idle.Wait()
	}
}

// running counts the programs that have not returned.
func (k *Kernel) running(change int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.working += change; k.working == 0 {
		k.idle.Broadcast()
	}
}

// Process returns the running process with a pid.
func (k *Kernel) Process(pid uint32) (*Process, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.processes[pid]
	return p, ok
}

// Processes returns the running processes by pid.
func (k *Kernel) Processes() []*Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.SortedFunc(maps.Values(k.processes), func(a, b *Process) int { return cmp.Compare(a.PID, b.PID) })
}

// Named returns the oldest running process whose image has the given file name,
// such as "services.exe".
func (k *Kernel) Named(name string) (*Process, bool) {
	for _, p := range k.Processes() {
		if host.Fold(host.Base(p.Image)) == host.Fold(name) {
			return p, true
		}
	}
	return nil, false
}

// work lets a little time pass, as every operation takes some. Nothing that was
// scheduled runs in the middle of an operation.
func (k *Kernel) work(low, high time.Duration) {
	k.host.Clock.Elapse(k.rand.Between(low, high))
}
