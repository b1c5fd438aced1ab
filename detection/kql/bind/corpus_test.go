package bind_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// sharedFile finds a file of the research material beside the repository, or skips the test.
func sharedFile(t *testing.T, name string) string {
	t.Helper()
	candidates := []string{}
	if dir := os.Getenv("GEIGER_SHARED"); dir != "" {
		candidates = append(candidates, dir)
	}
	dir, err := os.Getwd()
	require.NoError(t, err)
	for range 8 {
		dir = filepath.Dir(dir)
		candidates = append(candidates, filepath.Join(dir, "shared"))
	}
	for _, c := range candidates {
		path := filepath.Join(c, filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("the research material (shared/%s) is not here; set GEIGER_SHARED to its folder", name)
	return ""
}

func readLines[T any](t *testing.T, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var out []T
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var x T
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &x))
		out = append(out, x)
	}
	require.NoError(t, scanner.Err())
	return out
}

// schemas reads the schemas of both services from the research material.
func schemas(t *testing.T) map[string]*bind.Schema {
	t.Helper()
	var file struct {
		Environments map[string]struct {
			Tables map[string][][2]string `json:"tables"`
		} `json:"environments"`
	}
	text, err := os.ReadFile(sharedFile(t, "kql/schemas.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &file))
	out := map[string]*bind.Schema{}
	for name, env := range file.Environments {
		var tables []bind.Table
		for table, cols := range env.Tables {
			tables = append(tables, bind.Table{Name: table, Columns: columns(t, cols)})
		}
		functions := bind.SentinelFunctions()
		if name == "defender_xdr" {
			functions = bind.DefenderXDRFunctions()
		}
		out[name] = bind.NewSchema(name, tables, functions...)
	}
	return out
}

func columns(t *testing.T, pairs [][2]string) []value.Column {
	t.Helper()
	out := make([]value.Column, len(pairs))
	for i, p := range pairs {
		typ, ok := value.ParseType(p[1])
		require.True(t, ok, p[1])
		out[i] = value.Column{Name: p[0], Type: typ}
	}
	return out
}

type expectedColumn struct{ Name, Type string }

// outcome is what one side says of a query: whether it binds, and the columns.
type outcome struct {
	ok      bool
	columns []expectedColumn
	errors  []string
}

func bindText(text string, schema *bind.Schema) outcome {
	src := &syntax.Source{Text: text}
	q, diagnostics := syntax.Parse(src)
	r := bind.Bind(src, q, schema)
	out := outcome{ok: true}
	for _, d := range append(diagnostics, r.Diagnostics...) {
		if d.Severity == syntax.SeverityError {
			out.ok = false
			out.errors = append(out.errors, fmt.Sprintf("%s %s %s", d.Code, src.Position(d.Span.Start), d.Message))
		}
	}
	for _, c := range r.Columns {
		out.columns = append(out.columns, expectedColumn{c.Name, c.Type.String()})
	}
	return out
}

func describe(cols []expectedColumn) string {
	var parts []string
	for _, c := range cols {
		parts = append(parts, c.Name+":"+c.Type)
	}
	return strings.Join(parts, ",")
}

// agreement counts over a corpus.
type agreement struct {
	name                       string
	verdicts, verdictsAgreed   int
	tables, tablesAgreed       int
	differences, columnsDiffer []string
}

func (a *agreement) add(id string, want, got outcome) {
	a.verdicts++
	if want.ok != got.ok {
		a.differences = append(a.differences, fmt.Sprintf("%s want %v got %v %v", id, want.ok, got.ok, got.errors))
		return
	}
	a.verdictsAgreed++
	if !want.ok || want.columns == nil {
		return
	}
	a.tables++
	if describe(want.columns) == describe(got.columns) {
		a.tablesAgreed++
		return
	}
	a.columnsDiffer = append(a.columnsDiffer, fmt.Sprintf("%s\n  want %s\n  got  %s", id, describe(want.columns), describe(got.columns)))
}

func (a *agreement) log(t *testing.T) {
	t.Helper()
	t.Logf("%s: verdicts %d/%d = %.2f%%, columns %d/%d = %.2f%%", a.name,
		a.verdictsAgreed, a.verdicts, percent(a.verdictsAgreed, a.verdicts),
		a.tablesAgreed, a.tables, percent(a.tablesAgreed, a.tables))
	sort.Strings(a.differences)
	if os.Getenv("GEIGER_DIFFERENCES") == "" {
		return
	}
	for _, d := range a.differences {
		t.Log("VERDICT", d)
	}
	for _, d := range a.columnsDiffer {
		t.Log("COLUMNS", d)
	}
}

func percent(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(n) / float64(of)
}

type rule struct {
	ID      string
	Query   string
	Bind    map[string]bool
	Columns []expectedColumn `json:"result_columns"`
}

func TestAgreementWithRealRules(t *testing.T) {
	rules := readLines[rule](t, sharedFile(t, "kql/real_rules.jsonl"))
	for name, schema := range schemas(t) {
		a := &agreement{name: name}
		for _, r := range rules {
			want := outcome{ok: r.Bind[name]}
			if want.ok && (name == "defender_xdr" || !r.Bind["defender_xdr"]) {
				want.columns = r.Columns
			}
			a.add(r.ID, want, bindText(r.Query, schema))
		}
		a.log(t)
	}
}

type docsCase struct {
	ID      string
	Query   string
	BindOK  bool             `json:"bind_ok"`
	Columns []expectedColumn `json:"columns"`
	Error   json.RawMessage  `json:"error"`
}

func TestAgreementWithDocumentation(t *testing.T) {
	a := &agreement{name: "documentation"}
	schema := bind.NewSchema("db", nil)
	for _, c := range readLines[docsCase](t, sharedFile(t, "kql/docs_bind_only.jsonl")) {
		a.add(c.ID, outcome{ok: c.BindOK, columns: c.Columns}, bindText(c.Query, schema))
	}
	a.log(t)
}
