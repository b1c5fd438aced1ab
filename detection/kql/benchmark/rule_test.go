package benchmark_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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

// ruleID is the corrected rule for T1505.004.
const ruleID = "7f0c4f52-5d0c-4f0e-9d5a-6f3b8f1c2a02"

func iisRule(t testing.TB) *kql.Query {
	t.Helper()
	rules, err := detection.Bundled()
	require.NoError(t, err)
	at := slices.IndexFunc(rules, func(r *detection.Rule) bool { return r.ID == ruleID })
	return compile(t, rules[at].Query)
}

func compile(t testing.TB, text string) *kql.Query {
	t.Helper()
	q, err := kql.Compile(&syntax.Source{Text: text}, schema.DefenderXDR())
	require.NoError(t, err)
	return q
}

func run(t testing.TB, q *kql.Query, tables kql.Tables) *kql.Table {
	t.Helper()
	result, err := q.Run(context.Background(), tables, fleet.Now)
	require.NoError(t, err)
	return result
}

// iisSQL is the rule in DuckDB's dialect. The three conditions on terms have several forms, of which the fastest is the
// one to beat: a regular expression, and literals in lower case before it.
func iisSQL(keys, data, paths, loads string) string {
	const since = `Timestamp > TIMESTAMP '2026-01-14 00:00:00'`
	columns := func(list string) string {
		return `SELECT Timestamp, DeviceName, InitiatingProcessAccountName AS AccountName, ` + list
	}
	return columns(`RegistryKey, RegistryValueName, RegistryValueData, InitiatingProcessFileName, InitiatingProcessCommandLine,
		'IIS_Component_Registration' AS DetectionType, '' AS FileName, '' AS FolderPath`) + `
	FROM DeviceRegistryEvents WHERE ` + since + `
		AND regexp_matches(RegistryValueName, '(^|[^0-9a-z])(filterdlls|path|imagepath|dll|filename)($|[^0-9a-z])', 'i')
		AND ` + data + ` AND ` + keys + `
	UNION ALL ` + columns(`'', '', '', InitiatingProcessFileName, InitiatingProcessCommandLine, 'IIS_DLL_Write', FileName, FolderPath`) + `
	FROM DeviceFileEvents WHERE ` + since + ` AND ActionType IN ('FileCreated', 'FileModified')
		AND suffix(lower(FileName), '.dll')
		AND lower(InitiatingProcessFileName) NOT IN ('msiexec.exe', 'setup.exe', 'pkgmgr.exe', 'tiworker.exe', 'trustedinstaller.exe', 'wusa.exe', 'dism.exe')
		AND ` + paths + `
	UNION ALL ` + columns(`'', '', '', InitiatingProcessFileName, '', 'IIS_Non_Standard_DLL_Load', FileName, FolderPath`) + `
	FROM DeviceImageLoadEvents WHERE ` + since + ` AND lower(InitiatingProcessFileName) = 'w3wp.exe'
		AND suffix(lower(FileName), '.dll') AND ` + loads + `
	ORDER BY Timestamp DESC`
}

func iisForms() []string {
	const (
		keys  = `regexp_matches(RegistryKey, '(^|[^0-9a-z])(w3svc|isapi filter|isapi extension|globalmodules|iis\\fastcgi|system32\\inetsrv)($|[^0-9a-z])', 'i')`
		data  = `regexp_matches(RegistryValueData, '\.dll($|[^0-9a-z])', 'i')`
		paths = `regexp_matches(FolderPath, '\\system32\\inetsrv\\|\\iis\\|\\inetsrv\\|\\inetpub\\', 'i')`
		loads = `regexp_matches(FolderPath, '\\users\\|\\temp\\|\\programdata\\|\\appdata\\|\\windows\\temp\\', 'i')`
	)
	contains := func(column string, needles ...string) string {
		var list []string
		for _, n := range needles {
			list = append(list, fmt.Sprintf("contains(lower(%s), '%s')", column, n))
		}
		return "(" + strings.Join(list, " OR ") + ")"
	}
	return []string{
		iisSQL(keys, data, paths, loads),
		iisSQL(
			contains("RegistryKey", "w3svc", "isapi filter", "isapi extension", "globalmodules", `iis\fastcgi`, `system32\inetsrv`)+" AND "+keys,
			contains("RegistryValueData", ".dll")+" AND "+data,
			contains("FolderPath", `\iis\`, `\inetsrv\`, `\inetpub\`),
			contains("FolderPath", `\users\`, `\temp\`, `\programdata\`, `\appdata\`),
		),
	}
}

// fastest prepares the form of a query that takes the least time.
func fastest(t testing.TB, db *sql.DB, forms []string) *sql.Stmt {
	t.Helper()
	var best *sql.Stmt
	var took time.Duration
	for _, form := range forms {
		s, err := db.Prepare(form)
		require.NoError(t, err)
		drain(t, s)
		if d := measure(t, func() { drain(t, s) }); best == nil || d < took {
			best, took = s, d
		}
	}
	return best
}

// drain runs a statement and reads its rows.
func drain(t testing.TB, s *sql.Stmt) int {
	t.Helper()
	return len(answer(t, s))
}

// answer is the rows of a statement, each as text.
func answer(t testing.TB, s *sql.Stmt) []string {
	t.Helper()
	rows, err := s.Query()
	require.NoError(t, err)
	columns, err := rows.Columns()
	require.NoError(t, err)
	cells, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range cells {
		pointers[i] = &cells[i]
	}
	var out []string
	for rows.Next() {
		require.NoError(t, rows.Scan(pointers...))
		var b strings.Builder
		for _, c := range cells {
			if at, ok := c.(time.Time); ok {
				c = at.UTC().Format(time.RFC3339Nano)
			}
			fmt.Fprint(&b, c, "|")
		}
		out = append(out, b.String())
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	return out
}

// printed is the rows of one of our results in the form of [answer].
func printed(result *kql.Table) []string {
	var out []string
	for row := range result.Len() {
		var b strings.Builder
		for i, c := range result.Columns() {
			v := result.At(row, i)
			if c.Type.String() == "datetime" {
				fmt.Fprint(&b, v.DateTime().Time().UTC().Format(time.RFC3339Nano), "|")
				continue
			}
			fmt.Fprint(&b, v.String(), "|")
		}
		out = append(out, b.String())
	}
	return out
}

// requireSame compares two answers as sets of rows.
func requireSame(t testing.TB, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	require.NotEmpty(t, want)
	require.Equal(t, want, got)
}
