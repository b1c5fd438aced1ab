package scenarios_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/scenarios/spec"
)

func TestScenarios(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Scenarios")
}

const rule = "Malicious IIS components"

var _ = Describe("on the embedded lab", Ordered, func() {
	var lab *spec.Lab

	BeforeAll(func(ctx SpecContext) {
		var err error
		lab, err = spec.StartLab(ctx)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(lab.Close)
	})

	It("passes every scenario that comes with geiger", func(ctx SpecContext) {
		for _, name := range lab.Scenarios() {
			v, err := lab.Run(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			Expect(v).To(spec.Pass(), name)
			Expect(v.Simulated).To(BeTrue())
		}
	})

	It("raises one row for a DLL in the IIS directory, caused by the attack", func(ctx SpecContext) {
		v, err := lab.Run(ctx, "write-dll")
		Expect(err).NotTo(HaveOccurred())
		Expect(v).To(spec.Fire(rule).InPhase(harness.Attack).
			WithRow("DetectionType", "IIS_DLL_Write").WithRow("FolderPath", HaveSuffix(`\inetsrv\df00tech-test.dll`)))
		Expect(v).NotTo(spec.Fire(rule).InPhase(harness.Cleanup))
	})

	DescribeTable("stays quiet, and says that nothing in scope sees it",
		func(ctx SpecContext, name string) {
			v, err := lab.Run(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			Expect(v).To(spec.StayQuiet())
			Expect(v.Notes).To(ContainElement(ContainSubstring("coverage gap")))
		},
		Entry("listing modules", "list-modules"),
		Entry("reading applicationHost.config", "read-config"),
	)
})
