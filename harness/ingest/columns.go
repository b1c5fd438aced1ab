package ingest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

type filler = func(*row) value.Value

// column is one line of the column map. A column without a filler is one that no source can fill.
type column struct {
	name, source string
	fill         filler
}

// tableMap is the column map. Sysmon event ids stand for Microsoft-Windows-Sysmon/Operational.
var tableMap = []table{
	{"DeviceProcessEvents", processRow, slices.Concat(envelope, processColumns, initiating)},
	{"DeviceFileEvents", fileRow, slices.Concat(envelope, fileColumns, initiating)},
	{"DeviceRegistryEvents", registryRow, slices.Concat(envelope, registryColumns, initiating)},
	{"DeviceImageLoadEvents", imageRow, slices.Concat(envelope, imageColumns, initiating)},
}

// envelope is what all tables have in common.
var envelope = []column{
	{"Timestamp", "UtcTime", func(r *row) value.Value { return at(r.event.Time()) }},
	{"TimeGenerated", "UtcTime", func(r *row) value.Value { return at(r.event.Time()) }},
	{"DeviceId", "SHA-1 of Computer: stable, but not the id that Defender assigned", func(r *row) value.Value { return value.NewString(deviceID(r.event.Computer)) }},
	{"DeviceName", "Computer, lower case", func(r *row) value.Value { return value.NewString(strings.ToLower(r.event.Computer)) }},
	{"ActionType", "event id and type", func(r *row) value.Value { return value.NewString(r.action) }},
	{"ReportId", "EventRecordID", func(r *row) value.Value { return value.NewLong(int64(r.event.RecordID)) }},
	{"Type", "table name", func(r *row) value.Value { return value.NewString(r.table) }},
	{"TenantId", "", nil},
	{"SourceSystem", "", nil},
	{"MachineGroup", "", nil},
	{"AppGuardContainerId", "", nil},
	{"AdditionalFields", "", nil},
	{"_IsBillable", "", nil},
	{"_BilledSize", "", nil},
}

var processColumns = []column{
	{"FileName", "1 Image, base name", made(func(p *process) value.Value { return value.NewString(base(p.image)) })},
	{"FolderPath", "1 Image (full path)", made(func(p *process) value.Value { return value.NewString(p.image) })},
	{"SHA1", "1 Hashes", made(func(p *process) value.Value { return value.NewString(p.hashes.sha1) })},
	{"SHA256", "1 Hashes", made(func(p *process) value.Value { return value.NewString(p.hashes.sha256) })},
	{"MD5", "1 Hashes", made(func(p *process) value.Value { return value.NewString(p.hashes.md5) })},
	{"FileSize", "", nil},
	{"ProcessVersionInfoCompanyName", "1 Company", made(func(p *process) value.Value { return versionText(p.version.company) })},
	{"ProcessVersionInfoProductName", "1 Product", made(func(p *process) value.Value { return versionText(p.version.product) })},
	{"ProcessVersionInfoProductVersion", "1 FileVersion, up to the first blank", made(func(p *process) value.Value { return versionNumber(p.version.fileVersion) })},
	{"ProcessVersionInfoInternalFileName", "", nil},
	{"ProcessVersionInfoOriginalFileName", "1 OriginalFileName", made(func(p *process) value.Value { return versionText(p.version.original) })},
	{"ProcessVersionInfoFileDescription", "1 Description", made(func(p *process) value.Value { return versionText(p.version.description) })},
	{"ProcessId", "1 ProcessId", made(func(p *process) value.Value { return id(p.id) })},
	{"ProcessCommandLine", "1 CommandLine, %% undone, folder of the image dropped", made(func(p *process) value.Value { return value.NewString(commandLine(p)) })},
	{"ProcessIntegrityLevel", "1 IntegrityLevel", made(func(p *process) value.Value { return value.NewString(p.integrity) })},
	{"ProcessTokenElevation", "Security 4688 TokenElevationType", made(func(p *process) value.Value { return value.NewString(p.elevation) })},
	{"ProcessCreationTime", "1 UtcTime", made(func(p *process) value.Value { return at(p.created) })},
	{"AccountDomain", "1 User, lower case", made(func(p *process) value.Value { return value.NewString(strings.ToLower(domainOf(p.user))) })},
	{"AccountName", "1 User, lower case", made(func(p *process) value.Value { return value.NewString(strings.ToLower(accountOf(p.user))) })},
	{"AccountSid", "well-known accounts; else Security 4624, 4672, 4688 by LogonId", made(func(p *process) value.Value { return value.NewString(p.sid) })},
	{"AccountUpn", "", nil},
	{"AccountObjectId", "", nil},
	{"LogonId", "1 LogonId", made(logonOf)},
	{"LogonID", "1 LogonId", made(logonOf)},
	{"CreatedProcessSessionId", "1 TerminalSessionId", made(sessionOf)},
	{"IsProcessRemoteSession", "", nil},
	{"ProcessRemoteSessionDeviceName", "", nil},
	{"ProcessRemoteSessionIP", "", nil},
	{"ProcessUniqueId", "1 ProcessGuid, last eight bytes (Sysmon 11 and later)", made(uniqueID)},
	{"InitiatingProcessLogonId", "1 LogonId of the parent's own event", acted(logonOf)},
	{"InitiatingProcessSignerType", "", nil},
	{"InitiatingProcessSignatureStatus", "", nil},
}

var fileColumns = []column{
	{"FileName", "11, 23, 26 TargetFilename, base name", func(r *row) value.Value { return value.NewString(base(r.event.Get("TargetFilename"))) }},
	{"FolderPath", "11, 23, 26 TargetFilename (full path)", func(r *row) value.Value { return value.NewString(r.event.Get("TargetFilename")) }},
	{"SHA1", "23, 26 Hashes (11 has none)", func(r *row) value.Value { return value.NewString(parseHashes(r.event.Get("Hashes")).sha1) }},
	{"SHA256", "23, 26 Hashes (11 has none)", func(r *row) value.Value { return value.NewString(parseHashes(r.event.Get("Hashes")).sha256) }},
	{"MD5", "23, 26 Hashes (11 has none)", func(r *row) value.Value { return value.NewString(parseHashes(r.event.Get("Hashes")).md5) }},
	{"FileOriginUrl", "", nil},
	{"FileOriginReferrerUrl", "", nil},
	{"FileOriginIP", "", nil},
	{"PreviousFolderPath", "", nil},
	{"PreviousFileName", "", nil},
	{"FileSize", "", nil},
	{"RequestProtocol", `"Local" unless the System process acted, which serves network writes`, func(r *row) value.Value { return local(r, "Local") }},
	{"RequestAccountName", "User, case kept", func(r *row) value.Value { return local(r, accountOf(r.actor.user)) }},
	{"RequestAccountDomain", "User, case kept", func(r *row) value.Value { return local(r, domainOf(r.actor.user)) }},
	{"RequestAccountSid", "as InitiatingProcessAccountSid", func(r *row) value.Value { return local(r, r.actor.sid) }},
	{"RequestSourceIP", "", nil},
	{"RequestSourcePort", "", nil},
	{"ShareName", "", nil},
	{"SensitivityLabel", "", nil},
	{"SensitivitySubLabel", "", nil},
	{"IsAzureInfoProtectionApplied", "", nil},
	{"LogonID", "", nil},
}

var registryColumns = []column{
	{"RegistryKey", "12, 13, 14 TargetObject", func(r *row) value.Value { return unlessDeleted(r, registryTarget(r).key) }},
	{"RegistryValueName", "12, 13 TargetObject, after the last backslash", func(r *row) value.Value { return unlessDeleted(r, registryTarget(r).name) }},
	{"RegistryValueType", "13 Details", func(r *row) value.Value { return value.NewString(registryData(r.event).kind) }},
	{"RegistryValueData", "13 Details; binary data is not recorded", func(r *row) value.Value { return value.NewString(registryData(r.event).text) }},
	{"PreviousRegistryKey", "12 (deletions), 14 TargetObject", previousKey},
	{"PreviousRegistryValueName", "12 (deletions), 13 TargetObject", previousName},
	{"PreviousRegistryValueData", "", nil},
}

var imageColumns = []column{
	{"FileName", "7 ImageLoaded, base name", func(r *row) value.Value { return value.NewString(base(r.event.Get("ImageLoaded"))) }},
	{"FolderPath", "7 ImageLoaded (full path)", func(r *row) value.Value { return value.NewString(r.event.Get("ImageLoaded")) }},
	{"SHA1", "7 Hashes", func(r *row) value.Value { return value.NewString(parseHashes(r.event.Get("Hashes")).sha1) }},
	{"SHA256", "7 Hashes", func(r *row) value.Value { return value.NewString(parseHashes(r.event.Get("Hashes")).sha256) }},
	{"MD5", "7 Hashes", func(r *row) value.Value { return value.NewString(parseHashes(r.event.Get("Hashes")).md5) }},
	{"FileSize", "", nil},
}

// initiating describes the process that acted. Its own event 1 fills it, where that was seen; "own" marks the
// columns that stay empty otherwise.
var initiating = []column{
	{"InitiatingProcessAccountDomain", "User, lower case", acted(func(p *process) value.Value { return value.NewString(strings.ToLower(domainOf(p.user))) })},
	{"InitiatingProcessAccountName", "User, lower case", acted(func(p *process) value.Value { return value.NewString(strings.ToLower(accountOf(p.user))) })},
	{"InitiatingProcessAccountSid", "well-known accounts; else Security 4624, 4672, 4688 by LogonId", acted(func(p *process) value.Value { return value.NewString(p.sid) })},
	{"InitiatingProcessAccountUpn", "", nil},
	{"InitiatingProcessAccountObjectId", "", nil},
	{"InitiatingProcessIntegrityLevel", "own 1 IntegrityLevel", acted(func(p *process) value.Value { return value.NewString(p.integrity) })},
	{"InitiatingProcessTokenElevation", "Security 4688 TokenElevationType", acted(func(p *process) value.Value { return value.NewString(p.elevation) })},
	{"InitiatingProcessSHA1", "own 1 Hashes", acted(func(p *process) value.Value { return value.NewString(p.hashes.sha1) })},
	{"InitiatingProcessSHA256", "own 1 Hashes", acted(func(p *process) value.Value { return value.NewString(p.hashes.sha256) })},
	{"InitiatingProcessMD5", "own 1 Hashes", acted(func(p *process) value.Value { return value.NewString(p.hashes.md5) })},
	{"InitiatingProcessFileName", "Image, base name; lower case in image loads", initiatingName},
	{"InitiatingProcessFileSize", "", nil},
	{"InitiatingProcessVersionInfoCompanyName", "own 1 Company", acted(func(p *process) value.Value { return versionText(p.version.company) })},
	{"InitiatingProcessVersionInfoProductName", "own 1 Product", acted(func(p *process) value.Value { return versionText(p.version.product) })},
	{"InitiatingProcessVersionInfoProductVersion", "own 1 FileVersion, up to the first blank", acted(func(p *process) value.Value { return versionNumber(p.version.fileVersion) })},
	{"InitiatingProcessVersionInfoInternalFileName", "", nil},
	{"InitiatingProcessVersionInfoOriginalFileName", "own 1 OriginalFileName", acted(func(p *process) value.Value { return versionText(p.version.original) })},
	{"InitiatingProcessVersionInfoFileDescription", "own 1 Description", acted(func(p *process) value.Value { return versionText(p.version.description) })},
	{"InitiatingProcessId", "ProcessId", acted(func(p *process) value.Value { return id(p.id) })},
	{"InitiatingProcessCommandLine", "own 1 CommandLine, or ParentCommandLine", acted(func(p *process) value.Value { return value.NewString(commandLine(p)) })},
	{"InitiatingProcessCreationTime", "own 1 UtcTime, else ProcessGuid (seconds)", acted(func(p *process) value.Value { return at(p.created) })},
	{"InitiatingProcessFolderPath", "Image, lower case (full path)", acted(func(p *process) value.Value { return value.NewString(strings.ToLower(p.image)) })},
	{"InitiatingProcessParentId", "own 1 ParentProcessId", acted(func(p *process) value.Value { return id(p.parentID) })},
	{"InitiatingProcessParentFileName", "own 1 ParentImage, base name", acted(func(p *process) value.Value { return value.NewString(base(p.parentImage)) })},
	{"InitiatingProcessParentCreationTime", "own 1 ParentProcessGuid (seconds)", acted(func(p *process) value.Value { return at(p.parentCreated) })},
	{"InitiatingProcessSessionId", "own 1 TerminalSessionId", acted(sessionOf)},
	{"IsInitiatingProcessRemoteSession", "", nil},
	{"InitiatingProcessRemoteSessionDeviceName", "", nil},
	{"InitiatingProcessRemoteSessionIP", "", nil},
	{"InitiatingProcessUniqueId", "ProcessGuid, last eight bytes (Sysmon 11 and later)", acted(uniqueID)},
}

func made(f func(*process) value.Value) filler { return func(r *row) value.Value { return f(&r.made) } }

func acted(f func(*process) value.Value) filler {
	return func(r *row) value.Value { return f(&r.actor) }
}

func at(t time.Time) value.Value {
	if t.IsZero() {
		return value.Null(value.DateTime)
	}
	return value.NewDateTime(value.FromTime(t))
}

func id(n uint64) value.Value {
	if n == 0 {
		return value.Null(value.Long)
	}
	return value.NewLong(int64(n))
}

func logonOf(p *process) value.Value {
	if !p.hasLogon {
		return value.Null(value.Long)
	}
	return value.NewLong(int64(p.logon))
}

func sessionOf(p *process) value.Value {
	n, ok := parseNumber(p.session)
	if !ok {
		return value.Null(value.Long)
	}
	return value.NewLong(int64(n))
}

func uniqueID(p *process) value.Value {
	key, ok := startKey(p.guid)
	if !ok {
		return value.NewString("")
	}
	return value.NewString(strconv.FormatUint(key, 10))
}

// versionText drops the "-" that Sysmon writes for a missing version resource.
func versionText(text string) value.Value {
	if text == "-" || text == "?" {
		text = ""
	}
	return value.NewString(text)
}

func versionNumber(text string) value.Value {
	first, _, _ := strings.Cut(text, " ")
	return versionText(first)
}

func initiatingName(r *row) value.Value {
	name := base(r.actor.image)
	if r.event.EventID == 7 {
		name = strings.ToLower(name)
	}
	return value.NewString(name)
}

func local(r *row, text string) value.Value {
	if strings.EqualFold(r.actor.image, "System") {
		text = ""
	}
	return value.NewString(text)
}

func base(path string) string { return path[strings.LastIndexByte(path, '\\')+1:] }

func domainOf(user string) string {
	domain, _, ok := strings.Cut(user, `\`)
	if !ok {
		return ""
	}
	return domain
}

func accountOf(user string) string {
	_, name, ok := strings.Cut(user, `\`)
	if !ok {
		return user
	}
	return name
}

// commandLine drops the folder of the image, as Defender does: `C:\Windows\system32\svchost.exe -k x` reads
// `svchost.exe -k x`, and a quoted image stays quoted. An image that is not quoted and has blanks in its path is known
// from the process.
func commandLine(p *process) string {
	text, quote, end := p.commandLine, "", " "
	if strings.HasPrefix(text, `"`) {
		quote, end = `"`, `"`
	}
	text = text[len(quote):]
	image, _, _ := strings.Cut(text, end)
	if n := len(p.image); n > 0 && len(text) >= n && strings.EqualFold(text[:n], p.image) {
		image = text[:n]
	}
	return quote + base(image) + text[len(image):]
}

func processRow(o *observer, e *telemetry.Event) (row, bool) {
	if !isSysmon(e) || e.EventID != 1 {
		return row{}, false
	}
	return row{table: "DeviceProcessEvents", event: e, action: "ProcessCreated", actor: o.parent(e), made: o.created(e)}, true
}

// overwriteAge is how old a file must have been for its "creation" event to be an overwrite: Sysmon reports both with
// event 11, and 12 % of recorded ones are overwrites.
const overwriteAge = 15 * time.Second

func fileRow(o *observer, e *telemetry.Event) (row, bool) {
	if !isSysmon(e) {
		return row{}, false
	}
	r := row{table: "DeviceFileEvents", event: e}
	switch e.EventID {
	case 11:
		r.action = "FileCreated"
		if born, ok := telemetry.ParseUTCTime(e.Get("CreationUtcTime")); ok && e.Time().Sub(born) > overwriteAge {
			r.action = "FileModified"
		}
	case 23, 26:
		r.action = "FileDeleted"
	default:
		return row{}, false
	}
	r.actor = o.actor(e)
	return r, true
}

func imageRow(o *observer, e *telemetry.Event) (row, bool) {
	if !isSysmon(e) || e.EventID != 7 {
		return row{}, false
	}
	return row{table: "DeviceImageLoadEvents", event: e, action: "ImageLoaded", actor: o.actor(e)}, true
}
