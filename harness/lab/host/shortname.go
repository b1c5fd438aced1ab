package host

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// An NTFS volume gives every name that is not of the form 8.3 a second, short
// one: ADMINI~1 for Administrator. It opens the same file, and what a caller
// writes that way is what he gets to see again: the sensors, too, report paths
// in the caller's form.

// shorten returns the parts of which a short name is made: up to six characters
// before the number and three behind the dot. It reports false for a name that
// is short already.
func shorten(name string) (base, ext string, long bool) {
	legal := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return -1
		case strings.ContainsRune("+,;=[]", r):
			return '_'
		}
		return r
	}, strings.ToUpper(strings.TrimLeft(name, ".")))
	base = legal
	if dot := strings.LastIndexByte(legal, '.'); dot > 0 {
		base, ext = legal[:dot], legal[dot+1:]
	}
	base = strings.ReplaceAll(base, ".", "")
	whole := base
	if ext != "" {
		whole += "." + ext
	}
	long = !strings.EqualFold(whole, name) || len([]rune(base)) > 8 || len([]rune(ext)) > 3
	return prefix(base, 6), prefix(ext, 3), long
}

func prefix(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

// nameShort gives a new child of e its short name. After four that begin alike
// NTFS goes on with two characters and a checksum; which one is not documented.
func (e *entry) nameShort(child *entry) {
	base, ext, long := shorten(child.name)
	if !long {
		return
	}
	if ext != "" {
		ext = "." + ext
	}
	for n := 1; ; n++ {
		child.short = fmt.Sprintf("%s~%d%s", base, n, ext)
		if n > 4 {
			child.short = fmt.Sprintf("%s%04X~%d%s", prefix(base, 2), uint16(crc32.ChecksumIEEE([]byte(child.name))), n-4, ext) //nolint:gosec // the lower half
		}
		if e.children[Fold(child.short)] == nil && e.shorts[Fold(child.short)] == nil {
			break
		}
	}
	if e.shorts == nil {
		e.shorts = map[string]*entry{}
	}
	e.shorts[Fold(child.short)] = child
}

// child finds what a directory holds under a name, long or short.
func (e *entry) child(name string) (child *entry, byShort bool) {
	if child, ok := e.children[Fold(name)]; ok {
		return child, false
	}
	child = e.shorts[Fold(name)]
	return child, child != nil
}

// attach enters a child under its names.
func (e *entry) attach(child *entry) {
	child.parent = e
	e.children[Fold(child.name)] = child
	e.nameShort(child)
}

// detach takes an entry out of its directory.
func (e *entry) detach() {
	delete(e.parent.children, Fold(e.name))
	delete(e.parent.shorts, Fold(e.short))
	e.short = ""
}

// LongPath returns the path of an existing file with long names only, and
// another path as it is.
func (fs *FileSystem) LongPath(path string) string {
	return fs.respell(path, func(e *entry) string { return e.name })
}

// ShortPath returns the path of an existing file with short names, where there
// are any, and another path as it is.
func (fs *FileSystem) ShortPath(path string) string {
	return fs.respell(path, func(e *entry) string {
		if e.short != "" {
			return e.short
		}
		return e.name
	})
}

func (fs *FileSystem) respell(path string, name func(*entry) string) string {
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	e, _, err := fs.find(path)
	if err != nil {
		return path
	}
	return e.spell(name)
}
