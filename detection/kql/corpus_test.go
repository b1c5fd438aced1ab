package kql_test

import (
	"context"
	"errors"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/testdata"
)

// corpusRule is a published detection.
type corpusRule struct {
	ID     string          `json:"id"`
	Query  string          `json:"query"`
	Device bool            `json:"device"`
	Bind   map[string]bool `json:"bind"`
}

// TestPublishedRules runs every published rule that binds in a service, on a few rows of every table and of every
// fixture: none may fail for want of the engine, and the share that the engine can run must not fall.
func TestPublishedRules(t *testing.T) {
	xdr, logs := newService(schema.DefenderXDR()), newService(schema.LogAnalytics())
	device, other := newTally(), newTally()
	for _, r := range testdata.SharedLines[corpusRule](t, "kql/real_rules.jsonl") {
		count := other
		if r.Device {
			count = device
		}
		switch {
		case r.Device && r.Bind["defender_xdr"]:
			count.add(t, &r, xdr)
		case r.Bind["log_analytics"]:
			count.add(t, &r, logs)
		case r.Bind["defender_xdr"]:
			count.add(t, &r, xdr)
		}
	}
	device.require(t, "rules over Device tables", 0.99)
	other.require(t, "other rules", 0.97)
}

// tally counts the rules that run, and what the others need.
type tally struct {
	total, runnable int
	missing         map[string]int
}

func newTally() *tally { return &tally{missing: map[string]int{}} }

func (c *tally) add(t *testing.T, r *corpusRule, s *service) {
	t.Helper()
	c.total++
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: %v\n%s", r.ID, p, r.Query)
		}
	}()
	q, err := kql.Compile(&syntax.Source{Text: r.Query}, s.schema)
	if err == nil {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = q.Run(ctx, s, benchNow)
	}
	var fault *syntax.Error
	switch {
	case err == nil:
		c.runnable++
	case !errors.As(err, &fault):
		t.Errorf("%s: %v\n%s", r.ID, err, r.Query)
	case q != nil && fault.Diagnostics[0].Class == syntax.ClassBind:
		c.runnable++ // a column that bag_unpack finds in real rows, not in these
	case fault.Diagnostics[0].Class == syntax.ClassRuntime:
		t.Errorf("%s: %v\n%s", r.ID, err, r.Query)
	default:
		i := slices.IndexFunc(fault.Diagnostics, func(d syntax.Diagnostic) bool { return d.Severity == syntax.SeverityError })
		c.missing[fault.Diagnostics[i].Class.String()+": "+fault.Diagnostics[i].Message]++
	}
}

func (c *tally) require(t *testing.T, what string, share float64) {
	t.Helper()
	logMissing(t, c.missing)
	got := float64(c.runnable) / float64(c.total)
	t.Logf("%d of %d %s run (%.1f %%)", c.runnable, c.total, what, 100*got)
	require.Greater(t, got, share, what)
}

func logMissing(t *testing.T, missing map[string]int) {
	t.Helper()
	var names []string
	for name := range missing {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return missing[names[i]] > missing[names[j]] })
	for _, name := range names[:min(40, len(names))] {
		t.Logf("%4d %s", missing[name], name)
	}
}

// service is the tables of a service with two rows of made-up values in each. Any other table is a fixture.
type service struct {
	schema *kql.Schema
	tables kql.Tables
}

func newService(s *kql.Schema) *service {
	out := &service{schema: s, tables: kql.Tables{}}
	for _, name := range s.TableNames() {
		table, _ := s.Table(name)
		b := kql.NewBuilder(table.Columns)
		for row := range 2 {
			var cells []value.Value
			for _, c := range table.Columns {
				cells = append(cells, sample(c, row))
			}
			b.Append(kql.Source(row), cells...)
		}
		out.tables[name] = b.Table()
	}
	return out
}

func (s *service) Table(name string) (*kql.Table, bool) {
	if t, ok := s.tables[name]; ok {
		return t, true
	}
	fixture := kql.NewBuilder([]value.Column{{Name: "network", Type: value.String}, {Name: "country", Type: value.String}})
	return fixture.Append(-1, value.NewString("10.0.0.0/8"), value.NewString("x")).Table(), true
}

// sample is a value of a column's type; texts hold what conditions like to take apart.
func sample(c value.Column, row int) value.Value {
	switch c.Type {
	case value.String:
		return value.NewString([]string{`{"a":"powershell.exe -enc QQ==","b":[1,2]}`, `C:\Windows\System32\cmd.exe /c "x" 10.1.2.3`}[row])
	case value.DateTime:
		return value.NewDateTime(value.FromTime(benchNow.Add(-time.Duration(row+1) * time.Hour)))
	case value.Dynamic:
		return value.NewDynamic(map[string]any{"a": 1, "b": []any{"x", "y"}})
	default:
		return value.Convert(value.NewLong(int64(row+1)), c.Type)
	}
}
