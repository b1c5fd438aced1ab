package scenarios_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/embedded"
	"github.com/seed-67b27da2/geiger/harness/scenario"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
	"github.com/seed-67b27da2/geiger/scenarios"
	"github.com/seed-67b27da2/geiger/testdata"
)

var update = flag.Bool("update", false, "record the runs in testdata again, and write their verdicts anew")

// recorded are the scenarios of which testdata keeps a run.
var recorded = []string{"control-noop", "list-modules", "read-config", "write-dll"}

const recordings = "../testdata/recordings"

var _ = Describe("a recorded run", func() {
	for _, name := range recorded {
		It("leads to the same verdict for ever: "+name, func(ctx SpecContext) {
			dir := "lab-" + name
			if *update {
				record(ctx, name, filepath.Join(recordings, dir))
			}
			verdict := judge(ctx, filepath.Join(recordings, dir))
			text, err := json.MarshalIndent(verdict, "", "  ")
			Expect(err).NotTo(HaveOccurred())
			golden := filepath.Join(recordings, dir+".verdict.json")
			if *update {
				Expect(os.WriteFile(golden, append(text, '\n'), 0o600)).To(Succeed())
			}
			want, err := os.ReadFile(golden)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text) + "\n").To(Equal(string(want)))
		})
	}

	It("is embedded for tests elsewhere, whole", func() {
		entries, err := fs.ReadDir(testdata.Recordings, "recordings")
		Expect(err).NotTo(HaveOccurred())
		runs := 0
		for _, e := range entries {
			if !e.IsDir() {
				continue
			}
			runs++
			files, err := fs.Sub(testdata.Recordings, "recordings/"+e.Name())
			Expect(err).NotTo(HaveOccurred())
			r, err := telemetry.Read(files)
			Expect(err).NotTo(HaveOccurred())
			Expect(r.Manifest.Simulated).To(Equal(strings.HasPrefix(e.Name(), "lab-")))
		}
		Expect(runs).To(Equal(len(recorded)))
	})
})

func theScenario(name string) *harness.Scenario {
	GinkgoHelper()
	techniques, err := atomics.Bundled()
	Expect(err).NotTo(HaveOccurred())
	text, err := fs.ReadFile(scenarios.Files, name+".yaml")
	Expect(err).NotTo(HaveOccurred())
	s, err := scenario.Parse(name+".yaml", text, scenario.Library{Techniques: techniques})
	Expect(err).NotTo(HaveOccurred())
	return s
}

// record runs a scenario on a new lab and keeps the run.
func record(ctx context.Context, name, dir string) {
	GinkgoHelper()
	lab, err := embedded.Start(ctx, 1, rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	defer lab.Close() //nolint:errcheck // the recording is what matters
	s := theScenario(name)
	r := &harness.Runner{Clock: lab.Clock, Run: func() string { return "recorded" }}
	e, err := r.Observe(ctx, lab.Target, s)
	Expect(err).NotTo(HaveOccurred())
	recording, err := e.Recording(s, "testdata")
	Expect(err).NotTo(HaveOccurred())
	Expect(os.RemoveAll(dir)).To(Succeed())
	Expect(os.MkdirAll(filepath.Join(dir, "events"), 0o750)).To(Succeed())
	Expect(recording.Write(func(file string, content []byte) error {
		return os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), content, 0o600)
	})).To(Succeed())
}

func judge(ctx context.Context, dir string) harness.Verdict {
	GinkgoHelper()
	recording, err := telemetry.Read(os.DirFS(dir))
	Expect(err).NotTo(HaveOccurred())
	e, _, err := harness.ReadEvidence(recording)
	Expect(err).NotTo(HaveOccurred())
	rules, err := detection.Bundled()
	Expect(err).NotTo(HaveOccurred())
	v, err := harness.Judge(ctx, theScenario(e.Scenario), e, rules)
	Expect(err).NotTo(HaveOccurred())
	return v
}
