package wsman

import (
	"context"
	"io"
	"sync"
	"time"
)

// exitControlC is STATUS_CONTROL_C_EXIT (0xC000013A, MS-ERREF 2.3.1), with which a program ends that ctrl_c interrupts.
const exitControlC = -1073741510

// command is a running or finished command of a shell, until its client releases it with Signal or Delete.
type command struct {
	id     string
	spec   CommandSpec
	stdin  *inputStream
	cancel context.CancelFunc

	mu          sync.Mutex
	changes     broadcast
	process     Process
	output      outputQueue
	done        bool
	exit        int
	interrupted bool
	released    bool
	turn        *turn // of the Receive that may take output
}

// outputStream is stdout or stderr of a command.
type outputStream struct {
	command *command
	name    string
}

// Write blocks while the client is far behind.
func (s *outputStream) Write(p []byte) (int, error) {
	c := s.command
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.output.full() && !c.released {
		wake := c.changes.next()
		c.mu.Unlock()
		<-wake
		c.mu.Lock()
	}
	if c.released {
		return 0, io.ErrClosedPipe
	}
	c.output.add(s.name, p)
	c.changes.changed()
	return len(p), nil
}

// run waits for the process and records its exit status.
func (c *command) run(process Process) {
	exit := process.Wait()
	c.stdin.close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.exit = true, exit
	if c.interrupted {
		c.exit = exitControlC
	}
	c.changes.changed()
}

// attach records the process, which a release may have overtaken.
func (c *command) attach(process Process) {
	c.mu.Lock()
	released := c.released
	c.process = process
	c.mu.Unlock()
	if released {
		process.Terminate()
	}
}

// interrupt ends the process as ctrl_c does, and leaves its output and exit status to be received.
func (c *command) interrupt() {
	c.mu.Lock()
	process := c.process
	c.interrupted = !c.done
	c.mu.Unlock()
	if process != nil {
		process.Terminate()
	}
}

// release ends the process if it still runs, and every Receive that waits for it.
func (c *command) release() {
	c.mu.Lock()
	process, running := c.process, !c.done
	c.released = true
	c.changes.changed()
	c.mu.Unlock()
	c.cancel()
	c.stdin.close()
	if process != nil && running {
		process.Terminate()
	}
}

// turn is the right of one Receive to take output. A newer Receive supersedes an older one, whose client has
// most likely gone away.
type turn struct {
	superseded chan struct{}
	over       chan struct{}
}

// takeTurn makes the caller the only receiver, as soon as the one before it is over. The caller must call end.
func (c *command) takeTurn() *turn {
	mine := &turn{superseded: make(chan struct{}), over: make(chan struct{})}
	c.mu.Lock()
	previous := c.turn
	c.turn = mine
	c.mu.Unlock()
	if previous != nil {
		close(previous.superseded)
		<-previous.over
	}
	return mine
}

func (t *turn) end() { close(t.over) }

// batch is what one Receive returns.
type batch struct {
	chunks []chunk
	done   bool
	exit   int
}

// receiveSpec is what a Receive asks for.
type receiveSpec struct {
	wanted  map[string]bool
	timeout time.Duration
	linger  time.Duration // to wait for more after the first output
	budget  int           // bytes that fit into the response
}

// receive waits for output, the end of the command, or the time-out (MS-WSMV 3.1.4.14). After the first output it
// lingers a little, so that a chatty command does not cost a round trip per line. The output stays
// queued until the caller discards it.
func (c *command) receive(ctx context.Context, mine *turn, spec receiveSpec, timer timerFunc) (batch, *Fault) {
	expired, stop := timer(spec.timeout)
	defer stop()
	some := func() bool { n, _ := c.output.size(spec.wanted); return c.done || n > 0 }
	switch c.await(ctx, mine, expired, some) {
	case waitExpired:
		return batch{}, faultTimedOut()
	case waitAborted:
		return batch{}, faultAborted()
	}
	lingered, stopLinger := timer(spec.linger)
	defer stopLinger()
	enough := func() bool { return c.done || cost(c.output.size(spec.wanted)) >= spec.budget }
	if c.await(ctx, mine, lingered, enough) == waitAborted {
		return batch{}, faultAborted()
	}
	return c.peek(spec), nil
}

// peek returns what a response has room for. It is the last one if the command is done and nothing else is queued.
func (c *command) peek(spec receiveSpec) batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.output.peek(spec.wanted, spec.budget)
	rest, _ := c.output.size(spec.wanted)
	for _, chunk := range taken {
		rest -= len(chunk.data)
	}
	return batch{chunks: taken, done: c.done && rest == 0, exit: c.exit}
}

// discard removes output that has reached the client.
func (c *command) discard(taken []chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.output.discard(taken)
	c.changes.changed()
}

// outcome of a wait.
type outcome int

const (
	waitReady outcome = iota
	waitExpired
	waitAborted // released, superseded, or the client has gone
)

// await waits until ready, which it calls with the lock held, or until something else ends the wait.
func (c *command) await(ctx context.Context, mine *turn, expired <-chan struct{}, ready func() bool) outcome {
	for {
		c.mu.Lock()
		released, isReady, wake := c.released, ready(), c.changes.next()
		c.mu.Unlock()
		if released || ctx.Err() != nil {
			return waitAborted
		}
		if isReady {
			return waitReady
		}
		select {
		case <-wake:
		case <-expired:
			return waitExpired
		case <-mine.superseded:
			return waitAborted
		case <-ctx.Done():
			return waitAborted
		}
	}
}
