package native

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// sortLines is sort.exe.
func sortLines(r *run) int {
	names, switches := words(r.args)
	content := ""
	if target, ok := r.after("o"); ok {
		names = slices.DeleteFunc(names, func(n string) bool { return n == target })
	}
	if len(names) == 0 {
		content = r.input()
	} else {
		data, err := r.k.ReadFile(r.p, names[0])
		if err != nil {
			r.complain("%s%s\n", names[0], message(err))
			return 1
		}
		content = text(data)
	}
	all := lines(content)
	slices.SortStableFunc(all, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	if contains(switches, "/r") || contains(switches, "/reverse") {
		slices.Reverse(all)
	}
	joined := ""
	if len(all) > 0 {
		joined = strings.Join(all, "\r\n") + "\r\n"
	}
	if target, ok := r.after("o"); ok {
		if err := r.k.WriteFile(r.p, target, []byte(joined), kernel.CreateAlways); err != nil {
			r.complain("%s\n", message(err))
			return 1
		}
		return 0
	}
	r.print("%s", joined)
	return 0
}

// attrib shows or changes file attributes.
func attrib(r *run) int {
	var set, clear host.Attributes
	bits := map[byte]host.Attributes{'r': host.ReadOnly, 'h': host.Hidden, 's': host.SystemBit, 'a': host.Archive}
	var names []string
	for _, arg := range r.args {
		switch {
		case len(arg) == 2 && arg[0] == '+':
			set |= bits[arg[1]|0x20]
		case len(arg) == 2 && arg[0] == '-':
			clear |= bits[arg[1]|0x20]
		case arg[0] != '/':
			names = append(names, arg)
		case strings.EqualFold(arg, "/s"):
			r.unsupported("attrib /s")
		}
	}
	if len(names) == 0 {
		names = []string{"*"}
	}
	for _, name := range names {
		files := r.glob(name)
		if len(files) == 0 {
			r.print("File not found - %s\n", name)
			return 0
		}
		for _, f := range files {
			if set|clear == 0 {
				r.print("%s\n", attributeRow(f))
			} else if err := r.k.SetAttributes(r.p, f.Path, f.Attributes&^clear|set); err != nil {
				r.print("%s - %s\n", strings.TrimSuffix(message(err), "."), f.Path)
				return 1
			}
		}
	}
	return 0
}

func attributeRow(f host.File) string {
	row := []byte("                    ")
	for i, bit := range map[int]struct {
		value  host.Attributes
		letter byte
	}{0: {host.Archive, 'A'}, 3: {host.SystemBit, 'S'}, 4: {host.Hidden, 'H'}, 5: {host.ReadOnly, 'R'}} {
		if f.Attributes&bit.value != 0 {
			row[i] = bit.letter
		}
	}
	return string(row) + " " + f.Path
}

// copied counts what a copying tool did.
type copied struct{ files, folders, failed int }

// copyTree copies a folder with what the options allow.
func (r *run) copyTree(from, to, pattern string, deep, empty bool, each func(source, target string) error) (copied, error) {
	var done copied
	files, err := r.k.ReadDirectory(r.p, from)
	if err != nil {
		return done, err
	}
	made := false
	mkdir := func() error {
		if made {
			return nil
		}
		made = true
		return r.makeAll(to)
	}
	if empty {
		if err := mkdir(); err != nil {
			return done, err
		}
	}
	for _, f := range files {
		switch {
		case f.IsDirectory() && deep:
			inner, err := r.copyTree(f.Path, host.Join(to, f.Name()), pattern, deep, empty, each)
			if err != nil {
				return done, err
			}
			done.files, done.folders, done.failed = done.files+inner.files, done.folders+inner.folders+1, done.failed+inner.failed
		case !f.IsDirectory() && like(strings.ToLower(pattern), strings.ToLower(f.Name())):
			if err := mkdir(); err != nil {
				return done, err
			}
			if each(f.Path, host.Join(to, f.Name())) != nil {
				done.failed++
			} else {
				done.files++
			}
		}
	}
	return done, nil
}

// makeAll creates a folder and those above it that are missing.
func (r *run) makeAll(path string) error {
	full, err := r.k.Path(r.p, path)
	if err != nil {
		return err
	}
	if _, err := r.k.Stat(r.p, full); err == nil {
		return nil
	}
	if err := r.makeAll(host.Parent(full)); err != nil {
		return err
	}
	return r.k.MakeDirectory(r.p, full)
}

func xcopy(r *run) int {
	names, switches := words(r.args)
	r.only("s", "e", "i", "y", "q", "h", "r", "k", "c", "f", "-y")
	if len(names) == 0 || len(names) > 2 {
		r.complain("Invalid number of parameters\n")
		return 4
	}
	source, target := names[0], "."
	if len(names) == 2 {
		target = names[1]
	}
	folder, pattern := source, "*"
	if f, err := r.k.Stat(r.p, source); err != nil || !f.IsDirectory() {
		cut := strings.LastIndexAny(source, `\/`)
		folder, pattern = source[:cut+1]+".", source[cut+1:]
	}
	if len(r.glob(source)) == 0 {
		r.print("File not found - %s\n0 File(s) copied\n", pattern)
		return 4
	}
	if f, err := r.k.Stat(r.p, target); err != nil && !contains(switches, "/i") && !strings.HasSuffix(target, `\`) {
		r.print("Does %s specify a file name\nor directory name on the target\n", target)
		if !strings.HasPrefix(r.answer(), "d") {
			return r.xcopyFile(source, target)
		}
	} else if err == nil && !f.IsDirectory() {
		return r.xcopyFile(source, target)
	}
	deep := contains(switches, "/s") || contains(switches, "/e")
	done, err := r.copyTree(folder, target, pattern, deep, contains(switches, "/e"), func(from, to string) error {
		r.print("%s\n", from)
		return r.k.CopyFile(r.p, from, to, true)
	})
	if err != nil || done.failed > 0 {
		r.complain("%s\n", kernel.AccessDenied.Message())
	}
	r.print("%d File(s) copied\n", done.files)
	if err != nil || done.failed > 0 {
		return 4
	}
	return 0
}

func (r *run) xcopyFile(source, target string) int {
	if err := r.k.CopyFile(r.p, source, target, true); err != nil {
		r.complain("%s\n0 File(s) copied\n", message(err))
		return 4
	}
	r.print("%s\n1 File(s) copied\n", source)
	return 0
}

// robocopy copies folders. The exit code is 1 when something was copied, 8 when
// a copy failed, 16 for a fatal error.
func robocopy(r *run) int {
	names, switches := words(r.args)
	if len(names) < 2 {
		r.print("ERROR : Invalid Parameter\n")
		return 16
	}
	pattern := "*.*"
	if len(names) > 2 {
		pattern = names[2]
		if len(names) > 3 {
			r.unsupported("several file patterns")
		}
	}
	for _, s := range switches {
		if !slices.Contains([]string{"/s", "/e", "/njh", "/njs", "/ndl", "/nfl", "/np", "/is", "/it", "/y"}, s) && !strings.HasPrefix(s, "/r:") && !strings.HasPrefix(s, "/w:") {
			r.unsupported("robocopy " + s)
		}
	}
	r.print("\n%s\n   ROBOCOPY     ::     Robust File Copy for Windows                              \n%s\n\n", strings.Repeat("-", 79), strings.Repeat("-", 79))
	deep := contains(switches, "/s") || contains(switches, "/e") || contains(switches, "/mir")
	skipped := 0
	done, err := r.copyTree(names[0], names[1], pattern, deep, contains(switches, "/e"), func(from, to string) error {
		if r.same(from, to) && !contains(switches, "/is") {
			skipped++
			return nil
		}
		r.print("\t    New File  \t\t%s\n", from)
		return r.k.CopyFile(r.p, from, to, true)
	})
	if err != nil {
		r.print("ERROR %d (0x%08X) Accessing Source Directory %s\n%s\n", code(err), code(err), names[0], message(err))
		return 16
	}
	done.files -= skipped
	r.print("\n%s\n\n               Total    Copied   Skipped  Mismatch    FAILED    Extras\n   Files : %9d %9d %9d         0 %9d         0\n", strings.Repeat("-", 78), done.files+skipped+done.failed, done.files, skipped, done.failed)
	switch {
	case done.failed > 0:
		return 8
	case done.files > 0:
		return 1
	}
	return 0
}

// same reports whether two files look alike to robocopy: size and time.
func (r *run) same(from, to string) bool {
	a, errA := r.k.Stat(r.p, from)
	b, errB := r.k.Stat(r.p, to)
	return errA == nil && errB == nil && a.Size() == b.Size() && a.Modified.Equal(b.Modified)
}
