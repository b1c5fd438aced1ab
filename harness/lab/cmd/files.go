package cmd

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func typeCommand(sh *shell, c call) int {
	options, names := c.switches()
	sh.only("type", options)
	if len(names) == 0 {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	code := sh.done()
	var paths []string
	for _, name := range names {
		found, err := sh.expandNames(unquote(name))
		if err != nil {
			code = sh.failure(c.std, err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		data, err := sh.read(path)
		if err != nil {
			code = sh.failure(c.std, err)
			continue
		}
		if len(paths) > 1 {
			sh.fail(streams{err: c.std.err}, "\r\n"+path+"\r\n\r\n")
			sh.level = 0
		}
		sh.write(c.std, string(data))
	}
	return code
}

// isNull reports whether a name is that of the null device.
func isNull(name string) bool {
	return strings.EqualFold(strings.TrimSuffix(host.Base(name), ":"), "nul")
}

// read is the content of a file; the null device is empty.
func (sh *shell) read(path string) ([]byte, error) {
	if isNull(path) {
		return nil, nil
	}
	return sh.k.ReadFile(sh.p, path)
}

// expandNames gives the files that a name stands for; without a wildcard that
// is the name itself.
func (sh *shell) expandNames(name string) ([]string, error) {
	if !hasWildcard(name) {
		return []string{name}, nil
	}
	var list []string
	prefix := name[:strings.LastIndexAny(name, `\/:`)+1]
	for _, f := range sh.glob(name) {
		if !f.IsDirectory() {
			list = append(list, prefix+f.Name())
		}
	}
	if len(list) == 0 {
		return nil, &kernel.Error{Code: kernel.FileNotFound, Op: "open", Path: name}
	}
	return list, nil
}

func delCommand(sh *shell, c call) int {
	options, names := c.switches()
	sh.only("del", options, "f", "q", "s")
	if len(names) == 0 {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	code := sh.done()
	for _, name := range names {
		if result := sh.del(c, unquote(name), options); result != 0 {
			code = result
		}
	}
	return code
}

func (sh *shell) del(c call, name string, options []string) int {
	if f, err := sh.k.Stat(sh.p, name); err == nil && f.IsDirectory() {
		name = host.Join(f.Path, "*")
		if !has(options, "q") && !sh.confirm(c, name+", Are you sure (Y/N)? ") {
			return 0
		}
	}
	full, err := sh.k.Path(sh.p, strings.NewReplacer("*", "", "?", "").Replace(name))
	if err != nil {
		return sh.failure(c.std, err)
	}
	folder, pattern := splitPattern(name)
	targets := sh.targets(folder, pattern, has(options, "s"))
	if len(targets) == 0 {
		if hasWildcard(name) {
			full = host.Join(host.Parent(full), pattern)
		}
		sh.fail(c.std, "Could Not Find "+full)
		return sh.done()
	}
	code := 0
	for _, f := range targets {
		if f.Attributes&host.ReadOnly != 0 && has(options, "f") {
			_ = sh.k.SetAttributes(sh.p, f.Path, f.Attributes&^host.ReadOnly) // the deletion reports why it failed
		}
		if err := sh.k.DeleteFile(sh.p, f.Path); err != nil {
			code = sh.fail(c.std, f.Path+"\r\n"+describe(err))
			continue
		}
		if has(options, "s") {
			sh.write(c.std, "Deleted file - "+f.Path+"\r\n")
		}
	}
	return code
}

// targets are the files of a folder that match, with deep those below it too.
func (sh *shell) targets(folder, pattern string, deep bool) []host.File {
	files, err := sh.k.ReadDirectory(sh.p, folder)
	if err != nil {
		return nil
	}
	var found []host.File
	for _, f := range files {
		switch {
		case f.IsDirectory() && deep:
			found = append(found, sh.targets(f.Path, pattern, true)...)
		case !f.IsDirectory() && matches(pattern, f.Name()) && f.Attributes&(host.Hidden|host.SystemBit) == 0:
			found = append(found, f)
		}
	}
	return found
}

func copyCommand(sh *shell, c call) int {
	options, names := c.switches()
	sh.only("copy", options, "y", "-y", "b", "v", "z")
	var sources []string
	target := "."
	switch {
	case len(names) == 0:
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	case len(names) > 1 && !strings.HasSuffix(names[len(names)-2], "+"):
		target = unquote(names[len(names)-1])
		names = names[:len(names)-1]
	}
	for part := range strings.SplitSeq(strings.Join(names, ""), "+") {
		sources = append(sources, unquote(part))
	}
	if len(sources) > 1 {
		return sh.concatenate(c, sources, target)
	}
	return sh.copyFiles(c, sources[0], target, has(options, "y") || sh.batch != nil)
}

func (sh *shell) copyFiles(c call, source, target string, overwrite bool) int {
	if f, err := sh.k.Stat(sh.p, source); err == nil && f.IsDirectory() {
		source = host.Join(source, "*")
	}
	paths, err := sh.expandNames(source)
	if err != nil {
		return sh.fail(c.std, source+"\r\n"+describe(err))
	}
	copied := 0
	failed := false
	for _, path := range paths {
		if len(paths) > 1 || hasWildcard(source) {
			sh.write(c.std, path+"\r\n")
		}
		switch done, err := sh.copyOne(c, path, sh.into(target, path), overwrite); {
		case err != nil:
			failed = true
			sh.failure(c.std, err)
		case done:
			copied++
		}
	}
	sh.write(c.std, "        "+itoa(copied)+" file(s) copied.\r\n")
	if failed || copied == 0 {
		sh.level = 1
		return 1
	}
	return sh.done()
}

// into is the path that a source gets below a target: its own name when the
// target is a folder, and the target's name with * and ? filled in.
func (sh *shell) into(target, source string) string {
	if f, err := sh.k.Stat(sh.p, target); err == nil && f.IsDirectory() {
		return host.Join(f.Path, host.Base(source))
	}
	folder, name := splitPattern(target)
	if !hasWildcard(name) {
		return target
	}
	return host.Join(folder, fill(name, host.Base(source)))
}

// fill applies a target pattern such as *.bak to a name.
func fill(pattern, name string) string {
	stem, extension, _ := strings.Cut(name, ".")
	wantStem, wantExtension, _ := strings.Cut(pattern, ".")
	out := fillPart(wantStem, stem)
	if e := fillPart(wantExtension, extension); e != "" {
		out += "." + e
	}
	return out
}

func fillPart(pattern, text string) string {
	var b strings.Builder
	for i := range len(pattern) {
		switch pattern[i] {
		case '*':
			b.WriteString(text[min(i, len(text)):])
			return b.String()
		case '?':
			if i < len(text) {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(pattern[i])
		}
	}
	return b.String()
}

func (sh *shell) copyOne(c call, source, target string, overwrite bool) (bool, error) {
	if isNull(target) {
		_, err := sh.read(source)
		return err == nil, err
	}
	if isNull(source) {
		return true, sh.k.WriteFile(sh.p, target, nil, kernel.CreateAlways)
	}
	if strings.EqualFold(target, "con") {
		data, err := sh.k.ReadFile(sh.p, source)
		sh.write(c.std, string(data))
		return err == nil, err
	}
	from, err := sh.k.Path(sh.p, source)
	if err != nil {
		return false, err
	}
	to, err := sh.k.Path(sh.p, target)
	if err != nil {
		return false, err
	}
	if strings.EqualFold(from, to) {
		return false, message("The file cannot be copied onto itself.")
	}
	if _, err := sh.k.Stat(sh.p, to); err == nil && !overwrite && !sh.confirm(c, "Overwrite "+target+"? (Yes/No/All): ") {
		return false, nil
	}
	return true, sh.k.CopyFile(sh.p, from, to, true)
}

// concatenate is COPY a+b c; without a target the first file grows.
func (sh *shell) concatenate(c call, sources []string, target string) int {
	var data []byte
	for _, source := range sources {
		content, err := sh.read(source)
		if err != nil {
			return sh.fail(c.std, source+"\r\n"+describe(err))
		}
		sh.write(c.std, source+"\r\n")
		data = append(data, content...)
	}
	if target == "." {
		target = sources[0]
	}
	if err := sh.k.WriteFile(sh.p, sh.into(target, sources[0]), data, kernel.CreateAlways); err != nil {
		return sh.failure(c.std, err)
	}
	sh.write(c.std, "        1 file(s) copied.\r\n")
	return sh.done()
}
