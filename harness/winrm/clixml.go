package winrm

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf16"
)

const clixmlMark = "#< CLIXML"

// decodeStderr gives what PowerShell meant to print. When its standard error is not a
// console it writes CLIXML ([MS-PSRP] 2.2.5): a mark, then one Objs element per write,
// with strings labelled by stream. Progress records are dropped. Text before, between
// and after, and anything that is not CLIXML, is kept as it is.
//
// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
func decodeStderr(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, clixmlMark)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		decoded, after := decodeObjects(rest)
		out.WriteString(decoded)
		text = after
	}
}

// decodeObjects decodes the Objs elements at the start of text and returns what
// follows the last one.
func decodeObjects(text string) (decoded, rest string) {
	var out strings.Builder
	for {
		body := strings.TrimLeft(text, "\r\n\t ")
		if !strings.HasPrefix(body, "<Objs") {
			return out.String(), text
		}
		end := strings.Index(body, "</Objs>")
		if end < 0 {
			out.WriteString(body) // cut short: better as it is than lost
			return out.String(), ""
		}
		end += len("</Objs>")
		part, ok := decodeObjs(body[:end])
		if !ok {
			part = body[:end]
		}
		out.WriteString(part)
		text = body[end:]
	}
}

// decodeObjs joins the strings of one Objs element in their order.
func decodeObjs(element string) (string, bool) {
	var objs struct {
		Strings []struct {
			Stream string `xml:"S,attr"`
			Text   string `xml:",chardata"`
		} `xml:"S"`
	}
	if err := xml.Unmarshal([]byte(element), &objs); err != nil {
		return "", false
	}
	var out strings.Builder
	for _, s := range objs.Strings {
		if !strings.EqualFold(s.Stream, "progress") {
			out.WriteString(unescape(s.Text))
		}
	}
	return out.String(), true
}

// unescape replaces _xHHHH_ by the UTF-16 unit that it stands for.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var out strings.Builder
	var units []uint16 // a run of escapes, which may hold surrogate pairs
	flush := func() {
		out.WriteString(string(utf16.Decode(units)))
		units = units[:0]
	}
	for text != "" {
		if unit, ok := escapeAt(text); ok {
			units = append(units, unit)
			text = text[escapeLength:]
			continue
		}
		flush()
		out.WriteByte(text[0])
		text = text[1:]
	}
	flush()
	return out.String()
}

const escapeLength = len("_xHHHH_")

func escapeAt(text string) (uint16, bool) {
	if len(text) < escapeLength || text[:2] != "_x" || text[escapeLength-1] != '_' {
		return 0, false
	}
	unit, err := strconv.ParseUint(text[2:escapeLength-1], 16, 16)
	return uint16(unit), err == nil
}

// decodeText is output as text: UTF-8, without a byte order mark, and with U+FFFD for
// what is not UTF-8. It takes the whole output, because a host cuts it anywhere.
func decodeText(output []byte) string {
	return strings.ToValidUTF8(strings.TrimPrefix(string(output), "\uFEFF"), "\uFFFD")
}
