package wsman_test

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/bodgit/ntlmssp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman/spnego"
)

var createMessage = envelope{Action: wsTransfer + "/Create", Body: shellBody}.String()

const soapType = "application/soap+xml;charset=UTF-8"

func requireAdvertisement(t testing.TB, answer *reply) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, answer.Status)
	require.Equal(t, []string{"Negotiate", `Basic realm="WSMAN"`}, answer.Header.Values("WWW-Authenticate"))
	require.Equal(t, "0", answer.Header.Get("Content-Length"))
}

func TestCredentialsAreDemanded(t *testing.T) {
	l := newLab(t, nil)
	for name, authorization := range map[string]string{
		"none":              "",
		"wrong password":    basicAuth(testUser, "wrong"),
		"unknown user":      basicAuth("nobody", testPassword),
		"no colon":          "Basic " + base64.StdEncoding.EncodeToString([]byte("user")),
		"not base64":        "Basic ***",
		"negotiate garbage": "Negotiate ***",
		"negotiate nothing": "Negotiate ",
		"negotiate text":    "Negotiate " + base64.StdEncoding.EncodeToString([]byte("hello")),
		"truncated NTLM":    "Negotiate " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00\x01\x00")),
		"NTLM from nowhere": "Negotiate " + base64.StdEncoding.EncodeToString([]byte("NTLMSSP\x00\x03\x00\x00\x00")),
		"SPNEGO garbage":    "Negotiate " + base64.StdEncoding.EncodeToString([]byte{0x60, 0x03, 1, 2, 3}),
		"other scheme":      "Bearer token",
	} {
		t.Run(name, func(t *testing.T) {
			c := l.admin(t)
			c.authorization = authorization
			requireAdvertisement(t, c.call(t, createMessage))
		})
	}
}

func TestBasicAcceptsEveryFormOfTheName(t *testing.T) {
	l := newLab(t, nil)
	for _, name := range []string{"administrator", `LAB\Administrator`, `.\ADMINISTRATOR`, "Administrator@lab.local"} {
		require.Equal(t, http.StatusOK, l.basic(t, name, testPassword).call(t, createMessage).Status, name)
	}
}

func TestClearTextIsRefusedOverHTTP(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		l := newLab(t, func(o *wsman.Options) { o.AllowUnencrypted = allowed })
		want := http.StatusUnauthorized
		if allowed {
			want = http.StatusOK
		}
		basic := &httpCaller{url: "http://" + l.http + "/wsman", authorization: basicAuth(testUser, testPassword), client: http.DefaultClient, ctx: t.Context()}
		require.Equal(t, want, basic.call(t, createMessage).Status, "Basic, allowed=%v", allowed)
		require.Equal(t, want, l.sealed(t).post(t, "", soapType, []byte(createMessage)).Status, "NTLM, allowed=%v", allowed)
	}
}

func TestNTLMRefusals(t *testing.T) {
	l := newLab(t, nil)
	requireAdvertisement(t, dial(t, l.http).logon(t, testUser, "wrong"))
	requireAdvertisement(t, dial(t, l.http).logon(t, "nobody", testPassword))
	// A session belongs to its connection.
	stranger := dial(t, l.http)
	stranger.client = l.sealed(t).client
	requireAdvertisement(t, stranger.call(t, createMessage))
}

func TestEmptyProbeStartsOver(t *testing.T) {
	l := newLab(t, nil)
	c := l.sealed(t)
	open(t, c)
	requireAdvertisement(t, c.post(t, "", soapType, nil))
	require.Equal(t, http.StatusOK, c.logon(t, testUser, testPassword).Status)
	open(t, c)
}

func TestHeadersWithoutTab(t *testing.T) {
	l := newLab(t, nil)
	c := l.sealed(t)
	c.tab = ""
	open(t, c)
}

func TestSealedInsideTLSWithChannelBinding(t *testing.T) {
	l := newLab(t, nil)
	connect := func() *ntlmCaller {
		conn, err := tls.Dial("tcp", l.https, &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		require.Empty(t, conn.ConnectionState().NegotiatedProtocol)
		return newCaller(t, conn)
	}
	c := connect()
	require.Equal(t, http.StatusOK, c.logonBound(t, testUser, testPassword, l.endpointBinding()).Status)
	open(t, c)
	require.Equal(t, http.StatusOK, c.post(t, "", soapType, []byte(createMessage)).Status, "clear text inside TLS")
	stolen := &ntlmssp.ChannelBindings{ApplicationData: []byte("tls-server-end-point:other")}
	requireAdvertisement(t, connect().logonBound(t, testUser, testPassword, stolen))
}

func TestSPNEGO(t *testing.T) {
	l := newLab(t, nil)
	c := dial(t, l.http)
	c.wrap = true
	answer := c.logon(t, testUser, testPassword)
	require.Equal(t, http.StatusOK, answer.Status)
	resp, err := spnego.DecodeResp(token(t, answer))
	require.NoError(t, err)
	require.Equal(t, spnego.AcceptCompleted, resp.State)
	s := open(t, c)
	stdout, _, _ := s.finish(t, s.start(t, "echo wrapped"))
	require.Equal(t, "wrapped\r\n", stdout)
}

// TestSPNEGOPrefersAnother is a client that tries Kerberos first, as a member of a domain does: the server asks for NTLM,
// and insists on a MIC of the list of mechanisms, which somebody in between may have shortened.
func TestSPNEGOPrefersAnother(t *testing.T) {
	l := newLab(t, nil)
	list := []spnego.Mechanism{spnego.Kerberos, spnego.NTLM}
	first, err := spnego.Init{Mechanisms: list, Token: []byte("ticket")}.Encode()
	require.NoError(t, err)

	logon := func(mic []byte) *reply {
		c := dial(t, l.http)
		send := func(resp spnego.Resp) *reply {
			encoded, err := resp.Encode()
			require.NoError(t, err)
			return c.post(t, "Negotiate "+base64.StdEncoding.EncodeToString(encoded), "", nil)
		}
		resp, err := spnego.DecodeResp(token(t, c.post(t, "Negotiate "+base64.StdEncoding.EncodeToString(first), "", nil)))
		require.NoError(t, err)
		require.Equal(t, &spnego.Resp{State: spnego.RequestMIC, Mechanism: spnego.NTLM}, resp)
		client, err := ntlmssp.NewClient(ntlmssp.SetUserInfo(testUser, testPassword), ntlmssp.SetVersion(ntlmssp.DefaultVersion()))
		require.NoError(t, err)
		negotiate, err := client.Authenticate(nil, nil)
		require.NoError(t, err)
		resp, err = spnego.DecodeResp(token(t, send(spnego.Resp{State: spnego.NoState, Token: negotiate})))
		require.NoError(t, err)
		authenticate, err := client.Authenticate(resp.Token, nil)
		require.NoError(t, err)
		return send(spnego.Resp{State: spnego.NoState, Token: authenticate, MechanismMIC: mic})
	}

	requireAdvertisement(t, logon(nil))
	requireAdvertisement(t, logon(make([]byte, 16)))
}

func TestAudit(t *testing.T) {
	var mu sync.Mutex
	var seen []wsman.Logon
	l := newLab(t, func(o *wsman.Options) {
		o.Audit = func(logon wsman.Logon) {
			mu.Lock()
			defer mu.Unlock()
			logon.ClientPort, logon.Workstation = "", ""
			seen = append(seen, logon)
		}
	})
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(seen)
	}
	c := dial(t, l.http)
	require.Equal(t, http.StatusUnauthorized, c.logon(t, testUser, "wrong").Status)
	require.Equal(t, http.StatusOK, c.logon(t, testUser, testPassword).Status)
	require.NoError(t, c.conn.Close())
	waitFor(t, func() bool { return count() == 3 })
	basic := l.basic(t, `LAB\`+plainUser, "other")
	for range 3 { // one logon for the connection
		require.Equal(t, http.StatusOK, basic.call(t, createMessage).Status)
	}
	require.Equal(t, 4, count())
	logon := wsman.Logon{User: testUser, Package: "NTLM", ClientAddress: "127.0.0.1"}
	failed, began, ended := logon, logon, logon
	failed.Kind, began.Kind, ended.Kind = wsman.LogonFailed, wsman.LogonSucceeded, wsman.LogonEnded
	began.Serial, ended.Serial = 1, 1
	clear := wsman.Logon{Kind: wsman.LogonSucceeded, User: plainUser, Domain: "LAB", Package: "Basic", ClientAddress: "127.0.0.1", Serial: 1}
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []wsman.Logon{failed, began, ended, clear}, seen)
}

func TestHTTPStatus(t *testing.T) {
	l := newLab(t, nil)
	request := func(method, path, contentType, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+l.https+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", basicAuth(testUser, testPassword))
		response, err := l.admin(t).client.Do(r)
		require.NoError(t, err)
		require.Equal(t, "Microsoft-HTTPAPI/2.0", response.Header.Get("Server"))
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusMethodNotAllowed, request(http.MethodGet, "/wsman", soapType, ""))
	require.Equal(t, http.StatusNotFound, request(http.MethodPost, "/", soapType, ""))
	require.Equal(t, http.StatusBadRequest, request(http.MethodPost, "/wsman", soapType, ""))
	require.Equal(t, http.StatusUnsupportedMediaType, request(http.MethodPost, "/wsman", "text/xml", createMessage))
	require.Equal(t, http.StatusUnsupportedMediaType, request(http.MethodPost, "/wsman", "", createMessage))
	require.Equal(t, http.StatusUnauthorized, request(http.MethodPost, "/wsman", `multipart/encrypted;protocol="x"`, createMessage))
	require.Equal(t, http.StatusBadRequest, request(http.MethodPost, "/wsman", soapType, "<not xml"))
	require.Equal(t, http.StatusBadRequest, request(http.MethodPost, "/wsman", soapType, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"))
	require.Equal(t, http.StatusBadRequest, request(http.MethodPost, "/wsman", soapType, strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)))
	require.Equal(t, http.StatusInternalServerError, request(http.MethodPost, "/wsman", soapType, "<a/>"))
	require.Equal(t, http.StatusInternalServerError, request(http.MethodPost, "/wsman", soapType, strings.Repeat(" ", 600<<10)))
}

func TestEnvelopeTooLarge(t *testing.T) {
	l := newLab(t, nil)
	answer := l.admin(t).call(t, createMessage+strings.Repeat(" ", 600<<10))
	require.Equal(t, "2150858825", answer.SOAP.Body.Fault.Detail.Code)
	require.Equal(t, "w:EncodingLimit", answer.SOAP.Body.Fault.Subcode)
}

func TestBrokenSealingEndsTheConnection(t *testing.T) {
	const sealedType = `multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"`
	l := newLab(t, nil)
	for name, body := range map[string][]byte{
		"wrong signature": sealedBody("\t", 5, make([]byte, 16), []byte("hello")),
		"truncated":       sealedBody("\t", 5, make([]byte, 16), []byte("hello"))[:100],
		"not multipart":   []byte("hello"),
		"wrong length":    sealedBody("\t", 4, make([]byte, 16), []byte("hello")),
	} {
		t.Run(name, func(t *testing.T) {
			c := l.sealed(t)
			answer := c.post(t, "", sealedType, body)
			require.Equal(t, http.StatusBadRequest, answer.Status)
			_, err := c.reader.ReadByte()
			require.Error(t, err, "the connection is closed")
		})
	}
}

func TestSealedFaults(t *testing.T) {
	l := newLab(t, nil)
	c := l.sealed(t)
	requireFault(t, c.call(t, "<not xml"), "2150858817", "w:SchemaValidationError")
	requireFault(t, c.call(t, envelope{Action: wsShell + "/Receive", Shell: "X"}.String()), "2150858843", "w:InvalidSelectors")
	open(t, c)
}

func TestTruncatedRequest(t *testing.T) {
	l := newLab(t, nil)
	conn, err := net.Dial("tcp", l.http)
	require.NoError(t, err)
	_, err = conn.Write([]byte("POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<s:Env"))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	open(t, l.admin(t)) // the server goes on
}
