package winrm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

// transport keeps the sessions with one host.
type transport struct {
	config Config
	tls    *tls.Config
	slots  chan struct{} // one token per session that may exist

	tickets *tickets // nil unless with Kerberos

	mutex  sync.Mutex
	idle   []*session // most recently used last
	closed bool
}

// repeat says what may be done when it is unknown whether the host has acted.
type repeat bool

const (
	once       repeat = false // never send again
	repeatable repeat = true  // sending twice does no harm
)

// attempts bounds how often one request is put on the wire.
const attempts = 3

// errRefused says that the session is no longer logged on, so that the request was
// not acted upon.
var errRefused = errors.New("the session has expired")

// errLogonClosed says that the connection ended before the session was logged on.
var errLogonClosed = errors.New("logging on")

func newTransport(c Config) (*transport, error) {
	config, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	t := &transport{config: c, tls: config, slots: make(chan struct{}, c.Sessions)}
	if c.Authentication == Kerberos {
		t.tickets, err = c.newTickets()
	}
	return t, err
}

// post sends one SOAP message and returns the checked answer. limit bounds one
// attempt; operation names it in errors. Faults come back as errors.
func (t *transport) post(ctx context.Context, operation, body string, mode repeat, limit time.Duration) ([]byte, *envelope, error) {
	for attempt := 1; ; attempt++ {
		a, reused, err := t.try(ctx, operation, []byte(body), limit)
		switch {
		case err == nil:
			return t.read(operation, a)
		case ctx.Err() != nil:
			return nil, nil, context.Cause(ctx)
		case errors.Is(err, errRefused) && !reused:
			return nil, nil, t.config.refused(a)
		case attempt == attempts || !mayRepeat(err, mode):
			return nil, nil, giveUp(operation, err)
		}
	}
}

// mayRepeat reports whether a request may be sent again after err.
func mayRepeat(err error, mode repeat) bool {
	if errors.Is(err, errRefused) || errors.Is(err, errLogonClosed) {
		return true // the host never looked at it
	}
	return mode == repeatable && errors.Is(err, errClosed)
}

// giveUp turns what is left over into a typed error.
func giveUp(operation string, err error) error {
	lost := errors.Is(err, errClosed) || errors.Is(err, errBroken) || errors.Is(err, errUnsolicited)
	if errors.Is(err, errLogonClosed) || !lost {
		return err
	}
	return &InterruptedError{Operation: operation, Err: err}
}

// read checks a response that came through.
func (t *transport) read(operation string, a answer) ([]byte, *envelope, error) {
	if a.status != http.StatusOK && (a.status != http.StatusInternalServerError || len(a.body) == 0) {
		return nil, nil, unexpectedStatus(operation, a.status)
	}
	e, err := parseEnvelope(a.body)
	if fault, ok := errors.AsType[*Fault](err); ok {
		return nil, nil, t.config.classify(operation, fault)
	}
	if err != nil {
		return nil, nil, err
	}
	if a.status != http.StatusOK {
		return nil, nil, unexpectedStatus(operation, a.status)
	}
	return a.body, e, nil
}

// try sends one message over one session. The answer is returned with errRefused too.
func (t *transport) try(ctx context.Context, operation string, body []byte, limit time.Duration) (a answer, reused bool, err error) {
	s, err := t.acquire(ctx)
	if err != nil {
		return answer{}, false, err
	}
	defer func() { t.release(s, err == nil) }()
	reused, s.used = s.used, true
	bounded, cancel := context.WithTimeoutCause(ctx, limit, &TimeoutError{Operation: operation, After: limit})
	defer cancel()
	a, err = s.exchange(bounded, body)
	return a, reused, err
}

// exchange sends one SOAP body over s, sealed where the session seals, and opens the
// answer. A session that seals accepts nothing in clear but a refusal.
func (s *session) exchange(ctx context.Context, body []byte) (answer, error) {
	contentType := soapType
	if s.seal != nil {
		contentType, body = sealedType, sealBody(s.seal, body)
	}
	authorization, err := s.authorize.header(ctx)
	if err != nil {
		return answer{}, err
	}
	a, err := s.roundTrip(ctx, contentType, authorization, body)
	if err != nil {
		return answer{}, err
	}
	if a.status == http.StatusUnauthorized || s.seal != nil && a.status == http.StatusBadRequest && len(a.body) == 0 {
		return a, errRefused // 400: Windows' answer to a message sealed for another connection
	}
	if s.seal == nil || len(a.body) == 0 {
		return a, nil
	}
	return s.open(a)
}

// open unseals an answer.
func (s *session) open(a answer) (answer, error) {
	contentType := a.header.Get("Content-Type")
	if !isSealed(contentType) {
		return answer{}, &ProtocolError{What: fmt.Sprintf(
			"an encrypted request was answered in clear (HTTP status %d, %q): the answer is not from the host that was logged on to",
			a.status, contentType)}
	}
	signature, sealed, err := splitSealed(contentType, a.body)
	if err != nil {
		return answer{}, err
	}
	a.body, err = s.seal.Unseal(signature, sealed)
	if err != nil {
		return answer{}, &ProtocolError{What: "encrypted response was altered on its way", Err: err}
	}
	return a, nil
}

// acquire returns a session for one exchange: an idle one, or a new one when there may
// be more.
func (t *transport) acquire(ctx context.Context) (*session, error) {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s, err := t.take()
	if s == nil && err == nil {
		s, err = t.open(ctx)
	}
	if err != nil {
		<-t.slots
	}
	return s, err
}

// take removes the most recent live session from the pool, nil when there is none.
func (t *transport) take() (*session, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.closed {
		return nil, errors.New("target is closed")
	}
	for len(t.idle) > 0 {
		last := len(t.idle) - 1
		s := t.idle[last]
		t.idle = t.idle[:last]
		if s.alive() {
			return s, nil
		}
		s.close()
	}
	return nil, nil
}

// open connects and logs on.
func (t *transport) open(ctx context.Context) (*session, error) {
	limit := t.config.ConnectTimeout
	bounded, cancel := context.WithTimeoutCause(ctx, limit, &TimeoutError{Operation: "the logon", After: limit})
	defer cancel()
	s, err := t.config.connect(bounded, t.tls)
	if err != nil {
		return nil, contextError(ctx, err)
	}
	if err := t.logon(bounded, s); err != nil {
		s.close()
		if errors.Is(err, errClosed) || errors.Is(err, errBroken) {
			err = &UnreachableError{Address: t.config.address(), Err: fmt.Errorf("%w: %w", errLogonClosed, err)}
		}
		return nil, contextError(ctx, err)
	}
	return s, nil
}

// contextError prefers the end of the caller's context to what it led to.
func contextError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// release gives a session back, or ends it.
func (t *transport) release(s *session, good bool) {
	if !good || !t.put(s) {
		s.close()
	}
	<-t.slots
}

func (t *transport) put(s *session) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.closed || !s.alive() {
		return false
	}
	t.idle = append(t.idle, s)
	return true
}

// close ends every idle session; one in use ends when it is given back.
func (t *transport) close() {
	t.mutex.Lock()
	idle := t.idle
	t.idle, t.closed = nil, true
	t.mutex.Unlock()
	for _, s := range idle {
		s.close()
	}
	if t.tickets != nil {
		t.tickets.destroy()
	}
}

// boundTransport is a transport for the length of one context, in the form that
// github.com/masterzen/winrm takes.
type boundTransport struct {
	*transport
	ctx context.Context // the library's interface has none of its own
}

// Transport implements winrm.Transporter; where the host is comes from Config.
func (boundTransport) Transport(*winrm.Endpoint) error { return nil }

// Post implements winrm.Transporter. Every message may be the start of a command, so
// none is sent twice.
func (b boundTransport) Post(_ *winrm.Client, message *soap.SoapMessage) (string, error) {
	body, _, err := b.post(b.ctx, "the request", message.String(), once, b.config.OperationTimeout+answerMargin)
	return string(body), err
}
