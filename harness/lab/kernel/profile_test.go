package kernel_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/testdata"
)

// TestStartsResembleRecordedOnes compares what processes load with what more
// than half of the recorded processes of that image loaded: the Jaccard index
// must reach that of one recorded host against the others. The profiles were made
// from these recordings, so this guards the code that follows them.
func TestStartsResembleRecordedOnes(t *testing.T) {
	text, err := os.ReadFile(testdata.Shared(t, "telemetry/process_profiles.json"))
	require.NoError(t, err)
	var recorded map[string]struct {
		Loads [][]any `json:"image_loads"`
	}
	require.NoError(t, json.Unmarshal(text, &recorded))
	for image, ceiling := range map[string]float64{
		"powershell.exe": 0.743, "wsmprovhost.exe": 0.95, "cmd.exe": 0.667, "conhost.exe": 0.85, "whoami.exe": 0.9,
	} {
		usual := map[string]bool{}
		for _, l := range recorded[image].Loads {
			name, _ := l[0].(string)
			if share, _ := l[1].(float64); share > 0.5 {
				usual[name] = true
			}
		}
		const starts = 10
		sum := 0.0
		m := boot(t)
		for range starts {
			sum += jaccard(usual, loadedBy(t, m, image))
		}
		require.GreaterOrEqual(t, sum/starts, ceiling, image)
	}
}

func loadedBy(t *testing.T, m machine, image string) map[string]bool {
	t.Helper()
	loaded := map[string]bool{}
	var p *kernel.Process
	seen := m.since(func() {
		var err error
		p, err = m.StartResident(t.Context(), m.shell, kernel.Spec{Image: image})
		require.NoError(t, err)
	})
	for _, a := range seen {
		if l, ok := a.(kernel.ImageLoaded); ok && l.Process == p {
			loaded[host.Fold(l.File.Name())] = true
		}
	}
	m.Terminate(p, 0)
	return loaded
}

func jaccard(a, b map[string]bool) float64 {
	both := 0
	for name := range a {
		if b[name] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
