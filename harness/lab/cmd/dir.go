package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// freeSpace is what the simulated disk reports as free, in bytes.
const freeSpace = 84_112_236_544

// listing is one run of DIR.
type listing struct {
	sh            *shell
	c             call
	bare, deep    bool
	lower         bool
	all           bool   // /a: hidden and system files too
	attributes    string // of /a:
	order         string // of /o: letters n, s, e, d, g, each with - for descending
	files, bytes  int
	folders, hits int
}

func dirCommand(sh *shell, c call) int {
	options, names := c.switches()
	sh.only("dir", options, "a*", "b", "s", "l", "n", "c", "o*", "-p")
	l := &listing{sh: sh, c: c, bare: has(options, "b"), deep: has(options, "s"), lower: has(options, "l")}
	for _, option := range options {
		if rest, ok := strings.CutPrefix(option, "a"); ok {
			l.all, l.attributes = true, strings.TrimPrefix(rest, ":")
		}
		if rest, ok := strings.CutPrefix(option, "o"); ok {
			l.order = cmp.Or(strings.TrimPrefix(rest, ":"), "gn")
		}
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	code := sh.done()
	for _, name := range names {
		if err := l.show(unquote(name)); err != nil {
			code = sh.failure(c.std, err)
		}
	}
	return code
}

func (l *listing) show(name string) error {
	folder, pattern := name, "*"
	if f, err := l.sh.k.Stat(l.sh.p, name); err != nil || !f.IsDirectory() {
		folder, pattern = splitPattern(name)
	}
	full, err := l.sh.k.Path(l.sh.p, folder)
	if err != nil {
		return err
	}
	if f, err := l.sh.k.Stat(l.sh.p, full); err == nil {
		full = f.Path
	} else if !l.deep {
		return l.nothing(full)
	}
	l.heading()
	if err := l.folder(full, pattern); err != nil {
		return err
	}
	if l.hits == 0 {
		l.directory(full)
		return message("File Not Found")
	}
	l.total()
	return nil
}

// nothing is the answer for a folder that does not exist.
func (l *listing) nothing(full string) error {
	l.heading()
	if _, err := l.sh.k.Stat(l.sh.p, host.Parent(full)); err != nil {
		return message("The system cannot find the path specified.")
	}
	l.directory(host.Parent(full))
	return message("File Not Found")
}

func (l *listing) directory(path string) {
	if !l.bare {
		l.print("\r\n Directory of " + path + "\r\n\r\n")
	}
}

func (l *listing) heading() {
	if !l.bare {
		l.print(" Volume in drive C has no label.\r\n Volume Serial Number is " + l.sh.serial() + "\r\n")
	}
}

func (l *listing) print(text string) { l.sh.write(l.c.std, text) }

// folder lists one folder and, with /s, those below it.
func (l *listing) folder(path, pattern string) error {
	files, err := l.sh.k.ReadDirectory(l.sh.p, path)
	if err != nil {
		return err
	}
	var shown []host.File
	for _, f := range files {
		if matches(pattern, f.Name()) && l.selects(f) {
			shown = append(shown, f)
		}
	}
	l.sort(shown)
	l.table(path, pattern, shown)
	if !l.deep {
		return nil
	}
	for _, f := range files {
		if f.IsDirectory() {
			_ = l.folder(f.Path, pattern) // what may not be read is left out
		}
	}
	return nil
}

// sort applies /o; without it the order is that of the file system.
func (l *listing) sort(files []host.File) {
	slices.SortStableFunc(files, func(a, b host.File) int {
		sign := 1
		for _, letter := range l.order {
			if letter == '-' {
				sign = -1
				continue
			}
			if c := sign * compareFiles(letter, a, b); c != 0 {
				return c
			}
			sign = 1
		}
		return 0
	})
}

func compareFiles(letter rune, a, b host.File) int {
	switch letter {
	case 'n':
		return strings.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name()))
	case 's':
		return cmp.Compare(a.Size(), b.Size())
	case 'e':
		return strings.Compare(host.Ext(a.Path), host.Ext(b.Path))
	case 'd':
		return a.Modified.Compare(b.Modified)
	case 'g':
		return cmp.Compare(int(b.Attributes&host.Directory), int(a.Attributes&host.Directory))
	}
	return 0
}

// selects applies /a.
func (l *listing) selects(f host.File) bool {
	if !l.all {
		return f.Attributes&(host.Hidden|host.SystemBit) == 0
	}
	want := true
	for _, letter := range l.attributes {
		bit, ok := map[rune]host.Attributes{'d': host.Directory, 'h': host.Hidden, 's': host.SystemBit, 'r': host.ReadOnly, 'a': host.Archive}[letter]
		switch {
		case letter == '-':
			want = false
			continue
		case ok && (f.Attributes&bit != 0) != want:
			return false
		}
		want = true
	}
	return true
}

func (l *listing) table(path, pattern string, shown []host.File) {
	if len(shown) == 0 && (l.deep || pattern != "*") {
		return
	}
	l.hits += len(shown)
	if l.bare {
		l.names(shown)
		return
	}
	if pattern == "*" {
		l.hits++ // the folder's own entries
	}
	l.directory(path)
	files, bytes := 0, 0
	if pattern == "*" && len(path) > 3 {
		if self, err := l.sh.k.Stat(l.sh.p, path); err == nil {
			l.row(self, ".")
			l.row(self, "..")
			l.folders += 2
		}
	}
	for _, f := range shown {
		l.row(f, f.Name())
		if f.IsDirectory() {
			l.folders++
			continue
		}
		files++
		bytes += int(f.Size())
	}
	l.files, l.bytes = l.files+files, l.bytes+bytes
	l.print(fmt.Sprintf("%16d File(s) %14s bytes\r\n", files, thousands(bytes)))
}

func (l *listing) names(shown []host.File) {
	for _, f := range shown {
		name := f.Name()
		if l.deep {
			name = f.Path
		}
		if l.lower {
			name = strings.ToLower(name)
		}
		l.print(name + "\r\n")
	}
}

func (l *listing) row(f host.File, name string) {
	kind := fmt.Sprintf("%17s", thousands(int(f.Size())))
	if f.IsDirectory() {
		kind = "   <DIR>         "
	}
	l.print(f.Modified.Format("01/02/2006  03:04 PM") + " " + kind + " " + name + "\r\n")
}

func (l *listing) total() {
	if l.bare {
		return
	}
	if l.deep {
		l.print(fmt.Sprintf("\r\n     Total Files Listed:\r\n%16d File(s) %14s bytes\r\n", l.files, thousands(l.bytes)))
	}
	l.print(fmt.Sprintf("%16d Dir(s) %15s bytes free\r\n", l.folders, thousands(freeSpace)))
}

// thousands writes a number with commas.
func thousands(n int) string {
	text := itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
