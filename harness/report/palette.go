package report

import (
	"github.com/seed-67b27da2/geiger/harness"
)

// Palette says whether output is coloured. The zero value is plain.
type Palette struct{ Colour bool }

// The SGR sequences of the outcomes.
const (
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	grey   = "\x1b[90m"
	plain  = "\x1b[39m"
	reset  = "\x1b[0m"
)

func (p Palette) paint(colour, text string) string {
	if !p.Colour {
		return text
	}
	return colour + text + reset
}

// Paint gives a text the colour of an outcome.
func (p Palette) Paint(o harness.Outcome, text string) string { return p.paint(colourOf(o), text) }

// Faint is for text that matters less.
func (p Palette) Faint(text string) string { return p.faint(text) }

func (p Palette) faint(text string) string { return p.paint(grey, text) }

func colourOf(o harness.Outcome) string {
	switch o {
	case harness.Pass:
		return green
	case harness.Fail:
		return red
	case harness.Inconclusive:
		return yellow
	}
	return grey
}

// outcome is also a cell of the table, where every cell of the column has a colour of the same length.
func (p Palette) outcome(o harness.Outcome) string { return p.paint(colourOf(o), string(o)) }

func (p Palette) mark(o harness.Outcome) string {
	sign := "-"
	switch o {
	case harness.Pass:
		sign = "ok  "
	case harness.Fail:
		sign = "FAIL"
	case harness.Inconclusive:
		sign = "??  "
	}
	return p.paint(colourOf(o), sign)
}

func (p Palette) link(s harness.LinkState) string {
	switch s {
	case harness.LinkHolds:
		return p.paint(green, "+")
	case harness.LinkBroken:
		return p.paint(red, "x")
	case harness.LinkUnknown:
		return p.paint(grey, "?")
	}
	return p.paint(grey, "-")
}
