package winrm

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/doctor"
)

// Probe looks at the host without logging on: whether it can be reached, what certificate it shows, whether that is
// accepted as configured, and which authentication it offers. No credentials are sent.
func (t *Target) Probe(ctx context.Context) doctor.Connection {
	c := t.config
	found := doctor.Connection{Address: c.address(), HTTPS: c.HTTPS, Insecure: c.Insecure, Scheme: c.scheme()}
	ctx, cancel := context.WithTimeoutCause(ctx, c.ConnectTimeout, &TimeoutError{Operation: "connecting", After: c.ConnectTimeout})
	defer cancel()
	s, err := c.connect(ctx, anyCertificate(t.shells.transport.tls))
	if err != nil {
		err = contextError(ctx, err)
		if _, unreachable := errors.AsType[*UnreachableError](err); c.HTTPS && !unreachable {
			found.TLS = err
		} else {
			found.Dial = err
		}
		return found
	}
	defer s.close()
	if secure, ok := s.conn.(*tls.Conn); ok {
		found.Certificate = secure.ConnectionState().PeerCertificates[0]
		found.Distrust = t.distrust(ctx)
	}
	a, err := s.roundTrip(ctx, soapType, "", nil)
	switch {
	case err != nil:
		found.Offer = contextError(ctx, err)
	case a.status != http.StatusUnauthorized:
		found.Offer = unexpectedStatus("a request without credentials", a.status)
	default:
		found.Offered = schemes(a)
	}
	return found
}

// anyCertificate is config without its checks, for looking only.
func anyCertificate(config *tls.Config) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.InsecureSkipVerify, config.VerifyConnection, config.Certificates = true, nil, nil
	return config
}

// distrust connects as configured, and returns why that is refused.
func (t *Target) distrust(ctx context.Context) error {
	s, err := t.config.connect(ctx, t.shells.transport.tls)
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// Survey logs on and reads what the doctor asks of a host, the channels of the given names included. It changes nothing.
func (t *Target) Survey(ctx context.Context, channels []string) (*doctor.Host, error) {
	vendor, _, err := t.identify(ctx)
	if err != nil {
		return nil, err
	}
	host := &doctor.Host{Simulated: isSimulated(vendor)}
	argument := struct {
		Channels []string `json:"channels"`
	}{channels}
	arrived, err := t.scriptJSON(ctx, scriptTimeout, "survey", argument, host)
	if _, failed := errors.AsType[*ScriptError](err); failed {
		return host, t.restricted(ctx, host, err)
	}
	if err != nil {
		return nil, err
	}
	clock, err := hostTime(host.UTC)
	if err != nil {
		return nil, err
	}
	host.Skew = clock.Sub(arrived)
	return host, nil
}

// restricted asks a host on which the script fails for its language mode, in words that every mode allows, and notes
// why it knows no more.
func (t *Target) restricted(ctx context.Context, host *doctor.Host, failure error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, &TimeoutError{Operation: "asking for the language mode", After: time.Minute})
	defer cancel()
	var out bytes.Buffer
	line := powershell + encodedCommand("$ExecutionContext.SessionState.LanguageMode")
	if _, err := t.shells.run(ctx, invocation{line: line, stdout: &out, stderr: new(bytes.Buffer)}); err != nil {
		return errors.Join(failure, err)
	}
	host.Unread = map[string]string{"": failure.Error()}
	if mode := strings.TrimSpace(decodeText(out.Bytes())); mode != "" {
		host.Shell = &doctor.Shell{LanguageMode: mode}
	}
	return nil
}

// LogonKind says at what logging on failed, for the doctor.
func LogonKind(err error) doctor.LogonKind {
	refused, ok := errors.AsType[*AuthenticationError](err)
	fault, _ := errors.AsType[*Fault](err)
	_, quota := errors.AsType[*QuotaError](err)
	switch {
	case err == nil:
		return doctor.LogonNone
	case ok && refused.Err != nil && fault != nil:
		return doctor.LogonDenied
	case ok:
		return doctor.LogonRefused
	case quota:
		return doctor.LogonQuota
	}
	return doctor.LogonFailed
}
