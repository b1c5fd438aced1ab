package cmd

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// maxIterations bounds FOR /L, whose step may be zero.
const maxIterations = 1 << 20

func (sh *shell) forCommand(ctx context.Context, n *forCommand, std streams, vars *forVariables) int {
	set := sh.late(n.set, vars)
	code := 0
	body := func(value string) bool {
		inner := vars.with(n.variable, value)
		sh.echoBody(n, std, inner)
		code = sh.run(ctx, n.body, std, inner)
		return !sh.stopped(ctx)
	}
	switch n.kind {
	case 'l':
		sh.count(set, body)
	case 'f':
		return sh.forLines(ctx, n, set, std, vars)
	case 'r':
		sh.walk(unquote(sh.late(n.options, vars)), set, body)
	default:
		sh.items(set, n.kind == 'd', body)
	}
	return code
}

// echoBody shows the command of an iteration unless echo is off or it stands
// behind @.
func (sh *shell) echoBody(n *forCommand, std streams, vars *forVariables) {
	if _, quiet := n.body.(*silent); !quiet && sh.echo {
		sh.write(std, "\r\n"+sh.p.Dir+">"+vars.expand(n.body.source())+" \r\n")
	}
}

// count runs FOR /L over (start,step,end).
func (sh *shell) count(set string, body func(string) bool) {
	fields := strings.FieldsFunc(set, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) })
	for len(fields) < 3 {
		fields = append(fields, "0")
	}
	start, step, end := atoi(fields[0]), atoi(fields[1]), atoi(fields[2])
	for i, n := start, 0; (step >= 0 && i <= end || step < 0 && i >= end) && n < maxIterations; i, n = i+step, n+1 {
		if !body(itoa(i)) {
			return
		}
	}
}

// splitSet separates the items of a set, keeping quotation marks.
func splitSet(set string) []string {
	var list []string
	for p := (&parser{text: set}); ; {
		p.skipBlank()
		for p.peek() == '\n' {
			p.pos++
			p.skipBlank()
		}
		start := p.pos
		quoted := false
		for p.pos < len(set) && (quoted || !isBlank(set[p.pos]) && set[p.pos] != '\n') {
			if set[p.pos] == '"' {
				quoted = !quoted
			}
			p.pos++
		}
		if start == p.pos {
			return list
		}
		list = append(list, set[start:p.pos])
	}
}

// items runs the plain FOR and FOR /D: an item with a wildcard stands for the
// matching files or folders.
func (sh *shell) items(set string, folders bool, body func(string) bool) {
	for _, item := range splitSet(set) {
		if !hasWildcard(item) {
			if !body(item) {
				return
			}
			continue
		}
		pattern := unquote(item)
		prefix := pattern[:strings.LastIndexAny(pattern, `\/:`)+1]
		for _, f := range sh.glob(pattern) {
			if f.IsDirectory() == folders && !body(prefix+f.Name()) {
				return
			}
		}
	}
}

// walk runs FOR /R: the set in every folder below root.
func (sh *shell) walk(root, set string, body func(string) bool) {
	if root == "" {
		root = sh.p.Dir
	}
	full, err := sh.k.Path(sh.p, root)
	if err != nil {
		return
	}
	var visit func(folder string) bool
	visit = func(folder string) bool {
		for _, item := range splitSet(set) {
			item = unquote(item)
			if !hasWildcard(item) {
				if !body(host.Join(folder, item)) {
					return false
				}
				continue
			}
			for _, f := range sh.glob(host.Join(folder, item)) {
				if !f.IsDirectory() && !body(f.Path) {
					return false
				}
			}
		}
		files, _ := sh.k.ReadDirectory(sh.p, folder)
		for _, f := range files {
			if f.IsDirectory() && !visit(f.Path) {
				return false
			}
		}
		return true
	}
	visit(full)
}

// forLines runs FOR /F over files, a string or the output of a command.
func (sh *shell) forLines(ctx context.Context, n *forCommand, set string, std streams, vars *forVariables) int {
	o := parseLineOptions(unquote(sh.late(n.options, vars)))
	lines, err := sh.source(ctx, set, o, std, vars)
	if err != nil {
		return sh.failure(std, err)
	}
	code := 0
	for i, line := range lines {
		if i < o.skip || strings.TrimSpace(line) == "" || o.eol != 0 && strings.HasPrefix(line, string(rune(o.eol))) {
			continue
		}
		values, ok := o.split(line)
		if !ok {
			continue
		}
		inner := vars
		for j, value := range values {
			inner = inner.with(n.variable+byte(j), value)
		}
		sh.echoBody(n, std, inner)
		code = sh.run(ctx, n.body, std, inner)
		if sh.stopped(ctx) {
			break
		}
	}
	return code
}

// source gives the lines that FOR /F reads.
func (sh *shell) source(ctx context.Context, set string, o lineOptions, std streams, vars *forVariables) ([]string, error) {
	command, text := byte('\''), byte('"')
	if o.usebackq {
		command, text = '`', '\''
	}
	if len(set) >= 2 && set[0] == command && set[len(set)-1] == command {
		out := &output{}
		inner := std
		inner.out, inner.in = out, bufio.NewReader(strings.NewReader(""))
		sh.start(ctx, interpreter, interpreter+" /c "+vars.expand(set[1:len(set)-1]), inner)
		data, err := io.ReadAll(out.reader())
		return splitLines(string(data)), err
	}
	if len(set) >= 2 && set[0] == text && set[len(set)-1] == text {
		return []string{set[1 : len(set)-1]}, nil
	}
	var lines []string
	for _, name := range splitSet(set) {
		data, err := sh.k.ReadFile(sh.p, unquote(name))
		if err != nil {
			if kernel.IsNotFound(err) {
				err = message("The system cannot find the file " + unquote(name) + ".")
			}
			return nil, err
		}
		lines = append(lines, splitLines(string(data))...)
	}
	return lines, nil
}

func splitLines(text string) []string {
	text = strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// lineOptions are the options of FOR /F.
type lineOptions struct {
	skip     int
	eol      byte
	delims   string
	tokens   []int // 1-based
	rest     bool  // a final * takes what is left
	usebackq bool
}

func parseLineOptions(text string) lineOptions {
	o := lineOptions{eol: ';', delims: " \t", tokens: []int{1}}
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		lower := strings.ToLower(text)
		switch {
		case strings.HasPrefix(lower, "usebackq"):
			o.usebackq, text = true, text[len("usebackq"):]
		case strings.HasPrefix(lower, "skip="):
			value, rest, _ := strings.Cut(text[5:], " ")
			o.skip, text = atoi(value), rest
		case strings.HasPrefix(lower, "eol="):
			o.eol, text = 0, text[4:]
			if text != "" {
				o.eol, text = text[0], text[1:]
			}
		case strings.HasPrefix(lower, "tokens="):
			value, rest, _ := strings.Cut(text[7:], " ")
			o.tokens, o.rest = parseTokens(value)
			text = rest
		case strings.HasPrefix(lower, "delims="):
			o.delims, text = delimiters(text[7:])
		default:
			return o
		}
	}
	return o
}

// delimiters ends at a blank unless the blank is the last of the options.
func delimiters(text string) (set, rest string) {
	if i := strings.IndexByte(text, ' '); i >= 0 && i < len(text)-1 {
		return text[:i], text[i:]
	}
	return text, ""
}

// parseTokens reads 1,3-5*.
func parseTokens(text string) (list []int, rest bool) {
	if cut, ok := strings.CutSuffix(text, "*"); ok {
		rest, text = true, strings.TrimSuffix(cut, ",")
	}
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, last := atoi(low), atoi(low)
		if isRange {
			last = atoi(high)
		}
		for n := first; n <= last && n > 0 && len(list) < 52; n++ {
			list = append(list, n)
		}
	}
	return list, rest
}

// split gives the values of the tokens of a line; a line without the first
// token is skipped.
func (o lineOptions) split(line string) ([]string, bool) {
	words, starts := []string{}, []int{}
	for i := 0; i < len(line); {
		for i < len(line) && strings.IndexByte(o.delims, line[i]) >= 0 {
			i++
		}
		start := i
		for i < len(line) && strings.IndexByte(o.delims, line[i]) < 0 {
			i++
		}
		if i > start {
			words, starts = append(words, line[start:i]), append(starts, start)
		}
	}
	var values []string
	last := 0
	for _, n := range o.tokens {
		last = max(last, n)
		if n <= len(words) {
			values = append(values, words[n-1])
		} else {
			values = append(values, "")
		}
	}
	if o.rest {
		if last < len(words) {
			values = append(values, line[starts[last]:])
		} else {
			values = append(values, "")
		}
	}
	return values, len(values) > 0 && (values[0] != "")
}
