package spec_test

import (
	"context"
	"fmt"

	"github.com/onsi/gomega"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/scenarios/spec"
)

// A spec of your own: start the lab, run a scenario, say what must have come of it.
func Example() {
	expect := gomega.NewGomega(func(message string, _ ...int) { fmt.Println(message) }).Expect
	lab, err := spec.StartLab(context.Background())
	expect(err).NotTo(gomega.HaveOccurred())
	defer lab.Close() //nolint:errcheck // the example ends here

	v, err := lab.Run(context.Background(), "write-dll")
	expect(err).NotTo(gomega.HaveOccurred())
	expect(v).To(spec.Pass())
	expect(v).To(spec.Fire("Malicious IIS components").InPhase(harness.Attack).WithRow("FileName", gomega.HaveSuffix(".dll")))
	fmt.Println(v.Outcome, len(v.Alerts))
	// Output: pass 1
}
