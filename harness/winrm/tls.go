package winrm

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// tlsConfig is how the host's certificate is checked; nil without HTTPS.
func (c Config) tlsConfig() (*tls.Config, error) {
	if !c.HTTPS {
		return nil, nil
	}
	config := &tls.Config{ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if config.ServerName == "" {
		config.ServerName = c.Host
	}
	if len(c.CACertificates) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(c.CACertificates) {
			return nil, fmt.Errorf("ca certificates for %s: no certificate in PEM form found", c.Name)
		}
	}
	if c.Fingerprint != "" {
		want, err := parseFingerprint(c.Fingerprint)
		if err != nil {
			return nil, fmt.Errorf("fingerprint for %s: %w", c.Name, err)
		}
		config.InsecureSkipVerify = true // the pin decides instead
		config.VerifyConnection = c.checkPin(want)
	}
	if c.Authentication == Certificate {
		pair, err := tls.X509KeyPair(c.ClientCertificate, []byte(c.key()))
		if err != nil {
			return nil, fmt.Errorf("client certificate for %s: %w", c.Name, err)
		}
		config.Certificates = []tls.Certificate{pair}
		// Windows asks for the certificate only once it has seen the request, which TLS 1.2 can do by renegotiation and
		// Go's TLS 1.3 cannot.
		config.MaxVersion, config.Renegotiation = tls.VersionTLS12, tls.RenegotiateOnceAsClient
	}
	if c.Insecure {
		config.InsecureSkipVerify = true // asked for by name
	}
	return config, nil
}

func parseFingerprint(text string) ([]byte, error) {
	digits := strings.NewReplacer(":", "", " ", "", "-", "").Replace(text)
	sum, err := hex.DecodeString(digits)
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("%q is not a SHA-256 in hexadecimal (64 digits)", text)
	}
	return sum, nil
}

func (c Config) checkPin(want []byte) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		have := sha256.Sum256(state.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(have[:], want) == 1 {
			return nil
		}
		return c.certificateError(state.PeerCertificates[0], errors.New("it is not the pinned one"))
	}
}

func (c Config) certificateError(certificate *x509.Certificate, err error) error {
	return &CertificateError{Address: c.address(), Fingerprint: fingerprint(certificate), Err: err}
}

// handshakeError names what went wrong in a TLS handshake.
func (c Config) handshakeError(err error) error {
	var pinned *CertificateError
	var unverified *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &pinned):
		return pinned
	case errors.As(err, &unverified) && len(unverified.UnverifiedCertificates) > 0:
		return c.certificateError(unverified.UnverifiedCertificates[0], unverified.Err)
	case errors.As(err, &record):
		return &ProtocolError{What: fmt.Sprintf("%s does not speak TLS: use http, or the https port (%d)", c.address(), portHTTPS), Err: err}
	}
	return &UnreachableError{Address: c.address(), Err: err}
}
