package kqltest

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-67b27da2/geiger/detection/kql"
)

// Case is a query of a test file with the tables that it can read.
type Case struct {
	Name   string // that of the file and of the case
	Query  string
	Tables kql.Tables
}

// Cases lists the queries of all files of a file system with their tables, for tests that ask something else of them than
// their outcome.
func Cases(fsys fs.FS) ([]Case, error) {
	files, err := readFiles(fsys)
	if err != nil {
		return nil, err
	}
	var list []Case
	for _, f := range files {
		cases, err := f.cases(nil)
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			if c.block.kind == queryBlock {
				list = append(list, Case{f.base() + "/" + c.block.name, c.block.query(), c.tables})
			}
		}
	}
	return list, nil
}

// Vary runs a query over tables in the other ways that must not change its rows: see the package documentation. The
// variant with shuffled rows is left out, since whether the order counts is not known. The error says what differs; a run that
// fails differs from none.
func Vary(ctx context.Context, query string, tables kql.Tables, engine Engine) error {
	c := &testCase{block: &block{kind: queryBlock, body: strings.Split(query, "\n"), ordered: true}, engine: engine}
	before, err := engine(ctx, query, tables)
	if err != nil {
		return nil //nolint:nilerr // it is not what is asked here
	}
	c.tables = tables
	for _, v := range c.variants() {
		after, err := engine(ctx, v.query, v.tables)
		if err != nil {
			continue
		}
		if diff := cmp.Diff(writeTable(before, true), writeTable(after, true)); diff != "" {
			return fmt.Errorf("%s, the outcome differs (- before, + now):\n%s\n%s", v.name, v.query, diff)
		}
	}
	return nil
}
