package kql_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

// corpusRule is a published detection.
type corpusRule struct {
	ID     string          `json:"id"`
	Query  string          `json:"query"`
	Device bool            `json:"device"`
	Bind   map[string]bool `json:"bind"`
}

// TestPublishedRules runs every published rule over Device tables that binds there, on
// a few rows: none may fail for want of the engine, and the share that the engine can run must
// not fall.
func TestPublishedRules(t *testing.T) {
	tables, db := corpusSchema()
	f, err := os.Open(shared(t, "real_rules.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<24)
	total, runnable, missing := 0, 0, map[string]int{}
	for scanner.Scan() {
		var r corpusRule
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &r))
		if !r.Device || !r.Bind["defender_xdr"] {
			continue
		}
		total++
		q, err := kql.Compile(&syntax.Source{Text: r.Query}, tables)
		var fault *syntax.Error
		if errors.As(err, &fault) {
			for _, d := range fault.Diagnostics {
				if d.Severity == syntax.SeverityError {
					missing[d.Class.String()+": "+d.Message]++
					break
				}
			}
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_, err = q.Run(ctx, db, benchNow)
		cancel()
		if errors.As(err, &fault) && fault.Diagnostics[0].Class == syntax.ClassBind {
			err = nil // a column that bag_unpack finds in real rows, not in these
		}
		require.NoError(t, err, "%s\n%s", r.ID, r.Query)
		runnable++
	}
	require.NoError(t, scanner.Err())
	logMissing(t, missing)
	t.Logf("%d of %d rules run (%.1f %%)", runnable, total, 100*float64(runnable)/float64(total))
	require.Greater(t, 100*runnable, 86*total)
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

// corpusSchema is Defender XDR's, with two rows of made-up values in every table.
func corpusSchema() (*kql.Schema, kql.Tables) {
	tables := schema.DefenderXDR()
	db := kql.Tables{}
	for _, name := range tables.TableNames() {
		table, _ := tables.Table(name)
		b := kql.NewBuilder(table.Columns)
		for row := range 2 {
			var cells []value.Value
			for _, c := range table.Columns {
				cells = append(cells, sample(c, row))
			}
			b.Append(kql.Source(row), cells...)
		}
		db[name] = b.Table()
	}
	return tables, db
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
