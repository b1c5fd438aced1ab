package native

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// wevtutil is the event log tool.
func wevtutil(r *run) int {
	if len(r.args) == 0 {
		r.print("Windows Events Command Line Utility.\n\nEnables you to retrieve information about event logs and publishers, install\nand uninstall event manifests, run queries, and export, archive, and clear logs.\n")
		return 0
	}
	commands := map[string]func(*run, *eventlog.Channel) int{
		"gl": channelConfiguration, "get-log": channelConfiguration, "gli": channelStatus, "get-loginfo": channelStatus,
		"sl": setChannel, "set-log": setChannel, "qe": queryEvents, "query-events": queryEvents,
		"cl": clearChannel, "clear-log": clearChannel, "epl": exportChannel, "export-log": exportChannel,
	}
	verb := strings.ToLower(r.args[0])
	if verb == "el" || verb == "enum-logs" {
		for _, c := range r.log.Channels() {
			r.print("%s\n", c.Name())
		}
		return 0
	}
	command, ok := commands[verb]
	if !ok {
		r.unsupported("wevtutil " + verb)
		r.complain("Invalid command %s. Type \"wevtutil.exe /?\" for usage.\n", r.args[0])
		return 87
	}
	names, _ := words(r.args[1:])
	if len(names) == 0 {
		r.complain("Required argument(s) is/are not specified.\nThe parameter is incorrect.\n")
		return 87
	}
	c, ok := r.log.Channel(names[0])
	if !ok {
		r.complain("%s\n", kernel.EvtChannelNotFound.Message())
		return int(kernel.EvtChannelNotFound)
	}
	if c.Info().AdminOnly && !r.p.Token.Elevated && !r.p.Token.Is(`BUILTIN\Event Log Readers`) {
		return r.deniedLog("Failed to open log " + c.Name() + ".")
	}
	return command(r, c)
}

func (r *run) deniedLog(what string) int {
	r.complain("%s\nAccess is denied.\n", what)
	return int(kernel.AccessDenied)
}

func channelConfiguration(r *run, c *eventlog.Channel) int {
	i := c.Info()
	r.print("name: %s\nenabled: %t\ntype: %s\nowningPublisher: %s\nisolation: Application\n", i.Name, i.Enabled, i.Type, i.Provider)
	r.print("channelAccess: O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x1;;;S-1-5-32-573)\n")
	r.print("logging:\n  logFileName: %%SystemRoot%%\\System32\\Winevt\\Logs\\%s.evtx\n  retention: %t\n  autoBackup: %t\n  maxSize: %d\npublishing:\n  fileMax: 1\n",
		strings.ReplaceAll(i.Name, "/", "%4"), i.Mode != eventlog.Circular, i.Mode == eventlog.AutoBackup, i.MaxSize)
	return 0
}

func channelStatus(r *run, c *eventlog.Channel) int {
	i := c.Info()
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	r.print("creationTime: %s\nlastAccessTime: %s\nlastWriteTime: %s\nfileSize: %d\nattributes: 32\nnumberOfLogRecords: %d\noldestRecordNumber: %d\n",
		stamp(r.k.Host().BootTime), stamp(i.LastWrite), stamp(i.LastWrite), i.Size, i.Count, i.Oldest)
	return 0
}

// switchValue returns the value of the first of the given switches.
func (r *run) switchValue(names ...string) (string, bool) {
	for _, arg := range r.args[1:] {
		for _, name := range names {
			if text, ok := value(arg, name); ok {
				return text, true
			}
		}
	}
	return "", false
}

func setChannel(r *run, c *eventlog.Channel) int {
	r.only("e", "enabled", "ms", "maxsize", "rt", "retention", "ab", "autobackup", "q", "quiet")
	if !r.p.Token.Elevated {
		return r.deniedLog("Failed to save configuration or activate log " + c.Name() + ".")
	}
	i := c.Info()
	size, mode := i.MaxSize, i.Mode
	if text, ok := r.switchValue("ms", "maxsize"); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1028*1024 {
			r.complain("The parameter is incorrect.\n")
			return int(kernel.InvalidParameter)
		}
		size = n
	}
	if text, ok := r.switchValue("rt", "retention"); ok {
		mode = map[bool]eventlog.Mode{true: eventlog.Retain, false: eventlog.Circular}[strings.EqualFold(text, "true")]
	}
	if text, ok := r.switchValue("ab", "autobackup"); ok && strings.EqualFold(text, "true") {
		mode = eventlog.AutoBackup
	}
	c.Configure(size, mode)
	if text, ok := r.switchValue("e", "enabled"); ok {
		c.Enable(strings.EqualFold(text, "true"))
	}
	return 0
}

func queryEvents(r *run, c *eventlog.Channel) int {
	r.only("q", "query", "f", "format", "c", "count", "rd", "reversedirection", "e", "element", "uni", "unicode", "l", "locale")
	if unicode, _ := r.switchValue("uni", "unicode"); strings.EqualFold(unicode, "true") {
		r.out = unicodeWriter{r.out}
	}
	query, _ := r.switchValue("q", "query")
	records, err := c.Query(query)
	if err != nil {
		r.complain("%s\n", kernel.EvtInvalidQuery.Message())
		return int(kernel.EvtInvalidQuery)
	}
	if reverse, _ := r.switchValue("rd", "reversedirection"); strings.EqualFold(reverse, "true") {
		for i, j := 0, len(records)-1; i < j; i, j = i+1, j-1 {
			records[i], records[j] = records[j], records[i]
		}
	}
	if text, ok := r.switchValue("c", "count"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			r.complain("The parameter is incorrect.\n")
			return int(kernel.InvalidParameter)
		}
		records = records[:min(n, len(records))]
	}
	format, _ := r.switchValue("f", "format")
	if strings.EqualFold(format, "text") {
		for i, record := range records {
			r.eventText(i, record)
		}
		return 0
	}
	if strings.EqualFold(format, "renderedxml") {
		r.unsupported("rendered messages")
	}
	r.eventXML(records)
	return 0
}

// eventXML prints one event a line, inside the element of /e when given.
func (r *run) eventXML(records []eventlog.Record) {
	root, wrapped := r.switchValue("e", "element")
	if wrapped {
		r.print("<%s>\n", root)
	}
	for _, record := range records {
		_, _ = r.out.Write(append(record.XML(), "\r\n"...)) // a closed pipe is the reader's decision
	}
	if wrapped {
		r.print("</%s>\n", root)
	}
}

func (r *run) eventText(i int, record eventlog.Record) {
	level := map[int]string{1: "Critical", 2: "Error", 3: "Warning"}[record.Level]
	if level == "" {
		level = "Information"
	}
	r.print("Event[%d]\n  Log Name: %s\n  Source: %s\n  Date: %s\n  Event ID: %d\n  Task: N/A\n  Level: %s\n  Opcode: Info\n  Keyword: N/A\n  User: %s\n  User Name: N/A\n  Computer: %s\n  Description: \n",
		i, record.Channel, record.Provider, record.Time.UTC().Format("2006-01-02T15:04:05.0000000Z"), record.EventID, level, record.UserID, record.Computer)
	for _, f := range record.Data {
		r.print("%s: %s\n", f.Name, f.Value)
	}
	r.print("\n")
}

func clearChannel(r *run, c *eventlog.Channel) int {
	if !r.p.Token.Elevated {
		return r.deniedLog("Failed to clear log " + c.Name() + ".")
	}
	c.Clear()
	domain, user := r.p.Token.Split()
	event := kernel.EventLogged{
		By: r.k.By(r.p), Channel: eventlog.SystemChannel, Provider: "Microsoft-Windows-Eventlog", EventID: 104, Level: 4,
		Data: []kernel.Field{{Name: "SubjectUserName", Value: user}, {Name: "SubjectDomainName", Value: domain}, {Name: "Channel", Value: c.Name()}, {Name: "BackupPath"}},
	}
	if c.Name() == eventlog.Security {
		event.Channel, event.EventID = eventlog.Security, 1102
	}
	r.k.Publish(event)
	return 0
}

// exportChannel writes the events to a file. The file holds XML, not the binary
// form of an .evtx file.
func exportChannel(r *run, c *eventlog.Channel) int {
	names, _ := words(r.args[1:])
	if len(names) < 2 {
		r.complain("Required argument(s) is/are not specified.\nThe parameter is incorrect.\n")
		return int(kernel.InvalidParameter)
	}
	query, _ := r.switchValue("q", "query")
	records, err := c.Query(query)
	if err != nil {
		r.complain("%s\n", kernel.EvtInvalidQuery.Message())
		return int(kernel.EvtInvalidQuery)
	}
	r.unsupported("binary event log files")
	data := []byte(xml.Header + "<Events>\n")
	for _, record := range records {
		data = append(append(data, record.XML()...), '\n')
	}
	disposition := kernel.CreateNew
	if overwrite, _ := r.switchValue("ow", "overwrite"); strings.EqualFold(overwrite, "true") {
		disposition = kernel.CreateAlways
	}
	if err := r.k.WriteFile(r.p, names[1], append(data, "</Events>\n"...), disposition); err != nil {
		r.complain("Failed to export log %s.\n%s\n", c.Name(), message(err))
		return code(err)
	}
	return 0
}
