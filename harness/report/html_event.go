package report

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

// eventIndex finds the events of a run, and the phases that caused them.
type eventIndex struct {
	events []telemetry.Event
	phases []harness.Phase
	at     map[harness.EventRef]int
	left   *allowance // for what is shown of them
}

func indexEvents(e *harness.Evidence) eventIndex {
	x := eventIndex{events: e.Events, phases: harness.EventPhases(e), at: map[harness.EventRef]int{}}
	for i := range e.Events {
		x.at[harness.EventRef{Channel: e.Events[i].Channel, RecordID: e.Events[i].RecordID}] = i
	}
	return x
}

// htmlEvent is a raw event.
type htmlEvent struct {
	Name  string
	Phase harness.Phase
	Time  string
	XML   string
}

// shown are the first events behind something, and how many more there are.
func (x *eventIndex) shown(refs []harness.EventRef) (events []htmlEvent, more int) {
	for _, ref := range refs {
		i, ok := x.at[ref]
		switch {
		case !ok:
		case len(events) < mostEvents:
			events = append(events, x.event(i))
		default:
			more++
		}
	}
	return events, more
}

// first is when the first of the events that there are happened.
func (x *eventIndex) first(refs []harness.EventRef) (time.Time, bool) {
	for _, ref := range refs {
		if i, ok := x.at[ref]; ok {
			return x.events[i].Time(), true
		}
	}
	return time.Time{}, false
}

func (x *eventIndex) event(i int) htmlEvent {
	e := &x.events[i]
	name := fmt.Sprintf("Record %d of %s, event %d", e.RecordID, e.Channel, e.EventID)
	if is := eventName(e.Channel, e.EventID); is != "" {
		name += " (" + is + ")"
	}
	return htmlEvent{name, x.phases[i], clockTime(e.Time()), x.left.clip(rawEvent(e), mostText)}
}

// rawEvent is the record as the host rendered it, or its fields when it was not rendered.
func rawEvent(e *telemetry.Event) string {
	if len(e.XML) > 0 {
		return prettyXML(string(e.XML))
	}
	var b strings.Builder
	for _, f := range e.Data {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String()
}

// prettyXML gives each element of a document a line. What is not XML stays as it is: nothing of a record is hidden. The
// names keep the prefixes of the document, for which encoding/xml has no writer.
func prettyXML(text string) string {
	d := xml.NewDecoder(strings.NewReader(Visible(text)))
	p := xmlPrinter{}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			p.bracket()
			return p.out.String()
		}
		if err != nil {
			return text
		}
		p.token(token)
	}
}

type xmlPrinter struct {
	out   strings.Builder
	depth int
	begun bool // the start of an element is written, but for its bracket
	leaf  bool // the last thing written was the start of an element, or text in it
}

func (p *xmlPrinter) token(t xml.Token) {
	switch t := t.(type) {
	case xml.StartElement:
		p.bracket()
		p.line(p.depth)
		p.out.WriteString("<" + xmlName(t.Name))
		for _, a := range t.Attr {
			fmt.Fprintf(&p.out, ` %s="%s"`, xmlName(a.Name), xmlEscapes.Replace(a.Value))
		}
		p.depth++
		p.begun, p.leaf = true, true
	case xml.EndElement:
		p.end(t)
	case xml.CharData:
		if text := strings.TrimSpace(string(t)); text != "" {
			p.bracket()
			p.out.WriteString(xmlEscapes.Replace(text))
		}
	}
}

func (p *xmlPrinter) end(t xml.EndElement) {
	p.depth--
	if p.begun {
		p.out.WriteString("/>")
	} else {
		if !p.leaf {
			p.line(p.depth)
		}
		p.out.WriteString("</" + xmlName(t.Name) + ">")
	}
	p.begun, p.leaf = false, false
}

func (p *xmlPrinter) bracket() {
	if p.begun {
		p.out.WriteString(">")
		p.begun = false
	}
}

func (p *xmlPrinter) line(depth int) {
	if p.out.Len() > 0 {
		p.out.WriteString("\n" + strings.Repeat("  ", max(depth, 0)))
	}
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func xmlName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// eventName is what a kind of event is called. Sources: learn.microsoft.com/sysinternals/downloads/sysmon, and the
// providers' manifests.
func eventName(channel string, id int) string {
	switch channel {
	case telemetry.ChannelSysmon:
		if id < len(sysmonNames) {
			return sysmonNames[id]
		}
	case telemetry.ChannelSecurity:
		return securityNames[id]
	case telemetry.ChannelPowerShell:
		return powerShellNames[id]
	case telemetry.ChannelIISConfiguration:
		return iisNames[id]
	}
	return ""
}

var sysmonNames = [...]string{
	1: "process create", 2: "file creation time changed", 3: "network connection", 4: "service state changed", 5: "process terminated",
	6: "driver loaded", 7: "image loaded", 8: "create remote thread", 9: "raw access read", 10: "process access", 11: "file create",
	12: "registry key created or deleted", 13: "registry value set", 14: "registry key or value renamed", 15: "file stream created",
	16: "configuration changed", 17: "pipe created", 18: "pipe connected", 19: "WMI filter", 20: "WMI consumer", 21: "WMI binding",
	22: "DNS query", 23: "file deleted, archived", 24: "clipboard changed", 25: "process tampering", 26: "file deleted",
	27: "file block executable", 28: "file block shredding", 29: "file executable detected",
}

var (
	securityNames = map[int]string{
		4624: "logon", 4625: "logon failed", 4634: "logoff", 4648: "logon with explicit credentials", 4663: "object accessed",
		4672: "special privileges", 4688: "process created", 4689: "process ended", 1102: "log cleared",
	}
	powerShellNames = map[int]string{4103: "pipeline execution", 4104: "script block"}
	iisNames        = map[int]string{29: "configuration changed", 50: "configuration committed"}
)

// htmlKinds counts events by kind and phase.
type htmlKinds struct {
	Phases []harness.Phase
	Rows   []htmlKind
	More   int // kinds left out
}

type htmlKind struct {
	Channel string
	ID      int
	Name    string
	Counts  []int
	Total   int
}

// mostKinds bounds the kinds of events that are listed.
const mostKinds = 40

func (x *eventIndex) kinds() htmlKinds {
	type kind struct {
		channel string
		id      int
	}
	counts := map[kind]map[harness.Phase]int{}
	k := htmlKinds{}
	for i := range x.events {
		key := kind{x.events[i].Channel, x.events[i].EventID}
		if counts[key] == nil {
			counts[key] = map[harness.Phase]int{}
		}
		counts[key][x.phases[i]]++
	}
	for _, p := range phases {
		if slices.Contains(x.phases, p) {
			k.Phases = append(k.Phases, p)
		}
	}
	for key, byPhase := range counts {
		row := htmlKind{Channel: key.channel, ID: key.id, Name: eventName(key.channel, key.id)}
		for _, p := range k.Phases {
			row.Counts = append(row.Counts, byPhase[p])
		}
		for n := range maps.Values(byPhase) {
			row.Total += n
		}
		k.Rows = append(k.Rows, row)
	}
	slices.SortFunc(k.Rows, func(a, b htmlKind) int {
		return cmp.Or(b.Total-a.Total, cmp.Compare(a.Channel, b.Channel), a.ID-b.ID)
	})
	k.More = max(len(k.Rows)-mostKinds, 0)
	k.Rows = k.Rows[:len(k.Rows)-k.More]
	return k
}

// phases are all phases in the order in which a scenario has them.
var phases = [...]harness.Phase{harness.Prerequisite, harness.Attack, harness.Cleanup, harness.Harness, harness.Background}
