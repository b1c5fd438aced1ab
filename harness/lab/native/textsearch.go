package native

import (
	"regexp"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// find prints the lines that hold a string.
func find(r *run) int {
	r.only("v", "c", "n", "i", "off", "offline")
	var needle string
	var files []string
	given := false
	flags := map[byte]bool{}
	for _, arg := range r.args {
		switch {
		case len(arg) == 2 && arg[0] == '/':
			flags[arg[1]|0x20] = true
		case strings.HasPrefix(arg, "/off"):
		case !given:
			needle, given = arg, true
		default:
			files = append(files, arg)
		}
	}
	if !given || !strings.Contains(behindProgram(r.p.CommandLine), `"`) {
		r.complain("FIND: Parameter format not correct\n")
		return 2
	}
	match := func(line string) bool {
		if flags['i'] {
			line, needle = strings.ToLower(line), strings.ToLower(needle)
		}
		return (needle != "" && strings.Contains(line, needle)) != flags['v']
	}
	if len(files) == 0 {
		return found(r.findIn("", r.input(), match, flags) > 0)
	}
	total := 0
	for _, name := range files {
		matched := r.glob(name)
		if len(matched) == 0 {
			r.complain("File not found - %s\n", strings.ToUpper(name))
		}
		for _, f := range matched {
			data, err := r.k.ReadFile(r.p, f.Path)
			if err != nil {
				r.complain("%s - %s\n", message(err), strings.ToUpper(f.Path))
				continue
			}
			total += r.findIn(strings.ToUpper(f.Path), text(data), match, flags)
		}
	}
	return found(total > 0)
}

func found(yes bool) int {
	if yes {
		return 0
	}
	return 1
}

// findIn prints the matching lines of one text and counts them.
func (r *run) findIn(name, content string, match func(string) bool, flags map[byte]bool) int {
	count := 0
	if name != "" && !flags['c'] {
		r.print("\n---------- %s\n", name)
	}
	for i, line := range lines(content) {
		if !match(line) {
			continue
		}
		count++
		switch {
		case flags['c']:
		case flags['n']:
			r.print("[%d]%s\n", i+1, line)
		default:
			r.print("%s\n", line)
		}
	}
	switch {
	case flags['c'] && name != "":
		r.print("\n---------- %s: %d\n", name, count)
	case flags['c']:
		r.print("%d\n", count)
	}
	return count
}

// findstr prints the lines that match patterns.
func findstr(r *run) int {
	s, ok := parseFindstr(r)
	if !ok {
		r.complain("FINDSTR: Bad command line\n")
		return 2
	}
	if err := s.compile(); err != nil {
		r.complain("FINDSTR: Bad command line\n")
		return 2
	}
	if len(s.files) == 0 {
		return found(s.search("", r.input()))
	}
	any := false
	for _, name := range s.files {
		any = s.searchFiles(name) || any
	}
	return found(any)
}

// findstrCall is one command of findstr.
type findstrCall struct {
	*run

	flags    map[byte]bool
	patterns []string
	literal  bool // the patterns of /c: are literal unless /r
	files    []string
	matchers []*regexp.Regexp
	prefix   bool // lines carry the name of their file
}

// parseFindstr reads the arguments: the first that is no switch holds the
// patterns, separated by blanks, unless /c: or /g: gave some.
func parseFindstr(r *run) (*findstrCall, bool) {
	s := &findstrCall{run: r, flags: map[byte]bool{}}
	for _, arg := range r.args {
		if len(arg) < 2 || arg[0] != '/' && arg[0] != '-' {
			s.files = append(s.files, arg)
			continue
		}
		if pattern, ok := value(arg, "c"); ok {
			s.patterns = append(s.patterns, pattern)
			s.literal = true
			continue
		}
		if name, ok := value(arg, "g"); ok {
			data, err := r.k.ReadFile(r.p, name)
			if err != nil {
				return nil, false
			}
			s.patterns = append(s.patterns, lines(text(data))...)
			continue
		}
		for _, letter := range []byte(strings.ToLower(arg[1:])) {
			s.flags[letter] = true
			if strings.IndexByte("belrsixvnmp", letter) < 0 {
				r.unsupported("switch " + arg)
				break
			}
		}
	}
	if len(s.patterns) == 0 {
		if len(s.files) == 0 {
			return nil, false
		}
		s.patterns, s.files = strings.Fields(s.files[0]), s.files[1:]
	}
	s.prefix = len(s.files) > 1 || s.flags['s'] || len(s.files) == 1 && strings.ContainsAny(s.files[0], "*?")
	return s, true
}

func (s *findstrCall) compile() error {
	for _, pattern := range s.patterns {
		expression := regexp.QuoteMeta(pattern)
		if s.flags['r'] || !s.literal && !s.flags['l'] {
			expression = translatePattern(pattern)
		}
		if s.flags['b'] || s.flags['x'] {
			expression = "^(?:" + expression + ")"
		}
		if s.flags['e'] || s.flags['x'] {
			expression = "(?:" + expression + ")$"
		}
		if s.flags['i'] {
			expression = "(?i)" + expression
		}
		matcher, err := regexp.Compile(expression)
		if err != nil {
			return err
		}
		s.matchers = append(s.matchers, matcher)
	}
	return nil
}

// translatePattern writes a pattern of findstr (. * ^ $ [class] \x \< \>) for
// package regexp.
func translatePattern(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			i++
			switch {
			case i >= len(pattern):
				b.WriteString(`\\`)
			case pattern[i] == '<' || pattern[i] == '>':
				b.WriteString(`\b`)
			default:
				b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
			}
		case '[':
			end := strings.IndexByte(pattern[i+1:], ']')
			if end <= 0 {
				b.WriteString(`\[`)
				continue
			}
			class := strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(pattern[i+1 : i+1+end])
			b.WriteString("[" + class + "]")
			i += end + 1
		case '.', '*', '^', '$':
			b.WriteByte(c)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

func (s *findstrCall) searchFiles(name string) bool {
	matched := s.glob(name)
	if s.flags['s'] {
		matched = s.below(name)
	}
	if len(matched) == 0 && !s.flags['s'] {
		s.complain("FINDSTR: Cannot open %s\n", name)
	}
	any := false
	folder := name[:strings.LastIndexAny(name, `\/`)+1]
	for _, f := range matched {
		if f.IsDirectory() {
			continue
		}
		data, err := s.k.ReadFile(s.p, f.Path)
		if err != nil {
			s.complain("FINDSTR: Cannot open %s\n", f.Path)
			continue
		}
		shown := folder + f.Name()
		if s.flags['s'] {
			shown = f.Path
		}
		any = s.search(shown, text(data)) || any
	}
	return any
}

// below finds the files that match in a folder and those below it.
func (s *findstrCall) below(name string) []host.File {
	cut := strings.LastIndexAny(name, `\/`)
	folder, err := s.k.Path(s.p, name[:cut+1]+".")
	if err != nil {
		return nil
	}
	list := s.glob(host.Join(folder, name[cut+1:]))
	children, _ := s.k.ReadDirectory(s.p, folder)
	for _, c := range children {
		if c.IsDirectory() {
			list = append(list, s.below(host.Join(c.Path, name[cut+1:]))...)
		}
	}
	return list
}

func (s *findstrCall) search(name, content string) bool {
	any := false
	for i, line := range lines(content) {
		if s.matches(line) == s.flags['v'] {
			continue
		}
		any = true
		if s.flags['m'] {
			s.print("%s\n", name)
			return true
		}
		lead := ""
		if s.prefix {
			lead = name + ":"
		}
		if s.flags['n'] {
			lead += decimal(i+1) + ":"
		}
		s.print("%s%s\n", lead, line)
	}
	return any
}

func (s *findstrCall) matches(line string) bool {
	for _, m := range s.matchers {
		if m.MatchString(line) {
			return true
		}
	}
	return false
}

// where finds programs.
func where(r *run) int {
	names, _ := words(r.args)
	if root, ok := r.after("r"); ok {
		return r.whereBelow(root, names)
	}
	count := 0
	for _, name := range names {
		for _, path := range r.onPath(name) {
			r.print("%s\n", path)
			count++
		}
	}
	return r.whereResult(count)
}

func (r *run) whereResult(count int) int {
	if count == 0 {
		r.complain("INFO: Could not find files for the given pattern(s).\n")
		return 1
	}
	return 0
}

// onPath finds a name, with the extensions of programs, in the current folder
// and along PATH.
func (r *run) onPath(name string) []string {
	var list []string
	seen := map[string]bool{}
	folders := append([]string{r.p.Dir}, strings.Split(r.p.Env.Get("PATH"), ";")...)
	extensions := append([]string{""}, strings.Split(strings.ToLower(r.p.Env.Get("PATHEXT")), ";")...)
	for _, folder := range folders {
		for _, extension := range extensions {
			if folder == "" {
				continue
			}
			for _, f := range r.glob(host.Join(folder, name+extension)) {
				if !f.IsDirectory() && !seen[strings.ToLower(f.Path)] {
					seen[strings.ToLower(f.Path)] = true
					list = append(list, f.Path)
				}
			}
		}
	}
	return list
}

func (r *run) whereBelow(root string, names []string) int {
	count := 0
	s := &findstrCall{run: r}
	for _, name := range names {
		if strings.EqualFold(name, root) {
			continue
		}
		for _, f := range s.below(host.Join(root, name)) {
			if !f.IsDirectory() {
				r.print("%s\n", f.Path)
				count++
			}
		}
	}
	return r.whereResult(count)
}

// more prints files or its input.
func more(r *run) int {
	names, _ := words(r.args)
	if len(names) == 0 {
		r.print("%s", r.input())
		return 0
	}
	for _, name := range names {
		data, err := r.k.ReadFile(r.p, name)
		if err != nil {
			r.complain("Cannot access file %s\n", strings.ToUpper(name))
			return 1
		}
		r.print("%s\n", strings.TrimRight(text(data), "\r\n"))
	}
	return 0
}

// fc compares two files line by line.
func fc(r *run) int {
	names, _ := words(r.args)
	if len(names) != 2 {
		r.complain("FC: Insufficient number of file specifications\n")
		return 2
	}
	var content [2]string
	for i, name := range names {
		data, err := r.k.ReadFile(r.p, name)
		if err != nil {
			r.print("FC: cannot open %s - %s\n", strings.ToUpper(name), map[bool]string{true: "No such file or folder", false: message(err)}[kernel.IsNotFound(err)])
			return 2
		}
		content[i] = text(data)
	}
	r.print("Comparing files %s and %s\n", names[0], strings.ToUpper(names[1]))
	if content[0] == content[1] {
		r.print("FC: no differences encountered\n\n\n")
		return 0
	}
	for i, name := range names {
		r.print("***** %s\n", []string{name, strings.ToUpper(name)}[i])
		for _, line := range differing(content[i], content[1-i]) {
			r.print("%s\n", line)
		}
	}
	r.print("*****\n\n")
	return 1
}

// differing is the part of a that remains when the lines it shares with b at
// both ends are taken off, but for one on each side.
func differing(a, b string) []string {
	x, y := lines(a), lines(b)
	start := 0
	for start < len(x) && start < len(y) && x[start] == y[start] {
		start++
	}
	end := 0
	for end < len(x)-start && end < len(y)-start && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	return x[max(0, start-1):min(len(x), len(x)-end+1)]
}
