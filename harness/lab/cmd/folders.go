package cmd

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func cdCommand(sh *shell, c call) int {
	target := c.trimmed()
	if len(target) >= 2 && strings.EqualFold(target[:2], "/d") {
		target = strings.TrimSpace(target[2:])
	}
	if target == "" || len(target) == 2 && target[1] == ':' {
		sh.write(c.std, sh.p.Dir+"\r\n")
		return sh.done()
	}
	return sh.change(c, unquote(target))
}

func (sh *shell) change(c call, target string) int {
	f, err := sh.k.Stat(sh.p, target)
	switch {
	case kernel.IsNotFound(err):
		return sh.fail(c.std, "The system cannot find the path specified.")
	case err != nil:
		return sh.failure(c.std, err)
	case !f.IsDirectory():
		return sh.fail(c.std, "The directory name is invalid.")
	}
	if _, err := sh.k.ReadDirectory(sh.p, f.Path); err != nil {
		return sh.failure(c.std, err)
	}
	sh.p.Dir = f.Path
	return sh.done()
}

// drive is the command "C:".
func (sh *shell) drive(name string, std streams) int {
	if !strings.EqualFold(name, "c:") {
		return sh.fail(std, "The system cannot find the drive specified.")
	}
	return sh.done()
}

func pushdCommand(sh *shell, c call) int {
	target := unquote(c.trimmed())
	if target == "" {
		for _, folder := range slices.Backward(sh.folders) {
			sh.write(c.std, folder+"\r\n")
		}
		return sh.done()
	}
	from := sh.p.Dir
	if code := sh.change(c, target); code != 0 {
		return code
	}
	sh.folders = append(sh.folders, from)
	return sh.done()
}

func popdCommand(sh *shell, _ call) int {
	n := len(sh.folders)
	if n == 0 {
		return 1
	}
	sh.p.Dir, sh.folders = sh.folders[n-1], sh.folders[:n-1]
	return sh.done()
}

func mkdirCommand(sh *shell, c call) int {
	_, names := c.switches()
	if len(names) == 0 {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	code := sh.done()
	for _, name := range names {
		name = unquote(name)
		err := sh.makeAll(name)
		switch number, _ := kernel.CodeOf(err); {
		case err == nil:
		case number == kernel.AlreadyExists:
			code = sh.fail(c.std, "A subdirectory or file "+name+" already exists.")
		default:
			code = sh.failure(c.std, err)
		}
	}
	return code
}

// makeAll creates a folder with those above it.
func (sh *shell) makeAll(name string) error {
	full, err := sh.k.Path(sh.p, name)
	if err != nil {
		return err
	}
	if parent := host.Parent(full); parent != full {
		if _, err := sh.k.Stat(sh.p, parent); kernel.IsNotFound(err) {
			if err := sh.makeAll(parent); err != nil {
				return err
			}
		}
	}
	return sh.k.MakeDirectory(sh.p, full)
}

func rmdirCommand(sh *shell, c call) int {
	options, names := c.switches()
	sh.only("rd", options, "s", "q")
	if len(names) == 0 {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	code := sh.done()
	for _, name := range names {
		name = unquote(name)
		if has(options, "s") && !has(options, "q") && !sh.confirm(c, name+", Are you sure (Y/N)? ") {
			continue
		}
		var err error
		if has(options, "s") {
			err = sh.removeTree(c, name)
		} else {
			err = sh.k.RemoveDirectory(sh.p, name)
		}
		if err != nil {
			number, _ := kernel.CodeOf(err)
			sh.failure(c.std, err)
			code, sh.level = int(number), int(number)
		}
	}
	return code
}

// removeTree deletes a folder with what it holds; it goes on after a failure
// and returns the last one.
func (sh *shell) removeTree(c call, name string) error {
	files, err := sh.k.ReadDirectory(sh.p, name)
	if err != nil {
		return err
	}
	for _, f := range files {
		var failed error
		if f.IsDirectory() {
			failed = sh.removeTree(c, f.Path)
		} else {
			failed = sh.k.DeleteFile(sh.p, f.Path)
		}
		if failed != nil {
			sh.fail(c.std, f.Path+" - "+describe(failed))
		}
	}
	return sh.k.RemoveDirectory(sh.p, name)
}

// confirm asks a question; an answer that does not begin with Y, or none, is no.
func (sh *shell) confirm(c call, question string) bool {
	sh.write(c.std, question)
	answer, _ := readLine(c.ctx, c.std.in) // no answer is no
	sh.write(c.std, "\r\n")
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y")
}
