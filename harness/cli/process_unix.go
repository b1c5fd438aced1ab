//go:build unix

package cli

import (
	"errors"
	"os"
	"syscall"
)

// running reports whether a process is there, which is what signal 0 asks.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
