package harness_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// TestNearestMiss has a rule miss the attack's event by its case, while an event of the cleanup comes nearer.
func TestNearestMiss(t *testing.T) {
	query := `DeviceFileEvents
| where ActionType == "FileCreated"
| where FileName == "X.DLL" or FileName startswith "y" and FolderPath has "nothing"`
	m, s := dropping(), drop()
	m.effects[harness.Cleanup] = created("y.dll")
	v, e := run(t, m, s, dropped(query))
	require.Equal(t, harness.Missed, v.Reason)
	require.NotNil(t, v.Nearest)
	require.Len(t, v.Nearest.Events, 1)
	i := slices.IndexFunc(e.Events, func(x telemetry.Event) bool {
		return x.Channel == v.Nearest.Events[0].Channel && x.RecordID == v.Nearest.Events[0].RecordID
	})
	require.Equal(t, `C:\x.dll`, e.Events[i].Get("TargetFilename"))
	require.Equal(t, []int{3, 9}, []int{v.Nearest.Line, v.Nearest.Col})
	require.Equal(t, `FileName == "X.DLL"`, v.Nearest.Predicate)
	require.Equal(t, `FileName = "x.dll"`, v.Nearest.Saw)
	require.Equal(t, `== "X.DLL"`, v.Nearest.Wanted)
	require.Contains(t, v.Nearest.Hints[0], "=~")
	fired := v.Chain[slices.IndexFunc(v.Chain, func(l harness.Link) bool { return l.Name == harness.LinkFired })]
	require.Contains(t, fired.Evidence, v.Nearest.String())
	require.NotContains(t, v.Why, "\n")
}

// TestNearestMissIsAlikeTheExpectedRow has two events of the attack, of which the one that is not meant passes more.
func TestNearestMissIsAlikeTheExpectedRow(t *testing.T) {
	m, s := dropping(), drop()
	m.effects[harness.Attack] = func(guid string) []string { return append(created("y.dll")(guid), created("x.dll")(guid)...) }
	v, _ := run(t, m, s, dropped(`DeviceFileEvents | where FileName startswith "y" and FolderPath has "nothing"`))
	require.Equal(t, `FileName = "x.dll"`, v.Nearest.Saw)
}

// TestNearestMissOfAnotherPhase takes any event if none of the phase is in the tables of the rule.
func TestNearestMissOfAnotherPhase(t *testing.T) {
	m, s := dropping(), drop()
	m.effects[harness.Attack], m.effects[harness.Cleanup] = nil, created("y.dll")
	v, _ := run(t, m, s, dropped(`DeviceFileEvents | where FileName == "z.dll"`))
	require.Equal(t, harness.Missed, v.Reason)
	require.Equal(t, `FileName = "y.dll"`, v.Nearest.Saw)

	m, s = dropping(), drop()
	m.effects[harness.Attack] = nil
	v, _ = run(t, m, s, dropped(`DeviceFileEvents | where FileName == "z.dll"`))
	require.Equal(t, harness.Missed, v.Reason)
	require.Nil(t, v.Nearest)
}
