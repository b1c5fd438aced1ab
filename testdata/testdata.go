// Package testdata holds recorded runs, for tests: README.md says where each comes from and how to record it again.
package testdata

import "embed"

// Recordings are the recorded runs, one folder each, with the verdict it must lead to beside it.
//
//go:embed recordings
var Recordings embed.FS
