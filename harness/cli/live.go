package cli

import (
	"fmt"
	"sync"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/report"
)

// live shows how a run goes on: a line that changes, on a terminal, and a line for each verdict. Targets that run at the
// same time share it.
type live struct {
	env   *Environment
	quiet bool // a program reads standard output
	many  bool // targets

	mutex sync.Mutex
	told  bool // that the run was interrupted
}

func newLive(env *Environment, format string) *live { return &live{env: env, quiet: format != "text"} }

// eraseLine moves to the start of a terminal's line and clears it.
const eraseLine = "\r\x1b[K"

func (l *live) progress(target, scenario string, link harness.LinkName) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if !l.env.Terminal || l.quiet {
		return
	}
	if l.many {
		scenario = target + " " + scenario
	}
	fmt.Fprintf(l.env.Stdout, "%s...  %-22s %s", eraseLine, scenario, doing(link))
}

// interrupted says, once, that the hosts are being cleaned up.
func (l *live) interrupted() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.told {
		return
	}
	l.told = true
	l.erase()
	fmt.Fprintln(l.env.Stderr, "geiger: interrupted; cleaning up the host (interrupt again to stop at once)")
}

func (l *live) verdict(v *harness.Verdict) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.quiet {
		return nil
	}
	l.erase()
	p := report.Palette{Colour: l.env.Colour}
	if l.many {
		return report.LineOnTarget(l.env.Stdout, v, p)
	}
	return report.Line(l.env.Stdout, v, p)
}

func (l *live) done() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.erase()
}

// erase clears the line that changes.
func (l *live) erase() {
	if l.env.Terminal && !l.quiet {
		fmt.Fprint(l.env.Stdout, eraseLine)
	}
}

func doing(link harness.LinkName) string {
	switch link {
	case harness.LinkReached:
		return "reaching the host"
	case harness.LinkPrepared:
		return "checking prerequisites"
	case harness.LinkExecuted:
		return "executing"
	case harness.LinkTookEffect:
		return "checking the effect"
	case harness.LinkCleanedUp:
		return "cleaning up"
	case harness.LinkRecorded:
		return "collecting telemetry"
	}
	return string(link)
}
