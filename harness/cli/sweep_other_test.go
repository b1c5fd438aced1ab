//go:build !unix

package cli_test

import "github.com/seed-67b27da2/geiger/harness"

// dieAfter needs signals; the test that kills geiger is for Unix.
func dieAfter(string) func(harness.Journal) harness.Journal { return nil }
