package kqltest

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql"
)

// kind is what a block of a file is.
type kind uint8

const (
	commentBlock kind = iota
	tableBlock
	queryBlock
	printBlock
)

const separator = "----"

// block is the lines between two blank lines: comments, and a directive or none.
type block struct {
	kind     kind
	line     int // of the directive, from 1
	comments []string
	name     string
	ordered  bool
	todo     bool
	// body is the query, or the header and rows of a table.
	body []string
	// bodyLine is the line of the file at which the body begins.
	bodyLine int
	// outcome is what stands below the separator.
	outcome []string
	// separated is set if there is a separator.
	separated bool
}

// file is a test file.
type file struct {
	name   string
	blocks []*block
}

// parseFile reads a test file.
func parseFile(name, text string) (*file, error) {
	f := &file{name: name}
	names := map[string]bool{}
	var lines []string
	start := 1
	flush := func(next int) error {
		if len(lines) > 0 {
			b, err := parseBlock(lines, start)
			if err != nil {
				return fmt.Errorf("%s:%w", name, err)
			}
			if id := b.subtest(); b.runs() && names[id] {
				return fmt.Errorf("%s:%d: a second case is called %q", name, b.line, b.name)
			} else if b.runs() {
				names[id] = true
			}
			f.blocks = append(f.blocks, b)
		}
		lines, start = nil, next
		return nil
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" {
			lines = append(lines, line)
			continue
		}
		if err := flush(number + 1); err != nil {
			return nil, err
		}
	}
	return f, flush(number + 1)
}

// parseBlock reads the lines of a block, the first of which has the number start.
func parseBlock(lines []string, start int) (*block, error) {
	b := &block{}
	for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
		b.comments = append(b.comments, lines[0])
		lines = lines[1:]
		start++
	}
	b.line = start
	if len(lines) == 0 {
		return b, nil
	}
	if err := b.directive(lines[0]); err != nil {
		return nil, fmt.Errorf("%d: %w", start, err)
	}
	b.body, b.bodyLine = lines[1:], start+1
	if i := slices.Index(b.body, separator); i >= 0 {
		b.body, b.outcome, b.separated = b.body[:i], b.body[i+1:], true
	}
	switch {
	case b.kind == tableBlock && b.separated:
		return nil, fmt.Errorf("%d: a table has no outcome", start)
	case len(b.body) == 0:
		return nil, fmt.Errorf("%d: nothing below %q", start, lines[0])
	}
	return b, nil
}

// directive reads the first line of a block.
func (b *block) directive(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "table":
		b.kind = tableBlock
	case "print":
		b.kind = printBlock
	case "query":
		b.kind = queryBlock
		rest, b.ordered = cutWord(rest, "ordered")
	default:
		return fmt.Errorf("no directive is called %q; there are table, query and print", word)
	}
	if b.runs() {
		rest, b.todo = cutWord(rest, "todo")
	}
	if rest == "" {
		return fmt.Errorf("%s without a name", word)
	}
	b.name = rest
	return nil
}

// cutWord takes a word off the start of a text.
func cutWord(text, word string) (rest string, found bool) {
	first, rest, _ := strings.Cut(text, " ")
	if first != word {
		return text, false
	}
	return strings.TrimSpace(rest), true
}

// runs reports whether the block is a case.
func (b *block) runs() bool { return b.kind == queryBlock || b.kind == printBlock }

// subtest is the name of the case without what the testing package would change.
func (b *block) subtest() string { return strings.ReplaceAll(b.name, " ", "_") }

// query is the text of a case.
func (b *block) query() string { return strings.Join(b.body, "\n") }

// String writes the block as it stands in a file.
func (b *block) String() string {
	lines := slices.Clone(b.comments)
	if b.kind != commentBlock {
		lines = append(lines, b.head())
		lines = append(lines, b.body...)
	}
	if b.separated {
		lines = append(lines, separator)
		lines = append(lines, b.outcome...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// head writes the line of the directive.
func (b *block) head() string {
	words := []string{map[kind]string{tableBlock: "table", queryBlock: "query", printBlock: "print"}[b.kind]}
	if b.ordered {
		words = append(words, "ordered")
	}
	if b.todo {
		words = append(words, "todo")
	}
	return strings.Join(append(words, b.name), " ")
}

// String writes the file.
func (f *file) String() string {
	blocks := make([]string, len(f.blocks))
	for i, b := range f.blocks {
		blocks[i] = b.String()
	}
	return strings.Join(blocks, "\n")
}

// readFiles reads the test files at the top of a file system, in order of their names.
func readFiles(fsys fs.FS) ([]*file, error) {
	names, err := fs.Glob(fsys, "*.kqltest")
	if err != nil {
		return nil, err
	}
	var files []*file
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		f, err := parseFile(name, string(text))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// base is the name of a file without its ending, which names its subtest.
func (f *file) base() string { return strings.TrimSuffix(path.Base(f.name), ".kqltest") }

// cases lists the cases of a file, each with the tables that stand before it.
func (f *file) cases(engine Engine) ([]*testCase, error) {
	var list []*testCase
	tables := kql.Tables{}
	for _, b := range f.blocks {
		switch {
		case b.kind == tableBlock:
			table, err := readTable(b.body)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: table %s: %w", f.name, b.line, b.name, err)
			}
			tables = maps.Clone(tables) // the cases before keep theirs
			tables[b.name] = table
		case b.runs():
			list = append(list, &testCase{block: b, engine: engine, tables: tables})
		}
	}
	return list, nil
}

// Queries lists the texts of all cases of a file system, also of those that are only printed, to seed a fuzz test or a
// benchmark with.
func Queries(fsys fs.FS) ([]string, error) {
	files, err := readFiles(fsys)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, f := range files {
		for _, b := range f.blocks {
			if b.runs() {
				list = append(list, b.query())
			}
		}
	}
	return list, nil
}
