package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness"
)

// The elements of JUnit XML that continuous integration reads. Source: the schema of Apache Ant's JUnit task, as
// GitLab, Jenkins and GitHub actions interpret it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Hostname   string          `xml:"hostname,attr,omitempty"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		seconds    float64
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the run as JUnit XML: a suite for each target, a case for each scenario. What fails is a failure, what is
// inconclusive an error: both break a build, and they are told apart.
func JUnit(w io.Writer, r *Run) error {
	all := junitSuites{Name: "geiger"}
	for i := range r.Results {
		s := all.suite(&r.Results[i], r.Geiger)
		if err := s.add(&r.Results[i]); err != nil {
			return err
		}
	}
	for i := range all.Suites {
		s := &all.Suites[i]
		s.Time = seconds(s.seconds)
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// suite finds or begins the suite of a result's target.
func (j *junitSuites) suite(r *Result, version string) *junitSuite {
	for i := range j.Suites {
		if j.Suites[i].Name == r.Verdict.Target {
			return &j.Suites[i]
		}
	}
	s := junitSuite{Name: r.Verdict.Target, Properties: []junitProperty{
		{"geiger", version}, {"simulated", fmt.Sprint(r.Verdict.Simulated)},
	}}
	if r.Evidence != nil {
		s.Hostname = Visible(r.Evidence.Host.Name)
		s.Timestamp = r.Evidence.Started.UTC().Format("2006-01-02T15:04:05")
	}
	j.Suites = append(j.Suites, s)
	return &j.Suites[len(j.Suites)-1]
}

func (s *junitSuite) add(r *Result) error {
	v := &r.Verdict
	var chain strings.Builder
	if err := Chain(&chain, v, Palette{}); err != nil {
		return err
	}
	c := junitCase{Class: technique(r), Name: v.Scenario, Output: strings.TrimSpace(chain.String())}
	problem := &junitProblem{Type: string(v.Reason), Message: OneLine(v.Why), Text: Visible(v.Why)}
	switch v.Outcome {
	case harness.Fail:
		c.Failure = problem
		s.Failures++
	case harness.Inconclusive:
		c.Error = problem
		s.Errors++
	case harness.Skip:
		c.Skipped = &junitProblem{Message: OneLine(v.Why)}
		s.Skipped++
	case harness.Pass:
	}
	took := 0.0
	for _, l := range v.Chain {
		took += l.Duration.Seconds()
	}
	c.Time = seconds(took)
	s.seconds += took
	s.Tests++
	s.Cases = append(s.Cases, c)
	return nil
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

// technique is the technique of a result's test; a control belongs to none.
func technique(r *Result) string {
	if s := r.Scenario; s != nil && s.Test != nil && isTechnique(s.Test.Technique) {
		return s.Test.Technique
	}
	return "control"
}
