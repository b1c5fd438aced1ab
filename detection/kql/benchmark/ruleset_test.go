package benchmark_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection"
	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/fleet"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

const (
	rules      = 1000
	predicates = 600 // public rule sets have more for each rule, which makes the ratio easier
)

// predicate is a condition on one column of a table.
type predicate struct{ table, text string }

// predicatePool makes conditions in the proportions that public rules have.
func predicatePool(r *rand.Rand) []predicate {
	columns := map[string][]string{
		fleet.FileEvents:      {"FileName", "FolderPath", "InitiatingProcessFileName", "InitiatingProcessCommandLine"},
		fleet.RegistryEvents:  {"RegistryKey", "RegistryValueName", "RegistryValueData", "InitiatingProcessFileName"},
		fleet.ImageLoadEvents: {"FileName", "FolderPath", "InitiatingProcessFileName"},
		fleet.ProcessEvents:   {"FileName", "ProcessCommandLine", "InitiatingProcessFileName", "AccountName"},
	}
	words := []string{
		"powershell", "cmd", "rundll32", "regsvr32", "certutil", "inetsrv", "Temp", "AppData", "Users", "Services", "Parameters", "svc",
		"dll", "exe", "Startup", "schtasks", "W3SVC", "encodedcommand", "bypass", "update", "module", "lib", "chrome", "Prefetch",
	}
	operators := strings.Fields("== == == == == == has has has has contains contains contains =~ =~ =~ startswith endswith has_any in in~ regex")
	seen, pool := map[string]bool{}, []predicate{}
	for len(pool) < predicates {
		table := fleet.TableNames()[r.IntN(4)]
		column := columns[table][r.IntN(len(columns[table]))]
		word := fmt.Sprint(words[r.IntN(len(words))], []string{"", "", ".exe", ".dll", fmt.Sprint(r.IntN(100))}[r.IntN(5)])
		text := fmt.Sprintf("%s %s %q", column, operators[r.IntN(len(operators))], word)
		switch {
		case strings.Contains(text, " has_any ") || strings.Contains(text, " in"):
			text = strings.Replace(text, `"`, `("`+words[r.IntN(len(words))]+`", "`, 1) + ")"
		case strings.Contains(text, " regex "):
			text = strings.Replace(text, " regex ", " matches regex ", 1)
		}
		if !seen[table+text] {
			seen[table+text] = true
			pool = append(pool, predicate{table, text})
		}
	}
	return pool
}

// ruleTexts joins two to four predicates of the same table into each rule.
func ruleTexts(r *rand.Rand, pool []predicate) []string {
	texts := make([]string, rules)
	for i := range texts {
		first := pool[r.IntN(len(pool))]
		var b strings.Builder
		fmt.Fprintf(&b, "%s | where Timestamp > ago(24h) | where %s", first.table, first.text)
		for n := 1 + r.IntN(3); n > 0; {
			if p := pool[r.IntN(len(pool))]; p.table == first.table {
				fmt.Fprintf(&b, " | where %s", p.text)
				n--
			}
		}
		texts[i] = b.String() + " | project Timestamp, DeviceName, InitiatingProcessFileName"
	}
	return texts
}

// recordings makes between 10 and 100 recordings of 10,000 rows.
func recordings(t testing.TB) []kql.Tables {
	t.Helper()
	n := min(max(get(t, large).rows/100_000, 10), 100)
	out := make([]kql.Tables, n)
	for i := range out {
		out[i] = kqlTables(fleet.Config{Rows: recordingRows, Seed: uint64(i)})
	}
	return out
}

// BenchmarkRuleSet runs 1,000 rules over many recordings, and their distinct predicates alone. At most 3 times as long.
func BenchmarkRuleSet(b *testing.B) {
	r := rand.New(rand.NewPCG(seed, seed))
	pool := predicatePool(r)
	var alone, all []*kql.Query
	for _, p := range pool {
		alone = append(alone, compile(b, p.table+" | where "+p.text+" | count"))
	}
	for _, text := range ruleTexts(r, pool) {
		all = append(all, compile(b, text))
	}
	tables := recordings(b)
	over := func(queries []*kql.Query) func() {
		return func() {
			for _, recording := range tables {
				recording = forgetful(recording)
				for _, q := range queries {
					run(b, q, recording)
				}
			}
		}
	}
	var best, base time.Duration
	for b.Loop() {
		if t := measure(b, over(alone)); base == 0 || t < base {
			base = t
		}
		if t := measure(b, over(all)); best == 0 || t < best {
			best = t
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best)/1e6, "ms")
	b.ReportMetric(float64(base)/1e6, "predicates-ms")
	b.ReportMetric(float64(best)/float64(rules*len(tables))/1e3, "us/rule")
	b.ReportMetric(float64(best)/float64(base), "x-predicates")
}

// BenchmarkCompile parses, binds and prepares the rule for T1505.004. The README says what it is compared with.
func BenchmarkCompile(b *testing.B) {
	loaded, err := detection.Bundled()
	require.NoError(b, err)
	services := schema.DefenderXDR()
	for _, rule := range loaded {
		if rule.ID != ruleID {
			continue
		}
		var best time.Duration
		for b.Loop() {
			t := measure(b, func() {
				_, err := kql.Compile(&syntax.Source{Text: rule.Query}, services)
				require.NoError(b, err)
			})
			if best == 0 || t < best {
				best = t
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(best)/1e3, "us")
	}
}
