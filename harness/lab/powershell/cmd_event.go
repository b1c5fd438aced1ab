package powershell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

func eventCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Get-WinEvent", params: "LogName:s*@0 FilterXPath:s FilterHashtable:h ListLog:s* ListProvider:s* ProviderName:s* MaxEvents:i Oldest:b Force:b ComputerName|Cn:s Path:s* Credential:o FilterXml:o", process: getWinEvent},
		{name: "Get-EventLog", params: "LogName|LN:s@0! InstanceId:s*@1 Newest:i EntryType|ET:s* Source|ABO:s* Index:s* Message|MSG:s After:o Before:o ComputerName|Cn:s*", process: getEventLog},
		{name: "Clear-EventLog", params: "LogName|LN:s*@0! ComputerName|Cn:s*", process: clearEventLog},
	}
}

func getWinEvent(c *call) error {
	switch {
	case c.has("ListLog"):
		return c.listLogs()
	case c.has("FilterXml"):
		queries, err := c.queryList()
		if err != nil {
			return err
		}
		return c.winEvents(queries)
	case c.has("ListProvider"), c.has("Path"):
		c.unsupported("parameter", "Get-WinEvent", "only logs by name are simulated")
		return newError("System.Exception", "NoMatchingProvidersFound", "ObjectNotFound", "There is not an event provider on the localhost computer that matches the name.")
	}
	names, query, err := c.eventQuery()
	if err != nil {
		return err
	}
	queries := make([]channelQuery, len(names))
	for i, name := range names {
		queries[i] = channelQuery{name, query}
	}
	return c.winEvents(queries)
}

// channelQuery selects records of one channel by XPath.
type channelQuery struct{ channel, xpath string }

func (c *call) winEvents(queries []channelQuery) error {
	var records []eventlog.Record
	for _, q := range queries {
		found, err := c.queryLog(q.channel, q.xpath)
		if err != nil {
			if err := c.logFailed(err, q.channel); err != nil {
				return err
			}
			continue
		}
		records = append(records, found...)
	}
	slices.SortStableFunc(records, func(a, b eventlog.Record) int { return a.Time.Compare(b.Time) })
	if !c.flag("Oldest") {
		records = reversed(records)
	}
	if c.has("MaxEvents") {
		records = records[:max(0, min(len(records), c.count("MaxEvents", 0)))]
	}
	if len(records) == 0 {
		return c.fail(newError("System.Exception", "NoMatchingEventsFound", "ObjectNotFound", "No events were found that match the specified selection criteria."))
	}
	for _, r := range records {
		if err := c.out(eventObject(r)); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) logFailed(err error, name string) error {
	e, ok := err.(*Exception) //nolint:errorlint // queryLog returns it unwrapped
	if !ok {
		return err
	}
	switch {
	case strings.HasSuffix(e.Type, "EventLogNotFoundException"):
		return c.fail(newError("System.Exception", "NoMatchingLogsFound", "ObjectNotFound", "There is not an event log on the localhost computer that matches \"%s\".", name).on(name))
	case strings.HasSuffix(e.Type, "UnauthorizedAccessException"):
		return c.fail(newError(e.Type, "System.UnauthorizedAccessException", "NotSpecified", "%s", e.Message))
	}
	return c.fail(newError(e.Type, "System.Diagnostics.Eventing.Reader.EventLogException", "NotSpecified", "%s", e.Message))
}

// eventQuery gives the channels and the XPath of a filter.
func (c *call) eventQuery() ([]string, string, error) {
	query := c.text("FilterXPath")
	if query == "" {
		query = "*"
	}
	names := c.list("LogName")
	h, ok := c.value("FilterHashtable").(*Hash)
	if !ok && c.has("ProviderName") {
		names, query = c.providerQuery(query)
		return names, query, nil
	}
	if !ok {
		if names == nil {
			return nil, "", bindingError("MissingMandatoryParameter", "Cannot process command because of one or more missing mandatory parameters: LogName.")
		}
		return names, query, nil
	}
	var conditions []string
	for _, k := range h.keys {
		v := h.values[hashKey(k)]
		switch key := strings.ToLower(c.str(k)); key {
		case "logname":
			for _, n := range asList(v) {
				names = append(names, c.str(n))
			}
		case "id", "level":
			var any []string
			for _, n := range asList(v) {
				any = append(any, map[string]string{"id": "EventID", "level": "Level"}[key]+"="+c.str(n))
			}
			conditions = append(conditions, "("+strings.Join(any, " or ")+")")
		case "starttime", "endtime":
			t, err := c.cast(v, &TypeRef{name: "System.DateTime"})
			if err != nil {
				return nil, "", err
			}
			at, _ := t.(time.Time)
			op := map[string]string{"starttime": ">=", "endtime": "<="}[key]
			conditions = append(conditions, fmt.Sprintf("TimeCreated[@SystemTime%s'%s']", op, at.UTC().Format("2006-01-02T15:04:05.000Z")))
		case "providername":
			conditions = append(conditions, "Provider[@Name='"+c.str(v)+"']")
		default:
			c.unsupported("parameter", "Get-WinEvent -FilterHashtable "+key, "not simulated")
		}
	}
	if conditions != nil {
		query = "*[System[" + strings.Join(conditions, " and ") + "]]"
	}
	return names, query, nil
}

func (c *call) listLogs() error {
	for _, pattern := range c.list("ListLog") {
		found := false
		for _, ch := range c.log.Channels() {
			if !wildcard(pattern, false).MatchString(ch.Name()) {
				continue
			}
			found = true
			if err := c.out(newObject(logConfiguration(), ch)); err != nil {
				return err
			}
		}
		if !found {
			if err := c.fail(newError("System.Exception", "NoMatchingLogsFound", "ObjectNotFound", "There is not an event log on the localhost computer that matches \"%s\".", pattern).on(pattern)); err != nil {
				return err
			}
		}
	}
	return nil
}

func securityCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Get-Acl", params: "Path:s*@0^~ LiteralPath|PSPath:s*~ Audit:b Filter:s Include:s* Exclude:s*", process: getACL},
		{name: "Get-AuthenticodeSignature", params: "FilePath|Path:s*@0^~! LiteralPath|PSPath:s*~", process: getSignature},
	}
}

func getACL(c *call) error {
	if !c.has("Path") && !c.has("LiteralPath") {
		c.bound.values["path"] = newArray(c.location)
	}
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.provider != fileSystem {
			c.unsupported("parameter", "Get-Acl "+p.drivePath(), "only files have modelled access lists")
			continue
		}
		f, err := c.k.Stat(c.p, p.path)
		if err != nil {
			return win32(err, p.path)
		}
		rules, text := newArray(), make([]string, 0, len(f.Access))
		for _, e := range f.Access {
			rights := rightsName(e.Rights)
			text = append(text, e.Account+" Allow  "+rights)
			rules.Items = append(rules.Items, record("System.Security.AccessControl.FileSystemAccessRule", "FileSystemRights", rights, "AccessControlType", "Allow", "IdentityReference", e.Account, "IsInherited", f.Inherits))
		}
		o := record("System.Security.AccessControl.FileSecurity", "Path", p.psPath(), "Owner", f.Owner, "Group", f.Owner, "AccessToString", strings.Join(text, "\n"), "Access", rules)
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}

func rightsName(r host.Rights) string {
	switch r {
	case host.RightFull:
		return "FullControl"
	case host.RightModify:
		return "Modify, Synchronize"
	case host.RightReadExecute:
		return "ReadAndExecute, Synchronize"
	case host.RightRead:
		return "Read, Synchronize"
	}
	return r.String()
}

// getSignature reads who signed a file from its description; a file without a signer is not signed.
func getSignature(c *call) error {
	for _, path := range c.list("FilePath") {
		full, err := c.filePath(path)
		if err != nil {
			return err
		}
		f, err := c.k.Stat(c.p, full)
		if err != nil {
			if err := c.fail(newError("System.Management.Automation.ItemNotFoundException", "SignatureCommandsBaseFileNotFound", "ObjectNotFound", "File %s was not found.", full).on(full)); err != nil {
				return err
			}
			continue
		}
		status, value, certificate, message := "NotSigned", int64(2), any(nil), "The file "+full+" is not digitally signed."
		if f.Version != nil && f.Version.Signer != "" {
			status, value, message = "Valid", 0, "Signature verified."
			certificate = record("System.Security.Cryptography.X509Certificates.X509Certificate2", "Subject", "CN="+f.Version.Signer, "Thumbprint", nil)
		} else if !strings.HasPrefix(string(f.Content), "MZ") {
			status, value, message = "UnknownError", 1, "The form specified for the subject is not one supported or known by the specified trust provider"
		}
		if err := c.out(record("System.Management.Automation.Signature", "SignerCertificate", certificate, "Status", newEnum("System.Management.Automation.SignatureStatus", status, value), "StatusMessage", message, "Path", full)); err != nil {
			return err
		}
	}
	return nil
}
