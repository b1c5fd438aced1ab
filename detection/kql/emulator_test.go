package kql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/testdata"
)

// measured is a case that was run on Microsoft's Kusto Emulator.
type measured struct {
	ID      string   `json:"id"`
	Query   string   `json:"query"`
	Columns []string `json:"expected_columns"`
	Types   []string `json:"expected_types"`
	Rows    [][]any  `json:"expected_values"`
	Ordered any      `json:"ordered"` // true, false, or a word
	Flags   []string `json:"flags"`
	Expect  string   `json:"expect"`
}

// TestEmulator runs every measured case. testdata/emulator_known.txt lists those that do
// not pass, with the reason; one that passes must leave the list.
func TestEmulator(t *testing.T) {
	known := knownFailures(t)
	for _, file := range []string{"emulator_facts.jsonl", "emulator_docs_cases.jsonl"} {
		t.Run(strings.TrimSuffix(file, ".jsonl"), func(t *testing.T) {
			passed, unlisted := 0, []string{}
			for _, c := range testdata.SharedLines[measured](t, "kql/"+file) {
				err := c.check()
				reason, listed := known[c.ID]
				switch {
				case err == nil && listed:
					unlisted = append(unlisted, fmt.Sprintf("%s passes: remove it from the list (%s)", c.ID, reason))
				case err != nil && !listed:
					unlisted = append(unlisted, fmt.Sprintf("%s\t%s", c.ID, oneLine(err.Error())))
				case err == nil:
					passed++
				case strings.HasPrefix(reason, "unsupported: ") && oneLine(err.Error()) != reason:
					unlisted = append(unlisted, fmt.Sprintf("%s\t%s", c.ID, oneLine(err.Error())))
				}
			}
			t.Logf("%d pass, %d are listed as failing", passed, len(known))
			require.Empty(t, unlisted, strings.Join(unlisted, "\n"))
		})
	}
}

func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func knownFailures(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "emulator_known.txt"))
	require.NoError(t, err)
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, ok := strings.Cut(line, "\t")
		require.True(t, ok && reason != "", "no reason for %s", id)
		known[id] = reason
	}
	return known
}

// check runs the case and compares columns, types, and rows.
func (c *measured) check() error {
	schema := bind.NewSchema("emulator", nil)
	q, err := kql.Compile(&syntax.Source{Text: c.Query}, schema)
	if err != nil {
		var fault *syntax.Error
		if !errors.As(err, &fault) {
			return fmt.Errorf("error of type %T: %w", err, err)
		}
		first := fault.Diagnostics[0]
		if c.Expect == "error" && first.Class != syntax.ClassUnsupported {
			return nil
		}
		return fmt.Errorf("%s: %s", first.Class, first.Message)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	got, err := q.Run(ctx, kql.Tables{}, time.Date(2026, 8, 6, 12, 0, 0, 0, time.UTC))
	if c.Expect == "error" {
		if err == nil {
			return errors.New("an error is expected")
		}
		return nil
	}
	if err != nil {
		return err
	}
	return c.compare(got)
}

func (c *measured) compare(got *kql.Table) error {
	var names, types []string
	for _, col := range got.Columns() {
		names, types = append(names, col.Name), append(types, col.Type.String())
	}
	if strings.Join(names, ",") != strings.Join(c.Columns, ",") {
		return fmt.Errorf("columns %v, want %v", names, c.Columns)
	}
	if len(c.Types) == len(c.Columns) && strings.Join(types, ",") != strings.Join(c.Types, ",") {
		return fmt.Errorf("types %v, want %v", types, c.Types)
	}
	if got.Len() != len(c.Rows) {
		return fmt.Errorf("%d rows, want %d", got.Len(), len(c.Rows))
	}
	used := make([]bool, got.Len())
	for i, want := range c.Rows {
		if row := c.find(got, want, i, used); row < 0 {
			return fmt.Errorf("no row %s; first row is %s", jsonOf(want), rowText(got, min(i, got.Len()-1)))
		}
	}
	return nil
}

func (c *measured) find(got *kql.Table, want []any, at int, used []bool) int {
	for row := range got.Len() {
		if used[row] || c.Ordered == true && row != at {
			continue
		}
		if c.sameRow(got, want, row) {
			used[row] = true
			return row
		}
	}
	return -1
}

func (c *measured) sameRow(got *kql.Table, want []any, row int) bool {
	for col := range got.Columns() {
		if !c.same(want[col], got.At(row, col)) {
			return false
		}
	}
	return true
}

func rowText(got *kql.Table, row int) string {
	var out []string
	for col := range got.Columns() {
		out = append(out, got.At(row, col).String())
	}
	return strings.Join(out, " | ")
}

func jsonOf(x any) string {
	b, err := json.Marshal(x)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// same compares a cell as the measurements encode it.
func (c *measured) same(want any, got value.Value) bool {
	if want == nil {
		return got.IsNull() || got.String() == ""
	}
	if got.IsNull() {
		return want == ""
	}
	if n, ok := want.(json.Number); ok && got.Type().Numeric() && c.approximately(n, got) {
		return true
	}
	switch got.Type() {
	case value.Real, value.Decimal:
		return sameReal(want, got.Real())
	case value.Int, value.Long:
		n, ok := want.(json.Number)
		return ok && n.String() == got.String()
	case value.Bool:
		return want == got.Bool()
	case value.Dynamic:
		return sameJSON(plain(want), plain(got.Dynamic()), c.flagged("set_order_unspecified"))
	default:
		return want == got.String()
	}
}

func (c *measured) flagged(flag string) bool {
	return slices.Contains(c.Flags, flag)
}

// approximately compares what the service only estimates, to 5 %.
func (c *measured) approximately(want json.Number, got value.Value) bool {
	w, err := want.Float64()
	return err == nil && c.flagged("approximate") && math.Abs(w-got.Real()) <= 0.05*math.Abs(w)
}

func sameReal(want any, got float64) bool {
	switch w := want.(type) {
	case string:
		return w == "NaN" && math.IsNaN(got) || w == "inf" && math.IsInf(got, 1) || w == "-inf" && math.IsInf(got, -1)
	case json.Number:
		f, err := w.Float64()
		return err == nil && (f == got || math.Abs(f-got) <= 1e-9*math.Abs(f))
	default:
		return false
	}
}

// plain gives values of either side one form.
func plain(x any) any {
	switch x := x.(type) {
	case json.Number:
		f, err := x.Float64()
		if err != nil {
			return x.String()
		}
		return f
	case int64:
		return float64(x)
	case value.Instant:
		return x.String()
	case value.Duration:
		return x.String()
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			out[k] = plain(e)
		}
		return out
	case *value.Bag:
		out := map[string]any{}
		for _, k := range x.Keys() {
			e, _ := x.Get(k)
			out[k] = plain(e)
		}
		return out
	default:
		return x
	}
}

func sameJSON(want, got any, unordered bool) bool {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) != len(g) {
			return false
		}
		if unordered {
			return strings.Join(sortedTexts(w), "\n") == strings.Join(sortedTexts(g), "\n")
		}
		for i := range w {
			if !sameJSON(w[i], g[i], unordered) {
				return false
			}
		}
		return true
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(w) != len(g) {
			return false
		}
		for k := range w {
			if _, has := g[k]; !has || !sameJSON(w[k], g[k], unordered) {
				return false
			}
		}
		return true
	case float64:
		g, ok := got.(float64)
		return ok && (w == g || math.Abs(w-g) <= 1e-9*math.Abs(w))
	default:
		return want == got
	}
}

func sortedTexts(list []any) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = jsonOf(x)
	}
	sort.Strings(out)
	return out
}
