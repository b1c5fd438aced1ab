package harness

import (
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/atomics"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Scenario is one thing to try on a host, and exactly what must come of it.
type Scenario struct {
	Name        string
	Description string
	File        string // where it was read from
	Text        []byte // its source, kept in recordings

	// Test is the prepared atomic test; nil for a window in which geiger only watches.
	Test *atomics.Test
	// Phases are those of the test to run, in the order prerequisite, attack, cleanup.
	Phases []Phase
	// Window is how long to watch after the last phase, on the host's clock, before collecting.
	Window time.Duration
	// Rules are the rules in scope, by id or name. None means every rule that is not deprecated.
	Rules []string
	// Effect proves that the attack happened. Cleaned proves that the cleanup undid it.
	Effect, Cleaned []Check
	// Fixtures are tables in place of what only a service knows: a watchlist, externaldata, FileProfile.
	Fixtures []Fixture
	// Alerts are the alerts that must be raised. Every other alert is a failure.
	Alerts []AlertExpectation
	// Quiet are alerts that must not be raised, said for the sake of the message: what is not expected fails anyway.
	Quiet []AlertExpectation
	// Tolerated are alerts that are known noise. Each must be needed.
	Tolerated []Toleration
	// Latency is how long the host's telemetry may take until it can be read; 0: as long as it takes.
	Latency time.Duration
	// Telemetry is what the host must have recorded, whatever the rules make of it.
	Telemetry []TelemetryExpectation
}

// Fixture is a table that rules may ask for beside the telemetry.
type Fixture struct {
	Name  string // as kql.Query.Fixtures names it, such as _GetWatchlist("Assets")
	File  string // as the scenario names it, relative to its own folder
	Text  []byte // the file's content, kept in recordings
	Table *kql.Table
}

// Runs reports whether a phase of the test is to be run.
func (s *Scenario) Runs(p Phase) bool { return s.Test != nil && slices.Contains(s.Phases, p) }

// Check is a question to the host. Either Output or Command is set.
type Check struct {
	Description string
	Output      *regexp.Regexp // must match what the attack printed
	Executor    atomics.ExecutorName
	Command     string // must exit with 0
}

// AlertExpectation is a number of rows that a rule must raise.
type AlertExpectation struct {
	Rule     string // id or name
	Phase    Phase  // that must have caused them
	AtLeast  int
	AtMost   int // Unlimited, or the same as AtLeast for an exact number
	Row      []Match
	Entities []EntityExpectation
}

// Unlimited is an AtMost that every number of rows keeps to.
const Unlimited = math.MaxInt

// EntityExpectation is an entity that an alert must have (see detection.Entity).
type EntityExpectation struct {
	Type   string
	Fields []Match // by identifier
}

// Toleration lets alerts pass that are known noise, as narrowly as it can be said.
type Toleration struct {
	Rule    string
	Phase   Phase
	Row     []Match
	Because string // is quoted in reports
}

// TelemetryExpectation is something that must have been recorded: rows of a table, or events of a channel.
type TelemetryExpectation struct {
	Table   string // a Defender table, or
	Channel string // an event channel, with
	EventID int
	Phase   Phase
	AtLeast int
	Where   []Match
}

// Match compares one column of a row, or one field of an event.
type Match struct {
	Column  string
	Kind    MatchKind
	Pattern string
	re      *regexp.Regexp
}

// MatchKind says how a value is compared.
type MatchKind string

// The ways to compare: the same text; a glob over the whole text, ignoring case, in which * also crosses backslashes;
// a regular expression (RE2) somewhere in the text.
const (
	Exact  MatchKind = "value"
	Glob   MatchKind = "glob"
	Regexp MatchKind = "regexp"
)

// NewMatch makes a Match. The error is that of a regular expression.
func NewMatch(column string, kind MatchKind, pattern string) (Match, error) {
	m := Match{Column: column, Kind: kind, Pattern: pattern}
	var err error
	switch kind {
	case Exact:
	case Glob:
		m.re, err = globRegexp(pattern)
	case Regexp:
		m.re, err = regexp.Compile(pattern)
	}
	return m, err
}

// globRegexp knows * and ? only: brackets and backslashes are ordinary characters of Windows paths.
func globRegexp(pattern string) (*regexp.Regexp, error) {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted)
	return regexp.Compile(`(?is)\A` + quoted + `\z`)
}

// Matches reports whether a text fits.
func (m *Match) Matches(text string) bool {
	if m.re == nil {
		return text == m.Pattern
	}
	return m.re.MatchString(text)
}

// MatchesValue reports whether a KQL value fits, compared as tostring() writes it.
func (m *Match) MatchesValue(v value.Value) bool { return m.Matches(v.String()) }

// String shows a match as a scenario file writes it.
func (m *Match) String() string {
	switch m.Kind {
	case Glob:
		return m.Column + " like " + quote(m.Pattern)
	case Regexp:
		return m.Column + " matches " + quote(m.Pattern)
	}
	return m.Column + " = " + quote(m.Pattern)
}

func quote(text string) string { return `"` + text + `"` }

// WorkDir is the working directory of a phase, relative to %TEMP%. It is how events find their phase again.
func WorkDir(run string, p Phase) string { return RunDir(run) + `\` + string(p) }

// RunDir holds the working directories of a run, relative to %TEMP%.
func RunDir(run string) string { return `geiger\` + run }

// baseName is the last part of a Windows path.
func baseName(p string) string { return path.Base(strings.ReplaceAll(p, `\`, "/")) }
