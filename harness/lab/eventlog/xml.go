package eventlog

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// namespace of every rendered event.
const namespace = "http://schemas.microsoft.com/win/2004/08/events/event"

// SystemTime renders a time as in TimeCreated/@SystemTime: UTC, in units of
// 100 ns.
func SystemTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// XML is the record as EvtRender and EventRecord.ToXml give it: one line,
// attributes in apostrophes, no messages.
func (r Record) XML() []byte {
	b := make([]byte, 0, 1024)
	b = fmt.Appendf(b, "<Event xmlns='%s'><System><Provider Name='%s'", namespace, escape(r.Provider))
	if r.ProviderGUID != "" {
		b = fmt.Appendf(b, " Guid='%s'", r.ProviderGUID)
	}
	b = fmt.Appendf(b, "/><EventID>%d</EventID><Version>%d</Version><Level>%d</Level><Task>%d</Task><Opcode>%d</Opcode><Keywords>0x%x</Keywords>",
		r.EventID, r.Version, r.Level, r.Task, r.Opcode, r.Keywords)
	b = fmt.Appendf(b, "<TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID>", SystemTime(r.Time), r.ID)
	if r.ActivityID != "" {
		b = fmt.Appendf(b, "<Correlation ActivityID='%s'/>", r.ActivityID)
	} else {
		b = append(b, "<Correlation/>"...)
	}
	b = fmt.Appendf(b, "<Execution ProcessID='%d' ThreadID='%d'/><Channel>%s</Channel><Computer>%s</Computer>",
		r.ProcessID, r.ThreadID, escape(r.Channel), escape(r.Computer))
	if r.UserID != "" {
		b = fmt.Appendf(b, "<Security UserID='%s'/></System>", r.UserID)
	} else {
		b = append(b, "<Security/></System>"...)
	}
	return append(r.appendData(b), "</Event>"...)
}

func (r Record) appendData(b []byte) []byte {
	if u := r.UserData; u != nil {
		b = fmt.Appendf(b, "<UserData><%s xmlns='%s'>", u.Element, u.Namespace)
		for _, f := range u.Data {
			b = fmt.Appendf(b, "<%s>%s</%s>", f.Name, escape(f.Value), f.Name)
		}
		return fmt.Appendf(b, "</%s></UserData>", u.Element)
	}
	b = append(b, "<EventData>"...)
	for _, f := range r.Data {
		if f.Name == "" {
			b = fmt.Appendf(b, "<Data>%s</Data>", escape(f.Value))
			continue
		}
		b = fmt.Appendf(b, "<Data Name='%s'>%s</Data>", escape(f.Name), escape(f.Value))
	}
	return append(b, "</EventData>"...)
}

// escape makes text safe inside elements and inside apostrophes. Characters that
// XML cannot carry become U+FFFD.
func escape(s string) string {
	if !strings.ContainsFunc(s, special) && utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for _, c := range s {
		switch {
		case c == '&':
			out.WriteString("&amp;")
		case c == '<':
			out.WriteString("&lt;")
		case c == '>':
			out.WriteString("&gt;")
		case c == '\'':
			out.WriteString("&apos;")
		case forbidden(c):
			out.WriteRune(utf8.RuneError)
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

func special(c rune) bool {
	return c == '&' || c == '<' || c == '>' || c == '\'' || forbidden(c)
}

func forbidden(c rune) bool {
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF
}
