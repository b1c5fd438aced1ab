package winrm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/masterzen/winrm"
)

const (
	// answerMargin is what a host may need beyond the operation time-out to answer.
	answerMargin = 15 * time.Second
	// cleanupBudget bounds Signal and Delete after a command that was given up, taken
	// together.
	cleanupBudget = 5 * time.Second
	// emptyPause slows down polling a host that answers at once and says nothing.
	emptyPause = 200 * time.Millisecond
)

// shells runs commands on one host and keeps its shells for the next command.
type shells struct {
	transport *transport
	messages  messages

	running    chan struct{}  // one token per command, so that there are no more shells than sessions
	background sync.WaitGroup // clean-up that outlives its caller
	mutex      sync.Mutex
	free       []string
}

// invocation is one command line with its input, and where its output goes.
type invocation struct {
	line   string
	input  []byte
	stdout io.Writer
	stderr io.Writer
}

func newShells(c Config) (*shells, error) {
	t, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	return &shells{transport: t, messages: newMessages(c), running: make(chan struct{}, c.Sessions)}, nil
}

// run runs one command to its end and returns its exit status. When that fails, or
// ctx ends, the command is terminated and its shell deleted in the background.
func (s *shells) run(ctx context.Context, i invocation) (int, error) {
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	shell, commandID, doubt, err := s.start(ctx, i.line)
	if err != nil {
		return 0, err
	}
	exit, err := s.follow(ctx, shell, commandID, i)
	if err != nil {
		s.discard(ctx, shell, commandID)
		if _, ok := errors.AsType[*Fault](err); ok && doubt != nil {
			return 0, doubt // the host does not know the command
		}
		return 0, err
	}
	// Without this the host counts the command against its quota for ever.
	if _, _, err := s.call(ctx, "signal", s.messages.signal(shell, commandID), once); err != nil {
		s.discard(ctx, shell, "")
		return exit, nil // the command itself is over, and its output is complete
	}
	s.keepShell(shell)
	return exit, nil
}

// start starts the command in a shell, in a new one when the one kept is gone. When
// the answer to Command is lost the command counts as started, with that as doubt:
// whether it runs is for Send and Receive to tell.
func (s *shells) start(ctx context.Context, line string) (shell, commandID string, doubt, err error) {
	for attempt := 1; ; attempt++ {
		shell, kept, err := s.shell(ctx)
		if err != nil {
			return "", "", nil, err
		}
		commandID, err := s.startIn(ctx, shell, line)
		_, gone := errors.AsType[*ShellGoneError](err)
		_, lost := errors.AsType[*InterruptedError](err)
		switch {
		case err == nil:
			return shell, commandID, nil, nil
		case lost:
			return shell, commandID, err, nil
		case gone && kept && attempt == 1:
			s.forgetShells() // the host lost them together
		default:
			s.discard(ctx, shell, commandID)
			return "", "", nil, err
		}
	}
}

func (s *shells) startIn(ctx context.Context, shell, line string) (string, error) {
	id, commandID, err := s.newIDs()
	if err != nil {
		return "", err
	}
	body, err := s.patiently(ctx, "command", s.messages.command(id, shell, commandID, line), once)
	if err != nil {
		return commandID, err
	}
	reply, err := winrm.ParseExecuteCommandResponse(body)
	if err != nil || !isIdentifier(reply) {
		return commandID, &ProtocolError{What: "host did not name the command that it started", Err: err}
	}
	return reply, nil
}

// shell returns a shell that is kept, or a new one.
func (s *shells) shell(ctx context.Context) (id string, kept bool, err error) {
	s.mutex.Lock()
	if n := len(s.free); n > 0 {
		id, s.free = s.free[n-1], s.free[:n-1]
	}
	s.mutex.Unlock()
	if id != "" {
		return id, true, nil
	}
	id, err = s.createShell(ctx)
	return id, false, err
}

func (s *shells) createShell(ctx context.Context) (string, error) {
	messageID, _, err := s.newIDs()
	if err != nil {
		return "", err
	}
	body, err := s.patiently(ctx, "create", s.messages.create(messageID), repeatable)
	if err != nil {
		return "", err
	}
	id, err := winrm.ParseOpenShellResponse(body)
	if err != nil || !isIdentifier(id) {
		return "", &ProtocolError{What: "host did not name the shell that it created", Err: err}
	}
	return id, nil
}

func (s *shells) newIDs() (first, second string, err error) {
	if first, err = newUUID(s.transport.config.Random); err != nil {
		return "", "", err
	}
	second, err = newUUID(s.transport.config.Random)
	return first, second, err
}

// follow feeds the command its input and reads its output to the end.
func (s *shells) follow(ctx context.Context, shell, commandID string, i invocation) (int, error) {
	if err := s.feed(ctx, shell, commandID, i.input); err != nil {
		return s.ended(ctx, shell, commandID, i, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of the request that is on its way when the output cannot be written
	next := s.ask(ctx, shell, commandID)
	out := &outputs{stdout: i.stdout, stderr: i.stderr}
	for empty := 0; ; {
		a := <-next
		if isFault(a.err, faultTimeout) {
			next, empty = s.ask(ctx, shell, commandID), 0
			continue
		}
		if a.err != nil {
			return 0, a.err
		}
		done, exit, err := a.reply.state()
		if err != nil {
			return 0, err
		}
		if len(a.reply.Streams) > 0 {
			empty = 0
		} else if empty++; !done && empty > 2 {
			if err := s.transport.config.Sleep(ctx, emptyPause); err != nil {
				return 0, context.Cause(ctx)
			}
		}
		if !done {
			next = s.ask(ctx, shell, commandID) // the host prepares its answer meanwhile
		}
		if err := out.write(a.reply); err != nil || done {
			return exit, err
		}
	}
}

// received is the answer to one Receive.
type received struct {
	reply *receiveReply
	err   error
}

// ask asks for output, in the background.
func (s *shells) ask(ctx context.Context, shell, commandID string) <-chan received {
	answer := make(chan received, 1)
	s.background.Go(func() {
		reply, err := s.receive(ctx, shell, commandID)
		answer <- received{reply, err}
	})
	return answer
}

// ended is the way out when the input was refused: a command that has ended without
// reading it says so itself, with its exit status; otherwise the refusal stands.
func (s *shells) ended(ctx context.Context, shell, commandID string, i invocation, refusal error) (int, error) {
	if _, ok := errors.AsType[*Fault](refusal); !ok {
		return 0, refusal
	}
	reply, err := s.receive(ctx, shell, commandID)
	if err != nil {
		return 0, refusal
	}
	done, exit, err := reply.state()
	if err != nil || !done || (&outputs{stdout: i.stdout, stderr: i.stderr}).write(reply) != nil {
		return 0, refusal
	}
	return exit, nil
}

// feed sends the whole input, and its end.
func (s *shells) feed(ctx context.Context, shell, commandID string, input []byte) error {
	for {
		n := min(len(input), sendChunk)
		last := n == len(input)
		_, err := s.patiently(ctx, "send", s.messages.send(shell, commandID, input[:n], last), once)
		if err != nil || last {
			return err
		}
		input = input[n:]
	}
}

// receive asks once for output.
func (s *shells) receive(ctx context.Context, shell, commandID string) (*receiveReply, error) {
	_, e, err := s.call(ctx, "receive", s.messages.receive(shell, commandID), repeatable)
	if err != nil {
		return nil, err
	}
	if e.Body.Receive == nil {
		return nil, &ProtocolError{What: "answer to receive holds no output and no state"}
	}
	return e.Body.Receive, nil
}

// call posts one message with the usual limit.
func (s *shells) call(ctx context.Context, operation, body string, mode repeat) ([]byte, *envelope, error) {
	return s.transport.post(ctx, operation, body, mode, s.transport.config.OperationTimeout+answerMargin)
}

// patiently is call for requests that a host refuses while it is busy or at a quota:
// it was not carried out, so that it can be sent again after a while.
func (s *shells) patiently(ctx context.Context, operation, body string, mode repeat) (string, error) {
	pauses := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second}
	for {
		reply, _, err := s.call(ctx, operation, body, mode)
		_, quota := errors.AsType[*QuotaError](err)
		if err == nil || len(pauses) == 0 || !quota && !isFault(err, faultBusy) {
			return string(reply), err
		}
		if err := s.transport.config.Sleep(ctx, pauses[0]); err != nil {
			return "", context.Cause(ctx)
		}
		pauses = pauses[1:]
	}
}

// discard gives a shell up: what runs in it is terminated and it is deleted, in the
// background and within one budget, so that a caller whose context ended is not kept.
func (s *shells) discard(ctx context.Context, shell, commandID string) {
	s.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupBudget)
		defer cancel()
		if commandID != "" {
			_, _, _ = s.call(ctx, "signal", s.messages.signal(shell, commandID), once)
		}
		_, _, _ = s.call(ctx, "delete", s.messages.delete(shell), repeatable)
	})
}

func (s *shells) keepShell(id string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.free = append(s.free, id)
}

func (s *shells) forgetShells() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.free = nil
}

// shutdown deletes the shells, waits for clean-up that is under way and ends the
// sessions. It returns the first error; a shell that is already gone is none.
func (s *shells) shutdown(ctx context.Context) error {
	s.mutex.Lock()
	free := s.free
	s.free = nil
	s.mutex.Unlock()
	var first error
	for _, id := range free {
		_, _, err := s.call(ctx, "delete", s.messages.delete(id), repeatable)
		if _, gone := errors.AsType[*ShellGoneError](err); err != nil && !gone && first == nil {
			first = fmt.Errorf("deleting the shell: %w", err)
		}
	}
	s.background.Wait()
	s.transport.close()
	return first
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
