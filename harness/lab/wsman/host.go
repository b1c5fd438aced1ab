package wsman

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Host opens remote shells. It is the machine behind the server.
type Host interface {
	// OpenShell opens a shell for an authenticated user. The context ends when the server closes, not
	// when the request does, because a shell outlives the request that created it. An error of type
	// [*HostError] reaches the client as a fault with that code.
	OpenShell(ctx context.Context, spec ShellSpec) (Shell, error)
}

// Shell is one remote shell: on Windows, a winrshost.exe process.
type Shell interface {
	// Start starts a command and returns without waiting for it. The process owns the streams until
	// its Wait returns. The context ends when the command is released.
	Start(ctx context.Context, spec CommandSpec, stdin io.Reader, stdout, stderr io.Writer) (Process, error)
	// Close ends the shell. The server has terminated its commands before.
	Close() error
}

// Process is one command that a shell runs.
type Process interface {
	// Wait returns the exit status once the process has ended and has written its last byte. It is called
	// once, and must return soon after Terminate.
	Wait() (exit int)
	// Terminate ends the process. It may be called at any time, more than once, and does not wait.
	Terminate()
}

// ShellSpec is what a client asks for when it creates a shell (MS-WSMV 2.2.4.37, Shell).
type ShellSpec struct {
	ID            string        // ShellId: an upper-case GUID
	User          string        // account name without domain, as the host's administrator wrote it
	ClientAddress string        // IP address of the client
	Dir           string        // WorkingDirectory; empty: the user's profile folder
	Env           []Variable    // Environment, in the client's order
	Codepage      int           // WINRS_CODEPAGE; 0: not given
	NoProfile     bool          // WINRS_NOPROFILE
	IdleTimeout   time.Duration // the shell expires after this time without a request
}

// Variable is an environment variable.
type Variable struct{ Name, Value string }

// CommandSpec is what a client asks a shell to run (MS-WSMV 2.2.4.7, CommandLine).
type CommandSpec struct {
	ID           string   // CommandId, as the client wrote it if it chose one
	Command      string   // rsp:Command
	Arguments    []string // rsp:Arguments, each verbatim; the command line joins them with single spaces
	SkipCmdShell bool     // WINRS_SKIP_CMD_SHELL: start the program directly instead of by cmd.exe /C
	ConsoleStdin bool     // WINRS_CONSOLEMODE_STDIN: stdin is a console, which has no end of file
}

// Line returns the command line: the command and its arguments, joined with single spaces.
func (c CommandSpec) Line() string {
	return strings.Join(append([]string{c.Command}, c.Arguments...), " ")
}

// HostError is a failure of the host with the Windows code and text that a client is to see, for example
// 0x80070002, "The system cannot find the file specified. ".
type HostError struct {
	Code uint32 // HRESULT or Win32 error
	Text string // the system's message for it
}

// Error implements error.
func (e *HostError) Error() string { return fmt.Sprintf("%s (0x%08X)", e.Text, e.Code) }
