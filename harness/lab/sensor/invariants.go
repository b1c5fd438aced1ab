package sensor

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
)

// A Violation is a Sysmon record that breaks a rule which recorded telemetry
// keeps.
type Violation struct {
	Rule   string // "V1" to "V9"
	Record uint64
	Detail string
}

// String names the rule, the record and what is wrong.
func (v Violation) String() string {
	return fmt.Sprintf("%s: record %d: %s", v.Rule, v.Record, v.Detail)
}

// CheckInvariants holds the records of a Sysmon channel, in order of record id,
// against nine rules that between 96 and 100 % of recorded events keep:
//
//	V1  a ProcessGuid begins with the machine's part and holds the second of the start
//	V2  its tail is the process start key: the boot's number, and a sequence that rises
//	V3  the tail of a LogonGuid is the LogonId (before Sysmon 11 its second half)
//	V4  the parent's image and pid are those of the parent's own event 1
//	V5  so is its command line, with each %% a %
//	V6  process ids are multiples of four
//	V7  the writer is the system, and record ids follow the time of writing
//	V8  nothing is written before it happens
//	V9  an image has one set of hashes, unless it was replaced in between
func CheckInvariants(records []eventlog.Record) []Violation {
	c := &checker{started: map[string]map[string]string{}, hashes: map[string]string{}}
	for _, r := range records {
		c.record(r)
	}
	return c.found
}

type checker struct {
	found   []Violation
	at      eventlog.Record
	machine string
	boot    uint64
	keys    []startKey
	started map[string]map[string]string // fields of event 1 by ProcessGuid
	hashes  map[string]string            // by image
	last    time.Time
}

type startKey struct {
	at  time.Time
	key uint64
}

func (c *checker) violate(rule, format string, args ...any) {
	c.found = append(c.found, Violation{Rule: rule, Record: c.at.ID, Detail: fmt.Sprintf(format, args...)})
}

func (c *checker) record(r eventlog.Record) {
	c.at = r
	f := map[string]string{}
	for _, d := range r.Data {
		f[d.Name] = d.Value
	}
	c.written(r, f["UtcTime"])
	if guid, ok := f["ProcessGuid"]; ok {
		c.processGUID(guid)
	}
	for _, name := range []string{"ProcessId", "ParentProcessId"} {
		if pid, err := strconv.Atoi(f[name]); err == nil && pid%4 != 0 {
			c.violate("V6", "%s %d is no multiple of four", name, pid)
		}
	}
	switch r.EventID {
	case 1:
		c.process(f)
	case 11, 23:
		delete(c.hashes, strings.ToLower(f["TargetFilename"]))
	}
}

// written checks V7 and V8.
func (c *checker) written(r eventlog.Record, utcTime string) {
	if r.UserID != "S-1-5-18" {
		c.violate("V7", "written by %q", r.UserID)
	}
	if r.Time.Before(c.last) {
		c.violate("V7", "written before the record in front of it")
	}
	c.last = r.Time
	if t, err := time.Parse("2006-01-02 15:04:05.000", utcTime); err != nil {
		c.violate("V8", "UtcTime is %q", utcTime)
	} else if t.After(r.Time) {
		c.violate("V8", "happened %v after it was written", t.Sub(r.Time))
	}
}

// processGUID checks the machine's part of V1.
func (c *checker) processGUID(guid string) {
	if len(guid) != 38 {
		c.violate("V1", "ProcessGuid is %q", guid)
		return
	}
	machine := strings.ToLower(guid[1:9])
	if c.machine == "" {
		c.machine = machine
	}
	if machine != c.machine {
		c.violate("V1", "machine part %s, elsewhere %s", machine, c.machine)
	}
}

func (c *checker) process(f map[string]string) {
	guid := strings.ToLower(f["ProcessGuid"])
	second, key, ok := guidParts(guid)
	at, err := time.Parse("2006-01-02 15:04:05.000", f["UtcTime"])
	if !ok || err != nil {
		return
	}
	if d := int64(second) - at.Unix(); d < -1 || d > 1 {
		c.violate("V1", "ProcessGuid is %d s off the start", d)
	}
	c.startKey(startKey{at, key})
	id, err := strconv.ParseUint(f["LogonId"], 0, 64)
	if _, logon, ok := guidParts(f["LogonGuid"]); !ok || err != nil || logon != id && logon>>32 != id {
		c.violate("V3", "LogonGuid %s, LogonId %s", f["LogonGuid"], f["LogonId"])
	}
	c.parent(f)
	c.started[guid] = f
	image := strings.ToLower(f["Image"])
	if old, ok := c.hashes[image]; ok && old != f["Hashes"] {
		c.violate("V9", "%s has other hashes than before", f["Image"])
	}
	c.hashes[image] = f["Hashes"]
}

// startKey checks V2.
func (c *checker) startKey(k startKey) {
	boot := k.key >> 48
	if c.boot == 0 {
		c.boot = boot
	}
	if boot != c.boot {
		c.violate("V2", "boot %d, elsewhere %d", boot, c.boot)
	}
	for _, other := range c.keys {
		if other.at.Before(k.at) && other.key >= k.key || other.at.After(k.at) && other.key <= k.key {
			c.violate("V2", "start key %#x does not rise with time", k.key)
			break
		}
	}
	c.keys = append(c.keys, k)
}

// parent checks V4 and V5 against the parent's own event, when it was seen.
func (c *checker) parent(f map[string]string) {
	p, ok := c.started[strings.ToLower(f["ParentProcessGuid"])]
	if !ok {
		return
	}
	if p["Image"] != f["ParentImage"] || p["ProcessId"] != f["ParentProcessId"] {
		c.violate("V4", "parent %s (%s), its own event says %s (%s)", f["ParentImage"], f["ParentProcessId"], p["Image"], p["ProcessId"])
	}
	if line := strings.ReplaceAll(p["CommandLine"], "%%", "%"); line != f["ParentCommandLine"] {
		c.violate("V5", "parent's command line %q, its own event says %q", f["ParentCommandLine"], line)
	}
}

// guidParts takes the second and the tail out of a Sysmon identifier.
func guidParts(guid string) (second uint32, tail uint64, ok bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(guid, "{}"), "-", ""))
	if err != nil || len(raw) != 16 {
		return 0, 0, false
	}
	low, high := binary.BigEndian.Uint16(raw[4:]), binary.BigEndian.Uint16(raw[6:])
	return uint32(high)<<16 | uint32(low), binary.LittleEndian.Uint64(raw[8:]), true
}
