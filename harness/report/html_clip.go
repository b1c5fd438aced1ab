package report

import (
	"fmt"
	"html"
	"strings"
)

// allowance is how much text of a host's a scenario may still take on the page, in bytes as they are written there.
type allowance int

// mostOfHost keeps a report of seven scenarios below 1 MB, whatever their hosts sent.
const mostOfHost allowance = 96 << 10

// clip keeps the beginning of a text, of at most so many bytes and within the allowance, and says how much is left out.
// Windows ends its lines with CR LF, of which nobody wants to see the CR.
func (a *allowance) clip(text string, most int) string {
	kept := clip(text, min(most, max(int(*a), 0)))
	*a -= allowance(len(html.EscapeString(kept)))
	return kept
}

func clip(text string, most int) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if len(text) <= most {
		return text
	}
	kept := strings.ToValidUTF8(text[:most], "")
	return strings.TrimPrefix(fmt.Sprintf("%s\n… %s more", kept, plural(len(text)-len(kept), "byte")), "\n")
}
