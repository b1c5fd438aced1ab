package wsman

import (
	"context"
	"strings"
	"sync"
	"time"
)

// shell is an open shell with its commands.
type shell struct {
	spec    ShellSpec
	owner   *account
	inner   Shell
	input   string // InputStreams and OutputStreams as the client asked
	output  string
	created time.Time

	ctx    context.Context // of the server: commands outlive requests
	close  func() error    // ends the shell; later calls wait for the first and return its result
	expire func()          // removes the shell from its server and closes it
	after  func(time.Duration, func()) func() bool

	processes sync.WaitGroup

	mu       sync.Mutex
	commands map[string]*command // by upper-case CommandId
	active   int                 // requests in progress
	lastUsed time.Time
	idle     int         // counts the idle periods, so that a late timer is recognised
	stopIdle func() bool // nil while a request is in progress
	closed   bool
}

// begin keeps the shell from expiring while a request is in progress. It reports false if the shell is closed.
func (s *shell) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.active++
	s.idle++
	if s.stopIdle != nil {
		s.stopIdle()
		s.stopIdle = nil
	}
	return true
}

// end starts the idle period after the last request.
func (s *shell) end(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	s.lastUsed = now
	if s.active > 0 || s.closed {
		return
	}
	s.idle++
	period := s.idle
	s.stopIdle = s.after(s.spec.IdleTimeout, func() { s.expired(period) })
}

// expired closes the shell if the idle period that began the timer has lasted until now.
func (s *shell) expired(period int) {
	s.mu.Lock()
	stale := s.idle != period
	s.mu.Unlock()
	if !stale {
		s.expire()
	}
}

// command finds a command by its id, without regard to case.
func (s *shell) command(id string) *command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands[strings.ToUpper(id)]
}

// start starts a command. limit is the number of unreleased commands that a shell may have.
func (s *shell) start(spec CommandSpec, limit int) *Fault {
	ctx, cancel := context.WithCancel(s.ctx)
	c := &command{id: spec.ID, spec: spec, stdin: &inputStream{}, cancel: cancel}
	if fault := s.reserve(c, limit); fault != nil {
		cancel()
		return fault
	}
	process, err := s.inner.Start(ctx, spec, c.stdin, &outputStream{c, "stdout"}, &outputStream{c, "stderr"})
	if err != nil {
		s.forget(c)
		c.release()
		s.processes.Done()
		return faultOf(err)
	}
	c.attach(process)
	go func() {
		defer s.processes.Done()
		defer cancel()
		c.run(process)
	}()
	return nil
}

// reserve enters a command that is about to start, and counts its process.
func (s *shell) reserve(c *command, limit int) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToUpper(c.id)
	switch {
	case s.closed:
		return faultShellNotFound(s.spec.ID)
	case s.commands[key] != nil:
		return faultCommandExists()
	case len(s.commands) >= limit:
		return faultTooManyCommands(limit)
	}
	s.commands[key] = c
	s.processes.Add(1)
	return nil
}

func (s *shell) forget(c *command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.commands, strings.ToUpper(c.id))
}

// shutdown releases the commands, waits for their processes and closes the shell of the host.
func (s *shell) shutdown() error {
	s.mu.Lock()
	s.closed = true
	if s.stopIdle != nil {
		s.stopIdle()
	}
	var commands []*command
	for _, c := range s.commands {
		commands = append(commands, c)
	}
	clear(s.commands)
	s.mu.Unlock()
	for _, c := range commands {
		c.release()
	}
	s.processes.Wait()
	return s.inner.Close()
}
