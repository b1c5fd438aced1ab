// Package telemetry holds what a host recorded: Events, as Windows wrote them, and Recordings, files of them with
// their provenance.
//
// Raw events are kept, not rows of some table: a better normaliser then improves old recordings too. An Event is read
// from rendered event XML (ParseXML, as EventLogReader and wevtutil print it) or from NDJSON (ReadNDJSON).
//
// An Importer makes a Recording of telemetry from elsewhere: event logs, what others export and ship, and the rows of
// tables that others have normalised, which a recording keeps beside its events as a Table.
package telemetry

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The channels that geiger reads.
const (
	ChannelSysmon           = "Microsoft-Windows-Sysmon/Operational"
	ChannelSecurity         = "Security"
	ChannelPowerShell       = "Microsoft-Windows-PowerShell/Operational"
	ChannelIISConfiguration = "Microsoft-IIS-Configuration/Operational"
	ChannelApplication      = "Application"
)

// Event is one record of a Windows event log.
type Event struct {
	Channel     string
	Provider    string
	Computer    string
	EventID     int
	Version     int // of the event's manifest; it does not tell the fields of a Sysmon event, read them by name
	RecordID    uint64
	TimeCreated time.Time // when the record was written; Sysmon's UtcTime is when the thing happened
	UserID      string    // SID of the account that wrote the record
	ProcessID   uint32    // of the writing process
	ThreadID    uint32
	Data        []Field // in the order of the record
	XML         []byte  // the record as it was rendered; nil when it came from elsewhere
}

// Field is one named value of an event.
type Field struct{ Name, Value string }

// Get returns the value of a field, or "" when the event has none of that name.
func (e *Event) Get(name string) string {
	for i := range e.Data {
		if e.Data[i].Name == name {
			return e.Data[i].Value
		}
	}
	return ""
}

// Time is when the event happened: Sysmon's UtcTime where there is one, else the time of writing.
func (e *Event) Time() time.Time {
	if t, ok := ParseUTCTime(e.Get("UtcTime")); ok {
		return t
	}
	return e.TimeCreated
}

// ParseUTCTime reads Sysmon's UtcTime ("2026-01-02 03:04:05.678"). Sentinel's exports write it as RFC 3339.
func ParseUTCTime(text string) (time.Time, bool) {
	for _, layout := range [...]string{"2006-01-02 15:04:05.999999999", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

type xmlEvent struct {
	XMLName xml.Name `xml:"Event"`
	System  struct {
		Provider struct {
			Name string `xml:"Name,attr"`
		} `xml:"Provider"`
		EventID     int `xml:"EventID"`
		Version     int `xml:"Version"`
		TimeCreated struct {
			SystemTime string `xml:"SystemTime,attr"`
		} `xml:"TimeCreated"`
		EventRecordID uint64 `xml:"EventRecordID"`
		Execution     struct {
			ProcessID uint32 `xml:"ProcessID,attr"`
			ThreadID  uint32 `xml:"ThreadID,attr"`
		} `xml:"Execution"`
		Channel  string `xml:"Channel"`
		Computer string `xml:"Computer"`
		Security struct {
			UserID string `xml:"UserID,attr"`
		} `xml:"Security"`
	} `xml:"System"`
	EventData struct {
		Data []struct {
			Name  string `xml:"Name,attr"`
			Value string `xml:",chardata"`
		} `xml:"Data"`
	} `xml:"EventData"`
	UserData struct {
		Root xmlElements `xml:",any"`
	} `xml:"UserData"`
	// ProcessingErrorData takes the place of the others when Windows could not decode the event's payload.
	ProcessingErrorData xmlElements `xml:"ProcessingErrorData"`
}

type xmlElements struct {
	Elements []struct {
		XMLName xml.Name
		Value   string `xml:",chardata"`
	} `xml:",any"`
}

// ParseXML reads one event as Windows renders it (schema http://schemas.microsoft.com/win/2004/08/events/event).
// Fields of a UserData or ProcessingErrorData section are returned like those of EventData.
func ParseXML(text []byte) (Event, error) {
	var x xmlEvent
	if err := xml.Unmarshal(legible(text), &x); err != nil {
		return Event{}, fmt.Errorf("event xml: %w", err)
	}
	created, err := time.Parse(time.RFC3339Nano, x.System.TimeCreated.SystemTime)
	if err != nil {
		return Event{}, fmt.Errorf("event xml: record %d of %q: time created: %w", x.System.EventRecordID, x.System.Channel, err)
	}
	e := Event{
		Channel: x.System.Channel, Provider: x.System.Provider.Name, Computer: x.System.Computer,
		EventID: x.System.EventID, Version: x.System.Version, RecordID: x.System.EventRecordID,
		TimeCreated: created.UTC(), UserID: x.System.Security.UserID,
		ProcessID: x.System.Execution.ProcessID, ThreadID: x.System.Execution.ThreadID, XML: text,
	}
	for _, d := range x.EventData.Data {
		e.Data = append(e.Data, Field{d.Name, d.Value})
	}
	for _, d := range slices.Concat(x.UserData.Root.Elements, x.ProcessingErrorData.Elements) {
		e.Data = append(e.Data, Field{d.XMLName.Local, d.Value})
	}
	return e, nil
}

// reference is a numeric character reference.
var reference = regexp.MustCompile(`&#(x[0-9a-fA-F]+|[0-9]+);`)

// legible replaces what XML 1.0 forbids, which Windows nevertheless renders when a process was started with such
// characters in its command line: one odd command must not lose its event.
func legible(text []byte) []byte {
	bad := func(r rune) bool {
		return r == utf8.RuneError || r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}
	text = reference.ReplaceAllFunc(text, func(found []byte) []byte {
		digits, base := string(found[2:len(found)-1]), 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseInt(digits, base, 32)
		if err == nil && n <= unicode.MaxRune && !bad(rune(n)) {
			return found
		}
		return []byte("\uFFFD")
	})
	if bytes.IndexFunc(text, bad) < 0 {
		return text
	}
	return bytes.Map(func(r rune) rune {
		if bad(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// Undouble takes back Sysmon's doubling of percent signs. Sysmon doubles them in exactly two fields: CommandLine of
// event 1 and Details of event 13 (measured on recorded events; ParentCommandLine and TargetObject are not doubled).
func Undouble(text string) string { return strings.ReplaceAll(text, "%%", "%") }
