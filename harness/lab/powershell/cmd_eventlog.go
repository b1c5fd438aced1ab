package powershell

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
)

// queryList reads the structured query of -FilterXml (element QueryList of the Event schema).
func (c *call) queryList() ([]channelQuery, error) {
	text := c.str(c.value("FilterXml"))
	if o, ok := c.value("FilterXml").(*Object); ok {
		if outer, ok := c.objectProperty(o, "OuterXml"); ok {
			text = c.str(outer)
		}
	}
	var list struct {
		XMLName xml.Name `xml:"QueryList"`
		Query   []struct {
			Path   string `xml:",attr"`
			Select []struct {
				Path  string `xml:",attr"`
				XPath string `xml:",chardata"`
			}
			Suppress []struct{}
		}
	}
	if err := xml.Unmarshal([]byte(text), &list); err != nil {
		return nil, newError("System.Management.Automation.ParameterBindingException", "CannotConvertArgumentNoMessage", "InvalidArgument",
			"Cannot bind parameter 'FilterXml'. Cannot convert value \"%s\" to type \"System.Xml.XmlDocument\".", text)
	}
	var out []channelQuery
	for _, q := range list.Query {
		if q.Suppress != nil {
			c.unsupported("parameter", "Get-WinEvent -FilterXml Suppress", "not simulated")
			return nil, exception(readerSpace+"EventLogException", "The specified query is invalid")
		}
		for _, s := range q.Select {
			path := s.Path
			if path == "" {
				path = q.Path
			}
			out = append(out, channelQuery{path, strings.TrimSpace(s.XPath)})
		}
	}
	return out, nil
}

// providerQuery gives the channels that the caller may read, and a query for the events of the providers.
func (c *call) providerQuery(query string) ([]string, string) {
	var channels, conditions []string
	for _, ch := range c.log.Channels() {
		if _, e := c.channel(ch.Name()); e == nil {
			channels = append(channels, ch.Name())
		}
	}
	for _, name := range c.list("ProviderName") {
		conditions = append(conditions, "Provider[@Name='"+name+"']")
	}
	if query != "*" {
		c.unsupported("parameter", "Get-WinEvent -ProviderName -FilterXPath", "only one of them is simulated")
	}
	return channels, "*[System[" + strings.Join(conditions, " or ") + "]]"
}

func noLog(name string) *ErrorRecord {
	return newError("System.InvalidOperationException", "System.InvalidOperationException", invalidOperation, "The Log name \"%s\" does not exist in the computer \"localhost\".", name)
}

func clearEventLog(c *call) error {
	for _, name := range c.list("LogName") {
		ch, e := c.channel(name)
		if e != nil {
			return noLog(name)
		}
		ch.Clear()
	}
	return nil
}

// getEventLog reads one of the classic logs, newest first.
func getEventLog(c *call) error {
	name := c.text("LogName")
	if !slices.ContainsFunc([]string{"Application", "Security", "System"}, func(s string) bool { return strings.EqualFold(s, name) }) {
		return newError("System.InvalidOperationException", "GetEventLogNoEntriesFound", invalidOperation, "The event log '%s' on computer '.' does not exist.", name)
	}
	records, err := c.queryLog(name, "*")
	if err != nil {
		return newError("System.Security.SecurityException", "System.Security.SecurityException", "PermissionDenied", "Requested registry access is not allowed.")
	}
	limit := c.count("Newest", len(records))
	found := false
	for _, r := range reversed(records) {
		keep, err := c.wantsEntry(r)
		if err != nil {
			return err
		}
		if !keep {
			continue
		}
		if limit--; limit < 0 {
			break
		}
		found = true
		if err := c.out(entryObject(r)); err != nil {
			return err
		}
	}
	if !found {
		return c.fail(newError("System.ArgumentException", "GetEventLogNoEntriesFound", "ObjectNotFound", "No matches found"))
	}
	return nil
}

// wantsEntry applies the filters of Get-EventLog.
func (c *call) wantsEntry(r eventlog.Record) (bool, error) {
	any := func(name, have string) bool {
		return !c.has(name) || slices.ContainsFunc(c.list(name), func(p string) bool { return wildcard(p, false).MatchString(have) })
	}
	for _, bound := range []struct {
		name string
		ok   func(t time.Time) bool
	}{{"After", func(t time.Time) bool { return r.Time.After(t) }}, {"Before", func(t time.Time) bool { return r.Time.Before(t) }}} {
		if !c.has(bound.name) {
			continue
		}
		v, err := c.cast(c.value(bound.name), &TypeRef{name: "System.DateTime"})
		if err != nil {
			return false, err
		}
		if t, _ := v.(time.Time); !bound.ok(t) {
			return false, nil
		}
	}
	return any("InstanceId", c.str(int64(r.EventID))) && any("Index", c.str(int64(r.ID))) && any("Source", r.Provider) && //nolint:gosec // small
		any("EntryType", entryType(r)) && any("Message", eventMessage(r)), nil
}

// entryType is the level of a record as the classic interface names it; records of the Security log are audits.
func entryType(r eventlog.Record) string {
	const auditFailure = 0x10000000000000
	switch {
	case r.Channel == eventlog.Security && r.Keywords&auditFailure != 0:
		return "FailureAudit"
	case r.Channel == eventlog.Security:
		return "SuccessAudit"
	case r.Level == 1 || r.Level == 2:
		return "Error"
	case r.Level == 3:
		return "Warning"
	}
	return "Information"
}

func entryObject(r eventlog.Record) *Object {
	at := r.Time.In(localZone())
	return record("System.Diagnostics.EventLogEntry", "EventID", int32(r.EventID), "MachineName", r.Computer, "Index", int32(r.ID), "Category", "("+strconv.Itoa(r.Task)+")", //nolint:gosec // small
		"EntryType", entryType(r), "Message", eventMessage(r), "Source", r.Provider, "InstanceId", int64(r.EventID), "TimeGenerated", at, "TimeWritten", at, "UserName", r.UserID)
}
