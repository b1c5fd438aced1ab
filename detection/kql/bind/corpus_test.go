package bind_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/schema"
	"github.com/seed-67b27da2/geiger/testdata"
)

// schemas are the schemas the corpus was bound against.
func schemas() map[string]*bind.Schema {
	xdr, logs := schema.DefenderXDR(), schema.LogAnalytics()
	return map[string]*bind.Schema{"defender_xdr": xdr, "log_analytics": logs, "unified": unified(xdr, logs)}
}

// unified is both schemas in one, as in the unified portal: the columns of Defender XDR come first.
func unified(a, b *bind.Schema) *bind.Schema {
	var tables []bind.Table
	for _, name := range b.TableNames() {
		t, _ := b.Table(name)
		tables = append(tables, *t)
	}
	for _, name := range a.TableNames() {
		t, _ := a.Table(name)
		merged := bind.Table{Name: name, Columns: append([]value.Column(nil), t.Columns...)}
		if other, ok := b.Table(name); ok {
			for _, c := range other.Columns {
				if !slices.ContainsFunc(merged.Columns, func(d value.Column) bool { return d.Name == c.Name }) {
					merged.Columns = append(merged.Columns, c)
				}
			}
		}
		tables = append(tables, merged)
	}
	var functions []bind.ServiceFunction
	for _, s := range []*bind.Schema{a, b} {
		for _, name := range s.FunctionNames() {
			f, _ := s.Function(name)
			functions = append(functions, f)
		}
	}
	return bind.NewSchema("unified", tables, functions...)
}

type expectedColumn struct{ Name, Type string }

// outcome is what one side says of a query: whether it binds (it does if it is valid but beyond this engine, or fails only when it is run), and the columns.
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
		if d.Severity == syntax.SeverityError && (d.Class == syntax.ClassSyntax || d.Class == syntax.ClassBind) {
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

// agreement compares the verdicts and columns of a corpus, and lists the queries on which they differ.
type agreement struct {
	name                     string
	verdicts, verdictsAgreed int
	tables, tablesAgreed     int
	details                  map[string]string
}

func newAgreement(name string) *agreement {
	return &agreement{name: name, details: map[string]string{}}
}

func (a *agreement) add(id string, want, got outcome) {
	a.verdicts++
	if want.ok != got.ok {
		a.details[a.name+" "+id+" verdict"] = fmt.Sprintf("want %v, got %v %v", want.ok, got.ok, got.errors)
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
	a.details[a.name+" "+id+" columns"] = fmt.Sprintf("\n  want %s\n  got  %s", describe(want.columns), describe(got.columns))
}

func percent(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(n) / float64(of)
}

// check holds the differences against testdata/differences.txt, which lists every one that is known, with its reason: a new
// difference fails, and so does one that is gone.
func (a *agreement) check(t *testing.T) {
	t.Helper()
	t.Logf("%s: verdicts %d/%d = %.2f%%, columns %d/%d = %.2f%%", a.name,
		a.verdictsAgreed, a.verdicts, percent(a.verdictsAgreed, a.verdicts),
		a.tablesAgreed, a.tables, percent(a.tablesAgreed, a.tables))
	known := knownDifferences(t, a.name)
	for key, detail := range a.details {
		if !known[key] {
			t.Errorf("a new difference: %s: %s", key, detail)
		}
	}
	for key := range known {
		if _, still := a.details[key]; !still {
			t.Errorf("no difference any more, remove it from testdata/differences.txt: %s", key)
		}
	}
}

// knownDifferences reads the lines "corpus id kind # reason" of one corpus.
func knownDifferences(t *testing.T, corpus string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "differences.txt"))
	require.NoError(t, err)
	out := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line, reason, _ := strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != corpus {
			continue
		}
		require.NotEmpty(t, strings.TrimSpace(reason), line)
		out[strings.Join(fields, " ")] = true
	}
	return out
}

type rule struct {
	ID      string
	Query   string
	Bind    map[string]bool
	Columns []expectedColumn `json:"result_columns"`
}

func TestAgreementWithRealRules(t *testing.T) {
	rules := testdata.SharedLines[rule](t, "kql/real_rules.jsonl")
	for name, known := range schemas() {
		a := newAgreement(name)
		for _, r := range rules {
			want := outcome{ok: r.Bind[name]}
			if name == "unified" {
				want.columns = r.Columns
			}
			a.add(r.ID, want, bindText(r.Query, known))
		}
		a.check(t)
	}
}

type docsCase struct {
	ID      string
	Query   string
	BindOK  bool             `json:"bind_ok"`
	Columns []expectedColumn `json:"columns"`
}

func TestAgreementWithDocumentation(t *testing.T) {
	a := newAgreement("documentation")
	empty := bind.NewSchema("db", nil)
	for _, c := range testdata.SharedLines[docsCase](t, "kql/docs_bind_only.jsonl") {
		a.add(c.ID, outcome{ok: c.BindOK, columns: c.Columns}, bindText(c.Query, empty))
	}
	a.check(t)
}

type measuredCase struct {
	ID      string
	Query   string
	Columns []string `json:"expected_columns"`
	Types   []string `json:"expected_types"`
	Expect  string
	Flags   []string
}

// TestAgreementWithTheEngine compares with what Microsoft's emulator was measured to answer.
func TestAgreementWithTheEngine(t *testing.T) {
	a := newAgreement("engine")
	empty := bind.NewSchema("db", nil)
	for _, file := range []string{"kql/emulator_facts.jsonl", "kql/emulator_docs_cases.jsonl"} {
		for _, c := range testdata.SharedLines[measuredCase](t, file) {
			want := outcome{ok: c.Expect == "rows"}
			if len(c.Columns) == len(c.Types) {
				for i, name := range c.Columns {
					want.columns = append(want.columns, expectedColumn{name, c.Types[i]})
				}
			}
			a.add(c.ID, want, bindText(c.Query, empty))
		}
	}
	a.check(t)
}

// BenchmarkBindSeedRule measures what the binder costs.
func BenchmarkBindSeedRule(b *testing.B) {
	text, err := os.ReadFile(testdata.Shared(b, "kql/seed_rule.kql"))
	require.NoError(b, err)
	src := &syntax.Source{Text: string(text)}
	q, _ := syntax.Parse(src)
	known := seedSchema()
	for b.Loop() {
		bind.Bind(src, q, known)
	}
}
