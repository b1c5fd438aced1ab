package eventlog_test

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func newLog() (*eventlog.Log, *host.VirtualClock, *eventlog.Channel) {
	clock := host.NewVirtualClock(start)
	log := eventlog.New(clock, "LAB-IIS01")
	return log, clock, log.AddChannel(eventlog.Settings{Name: "Test", Enabled: true, Mode: eventlog.Circular, MaxSize: 1 << 20, First: 100})
}

func event(id int, data ...eventlog.Field) eventlog.Event {
	return eventlog.Event{
		Provider: "Microsoft-Windows-Sysmon", ProviderGUID: "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}", EventID: id, Version: 2, Level: 4,
		Task: id, Keywords: 0x8000000000000000, ProcessID: 2040, ThreadID: 3012, UserID: "S-1-5-18", Data: data,
	}
}

func ids(records []eventlog.Record) []uint64 {
	var out []uint64
	for _, r := range records {
		out = append(out, r.ID)
	}
	return out
}

func TestRecordsAppearWhenWrittenAndInThatOrder(t *testing.T) {
	_, clock, c := newLog()
	c.Append(event(1), start.Add(300*time.Millisecond))
	c.Append(event(11), start.Add(20*time.Millisecond))
	require.Empty(t, c.Records())
	clock.Advance(100 * time.Millisecond)
	require.Equal(t, []uint64{100}, ids(c.Records()))
	clock.Advance(time.Second)
	records := c.Records()
	require.Equal(t, []uint64{100, 101}, ids(records))
	require.Equal(t, 11, records[0].EventID)
	require.Equal(t, start.Add(300*time.Millisecond), records[1].Time)
}

func TestRecordIDsSurviveClearing(t *testing.T) {
	_, clock, c := newLog()
	for range 3 {
		c.Append(event(1), start)
	}
	info := c.Info()
	require.Equal(t, [3]uint64{100, 102, 3}, [3]uint64{info.Oldest, info.Newest, uint64(info.Count)}) //nolint:gosec // small
	c.Clear()
	info = c.Info()
	require.Zero(t, info.Newest)
	require.Zero(t, info.Count)
	c.Append(event(1), clock.Now())
	require.Equal(t, []uint64{103}, ids(c.Records()))
}

func TestDisabledAndMissingChannels(t *testing.T) {
	log, clock, c := newLog()
	c.Enable(false)
	c.Append(event(1), clock.Now())
	require.Empty(t, c.Records())
	c.Enable(true)
	log.Append("TEST", event(2), clock.Now())
	require.Equal(t, []uint64{100}, ids(c.Records()))
	log.RemoveChannel("test")
	_, ok := log.Channel("Test")
	require.False(t, ok)
	log.Append("Test", event(3), clock.Now())
	iis, ok := log.Channel(eventlog.IISConfiguration)
	require.True(t, ok)
	require.False(t, iis.Info().Enabled)
}

func TestFullChannels(t *testing.T) {
	_, clock, c := newLog()
	c.Configure(2000, eventlog.Circular)
	for range 20 {
		c.Append(event(1, eventlog.Field{Name: "A", Value: strings.Repeat("x", 100)}), clock.Now())
	}
	info := c.Info()
	require.Equal(t, uint64(119), info.Newest)
	require.Greater(t, info.Oldest, uint64(110), "the oldest records have made way")
	c.Configure(1, eventlog.Retain)
	c.Append(event(1), clock.Now())
	require.Equal(t, uint64(119), c.Info().Newest, "a log that retains takes nothing more")
}

func TestXML(t *testing.T) {
	_, clock, c := newLog()
	clock.Advance(1234567800 * time.Nanosecond)
	c.Append(event(11, eventlog.Field{Name: "RuleName", Value: "-"}, eventlog.Field{Name: "TargetFilename", Value: `C:\a & 'b' <c>` + "\x01"}), clock.Now())
	r := c.Records()[0]
	require.Equal(t, `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>`+
		`<Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/><EventID>11</EventID><Version>2</Version>`+
		`<Level>4</Level><Task>11</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>`+
		`<TimeCreated SystemTime='2026-01-05T08:00:01.2345678Z'/><EventRecordID>100</EventRecordID><Correlation/>`+
		`<Execution ProcessID='2040' ThreadID='3012'/><Channel>Test</Channel><Computer>LAB-IIS01</Computer><Security UserID='S-1-5-18'/></System>`+
		`<EventData><Data Name='RuleName'>-</Data><Data Name='TargetFilename'>C:\a &amp; &apos;b&apos; &lt;c&gt;�</Data></EventData></Event>`, string(r.XML()))
	r.UserData = &eventlog.UserData{Element: "LogFileCleared", Namespace: "urn:x", Data: []eventlog.Field{{Name: "SubjectUserName", Value: "a"}}}
	r.UserID, r.ProviderGUID, r.ActivityID = "", "", "{1}"
	require.Contains(t, string(r.XML()), `<UserData><LogFileCleared xmlns='urn:x'><SubjectUserName>a</SubjectUserName></LogFileCleared></UserData>`)
	require.Contains(t, string(r.XML()), `<Security/>`)
	require.NoError(t, xml.Unmarshal(r.XML(), new(struct{})))
}

func TestQueries(t *testing.T) {
	_, clock, c := newLog()
	c.Append(event(1, eventlog.Field{Name: "Image", Value: `C:\a.exe`}, eventlog.Field{Name: "ProcessId", Value: "12"}), clock.Now()) // 100
	c.Append(event(11, eventlog.Field{Name: "TargetFilename", Value: `C:\b.dll`}), clock.Now())                                       // 101
	clock.Advance(time.Hour)
	c.Append(event(11, eventlog.Field{Name: "TargetFilename", Value: `C:\c.dll`}), clock.Now()) // 102
	clear := event(1102)
	clear.Provider, clear.Level, clear.UserData = "Microsoft-Windows-Eventlog", 2, &eventlog.UserData{Element: "LogFileCleared", Data: []eventlog.Field{{Name: "SubjectUserName", Value: "bob"}}}
	c.Append(clear, clock.Now()) // 103
	clock.Advance(time.Minute)
	cases := map[string][]uint64{
		``:                               {100, 101, 102, 103},
		`*`:                              {100, 101, 102, 103},
		`*[System[(EventRecordID>100)]]`: {101, 102, 103},
		`*[System[EventID=11]]`:          {101, 102},
		`*[System/EventID=1102]`:         {103},
		`Event[System[EventID!=11]]`:     {100, 103},
		`Event/System[EventID=1]`:        {100},
		`*[System[(EventRecordID>100) and (EventID=1 or EventID=11)]]`:                   {101, 102},
		`*[System[EventID=1 or EventID=11 and EventRecordID=102]]`:                       {100, 102},
		`*[System[TimeCreated[@SystemTime>='2026-01-05T08:30:00.000Z']]]`:                {102, 103},
		`*[System[TimeCreated[@SystemTime<='2026-01-05T08:30:00']]]`:                     {100, 101},
		`*[System[TimeCreated[timediff(@SystemTime) <= 120000]]]`:                        {102, 103},
		`*[System[Provider[@Name='Microsoft-Windows-Sysmon']]]`:                          {100, 101, 102},
		`*[System[Provider[@Name='Microsoft-Windows-Sysmon' or @Name='x'] and Level=4]]`: {100, 101, 102},
		`*[System[Level<=3]]`:                                                   {103},
		`*[System[band(Keywords,9223372036854775808)]]`:                         {100, 101, 102, 103},
		`*[System[Security[@UserID='S-1-5-18']]]`:                               {100, 101, 102, 103},
		`*[EventData[Data[@Name='TargetFilename']='C:\b.dll']]`:                 {101},
		`*[EventData[Data[@Name="TargetFilename"] and (Data='C:\c.dll')]]`:      {102},
		`*[EventData/Data='12']`:                                                {100},
		`*[System[EventID=1] and EventData[Data[@Name='ProcessId']=12]]`:        {100},
		`*[UserData/LogFileCleared/SubjectUserName='bob']`:                      {103},
		`*[UserData/*/SubjectUserName='bob']`:                                   {103},
		`*[System[Execution[@ProcessID=2040]]] `:                                {100, 101, 102, 103},
		`*[System[Channel='Test' and Computer='LAB-IIS01' and EventID > 1000]]`: {103},
		`*[System/*='Test']`:                                                    {100, 101, 102, 103},
		`*[System/Nothing]`:                                                     nil,
		`*[System[EventID=7]]`:                                                  nil,
	}
	for query, want := range cases {
		got, err := c.Query(query)
		require.NoError(t, err, query)
		require.Equal(t, want, ids(got), query)
	}
}

func TestBadQueries(t *testing.T) {
	_, _, c := newLog()
	for query, want := range map[string]string{
		`*[System[EventID=11]`:     "column 21: expected ]",
		`*[System[EventID='11]]`:   "column 18: the text has no closing quote",
		`*[System[contains(a,b)]]`: "the event log has no function contains",
		`* and *`:                  "expected the end of the query",
		`*[$x]`:                    `column 3: '$' is not part of an event query`,
		`*[System[EventID=]]`:      "expected the name of an element",
		`*[1x=2]`:                  `"1x" is not a number`,
		strings.Repeat("*[", 100):  "nested too deeply",
	} {
		_, err := c.Query(query)
		require.ErrorContains(t, err, want, query)
		var e *eventlog.QueryError
		require.ErrorAs(t, err, &e)
	}
}

func FuzzQuery(f *testing.F) {
	f.Add(`*[System[(EventRecordID>5) and (EventID=1 or EventID=11) and TimeCreated[@SystemTime>='2026-01-05T08:30:00.000Z']]]`)
	f.Add(`*[EventData[Data[@Name='x']='y'] or System[band(Keywords,8) and TimeCreated[timediff(@SystemTime)<=5]]]`)
	f.Fuzz(func(t *testing.T, query string) {
		q, err := eventlog.ParseQuery(query)
		if err != nil {
			var e *eventlog.QueryError
			require.ErrorAs(t, err, &e)
			return
		}
		q.Match(&eventlog.Record{Event: event(1, eventlog.Field{Name: "x", Value: "y"}), Time: start}, start)
	})
}

func TestStructuredQueries(t *testing.T) {
	log, clock, c := newLog()
	other := log.AddChannel(eventlog.Settings{Name: "Other", Enabled: true})
	c.Append(event(1), clock.Now().Add(time.Second))
	other.Append(event(2), clock.Now())
	c.Append(event(3), clock.Now().Add(2*time.Second))
	clock.Advance(time.Minute)
	records, err := log.QueryXML(`<QueryList><Query Id="0" Path="Test"><Select>*</Select><Select Path="Other">*[System[EventID=2]]</Select>
		<Suppress>*[System[(EventID &gt; 2)]]</Suppress></Query></QueryList>`)
	require.NoError(t, err)
	require.Len(t, records, 2)
	require.Equal(t, []int{2, 1}, []int{records[0].EventID, records[1].EventID})
	_, err = log.QueryXML(`<QueryList><Query Path="None"><Select>*</Select></Query></QueryList>`)
	var missing *eventlog.MissingChannelError
	require.ErrorAs(t, err, &missing)
	_, err = log.QueryXML(`<QueryList><Query Path="Test"><Select>*[</Select></Query></QueryList>`)
	var bad *eventlog.QueryError
	require.ErrorAs(t, err, &bad)
	_, err = log.QueryXML(`<Query`)
	require.Error(t, err)
}

func Example() {
	clock := host.NewVirtualClock(start)
	log := eventlog.New(clock, "LAB-IIS01")
	log.Append(eventlog.Sysmon, event(11, eventlog.Field{Name: "TargetFilename", Value: `C:\x.dll`}), clock.Now().Add(20*time.Millisecond))
	channel, _ := log.Channel(eventlog.Sysmon)
	fmt.Println("at once:", channel.Info().Count)
	clock.Advance(time.Second)
	records, err := channel.Query(`*[System[EventID=11] and EventData[Data[@Name='TargetFilename']='C:\x.dll']]`)
	fmt.Println("later:", len(records), eventlog.SystemTime(records[0].Time), err)
	// Output:
	// at once: 0
	// later: 1 2026-01-05T08:00:00.0200000Z <nil>
}

// TestQueriesThatBeginLate holds what a query finds against a look at every record.
func TestQueriesThatBeginLate(t *testing.T) {
	clock := host.NewVirtualClock(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC))
	log := eventlog.New(clock, "LAB")
	for i := range 20 {
		log.Append(eventlog.Application, eventlog.Event{EventID: i % 3, Data: []eventlog.Field{{Name: "EventRecordID", Value: "99999"}}}, clock.Now())
	}
	channel, _ := log.Channel(eventlog.Application)
	all := channel.Records()
	middle := strconv.FormatUint(all[9].ID, 10)
	for expression, want := range map[string]int{
		"*[System[(EventRecordID>" + middle + ")]]":                     10,
		"*[System[EventRecordID>=" + middle + "]]":                      11,
		"*[System[EventRecordID=" + middle + "]]":                       1,
		"*[System[EventID=1 and EventRecordID>" + middle + "]]":         4,
		"*[System[EventID=1 or EventRecordID>" + middle + "]]":          13,
		"*[System[EventRecordID>" + middle + "] and System[EventID=1]]": 4,
		"*[System[EventRecordID<" + middle + "]]":                       9,
		"*[System[EventRecordID!=" + middle + "]]":                      19,
	} {
		found, err := channel.Query(expression)
		require.NoError(t, err, expression)
		require.Len(t, found, want, expression)
		q, err := eventlog.ParseQuery(expression)
		require.NoError(t, err)
		var each []eventlog.Record
		for i := range all {
			if q.Match(&all[i], clock.Now()) {
				each = append(each, all[i])
			}
		}
		require.Equal(t, each, found, expression)
	}
}
