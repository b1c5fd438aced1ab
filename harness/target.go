package harness

import (
	"context"
	"time"
)

// Target is a machine on which tests run: a lab VM behind WinRM, or the embedded lab behind the same protocol.
// A Target is used by one worker at a time.
type Target interface {
	// Name is how the inventory calls the machine.
	Name() string
	// Inspect reads what the machine says of itself. It changes nothing.
	Inspect(ctx context.Context) (HostFacts, error)
	// Execute runs one command to its end, in a working directory below %TEMP% that carries its phase.
	// A command that fails is an Execution with an exit status; an error means that it is not known what happened.
	Execute(ctx context.Context, c Command) (Execution, error)
	// Bookmark notes the newest record of each channel, so that Collect can return what came after.
	Bookmark(ctx context.Context, channels []string) ([]Bookmark, error)
	// Collect returns every event after the bookmarks, one Batch per bookmark, in record-id order.
	Collect(ctx context.Context, after []Bookmark) ([]Batch, error)
	// Sweep removes a working directory (relative to %TEMP%, as in Command.Dir) and everything below it.
	Sweep(ctx context.Context, dir string) error
	// Close ends the sessions with the machine. It leaves nothing running there.
	Close(ctx context.Context) error
}

// Phase says why something happened on a host.
type Phase string

// The phases of a scenario. Every process, event and alert belongs to exactly one of them.
const (
	// Prerequisite is the checking and providing of what a test depends on.
	Prerequisite Phase = "prerequisite"
	// Attack is the test itself.
	Attack Phase = "attack"
	// Cleanup is the undoing of what the test did.
	Cleanup Phase = "cleanup"
	// Harness is geiger's own activity: sessions, launchers, collection.
	Harness Phase = "harness"
	// Background is everything that would have happened without geiger.
	Background Phase = "background"
)

// Command is a program to run on a Target.
type Command struct {
	Phase     Phase
	File      string // program, resolved by the host as CreateProcess does
	Arguments string // the command line after the program, verbatim
	Dir       string // working directory relative to %TEMP%, created when missing; see WorkDir
	Timeout   time.Duration
}

// Execution is one run of a command on a host. Times are the host's clock, in UTC.
type Execution struct {
	Phase      Phase     `json:"phase"`
	File       string    `json:"file"`
	Arguments  string    `json:"arguments"`
	Dir        string    `json:"dir"`
	ProcessID  uint32    `json:"processId"`
	LauncherID uint32    `json:"launcherProcessId"` // the geiger process that started it
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	ExitCode   int       `json:"exitCode"`
	TimedOut   bool      `json:"timedOut,omitempty"`
	Stdout     string    `json:"stdout"`
	Stderr     string    `json:"stderr"`
}

// HostFacts is what a host says of itself. Empty strings mean that the host does not have the thing.
type HostFacts struct {
	Name               string        `json:"name"`
	Simulated          bool          `json:"simulated"`
	Product            string        `json:"product"` // WS-Management Identify: vendor and version
	OS                 string        `json:"os"`
	Build              string        `json:"build"`
	User               string        `json:"user"`
	Elevated           bool          `json:"elevated"`
	PowerShell         string        `json:"powershell"`
	Bits               int           `json:"bits"`
	LanguageMode       string        `json:"languageMode"`
	Temp               string        `json:"temp"`
	IIS                string        `json:"iis"`   // version, "10.0"
	W3SVC              string        `json:"w3svc"` // service status
	WebAdministration  bool          `json:"webAdministration"`
	Sysmon             string        `json:"sysmon"` // service status
	SysmonVersion      string        `json:"sysmonVersion"`
	SysmonConfigHash   string        `json:"sysmonConfigHash"`
	ScriptBlockLogging bool          `json:"scriptBlockLogging"`
	ClockSkew          time.Duration `json:"clockSkewNanoseconds"` // host clock minus ours
	ProcessID          uint32        `json:"processId"`            // of the inspecting process
}

// ChannelState says whether a channel can carry events.
type ChannelState string

// The states of a channel.
const (
	ChannelEnabled  ChannelState = "enabled"
	ChannelDisabled ChannelState = "disabled"
	ChannelMissing  ChannelState = "missing"
	ChannelDenied   ChannelState = "denied"
)

// Bookmark is the newest record of a channel at a moment. Record ids never restart when a log is cleared.
type Bookmark struct {
	Channel      string       `json:"channel"`
	State        ChannelState `json:"state"`
	After        uint64       `json:"after"` // EventRecordID
	Mode         string       `json:"mode,omitempty"`
	MaximumBytes int64        `json:"maximumBytes,omitempty"`
}

// Batch is what a channel recorded after a bookmark.
type Batch struct {
	Channel string
	State   ChannelState
	Oldest  uint64   // oldest record that the log still holds; above Bookmark.After+1 events were lost
	Last    uint64   // newest record; below Bookmark.After the log was replaced
	Events  []string // rendered event XML, in record-id order
	Process uint32   // the collecting process on the host
}
