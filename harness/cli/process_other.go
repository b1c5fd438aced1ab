//go:build !unix

package cli

import "os"

// running reports whether a process is there; elsewhere than on Unix it cannot be found if it is not.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return p.Release() == nil
}
