package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness"
)

func TestLatencyBudget(t *testing.T) {
	s, rules := drop(), dropped(anyDLL)
	_, e := run(t, dropping(), s, rules)
	e.Fence.Latency, s.Latency = 31*time.Second, 30*time.Second
	v, err := harness.Judge(t.Context(), s, e, rules)
	require.NoError(t, err)
	require.Equal(t, harness.Late, v.Reason)
	require.Equal(t, "telemetry could be read 31s after it happened, the budget is 30s", v.Why)
	e.Fence.Latency = 30 * time.Second
	v, err = harness.Judge(t.Context(), s, e, rules)
	require.NoError(t, err)
	require.Equal(t, harness.Pass, v.Outcome)
}

// TestUnsettledTelemetryIsNoted: collection gives up, and says that it did.
func TestUnsettledTelemetryIsNoted(t *testing.T) {
	m := dropping()
	m.trickle = true
	v, _ := run(t, m, drop(), dropped(anyDLL))
	require.Equal(t, harness.Pass, v.Outcome)
	require.Contains(t, strings.Join(v.Notes, "\n"), "older events were still coming in when collection gave up after 1m")
	v, _ = run(t, dropping(), drop(), dropped(anyDLL))
	require.NotContains(t, strings.Join(v.Notes, "\n"), "older events")
}
