package winrm

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/stretchr/testify/require"
)

const (
	testUser     = `LAB\ann`
	testPassword = "pa<ss>&wörd"
)

// program is what a fake host does with a command line and its input.
type program func(ctx context.Context, line string, stdin []byte) (stdout, stderr string, exit int)

// reaction replaces what a fake host would do with a request.
type reaction struct {
	status   int    // with body: send this, sealed where the connection is
	body     string // ditto
	kind     string // content type in place of SOAP's
	clear    bool   // do not seal
	hangUp   bool   // close the connection without an answer
	after    bool   // ... but carry the request out first
	raw      string // close the connection after these bytes
	stall    bool   // do not answer before the test ends
	fault    uint32 // answer with this fault
	subcode  string
	carry    bool // ignore this reaction
	tellDone func()
}

// fakeHost is a WinRM service that answers well unless told otherwise.
type fakeHost struct {
	t      testing.TB
	server *httptest.Server
	offers []string
	run    program
	react  func(operation string, count int) *reaction // count starts at 1, per operation
	mutex  sync.Mutex
	seen   []string
	bodies []string
	plain  []string // bodies as they crossed the wire
	counts map[string]int
	shells map[string]map[string]*fakeCommand
	next   int
	sizes  []int
	stop   chan struct{}
	noCode bool           // Done without ExitCode
	allows []byte         // the client certificate that is mapped to an account
	keytab *keytab.Keytab // the host is in a Kerberos domain
}

type fakeCommand struct {
	line  string
	stdin bytes.Buffer
	ended chan struct{}
	out   string
	err   string
	exit  int
	start sync.Once
	stop  context.CancelFunc
}

type connKey struct{}

// fakeConn is what the host knows of one connection.
type fakeConn struct {
	ntlm *acceptor
	tls  *tls.ConnectionState
}

func newFakeHost(t testing.TB, secure bool, run program) *fakeHost {
	t.Helper()
	h := &fakeHost{
		t: t, run: run, offers: []string{"Negotiate", `Basic realm="WSMAN"`}, counts: map[string]int{},
		shells: map[string]map[string]*fakeCommand{}, stop: make(chan struct{}),
	}
	h.server = httptest.NewUnstartedServer(h)
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that a test makes fail
	h.server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, &fakeConn{})
	}
	if secure {
		h.server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		h.server.StartTLS()
	} else {
		h.server.Start()
	}
	t.Cleanup(func() { // after the targets' own
		requireNoClientGoroutines(t)
		close(h.stop)
		h.server.CloseClientConnections()
		h.server.Close()
	})
	return h
}

// config is how to reach the host.
func (h *fakeHost) config() Config {
	address := h.server.Listener.Addr().(*net.TCPAddr)
	c := Config{
		Name: "fake", Host: "127.0.0.1", Port: address.Port, User: testUser, Password: Secret(testPassword),
		Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	if h.server.TLS != nil {
		c.HTTPS = true
		c.Fingerprint = fingerprint(h.server.Certificate())
	}
	return c
}

// target connects to the host; every session and goroutine must be gone at the end.
func (h *fakeHost) target(change ...func(*Config)) *Target {
	h.t.Helper()
	c := h.config()
	for _, f := range change {
		f(&c)
	}
	target, err := New(c)
	require.NoError(h.t, err)
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = target.Close(ctx)
	})
	return target
}

// requireNoClientGoroutines fails when a session's reader or a clean-up is left. One
// that has just said that it is done may still be on its last instructions.
func requireNoClientGoroutines(t testing.TB) {
	t.Helper()
	buffer := make([]byte, 1<<20)
	require.Eventually(t, func() bool {
		stacks := string(buffer[:runtime.Stack(buffer, true)])
		return !strings.Contains(stacks, "(*session).read(") && !strings.Contains(stacks, "(*shells).discard")
	}, 2*time.Second, time.Millisecond, "a goroutine is left behind")
}

func (h *fakeHost) operations() []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return slices.Clone(h.seen)
}

func (h *fakeHost) count(operation string) int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.counts[operation]
}

func (h *fakeHost) note(operation, body string) *reaction {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.seen = append(h.seen, operation)
	h.bodies = append(h.bodies, body)
	h.counts[operation]++
	if h.react == nil {
		return nil
	}
	return h.react(operation, h.counts[operation])
}

func (h *fakeHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn := r.Context().Value(connKey{}).(*fakeConn)
	conn.tls = r.TLS
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mutex.Lock()
	h.plain = append(h.plain, string(body))
	h.sizes = append(h.sizes, len(body))
	h.mutex.Unlock()
	if !h.authenticated(w, r, conn) {
		return
	}
	text, ok := conn.open(r.Header.Get("Content-Type"), body)
	if !ok {
		h.unauthorized(w)
		return
	}
	h.dispatch(w, r, conn, text)
}

// authenticated answers the requests of a logon itself and reports whether to go on.
func (h *fakeHost) authenticated(w http.ResponseWriter, r *http.Request, conn *fakeConn) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case scheme == "Basic" && slices.ContainsFunc(h.offers, func(s string) bool { return strings.HasPrefix(s, "Basic") }):
		user, password, _ := r.BasicAuth()
		if user == testUser && password == testPassword {
			return true
		}
		h.note("basic", "")
	case scheme == mutualTLS && h.allows != nil && len(r.TLS.PeerCertificates) > 0:
		if bytes.Equal(r.TLS.PeerCertificates[0].Raw, h.allows) {
			return true
		}
		h.note("certificate", "")
	case scheme == "Negotiate" && h.keytab != nil:
		if h.acceptsTicket(token) {
			return true
		}
		h.note("ticket", "")
	case scheme == "Negotiate" && slices.Contains(h.offers, "Negotiate"):
		message, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			break
		}
		return h.negotiate(w, conn, message)
	case conn.ntlm != nil && conn.ntlm.established:
		return true
	}
	h.unauthorized(w)
	return false
}

func (h *fakeHost) negotiate(w http.ResponseWriter, conn *fakeConn, message []byte) bool {
	if conn.ntlm == nil || conn.ntlm.established {
		if r := h.note("negotiate", ""); r != nil {
			h.perform(w, nil, conn, r)
			return false
		}
		conn.ntlm = newAcceptor(message)
		w.Header().Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString(conn.ntlm.challenge()))
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	if r := h.note("authenticate", ""); r != nil {
		h.perform(w, nil, conn, r)
		return false
	}
	if err := conn.ntlm.accept(message, testPassword, conn.tls, h.server.Certificate()); err != nil {
		conn.ntlm = nil
		h.unauthorized(w)
		return false
	}
	w.WriteHeader(http.StatusOK)
	return false
}

func (h *fakeHost) unauthorized(w http.ResponseWriter) {
	for _, scheme := range h.offers {
		w.Header().Add("WWW-Authenticate", scheme)
	}
	w.WriteHeader(http.StatusUnauthorized)
}

// open unseals a request. Without NTLM a body goes in clear.
func (c *fakeConn) open(contentType string, body []byte) (string, bool) {
	if c.ntlm == nil {
		return string(body), !isSealed(contentType)
	}
	signature, sealed, err := splitSealed(contentType, body)
	if err != nil {
		return "", false
	}
	plain, err := c.ntlm.session.unseal(signature, sealed)
	return string(plain), err == nil
}

// request is what the host reads of a message.
type request struct {
	Action    string `xml:"Header>Action"`
	MessageID string `xml:"Header>MessageID"`
	Shell     string `xml:"Header>SelectorSet>Selector"`
	Options   []struct {
		Name  string `xml:"Name,attr"`
		Value string `xml:",chardata"`
	} `xml:"Header>OptionSet>Option"`
	CommandLine struct {
		ID   string `xml:"CommandId,attr"`
		Text string `xml:"Command"`
	} `xml:"Body>CommandLine"`
	Desired struct {
		ID string `xml:"CommandId,attr"`
	} `xml:"Body>Receive>DesiredStream"`
	Stream struct {
		ID   string `xml:"CommandId,attr"`
		End  string `xml:"End,attr"`
		Data string `xml:",chardata"`
	} `xml:"Body>Send>Stream"`
	Signal struct {
		ID string `xml:"CommandId,attr"`
	} `xml:"Body>Signal"`
	Identify *struct{} `xml:"Body>Identify"`
}

func (h *fakeHost) dispatch(w http.ResponseWriter, r *http.Request, conn *fakeConn, text string) {
	var m request
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		h.note("garbage", text)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	operation := m.Action[strings.LastIndex(m.Action, "/")+1:]
	if m.Identify != nil {
		operation = "Identify"
	}
	reaction := h.note(operation, text)
	if reaction != nil && !reaction.carry {
		if reaction.after {
			h.carryOut(r.Context(), operation, &m)
		}
		h.perform(w, r, conn, reaction)
		return
	}
	status, body := h.carryOut(r.Context(), operation, &m)
	h.answer(w, conn, &reactionReply{status, body, soapType, false})
}

type reactionReply struct {
	status int
	body   string
	kind   string
	clear  bool
}

// perform does what the test asked for.
func (h *fakeHost) perform(w http.ResponseWriter, r *http.Request, conn *fakeConn, reaction *reaction) {
	switch {
	case reaction.hangUp, reaction.raw != "":
		raw, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(raw, reaction.raw)
			_ = raw.Close()
		}
	case reaction.stall:
		if reaction.tellDone != nil {
			reaction.tellDone()
		}
		if r == nil {
			<-h.stop
			return
		}
		select {
		case <-h.stop:
		case <-r.Context().Done():
		}
	case reaction.fault != 0:
		h.answer(w, conn, &reactionReply{http.StatusInternalServerError, faultBody(reaction.fault, reaction.subcode), soapType, false})
	case reaction.status == http.StatusUnauthorized:
		conn.ntlm = nil
		h.unauthorized(w)
	default:
		kind := reaction.kind
		if kind == "" {
			kind = soapType
		}
		h.answer(w, conn, &reactionReply{reaction.status, reaction.body, kind, reaction.clear})
	}
}

func (h *fakeHost) answer(w http.ResponseWriter, conn *fakeConn, r *reactionReply) {
	body := []byte(r.body)
	if conn.ntlm != nil && conn.ntlm.established && !r.clear && len(body) > 0 {
		r.kind = sealedType
		body = conn.ntlm.session.sealBody(body)
	}
	w.Header().Set("Content-Type", r.kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(r.status)
	_, _ = w.Write(body)
}

// carryOut does what a request asks for.
func (h *fakeHost) carryOut(ctx context.Context, operation string, m *request) (int, string) {
	h.mutex.Lock()
	shell, known := h.shells[m.Shell]
	h.mutex.Unlock()
	switch operation {
	case "Identify":
		return http.StatusOK, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>` +
			`<i:IdentifyResponse xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">` +
			`<i:ProductVendor>Microsoft Corporation</i:ProductVendor><i:ProductVersion>OS: 10.0.20348 SP: 0.0 Stack: 3.0</i:ProductVersion>` +
			`</i:IdentifyResponse></s:Body></s:Envelope>`
	case "Create":
		h.mutex.Lock()
		h.next++
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", h.next)
		h.shells[id] = map[string]*fakeCommand{}
		h.mutex.Unlock()
		return http.StatusOK, reply("http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse", `<rsp:Shell><rsp:ShellId>`+id+`</rsp:ShellId></rsp:Shell>`)
	}
	if !known {
		return http.StatusInternalServerError, faultBody(faultShellNotFound, "InvalidSelectors")
	}
	switch operation {
	case "Command":
		c := &fakeCommand{line: m.CommandLine.Text, ended: make(chan struct{})}
		h.mutex.Lock()
		if m.CommandLine.ID == "" {
			h.next++
			m.CommandLine.ID = fmt.Sprintf("00000000-0000-4000-9000-%012d", h.next)
		}
		shell[m.CommandLine.ID] = c
		h.mutex.Unlock()
		return http.StatusOK, reply(shellURI+"/CommandResponse", `<rsp:CommandResponse><rsp:CommandId>`+m.CommandLine.ID+`</rsp:CommandId></rsp:CommandResponse>`)
	case "Send":
		return h.input(shell, m)
	case "Receive":
		return h.output(ctx, shell, m.Desired.ID)
	case "Signal":
		h.mutex.Lock()
		delete(shell, m.Signal.ID)
		h.mutex.Unlock()
		return http.StatusOK, reply(shellURI+"/SignalResponse", `<rsp:SignalResponse/>`)
	case "Delete":
		h.mutex.Lock()
		delete(h.shells, m.Shell)
		h.mutex.Unlock()
		return http.StatusOK, reply("http://schemas.xmlsoap.org/ws/2004/09/transfer/DeleteResponse", "")
	}
	return http.StatusInternalServerError, faultBody(0, "ActionNotSupported")
}

func (h *fakeHost) command(shell map[string]*fakeCommand, id string) *fakeCommand {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return shell[id]
}

func (h *fakeHost) input(shell map[string]*fakeCommand, m *request) (int, string) {
	c := h.command(shell, m.Stream.ID)
	data, err := base64.StdEncoding.DecodeString(m.Stream.Data)
	if c == nil || err != nil {
		return http.StatusInternalServerError, faultBody(87, "InvalidParameter")
	}
	c.stdin.Write(data)
	if m.Stream.End == "true" {
		h.start(c)
	}
	return http.StatusOK, reply(shellURI+"/SendResponse", `<rsp:SendResponse/>`)
}

// start runs the program once its input is complete.
func (h *fakeHost) start(c *fakeCommand) {
	c.start.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		c.stop = cancel
		go func() {
			defer cancel()
			defer close(c.ended)
			c.out, c.err, c.exit = h.run(ctx, c.line, c.stdin.Bytes())
		}()
		go func() {
			select {
			case <-h.stop:
				cancel()
			case <-c.ended:
			}
		}()
	})
}

func (h *fakeHost) output(ctx context.Context, shell map[string]*fakeCommand, id string) (int, string) {
	c := h.command(shell, id)
	if c == nil {
		return http.StatusInternalServerError, faultBody(87, "InvalidParameter")
	}
	select {
	case <-c.ended:
	case <-ctx.Done():
		return http.StatusOK, ""
	case <-h.stop:
		return http.StatusOK, ""
	}
	var b strings.Builder
	for _, stream := range [][2]string{{"stdout", c.out}, {"stderr", c.err}} {
		for chunk := range slices.Chunk([]byte(stream[1]), 5+len(stream[1])/100) { // cuts UTF-8 sequences apart, as hosts do
			fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s">%s</rsp:Stream>`, stream[0], id, base64.StdEncoding.EncodeToString(chunk))
		}
	}
	code := fmt.Sprintf("<rsp:ExitCode>%d</rsp:ExitCode>", c.exit)
	if h.noCode {
		code = ""
	}
	fmt.Fprintf(&b, `<rsp:CommandState CommandId="%s" State="%s">%s</rsp:CommandState>`, id, stateDone, code)
	return http.StatusOK, reply(shellURI+"/ReceiveResponse", "<rsp:ReceiveResponse>"+b.String()+"</rsp:ReceiveResponse>")
}

const envelopeStart = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"` +
	` xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header><a:Action>`

func reply(action, body string) string {
	return envelopeStart + action + `</a:Action></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

func faultBody(code uint32, subcode string) string {
	return reply("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", fmt.Sprintf(
		`<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:%s</s:Value></s:Subcode></s:Code>`+
			`<s:Reason><s:Text xml:lang="en-US">fault number %d.  </s:Text></s:Reason><s:Detail>`+
			`<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%d" Machine="LAB"><f:Message>fault number %d.  </f:Message></f:WSManFault>`+
			`</s:Detail></s:Fault>`, subcode, code, code, code))
}
