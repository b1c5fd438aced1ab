package kernel

import (
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// An Activity is something that happened on the machine. The types of this file
// are all there are.
type Activity interface {
	// When is the time at which it happened, on the machine's clock.
	When() time.Time
	// Actor is the process that did it; nil when it was no process.
	Actor() *Process
}

// By is what all Activities have in common.
type By struct {
	Time    time.Time
	Process *Process
}

// When is the time at which it happened.
func (b By) When() time.Time { return b.Time }

// Actor is the process that did it.
func (b By) Actor() *Process { return b.Process }

type (
	// ProcessCreated is the start of By.Process.
	ProcessCreated struct {
		By
		File      host.File // of the image
		Directory string    // current directory at the start
	}
	// ProcessExited is the end of By.Process.
	ProcessExited struct {
		By
		Code int
	}
	// ImageLoaded is the mapping of an executable image into a process.
	ImageLoaded struct {
		By
		File host.File
	}
	// FileCreated is a file that was made, or replaced from its beginning; its
	// creation time is File.Created.
	FileCreated struct {
		By
		File host.File
		New  bool // false when an existing file was overwritten
	}
	// FileWritten is data that reached a file.
	FileWritten struct {
		By
		File host.File
	}
	// FileRead is data that was read from a file.
	FileRead struct {
		By
		File host.File
	}
	// FileDeleted is the end of a file, as it was before.
	FileDeleted struct {
		By
		File host.File
	}
	// FileRenamed is a file under its new name.
	FileRenamed struct {
		By
		File host.File
		From string
	}
	// FileTimeChanged is a file whose creation time was set.
	FileTimeChanged struct {
		By
		File     host.File
		Previous time.Time
	}
	// RegistryKeyCreated is a new key.
	RegistryKeyCreated struct {
		By
		Key string
	}
	// RegistryKeyDeleted is a key that is gone.
	RegistryKeyDeleted struct {
		By
		Key string
	}
	// RegistryValueSet is a value that was written.
	RegistryValueSet struct {
		By
		Key   string
		Value host.Value
	}
	// RegistryValueDeleted is a value that is gone.
	RegistryValueDeleted struct {
		By
		Key, Name string
	}
	// PipeCreated is the first instance of a named pipe.
	PipeCreated struct {
		By
		Name string // `\PSHost...`
	}
	// PipeConnected is a client of a named pipe.
	PipeConnected struct {
		By
		Name string
	}
	// LoggedOn is a new logon session. By.Process is the process that asked for
	// it.
	LoggedOn struct {
		By
		Token   *host.Token
		Type    LogonType
		Source  string // client address, "" when local
		Package string // "NTLM", "Negotiate", "Basic" is seen as "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"
	}
	// LogonFailed is a logon that was refused. By.Process is the process that
	// asked for it.
	LogonFailed struct {
		By
		Attempt

		Status, SubStatus uint32 // NTSTATUS
	}
	// LoggedOff is the end of a logon session.
	LoggedOff struct {
		By
		Token *host.Token
		Type  LogonType
	}
	// AuditPolicyChanged is a change of one subcategory of the security audit.
	AuditPolicyChanged struct {
		By
		Subcategory host.AuditSubcategory // as it is now
		Previous    host.AuditSetting
	}
	// UserChanged is a change of a local user, as it is now or was last.
	UserChanged struct {
		By
		Change UserChange
		User   host.User
	}
	// GroupChanged is a change of a local group; Member is the user who was added
	// or removed.
	GroupChanged struct {
		By
		Change GroupChange
		Group  host.Group
		Member host.User
	}
	// ShellOpened is a remote shell that the WinRM service opened.
	ShellOpened struct {
		By
		Token       *host.Token
		ResourceURI string
		ShellID     string
	}
	// ScriptBlock is the first compilation of a piece of PowerShell.
	ScriptBlock struct {
		By
		ID   host.GUID
		Text string
		Path string // of the script file, "" otherwise
	}
	// ConfigurationCommitted is one change of the IIS configuration that was
	// written.
	ConfigurationCommitted struct {
		By
		PhysicalPath string // `\\?\C:\Windows\system32\inetsrv\config\applicationHost.config`
		ConfigPath   string // MACHINE/WEBROOT/APPHOST
		Location     string
		Section      string // /system.webServer/globalModules/add[@name='x']
		Operation    string // add, delete, set
		OldValue     string
		NewValue     string
		Last         bool // of the changes that were committed together
	}
	// EventLogged is a record that a program writes itself, such as the IIS
	// worker process into the Application log.
	EventLogged struct {
		By
		Channel, Provider string
		EventID, Level    int
		Data              []Field
	}
	// Unsupported says that the simulation, not the machine, could not do
	// something.
	Unsupported struct {
		By
		Kind   string // "command", "parameter", "program", ...
		Name   string
		Detail string
	}
)

// A Field is a named text of an event.
type Field struct{ Name, Value string }

// UserChange is what happened to a user.
type UserChange int

// The changes of users.
const (
	UserCreated UserChange = iota
	UserEnabled
	UserDisabled
	UserAltered
	PasswordReset
	UserDeleted
)

// String is the name of the change.
func (c UserChange) String() string {
	return [...]string{"created", "enabled", "disabled", "altered", "password reset", "deleted"}[c]
}

// GroupChange is what happened to a group.
type GroupChange int

// The changes of groups.
const (
	GroupCreated GroupChange = iota
	GroupDeleted
	MemberAdded
	MemberRemoved
)

// String is the name of the change.
func (c GroupChange) String() string {
	return [...]string{"created", "deleted", "member added", "member removed"}[c]
}

// An Attempt is what a client gave when it tried to log on.
type Attempt struct {
	User, Domain string // as the client wrote them
	Workstation  string // as the client calls itself, "" when it does not
	Source, Port string // address of the client, "" when local
	Package      string // "NTLM", "Negotiate"
	Type         LogonType
}

// LogonType is the type of a logon session, as event 4624 numbers it.
type LogonType int

// The logon types that the machine knows.
const (
	LogonInteractive LogonType = 2
	LogonNetwork     LogonType = 3
	LogonBatch       LogonType = 4
	LogonService     LogonType = 5
	LogonCleartext   LogonType = 8 // over the network, with the password itself
)
