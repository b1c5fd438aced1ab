// Package detection runs detection rules over tables: rules in, tables in, alerts out.
//
// A Rule is read from Microsoft Sentinel's analytics-rule YAML (the format of Azure-Sentinel/Detections and of
// Defender's custom detections) or from a bare .kql file, and its query is run as it stands: Bind compiles it against
// the schema of a service, Evaluate runs it and turns its rows into Alerts, each of which knows the events it came
// from. Bundled holds the rules that come with geiger.
package detection

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Rule is an analytics rule of Microsoft Sentinel.
// Source of the fields: learn.microsoft.com/azure/sentinel/sentinel-analytic-rules-creation.
type Rule struct {
	ID                     string          `yaml:"id"`
	Name                   string          `yaml:"name"`
	Description            string          `yaml:"description"`
	Severity               string          `yaml:"severity"`
	Status                 string          `yaml:"status"`
	Kind                   string          `yaml:"kind"` // Scheduled or NRT
	RequiredDataConnectors []DataConnector `yaml:"requiredDataConnectors"`
	QueryFrequency         string          `yaml:"queryFrequency"` // 1h, or PT1H
	QueryPeriod            string          `yaml:"queryPeriod"`
	TriggerOperator        string          `yaml:"triggerOperator"` // gt, lt, eq, ne
	TriggerThreshold       int             `yaml:"triggerThreshold"`
	Tactics                []string        `yaml:"tactics"`
	RelevantTechniques     []string        `yaml:"relevantTechniques"`
	Query                  string          `yaml:"query"`
	EntityMappings         []EntityMapping `yaml:"entityMappings"`
	Version                string          `yaml:"version"`
	Tags                   []string        `yaml:"tags"`

	// File is where the rule was read from.
	File string `yaml:"-"`
	// Line is the line of the file on which the query begins, and Indent how far its lines are indented there; Line is 0 where the query
	// is written in a form of YAML whose lines are not those of the query.
	Line   int `yaml:"-"`
	Indent int `yaml:"-"`
}

// DataConnector names the connector and the tables that a rule needs.
type DataConnector struct {
	ConnectorID string   `yaml:"connectorId"`
	DataTypes   []string `yaml:"dataTypes"`
}

// EntityMapping says which columns of a result identify an entity.
type EntityMapping struct {
	EntityType    string         `yaml:"entityType"`
	FieldMappings []FieldMapping `yaml:"fieldMappings"`
}

// FieldMapping takes one identifier of an entity from a column.
type FieldMapping struct {
	Identifier string `yaml:"identifier"`
	ColumnName string `yaml:"columnName"`
}

// Source is the query as diagnostics show it, with the positions of the file. Where these are not known, positions count from the first
// line of the query, and the name says so.
func (r *Rule) Source() *syntax.Source {
	if r.Line > 0 {
		return &syntax.Source{Name: r.File, Text: r.Query, Line: r.Line, Indent: r.Indent}
	}
	return &syntax.Source{Name: r.File + "#query", Text: r.Query}
}

// LoadError says what is wrong with a rule file, and where.
type LoadError struct {
	File string
	Line int // 0 when the whole file is meant
	Why  string
	Err  error
}

// Error implements error.
func (e *LoadError) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d:1", e.File, e.Line)
	}
	return where + ": " + e.Why
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// ParseRule reads one rule. A file that ends in .kql is a bare query; everything else is YAML.
func ParseRule(file string, text []byte) (*Rule, error) {
	if path.Ext(file) == ".kql" {
		name := strings.TrimSuffix(path.Base(file), ".kql")
		return &Rule{ID: name, Name: name, Query: string(text), File: file, Line: 1, TriggerOperator: "gt"}, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, &LoadError{File: file, Line: yamlLine(err), Why: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: "), Err: err}
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, &LoadError{File: file, Line: 1, Why: "not an analytics rule: expected a mapping with id, name and query"}
	}
	r := &Rule{TriggerOperator: "gt"}
	if err := document.Decode(r); err != nil {
		return nil, &LoadError{File: file, Line: yamlLine(err), Why: strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "), Err: err}
	}
	r.File = file
	r.locate(document.Content[0], string(text))
	return r, r.validate()
}

// locate finds the query in the text of its file: the lines of the query must be the ends of the file's lines.
func (r *Rule) locate(document *yaml.Node, text string) {
	for i := 0; i+1 < len(document.Content); i += 2 {
		if document.Content[i].Value != "query" {
			continue
		}
		lines, first := strings.Split(text, "\n"), document.Content[i+1].Line
		if style := document.Content[i+1].Style; style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			first--
		}
		if indent, ok := indented(lines[min(first, len(lines)):], strings.Split(strings.TrimRight(r.Query, "\n"), "\n")); ok {
			r.Line, r.Indent = first+1, indent
		}
	}
}

// indented reports whether the lines of a query are those of a file but for what stands before them, and how many runes that is.
func indented(file, query []string) (int, bool) {
	indent := -1
	for i, line := range query {
		if i >= len(file) {
			return 0, false
		}
		if line = strings.TrimRight(line, "\r"); line == "" {
			continue
		}
		if indent < 0 {
			at := strings.Index(file[i], line)
			if at < 0 {
				return 0, false
			}
			indent = utf8.RuneCountInString(file[i][:at])
		}
		if rest := []rune(file[i]); len(rest) < indent || !strings.HasPrefix(string(rest[indent:]), line) {
			return 0, false
		}
	}
	return max(indent, 0), indent >= 0
}

func (r *Rule) validate() error {
	for _, field := range [...]struct{ name, value string }{{"id", r.ID}, {"name", r.Name}, {"query", r.Query}} {
		if strings.TrimSpace(field.value) == "" {
			return &LoadError{File: r.File, Line: 1, Why: fmt.Sprintf("the rule has no %q; add it at the top level", field.name)}
		}
	}
	if !slices.Contains([]string{"gt", "lt", "eq", "ne", "GreaterThan", "LessThan", "Equal", "NotEqual"}, r.TriggerOperator) {
		return &LoadError{File: r.File, Line: 1, Why: fmt.Sprintf("triggerOperator is %q; use gt, lt, eq or ne", r.TriggerOperator)}
	}
	if _, err := ParsePeriod(r.QueryPeriod); r.QueryPeriod != "" && err != nil {
		return &LoadError{File: r.File, Line: 1, Why: "queryPeriod: " + err.Error(), Err: err}
	}
	return nil
}

// yamlLine finds the line in a message of the YAML library, which reports it nowhere else.
func yamlLine(err error) int {
	var line int
	text := err.Error()
	if at := strings.Index(text, "line "); at >= 0 {
		if _, err := fmt.Sscanf(text[at:], "line %d", &line); err != nil {
			return 1
		}
	}
	return max(line, 1)
}

// ParsePeriod reads a rule's period: a KQL timespan such as 1h, or ISO 8601 such as PT1H and P1D.
func ParsePeriod(text string) (time.Duration, error) {
	if t, ok := value.ParseTimespan(text); ok {
		return time.Duration(t) * 100, nil
	}
	total, ok := isoPeriod(strings.ToUpper(text))
	if !ok {
		return 0, fmt.Errorf("%q is not a period; write 1h, 14d or PT1H", text)
	}
	return total, nil
}

// isoPeriod reads the forms of ISO 8601 that Sentinel uses: P14D, PT1H30M, P1DT2H.
func isoPeriod(text string) (time.Duration, bool) {
	rest, ok := strings.CutPrefix(text, "P")
	days, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return 0, false
	}
	total := time.Duration(0)
	if days != "" {
		n, err := strconv.ParseUint(strings.TrimSuffix(days, "D"), 10, 16)
		if err != nil || !strings.HasSuffix(days, "D") {
			return 0, false
		}
		total = time.Duration(n) * 24 * time.Hour //nolint:gosec // at most 65535 days
	}
	if clock == "" {
		return total, true
	}
	d, err := time.ParseDuration(strings.ToLower(clock))
	return total + d, err == nil
}

//go:embed rules/*.yaml
var bundled embed.FS

// Bundled returns the rules that come with geiger.
func Bundled() ([]*Rule, error) { return LoadRules(bundled, "rules") }

// BundledFiles are the files of the rules that come with geiger, under the names that Bundled gives them.
func BundledFiles() fs.FS { return bundled }

// LoadRules reads every .yaml, .yml and .kql file below root, in order of their names. Two rules with one id are an
// error, because an expectation could not say which it means.
func LoadRules(files fs.FS, root string) ([]*Rule, error) {
	var rules []*Rule
	var faults []error
	byID := map[string]*Rule{}
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !IsRuleFile(name) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		r, err := ParseRule(name, text)
		if err != nil {
			faults = append(faults, err)
			return nil
		}
		if other, taken := byID[r.ID]; taken {
			faults = append(faults, &LoadError{File: name, Line: 1, Why: fmt.Sprintf("id %q is already that of %s; give the rule its own", r.ID, other.File)})
			return nil
		}
		byID[r.ID] = r
		rules = append(rules, r)
		return nil
	})
	return rules, errors.Join(err, errors.Join(faults...))
}

// IsRuleFile reports whether a file name is one that LoadRules reads.
func IsRuleFile(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".kql"}, path.Ext(name))
}
