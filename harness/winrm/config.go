package winrm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Authentication is how the client proves who it is.
type Authentication string

const (
	// NTLM is an NTLMv2 logon in which every message is signed and sealed, over HTTP
	// and over HTTPS. It is what a Windows host accepts by default.
	NTLM Authentication = "ntlm"
	// Basic sends name and password with every request; for HTTPS.
	Basic Authentication = "basic"
	// Kerberos shows a ticket with every request; for HTTPS, because its messages are
	// not sealed.
	Kerberos Authentication = "kerberos"
	// Certificate is a client certificate that the host maps to a local account; HTTPS.
	Certificate Authentication = "certificate"
)

// Config says where a host is, who asks, and how patient to be. Host, Now and the
// credentials are required: User and Password, or what stands in their place with
// Kerberos or a certificate. Everything else has a default.
type Config struct {
	// Name is how the inventory calls the machine; default: Host.
	Name string
	// Host is a name or an address; an IPv6 address needs no brackets.
	Host string
	// Port defaults to 5985, or 5986 with HTTPS.
	Port int
	// HTTPS wraps the connection in TLS.
	HTTPS bool
	// User is `user`, `DOMAIN\user` or `user@domain`.
	User     string
	Password Secret
	// Authentication defaults to NTLM.
	Authentication Authentication
	// AllowUnencrypted permits Basic over plain HTTP: password and scripts then cross
	// the network in clear.
	AllowUnencrypted bool
	// Tickets says where Kerberos tickets come from.
	Tickets Tickets
	// ClientCertificate and ClientKey (PEM) are for [Certificate].
	ClientCertificate []byte
	ClientKey         Secret

	// Proxy is the address (host:port) of an HTTP proxy that is asked to CONNECT to the
	// host. None is ever taken from the environment.
	Proxy string

	// CACertificates (PEM) replaces the system's roots.
	CACertificates []byte
	// Fingerprint is the SHA-256 of the host's certificate in hexadecimal, with or
	// without colons. It replaces every other check.
	Fingerprint string
	// ServerName is the name in the certificate where it is not Host.
	ServerName string
	// Insecure accepts any certificate.
	Insecure bool

	// NoProfile asks the host not to load the user's registry hive.
	NoProfile bool
	// Sessions is the most connections, and the most shells, held open at a time;
	// default 4. Windows allows a user 30 shells, those of other tools included.
	Sessions int
	// ConnectTimeout bounds connecting and logging on; default 15 s.
	ConnectTimeout time.Duration
	// OperationTimeout is how long the host may hold one request that has nothing to
	// say yet; default 20 s (Windows allows 60 s).
	OperationTimeout time.Duration
	// IdleTimeout is when the host drops a shell that nobody uses; default 15 min.
	IdleTimeout time.Duration

	// Now is the clock.
	Now func() time.Time
	// Sleep waits between attempts; default: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Random defaults to crypto/rand.
	Random io.Reader
	// Dial defaults to a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// password is Password in the copy that a Target keeps: in a closure, because fmt
	// prints the unexported fields of a Target without asking their types.
	password func() string
	key      func() string // ditto, of ClientKey
	cache    func() []byte // ditto, of Tickets.Cache
}

const (
	portHTTP  = 5985
	portHTTPS = 5986
)

// withDefaults returns c with every optional field set, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.Authentication == "" {
		c.Authentication = NTLM
	}
	if c.Name == "" {
		c.Name = c.Host
	}
	if c.Port == 0 {
		c.Port = portHTTP
		if c.HTTPS {
			c.Port = portHTTPS
		}
	}
	c.Sessions = or(c.Sessions, 4)
	c.ConnectTimeout = or(c.ConnectTimeout, 15*time.Second)
	c.OperationTimeout = or(c.OperationTimeout, 20*time.Second)
	c.IdleTimeout = or(c.IdleTimeout, 15*time.Minute)
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if err := c.validate(); err != nil {
		return Config{}, err
	}
	if c.Proxy != "" {
		c.Dial = throughProxy(c.Proxy, c.Dial)
	}
	password, key, cache := string(c.Password), string(c.ClientKey), c.Tickets.Cache
	c.password, c.key, c.cache = func() string { return password }, func() string { return key }, func() []byte { return cache }
	c.Password, c.ClientKey, c.Tickets.Cache = "", "", nil
	return c, nil
}

func or[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

func (c Config) validate() error {
	switch {
	case c.Host == "":
		return errors.New("no host given: set the name or address of the target")
	case c.Now == nil:
		return errors.New("no clock given: set Config.Now")
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port %d of %s is not between 1 and 65535", c.Port, c.Name)
	case !c.HTTPS && (c.Fingerprint != "" || len(c.CACertificates) > 0):
		return fmt.Errorf("certificate checks are set for %s, but https is not: set it, or remove them", c.Name)
	case c.OperationTimeout < time.Second || c.OperationTimeout > time.Minute:
		return fmt.Errorf("operation timeout %s of %s is not between 1s and 1m", c.OperationTimeout, c.Name)
	}
	return c.validateLogon()
}

// validateLogon checks what each kind of logon needs.
func (c Config) validateLogon() error {
	complete := c.User != "" && c.Password != ""
	switch c.Authentication {
	case NTLM:
	case Basic:
		if complete && !c.HTTPS && !c.AllowUnencrypted {
			return fmt.Errorf("basic authentication to %s over http would send the password in clear: "+
				"use https, use ntlm, or allow unencrypted traffic explicitly", c.Name)
		}
	case Kerberos:
		if !c.HTTPS && !c.AllowUnencrypted {
			return fmt.Errorf("kerberos to %s over http would send scripts and output in clear: use https, or ntlm, which seals them", c.Name)
		}
		if len(c.Tickets.Configuration) == 0 {
			return fmt.Errorf("no kerberos configuration for %s: give a krb5.conf", c.Name)
		}
		complete = complete || len(c.Tickets.Cache) > 0
	case Certificate:
		if !c.HTTPS {
			return fmt.Errorf("a client certificate for %s needs https: set it, or use ntlm", c.Name)
		}
		if len(c.ClientCertificate) == 0 || c.ClientKey == "" {
			return fmt.Errorf("no client certificate for %s: give the certificate and its key", c.Name)
		}
		complete = true
	default:
		return fmt.Errorf("authentication %q of %s is not known: use %s, %s, %s or %s", c.Authentication, c.Name, NTLM, Basic, Kerberos, Certificate)
	}
	if !complete {
		return fmt.Errorf("no credentials for %s: set a user name and a password", c.Name)
	}
	return nil
}

// address is what Dial is given.
func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// url is the host's WS-Management service.
func (c Config) url() *url.URL {
	u := &url.URL{Scheme: "http", Host: c.address(), Path: "/wsman"}
	if c.HTTPS {
		u.Scheme = "https"
	}
	return u
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
