package ingest

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// process is what is known of a process from the events seen so far and from the event at hand.
type process struct {
	guid, image, commandLine, user, sid string
	integrity, elevation, session       string
	logon                               uint64
	hasLogon                            bool
	id                                  uint64
	created                             time.Time
	hashes                              hashes
	version                             versionInfo
	parentGUID, parentImage             string
	parentID                            uint64
	parentCreated                       time.Time
}

type versionInfo struct{ company, product, fileVersion, original, description string }

type hashes struct{ sha1, sha256, md5 string }

// observer holds what one event says about another: the creation of a process describes all its later events, and
// Security's events know the SID and the token that Sysmon does not record.
type observer struct {
	processes map[string]process // by ProcessGuid
	sids      map[uint64]string  // by logon id
	tokens    map[tokenKey]string
}

// tokenKey finds a process in Security 4688, which knows no ProcessGuid: its id and the second it started.
type tokenKey struct {
	id     uint64
	second int64
}

func newObserver(events []telemetry.Event) *observer {
	o := &observer{processes: map[string]process{}, sids: map[uint64]string{}, tokens: map[tokenKey]string{}}
	for i := range events {
		if events[i].Channel == telemetry.ChannelSecurity {
			o.security(&events[i])
		}
	}
	for i := range events {
		if e := &events[i]; isSysmon(e) && e.EventID == 1 {
			p := o.created(e)
			o.processes[p.guid] = p
		}
	}
	return o
}

func isSysmon(e *telemetry.Event) bool { return e.Channel == telemetry.ChannelSysmon }

// security learns SIDs by logon id (4624, 4672, 4688) and token elevation by process (4688).
func (o *observer) security(e *telemetry.Event) {
	for _, side := range [...]string{"Subject", "Target"} {
		sid, logon := e.Get(side+"UserSid"), e.Get(side+"LogonId")
		if id, ok := parseNumber(logon); ok && id != 0 && strings.HasPrefix(sid, "S-1-5-") {
			o.sids[id] = sid
		}
	}
	if e.EventID != 4688 {
		return
	}
	if id, ok := parseNumber(e.Get("NewProcessId")); ok {
		o.tokens[tokenKey{id, e.TimeCreated.Unix()}] = tokenElevation(e.Get("TokenElevationType"))
	}
}

func tokenElevation(code string) string {
	switch code {
	case "%%1936":
		return "TokenElevationTypeDefault"
	case "%%1937":
		return "TokenElevationTypeFull"
	case "%%1938":
		return "TokenElevationTypeLimited"
	}
	return ""
}

// created describes the process that a Sysmon event 1 reports.
func (o *observer) created(e *telemetry.Event) process {
	p := process{
		guid: guid(e.Get("ProcessGuid")), image: e.Get("Image"), commandLine: telemetry.Undouble(e.Get("CommandLine")),
		user: e.Get("User"), integrity: e.Get("IntegrityLevel"), session: e.Get("TerminalSessionId"),
		created: e.Time(), hashes: parseHashes(e.Get("Hashes")),
		version: versionInfo{
			company: e.Get("Company"), product: e.Get("Product"), fileVersion: e.Get("FileVersion"),
			original: e.Get("OriginalFileName"), description: e.Get("Description"),
		},
		parentGUID: guid(e.Get("ParentProcessGuid")), parentImage: e.Get("ParentImage"),
	}
	p.id, _ = parseNumber(e.Get("ProcessId"))
	p.parentID, _ = parseNumber(e.Get("ParentProcessId"))
	p.parentCreated = startOf(p.parentGUID)
	p.logon, p.hasLogon = parseNumber(e.Get("LogonId"))
	p.sid = o.sid(p)
	p.elevation = o.elevation(p)
	return p
}

// parent describes the parent in a Sysmon event 1: its own creation event where one was seen, else what the child's
// event says of it.
func (o *observer) parent(e *telemetry.Event) process {
	p, known := o.processes[guid(e.Get("ParentProcessGuid"))]
	if known {
		return p
	}
	p = process{
		guid: guid(e.Get("ParentProcessGuid")), image: e.Get("ParentImage"),
		commandLine: e.Get("ParentCommandLine"), user: e.Get("ParentUser"),
	}
	p.id, _ = parseNumber(e.Get("ParentProcessId"))
	p.created = startOf(p.guid)
	p.sid = o.sid(p)
	return p
}

// actor describes the process that caused a file, registry or image event.
func (o *observer) actor(e *telemetry.Event) process {
	p, known := o.processes[guid(e.Get("ProcessGuid"))]
	if known {
		return p
	}
	p = process{guid: guid(e.Get("ProcessGuid")), image: e.Get("Image"), user: e.Get("User")}
	p.id, _ = parseNumber(e.Get("ProcessId"))
	p.created = startOf(p.guid)
	p.sid = o.sid(p)
	return p
}

func (o *observer) sid(p process) string {
	if p.hasLogon {
		if sid := o.sids[p.logon]; sid != "" {
			return sid
		}
	}
	switch strings.ToLower(p.user) {
	case `nt authority\system`:
		return "S-1-5-18"
	case `nt authority\local service`:
		return "S-1-5-19"
	case `nt authority\network service`:
		return "S-1-5-20"
	}
	return ""
}

// elevation looks the process up in Security 4688, whose record may be written in the second after the start.
func (o *observer) elevation(p process) string {
	for _, late := range [...]int64{0, 1} {
		if t := o.tokens[tokenKey{p.id, p.created.Unix() + late}]; t != "" {
			return t
		}
	}
	return ""
}

func guid(text string) string { return strings.ToUpper(strings.Trim(text, "{}")) }

// startOf reads the second in which a process started from its ProcessGuid: the second and third group are the Unix
// time, low half first (3,571 of 3,571 recorded events agree).
func startOf(guid string) time.Time {
	b, ok := guidBytes(guid)
	if !ok {
		return time.Time{}
	}
	seconds := uint32(binary.BigEndian.Uint16(b[6:]))<<16 | uint32(binary.BigEndian.Uint16(b[4:]))
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// startKey is the kernel's ProcessStartKey, the number that Defender calls the unique id of a process: the last
// eight bytes of a ProcessGuid, little endian. Sysmon before 11 put a token id there, recognised by its fixed half.
func startKey(guid string) (uint64, bool) {
	b, ok := guidBytes(guid)
	if !ok || binary.BigEndian.Uint32(b[8:]) == 0x10 || binary.LittleEndian.Uint64(b[8:]) == 0 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[8:]), true
}

func guidBytes(guid string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
	return b, err == nil && len(b) == 16
}

// parseNumber reads decimal and 0x-hexadecimal, the two ways in which Windows renders ids.
func parseNumber(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 0, 64)
	return n, err == nil
}

// parseHashes reads "SHA1=...,MD5=...,SHA256=..."; Defender writes hashes in lower case.
func parseHashes(text string) hashes {
	var h hashes
	for part := range strings.SplitSeq(text, ",") {
		name, sum, _ := strings.Cut(part, "=")
		switch name {
		case "SHA1":
			h.sha1 = strings.ToLower(sum)
		case "SHA256":
			h.sha256 = strings.ToLower(sum)
		case "MD5":
			h.md5 = strings.ToLower(sum)
		}
	}
	return h
}
