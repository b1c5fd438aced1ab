package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
)

// page holds the templates of the HTML report and its style sheet.
//
//go:embed page
var page embed.FS

// mostDetailed bounds the scenarios that an HTML report tells all about; of further ones it has the verdict and the chain.
const mostDetailed = 40

// HTML writes the run as one page that needs nothing else: no script, no font, no image. Its content security policy
// forbids everything but its own style sheet, so that nothing a host sent could load or run even if it were markup. Equal
// runs give equal bytes. The Rules of the results that [Run.Detailed] names add what became of rows in the rules.
func HTML(w io.Writer, r *Run) error {
	t, err := template.ParseFS(page, "page/*.tmpl")
	if err != nil {
		return err
	}
	style, err := page.ReadFile("page/style.css")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page.tmpl", newHTMLPage(r, string(style))); err != nil {
		return err
	}
	// The template has escaped what is markup; what is invisible is shown here, wherever on the page it is.
	_, err = io.WriteString(w, Visible(b.String()))
	return err
}

type htmlPage struct {
	Policy      string
	Style       template.CSS
	Title       string
	Geiger      string
	Subject     string
	Summary     []htmlCount
	Simulated   bool // some results are
	Real        bool // some results are not
	Interrupted bool
	Matrix      htmlMatrix
	Results     []htmlResult
	Brief       int // results without details
}

type htmlCount struct {
	Outcome harness.Outcome
	Number  int
}

func newHTMLPage(r *Run, style string) *htmlPage {
	hash := sha256.Sum256([]byte(style))
	s := r.summary()
	p := &htmlPage{
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(style), //nolint:gosec // our own file
		Title:  fmt.Sprintf("geiger: %d pass, %d fail, %d inconclusive", s.Pass, s.Fail, s.Inconclusive),
		Geiger: r.Geiger, Simulated: r.simulated(), Interrupted: r.Interrupted, Matrix: matrixOf(r), Subject: subject(r),
	}
	for _, c := range [...]htmlCount{{harness.Fail, s.Fail}, {harness.Inconclusive, s.Inconclusive}, {harness.Pass, s.Pass}, {harness.Skip, s.Skip}} {
		if c.Number > 0 {
			p.Summary = append(p.Summary, c)
		}
	}
	p.Real = slices.ContainsFunc(r.Results, func(r Result) bool { return !r.Verdict.Simulated })
	detailed := r.Detailed()
	p.Brief = len(r.Results) - len(detailed)
	share := allowance(min(mostOfHost, mostOfHosts/max(len(detailed), 1)))
	for i := range r.Results {
		p.Results = append(p.Results, newHTMLResult(&r.Results[i], i, slices.Contains(detailed, i), share))
	}
	return p
}

// Detailed chooses the results that HTML tells in full, as indexes of Results: those that need attention first.
func (r *Run) Detailed() []int {
	var attention, rest []int
	for i := range r.Results {
		if r.Results[i].Verdict.Outcome == harness.Pass {
			rest = append(rest, i)
		} else {
			attention = append(attention, i)
		}
	}
	all := append(attention, rest...)
	return all[:min(len(all), mostDetailed)]
}

// subject is what was run, where and when, on the hosts' clocks.
func subject(r *Run) string {
	var scenarios []string
	var from, to time.Time
	for i := range r.Results {
		v, e := &r.Results[i].Verdict, r.Results[i].Evidence
		scenarios = with(scenarios, v.Scenario)
		if e == nil || e.Started.IsZero() {
			continue
		}
		if from.IsZero() || e.Started.Before(from) {
			from = e.Started
		}
		if e.Ended.After(to) {
			to = e.Ended
		}
	}
	text := plural(len(scenarios), "scenario")
	switch targets := r.Targets(); len(targets) {
	case 0:
	case 1:
		text += " on " + targets[0]
	default:
		text += fmt.Sprintf(" on %d targets", len(targets))
	}
	if !from.IsZero() {
		text += ", " + moment(from) + " to " + to.UTC().Format("15:04:05") + " on the clock of the host"
	}
	return text
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// htmlMatrix is the table of verdicts. The longer of scenarios and targets goes down the page.
type htmlMatrix struct {
	Corner  string
	Columns []string
	Rows    []htmlMatrixRow
	Why     bool // a single column leaves room for it
}

type htmlMatrixRow struct {
	Name  string
	Cells []htmlCell
}

type htmlCell struct {
	ID      string // of the section that tells more; "" if nothing was run
	Outcome harness.Outcome
	Alerts  int
	Why     string
}

func matrixOf(r *Run) htmlMatrix {
	var targets, scenarios []string
	for i := range r.Results {
		v := &r.Results[i].Verdict
		targets, scenarios = with(targets, targetName(v)), with(scenarios, v.Scenario)
	}
	m, row, column := htmlMatrix{Corner: "Scenario", Columns: targets}, scenarioName, targetName
	if len(targets) > len(scenarios) {
		m, row, column = htmlMatrix{Corner: "Target", Columns: scenarios}, targetName, scenarioName
	}
	m.Why = len(m.Columns) == 1
	for i := range r.Results {
		v := &r.Results[i].Verdict
		m.set(row(v), column(v), htmlCell{ID: resultID(i), Outcome: v.Outcome, Alerts: len(v.Alerts), Why: short(headline(v))})
	}
	return m
}

func scenarioName(v *harness.Verdict) string { return v.Scenario }

// targetName keeps a simulated host apart from a machine that has its name.
func targetName(v *harness.Verdict) string {
	if v.Simulated {
		return v.Target + " (simulated)"
	}
	return v.Target
}

func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

func resultID(i int) string { return fmt.Sprintf("r%d", i+1) }

// set fills a cell. A run that was replayed twice over has the last verdict in the table, and all below it.
func (m *htmlMatrix) set(row, column string, c htmlCell) {
	at := slices.IndexFunc(m.Rows, func(r htmlMatrixRow) bool { return r.Name == row })
	if at < 0 {
		at = len(m.Rows)
		m.Rows = append(m.Rows, htmlMatrixRow{row, make([]htmlCell, len(m.Columns))})
	}
	m.Rows[at].Cells[slices.Index(m.Columns, column)] = c
}
