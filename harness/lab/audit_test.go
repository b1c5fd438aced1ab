package lab

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/masterzen/winrm"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func TestARefusedLogonReachesTheHost(t *testing.T) {
	l, err := Start(t.Context(), Options{Seed: 1, Random: rand.Reader, Quiet: true})
	require.NoError(t, err)
	var failed []kernel.LogonFailed
	l.kernel.Subscribe(func(a kernel.Activity) {
		if f, ok := a.(kernel.LogonFailed); ok {
			failed = append(failed, f)
		}
	})
	endpoint := winrm.NewEndpoint(l.Host(), l.TLSPort(), true, true, nil, nil, nil, time.Minute)
	client, err := winrm.NewClient(endpoint, l.User(), "not the password")
	require.NoError(t, err)
	_, err = client.CreateShell()
	require.Error(t, err)
	require.NoError(t, l.Close())
	require.Len(t, failed, 1)
	require.Equal(t, l.User(), failed[0].User)
	require.Equal(t, kernel.LogonCleartext, failed[0].Type)
	require.Equal(t, "127.0.0.1", failed[0].Source)
}
