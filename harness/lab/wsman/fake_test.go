package wsman_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman/ntlm"
)

const (
	testUser     = "Administrator"
	testPassword = "Pässw0rd: with a colon"
	plainUser    = "operator"
	deniedUser   = "guest"
)

// fakeHost runs a handful of commands by name.
type fakeHost struct {
	gate chan struct{} // "gate" prints, waits for it, and prints again

	mu     sync.Mutex
	opened []wsman.ShellSpec
	ran    []wsman.CommandSpec
	closed int
}

func (h *fakeHost) OpenShell(_ context.Context, spec wsman.ShellSpec) (wsman.Shell, error) {
	if spec.Dir == `C:\missing` {
		return nil, &wsman.HostError{Code: 0x8007010B, Text: "The directory name is invalid. "}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened = append(h.opened, spec)
	return &fakeShell{h}, nil
}

func (h *fakeHost) lastShell() wsman.ShellSpec {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opened[len(h.opened)-1]
}

func (h *fakeHost) lastCommand() wsman.CommandSpec {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ran[len(h.ran)-1]
}

func (h *fakeHost) closedShells() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

type fakeShell struct{ host *fakeHost }

func (s *fakeShell) Close() error {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	s.host.closed++
	return nil
}

func (s *fakeShell) Start(ctx context.Context, spec wsman.CommandSpec, stdin io.Reader, stdout, stderr io.Writer) (wsman.Process, error) {
	s.host.mu.Lock()
	s.host.ran = append(s.host.ran, spec)
	s.host.mu.Unlock()
	name, argument, _ := strings.Cut(strings.Trim(spec.Line(), `"`), " ")
	program := s.host.program(name, argument)
	if program == nil {
		return nil, &wsman.HostError{Code: 0x80070002, Text: "The system cannot find the file specified. "}
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &fakeProcess{exit: make(chan int, 1), cancel: cancel}
	go func() {
		defer cancel()
		p.exit <- program(ctx, stdin, stdout, stderr)
	}()
	return p, nil
}

type fakeProcess struct {
	exit   chan int
	cancel context.CancelFunc
}

func (p *fakeProcess) Wait() int  { return <-p.exit }
func (p *fakeProcess) Terminate() { p.cancel() }

type fakeProgram func(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int

func (h *fakeHost) program(name, argument string) fakeProgram {
	number, _ := strconv.Atoi(argument)
	switch strings.ToLower(name) {
	case "echo":
		return func(_ context.Context, _ io.Reader, stdout, _ io.Writer) int {
			_, _ = io.WriteString(stdout, argument+"\r\n")
			return 0
		}
	case "mixed": // both streams and an exit status
		return func(_ context.Context, _ io.Reader, stdout, stderr io.Writer) int {
			_, _ = io.WriteString(stdout, "out\r\n")
			_, _ = io.WriteString(stderr, "err\r\n")
			return number
		}
	case "cat":
		return func(_ context.Context, stdin io.Reader, stdout, _ io.Writer) int {
			_, _ = io.Copy(stdout, stdin)
			return 0
		}
	case "big":
		return func(_ context.Context, _ io.Reader, stdout, _ io.Writer) int {
			_, err := io.WriteString(stdout, pattern(number))
			return len(fmt.Sprint(err)) - len(fmt.Sprint(nil))
		}
	case "alternate": // many small writes to both streams
		return func(_ context.Context, _ io.Reader, stdout, stderr io.Writer) int {
			for range number {
				_, _ = io.WriteString(stdout, "o")
				_, _ = io.WriteString(stderr, "e")
			}
			return 0
		}
	case "gate":
		return func(ctx context.Context, _ io.Reader, stdout, _ io.Writer) int {
			_, _ = io.WriteString(stdout, "before\r\n")
			select {
			case <-h.gate:
			case <-ctx.Done():
			}
			_, _ = io.WriteString(stdout, "after\r\n")
			return 3
		}
	case "wait": // for the gate, without a word
		return func(ctx context.Context, _ io.Reader, _, _ io.Writer) int {
			select {
			case <-h.gate:
			case <-ctx.Done():
			}
			return 3
		}
	case "hang":
		return func(ctx context.Context, _ io.Reader, _, _ io.Writer) int {
			<-ctx.Done()
			return 1
		}
	case "powershell", "powershell.exe":
		return func(_ context.Context, _ io.Reader, stdout, _ io.Writer) int {
			_, _ = io.WriteString(stdout, "script: "+decodeScript(argument)+"\r\n")
			return 0
		}
	}
	return nil
}

// pattern is n bytes of text that does not repeat at the size of a buffer.
func pattern(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "line %d\r\n", i)
	}
	return b.String()[:n]
}

// decodeScript decodes the argument of -encodedcommand.
func decodeScript(arguments string) string {
	fields := strings.Fields(arguments)
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil {
		return err.Error()
	}
	var units []uint16
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, uint16(raw[i])|uint16(raw[i+1])<<8)
	}
	return string(utf16.Decode(units))
}

// lab is a server on loopback in front of a fakeHost.
type lab struct {
	server    *wsman.Server
	host      *fakeHost
	http      string // host:port
	https     string
	certBytes []byte
}

var labStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newLab(t testing.TB, change func(*wsman.Options)) *lab {
	t.Helper()
	l := &lab{host: &fakeHost{gate: make(chan struct{})}}
	options := wsman.Options{
		Host: l.host,
		Users: []wsman.User{
			{Name: testUser, Password: testPassword},
			{Name: plainUser, Password: "other"},
			{Name: deniedUser, Password: "guest", Restricted: true},
		},
		Computer:      ntlm.Target{NetBIOSComputer: "LAB-IIS01", NetBIOSDomain: "LAB", DNSComputer: "lab-iis01.lab.local", DNSDomain: "lab.local"},
		ProductVendor: "geiger (simulated)", ProductVersion: "OS: 10.0.20348 SP: 0.0 Stack: 3.0",
		Now: func() time.Time { return labStart },
	}
	if change != nil {
		change(&options)
	}
	server, err := wsman.NewServer(options)
	require.NoError(t, err)
	l.server = server
	certificate, err := wsman.SelfSigned(rand.Reader, time.Now().Add(-time.Hour), 24*time.Hour, "127.0.0.1", "lab-iis01.lab.local")
	require.NoError(t, err)
	l.certBytes = certificate.Certificate[0]
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.http, l.https = plain.Addr().String(), secure.Addr().String()
	var serving sync.WaitGroup
	served := make([]error, 2)
	serving.Go(func() { served[0] = server.Serve(plain) })
	serving.Go(func() { served[1] = server.ServeTLS(secure, certificate) })
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		serving.Wait()
		require.NoError(t, errors.Join(served...))
	})
	return l
}

// manualTimers stands in for time.AfterFunc.
type manualTimers struct {
	mu      sync.Mutex
	now     time.Duration
	next    int
	pending map[int]manualTimer
}

type manualTimer struct {
	at, after time.Duration
	call      func()
}

func (m *manualTimers) AfterFunc(d time.Duration, f func()) func() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending == nil {
		m.pending = make(map[int]manualTimer)
	}
	m.next++
	id := m.next
	m.pending[id] = manualTimer{m.now + d, d, f}
	return func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		_, found := m.pending[id]
		delete(m.pending, id)
		return found
	}
}

// Advance lets time pass and calls what is due.
func (m *manualTimers) Advance(d time.Duration) {
	m.mu.Lock()
	m.now += d
	var due []func()
	for id, timer := range m.pending {
		if timer.at <= m.now {
			due = append(due, timer.call)
			delete(m.pending, id)
		}
	}
	m.mu.Unlock()
	for _, call := range due {
		call()
	}
}

// Pending counts the timers that were set for d.
func (m *manualTimers) Pending(d time.Duration) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := 0
	for _, timer := range m.pending {
		if timer.after == d {
			count++
		}
	}
	return count
}
