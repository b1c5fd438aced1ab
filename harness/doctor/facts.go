package doctor

import (
	"crypto/x509"
	"time"
)

// Facts are all that is known about a machine. A nil part was not reached.
type Facts struct {
	// Computer is what the inventory says that the machine calls itself; "" is anything.
	Computer string
	// User is whom the inventory logs on as.
	User       string
	Connection Connection
	// Logon is why no session could be had, nil if there is one or none was tried.
	Logon error
	// LogonKind says whose fault Logon is.
	LogonKind LogonKind
	Host      *Host
}

// LogonKind says at what a session failed.
type LogonKind string

// The kinds of failure.
const (
	// LogonNone: nothing failed, or nothing was tried.
	LogonNone LogonKind = ""
	// LogonRefused: the machine does not accept who asks.
	LogonRefused LogonKind = "refused"
	// LogonDenied: it knows who asks, and does not let them use WinRM.
	LogonDenied LogonKind = "denied"
	// LogonQuota: it has no shell left.
	LogonQuota LogonKind = "quota"
	// LogonFailed: anything else.
	LogonFailed LogonKind = "failed"
)

// Connection is what can be seen of a machine without logging on.
type Connection struct {
	Address string // host:port
	HTTPS   bool
	// Dial is why no connection could be made.
	Dial error
	// TLS is why no TLS connection could be made whatever the certificate is.
	TLS error
	// Certificate is the host's, nil without HTTPS.
	Certificate *x509.Certificate
	// Distrust is why the certificate is not accepted as configured.
	Distrust error
	// Insecure: the inventory asks for any certificate to be accepted.
	Insecure bool
	// Scheme is the authentication that will be asked for, as the host names it; Offered are those that it accepts.
	Scheme  string
	Offered []string
	// Offer is why the offered schemes are not known.
	Offer error
}

// Host is what a machine says of itself, as survey.ps1 writes it. A nil part could not be read; Unread says why.
type Host struct {
	Identity            *Identity         `json:"identity"`
	TokenFilter         *TokenFilter      `json:"tokenFilter"`
	Shell               *Shell            `json:"shell"`
	Quotas              *Quotas           `json:"quotas"`
	IIS                 *IIS              `json:"iis"`
	Sysmon              *Sysmon           `json:"sysmon"`
	SysmonConfiguration *Configuration    `json:"sysmonConfiguration"`
	Audit               map[string]string `json:"audit"` // setting by GUID of the subcategory, as auditpol shows it
	ScriptBlockLogging  *Policy           `json:"scriptBlockLogging"`
	Channels            []Channel         `json:"channels"`
	Disk                *Disk             `json:"disk"`
	Defender            *Defender         `json:"defender"`
	Unread              map[string]string `json:"unread"` // reason by name of the part
	UTC                 string            `json:"utc"`
	// Skew is the machine's clock minus ours.
	Skew time.Duration `json:"-"`
	// Simulated: the machine calls itself a simulation.
	Simulated bool `json:"-"`
}

// Identity is who the machine is, and whom it takes the caller for.
type Identity struct {
	Name     string `json:"name"`
	User     string `json:"user"`
	SID      string `json:"sid"`
	Elevated bool   `json:"elevated"`
}

// TokenFilter is what UAC does to local administrators who log on over the network.
type TokenFilter struct {
	Off bool `json:"off"` // LocalAccountTokenFilterPolicy is 1
}

// Policy is a policy that is on or off. Value is what the registry says, nil if it says nothing.
type Policy struct {
	On    bool   `json:"on"`
	Value *int64 `json:"value"`
}

// Shell is the PowerShell that scripts run in.
type Shell struct {
	Bits         int    `json:"bits"`
	PowerShell   string `json:"powershell"`
	LanguageMode string `json:"languageMode"`
}

// Quotas are those of WinRM's shells (WSMan:\localhost\Shell) and, last, of its service.
type Quotas struct {
	ShellsPerUser     int64 `json:"MaxShellsPerUser"`
	MemoryMB          int64 `json:"MaxMemoryPerShellMB"`
	ProcessesPerShell int64 `json:"MaxProcessesPerShell"`
	ConcurrentUsers   int64 `json:"MaxConcurrentUsers"`
	OperationsPerUser int64 `json:"MaxConcurrentOperationsPerUser"`
}

// IIS is the web server; Version is "" without one.
type IIS struct {
	Version           string `json:"version"`
	W3SVC             string `json:"w3svc"`
	WebAdministration bool   `json:"webAdministration"`
}

// Sysmon is the service; Service is its status, "" without one. Schema is the newest that it knows, "" if its log no longer
// says.
type Sysmon struct {
	Service    string `json:"service"`
	Name       string `json:"name"`
	Version    string `json:"version"`
	Schema     string `json:"schema"`
	Program    string `json:"program"`
	ConfigFile string `json:"configFile"`
	ConfigHash string `json:"configHash"`
}

// Configuration is that of Sysmon: the file that it was read from, if that has not changed since, or what
// `sysmon -c` prints.
type Configuration struct {
	File []byte `json:"file"`
	Dump string `json:"dump"`
}

// Channel is an event channel; sizes are in bytes.
type Channel struct {
	Name    string `json:"name"`
	State   string `json:"state"` // of harness.ChannelState
	Mode    string `json:"mode"`
	Maximum int64  `json:"maximum"`
	Size    int64  `json:"size"`
}

// Disk is the system drive; Free is in bytes.
type Disk struct {
	Drive string `json:"drive"`
	Free  int64  `json:"free"`
}

// Defender is the antivirus; Service is its status, "" without one.
type Defender struct {
	Service    string   `json:"service"`
	RealTime   bool     `json:"realTime"`
	Exclusions []string `json:"exclusions"`
}
