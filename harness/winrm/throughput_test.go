package winrm

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bulkBytes is how much output the throughput benchmarks read.
const bulkBytes = 50 << 20

// bulkChunk is the output in one answer of the size that the client asks for.
const bulkChunk = 370 << 10

// bulkHost is a WinRM service whose every command prints bulkBytes, and which also serves the answers that carry them
// as one plain download.
type bulkHost struct {
	server   *httptest.Server
	carrying string // an answer with one chunk of output
	done     string
	left     int
}

func newBulkHost(b *testing.B, secure bool) *bulkHost {
	chunk := make([]byte, bulkChunk)
	random := rand.NewPCG(1, 2)
	for i := range chunk {
		chunk[i] = byte(random.Uint64())
	}
	stream := `<rsp:Stream Name="stdout" CommandId="1">` + base64.StdEncoding.EncodeToString(chunk) + `</rsp:Stream>`
	state := `<rsp:CommandState CommandId="1" State="%s">%s</rsp:CommandState>`
	running := fmt.Sprintf(state, shellURI+"/CommandState/Running", "")
	h := &bulkHost{
		carrying: reply(shellURI+"/ReceiveResponse", "<rsp:ReceiveResponse>"+stream+running+"</rsp:ReceiveResponse>"),
		done:     reply(shellURI+"/ReceiveResponse", "<rsp:ReceiveResponse>"+fmt.Sprintf(state, stateDone, "<rsp:ExitCode>0</rsp:ExitCode>")+"</rsp:ReceiveResponse>"),
	}
	h.server = httptest.NewUnstartedServer(h)
	if secure {
		h.server.StartTLS()
	} else {
		h.server.Start()
	}
	b.Cleanup(h.server.Close)
	return h
}

func (h *bulkHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		for range bulkBytes / bulkChunk {
			_, _ = io.WriteString(w, h.carrying)
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	answer := h.answer(string(body))
	w.Header().Set("Content-Type", soapType)
	w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
	_, _ = io.WriteString(w, answer)
}

func (h *bulkHost) answer(request string) string {
	const id = "00000000-0000-4000-8000-000000000001"
	switch {
	case strings.Contains(request, "/transfer/Create"):
		return reply("http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse", `<rsp:Shell><rsp:ShellId>`+id+`</rsp:ShellId></rsp:Shell>`)
	case strings.Contains(request, "/shell/Command<"):
		h.left = bulkBytes / bulkChunk
		return reply(shellURI+"/CommandResponse", `<rsp:CommandResponse><rsp:CommandId>`+id+`</rsp:CommandId></rsp:CommandResponse>`)
	case strings.Contains(request, "/shell/Send<"):
		return reply(shellURI+"/SendResponse", `<rsp:SendResponse/>`)
	case strings.Contains(request, "/shell/Receive<"):
		if h.left--; h.left >= 0 {
			return h.carrying
		}
		return h.done
	case strings.Contains(request, "/shell/Signal<"):
		return reply(shellURI+"/SignalResponse", `<rsp:SignalResponse/>`)
	}
	return reply("http://schemas.xmlsoap.org/ws/2004/09/transfer/DeleteResponse", "")
}

func (h *bulkHost) target(b *testing.B) *Target {
	address := h.server.Listener.Addr().(*net.TCPAddr)
	c := Config{
		Host: "127.0.0.1", Port: address.Port, User: testUser, Password: Secret(testPassword), Now: time.Now,
		Authentication: Basic, AllowUnencrypted: true,
	}
	if h.server.TLS != nil {
		c.HTTPS, c.Fingerprint = true, fingerprint(h.server.Certificate())
	}
	target, err := New(c)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, target.Close(context.Background())) })
	return target
}

// download reads the same answers in one plain HTTP response.
func (h *bulkHost) download(b *testing.B) time.Duration {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the test's own server
	start := time.Now()
	response, err := client.Get(h.server.URL)
	require.NoError(b, err)
	defer response.Body.Close() //nolint:errcheck // read only
	n, err := io.Copy(io.Discard, response.Body)
	require.NoError(b, err)
	require.Greater(b, n, int64(bulkBytes))
	return time.Since(start)
}

// BenchmarkOutput reads 50 MB of a command's output, and reports the speed as a share of a plain HTTP download of the
// same answers from the same server.
func BenchmarkOutput(b *testing.B) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		b.Run(name, func(b *testing.B) {
			host := newBulkHost(b, secure)
			target := host.target(b)
			var plain, ours time.Duration
			b.SetBytes(bulkBytes)
			for b.Loop() {
				plain += host.download(b)
				start := time.Now()
				var n counter
				exit, err := target.shells.run(b.Context(), invocation{line: "x", stdout: &n, stderr: io.Discard})
				require.NoError(b, err)
				require.Zero(b, exit)
				require.EqualValues(b, bulkBytes/bulkChunk*bulkChunk, n)
				ours += time.Since(start)
			}
			b.ReportMetric(plain.Seconds()/ours.Seconds(), "of-download")
		})
	}
}
