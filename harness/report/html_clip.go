package report

import (
	"fmt"
	"html"
	"strings"
)

// allowance is how much text a scenario may still bring from its host to the page, in bytes as they are written there.
type allowance int

// A page has so much room for what hosts sent, and a scenario no more of it than its share. With what is drawn and said
// beside, this keeps a report of seven scenarios below 1 MB, whatever their hosts sent.
const (
	mostOfHosts = 224 << 10
	mostOfHost  = 64 << 10
)

// clip keeps the beginning of a text, of at most so many bytes and within the allowance, and says how much is left out.
func (a *allowance) clip(text string, most int) string {
	const longest = len("&#34;") // of what an escaped byte becomes
	left := max(int(*a), 0)
	kept := clip(text, most)
	if len(html.EscapeString(kept)) > left {
		kept = clip(text, min(most, left/longest))
	}
	*a -= allowance(len(html.EscapeString(kept)))
	return kept
}

// clip counts in bytes. Windows ends its lines with CR LF, of which nobody wants to see the CR.
func clip(text string, most int) string {
	if len(text) <= most {
		return strings.ReplaceAll(text, "\r\n", "\n")
	}
	kept := strings.ToValidUTF8(text[:most], "")
	more := fmt.Sprintf("… %s more", plural(len(text)-len(kept), "byte"))
	if kept == "" {
		return more
	}
	return strings.ReplaceAll(kept, "\r\n", "\n") + "\n" + more
}
