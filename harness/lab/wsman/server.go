package wsman

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman/ntlm"
)

// Options configure a [Server]. Host, Now and at least one user are required.
type Options struct {
	Host  Host
	Users []User
	// Computer is what NTLM and the faults say of the machine.
	Computer ntlm.Target
	// AllowUnencrypted lets clients use Basic, and messages in the clear, over plain HTTP (winrm/config/service).
	AllowUnencrypted bool
	// ProductVendor and ProductVersion are the server's answer to Identify.
	ProductVendor, ProductVersion string
	Quotas                        Quotas
	// Now is the clock of the host: what it writes into challenges and into the ages of shells.
	Now func() time.Time
	// AfterFunc schedules time-outs, which run on the time of the client's side of the wire. Nil means time.AfterFunc.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
	// Rand is the source of challenges and identifiers; it need not be safe for concurrent use. Nil means crypto/rand.
	Rand io.Reader
	// Audit, if not nil, learns of every logon, as the Security log does. It must be safe for concurrent use.
	Audit func(Logon)
}

// User is an account that may log on. Its password stays out of every formatted output.
type User struct {
	Name     string // without domain
	Password string
	// Restricted is set for an account that is neither administrator nor a member of Remote Management Users: it can
	// log on, but every operation is denied.
	Restricted bool
}

// String returns the name alone.
func (u User) String() string { return u.Name }

// GoString returns the name alone.
func (u User) GoString() string { return "wsman.User{" + u.Name + "}" }

// Quotas are the limits of winrm/config and winrm/config/winrs. A zero field means the default of Windows Server.
type Quotas struct {
	MaxEnvelopeSize      int           // bytes of a message; 512000
	MaxTimeout           time.Duration // upper limit of OperationTimeout; 60 s
	IdleTimeout          time.Duration // of a shell whose client names none; 2 h
	MaxShellsPerUser     int           // 30
	MaxConcurrentUsers   int           // users with open shells; 10
	MaxProcessesPerShell int           // commands not yet released; 25
	MaxOperationsPerUser int           // requests in progress; 1500
	MaxCommandLine       int           // characters through cmd.exe; 8191
	MaxCommandLineDirect int           // characters with WINRS_SKIP_CMD_SHELL; 32767
	ReceiveLinger        time.Duration // wait for more output after the first; 50 ms
}

func (q Quotas) withDefaults() Quotas {
	number := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	lapse := func(field *time.Duration, value time.Duration) {
		if *field <= 0 {
			*field = value
		}
	}
	number(&q.MaxEnvelopeSize, 512000)
	number(&q.MaxShellsPerUser, 30)
	number(&q.MaxConcurrentUsers, 10)
	number(&q.MaxProcessesPerShell, 25)
	number(&q.MaxOperationsPerUser, 1500)
	number(&q.MaxCommandLine, 8191)
	number(&q.MaxCommandLineDirect, 32767)
	lapse(&q.MaxTimeout, time.Minute)
	lapse(&q.IdleTimeout, 2*time.Hour)
	lapse(&q.ReceiveLinger, 50*time.Millisecond)
	return q
}

// account is a user as the server keeps it.
type account struct {
	name       string
	hash       ntlm.Hash
	restricted bool
}

// Server is a WinRM service. It is safe for concurrent use.
type Server struct {
	options     Options
	quotas      Quotas
	accounts    map[string]*account // by lower-case name
	ctx         context.Context     // ends when the server closes
	cancel      context.CancelFunc
	connections sync.WaitGroup // with their requests

	randMu sync.Mutex

	mu         sync.Mutex
	closed     bool
	listening  []*http.Server
	shells     map[string]*shell // by upper-case ShellId
	opening    map[*account]int  // shells that the host is opening
	operations map[*account]int  // requests in progress
}

// NewServer returns a server that listens nowhere yet. It fails if a required option is missing or two users have the
// same name.
func NewServer(options Options) (*Server, error) {
	switch {
	case options.Host == nil:
		return nil, errors.New("wsman: no host")
	case options.Now == nil:
		return nil, errors.New("wsman: no clock")
	case len(options.Users) == 0:
		return nil, errors.New("wsman: no users")
	}
	if options.Rand == nil {
		options.Rand = rand.Reader
	}
	if options.AfterFunc == nil {
		options.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	s := &Server{
		quotas: options.Quotas.withDefaults(), accounts: make(map[string]*account),
		shells: make(map[string]*shell), opening: make(map[*account]int), operations: make(map[*account]int),
	}
	for _, user := range options.Users {
		key := strings.ToLower(user.Name)
		if s.accounts[key] != nil {
			return nil, fmt.Errorf("wsman: two users named %s", user.Name)
		}
		s.accounts[key] = &account{name: user.Name, hash: ntlm.PasswordHash(user.Password), restricted: user.Restricted}
	}
	options.Users = nil
	s.options = options
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Serve answers HTTP on a listener until Close, and then returns nil; if Close came first it closes the listener and returns at
// once. Several listeners may be served at the same time.
func (s *Server) Serve(listener net.Listener) error { return s.serve(listener, nil) }

// ServeTLS answers HTTPS with the given certificate until Close, and then returns nil. Channel bindings are checked
// against that certificate.
func (s *Server) ServeTLS(listener net.Listener, certificate tls.Certificate) error {
	binding, err := channelBinding(certificate)
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	return s.serve(tls.NewListener(listener, config), binding)
}

// Limits on what an idle or slow client may hold up. A response may take as long as the longest Receive and then some.
const (
	headerTimeout = 30 * time.Second
	idleTimeout   = 3 * time.Minute
)

func (s *Server) serve(listener net.Listener, binding []byte) error {
	var connections sync.Map // net.Conn -> *connection
	server := &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, WriteTimeout: s.quotas.MaxTimeout + idleTimeout,
		ErrorLog:     log.New(io.Discard, "", 0),
		TLSNextProto: make(map[string]func(*http.Server, *tls.Conn, http.Handler)),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			state := s.newConnection(c, binding)
			if s.enter() {
				connections.Store(c, state)
			} else {
				_ = c.Close() // the server has forgotten it already
			}
			return context.WithValue(ctx, connectionKey{}, state)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if state != http.StateClosed && state != http.StateHijacked {
				return
			}
			if value, ok := connections.LoadAndDelete(c); ok {
				value.(*connection).logoff(s)
				s.connections.Done()
			}
		},
	}
	if !s.register(server) {
		return listener.Close()
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("wsman: %w", err)
	}
	return nil
}

// register remembers a listener to be closed. It reports false if the server is closed.
func (s *Server) register(server *http.Server) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.listening = append(s.listening, server)
	}
	return !s.closed
}

// enter counts a connection that Close waits for. It reports false if the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.connections.Add(1)
	}
	return !s.closed
}

// Close stops listening, drops every connection, ends every command and shell, and returns when all of that has
// ended.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	listening := s.listening
	s.listening = nil
	s.mu.Unlock()
	s.cancel()
	var failures []error
	for _, server := range listening {
		failures = append(failures, server.Close())
	}
	for _, sh := range s.allShells() {
		failures = append(failures, s.remove(sh))
	}
	s.connections.Wait()
	return errors.Join(failures...)
}

// timerFunc returns a channel that closes after d, and a function that ends the wait early.
type timerFunc func(d time.Duration) (expired <-chan struct{}, stop func() bool)

func (s *Server) timer(d time.Duration) (<-chan struct{}, func() bool) {
	expired := make(chan struct{})
	return expired, s.options.AfterFunc(d, func() { close(expired) })
}

// random fills p. It makes the source of randomness safe for concurrent use.
func (s *Server) random(p []byte) error {
	s.randMu.Lock()
	defer s.randMu.Unlock()
	if _, err := io.ReadFull(s.options.Rand, p); err != nil {
		return fmt.Errorf("wsman: randomness: %w", err)
	}
	return nil
}

// lockedRand is the server's randomness as an io.Reader.
type lockedRand struct{ server *Server }

func (r lockedRand) Read(p []byte) (int, error) {
	if err := r.server.random(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// newID returns a version 4 GUID in upper case (RFC 9562).
func (s *Server) newID() (string, error) {
	var b [16]byte
	if err := s.random(b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[0:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
