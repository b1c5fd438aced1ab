package wsman

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman/ntlm"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman/spnego"
)

// LogonKind says what happened to a logon.
type LogonKind uint8

// The kinds of logon events. A logon that succeeded ends when its connection closes or a new handshake replaces it.
const (
	LogonSucceeded LogonKind = iota + 1
	LogonFailed
	LogonEnded
)

// Logon is what the host's security log learns of an authentication.
type Logon struct {
	Kind          LogonKind
	User          string // as the client wrote it
	Domain        string // likewise; may be empty
	Workstation   string // of an NTLM client; may be empty
	Package       string // "NTLM" or "Basic"
	ClientAddress string // IP address
	ClientPort    string
	Serial        int64 // pairs LogonEnded with its LogonSucceeded within one connection
}

// connectionKey is the context key of the *connection of a request.
type connectionKey struct{}

// connection is what the server knows of one TCP connection. A Negotiate logon belongs to the connection it was made
// on. HTTP/1.1 requests of one connection are handled one after the other, so that it needs no lock.
type connection struct {
	secure        bool
	binding       []byte // MD5 channel binding of a TLS connection
	address, port string // of the client

	handshake *negotiation  // in progress
	session   *ntlm.Session // of a finished Negotiate handshake
	user      *account      // of the session
	basic     *account      // the last user of Basic, for the audit
	logons    []Logon       // that have not ended
	serial    int64
}

func (s *Server) newConnection(c net.Conn, binding []byte) *connection {
	state := &connection{binding: binding, secure: binding != nil}
	if host, port, err := net.SplitHostPort(c.RemoteAddr().String()); err == nil {
		state.address, state.port = host, port
	}
	return state
}

// connectionOf returns the connection of a request. Requests come only from Serve, which attaches it.
func connectionOf(r *http.Request) *connection {
	state, _ := r.Context().Value(connectionKey{}).(*connection)
	return state
}

// authentication is the outcome of looking at the credentials of one request.
type authentication struct {
	user      *account // nil: not authenticated
	challenge string   // value of WWW-Authenticate to send; empty: advertise the schemes
	negotiate bool     // by a Negotiate session rather than Basic
	fresh     bool     // the request itself finished a handshake
}

// authenticate looks at the credentials of a request, or at the session of its connection if it has none. A
// request without credentials and without a body is taken for the first step of a client that starts over, even on an
// authenticated connection: masterzen/winrm probes like that before every message.
func (s *Server) authenticate(c *connection, header string, empty bool) authentication {
	scheme, value, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "":
		if c.user != nil && !empty {
			return authentication{user: c.user, negotiate: true}
		}
	case "basic":
		return authentication{user: s.basic(c, value)}
	case "negotiate", "ntlm":
		return s.negotiate(c, scheme, value)
	}
	return authentication{}
}

// basic checks a user name and password (RFC 7617), which never travel in the clear unless that is allowed. A domain is
// accepted and ignored: all accounts are the computer's own.
func (s *Server) basic(c *connection, value string) *account {
	if !c.secure && !s.options.AllowUnencrypted {
		return nil
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	name, password, found := strings.Cut(string(decoded), ":")
	if err != nil || !found {
		return nil
	}
	logon := c.logon("Basic", name)
	hash, given := ntlm.Hash{}, ntlm.PasswordHash(password)
	user := s.account(logon.User)
	if user != nil {
		hash = user.hash
	}
	if subtle.ConstantTimeCompare(hash[:], given[:]) != 1 || user == nil {
		s.failed(logon)
		return nil
	}
	if c.basic != user { // Windows keeps the logon for the connection
		c.basic = user
		c.succeeded(s, logon)
	}
	return user
}

// account finds an account by its name, which is not case-sensitive.
func (s *Server) account(name string) *account { return s.accounts[strings.ToLower(name)] }

// negotiate takes the next token of a handshake. A first token starts over at any time.
func (s *Server) negotiate(c *connection, scheme, value string) authentication {
	token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil || len(token) == 0 {
		c.reset(s)
		return authentication{}
	}
	if begins(token) || c.handshake == nil {
		c.reset(s)
		c.handshake = &negotiation{acceptor: ntlm.NewAcceptor(s.acceptorConfig(c))}
	}
	reply, session, err := c.handshake.step(token)
	if err != nil {
		c.reset(s)
		if message, ok := attempt(token); ok && !errors.Is(err, ntlm.ErrSequence) {
			s.failed(c.ntlmLogon(message.User, message.Domain, message.Workstation))
		}
		return authentication{}
	}
	result := authentication{negotiate: true}
	if reply != nil || session == nil {
		result.challenge = scheme + " " + base64.StdEncoding.EncodeToString(reply)
	}
	if session != nil {
		c.handshake, c.session, c.user = nil, session, s.account(session.User)
		c.succeeded(s, c.ntlmLogon(session.User, session.Domain, session.Workstation))
		result.user, result.fresh = c.user, true
	}
	return result
}

func (s *Server) acceptorConfig(c *connection) ntlm.Config {
	return ntlm.Config{
		Target: s.options.Computer, ChannelBinding: c.binding, Now: s.options.Now, Rand: lockedRand{s},
		Account: func(name string) (ntlm.Hash, bool) {
			user := s.account(name)
			if user == nil {
				return ntlm.Hash{}, false
			}
			return user.hash, true
		},
	}
}

// reset drops the session and any handshake in progress.
func (c *connection) reset(s *Server) {
	c.handshake, c.session, c.user = nil, nil, nil
	c.logoff(s)
}

// logon describes a logon with a name that may be domain\user or user@domain.
func (c *connection) logon(kind, name string) Logon {
	logon := Logon{Package: kind, User: name, ClientAddress: c.address, ClientPort: c.port}
	if domain, user, found := strings.Cut(name, `\`); found {
		logon.Domain, logon.User = domain, user
	} else if user, domain, found := strings.Cut(name, "@"); found {
		logon.Domain, logon.User = domain, user
	}
	return logon
}

func (c *connection) ntlmLogon(user, domain, workstation string) Logon {
	return Logon{
		Package: "NTLM", User: user, Domain: domain, Workstation: workstation,
		ClientAddress: c.address, ClientPort: c.port,
	}
}

// attempt finds the AUTHENTICATE_MESSAGE in a token, bare or wrapped.
func attempt(token []byte) (ntlm.Authenticate, bool) {
	if resp, err := spnego.DecodeResp(token); err == nil {
		token = resp.Token
	}
	message, err := ntlm.DecodeAuthenticate(token)
	return message, err == nil
}

func (c *connection) succeeded(s *Server, logon Logon) {
	c.serial++
	logon.Serial = c.serial
	c.logons = append(c.logons, logon)
	s.audit(logon, LogonSucceeded)
}

func (s *Server) failed(logon Logon) { s.audit(logon, LogonFailed) }

// logoff ends the logons of a connection.
func (c *connection) logoff(s *Server) {
	for _, logon := range c.logons {
		s.audit(logon, LogonEnded)
	}
	c.logons, c.basic = nil, nil
}

func (s *Server) audit(logon Logon, kind LogonKind) {
	if s.options.Audit != nil {
		logon.Kind = kind
		s.options.Audit(logon)
	}
}

// schemes advertises what the server accepts, one header line for each: a client exists that does not understand two
// on one line.
func (s *Server) schemes(header http.Header) {
	header.Add("WWW-Authenticate", "Negotiate")
	header.Add("WWW-Authenticate", `Basic realm="WSMAN"`)
}

// channelBinding returns the binding of type tls-server-end-point (RFC 5929 section 4): the hash of the certificate with
// the algorithm of its signature, but SHA-256 instead of MD5 and SHA-1.
func channelBinding(certificate tls.Certificate) ([]byte, error) {
	if len(certificate.Certificate) == 0 {
		return nil, errors.New("wsman: the TLS certificate is empty")
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("wsman: TLS certificate: %w", err)
	}
	var hash []byte
	switch leaf.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		sum := sha512.Sum384(leaf.Raw)
		hash = sum[:]
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		sum := sha512.Sum512(leaf.Raw)
		hash = sum[:]
	default:
		sum := sha256.Sum256(leaf.Raw)
		hash = sum[:]
	}
	return ntlm.ChannelBinding(append([]byte("tls-server-end-point:"), hash...)), nil
}

// within returns a context that ends with the request or with the server, whichever is first.
func (s *Server) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}
