package wsman_test

import (
	"bytes"
	"net"
	"strconv"
	"testing"

	"github.com/masterzen/winrm"
	"github.com/stretchr/testify/require"
)

// masterzenEndpoint describes the server to masterzen/winrm.
func masterzenEndpoint(t *testing.T, address string, https bool) *winrm.Endpoint {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	return winrm.NewEndpoint(host, number, https, true, nil, nil, nil, 0)
}

// runMasterzen runs what an independent client of the same language can do.
func runMasterzen(t *testing.T, l *lab, client *winrm.Client) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit, err := client.RunWithContext(t.Context(), "mixed 7", &stdout, &stderr)
	require.NoError(t, err)
	require.Equal(t, 7, exit)
	require.Equal(t, "out\r\n", stdout.String())
	require.Equal(t, "err\r\n", stderr.String())

	stdout.Reset()
	exit, err = client.RunWithContext(t.Context(), "big 500000", &stdout, &stderr)
	require.NoError(t, err)
	require.Equal(t, 0, exit)
	require.Equal(t, pattern(500000), stdout.String())

	text, _, exit, err := client.RunPSWithContext(t.Context(), "Write-Output 'ä'")
	require.NoError(t, err)
	require.Equal(t, 0, exit)
	require.Contains(t, text, "Write-Output 'ä'")
	require.Equal(t, 3, l.host.closedShells())
}

func TestMasterzenBasicOverHTTPS(t *testing.T) {
	l := newLab(t, nil)
	client, err := winrm.NewClient(masterzenEndpoint(t, l.https, true), testUser, testPassword)
	require.NoError(t, err)
	runMasterzen(t, l, client)
}

// TestMasterzenSealed uses the client's message encryption, which starts a new handshake before every message.
func TestMasterzenSealed(t *testing.T) {
	l := newLab(t, nil)
	parameters := *winrm.DefaultParameters
	parameters.TransportDecorator = func() winrm.Transporter {
		encryption, err := winrm.NewEncryption("ntlm")
		require.NoError(t, err)
		return encryption
	}
	client, err := winrm.NewClientWithParameters(masterzenEndpoint(t, l.http, false), testUser, testPassword, &parameters)
	require.NoError(t, err)
	runMasterzen(t, l, client)
}
