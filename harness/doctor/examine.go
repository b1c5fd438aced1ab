package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// State is what is known of a point.
type State string

// The states of a point.
const (
	Holds   State = "holds"
	Broken  State = "broken"
	Unknown State = "unknown"
)

// Place is where a point is mended.
type Place string

// The places.
const (
	// OnMachine is an elevated PowerShell on the machine.
	OnMachine Place = "machine"
	// InInventory is the entry of the machine in the inventory.
	InInventory Place = "inventory"
)

// Finding is one point of the examination.
type Finding struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	State    State  `json:"state"`
	// Saw is what the state follows from.
	Saw string `json:"saw"`
	// Fix is the command, or for the inventory the entry, that mends the point; Where is where it goes.
	Fix   string `json:"fix,omitempty"`
	Where Place  `json:"where,omitempty"`
	// Undo takes back what Fix did. Only a Fix that can be taken back, and that breaks nothing, has one.
	Undo string `json:"undo,omitempty"`
	// Required: geiger cannot work without. Without is what is lost otherwise.
	Required bool   `json:"required"`
	Without  string `json:"without,omitempty"`
}

// Usable reports whether geiger can work on a machine with these findings: whatever it requires is known to hold.
func Usable(findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool { return f.Required && f.State != Holds })
}

// Examine judges every point, in the order in which they depend on each other.
func Examine(f *Facts) []Finding {
	findings := f.connection()
	findings = append(findings, f.credentials())
	for _, p := range hostPoints() {
		findings = append(findings, f.judge(p))
	}
	return findings
}

// point is a question, and what hangs on it.
type point struct {
	id, question string
	required     bool
	without      string
}

func (p point) finding(s State, saw string) Finding {
	return Finding{ID: p.id, Question: p.question, State: s, Saw: saw, Required: p.required, Without: p.without}
}

func (p point) holds(format string, args ...any) Finding {
	return p.finding(Holds, fmt.Sprintf(format, args...))
}

// broken is a point that fix, run on the machine, mends.
func (p point) broken(fix, format string, args ...any) Finding {
	return p.finding(Broken, fmt.Sprintf(format, args...)).mended(OnMachine, fix)
}

func (p point) unknown(format string, args ...any) Finding {
	return p.finding(Unknown, fmt.Sprintf(format, args...))
}

func (f Finding) mended(where Place, fix string) Finding {
	if fix != "" {
		f.Fix, f.Where = fix, where
	}
	return f
}

func (f Finding) undone(undo string) Finding {
	f.Undo = undo
	return f
}

// Safe are the findings whose fixes may be applied without a thought: on the machine that was meant, each with what takes
// it back. There are none while it is not known that it is that machine.
func Safe(findings []Finding) []Finding {
	for _, f := range findings {
		if f.ID == "computer" && f.State != Holds {
			return nil
		}
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.State != Broken || f.Undo == "" })
}

// hostPoint is a point that the machine itself answers.
type hostPoint struct {
	point
	part string // of Host, as Unread names it
	read func(*Host) bool
	of   func(p point, f *Facts) Finding
}

// hostPoints are all of them.
func hostPoints() []hostPoint {
	return slices.Concat(accountPoints(), shellPoints(), webPoints(), sysmonPoints(), loggedPoints(), auditPoints(), channelPoints(), diskPoints())
}

// judge answers a point of the machine, or says why it cannot be answered.
func (f *Facts) judge(p hostPoint) Finding {
	switch {
	case f.Host == nil:
		return p.unknown("not asked: %s", f.Connection.obstacle())
	case !p.read(f.Host):
		return p.unknown("could not be read%s", f.Host.reason(p.part))
	}
	return p.of(p.point, f)
}

// obstacle is why the machine was not asked.
func (c *Connection) obstacle() string {
	switch {
	case c.Dial != nil:
		return "the machine was not reached"
	case c.TLS != nil:
		return "there is no TLS connection"
	case c.Distrust != nil:
		return "its certificate is not trusted"
	}
	return "there is no session"
}

// reason is why a part was not read, for the end of a sentence.
func (h *Host) reason(part string) string {
	for _, name := range []string{part, ""} {
		if text := strings.Join(strings.Fields(h.Unread[name]), " "); text != "" {
			return ": " + text
		}
	}
	return ""
}
