package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/ingest"
)

func newCheck(env *Environment) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "check [RULE...]",
		Short: "Bind rules to the schemas of Defender XDR and Log Analytics",
		Long: `Bind rules to the schemas of Defender XDR and Log Analytics.

A RULE is an analytics-rule YAML file, a bare .kql file, or a folder of them; without any, the built-in rules are
checked. Positions count from the first line of the query. A rule is in order if it binds in one of the schemas.`,
		Example: "  geiger check\n  geiger check detection/rules\n  geiger check --format json rules/*.kql",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			rules, err := rulesToCheck(args)
			if err != nil {
				return err
			}
			return check(env.Stdout, rules, format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "output: text, or json (one line per rule and schema)")
	return c
}

func rulesToCheck(args []string) ([]*detection.Rule, error) {
	if len(args) == 0 {
		return detection.Bundled()
	}
	var rules []*detection.Rule
	var faults []error
	for _, arg := range args {
		found, err := rulesAt(arg)
		rules = append(rules, found...)
		faults = append(faults, err)
	}
	return rules, errors.Join(faults...)
}

// checked is what is said of one rule under one schema.
type checked struct {
	File        string          `json:"file"`
	Schema      string          `json:"-"`
	SchemaID    string          `json:"schema"` // defender_xdr or log_analytics
	Parses      bool            `json:"parses"`
	Binds       bool            `json:"binds"`
	Columns     []checkedColumn `json:"columns"`
	Diagnostics []diagnostic    `json:"diagnostics"`
	Unsupported []string        `json:"unsupported"`
	Unfilled    []string        `json:"unfilled"` // columns that no source of geiger fills

	text string
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

func check(w io.Writer, rules []*detection.Rule, format string) error {
	status := harness.ExitPass
	schemas := []*kql.Schema{schema.DefenderXDR(), schema.LogAnalytics()}
	for _, r := range rules {
		var found []checked
		for _, s := range schemas {
			found = append(found, checkOne(r, s))
		}
		status = worse(status, found)
		if err := printChecked(w, r, found, format); err != nil {
			return err
		}
	}
	if status != harness.ExitPass {
		return exitError(status)
	}
	return nil
}

// worse adds a rule to the exit status: 1 if it binds nowhere, 2 if the engine cannot run it.
func worse(status int, found []checked) int {
	binds, runs := false, false
	for _, c := range found {
		binds = binds || c.Binds
		runs = runs || c.Binds && len(c.Unsupported) == 0
	}
	switch {
	case !binds:
		return harness.ExitFail
	case !runs && status == harness.ExitPass:
		return harness.ExitInconclusive
	}
	return status
}

func checkOne(r *detection.Rule, s *kql.Schema) checked {
	c := checked{
		File: r.File, Schema: s.Name(), Parses: true, Binds: true,
		SchemaID: strings.ReplaceAll(strings.ToLower(s.Name()), " ", "_"),
		Columns:  []checkedColumn{}, Diagnostics: []diagnostic{}, Unsupported: []string{}, Unfilled: []string{},
	}
	b, err := r.Bind(s)
	var faults *syntax.Error
	switch {
	case err == nil:
		for _, column := range b.Query.Columns() {
			c.Columns = append(c.Columns, checkedColumn{column.Name, column.Type.String()})
		}
		for _, u := range ingest.Unfilled(b.Query.ReadColumns()) {
			c.Unfilled = append(c.Unfilled, strings.TrimSuffix(u.Table+"."+u.Name, "."))
		}
	case errors.As(err, &faults):
		c.text = err.Error()
		for _, d := range faults.Diagnostics {
			c.add(faults.Source, d)
		}
	default:
		c.Parses, c.Binds, c.text = false, false, err.Error()
	}
	return c
}

func (c *checked) add(source *syntax.Source, d syntax.Diagnostic) {
	switch d.Class {
	case syntax.ClassUnsupported:
		c.Unsupported = append(c.Unsupported, d.Message)
	case syntax.ClassSyntax:
		c.Parses, c.Binds = false, false
	default:
		c.Binds = false
	}
	at := source.Position(d.Span.Start)
	c.Diagnostics = append(c.Diagnostics, diagnostic{d.Code, d.Severity.String(), d.Message, d.Hint, at.Line, at.Column})
}

func printChecked(w io.Writer, r *detection.Rule, found []checked, format string) error {
	if format == "json" {
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		for _, c := range found {
			if err := lines.Encode(c); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := fmt.Fprintf(w, "%s (%s)\n", r.File, r.Name); err != nil {
		return err
	}
	for i, c := range found {
		state := "binds"
		switch {
		case !c.Parses:
			state = "is not KQL"
		case !c.Binds:
			state = "does not bind"
		case len(c.Unsupported) > 0:
			state = "binds, but geiger cannot run it"
		}
		same := i > 0 && c.text != "" && c.text == found[i-1].text
		if same {
			state += ", for the same reasons"
		}
		fmt.Fprintf(w, "  %s: %s\n", c.Schema, state)
		if c.text != "" && !same {
			fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(c.text, "\n", "\n    "))
		}
		for _, u := range c.Unfilled {
			fmt.Fprintf(w, "    warning: reads %s, which no source of geiger fills\n", u)
		}
	}
	return nil
}
