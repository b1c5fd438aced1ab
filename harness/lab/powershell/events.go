package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

const readerSpace = "System.Diagnostics.Eventing.Reader."

// channel opens an event log as the caller, or fails as the Windows API does.
func (in *interp) channel(name string) (*eventlog.Channel, *Exception) {
	c, ok := in.log.Channel(name)
	if !ok {
		return nil, exception(readerSpace+"EventLogNotFoundException", "The specified channel could not be found. Check channel configuration.")
	}
	t := in.p.Token
	admin := t.Elevated && t.Is(host.Administrators)
	if c.Info().AdminOnly && !admin && !t.Is(host.System) {
		return nil, exception("System.UnauthorizedAccessException", "Attempted to perform an unauthorized operation.")
	}
	return c, nil
}

func eventStatics() []*static {
	return []*static{
		{name: readerSpace + "PathType", enum: names{"LogName": 1, "FilePath": 2}},
		{name: readerSpace + "EventLogSession", values: values{"GlobalSession": func(*interp) any { return eventSession() }}, create: func(*interp, any, []any) (any, error) { return eventSession(), nil }},
		{name: readerSpace + "EventLogConfiguration", create: one(func(in *interp, v any) (any, error) {
			c, ok := in.log.Channel(in.str(v))
			if !ok {
				_, e := in.channel(in.str(v))
				return nil, e
			}
			return newObject(logConfiguration(), c), nil
		})},
		{name: readerSpace + "EventLogQuery", create: func(in *interp, _ any, args []any) (any, error) {
			q := record(readerSpace+"EventLogQuery", "ReverseDirection", false, "TolerateQueryErrors", false, "Path", in.str(args0(args)), "Query", "*")
			if len(args) > 2 {
				q.note("Query", in.str(args[2]))
			}
			return q, nil
		}},
		{name: readerSpace + "EventLogReader", create: one(newEventReader)},
		{name: readerSpace + "EventBookmark", enum: names{}},
	}
}

func eventSession() *Object {
	return newObject(&class{name: readerSpace + "EventLogSession", methods: methods{
		"getloginformation": one(func(in *interp, v any) (any, error) {
			c, e := in.channel(in.str(v))
			if e != nil {
				return nil, e
			}
			i := c.Info()
			o := record(readerSpace+"EventLogInformation", "RecordCount", int64(i.Count), "OldestRecordNumber", int64(i.Oldest), "FileSize", i.Size, //nolint:gosec // record ids are small
				"IsLogFull", false, "LastWriteTime", i.LastWrite.In(localZone()))
			if i.Count == 0 {
				o.note("OldestRecordNumber", int64(0))
			}
			return o, nil
		}),
		"getlognames": func(in *interp, _ any, _ []any) (any, error) {
			a := &Array{Type: stringArray}
			for _, c := range in.log.Channels() {
				a.Items = append(a.Items, c.Name())
			}
			return a, nil
		},
	}}, nil)
}

// logConfiguration is the class of EventLogConfiguration, which Get-WinEvent -ListLog returns too.
func logConfiguration() *class {
	p := func(name string, get func(i eventlog.Info) any) prop {
		return prop{name: name, get: func(_ *interp, o *Object) any { return get(o.data.(*eventlog.Channel).Info()) }}
	}
	enabled := p("IsEnabled", func(i eventlog.Info) any { return i.Enabled })
	enabled.set = func(_ *interp, o *Object, v any) error {
		o.note("pending", truth(v))
		return nil
	}
	enabled.get = func(_ *interp, o *Object) any {
		if v, ok := o.notes.get("pending"); ok {
			return v
		}
		return o.data.(*eventlog.Channel).Info().Enabled
	}
	size := p("MaximumSizeInBytes", func(i eventlog.Info) any { return i.MaxSize })
	size.set = func(in *interp, o *Object, v any) error {
		n, err := in.int(v)
		o.data.(*eventlog.Channel).Configure(int64(n), o.data.(*eventlog.Channel).Info().Mode)
		return err
	}
	return &class{
		name: readerSpace + "EventLogConfiguration", columns: []string{"LogMode", "MaximumSizeInBytes", "RecordCount", "LogName"},
		props: []prop{
			p("LogName", func(i eventlog.Info) any { return i.Name }), enabled, p("LogMode", func(i eventlog.Info) any { return string(i.Mode) }), size,
			p("RecordCount", func(i eventlog.Info) any { return int64(i.Count) }), p("OldestRecordNumber", func(i eventlog.Info) any { return int64(i.Oldest) }), //nolint:gosec // small
			p("FileSize", func(i eventlog.Info) any { return i.Size }), p("LastWriteTime", func(i eventlog.Info) any { return i.LastWrite.In(localZone()) }),
			p("LogType", func(i eventlog.Info) any { return i.Type }), p("OwningProviderName", func(i eventlog.Info) any { return i.Provider }),
			p("IsLogFull", func(eventlog.Info) any { return false }), p("IsClassicLog", func(i eventlog.Info) any { return i.Type == "Admin" }),
		},
		methods: methods{"savechanges": func(in *interp, self any, _ []any) (any, error) {
			o, _ := self.(*Object)
			if !in.p.Token.Elevated {
				return nil, exception("System.UnauthorizedAccessException", "Attempted to perform an unauthorized operation.")
			}
			if v, ok := o.notes.get("pending"); ok {
				o.data.(*eventlog.Channel).Enable(truth(v))
			}
			return void{}, nil
		}, "dispose": nothing},
	}
}

// eventReader walks over the records that a query selects.
type eventReader struct {
	records []eventlog.Record
	next    int
}

func newEventReader(in *interp, v any) (any, error) {
	q, ok := v.(*Object)
	path, query := in.str(v), "*"
	reverse := false
	if ok {
		p, _ := q.notes.get("Path")
		x, _ := q.notes.get("Query")
		r, _ := q.notes.get("ReverseDirection")
		path, query, reverse = in.str(p), in.str(x), truth(r)
	}
	records, err := in.queryLog(path, query)
	if err != nil {
		return nil, err
	}
	if reverse {
		records = reversed(records)
	}
	return newObject(&class{name: readerSpace + "EventLogReader", methods: methods{
		"readevent": func(_ *interp, self any, _ []any) (any, error) {
			r, _ := self.(*Object).data.(*eventReader)
			if r.next >= len(r.records) {
				return nil, nil
			}
			r.next++
			return eventObject(r.records[r.next-1]), nil
		},
		"dispose": nothing, "cancelreading": nothing,
	}, props: []prop{{name: "BatchSize", get: func(*interp, *Object) any { return int32(64) }, set: func(*interp, *Object, any) error { return nil }}}}, &eventReader{records: records}), nil
}

func reversed(in []eventlog.Record) []eventlog.Record {
	out := make([]eventlog.Record, len(in))
	for i, r := range in {
		out[len(in)-1-i] = r
	}
	return out
}

// queryLog reads the records of a channel that an XPath query selects, oldest first.
func (in *interp) queryLog(path, query string) ([]eventlog.Record, error) {
	c, e := in.channel(path)
	if e != nil {
		return nil, e
	}
	records, err := c.Query(query)
	if err != nil {
		return nil, exception(readerSpace+"EventLogException", "The specified query is invalid")
	}
	return records, nil
}

func eventProp(name string, get func(r eventlog.Record) any) prop {
	return prop{name: name, get: func(_ *interp, o *Object) any { return get(o.data.(eventlog.Record)) }}
}

func eventObject(r eventlog.Record) *Object {
	level := map[int]string{0: "Information", 1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}
	c := &class{name: readerSpace + "EventLogRecord", columns: []string{"TimeCreated", "Id", "LevelDisplayName", "Message"}, props: []prop{
		eventProp("Message", func(r eventlog.Record) any { return eventMessage(r) }), eventProp("Id", func(r eventlog.Record) any { return int32(r.EventID) }), //nolint:gosec // small
		eventProp("Version", func(r eventlog.Record) any { return uint8(r.Version) }), eventProp("Level", func(r eventlog.Record) any { return uint8(r.Level) }), //nolint:gosec // small
		eventProp("Task", func(r eventlog.Record) any { return int32(r.Task) }), eventProp("Opcode", func(r eventlog.Record) any { return int16(r.Opcode) }), //nolint:gosec // small
		eventProp("Keywords", func(r eventlog.Record) any { return int64(r.Keywords) }), eventProp("RecordId", func(r eventlog.Record) any { return int64(r.ID) }), //nolint:gosec // a bit mask, an id
		eventProp("ProviderName", func(r eventlog.Record) any { return r.Provider }), eventProp("LogName", func(r eventlog.Record) any { return r.Channel }),
		eventProp("ProcessId", func(r eventlog.Record) any { return int32(r.ProcessID) }), eventProp("ThreadId", func(r eventlog.Record) any { return int32(r.ThreadID) }), //nolint:gosec // small
		eventProp("MachineName", func(r eventlog.Record) any { return r.Computer }), eventProp("UserId", func(r eventlog.Record) any { return r.UserID }),
		eventProp("TimeCreated", func(r eventlog.Record) any { return r.Time.In(localZone()) }), eventProp("ContainerLog", func(r eventlog.Record) any { return strings.ToLower(r.Channel) }),
		eventProp("LevelDisplayName", func(r eventlog.Record) any { return level[r.Level] }), eventProp("Bookmark", func(eventlog.Record) any { return nil }),
		eventProp("Properties", func(r eventlog.Record) any {
			out := newArray()
			for _, f := range eventFields(r) {
				out.Items = append(out.Items, record(readerSpace+"EventProperty", "Value", f.Value))
			}
			return out
		}),
	}, methods: methods{"toxml": func(_ *interp, self any, _ []any) (any, error) {
		return string(self.(*Object).data.(eventlog.Record).XML()), nil
	}, "dispose": nothing, "formatdescription": func(_ *interp, self any, _ []any) (any, error) {
		return eventMessage(self.(*Object).data.(eventlog.Record)), nil
	}}}
	return newObject(c, r)
}

func eventFields(r eventlog.Record) []eventlog.Field {
	if r.UserData != nil {
		return r.UserData.Data
	}
	return r.Data
}

// eventMessage renders the data of an event, one field a line, as the messages of Sysmon do.
func eventMessage(r eventlog.Record) string {
	var b strings.Builder
	for i, f := range eventFields(r) {
		if i > 0 {
			b.WriteString("\r\n")
		}
		if f.Name != "" {
			b.WriteString(f.Name + ": ")
		}
		b.WriteString(f.Value)
	}
	return b.String()
}
