// Package scenarios holds the scenarios that come with geiger: the YAML files beside this one, and the Ginkgo suite
// that runs them through the library (scenarios_test.go). The format of the files is that of package scenario; package
// spec has a lab and Gomega matchers for suites of your own.
package scenarios

import "embed"

// Files are the scenario files.
//
//go:embed *.yaml
var Files embed.FS
