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

// logon makes s a session of the configured user.
func (c Config) logon(ctx context.Context, s *session) error {
	if c.Authentication == Basic {
		pair := c.User + ":" + c.password()
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
		return nil
	}
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
	if c.Authentication == Basic && !slices.ContainsFunc(offered, func(s string) bool { return strings.EqualFold(s, "Basic") }) && len(offered) > 0 {
		return c.notOffered(a)
	}
	return &AuthenticationError{
		Address: c.address(), User: c.User, Offered: offered,
		Reason: "user name or password is wrong, or the account is locked or may not log on over the network; " +
			"a local account needs its plain name, a domain account DOMAIN\\user",
	}
}

// notOffered is the error for a host that does not know the configured scheme.
func (c Config) notOffered(a answer) error {
	reason := "the host does not offer " + string(c.Authentication) + " authentication"
	if c.Authentication == Basic {
		reason += "; use ntlm, or run `winrm set winrm/config/service/auth @{Basic=\"true\"}` on it"
	} else {
		reason += "; use basic over https, or run `winrm set winrm/config/service/auth @{Negotiate=\"true\"}` on it"
	}
	return &AuthenticationError{Address: c.address(), User: c.User, Reason: reason, Offered: schemes(a)}
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
