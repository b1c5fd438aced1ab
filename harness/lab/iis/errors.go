package iis

import (
	"errors"
	"fmt"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// The results of the configuration system, as HRESULTs.
const (
	resultDenied    uint32 = 0x80070005
	resultInvalid   uint32 = 0x8007000d
	resultParameter uint32 = 0x80070057
	resultDuplicate uint32 = 0x800700b7
	resultNotFound  uint32 = 0x80070490
	resultBusy      uint32 = 0x80070021
)

// Error is a refusal of the configuration system, in its own words.
type Error struct {
	HRESULT uint32
	File    string // set when the file is what is wrong
	Message string
}

// Error is the text that tools show.
func (e *Error) Error() string {
	if e.File == "" {
		return e.Message
	}
	return fmt.Sprintf("Filename: %s\r\nError: %s", e.File, e.Message)
}

// IsDuplicate reports whether err says that an entry with that key exists.
func IsDuplicate(err error) bool { return hasResult(err, resultDuplicate) }

// IsNotFound reports whether err says that there is no such entry or section.
func IsNotFound(err error) bool { return hasResult(err, resultNotFound) }

// IsDenied reports whether err says that the process lacks permission.
func IsDenied(err error) bool { return hasResult(err, resultDenied) }

func hasResult(err error, want uint32) bool {
	var e *Error
	return errors.As(err, &e) && e.HRESULT == want
}

// fileError turns a failed access to a configuration file into the error of the
// configuration system.
func fileError(path string, err error, action string) error {
	if code, ok := kernel.CodeOf(err); ok && code == kernel.AccessDenied {
		return &Error{HRESULT: resultDenied, File: `\\?\` + path, Message: "Cannot " + action + " configuration file due to insufficient permissions"}
	}
	if kernel.IsNotFound(err) {
		return &Error{HRESULT: 0x80070003, File: `\\?\` + path, Message: "Cannot " + action + " configuration file"}
	}
	return fmt.Errorf("%s %s: %w", action, path, err)
}
