package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/harness/ingest"
)

// checked is what is said of one rule under one schema.
type checked struct {
	File        string          `json:"file"`
	SchemaID    string          `json:"schema"` // defender_xdr or log_analytics
	Parses      bool            `json:"parses"`
	Binds       bool            `json:"binds"`
	Columns     []checkedColumn `json:"columns"`
	Diagnostics []diagnostic    `json:"diagnostics"`
	Unsupported []string        `json:"unsupported"`
	Unfilled    []string        `json:"unfilled"` // columns that no source of geiger fills
	// Runs says whether the query ran on empty tables; nil unless that was asked for.
	Runs *bool `json:"runs,omitempty"`
	// Error is why a query that binds cannot be run, or did not.
	Error string `json:"error,omitempty"`

	schemaName, rule, text string
}

type checkedColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type diagnostic struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Line     int    `json:"line"`
	Col      int    `json:"col"`
}

// file checks one file under all schemas.
func (k *checker) file(ctx context.Context, f ruleFile) []checked {
	text, err := fs.ReadFile(f.files, f.name)
	var rule *detection.Rule
	if err == nil {
		rule, err = detection.ParseRule(f.name, text)
	}
	var out []checked
	for _, s := range k.schemas {
		c := checked{
			File: f.name, SchemaID: s.id, schemaName: s.schema.Name(), rule: "not a rule",
			Columns: []checkedColumn{}, Diagnostics: []diagnostic{}, Unsupported: []string{}, Unfilled: []string{},
		}
		if err != nil {
			c.unreadable(err)
		} else {
			c.rule = rule.Name
			k.query(ctx, &c, rule.Source(), s.schema)
		}
		out = append(out, c)
	}
	return out
}

// unreadable is a file that is no rule.
func (c *checked) unreadable(err error) {
	c.text = err.Error()
	d := diagnostic{Severity: syntax.SeverityError.String(), Message: err.Error(), Line: 1, Col: 1}
	if e, ok := errors.AsType[*detection.LoadError](err); ok {
		d.Line, d.Message = max(e.Line, 1), e.Why
	}
	c.Diagnostics = append(c.Diagnostics, d)
}

// query checks one query under one schema.
func (k *checker) query(ctx context.Context, c *checked, source *syntax.Source, schema *kql.Schema) {
	tree, found := syntax.Parse(source)
	bound := bind.Bind(source, tree, schema)
	c.Parses = syntax.NewError(source, found) == nil
	c.Binds = c.Parses
	found = append(found, bound.Diagnostics...)
	slices.SortStableFunc(found, func(a, b syntax.Diagnostic) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	var shown []syntax.Diagnostic
	for _, d := range found {
		c.add(source, d)
		if c.Parses || d.Class == syntax.ClassSyntax { // what a name in a broken text means is anyone's guess
			shown = append(shown, d)
		}
	}
	if err := syntax.NewError(source, shown); err != nil {
		c.text = err.Error()
	}
	if !c.Binds {
		return
	}
	for _, column := range bound.Columns {
		c.Columns = append(c.Columns, checkedColumn{column.Name, column.Type.String()})
	}
	k.compile(ctx, c, source, schema)
}

// compile says what is beyond the engine in a query that binds, and runs it if that is asked for.
func (k *checker) compile(ctx context.Context, c *checked, source *syntax.Source, schema *kql.Schema) {
	q, err := kql.Compile(source, schema)
	if err == nil && k.run {
		err = runEmpty(ctx, q)
	}
	if k.run {
		runs := err == nil
		c.Runs = &runs
	}
	if err == nil {
		for _, u := range ingest.Unfilled(q.ReadColumns()) {
			c.Unfilled = append(c.Unfilled, strings.TrimSuffix(u.Table+"."+u.Name, "."))
		}
		return
	}
	c.text, c.Error = err.Error(), err.Error()
	if faults, ok := errors.AsType[*syntax.Error](err); ok {
		messages := make([]string, 0, len(faults.Diagnostics))
		for _, d := range faults.Diagnostics {
			messages = append(messages, d.Message)
			if d.Class == syntax.ClassUnsupported && !slices.Contains(c.Unsupported, d.Message) {
				c.Unsupported = append(c.Unsupported, d.Message)
			}
			if !c.reported(source, d) {
				c.Diagnostics = append(c.Diagnostics, checkedDiagnostic(source, d))
			}
		}
		c.Error = strings.Join(messages, "; ")
	}
}

// runLimit bounds how long a query may run on empty tables.
const runLimit = 10 * time.Second

// runEmpty runs a query on empty tables, the fixtures that it needs included.
func runEmpty(ctx context.Context, q *kql.Query) error {
	ctx, stop := context.WithTimeout(ctx, runLimit)
	defer stop()
	tables := kql.Tables{}
	for _, name := range q.Fixtures() {
		var columns []value.Column
		if name == "geo_info_from_ip_address" {
			columns = append(columns, value.Column{Name: "network", Type: value.String}) // without which it is no such table
		}
		tables[name] = kql.NewBuilder(columns).Table()
	}
	_, err := q.Run(ctx, tables, time.Unix(0, 0).UTC())
	return err
}

// add takes over a diagnostic.
func (c *checked) add(source *syntax.Source, d syntax.Diagnostic) {
	if d.Severity == syntax.SeverityError {
		switch d.Class {
		case syntax.ClassUnsupported:
			c.Unsupported = append(c.Unsupported, d.Message)
		case syntax.ClassBind:
			c.Binds = false
		case syntax.ClassSyntax, syntax.ClassRuntime:
		}
	}
	c.Diagnostics = append(c.Diagnostics, checkedDiagnostic(source, d))
}

func checkedDiagnostic(source *syntax.Source, d syntax.Diagnostic) diagnostic {
	at := source.Position(d.Span.Start)
	return diagnostic{d.Code, d.Severity.String(), d.Message, d.Hint, at.Line, at.Column}
}

func (c *checked) reported(source *syntax.Source, d syntax.Diagnostic) bool {
	return slices.Contains(c.Diagnostics, checkedDiagnostic(source, d))
}

// state says in a few words what became of the rule.
func (c *checked) state() string {
	switch {
	case !c.Parses:
		return "is not KQL"
	case !c.Binds:
		return "does not bind"
	case len(c.Unsupported) > 0:
		return "binds, but geiger cannot run it"
	case c.Error != "":
		return "binds, but does not run"
	case c.Runs != nil:
		return "binds, and runs on empty tables"
	default:
		return "binds"
	}
}
