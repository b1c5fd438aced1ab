package noise

import (
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// Amount is how much happens.
type Amount int

// The amounts.
const (
	Off Amount = iota
	Low
	Normal
)

// Options choose the noise.
type Options struct {
	Amount Amount
	// Visit is somebody who looks at the web site; nil for none.
	Visit func()
	// AddModule registers a global module of the web server on behalf of the
	// installer's process; nil leaves the web server alone.
	AddModule func(p *kernel.Process, name, image string) error
	// Deployments makes somebody publish a web application now and then, which
	// puts libraries into the web server's content.
	Deployments bool
}

// Noise is running background activity.
type Noise struct {
	k       *kernel.Kernel
	rand    *host.Rand
	options Options
	round   int // of the installer

	acting  sync.RWMutex // held for reading by acts
	stopped bool
}

// actor is one kind of activity and the time between two of its acts.
type actor struct {
	name      string
	low, high time.Duration
	act       func()
}

// Start lets the actors begin. Each acts for the first time after a small part
// of its usual pause, because a machine is often watched for minutes only.
func Start(k *kernel.Kernel, options Options) *Noise {
	n := &Noise{k: k, rand: k.Host().Rand.Stream("noise"), options: options}
	if options.Amount == Off {
		return n
	}
	for _, a := range n.actors() {
		if options.Amount == Low {
			a.low, a.high = 4*a.low, 4*a.high
		}
		first := n.rand.Between(a.low/40, a.high/12)
		n.schedule(a, first)
	}
	return n
}

// Stop ends all activity, after what has begun is finished. An act must not call
// it.
func (n *Noise) Stop() {
	n.acting.Lock()
	defer n.acting.Unlock()
	n.stopped = true
}

func (n *Noise) schedule(a actor, in time.Duration) {
	n.k.Host().After(in, func() {
		n.acting.RLock()
		defer n.acting.RUnlock()
		if n.stopped {
			return
		}
		a.act()
		n.schedule(a, n.rand.Between(a.low, a.high))
	})
}

func (n *Noise) actors() []actor {
	list := []actor{
		{"services", 20 * time.Second, 70 * time.Second, n.services},
		{"management", time.Minute, 4 * time.Minute, n.management},
		{"scheduled tasks", 2 * time.Minute, 7 * time.Minute, n.scheduledTask},
		{"scheduled script", 5 * time.Minute, 15 * time.Minute, n.scheduledScript},
		{"servicing", 12 * time.Minute, 45 * time.Minute, n.servicing},
		{"installer", 15 * time.Minute, 60 * time.Minute, n.installer},
	}
	if n.options.Visit != nil {
		list = append(list, actor{"visitors", 90 * time.Second, 9 * time.Minute, n.options.Visit})
	}
	if n.options.Deployments {
		list = append(list, actor{"deployments", 10 * time.Minute, 40 * time.Minute, n.deploy})
	}
	return list
}

// pass lets time go by in the middle of an act.
func (n *Noise) pass(low, high time.Duration) { n.k.Host().Clock.Elapse(n.rand.Between(low, high)) }
