//go:build unix

package benchmark_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// processorTime is what the process has used so far. Both engines have one thread, so that it is the time that a query
// takes, but for what other processes take away.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// shortest is a measurement long enough for the clock.
const shortest = 20 * time.Millisecond

// measure is the processor time of one call.
func measure(t testing.TB, f func()) time.Duration {
	t.Helper()
	for calls := 1; ; calls *= 4 {
		start := processorTime(t)
		for range calls {
			f()
		}
		if took := processorTime(t) - start; took >= shortest || calls >= 1<<12 {
			return max(took/time.Duration(calls), 1)
		}
	}
}

// race measures two things in turns and reports the shortest time of each, and how many times as fast ours is.
func race(b *testing.B, ours, duck func()) {
	b.Helper()
	var best, other time.Duration
	for b.Loop() {
		if t := measure(b, ours); best == 0 || t < best {
			best = t
		}
		if t := measure(b, duck); other == 0 || t < other {
			other = t
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best)/1e6, "ms")
	b.ReportMetric(float64(other)/1e6, "duckdb-ms")
	b.ReportMetric(float64(other)/float64(best), "x-duckdb")
}
