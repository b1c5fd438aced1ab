package winrm

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/masterzen/winrm"
	"github.com/stretchr/testify/require"
)

// echo is a program that returns its input, and its command line on standard error.
func echo(_ context.Context, line string, stdin []byte) (string, string, int) {
	return string(stdin), line, 7
}

// runText runs one command line on target.
func runText(ctx context.Context, target *Target, line, input string) (stdout, stderr string, exit int, err error) {
	var out, e bytes.Buffer
	exit, err = target.shells.run(ctx, invocation{line: line, input: []byte(input), stdout: &out, stderr: &e})
	return out.String(), e.String(), exit, err
}

func basic(c *Config) { c.Authentication = Basic }

func clearBasic(c *Config) { c.Authentication, c.AllowUnencrypted = Basic, true }

func TestRunOverEveryTransport(t *testing.T) {
	for name, tc := range map[string]struct {
		secure bool
		change func(*Config)
	}{
		"ntlm over http":   {false, func(*Config) {}},
		"ntlm over https":  {true, func(*Config) {}},
		"basic over https": {true, basic},
		"basic over http":  {false, clearBasic},
	} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, tc.secure, echo)
			target := host.target(tc.change)
			for range 3 {
				stdout, stderr, exit, err := runText(t.Context(), target, `say "]]>" & <é>`, "grüße 🦀 \x00")
				require.NoError(t, err)
				require.Equal(t, "grüße 🦀 \x00", stdout)
				require.Equal(t, `say "]]>" & <é>`, stderr)
				require.Equal(t, 7, exit)
			}
			require.NoError(t, target.Close(t.Context()))
			require.Equal(t, 1, host.count("Create"), "the shell is used again")
			require.Equal(t, 3, host.count("Signal"))
			require.Equal(t, 1, host.count("Delete"))
		})
	}
}

func TestNothingCrossesHTTPInClear(t *testing.T) {
	host := newFakeHost(t, false, echo)
	_, _, _, err := runText(t.Context(), host.target(), "canary", "canary")
	require.NoError(t, err)
	wire := strings.Join(host.plain, "")
	require.NotContains(t, wire, "Envelope")
	require.NotContains(t, wire, "canary")
	require.Equal(t, 1, host.count("negotiate"), "one logon for the whole run")
}

func TestConfigErrors(t *testing.T) {
	good := Config{Host: "h", User: "u", Password: Secret("p"), Now: time.Now}
	for want, change := range map[string]func(*Config){
		"no host given":             func(c *Config) { c.Host = "" },
		"no credentials":            func(c *Config) { c.Password = "" },
		"no clock":                  func(c *Config) { c.Now = nil },
		"port 70000":                func(c *Config) { c.Port = 70000 },
		"not known":                 func(c *Config) { c.Authentication = "digest" },
		"would send the password":   basic,
		"would send scripts":        func(c *Config) { c.Authentication = Kerberos },
		"no kerberos configuration": func(c *Config) { c.Authentication, c.HTTPS = Kerberos, true },
		"kerberos configuration for h": func(c *Config) {
			c.Authentication, c.HTTPS, c.Tickets.Configuration = Kerberos, true, []byte("[libdefaults]\nforwardable = perhaps\n")
		},
		"not a credential cache": func(c *Config) {
			c.Authentication, c.HTTPS, c.Tickets = Kerberos, true, Tickets{Configuration: []byte(krb5conf), Cache: []byte("\x05\x04x")}
		},
		"needs https":           func(c *Config) { c.Authentication = Certificate },
		"no client certificate": func(c *Config) { c.Authentication, c.HTTPS = Certificate, true },
		"client certificate for h": func(c *Config) {
			c.Authentication, c.HTTPS, c.ClientCertificate, c.ClientKey = Certificate, true, []byte("x"), Secret("y")
		},
		"not between 1s and 1m":    func(c *Config) { c.OperationTimeout = time.Hour },
		"not a SHA-256":            func(c *Config) { c.HTTPS, c.Fingerprint = true, "12:34" },
		"no certificate in PEM":    func(c *Config) { c.HTTPS, c.CACertificates = true, []byte("x") },
		"but https is not":         func(c *Config) { c.Fingerprint = strings.Repeat("ab", 32) },
		"is not between 1 and 655": func(c *Config) { c.Port = -1 },
	} {
		c := good
		change(&c)
		_, err := New(c)
		require.ErrorContains(t, err, want)
	}
	target, err := New(good)
	require.NoError(t, err)
	require.Equal(t, "h", target.Name())
}

func TestURL(t *testing.T) {
	c, err := Config{Host: "fe80::1", User: "u", Password: Secret("p"), Now: time.Now, HTTPS: true}.withDefaults()
	require.NoError(t, err)
	require.Equal(t, "https://[fe80::1]:5986/wsman", c.url().String())
}

func TestSecretNeverPrints(t *testing.T) {
	c := Config{Host: "h", User: "u", Password: Secret("hunter2"), Now: time.Now}
	target, err := New(c)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c) + fmt.Sprintf(verb, c.Password) + fmt.Sprintf(verb, target) + fmt.Sprintf(verb, target.config)
		require.NotContains(t, text, "hunter2", verb)
		require.NotContains(t, strings.ToLower(text), "68756e74657232", verb)
	}
	for _, marshal := range []func() ([]byte, error){c.Password.MarshalJSON, c.Password.MarshalText} {
		text, err := marshal()
		require.NoError(t, err)
		require.Contains(t, string(text), "redacted")
	}
}

func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	target, err := New(Config{Host: "127.0.0.1", Port: port, User: "u", Password: Secret("p"), Now: time.Now})
	require.NoError(t, err)
	_, _, _, err = runText(t.Context(), target, "x", "")
	var unreachable *UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.ErrorContains(t, err, "winrm quickconfig")
	require.NoError(t, target.Close(t.Context()))
}

func TestCertificates(t *testing.T) {
	host := newFakeHost(t, true, echo)
	right := fingerprint(host.server.Certificate())
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.server.Certificate().Raw})
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string // "" = trusted
	}{
		"pin":                   {func(c *Config) { c.Fingerprint = strings.ToUpper(right) }, ""},
		"authority":             {func(c *Config) { c.Fingerprint, c.CACertificates = "", authority }, ""},
		"authority, by name":    {func(c *Config) { c.Fingerprint, c.CACertificates, c.ServerName = "", authority, "example.com" }, ""},
		"insecure":              {func(c *Config) { c.Fingerprint, c.Insecure = "", true }, ""},
		"unknown authority":     {func(c *Config) { c.Fingerprint = "" }, "unknown authority"},
		"wrong pin":             {func(c *Config) { c.Fingerprint = strings.Repeat("ab", 32) }, "not the pinned one"},
		"wrong pin, insecure":   {func(c *Config) { c.Fingerprint, c.Insecure = strings.Repeat("ab", 32), true }, "not the pinned one"},
		"authority, wrong name": {func(c *Config) { c.Fingerprint, c.CACertificates, c.ServerName = "", authority, "other" }, "other"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := runText(t.Context(), host.target(tc.change), "x", "")
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			var certificate *CertificateError
			require.ErrorAs(t, err, &certificate)
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, right, certificate.Fingerprint)
		})
	}
}

func TestNoTLSThere(t *testing.T) {
	host := newFakeHost(t, false, echo)
	_, _, _, err := runText(t.Context(), host.target(func(c *Config) { c.HTTPS = true }), "x", "")
	require.ErrorContains(t, err, "does not speak TLS")
}

func TestWrongPassword(t *testing.T) {
	for name, change := range map[string]func(*Config){"ntlm": func(*Config) {}, "basic": basic} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, true, echo)
			target := host.target(change, func(c *Config) { c.Password = Secret("wrong-one") })
			_, _, _, err := runText(t.Context(), target, "x", "")
			var refused *AuthenticationError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, "password is wrong")
			require.NotContains(t, err.Error(), "wrong-one")
			require.LessOrEqual(t, len(host.operations()), 2, "an account must not be locked by retries")
		})
	}
}

func TestSchemeNotOffered(t *testing.T) {
	for name, tc := range map[string]struct {
		offer  string
		change func(*Config)
	}{"ntlm": {`Basic realm="WSMAN"`, func(*Config) {}}, "basic": {"Negotiate", basic}} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, true, echo)
			host.offers = []string{tc.offer, "Kerberos"}
			_, _, _, err := runText(t.Context(), host.target(tc.change), "x", "")
			var refused *AuthenticationError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, "does not offer "+name)
			require.Contains(t, refused.Offered, "Kerberos")
		})
	}
}

// onNth reacts to the nth request of an operation.
func onNth(operation string, n int, r reaction) func(string, int) *reaction {
	return func(o string, count int) *reaction {
		if o == operation && count == n {
			return &r
		}
		return nil
	}
}

// always reacts to every request of an operation.
func always(operation string, r reaction) func(string, int) *reaction {
	return func(o string, _ int) *reaction {
		if o == operation {
			return &r
		}
		return nil
	}
}

func TestSessionExpires(t *testing.T) {
	for _, operation := range []string{"Command", "Send", "Receive", "Signal"} {
		t.Run(operation, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = onNth(operation, 1, reaction{status: http.StatusUnauthorized})
			stdout, _, exit, err := runText(t.Context(), host.target(), "x", "in")
			require.NoError(t, err)
			require.Equal(t, "in", stdout)
			require.Equal(t, 7, exit)
			require.Equal(t, 2, host.count("negotiate"))
			require.Equal(t, 1, host.count("Create"))
		})
	}
}

func TestConnectionClosed(t *testing.T) {
	for operation, recovers := range map[string]bool{
		"negotiate": true, "authenticate": true, "Create": true, "Send": false, "Receive": true, "Signal": true,
	} {
		t.Run(operation, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = onNth(operation, 1, reaction{hangUp: true})
			stdout, _, exit, err := runText(t.Context(), host.target(), "x", "in")
			if recovers {
				require.NoError(t, err)
				require.Equal(t, "in", stdout)
				require.Equal(t, 7, exit)
				return
			}
			var interrupted *InterruptedError
			require.ErrorAs(t, err, &interrupted)
			require.LessOrEqual(t, host.count("Send"), 1, "input must not be sent twice")
		})
	}
}

// An answer that breaks off may hold output that the host does not send again, so that
// nothing is repeated.
func TestAnswerBreaksOff(t *testing.T) {
	for name, raw := range map[string]string{
		"in the status line": "HTTP/1.1 20", "in the header": "HTTP/1.1 200 OK\r\nContent-Le",
		"in the body": "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<s:Env", "not HTTP": "SSH-2.0-OpenSSH_9.2\r\n",
		"in a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = always("Receive", reaction{raw: raw})
			_, _, _, err := runText(t.Context(), host.target(), "x", "")
			var interrupted *InterruptedError
			require.ErrorAs(t, err, &interrupted)
			require.Equal(t, 1, host.count("Receive"))
		})
		t.Run(name+", at the logon", func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = always("negotiate", reaction{raw: raw})
			_, _, _, err := runText(t.Context(), host.target(), "x", "")
			var unreachable *UnreachableError
			require.ErrorAs(t, err, &unreachable)
		})
	}
}

func TestConnectionAlwaysClosed(t *testing.T) {
	for operation, want := range map[string]any{"negotiate": new(*UnreachableError), "Create": new(*InterruptedError)} {
		t.Run(operation, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = always(operation, reaction{hangUp: true})
			_, _, _, err := runText(t.Context(), host.target(), "x", "")
			require.ErrorAs(t, err, want)
			require.Equal(t, attempts, host.count(operation))
		})
	}
}

func TestConnectionsClosedWhileIdle(t *testing.T) {
	host := newFakeHost(t, false, echo)
	target := host.target()
	for range 5 {
		_, _, _, err := runText(t.Context(), target, "x", "in")
		require.NoError(t, err)
		host.server.CloseClientConnections()
		for _, s := range target.shells.transport.idle {
			<-s.done
		}
	}
	require.Equal(t, 5, host.count("negotiate"))
	require.Equal(t, 1, host.count("Create"), "the shell outlives the connection")
}

func TestClearAnswerIsRefused(t *testing.T) {
	host := newFakeHost(t, false, echo)
	host.react = always("Create", reaction{status: 200, clear: true, body: reply("http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse", `<rsp:Shell><rsp:ShellId>1</rsp:ShellId></rsp:Shell>`)})
	_, _, _, err := runText(t.Context(), host.target(), "x", "")
	var protocol *ProtocolError
	require.ErrorAs(t, err, &protocol)
	require.ErrorContains(t, err, "answered in clear")
}

func TestTamperedAnswerIsRefused(t *testing.T) {
	host := newFakeHost(t, false, echo)
	other := newHostSession(make([]byte, 16))
	host.react = always("Create", reaction{status: 200, clear: true, kind: sealedType, body: string(other.sealBody([]byte("<x/>")))})
	_, _, _, err := runText(t.Context(), host.target(), "x", "")
	require.ErrorContains(t, err, "altered on its way")
}

func TestNotAnEnvelope(t *testing.T) {
	for body, want := range map[string]string{
		"":                         "it is empty",
		"<html>gateway</html>":     "not a SOAP envelope",
		"{}":                       "not a SOAP envelope",
		reply("x", "")[:40]:        "not a SOAP envelope",
		reply("x", "") + "<more/>": "goes on after",
		reply("x", "") + "garbage": "goes on after",
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>`:                                  "without a body",
		reply("x", `<rsp:ReceiveResponse><rsp:Stream Name="stdout">%%</rsp:Stream></rsp:ReceiveResponse>`): "not base64",
		reply("x", `<rsp:Other/>`): "no output and no state",
	} {
		t.Run(want, func(t *testing.T) {
			host := newFakeHost(t, true, echo)
			host.react = always("Receive", reaction{status: 200, body: body})
			_, _, _, err := runText(t.Context(), host.target(basic), "x", "")
			var protocol *ProtocolError
			require.ErrorAs(t, err, &protocol)
			require.ErrorContains(t, err, want)
			require.Equal(t, 1, host.count("Receive"))
		})
	}
}

func TestUnexpectedStatus(t *testing.T) {
	for status, want := range map[int]string{404: "check the port", 503: "try again", 302: "is this a WinRM service", 500: "is this a WinRM service"} {
		for name, change := range map[string]func(*Config){"basic": basic, "ntlm": func(*Config) {}} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				host := newFakeHost(t, true, echo)
				host.react = func(string, int) *reaction { return &reaction{status: status} }
				_, _, _, err := runText(t.Context(), host.target(change), "x", "")
				var protocol *ProtocolError
				require.ErrorAs(t, err, &protocol)
				require.ErrorContains(t, err, want)
			})
		}
	}
}

func TestStalledHost(t *testing.T) {
	for _, operation := range []string{"negotiate", "Create"} {
		t.Run(operation, func(t *testing.T) {
			host := newFakeHost(t, false, echo)
			host.react = always(operation, reaction{stall: true})
			target := host.target(func(c *Config) { c.ConnectTimeout = 50 * time.Millisecond })
			var err error
			if operation == "Create" {
				_, _, err = target.shells.transport.post(t.Context(), "create", target.shells.messages.create("1"), repeatable, 50*time.Millisecond)
			} else {
				_, _, _, err = runText(t.Context(), target, "x", "")
			}
			var timeout *TimeoutError
			require.ErrorAs(t, err, &timeout)
			require.True(t, timeout.Timeout())
		})
	}
}

// The library's own client runs over our sessions.
func TestLibraryClientOverTransporter(t *testing.T) {
	host := newFakeHost(t, false, echo)
	target := host.target()
	parameters := winrm.NewParameters("PT20S", "en-US", 153600)
	parameters.TransportDecorator = func() winrm.Transporter { return target.Transporter(t.Context()) }
	client, err := winrm.NewClientWithParameters(winrm.NewEndpoint("127.0.0.1", 1, false, false, nil, nil, nil, time.Second), "", "", parameters)
	require.NoError(t, err)
	stdout, _, exit, err := client.RunWithContextWithString(t.Context(), "x", "from the library")
	require.NoError(t, err)
	require.Equal(t, "from the library", stdout)
	require.Equal(t, 7, exit)
}

func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	host := newFakeHost(t, false, echo)
	_, _, _, err := runText(t.Context(), host.target(), "x", "")
	require.NoError(t, err)
}

func TestIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 on this machine: " + err.Error())
	}
	host := newFakeHost(t, false, echo)
	server := &http.Server{Handler: host, ConnContext: host.server.Config.ConnContext}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	target := host.target(func(c *Config) { c.Host, c.Port = "::1", listener.Addr().(*net.TCPAddr).Port })
	_, _, _, err = runText(t.Context(), target, "x", "")
	require.NoError(t, err)
}

func TestHandshakeErrorOfAnotherKind(t *testing.T) {
	var unreachable *UnreachableError
	require.ErrorAs(t, Config{Host: "h"}.handshakeError(tls.AlertError(40)), &unreachable)
}
