package embedded_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/scenario"
	"github.com/seed-67b27da2/geiger/scenarios"
)

func bundled(t testing.TB) []*harness.Scenario {
	t.Helper()
	techniques, err := atomics.Bundled()
	require.NoError(t, err)
	all, err := scenario.Load(scenarios.Files, ".", scenario.Library{Techniques: techniques})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// TestScenariosAreObserved carries out every scenario that comes with geiger, one after the other on one machine: each
// goes to its end, sees its fence, loses nothing, and leaves no process and no file behind.
func TestScenariosAreObserved(t *testing.T) {
	t.Parallel()
	m := start(t, 1)
	runs := 0
	runner := &harness.Runner{Clock: m.clock, Run: func() string { runs++; return "seen-" + strconv.Itoa(runs) }}
	for _, s := range bundled(t) {
		e, err := runner.Observe(t.Context(), m.target, s)
		require.NoError(t, err, s.Name)
		require.Nil(t, e.Fault, "%s: %+v", s.Name, e.Fault)
		require.True(t, e.Fence.Seen, s.Name)
		for _, c := range e.Channels {
			require.False(t, c.Lost, "%s: %s", s.Name, c.Channel)
		}
		for i := range e.Events {
			require.NotEqual(t, lacking, e.Events[i].Channel, "%s: %+v", s.Name, e.Events[i].Data)
		}
		for _, c := range e.Checks {
			require.True(t, c.Holds, "%s: %s: %s", s.Name, c.Description, c.Saw)
		}
	}
	left := m.ask(`if exist %temp%\geiger dir /b %temp%\geiger`)
	require.Equal(t, run, left[:len(run)], "only the folder of the question is there")
	require.Len(t, left, len(run)+2)
}

// BenchmarkObserve is the time of one scenario, with its start of a machine left out.
func BenchmarkObserve(b *testing.B) {
	for _, s := range bundled(b) {
		b.Run(s.Name, func(b *testing.B) {
			m := start(b, 1)
			runs := 0
			runner := &harness.Runner{Clock: m.clock, Run: func() string { runs++; return "bench-" + strconv.Itoa(runs) }}
			for b.Loop() {
				e, err := runner.Observe(b.Context(), m.target, s)
				require.NoError(b, err)
				require.Nil(b, e.Fault)
			}
		})
	}
}

// BenchmarkStart is the time to build, boot and connect to a machine, and to end it.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		m := start(b, 1)
		_, err := m.target.Bookmark(b.Context(), channels())
		require.NoError(b, err)
	}
}
