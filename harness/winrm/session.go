package winrm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/seed-67b27da2/geiger/harness/winrm/ntlm"
)

// maxResponse bounds a response body: Windows sends at most MaxEnvelopeSize (500 KB),
// which sealing hardly changes.
const maxResponse = 16 << 20

var (
	errClosed      = errors.New("the host closed the connection")
	errBroken      = errors.New("the answer broke off or is not HTTP")
	errUnsolicited = errors.New("the host spoke without being asked")
	errTooLong     = &ProtocolError{What: fmt.Sprintf("response is longer than %d bytes", maxResponse)}
)

// session is one connection and the logon that belongs to it. It serves one request
// at a time; who holds it has taken it out of the pool.
//
// One goroutine does all the reading. Between requests it waits for the first byte, so
// that a connection which the host has closed meanwhile is known to be dead before
// a request that must not be repeated is written to it.
type session struct {
	raw  net.Conn // below TLS; closing it aborts whatever is going on
	conn net.Conn
	url  *url.URL

	authorize authorizer    // of every request; nil: the connection is logged on
	seal      *ntlm.Session // nil: bodies go as they are
	binding   []byte        // channel binding of the TLS connection
	used      bool          // has served a request

	pending chan *http.Request
	answers chan answer
	done    chan struct{} // closed when the reader has ended
	err     error         // why; valid once done is closed

	closing sync.Once
}

// answer is an HTTP response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	close  bool // the host will not take another request
}

// connect opens a connection to the host, through TLS where configured.
func (c Config) connect(ctx context.Context, config *tls.Config) (*session, error) {
	raw, err := c.Dial(ctx, "tcp", c.address())
	if err != nil {
		return nil, &UnreachableError{Address: c.address(), Err: err}
	}
	s := &session{
		raw: raw, conn: raw, url: c.url(),
		pending: make(chan *http.Request, 1), answers: make(chan answer, 1), done: make(chan struct{}),
	}
	if config != nil {
		secure := tls.Client(raw, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close() // the handshake's error is the one that matters
			return nil, c.handshakeError(err)
		}
		s.conn = secure
		s.binding = ntlm.ChannelBinding(secure.ConnectionState().PeerCertificates[0])
	}
	go s.read()
	return s, nil
}

// read is the reader goroutine: it ends with the connection.
func (s *session) read() {
	defer close(s.done)
	reader := bufio.NewReaderSize(s.conn, 64<<10)
	for {
		if _, err := reader.Peek(1); err != nil {
			s.err = fmt.Errorf("%w: %w", errClosed, err)
			return
		}
		select {
		case request := <-s.pending:
			a, err := readAnswer(reader, request)
			if err != nil {
				s.err = err
				return
			}
			s.answers <- a
		default:
			s.err = errUnsolicited
			return
		}
	}
}

// readAnswer reads one response and its body, passing over interim ones.
func readAnswer(reader *bufio.Reader, request *http.Request) (answer, error) {
	for {
		response, err := http.ReadResponse(reader, request)
		if err != nil {
			return answer{}, fmt.Errorf("%w: %w", errBroken, err)
		}
		body, err := readBody(response)
		if err != nil {
			return answer{}, err
		}
		if response.StatusCode >= 200 {
			return answer{response.StatusCode, response.Header, body, response.Close}, nil
		}
	}
}

// readBody reads a body to its end.
func readBody(response *http.Response) ([]byte, error) {
	if response.ContentLength > maxResponse {
		return nil, errTooLong
	}
	body := bytes.NewBuffer(make([]byte, 0, max(response.ContentLength, 0)+bytes.MinRead))
	if _, err := body.ReadFrom(io.LimitReader(response.Body, maxResponse+1)); err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if body.Len() > maxResponse {
		return nil, errTooLong
	}
	return body.Bytes(), nil
}

// roundTrip sends one HTTP request and waits for its answer. When ctx ends, the
// connection is aborted and the error is the context's cause. An error that wraps
// errClosed came before the first byte of the answer.
func (s *session) roundTrip(ctx context.Context, contentType, authorization string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("User-Agent", "geiger")
	request.Header.Set("Content-Type", contentType)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	stop := context.AfterFunc(ctx, s.abort)
	defer stop()
	s.pending <- request
	if err := s.write(request); err != nil {
		s.abort()
	}
	select {
	case a := <-s.answers:
		return s.keep(a), nil
	case <-s.done:
	}
	select {
	case a := <-s.answers: // the answer came, and then the connection ended
		return s.keep(a), nil
	default:
	}
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx)
	}
	return answer{}, s.err
}

func (s *session) write(request *http.Request) error {
	w := bufio.NewWriterSize(s.conn, 64<<10)
	if err := request.Write(w); err != nil {
		return err
	}
	return w.Flush()
}

func (s *session) keep(a answer) answer {
	if a.close {
		s.abort()
	}
	return a
}

// abort ends the connection at once, whoever is using it.
func (s *session) abort() { s.closing.Do(func() { _ = s.raw.Close() }) }

// close ends the connection and waits for the reader.
func (s *session) close() {
	s.abort()
	<-s.done
}

// alive reports whether the connection can take a request, as far as is known.
func (s *session) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}
