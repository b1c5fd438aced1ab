package winrm

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/doctor"
)

func TestProbe(t *testing.T) {
	host := newFakeHost(t, true, echo)
	c := host.target().Probe(t.Context())
	require.NoError(t, errors.Join(c.Dial, c.TLS, c.Distrust, c.Offer))
	require.Equal(t, host.server.Certificate().Raw, c.Certificate.Raw)
	require.Equal(t, []string{"Negotiate", "Basic"}, c.Offered)
	require.Equal(t, "Negotiate", c.Scheme)
	require.Empty(t, host.operations(), "nothing was asked for")

	c = host.target(func(c *Config) { c.Fingerprint = strings.Repeat("0", 64) }).Probe(t.Context())
	require.ErrorContains(t, c.Distrust, "it is not the pinned one")
	require.NotNil(t, c.Certificate, "what is not trusted is seen all the same")
	require.Equal(t, []string{"Negotiate", "Basic"}, c.Offered)
}

func TestProbeWithoutTLS(t *testing.T) {
	host := newFakeHost(t, false, echo)
	c := host.target().Probe(t.Context())
	require.NoError(t, errors.Join(c.Dial, c.TLS, c.Distrust, c.Offer))
	require.Nil(t, c.Certificate)
	require.Equal(t, []string{"Negotiate", "Basic"}, c.Offered)

	c = host.target(func(c *Config) { c.HTTPS, c.Insecure = true, true }).Probe(t.Context())
	require.ErrorContains(t, c.TLS, "does not speak TLS")
	require.NoError(t, c.Dial)
}

func TestProbeOfNothing(t *testing.T) {
	host := newFakeHost(t, false, echo)
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }
	c := host.target(func(c *Config) { c.Dial = refuse }).Probe(t.Context())
	require.ErrorContains(t, c.Dial, "refused")

	stall := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c = host.target(func(c *Config) { c.Dial, c.ConnectTimeout = stall, 20*time.Millisecond }).Probe(t.Context())
	require.ErrorContains(t, c.Dial, "no answer to connecting")
}

func TestSurvey(t *testing.T) {
	host := newFakeHost(t, true, scripted(t, map[string]func(map[string]any) (string, string, int){
		"survey": func(argument map[string]any) (string, string, int) {
			require.Equal(t, []any{"System"}, argument["channels"])
			return `{"identity":{"name":"WEB7","user":"WEB7\\tester","elevated":true},"quotas":null,"channels":[{"name":"System","state":"enabled"}],` +
				`"unread":{"quotas":"no drive"},"utc":"2026-01-01T00:00:00Z"}`, "", 0
		},
	}))
	at := time.Date(2026, 1, 1, 0, 0, 7, 0, time.UTC)
	found, err := host.target(func(c *Config) { c.Now = func() time.Time { return at } }).Survey(t.Context(), []string{"System"})
	require.NoError(t, err)
	require.Equal(t, "WEB7", found.Identity.Name)
	require.Nil(t, found.Quotas)
	require.Equal(t, "no drive", found.Unread["quotas"])
	require.Equal(t, []doctor.Channel{{Name: "System", State: "enabled"}}, found.Channels)
	require.Equal(t, -7*time.Second, found.Skew)
}

// TestSurveyOfAConstrainedHost: no script runs there, but the host still says why.
func TestSurveyOfAConstrainedHost(t *testing.T) {
	question := powershell + encodedCommand("$ExecutionContext.SessionState.LanguageMode")
	mode := "ConstrainedLanguage\r\n"
	host := newFakeHost(t, true, func(_ context.Context, line string, _ []byte) (string, string, int) {
		if line == question {
			return mode, "", 0
		}
		return "", "Cannot invoke method.", 1
	})
	found, err := host.target().Survey(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, &doctor.Shell{LanguageMode: "ConstrainedLanguage"}, found.Shell)
	require.Contains(t, found.Unread[""], "Cannot invoke method")

	mode = ""
	found, err = host.target().Survey(t.Context(), nil)
	require.NoError(t, err)
	require.Nil(t, found.Shell)
	require.Contains(t, found.Unread[""], "script survey failed on the host")
}

func TestLogonKind(t *testing.T) {
	host := newFakeHost(t, true, echo)
	_, err := host.target(func(c *Config) { c.Password = "wrong" }).Survey(t.Context(), nil)
	require.Equal(t, doctor.LogonRefused, LogonKind(err), "%v", err)

	denied := &Fault{Code: faultAccessDenied}
	require.Equal(t, doctor.LogonDenied, LogonKind(host.config().classify("identify", denied)))
	require.Equal(t, doctor.LogonQuota, LogonKind(host.config().classify("Create", &Fault{Code: faultQuotaShells})))
	require.Equal(t, doctor.LogonFailed, LogonKind(&TimeoutError{Operation: "identify"}))
	require.Equal(t, doctor.LogonNone, LogonKind(nil))
}
