package winrm

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	kerberosmessages "github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/stretchr/testify/require"
)

const (
	realm    = "LAB.EXAMPLE"
	krb5conf = "[libdefaults]\n default_realm = LAB.EXAMPLE\n dns_lookup_kdc = false\n"
)

func (h *fakeHost) acceptsTicket(token string) bool {
	raw, err := base64.StdEncoding.DecodeString(token)
	require.NoError(h.t, err)
	var message spnego.SPNEGOToken
	if err := message.Unmarshal(raw); err != nil {
		return false
	}
	ok, _, status := spnego.SPNEGOService(h.keytab).AcceptSecContext(&message)
	return ok && status.Code == gssapi.StatusComplete
}

// cacheFile writes a credential cache of version 4 with a ticket for each service, as kinit and a first use would
// (MIT Kerberos documentation, "Credential cache file format").
func cacheFile(t *testing.T, keys *keytab.Keytab, services ...string) []byte {
	t.Helper()
	data := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	principal := func(p types.PrincipalName) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(p.NameType))
		b = binary.BigEndian.AppendUint32(b, uint32(len(p.NameString)))
		b = append(b, data([]byte(realm))...)
		for _, part := range p.NameString {
			b = append(b, data([]byte(part))...)
		}
		return b
	}
	ann := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "ann")
	file := append([]byte{5, 4, 0, 0}, principal(ann)...)
	now := time.Now().UTC()
	for _, service := range services {
		name := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, service)
		ticket, key, err := kerberosmessages.NewTicket(ann, realm, name, realm, asn1.BitString{Bytes: []byte{0, 0, 0, 0}, BitLength: 32},
			keys, etypeID.AES256_CTS_HMAC_SHA1_96, 1, now, now, now.Add(time.Hour), now.Add(time.Hour))
		require.NoError(t, err)
		raw, err := ticket.Marshal()
		require.NoError(t, err)
		file = append(append(file, principal(ann)...), principal(name)...)
		file = append(binary.BigEndian.AppendUint16(file, uint16(key.KeyType)), data(key.KeyValue)...)
		for _, at := range []time.Time{now, now, now.Add(time.Hour), now.Add(time.Hour)} {
			file = binary.BigEndian.AppendUint32(file, uint32(at.Unix()))
		}
		file = append(file, 0)                      // not a session key of a user-to-user ticket
		file = append(file, make([]byte, 4+4+4)...) // flags, addresses, authorization data
		file = append(append(file, data(raw)...), data(nil)...)
	}
	return file
}

// domainKeys has the keys of the host and of the KDC.
func domainKeys(t *testing.T, hostKey string) *keytab.Keytab {
	t.Helper()
	keys := keytab.New()
	for principal, secret := range map[string]string{"HTTP/iis01.lab.example": hostKey, "krbtgt/" + realm: "kdc"} {
		require.NoError(t, keys.AddEntry(principal, realm, secret, time.Now(), 1, etypeID.AES256_CTS_HMAC_SHA1_96))
	}
	return keys
}

func kerberos(cache []byte) func(*Config) {
	return func(c *Config) {
		c.User, c.Password, c.Authentication = "", "", Kerberos
		c.Tickets = Tickets{Configuration: []byte(krb5conf), Cache: cache, ServicePrincipal: "HTTP/iis01.lab.example"}
	}
}

func TestKerberos(t *testing.T) {
	host := newFakeHost(t, true, echo)
	host.offers, host.keytab = []string{"Negotiate", "Kerberos"}, domainKeys(t, "host")
	target := host.target(kerberos(cacheFile(t, host.keytab, "krbtgt/"+realm, "HTTP/iis01.lab.example")))
	for range 3 {
		stdout, _, exit, err := runText(t.Context(), target, "x", "in")
		require.NoError(t, err)
		require.Equal(t, "in", stdout)
		require.Equal(t, 7, exit)
	}
	require.Zero(t, host.count("ticket"), "no token is refused, not even as a replay")
}

func TestKerberosRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		cache func(keys *keytab.Keytab) []byte
		want  string
	}{
		"key of another host": {func(*keytab.Keytab) []byte {
			return cacheFile(t, domainKeys(t, "other"), "krbtgt/"+realm, "HTTP/iis01.lab.example")
		}, "does not accept the ticket"},
		"no ticket and no KDC": {func(k *keytab.Keytab) []byte { return cacheFile(t, k, "krbtgt/"+realm) }, "no Kerberos ticket for HTTP/iis01"},
	} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, true, echo)
			host.offers, host.keytab = []string{"Negotiate"}, domainKeys(t, "host")
			_, _, _, err := runText(t.Context(), host.target(kerberos(tc.cache(host.keytab))), "x", "")
			var refused *AuthenticationError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, tc.want)
			require.LessOrEqual(t, host.count("ticket"), 1, "a refused ticket is not shown again")
		})
	}
}

// A KDC that says nothing must not outlast the context.
func TestKerberosStalledKDC(t *testing.T) {
	kdc, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer kdc.Close() //nolint:errcheck // the end of the test
	host := newFakeHost(t, true, echo)
	target := host.target(func(c *Config) {
		c.Authentication, c.User = Kerberos, "ann"
		c.Tickets.Configuration = []byte(krb5conf + " udp_preference_limit = 1\n[realms]\n LAB.EXAMPLE = {\n  kdc = " + kdc.Addr().String() + "\n }\n")
		c.ConnectTimeout = 50 * time.Millisecond
	})
	_, _, _, err = runText(t.Context(), target, "x", "")
	var timeout *TimeoutError
	require.ErrorAs(t, err, &timeout)
}

// clientCertificate makes a certificate and its key, in PEM.
func clientCertificate(t *testing.T) (certificate, key, der []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ann"}, NotAfter: time.Now().Add(time.Hour)}
	der, err = x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), der
}

func TestClientCertificate(t *testing.T) {
	mine, key, der := clientCertificate(t)
	_, _, another := clientCertificate(t)
	for name, tc := range map[string]struct {
		allows []byte
		offers string
		want   string
	}{
		"mapped":      {der, mutualTLS, ""},
		"not mapped":  {another, mutualTLS, "does not accept the certificate"},
		"not offered": {nil, "Negotiate", "does not offer certificate authentication"},
	} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, true, echo)
			host.offers, host.allows = []string{tc.offers}, tc.allows
			target := host.target(func(c *Config) {
				c.User, c.Password, c.Authentication, c.ClientCertificate, c.ClientKey = "", "", Certificate, mine, Secret(key)
			})
			stdout, _, _, err := runText(t.Context(), target, "x", "in")
			if tc.want == "" {
				require.NoError(t, err)
				require.Equal(t, "in", stdout)
				return
			}
			var refused *AuthenticationError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

// connectProxy is an HTTP proxy that only knows CONNECT, and answers with a status.
func connectProxy(t *testing.T, status string) (address string, asked chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	asked = make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go tunnel(conn, status, asked)
		}
	}()
	return listener.Addr().String(), asked
}

func tunnel(conn net.Conn, status string, asked chan<- string) {
	defer conn.Close() //nolint:errcheck // both ends go
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	asked <- request.Method + " " + request.Host
	_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\n\r\n")
	if !strings.HasPrefix(status, "200") {
		return
	}
	host, err := net.Dial("tcp", request.Host)
	if err != nil {
		return
	}
	defer host.Close() //nolint:errcheck // both ends go
	go func() { _, _ = io.Copy(host, reader) }()
	_, _ = io.Copy(conn, host)
}

func TestProxy(t *testing.T) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, secure, echo)
			address, asked := connectProxy(t, "200 Connection established")
			stdout, _, _, err := runText(t.Context(), host.target(func(c *Config) { c.Proxy = address }), "x", "in")
			require.NoError(t, err)
			require.Equal(t, "in", stdout)
			require.Equal(t, "CONNECT "+host.server.Listener.Addr().String(), <-asked)
		})
	}
}

func TestProxyRefuses(t *testing.T) {
	host := newFakeHost(t, true, echo)
	address, _ := connectProxy(t, "403 Forbidden")
	_, _, _, err := runText(t.Context(), host.target(func(c *Config) { c.Proxy = address }), "x", "")
	var unreachable *UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.ErrorContains(t, err, "proxy "+address+": it does not connect to")
	require.ErrorContains(t, err, "403 Forbidden")
}

// The environment's proxy is not asked: a lab machine is near, and a proxy sees who talks to it.
func TestNoProxyFromTheEnvironment(t *testing.T) {
	address, asked := connectProxy(t, "403 Forbidden")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, "http://"+address)
	}
	host := newFakeHost(t, true, echo)
	_, _, _, err := runText(t.Context(), host.target(), "x", "")
	require.NoError(t, err)
	require.Empty(t, asked)
}
