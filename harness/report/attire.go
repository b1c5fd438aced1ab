package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
)

// The parts of an ATTiRe file, version 1.1, which VECTR imports. Source: github.com/SecurityRiskAdvisors/ATTiRe and the
// logger of Invoke-AtomicRedTeam.
type (
	attire struct {
		Version    string            `json:"attire-version"`
		Execution  attireExecution   `json:"execution-data"`
		Procedures []attireProcedure `json:"procedures"`
	}
	attireExecution struct {
		Command   string       `json:"execution-command"`
		ID        string       `json:"execution-id"`
		Source    string       `json:"execution-source"`
		Category  attireName   `json:"execution-category"`
		Target    attireTarget `json:"target"`
		Generated string       `json:"time-generated"`
	}
	attireName struct {
		Name         string `json:"name"`
		Abbreviation string `json:"abbreviation"`
	}
	attireTarget struct {
		Host string `json:"host"`
		IP   string `json:"ip"`
		Path string `json:"path"`
		User string `json:"user"`
	}
	attireProcedure struct {
		Name        string       `json:"procedure-name"`
		Description string       `json:"procedure-description"`
		ID          attireID     `json:"procedure-id"`
		Technique   string       `json:"mitre-technique-id"`
		Order       int          `json:"order"`
		Steps       []attireStep `json:"steps"`
	}
	attireID struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	attireStep struct {
		Order     int            `json:"order"`
		Start     string         `json:"time-start"`
		Stop      string         `json:"time-stop"`
		Executor  string         `json:"executor"`
		Command   string         `json:"command"`
		ProcessID uint32         `json:"process-id"`
		ExitCode  int            `json:"exit-code"`
		TimedOut  bool           `json:"is-timeout"`
		Output    []attireOutput `json:"output"`
	}
	attireOutput struct {
		Content string `json:"content"`
		Level   string `json:"level"`
		Type    string `json:"type"`
	}
)

// ATTiRe writes what was executed on one target, for import into VECTR. A file of that format has one target: a run of
// several is an error; see [Run.OnTarget]. Scenarios without a test, and those that did not reach the host, are left out.
func ATTiRe(w io.Writer, r *Run) error {
	doc := attire{Version: "1.1", Procedures: []attireProcedure{}}
	target := ""
	for i := range r.Results {
		res := &r.Results[i]
		if res.Evidence == nil || res.Scenario == nil || res.Scenario.Test == nil {
			continue
		}
		if target != "" && target != res.Verdict.Target {
			return fmt.Errorf("an ATTiRe file is about one target, and the run had %s and %s", target, res.Verdict.Target)
		}
		target = res.Verdict.Target
		doc.Execution = executionOf(res, r.Geiger)
		doc.Procedures = append(doc.Procedures, procedureOf(res, len(doc.Procedures)+1))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

// OnTarget is the part of a run that happened on one target.
func (r *Run) OnTarget(name string) *Run {
	part := &Run{Geiger: r.Geiger, Interrupted: r.Interrupted}
	for _, res := range r.Results {
		if res.Verdict.Target == name {
			part.Results = append(part.Results, res)
		}
	}
	return part
}

// Targets are the targets of a run, in the order in which they appear.
func (r *Run) Targets() []string {
	var names []string
	for i := range r.Results {
		if name := r.Results[i].Verdict.Target; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func executionOf(r *Result, version string) attireExecution {
	source := "geiger " + version
	if r.Verdict.Simulated {
		source += " (simulated host)"
	}
	return attireExecution{
		Command: "geiger run", ID: r.Evidence.Run, Source: source,
		Category:  attireName{Name: "geiger", Abbreviation: "GEI"},
		Target:    attireTarget{Host: Visible(r.Evidence.Host.Name), User: Visible(r.Evidence.Host.User)},
		Generated: attireTime(r.Evidence.Ended),
	}
}

func procedureOf(r *Result, order int) attireProcedure {
	t := r.Scenario.Test
	p := attireProcedure{
		Name: t.Name, Description: strings.TrimSpace(t.Description), Technique: t.Technique, Order: order,
		ID: attireID{Type: "guid", ID: t.GUID}, Steps: []attireStep{},
	}
	if t.GUID == "" {
		p.ID = attireID{Type: "name", ID: r.Scenario.Name}
	}
	for _, x := range r.Evidence.Executions {
		if x.Phase == harness.Attack || x.Phase == harness.Cleanup || x.Phase == harness.Prerequisite {
			p.Steps = append(p.Steps, stepOf(&x, string(t.Executor.Name), len(p.Steps)+1))
		}
	}
	return p
}

func stepOf(x *harness.Execution, executor string, order int) attireStep {
	s := attireStep{
		Order: order, Start: attireTime(x.Started), Stop: attireTime(x.Ended), Executor: executor,
		Command: strings.TrimSpace(x.File + " " + x.Arguments), ProcessID: x.ProcessID, ExitCode: x.ExitCode, TimedOut: x.TimedOut,
		Output: []attireOutput{},
	}
	for _, o := range [...]attireOutput{{x.Stdout, "STDOUT", "console"}, {x.Stderr, "STDERR", "console"}} {
		if o.Content != "" {
			s.Output = append(s.Output, attireOutput{Visible(o.Content), o.Level, o.Type})
		}
	}
	return s
}

// attireTime keeps the milliseconds, which VECTR orders steps by.
func attireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
