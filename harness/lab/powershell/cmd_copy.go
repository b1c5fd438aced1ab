package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func copyItem(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	dest := c.text("Destination")
	if dest == "" {
		dest = c.location
	}
	to, err := c.resolvePath(dest)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.provider != fileSystem || to.provider != fileSystem {
			c.unsupported("parameter", "Copy-Item "+p.drivePath(), "only files can be copied")
			return noPath(p.drivePath())
		}
		if ok, err := c.should("Copy File", "Item: "+p.path+" Destination: "+to.path); !ok || err != nil {
			return err
		}
		if err := c.copyTree(p.path, to.path); err != nil {
			return err
		}
	}
	return nil
}

// maxDirectory is the length that the path of a folder may have in .NET Framework, which ends the copy of a folder into
// itself.
const maxDirectory = 248

func (c *call) copyTree(from, to string) error {
	if err := c.work(1); err != nil {
		return err
	}
	if f, err := c.k.Stat(c.p, withRoot(to)); err == nil && f.IsDirectory() {
		to = host.Join(to, host.Base(from))
	}
	source, err := c.k.Stat(c.p, from)
	if err != nil {
		return c.failPath(err, from, "CopyItem")
	}
	if !source.IsDirectory() {
		return c.copyOne(source, to)
	}
	if len(to) >= maxDirectory {
		return c.failPath(exception("System.IO.PathTooLongException", "The specified path, file name, or both are too long. The fully qualified file name must be less than "+
			"260 characters, and the directory name must be less than 248 characters."), from, "CopyDirectoryInfoItem")
	}
	if _, err := c.makeDirectories(to); err != nil {
		return c.failPath(err, to, "CopyDirectoryInfoItem")
	}
	if !c.flag("Recurse") {
		return nil
	}
	files, err := c.k.ReadDirectory(c.p, from)
	if err != nil {
		return c.failPath(err, from, "CopyItem")
	}
	for _, f := range files {
		if err := c.copyTree(f.Path, host.Join(to, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) copyOne(source host.File, to string) error {
	if strings.EqualFold(source.Path, to) {
		return c.fail(newError("System.IO.IOException", "CopyError", "WriteError", "Cannot overwrite the item %s with itself.", to).on(to))
	}
	if f, err := c.k.Stat(c.p, to); err == nil && c.flag("Force") && f.Attributes&host.ReadOnly != 0 {
		if err := c.k.SetAttributes(c.p, to, f.Attributes&^host.ReadOnly); err != nil {
			return c.failPath(err, to, "CopyFileInfoItem")
		}
	}
	if err := c.k.CopyFile(c.p, source.Path, to, true); err != nil {
		e := win32(err, to)
		if e.Type == "System.IO.DirectoryNotFoundException" {
			e.Message = "Could not find a part of the path '" + to + "'."
		}
		category, id := categoryOf(e, "CopyFileInfoItem")
		return c.fail((&ErrorRecord{Exception: e, Category: category, ID: id}).on(source.Path))
	}
	if c.flag("PassThru") {
		return c.outItem(place{fileSystem, to})
	}
	return nil
}

func moveItem(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	to, err := c.resolvePath(c.text("Destination"))
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.provider != fileSystem {
			c.unsupported("parameter", "Move-Item "+p.drivePath(), "only files can be moved")
			return noPath(p.drivePath())
		}
		target := to.path
		existing, err := c.k.Stat(c.p, withRoot(target))
		if err == nil && existing.IsDirectory() {
			target = host.Join(target, host.Base(p.path))
			existing, err = c.k.Stat(c.p, target)
		}
		if err == nil && c.flag("Force") && !existing.IsDirectory() {
			if err := c.k.DeleteFile(c.p, target); err != nil {
				return c.failPath(err, target, "MoveFileInfoItem")
			}
		} else if err == nil {
			return c.fail(newError("System.IO.IOException", "MoveFileInfoItemIOError", "WriteError", "Cannot create a file when that file already exists.").on(p.path))
		}
		if err := c.k.RenameFile(c.p, p.path, target); err != nil {
			return c.failPath(err, target, "MoveFileInfoItem")
		}
		if c.flag("PassThru") {
			if err := c.outItem(place{fileSystem, target}); err != nil {
				return err
			}
		}
	}
	return nil
}

func renameItem(c *call) error {
	p, err := c.resolvePath(c.text("Path") + c.text("LiteralPath"))
	if err != nil {
		return err
	}
	if !c.exists(p) {
		return c.fail(newError("System.InvalidOperationException", "InvalidOperation", invalidOperation, "Cannot rename because item at '%s' does not exist.", p.path))
	}
	name := c.text("NewName")
	to := host.Join(host.Parent(p.path), name)
	if strings.ContainsAny(name, `\:`) {
		if q, err := c.resolvePath(name); err == nil {
			to = q.path
		}
	}
	if p.provider != fileSystem {
		c.unsupported("parameter", "Rename-Item "+p.drivePath(), "only files can be renamed")
		return noPath(p.drivePath())
	}
	if err := c.k.RenameFile(c.p, p.path, to); err != nil {
		return c.failPath(err, to, "RenameItem")
	}
	if c.flag("PassThru") {
		return c.outItem(place{fileSystem, to})
	}
	return nil
}

func setItem(c *call) error {
	places, err := c.targets(false)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.provider == registry {
			if err := c.k.SetValue(c.p, p.path, host.Value{Type: host.String, Text: c.text("Value")}); err != nil {
				return c.keyFailed(err, p.path)
			}
			continue
		}
		if err := c.setContent(p.drivePath(), asList(c.value("Value")), "", false); err != nil {
			return err
		}
	}
	return nil
}

func invokeItem(c *call) error {
	places, err := c.targets(true)
	if err != nil {
		return err
	}
	for _, p := range places {
		spec := nativeSpec(c.interp, p.path, "")
		spec.Begin = c.turn()
		child, err := c.k.Start(c.detached(), c.p, spec, kernel.Stdio{})
		if err != nil {
			return startError(err)
		}
		c.started = append(c.started, child)
	}
	return nil
}
