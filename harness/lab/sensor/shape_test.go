package sensor_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
	"github.com/seed-67b27da2/geiger/testdata"
)

// row is one recorded event.
type row struct {
	EID      int               `json:"eid"`
	Computer string            `json:"computer"`
	RecordID uint64            `json:"record_id"`
	Data     map[string]string `json:"data"`
}

// TestRecordedEventsKeepTheInvariants holds the check itself against recorded
// process starts: the rules that one event alone can break must hold nearly
// always.
func TestRecordedEventsKeepTheInvariants(t *testing.T) {
	starts := 0
	broken := map[string]int{}
	for _, r := range testdata.SharedLines[row](t, "telemetry/real_sysmon_sample.jsonl.gz") {
		if r.EID != 1 {
			continue
		}
		starts++
		record := eventlog.Record{ID: r.RecordID, Event: eventlog.Event{EventID: 1, UserID: "S-1-5-18"}}
		for name, value := range r.Data {
			record.Data = append(record.Data, eventlog.Field{Name: name, Value: value})
		}
		for _, v := range sensor.CheckInvariants([]eventlog.Record{record}) {
			broken[v.Rule]++
		}
	}
	require.Greater(t, starts, 1000)
	for _, rule := range []string{"V1", "V3", "V6"} {
		require.Less(t, float64(broken[rule])/float64(starts), 0.02, "%s: %d of %d", rule, broken[rule], starts)
	}
}

// format is a name for values of a kind.
type format struct {
	name    string
	pattern *regexp.Regexp
}

func formats() []format {
	return []format{
		{"empty", regexp.MustCompile(`^$`)},
		{"dash", regexp.MustCompile(`^-$`)},
		{"guid", regexp.MustCompile(`^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$`)},
		{"time", regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$`)},
		{"hexadecimal", regexp.MustCompile(`^0x[0-9a-f]+$`)},
		{"number", regexp.MustCompile(`^\d+$`)},
		{"bool", regexp.MustCompile(`^(true|false)$`)},
		{"dword", regexp.MustCompile(`^DWORD \(0x[0-9a-f]{8}\)$`)},
		{"qword", regexp.MustCompile(`^QWORD \(0x[0-9a-f]{8}-0x[0-9a-f]{8}\)$`)},
		{"hashes", regexp.MustCompile(`^(SHA1=[0-9A-F]{40})?,?(MD5=[0-9A-F]{32})?,?(SHA256=[0-9A-F]{64})?,?(IMPHASH=[0-9A-F]{32})?$`)},
		{"pipe", regexp.MustCompile(`^\\[^\\]+$`)},
		{"directory", regexp.MustCompile(`^[A-Z]:\\([^\\]+\\)*$`)},
		{"path", regexp.MustCompile(`^[A-Za-z]:\\.*[^\\]$`)},
		{"key", regexp.MustCompile(`^(HKLM|HKU|HKCR)\\`)},
		{"account", regexp.MustCompile(`^[^\\]+\\[^\\]+$`)},
	}
}

// shape abstracts a value to what is characteristic of its format.
func shape(all []format, value string) string {
	for _, f := range all {
		if f.pattern.MatchString(value) {
			return f.name
		}
	}
	return "text"
}

// TestValuesLookLikeRecordedOnes compares the format of every field that the
// lab writes with the formats of that field in recorded telemetry.
func TestValuesLookLikeRecordedOnes(t *testing.T) {
	type field struct {
		id   int
		name string
	}
	recorded := map[field]map[string]bool{}
	all := formats()
	for _, row := range testdata.SharedLines[row](t, "telemetry/real_sysmon_sample.jsonl.gz") {
		for name, value := range row.Data {
			at := field{row.EID, name}
			if recorded[at] == nil {
				recorded[at] = map[string]bool{}
			}
			recorded[at][shape(all, value)] = true
		}
	}
	compared := 0
	for _, r := range append(busy(t), exercised(t)...) {
		for _, d := range r.Data {
			known := recorded[field{r.EventID, d.Name}]
			if len(known) == 0 {
				continue
			}
			compared++
			require.True(t, known[shape(all, d.Value)], "event %d, %s: %q is a %s; recorded are %v", r.EventID, d.Name, d.Value, shape(all, d.Value), known)
		}
	}
	require.Greater(t, compared, 10000)
}

func exercised(t *testing.T) []eventlog.Record {
	t.Helper()
	m := watch(t, everything)
	exercise(t, m)
	return m.events(t, eventlog.Sysmon, "*")
}
