package tablefile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/detection/tablefile"
)

// shown is a table as text: a header of names and types, then the rows.
func shown(t *kql.Table) string {
	var b strings.Builder
	for i, c := range t.Columns() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name + ":" + c.Type.String())
	}
	for row := range t.Len() {
		b.WriteByte('\n')
		for col := range t.Columns() {
			if col > 0 {
				b.WriteByte('|')
			}
			b.WriteString(t.At(row, col).String())
		}
	}
	return b.String()
}

func TestRead(t *testing.T) {
	known := []value.Column{{Name: "At", Type: value.DateTime}}
	for name, c := range map[string]struct{ file, text, want string }{
		"csv":               {"a.csv", "\ufeffName,Cores:long,At\niis01,2,2026-01-02\n", "Name:string, Cores:long, At:datetime\niis01|2|2026-01-02T00:00:00.0000000Z"},
		"csv, missing cell": {"a.csv", "Name,Cores:long\niis01,\n", "Name:string, Cores:long\niis01|"},
		"ndjson":            {"a.ndjson", `{"B":1,"A":"x"}` + "\n\n" + `{"B":2.5,"C":[1,{"d":2}]}`, "A:string, B:real, C:dynamic\nx|1.0|\n|2.5|[1,{\"d\":2}]"},
		"jsonl, known type": {"a.jsonl", `{"At":"2026-01-02"}`, "At:datetime\n2026-01-02T00:00:00.0000000Z"},
		"only nulls":        {"a.jsonl", `{"A":null}`, "A:bool\n"},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := tablefile.Read(c.file, strings.NewReader(c.text), known)
			require.NoError(t, err)
			require.Equal(t, c.want, shown(table))
		})
	}
}

func TestReadFaults(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"other form":    {"a.txt", "", "a.txt: a table is a .csv, .ndjson or .jsonl file"},
		"empty csv":     {"a.csv", "", "a.csv: header: EOF"},
		"no such type":  {"a.csv", "A:text\n", `a.csv:1: column "A": no type "text"`},
		"ragged csv":    {"a.csv", "A,B\n1\n", "a.csv: record on line 2: wrong number of fields"},
		"no object":     {"a.jsonl", "{}\n[1]\n", "a.jsonl:2: not a JSON object, which a row is"},
		"not JSON":      {"a.jsonl", "{\n", "a.jsonl:1: not JSON: unexpected EOF"},
		"an object cut": {"a.jsonl", `{"a":`, "a.jsonl:1: not JSON: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tablefile.Read(c.file, strings.NewReader(c.text), nil)
			require.EqualError(t, err, c.want)
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a.csv", "A,B:long\nx,1\n")
	f.Add("a.jsonl", `{"A":1,"B":[1,2]}`+"\n"+`{"A":"x"}`)
	f.Fuzz(func(t *testing.T, file, text string) {
		table, err := tablefile.Read(file, strings.NewReader(text), nil)
		require.Equal(t, table == nil, err != nil)
		if err == nil {
			shown(table)
		}
	})
}
