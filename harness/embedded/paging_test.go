package embedded_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// TestCollectPages runs the harness's own script with pages of a few events: together they hold every record once, and
// only the last says that there is no more.
func TestCollectPages(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../winrm/scripts/collect.ps1")
	require.NoError(t, err)
	m := start(t, 1)
	after, err := m.target.Bookmark(t.Context(), []string{telemetry.ChannelSysmon})
	require.NoError(t, err)
	m.execute(harness.Attack, atomics.CommandPrompt, "whoami\nhostname\nwhoami")
	require.NoError(t, m.clock.Sleep(t.Context(), 30*time.Second))
	next := after[0].After + 1
	const most = 7
	for next <= after[0].After+40 { // each page leaves events of its own, so there is no last one of this size
		records, more := m.page(string(script), next-1, most)
		require.Len(t, records, most)
		require.True(t, more)
		next = requireNext(t, records, next)
	}
	records, more := m.page(string(script), next-1, 10_000)
	require.False(t, more)
	requireNext(t, records, next)
}

// requireNext checks that records go on from an id, and returns the id after them.
func requireNext(t *testing.T, records []string, next uint64) uint64 {
	t.Helper()
	require.NotEmpty(t, records)
	for _, text := range records {
		e, err := telemetry.ParseXML([]byte(text))
		require.NoError(t, err)
		require.Equal(t, next, e.RecordID)
		next++
	}
	return next
}

// page reads one page of Sysmon's channel after a record.
func (m *machine) page(script string, after uint64, most int) (records []string, more bool) {
	m.t.Helper()
	argument := fmt.Sprintf(`{"bookmarks":[{"channel":"%s","after":%d}],"max":%d}`, telemetry.ChannelSysmon, after, most)
	e := m.execute(harness.Harness, atomics.PowerShell, "& {"+script+"\n} ('"+argument+"' | ConvertFrom-Json)")
	require.Zero(m.t, e.ExitCode, e.Stderr)
	require.Empty(m.t, e.Stderr)
	encoded, trailer, found := strings.Cut(e.Stdout, "#")
	require.True(m.t, found, e.Stdout)
	var last struct {
		More bool `json:"more"`
	}
	require.NoError(m.t, json.Unmarshal([]byte(trailer), &last))
	packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	require.NoError(m.t, err)
	r, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(m.t, err)
	text, err := io.ReadAll(r)
	require.NoError(m.t, err)
	all := strings.Split(strings.TrimSuffix(string(text), "\x1e"), "\x1e")
	require.Contains(m.t, all[0], `"state":"enabled"`)
	return all[1:], last.More
}
