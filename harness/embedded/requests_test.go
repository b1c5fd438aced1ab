package embedded_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/lab"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

// countingConn counts the HTTP requests that are written to it. Sealed messages have plain headers.
type countingConn struct {
	net.Conn
	requests *atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.requests.Add(int64(bytes.Count(p, []byte("POST /wsman HTTP/1.1\r\n"))))
	return c.Conn.Write(p)
}

// countedTarget is a target on a new lab whose HTTP requests are counted. The session is logged on and has a shell.
func countedTarget(t testing.TB) (*winrm.Target, *atomic.Int64) {
	t.Helper()
	l, err := lab.Start(t.Context(), lab.Options{Seed: 1, Random: rand.Reader})
	require.NoError(t, err)
	requests := new(atomic.Int64)
	target, err := winrm.New(winrm.Config{
		Host: l.Host(), Port: l.Port(), User: l.User(), Password: winrm.Secret(l.Password()), Now: l.Clock().Now,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &countingConn{conn, requests}, err
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, target.Close(context.WithoutCancel(t.Context())))
		require.NoError(t, l.Close())
	})
	_, err = target.Inspect(t.Context())
	require.NoError(t, err)
	return target, requests
}

// anAtomic does what a run does for each atomic: it executes it, and collects what came of it.
func anAtomic(t testing.TB, target *winrm.Target) {
	t.Helper()
	channels := []string{telemetry.ChannelSysmon, telemetry.ChannelSecurity}
	after, err := target.Bookmark(t.Context(), channels)
	require.NoError(t, err)
	_, err = target.Execute(t.Context(), harness.Command{
		Phase: harness.Attack, File: "cmd.exe", Arguments: "/c echo hello", Dir: harness.WorkDir("count", harness.Attack), Timeout: time.Minute,
	})
	require.NoError(t, err)
	_, err = target.Collect(t.Context(), after)
	require.NoError(t, err)
}

// perScript is the fewest requests that one script takes in a shell that is there already: Command, Send, Receive and
// Signal. The script does not fit into Command, which shows in the host's process events.
const perScript = 4

func TestRequestsPerAtomic(t *testing.T) {
	target, requests := countedTarget(t)
	before := requests.Load()
	anAtomic(t, target)
	require.EqualValues(t, 3*perScript, requests.Load()-before, "bookmark, execute and collect, each a script in the same shell")
}

func BenchmarkRequestsPerAtomic(b *testing.B) {
	target, requests := countedTarget(b)
	before := requests.Load()
	for b.Loop() {
		anAtomic(b, target)
	}
	b.ReportMetric(float64(requests.Load()-before)/float64(b.N), "requests/op")
}
