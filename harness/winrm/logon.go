package winrm

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/winrm/ntlm"
)

const soapType = "application/soap+xml;charset=UTF-8"

// authorizer gives the Authorization header of a request.
type authorizer func(ctx context.Context) (string, error)

func (a authorizer) header(ctx context.Context) (string, error) {
	if a == nil {
		return "", nil
	}
	return a(ctx)
}

// fixedHeader gives the same header every time.
func fixedHeader(header string) authorizer {
	return func(context.Context) (string, error) { return header, nil }
}

// mutualTLS is the "security profile" of WS-Management for client certificates, which Windows takes for a scheme
// (DMTF DSP0226, section 12.4.2.5).
const mutualTLS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

// logon makes s a session of the configured user.
func (t *transport) logon(ctx context.Context, s *session) error {
	switch c := t.config; c.Authentication {
	case Basic:
		pair := c.User + ":" + c.password()
		s.authorize = fixedHeader("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
		return nil
	case Certificate:
		s.authorize = fixedHeader(mutualTLS)
		return nil
	case Kerberos:
		s.authorize = t.tickets.authorize
		return t.tickets.login(ctx)
	default:
		return c.logonNTLM(ctx, s)
	}
}

func (c Config) logonNTLM(ctx context.Context, s *session) error {
	domain, user := ntlm.ParseUser(c.User)
	client := ntlm.NewClient(ntlm.Credentials{Domain: domain, User: user, Password: c.password()},
		ntlm.Options{Random: c.Random, Now: c.Now, ChannelBinding: s.binding})

	challenge, err := c.challenge(ctx, s, client.Negotiate())
	if err != nil {
		return err
	}
	message, seal, err := client.Authenticate(challenge)
	if err != nil {
		return &AuthenticationError{Address: c.address(), User: c.User, Reason: "the logon cannot be completed", Err: err}
	}
	a, err := s.roundTrip(ctx, soapType, negotiate(message), nil)
	if err != nil {
		return err
	}
	if a.status == http.StatusUnauthorized {
		return c.refused(a)
	}
	if a.status != http.StatusOK {
		return unexpectedStatus("the logon", a.status)
	}
	s.seal = seal
	return nil
}

// challenge sends the first message of the logon and returns the host's reply to it.
func (c Config) challenge(ctx context.Context, s *session, message []byte) ([]byte, error) {
	a, err := s.roundTrip(ctx, soapType, negotiate(message), nil)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusUnauthorized {
		return nil, unexpectedStatus("the logon", a.status)
	}
	for _, value := range a.header.Values("WWW-Authenticate") {
		scheme, token, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Negotiate") || token == "" {
			continue
		}
		challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
		if err != nil {
			return nil, &ProtocolError{What: "the host's logon challenge is not base64", Err: err}
		}
		return challenge, nil
	}
	return nil, c.notOffered(a)
}

func negotiate(token []byte) string {
	return "Negotiate " + base64.StdEncoding.EncodeToString(token)
}

// refused is the error for a 401 to credentials that were sent.
func (c Config) refused(a answer) error {
	offered := schemes(a)
	if want := c.scheme(); len(offered) > 0 && !slices.ContainsFunc(offered, func(s string) bool { return strings.EqualFold(s, want) }) {
		return c.notOffered(a)
	}
	return &AuthenticationError{Address: c.address(), User: c.who(), Offered: offered, Reason: c.refusal()}
}

// scheme is what a host that accepts the configured logon offers.
func (c Config) scheme() string {
	switch c.Authentication {
	case Basic:
		return "Basic"
	case Certificate:
		return mutualTLS
	default:
		return "Negotiate"
	}
}

// who names the user where the configuration does not: a cache of tickets or a certificate does.
func (c Config) who() string {
	switch {
	case c.User != "":
		return c.User
	case c.Authentication == Certificate:
		return "the client certificate"
	default:
		return "the user of the ticket cache"
	}
}

// notOffered is the error for a host that does not know the configured scheme.
func (c Config) notOffered(a answer) error {
	reason := fmt.Sprintf("the host does not offer %s authentication; %s", c.Authentication, c.otherLogon())
	return &AuthenticationError{Address: c.address(), User: c.who(), Reason: reason, Offered: schemes(a)}
}

// schemes lists what the host offers.
func schemes(a answer) []string {
	var list []string
	for _, value := range a.header.Values("WWW-Authenticate") {
		if scheme, _, _ := strings.Cut(strings.TrimSpace(value), " "); scheme != "" {
			list = append(list, scheme)
		}
	}
	return list
}

// unexpectedStatus is the error for an HTTP status that WS-Management does not use.
func unexpectedStatus(operation string, status int) error {
	what := fmt.Sprintf("unexpected HTTP status %d (%s) to %s", status, http.StatusText(status), operation)
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		what += ": there is no WinRM service at this address; check the port"
	case http.StatusServiceUnavailable:
		what += ": the winrm service is starting or overloaded; try again"
	default:
		what += ": is this a WinRM service, and is no proxy in between?"
	}
	return &ProtocolError{What: what}
}

// refusal says why a host may refuse credentials.
func (c Config) refusal() string {
	switch c.Authentication {
	case Kerberos:
		return "it does not accept the ticket: the service principal must be HTTP/ and the host's name in the domain, the clocks may " +
			"differ by five minutes at most, and the account must be allowed to log on over the network"
	case Certificate:
		return "it does not accept the certificate: its issuer must be trusted on the host, and winrm/config/service/certmapping " +
			"must map it to a local account"
	default:
		return "user name or password is wrong, or the account is locked or may not log on over the network; " +
			"a local account needs its plain name, a domain account DOMAIN\\user"
	}
}

// otherLogon says what to do with a host that does not offer the configured logon.
func (c Config) otherLogon() string {
	instead, setting := "use basic over https", "Negotiate"
	switch c.Authentication {
	case Basic:
		instead, setting = "use ntlm", "Basic"
	case Certificate:
		instead, setting = "use ntlm", "Certificate"
	case NTLM, Kerberos:
	}
	return instead + ", or run `winrm set winrm/config/service/auth @{" + setting + `="true"}` + "` on it"
}
