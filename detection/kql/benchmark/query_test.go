package benchmark_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/fleet"
)

// forgetful are tables whose dictionaries remember no answers.
func forgetful(tables kql.Tables) kql.Tables {
	out := maps.Clone(tables)
	for name, t := range out {
		out[name] = t.Forgetful()
	}
	return out
}

// BenchmarkRuleWarm asks the dictionaries what they were asked before. At least 60 times as fast.
func BenchmarkRuleWarm(b *testing.B) {
	d, q := get(b, large), iisRule(b)
	duck := fastest(b, d.duck, iisForms())
	requireSame(b, answer(b, duck), printed(run(b, q, d.tables)))
	race(b, func() { run(b, q, d.tables) }, func() { drain(b, duck) })
}

// BenchmarkRuleCold asks everything for the first time. At least 3 times as fast.
func BenchmarkRuleCold(b *testing.B) {
	d, q := get(b, large), iisRule(b)
	duck := fastest(b, d.duck, iisForms())
	requireSame(b, answer(b, duck), printed(run(b, q, forgetful(d.tables))))
	race(b, func() { run(b, q, forgetful(d.tables)) }, func() { drain(b, duck) })
}

// BenchmarkRuleOnRecording is the rule on one recording against a prepared statement. At least 25 times as fast.
func BenchmarkRuleOnRecording(b *testing.B) {
	d, q := get(b, recording), iisRule(b)
	duck := fastest(b, d.duck, iisForms())
	require.ElementsMatch(b, answer(b, duck), printed(run(b, q, d.tables)))
	b.Run("warm", func(b *testing.B) { race(b, func() { run(b, q, d.tables) }, func() { drain(b, duck) }) })
	b.Run("cold", func(b *testing.B) { race(b, func() { run(b, q, forgetful(d.tables)) }, func() { drain(b, duck) }) })
}

// aggregation is a query in both dialects.
type aggregation struct{ kql, sql string }

func (a aggregation) race(b *testing.B) {
	d, q := get(b, large), compile(b, a.kql)
	duck := fastest(b, d.duck, []string{a.sql})
	requireSame(b, answer(b, duck), printed(run(b, q, d.tables)))
	race(b, func() { run(b, q, forgetful(d.tables)) }, func() { drain(b, duck) })
}

// BenchmarkSummarize counts rows and distinct devices. At least 20 times as fast.
func BenchmarkSummarize(b *testing.B) {
	aggregation{
		kql: `DeviceFileEvents
			| summarize count(), dcount(DeviceName) by InitiatingProcessFileName, bin(Timestamp, 1h)`,
		sql: `SELECT InitiatingProcessFileName, time_bucket(INTERVAL 1 HOUR, Timestamp) AS Hour, count(*), count(DISTINCT DeviceName)
			FROM DeviceFileEvents GROUP BY ALL`,
	}.race(b)
}

// BenchmarkMakeSet collects the names of libraries. At least 10 times as fast. Which 128 of a larger set an engine
// returns is its own choice, so that the answers that are compared are the sizes of the sets.
func BenchmarkMakeSet(b *testing.B) {
	const condition, grouped = ` FROM DeviceFileEvents WHERE suffix(lower(FileName), '.dll')`, ` GROUP BY DeviceName`
	d := get(b, large)
	q := compile(b, `DeviceFileEvents | where FileName endswith ".dll" | summarize make_set(FileName, 128) by DeviceName`)
	sizes := fastest(b, d.duck, []string{`SELECT DeviceName, least(128, count(DISTINCT FileName))` + condition + grouped})
	var got []string
	for row, result := 0, run(b, q, d.tables); row < result.Len(); row++ {
		list, ok := result.At(row, 1).Dynamic().([]any)
		require.True(b, ok)
		require.Len(b, distinct(list), len(list))
		got = append(got, fmt.Sprint(result.At(row, 0), "|", len(list), "|"))
	}
	requireSame(b, answer(b, sizes), got)
	duck := fastest(b, d.duck, []string{
		`SELECT DeviceName, array_slice(list(DISTINCT FileName), 1, 128)` + condition + grouped,
		`SELECT DeviceName, list(FileName)[1:128] FROM (SELECT DISTINCT DeviceName, FileName` + condition + `)` + grouped,
	})
	race(b, func() { run(b, q, forgetful(d.tables)) }, func() { drain(b, duck) })
}

func distinct(list []any) map[any]bool {
	set := map[any]bool{}
	for _, x := range list {
		set[x] = true
	}
	return set
}

// BenchmarkJoin counts the file events of PowerShell by device and process id. At least 5 times as fast.
func BenchmarkJoin(b *testing.B) {
	aggregation{
		kql: `DeviceFileEvents
			| join kind=inner (DeviceProcessEvents | where FileName =~ "powershell.exe" | project DeviceId, ProcessId, ProcessCommandLine)
				on DeviceId, $left.InitiatingProcessId == $right.ProcessId
			| summarize count() by ActionType`,
		sql: `SELECT f.ActionType, count(*)
			FROM DeviceFileEvents f JOIN DeviceProcessEvents p ON f.DeviceId = p.DeviceId AND f.InitiatingProcessId = p.ProcessId
			WHERE lower(p.FileName) = 'powershell.exe' GROUP BY ALL`,
	}.race(b)
}

// BenchmarkMemory compares what the tables occupy. At most a quarter.
func BenchmarkMemory(b *testing.B) {
	d := get(b, large)
	for b.Loop() {
		_ = fleet.Now.Add(time.Second)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(d.ours)/float64(d.rows), "B/row")
	b.ReportMetric(float64(d.theirs)/float64(d.rows), "duckdb-B/row")
	b.ReportMetric(float64(d.theirs)/float64(d.ours), "x-duckdb")
}
