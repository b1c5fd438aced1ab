package wsman

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/testdata"
)

var captureSection = regexp.MustCompile("(?m)^### [0-9]+-([A-Z][a-z]+)\\.txt\n```\n")

// TestCapturedRequests decodes the messages that seven clients of five languages sent to a server.
func TestCapturedRequests(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "notes/winrm-protocol.md"))
	require.NoError(t, err)
	_, notes, found := strings.Cut(string(text), "# Appendix A")
	require.True(t, found)
	notes, _, _ = strings.Cut(notes, "# Appendix B")
	decoded := make(map[string]int)
	for _, section := range captureSection.FindAllStringSubmatchIndex(notes, -1) {
		operation := notes[section[2]:section[3]]
		block, _, _ := strings.Cut(notes[section[1]:], "\n```")
		start := strings.Index(block, "\n<")
		require.GreaterOrEqual(t, start, 0, operation)

		r, err := decodeRequest([]byte(strings.TrimSpace(block[start:])))
		require.NoError(t, err)
		require.Equal(t, operation, r.Action[strings.LastIndex(r.Action, "/")+1:])
		require.Regexp(t, "^uuid:", r.MessageID)
		require.Equal(t, resourceCmd, r.ResourceURI)
		require.Positive(t, r.OperationTimeout)
		require.Empty(t, r.NotUnderstood)
		require.Equal(t, operation != "Create", r.selector("ShellId") != "", operation)
		requireBody(t, operation, &r.Body)
		decoded[operation]++
	}
	for _, operation := range []string{"Create", "Command", "Send", "Receive", "Signal", "Delete"} {
		require.GreaterOrEqual(t, decoded[operation], 3, operation)
	}
}

func requireBody(t *testing.T, operation string, body *body) {
	t.Helper()
	switch operation {
	case "Create":
		require.Contains(t, body.Shell.OutputStreams, "stdout")
	case "Command":
		require.NotEmpty(t, *body.Command.Command)
	case "Send":
		data, err := body.Send.Streams[0].data()
		require.NoError(t, err)
		require.NotEmpty(t, data)
	case "Receive":
		require.NotEmpty(t, body.Receive.DesiredStream.CommandID)
	case "Signal":
		require.Contains(t, body.Signal.Code, "/signal/")
	}
}
