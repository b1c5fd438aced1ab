package winrm

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Fault is a SOAP fault: the host understood who asks and refused the request.
type Fault struct {
	// Code is the WSManFault code ([MS-WSMV] 2.2.4.43), 0 when the fault has none.
	Code uint32
	// Role is "Sender" or "Receiver": whose mistake the host thinks it is.
	Role string
	// Subcode is the local name of the SOAP subcode, such as "TimedOut".
	Subcode string
	// Text is the host's own message.
	Text string
}

// Error gives the host's message and the codes to look it up by.
func (f *Fault) Error() string {
	text := strings.TrimRight(strings.Join(strings.Fields(f.Text), " "), ".")
	if text == "" {
		text = "no message"
	}
	return fmt.Sprintf("%s (%s, code %d)", text, f.Subcode, f.Code)
}

// UnreachableError says that no connection to the host could be made or kept.
type UnreachableError struct {
	Address string
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("cannot reach %s: %v: check the address and the firewall, and run `winrm quickconfig` on the host", e.Address, e.Err)
}

// Unwrap returns the network error.
func (e *UnreachableError) Unwrap() error { return e.Err }

// CertificateError says that the host's certificate is not the expected one.
type CertificateError struct {
	Address string
	// Fingerprint is the SHA-256 of the certificate that the host presented.
	Fingerprint string
	Err         error
}

func (e *CertificateError) Error() string {
	return fmt.Sprintf("certificate of %s is not trusted: %v: give the CA that signed it, or pin it if it is the host's own (sha256 %s)",
		e.Address, e.Err, e.Fingerprint)
}

// Unwrap returns the reason.
func (e *CertificateError) Unwrap() error { return e.Err }

// AuthenticationError says that the host did not accept who asks.
type AuthenticationError struct {
	Address string
	User    string
	Reason  string
	// Offered lists the schemes that the host accepts, as it names them.
	Offered []string
	// Err is the fault or message that says so, when there is one.
	Err error
}

func (e *AuthenticationError) Error() string {
	text := fmt.Sprintf("%s does not let %s in: %s", e.Address, e.User, e.Reason)
	if len(e.Offered) > 0 {
		text += " (the host offers " + strings.Join(e.Offered, ", ") + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause, when there is one.
func (e *AuthenticationError) Unwrap() error { return e.Err }

// QuotaError says that the host allows no more shells, commands or users.
type QuotaError struct{ *Fault }

func (e *QuotaError) Error() string {
	return "host has no capacity left: " + e.Fault.Error() +
		": wait until other sessions end, or raise the quota (winrm get winrm/config/winrs)"
}

// Unwrap returns the fault.
func (e *QuotaError) Unwrap() error { return e.Fault }

// ShellGoneError says that the remote shell vanished while a command ran in it, so
// that the command's fate is unknown.
type ShellGoneError struct{ *Fault }

func (e *ShellGoneError) Error() string {
	return "remote shell is gone: " + e.Fault.Error() +
		": the host was restarted, or the winrm service; check the host's state before the next run"
}

// Unwrap returns the fault.
func (e *ShellGoneError) Unwrap() error { return e.Fault }

// TimeoutError says that the host did not answer in time.
type TimeoutError struct {
	Operation string
	After     time.Duration
	// Fault is the host's own message where it, and not the client, gave up.
	Fault *Fault
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("no answer to %s within %s: the host is stalled or overloaded; try again, or raise the operation timeout",
		e.Operation, e.After)
}

// Timeout marks the error as a time-out, as net.Error has it.
func (*TimeoutError) Timeout() bool { return true }

// Unwrap returns the fault, when there is one.
func (e *TimeoutError) Unwrap() error {
	if e.Fault == nil {
		return nil
	}
	return e.Fault
}

// InterruptedError says that the connection was lost while the host worked on a
// request that cannot be repeated safely.
type InterruptedError struct {
	Operation string
	Err       error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("connection lost during %s: %v: it is not known whether the host carried it out", e.Operation, e.Err)
}

// Unwrap returns the network error.
func (e *InterruptedError) Unwrap() error { return e.Err }

// ProtocolError says that the host answered with something that is not WS-Management,
// or refused a request for a reason that retrying does not cure.
type ProtocolError struct {
	What string
	// Err is a *[Fault] or the parser's error; nil when What says it all.
	Err error
}

func (e *ProtocolError) Error() string {
	if e.Err == nil {
		return e.What
	}
	return e.What + ": " + e.Err.Error()
}

// Unwrap returns the cause, when there is one.
func (e *ProtocolError) Unwrap() error { return e.Err }

// Codes of WSManFault that need more than being passed on; the names are those of
// the Windows SDK (wsmerror.h, winerror.h).
const (
	faultAccessDenied      = 5          // ERROR_ACCESS_DENIED
	faultBusy              = 170        // ERROR_BUSY
	faultAborted           = 995        // ERROR_OPERATION_ABORTED
	faultTimeout           = 2150858793 // ERROR_WSMAN_OPERATION_TIMEDOUT
	faultShellNotFound     = 2150858843 // ERROR_WSMAN_UNEXPECTED_SELECTORS
	faultQuotaLimit        = 2150858815 // ERROR_WSMAN_QUOTA_LIMIT
	faultQuotaShells       = 2150859173 // ERROR_WSMAN_QUOTA_MAX_SHELLS
	faultQuotaSystem       = 2150859176 // ERROR_WSMAN_QUOTA_SYSTEM; operations and users lie between
	faultQuotaUsers        = 2150859179 // ERROR_WSMAN_QUOTA_MAX_SHELLUSERS
	faultPluginQuotaShells = 2150859236 // ERROR_WSMAN_QUOTA_MAX_SHELLS_PPQ, the first of the plug-in's quotas
	faultQuotaCommands     = 2150859241 // ERROR_WSMAN_QUOTA_MAX_COMMANDS_PER_SHELL_PPQ, the last of them
)

// classify turns a fault into the error type that says what to do about it.
func (c Config) classify(operation string, f *Fault) error {
	switch f.Code {
	case faultAccessDenied:
		return &AuthenticationError{
			Address: c.address(), User: c.User, Err: f,
			Reason: "the account may not use winrm: add it to Administrators or Remote Management Users, " +
				"and set LocalAccountTokenFilterPolicy for a local account",
		}
	case faultTimeout:
		return &TimeoutError{Operation: operation, After: c.OperationTimeout, Fault: f}
	case faultShellNotFound, faultAborted:
		return &ShellGoneError{f}
	}
	if f.isQuota() {
		return &QuotaError{f}
	}
	return &ProtocolError{What: "host refused " + operation, Err: f}
}

// isQuota reports whether the host refuses because there is already too much of
// something, which passes.
func (f *Fault) isQuota() bool {
	switch {
	case f.Subcode == "QuotaLimit", f.Code == faultQuotaLimit, f.Code == faultQuotaUsers:
		return true
	case f.Code >= faultQuotaShells && f.Code <= faultQuotaSystem:
		return true
	}
	return f.Code >= faultPluginQuotaShells && f.Code <= faultQuotaCommands
}

// isFault reports whether err is a fault with code.
func isFault(err error, code uint32) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Code == code
}

// fingerprint is the SHA-256 of a certificate in the form that Config takes.
func fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}
