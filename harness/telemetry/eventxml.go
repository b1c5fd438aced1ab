package telemetry

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"time"
)

var (
	eventStart = regexp.MustCompile(`<Event[\s/>]`)
	eventEnd   = []byte("</Event>")
	// betweenEvents is what an export puts around its events: a declaration, the element Events, comments.
	betweenEvents = regexp.MustCompile(`^(?:\s+|<\?.*?\?>|</?Events\b[^>]*>|<!--(?s:.*?)-->)*$`)
)

// readXML reads one event, a collection of them as Event Viewer and wevtutil export it, or events one after another as
// Splunk keeps them. Events are cut out by their tags rather than by an XML decoder, for one event with characters that
// XML forbids must not lose those after it.
func readXML(text []byte) records {
	return func(yield func(item, error) bool) {
		for number := 1; len(text) > 0; number++ {
			start := len(text)
			if at := eventStart.FindIndex(text); at != nil {
				start = at[0]
			}
			if !betweenEvents.Match(text[:start]) && !yield(item{}, bad(number, errors.New("text that is not an event"))) {
				return
			}
			text = text[start:]
			if len(text) == 0 {
				return
			}
			one := text
			if end := bytes.Index(text, eventEnd); end >= 0 {
				one = text[:end+len(eventEnd)]
			}
			text = text[len(one):]
			if !yieldXML(yield, number, one) {
				return
			}
		}
	}
}

func yieldXML(yield func(item, error) bool, number int, text []byte) bool {
	e, err := ParseXML(bytes.Clone(text))
	if err == nil && e.Channel == "" {
		err = errors.New("the event has no channel")
	}
	if err != nil {
		return yield(item{}, bad(number, err))
	}
	return yield(item{event: e}, nil)
}

// Rendered is the event with XML that says what its fields say, for events that came in another form. It fails for an
// event that lacks what every record of a log has: a channel and a time.
func (e Event) Rendered() (Event, error) {
	if len(e.XML) > 0 {
		return e, nil
	}
	if e.TimeCreated.IsZero() {
		e.TimeCreated = e.Time()
	}
	switch {
	case e.Channel == "":
		return Event{}, errors.New("the event has no channel")
	case e.TimeCreated.IsZero():
		return Event{}, errors.New("the event has no time")
	}
	return ParseXML(e.render())
}

func (e *Event) render() []byte {
	var b bytes.Buffer
	escape := func(text string) string {
		var out bytes.Buffer
		_ = xml.EscapeText(&out, []byte(text)) // a buffer takes all
		return out.String()
	}
	b.WriteString(`<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>`)
	fmt.Fprintf(&b, `<Provider Name="%s"/><EventID>%d</EventID><Version>%d</Version>`, escape(e.Provider), e.EventID, e.Version)
	fmt.Fprintf(&b, `<TimeCreated SystemTime="%s"/><EventRecordID>%d</EventRecordID>`, e.TimeCreated.UTC().Format(time.RFC3339Nano), e.RecordID)
	fmt.Fprintf(&b, `<Execution ProcessID="%d" ThreadID="%d"/>`, e.ProcessID, e.ThreadID)
	fmt.Fprintf(&b, `<Channel>%s</Channel><Computer>%s</Computer>`, escape(e.Channel), escape(e.Computer))
	if e.UserID != "" {
		fmt.Fprintf(&b, `<Security UserID="%s"/>`, escape(e.UserID))
	}
	b.WriteString(`</System><EventData>`)
	for _, f := range e.Data {
		fmt.Fprintf(&b, `<Data Name="%s">%s</Data>`, escape(f.Name), escape(f.Value))
	}
	b.WriteString(`</EventData></Event>`)
	return b.Bytes()
}
