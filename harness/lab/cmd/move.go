package cmd

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func moveCommand(sh *shell, c call) int {
	options, names := c.switches()
	sh.only("move", options, "y", "-y")
	if len(names) == 0 || len(names) > 2 {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	source, target := unquote(names[0]), "."
	if len(names) == 2 {
		target = unquote(names[1])
	}
	overwrite := has(options, "y") || sh.batch != nil
	if f, err := sh.k.Stat(sh.p, source); err == nil && f.IsDirectory() {
		if err := sh.k.RenameFile(sh.p, f.Path, sh.into(target, source)); err != nil {
			return sh.failure(c.std, err)
		}
		sh.write(c.std, "        1 dir(s) moved.\r\n")
		return sh.done()
	}
	paths, err := sh.expandNames(source)
	if err != nil {
		return sh.failure(c.std, err)
	}
	return sh.moveFiles(c, paths, target, overwrite)
}

func (sh *shell) moveFiles(c call, paths []string, target string, overwrite bool) int {
	moved := 0
	for _, path := range paths {
		to := sh.into(target, path)
		if len(paths) > 1 {
			sh.write(c.std, path+"\r\n")
		}
		if existing, err := sh.k.Stat(sh.p, to); err == nil && !existing.IsDirectory() {
			if !overwrite && !sh.confirm(c, "Overwrite "+existing.Path+"? (Yes/No/All): ") {
				continue
			}
		}
		if err := sh.k.ReplaceFile(sh.p, path, to); err != nil {
			sh.failure(c.std, err)
			sh.write(c.std, "        "+itoa(moved)+" file(s) moved.\r\n")
			return 1
		}
		moved++
	}
	sh.write(c.std, "        "+itoa(moved)+" file(s) moved.\r\n")
	return sh.done()
}

func renCommand(sh *shell, c call) int {
	_, names := c.switches()
	if len(names) != 2 || strings.ContainsAny(unquote(names[1]), `\/:`) {
		return sh.fail(c.std, "The syntax of the command is incorrect.")
	}
	source, target := unquote(names[0]), unquote(names[1])
	var found []host.File
	if hasWildcard(source) {
		found = sh.glob(source)
	} else if f, err := sh.k.Stat(sh.p, source); err == nil {
		found = append(found, f)
	}
	if len(found) == 0 {
		return sh.failure(c.std, &kernel.Error{Code: kernel.FileNotFound, Op: "rename", Path: source})
	}
	code := sh.done()
	for _, f := range found {
		name := target
		if hasWildcard(target) {
			name = fill(target, f.Name())
		}
		err := sh.k.RenameFile(sh.p, f.Path, host.Join(host.Parent(f.Path), name))
		if number, _ := kernel.CodeOf(err); number == kernel.AlreadyExists {
			code = sh.fail(c.std, "A duplicate file name exists, or the file\r\ncannot be found.")
		} else if err != nil {
			code = sh.failure(c.std, err)
		}
	}
	return code
}
