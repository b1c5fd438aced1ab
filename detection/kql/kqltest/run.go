package kqltest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-67b27da2/geiger/detection/kql"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// Option changes what [Run] does.
type Option func(*runner)

// Update makes [Run] write the outcomes into the files, through write, instead of comparing them. Cases
// that a -run pattern leaves out keep their text.
func Update(write func(name string, text []byte) error) Option {
	return func(r *runner) { r.write = write }
}

// runner is what a run needs.
type runner struct {
	engine Engine
	write  func(name string, text []byte) error
}

// Run runs every *.kqltest file at the top of a file system as a subtest, and every case of it as a subtest of that.
func Run(t *testing.T, fsys fs.FS, engine Engine, options ...Option) {
	t.Helper()
	r := &runner{engine: engine}
	for _, option := range options {
		option(r)
	}
	files, err := readFiles(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no *.kqltest files")
	}
	for _, f := range files {
		t.Run(f.base(), func(t *testing.T) { r.file(t, f) })
	}
}

// file runs the cases of a file.
func (r *runner) file(t *testing.T, f *file) {
	t.Helper()
	before := f.String()
	cases, err := f.cases(r.engine)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.block.name, func(t *testing.T) { r.run(t, f, c) })
	}
	if after := f.String(); r.write != nil && after != before {
		if err := r.write(f.name, []byte(after)); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a case, having written its outcome if that is wanted.
func (r *runner) run(t *testing.T, f *file, c *testCase) {
	t.Helper()
	if r.write != nil && !c.block.todo {
		if err := c.accept(t.Context()); err != nil {
			t.Fatalf("%s:%d: %v", f.name, c.block.line, err)
		}
	}
	missing, err := c.verdict(t.Context())
	switch {
	case err != nil:
		t.Fatalf("%s:%d: %v", f.name, c.block.line, err)
	case missing != nil:
		t.Skipf("todo: %v", missing)
	}
}

// testCase is a case with what it runs on.
type testCase struct {
	block  *block
	engine Engine
	tables kql.Tables
}

// verdict checks a case. A todo case fails when it passes; what it is still missing is no failure.
func (c *testCase) verdict(ctx context.Context) (missing, err error) {
	err = c.check(ctx)
	switch {
	case !c.block.todo:
		return nil, err
	case err == nil:
		return nil, errors.New("this todo case passes; remove todo")
	default:
		return err, nil
	}
}

// accept takes the outcome of the engine for the expected one. What is written with other words stays so.
func (c *testCase) accept(ctx context.Context) error {
	got, err := c.outcome(ctx)
	if err != nil {
		return err
	}
	if cmp.Diff(c.expected(), got) != "" {
		c.block.outcome = got
	}
	c.block.separated = true
	return nil
}

// check compares the outcome with the expected one, and the outcomes of the runs that must not differ.
func (c *testCase) check(ctx context.Context) error {
	got, err := c.outcome(ctx)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(c.expected(), got); diff != "" {
		return fmt.Errorf("the outcome differs (- expected, + got):\n%s", diff)
	}
	if c.block.kind == printBlock || isFailure(got) {
		return nil
	}
	for _, v := range c.variants() {
		again, err := c.run(ctx, v.query, v.tables)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			return fmt.Errorf("%s, the outcome differs (- before, + now):\n%s\n%s", v.name, v.query, diff)
		}
	}
	return nil
}

// expected is the outcome in the file, a table of it written as a result is written, so that only
// its values count. What cannot be read as a table stays as it is.
func (c *testCase) expected() []string {
	lines := c.block.outcome
	if c.block.kind == printBlock || isFailure(lines) {
		return lines
	}
	table, err := readTable(lines)
	if err != nil {
		return lines
	}
	return writeTable(table, c.block.ordered)
}

// isFailure reports whether an outcome is an error.
func isFailure(outcome []string) bool {
	return len(outcome) > 0 && (strings.HasPrefix(outcome[0], "error ") || strings.HasPrefix(outcome[0], "unsupported "))
}

// outcome is what a case gives, as it is written below the separator.
func (c *testCase) outcome(ctx context.Context) ([]string, error) {
	if c.block.kind == printBlock {
		return printed(c.block.query()), nil
	}
	return c.run(ctx, c.block.query(), c.tables)
}

// run runs a query.
func (c *testCase) run(ctx context.Context, query string, tables kql.Tables) ([]string, error) {
	table, err := c.engine(ctx, query, tables)
	if err == nil {
		return writeTable(table, c.block.ordered), nil
	}
	fault, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return nil, fmt.Errorf("the engine failed: %w", err)
	}
	return writeError(fault), nil
}

// writeError writes the diagnostics of an error, each after the word for its class.
func writeError(err *syntax.Error) []string {
	var lines []string
	for _, d := range err.Diagnostics {
		if d.Severity != syntax.SeverityError {
			continue
		}
		word := "error "
		if d.Class == syntax.ClassUnsupported {
			word = "unsupported "
		}
		lines = append(lines, strings.Split(word+err.Source.Describe(d), "\n")...)
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// printed is the outcome of a print case.
func printed(query string) []string {
	q, diagnostics := syntax.Parse(&syntax.Source{Text: query})
	if fault, ok := errors.AsType[*syntax.Error](syntax.NewError(q.Source, diagnostics)); ok {
		return writeError(fault)
	}
	return strings.Split(syntax.Print(q), "\n")
}
