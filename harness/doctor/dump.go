package doctor

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
)

// fileText decodes a configuration file, which editors on Windows save as UTF-8 or as UTF-16 with its mark.
func fileText(b []byte) string {
	if len(b) < 2 || b[0] != 0xff || b[1] != 0xfe {
		return strings.TrimPrefix(string(b), "\ufeff")
	}
	units := make([]uint16, 0, len(b)/2)
	for b = b[2:]; len(b) >= 2; b = b[2:] {
		units = append(units, binary.LittleEndian.Uint16(b))
	}
	return string(utf16.Decode(units))
}

var (
	dumpHeading   = regexp.MustCompile(`(?m)^\s*Rule configuration \(version [\d.]+\):\s*$`)
	dumpEvent     = regexp.MustCompile(`^\s*-\s+(\w+)\s+onmatch:\s+(include|exclude)\s+combine rules using '(And|Or)'\s*$`)
	dumpCompound  = regexp.MustCompile(`^(\s+)Compound Rule\s.*combine using (And|Or)\s*$`)
	dumpCondition = regexp.MustCompile(`^(\s+)(\w+)\s+filter:\s+(\w[\w ]*?)\s+value:\s+'(.*)'\s*$`)
)

// errNoDump says that `sysmon -c` printed something else.
var errNoDump = errors.New("`sysmon -c` did not print a configuration")

// dumpXML turns what `sysmon -c` prints into a configuration file of the same meaning. Names of rules are not in it.
// The form is that of issue 87 of SwiftOnSecurity/sysmon-config; a line in any other makes the whole unreadable,
// because a rule that is not understood may be the one that decides.
func dumpXML(dump string) (string, error) {
	dump = strings.NewReplacer("\r", "", "\x00", "").Replace(dump) // UTF-16 that was taken for single bytes has zeros
	if strings.Contains(dump, "No rules installed") {
		return `<Sysmon schemaversion="4.50"><EventFiltering></EventFiltering></Sysmon>`, nil
	}
	at := dumpHeading.FindStringIndex(dump)
	if at == nil {
		return "", errNoDump
	}
	w := dumpWriter{}
	for line := range strings.Lines(dump[at[1]:]) {
		if err := w.line(strings.TrimRight(line, "\n")); err != nil {
			return "", err
		}
	}
	w.leaveEvent()
	return `<Sysmon schemaversion="4.90"><EventFiltering>` + w.text.String() + `</EventFiltering></Sysmon>`, nil
}

// dumpWriter writes the elements of a configuration; event is the open one, and compound the indentation of the open
// Rule, "" without one.
type dumpWriter struct {
	text            strings.Builder
	event, compound string
}

func (w *dumpWriter) line(line string) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	if m := dumpEvent.FindStringSubmatch(line); m != nil {
		w.leaveEvent()
		w.event = m[1]
		fmt.Fprintf(&w.text, `<RuleGroup groupRelation="%s"><%s onmatch="%s">`, strings.ToLower(m[3]), m[1], m[2])
		return nil
	}
	if m := dumpCompound.FindStringSubmatch(line); m != nil && w.event != "" {
		w.leaveRule()
		w.compound = m[1]
		fmt.Fprintf(&w.text, `<Rule groupRelation="%s">`, strings.ToLower(m[2]))
		return nil
	}
	m := dumpCondition.FindStringSubmatch(line)
	if m == nil || w.event == "" {
		return fmt.Errorf("`sysmon -c` printed a line that is not understood: %q", line)
	}
	if w.compound != "" && len(m[1]) <= len(w.compound) {
		w.leaveRule()
	}
	fmt.Fprintf(&w.text, `<%s condition="%s">`, m[2], m[3])
	if err := xml.EscapeText(&w.text, []byte(m[4])); err != nil {
		return err
	}
	fmt.Fprintf(&w.text, `</%s>`, m[2])
	return nil
}

func (w *dumpWriter) leaveRule() {
	if w.compound != "" {
		w.text.WriteString("</Rule>")
	}
	w.compound = ""
}

func (w *dumpWriter) leaveEvent() {
	w.leaveRule()
	if w.event != "" {
		fmt.Fprintf(&w.text, "</%s></RuleGroup>", w.event)
	}
	w.event = ""
}
