package wsman_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/bodgit/ntlmssp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman/spnego"
)

// reply is an HTTP response with its SOAP body, unsealed.
type reply struct {
	Status int
	Header http.Header
	Body   string
	SOAP   soapReply
}

// soapReply is what tests look at in an answer.
type soapReply struct {
	Header struct {
		Action    string `xml:"Action"`
		RelatesTo string `xml:"RelatesTo"`
	} `xml:"Header"`
	Body struct {
		Selector  string         `xml:"ResourceCreated>ReferenceParameters>SelectorSet>Selector"`
		ShellID   string         `xml:"Shell>ShellId"`
		CommandID string         `xml:"CommandResponse>CommandId"`
		Streams   []streamReply  `xml:"ReceiveResponse>Stream"`
		State     stateReply     `xml:"ReceiveResponse>CommandState"`
		Fault     faultReply     `xml:"Fault"`
		Identify  *identifyReply `xml:"IdentifyResponse"`
	} `xml:"Body"`
}

type identifyReply struct{ ProtocolVersion, ProductVendor, ProductVersion string }

type streamReply struct {
	Name string `xml:"Name,attr"`
	End  string `xml:"End,attr"`
	Text string `xml:",chardata"`
}

type stateReply struct {
	State    string `xml:"State,attr"`
	ExitCode string `xml:"ExitCode"`
}

type faultReply struct {
	Role    string `xml:"Code>Value"`
	Subcode string `xml:"Code>Subcode>Value"`
	Reason  string `xml:"Reason>Text"`
	Detail  struct {
		Code    string `xml:"Code,attr"`
		Machine string `xml:"Machine,attr"`
		Message string `xml:"Message"`
	} `xml:"Detail>WSManFault"`
}

// stream returns what was received of one stream.
func (r *reply) stream(t testing.TB, name string) string {
	t.Helper()
	var all strings.Builder
	for _, stream := range r.SOAP.Body.Streams {
		if stream.Name == name {
			data, err := base64.StdEncoding.DecodeString(stream.Text)
			require.NoError(t, err)
			all.Write(data)
		}
	}
	return all.String()
}

// caller sends a SOAP message and returns the answer.
type caller interface {
	call(t testing.TB, message string) *reply
}

// httpCaller sends messages in the clear with the given Authorization.
type httpCaller struct {
	url, authorization string
	client             *http.Client
	ctx                context.Context
}

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// basic returns a caller with Basic over HTTPS.
func (l *lab) basic(t testing.TB, user, password string) *httpCaller {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &httpCaller{
		url: "https://" + l.https + "/wsman", authorization: basicAuth(user, password),
		client: &http.Client{Transport: transport}, ctx: t.Context(),
	}
}

func (l *lab) admin(t testing.TB) *httpCaller { return l.basic(t, testUser, testPassword) }

func (c *httpCaller) call(t testing.TB, message string) *reply {
	t.Helper()
	response, err := c.try(message)
	require.NoError(t, err)
	return readReply(t, response, nil)
}

func (c *httpCaller) try(message string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.url, strings.NewReader(message))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	if c.authorization != "" {
		request.Header.Set("Authorization", c.authorization)
	}
	return c.client.Do(request)
}

// pendingReply is the answer to a message that has been sent, or the error instead of one.
type pendingReply chan struct {
	response *http.Response
	err      error
}

// send sends a message without waiting for its answer.
func (c *httpCaller) send(message string) pendingReply {
	pending := make(pendingReply, 1)
	go func() {
		response, err := c.try(message)
		pending <- struct {
			response *http.Response
			err      error
		}{response, err}
	}()
	return pending
}

func (p pendingReply) await(t testing.TB) *reply {
	t.Helper()
	got := <-p
	require.NoError(t, got.err)
	return readReply(t, got.response, nil)
}

// readReply reads a response and, if it is sealed, unseals it.
func readReply(t testing.TB, response *http.Response, session *ntlmssp.SecuritySession) *reply {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	if strings.HasPrefix(response.Header.Get("Content-Type"), "multipart/encrypted") {
		body = openSealed(t, body, session)
	}
	r := &reply{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	if len(body) > 0 {
		require.NoError(t, xml.Unmarshal(body, &r.SOAP), r.Body)
	}
	return r
}

// openSealed cuts a sealed response as masterzen/winrm and pywinrm do, by its literal lines.
func openSealed(t testing.TB, body []byte, session *ntlmssp.SecuritySession) []byte {
	t.Helper()
	_, payload, found := bytes.Cut(body, []byte("\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"))
	require.True(t, found)
	payload, found = bytes.CutSuffix(payload, []byte("--Encrypted Boundary--\r\n"))
	require.True(t, found)
	require.EqualValues(t, 16, binary.LittleEndian.Uint32(payload))
	plain, err := session.Unwrap(payload[20:], payload[4:20])
	require.NoError(t, err)
	return plain
}

// ntlmCaller keeps one connection with one NTLM session, over HTTP or HTTPS.
type ntlmCaller struct {
	conn   net.Conn
	reader *bufio.Reader
	client *ntlmssp.Client
	tab    string // before the headers of a part; WinRM for Ruby sends none
	wrap   bool   // in SPNEGO
}

func dial(t testing.TB, address string) *ntlmCaller {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	return newCaller(t, conn)
}

func newCaller(t testing.TB, conn net.Conn) *ntlmCaller {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	return &ntlmCaller{conn: conn, reader: bufio.NewReader(conn), tab: "\t"}
}

// logon runs the handshake with empty bodies, as pywinrm does.
func (c *ntlmCaller) logon(t testing.TB, user, password string) *reply {
	t.Helper()
	return c.logonBound(t, user, password, nil)
}

func (c *ntlmCaller) logonBound(t testing.TB, user, password string, binding *ntlmssp.ChannelBindings) *reply {
	t.Helper()
	var err error
	c.client, err = ntlmssp.NewClient(ntlmssp.SetUserInfo(user, password), ntlmssp.SetVersion(ntlmssp.DefaultVersion()))
	require.NoError(t, err)
	first, err := c.client.Authenticate(nil, binding)
	require.NoError(t, err)
	if c.wrap {
		first, err = spnego.Init{Mechanisms: []spnego.Mechanism{spnego.NTLM}, Token: first}.Encode()
		require.NoError(t, err)
	}
	answer := c.post(t, "Negotiate "+base64.StdEncoding.EncodeToString(first), "", nil)
	require.Equal(t, http.StatusUnauthorized, answer.Status)
	challenge := token(t, answer)
	if c.wrap {
		resp, err := spnego.DecodeResp(challenge)
		require.NoError(t, err)
		require.Equal(t, spnego.AcceptIncomplete, resp.State)
		require.Equal(t, spnego.NTLM, resp.Mechanism)
		challenge = resp.Token
	}
	last, err := c.client.Authenticate(challenge, binding)
	require.NoError(t, err)
	if c.wrap {
		last, err = spnego.Resp{State: spnego.NoState, Token: last}.Encode()
		require.NoError(t, err)
	}
	return c.post(t, "Negotiate "+base64.StdEncoding.EncodeToString(last), "", nil)
}

// token returns the server's Negotiate token, which must be its only challenge.
func token(t testing.TB, answer *reply) []byte {
	t.Helper()
	challenges := answer.Header.Values("WWW-Authenticate")
	require.Len(t, challenges, 1)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(challenges[0], "Negotiate "))
	require.NoError(t, err)
	return raw
}

func (c *ntlmCaller) call(t testing.TB, message string) *reply {
	t.Helper()
	ciphertext, signature, err := c.client.SecuritySession().Wrap([]byte(message))
	require.NoError(t, err)
	return c.post(t, "", `multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"`,
		sealedBody(c.tab, len(message), signature, ciphertext))
}

func sealedBody(tab string, length int, signature, ciphertext []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "--Encrypted Boundary\r\n%sContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n", tab)
	fmt.Fprintf(&b, "%sOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n", tab, length)
	fmt.Fprintf(&b, "--Encrypted Boundary\r\n%sContent-Type: application/octet-stream\r\n", tab)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(signature))))
	b.Write(signature)
	b.Write(ciphertext)
	b.WriteString("--Encrypted Boundary--\r\n")
	return b.Bytes()
}

// post sends one request on the connection.
func (c *ntlmCaller) post(t testing.TB, authorization, contentType string, body []byte) *reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.conn.RemoteAddr().String()+"/wsman", bytes.NewReader(body))
	require.NoError(t, err)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	require.NoError(t, request.Write(c.conn))
	response, err := http.ReadResponse(c.reader, request)
	require.NoError(t, err)
	var session *ntlmssp.SecuritySession
	if c.client != nil {
		session = c.client.SecuritySession()
	}
	return readReply(t, response, session)
}

// sealed returns a caller with an NTLM session over plain HTTP.
func (l *lab) sealed(t testing.TB) *ntlmCaller {
	t.Helper()
	c := dial(t, l.http)
	answer := c.logon(t, testUser, testPassword)
	require.Equal(t, http.StatusOK, answer.Status)
	require.Empty(t, answer.Body)
	return c
}

// endpointBinding is the application data of the channel binding tls-server-end-point.
func (l *lab) endpointBinding() *ntlmssp.ChannelBindings {
	sum := sha256.Sum256(l.certBytes)
	return &ntlmssp.ChannelBindings{ApplicationData: append([]byte("tls-server-end-point:"), sum[:]...)}
}

const (
	wsShell    = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	wsTransfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	wsCmd      = wsShell + "/cmd"
)

// envelope is a message to build.
type envelope struct {
	Action   string
	Resource string // wsCmd unless given
	Shell    string
	Timeout  string            // PT30S unless given
	Size     int               // MaxEnvelopeSize, 153600 unless given
	Options  map[string]string // of the OptionSet
	Extra    string            // more headers
	Body     string
}

const testMessageID = "uuid:0d3e0b44-5f7c-4b1e-8a0e-6f0c5f6d4a10"

func (e envelope) String() string {
	if e.Resource == "" {
		e.Resource = wsCmd
	}
	if e.Timeout == "" {
		e.Timeout = "PT30S"
	}
	if e.Size == 0 {
		e.Size = 153600
	}
	var headers strings.Builder
	if e.Shell != "" {
		fmt.Fprintf(&headers, `<man:SelectorSet><man:Selector Name="ShellId">%s</man:Selector></man:SelectorSet>`, e.Shell)
	}
	if len(e.Options) > 0 {
		headers.WriteString(`<man:OptionSet env:mustUnderstand="true">`)
		for name, value := range e.Options {
			fmt.Fprintf(&headers, `<man:Option Name="%s">%s</man:Option>`, name, value)
		}
		headers.WriteString("</man:OptionSet>")
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:adr="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:man="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:ms="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
 xmlns:sh="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">
<env:Header>
 <adr:To>http://windows-host:5985/wsman</adr:To>
 <adr:ReplyTo><adr:Address mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</adr:Address></adr:ReplyTo>
 <man:ResourceURI mustUnderstand="true">%s</man:ResourceURI><man:MaxEnvelopeSize env:mustUnderstand="true">%d</man:MaxEnvelopeSize>
 <man:Locale mustUnderstand="false" xml:lang="en-US"/><ms:DataLocale mustUnderstand="false" xml:lang="en-US"/>
 <adr:MessageID>%s</adr:MessageID><man:OperationTimeout>%s</man:OperationTimeout><adr:Action env:mustUnderstand="true">
   %s
 </adr:Action>%s%s
</env:Header><env:Body>%s</env:Body></env:Envelope>`, e.Resource, e.Size, testMessageID, e.Timeout, e.Action, headers.String(), e.Extra, e.Body)
}

const shellBody = `<sh:Shell><sh:InputStreams>stdin</sh:InputStreams><sh:OutputStreams>stdout stderr</sh:OutputStreams></sh:Shell>`

// session is a shell that a test talks to.
type session struct {
	caller
	id string
}

// open creates a shell.
func open(t testing.TB, c caller) *session {
	t.Helper()
	answer := c.call(t, envelope{Action: wsTransfer + "/Create", Body: shellBody}.String())
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	require.Regexp(t, `^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`, answer.SOAP.Body.ShellID)
	require.Equal(t, answer.SOAP.Body.ShellID, answer.SOAP.Body.Selector)
	return &session{c, answer.SOAP.Body.ShellID}
}

func (s *session) do(t testing.TB, e envelope) *reply {
	t.Helper()
	e.Shell = s.id
	return s.call(t, e.String())
}

// start runs a command with stdin that ends, and returns its id.
func (s *session) start(t testing.TB, line string) string {
	t.Helper()
	answer := s.do(t, envelope{
		Action: wsShell + "/Command", Options: map[string]string{"WINRS_CONSOLEMODE_STDIN": "FALSE"},
		Body: "<sh:CommandLine><sh:Command><![CDATA[" + line + "]]></sh:Command></sh:CommandLine>",
	})
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	require.Equal(t, wsShell+"/CommandResponse", answer.SOAP.Header.Action)
	return answer.SOAP.Body.CommandID
}

func receive(command string) envelope {
	return envelope{
		Action: wsShell + "/Receive",
		Body:   fmt.Sprintf(`<sh:Receive><sh:DesiredStream CommandId="%s">stdout stderr</sh:DesiredStream></sh:Receive>`, command),
	}
}

func signal(command, code string) envelope {
	return envelope{
		Action: wsShell + "/Signal",
		Body:   fmt.Sprintf(`<sh:Signal CommandId="%s"><sh:Code>%s/signal/%s</sh:Code></sh:Signal>`, command, wsShell, code),
	}
}

func stdin(command, end string, data []byte) envelope {
	return envelope{
		Action: wsShell + "/Send",
		Body: fmt.Sprintf(`<sh:Send><sh:Stream Name="stdin" CommandId="%s"%s>%s</sh:Stream></sh:Send>`,
			command, end, base64.StdEncoding.EncodeToString(data)),
	}
}

// finish receives until the command is done.
func (s *session) finish(t testing.TB, command string) (stdout, stderr, exit string) {
	t.Helper()
	for {
		answer := s.do(t, receive(command))
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
		stdout += answer.stream(t, "stdout")
		stderr += answer.stream(t, "stderr")
		if strings.HasSuffix(answer.SOAP.Body.State.State, "/Done") {
			return stdout, stderr, answer.SOAP.Body.State.ExitCode
		}
		require.Equal(t, wsShell+"/CommandState/Running", answer.SOAP.Body.State.State)
	}
}
