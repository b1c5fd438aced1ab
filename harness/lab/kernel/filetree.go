package kernel

import (
	"errors"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// MakeDirectory creates one directory. When it exists already the code is
// AlreadyExists.
func (k *Kernel) MakeDirectory(p *Process, path string) error {
	if err := k.alive(p, "mkdir", path); err != nil {
		return err
	}
	full, err := k.Path(p, path)
	if err != nil {
		return err
	}
	if _, err := k.host.FS.Stat(full); err == nil {
		return fail("mkdir", full, AlreadyExists)
	}
	if err := k.mayCreateIn(p, "mkdir", full); err != nil {
		return err
	}
	k.work(30*time.Microsecond, 300*time.Microsecond)
	now := k.host.Clock.Now()
	return translate("mkdir", full, k.host.FS.Create(host.File{
		Path: full, Created: now, Modified: now, Accessed: now, Attributes: host.Directory, Owner: p.Token.Owner(),
	}))
}

func (k *Kernel) mayCreateIn(p *Process, op, path string) error {
	parent, err := k.host.FS.Stat(host.Parent(path))
	if err != nil || !parent.IsDirectory() {
		return fail(op, path, PathNotFound)
	}
	if !parent.Access.Allows(p.Token, host.RightWrite) {
		return fail(op, path, AccessDenied)
	}
	return nil
}

// RemoveDirectory deletes an empty directory.
func (k *Kernel) RemoveDirectory(p *Process, path string) error {
	full, err := k.allowed(p, "rmdir", path, host.RightDelete)
	if err != nil {
		return err
	}
	if f, err := k.host.FS.Stat(full); err == nil && !f.IsDirectory() {
		return fail("rmdir", full, DirectoryName)
	}
	k.work(30*time.Microsecond, 300*time.Microsecond)
	return translate("rmdir", full, k.host.FS.Remove(full))
}

// DeleteFile deletes a file.
func (k *Kernel) DeleteFile(p *Process, path string) error {
	full, err := k.allowed(p, "delete", path, host.RightDelete)
	if err != nil {
		return err
	}
	f, err := k.host.FS.Stat(full)
	if err != nil {
		return translate("delete", full, err)
	}
	if f.IsDirectory() || f.Attributes&host.ReadOnly != 0 || k.mapped(full) {
		return fail("delete", full, AccessDenied)
	}
	k.work(50*time.Microsecond, 500*time.Microsecond)
	if err := k.host.FS.Remove(full); err != nil {
		return translate("delete", full, err)
	}
	k.Publish(FileDeleted{By: k.By(p), File: f})
	return nil
}

// RenameFile gives a file or directory a new path, which must be free.
func (k *Kernel) RenameFile(p *Process, from, to string) error {
	return k.rename(p, from, to, k.host.FS.Rename)
}

// ReplaceFile gives a file a new path, in the place of the file that is there, as
// MoveFileEx does with MOVEFILE_REPLACE_EXISTING. What was there ends with the
// rename: no deletion is seen.
func (k *Kernel) ReplaceFile(p *Process, from, to string) error {
	if there, err := k.Stat(p, to); err == nil {
		locked := there.IsDirectory() || there.Attributes&host.ReadOnly != 0 || k.mapped(there.Path)
		if locked || !there.Access.Allows(p.Token, host.RightDelete) {
			return fail("rename", there.Path, AccessDenied)
		}
	}
	return k.rename(p, from, to, k.host.FS.Replace)
}

func (k *Kernel) rename(p *Process, from, to string, move func(from, to string) error) error {
	source, err := k.allowed(p, "rename", from, host.RightDelete)
	if err != nil {
		return err
	}
	target, err := k.Path(p, to)
	if err != nil {
		return err
	}
	if err := k.mayCreateIn(p, "rename", target); err != nil {
		return err
	}
	k.work(50*time.Microsecond, 500*time.Microsecond)
	if err := move(source, target); err != nil {
		return translate("rename", target, err)
	}
	f, err := k.host.FS.Stat(target)
	if err != nil {
		return translate("rename", target, err)
	}
	k.Publish(FileRenamed{By: k.By(p), File: f, From: source})
	return nil
}

// CopyFile copies content, version resource and modification time as CopyFile of
// Win32 does. Without overwrite an existing target gives FileExists.
func (k *Kernel) CopyFile(p *Process, from, to string, overwrite bool) error {
	source, err := k.allowed(p, "copy", from, host.RightRead)
	if err != nil {
		return err
	}
	f, err := k.host.FS.Stat(source)
	if err != nil {
		return translate("copy", source, err)
	}
	if f.IsDirectory() {
		return fail("copy", source, AccessDenied)
	}
	d := CreateNew
	if overwrite {
		d = CreateAlways
	}
	k.Publish(FileRead{By: k.By(p), File: f})
	out, err := k.Create(p, to, d)
	if err != nil {
		return err
	}
	if _, err := out.Write(f.Content); err != nil {
		return err
	}
	err = k.host.FS.Change(out.path, func(c *host.File) {
		c.Version, c.Synthetic, c.Modified = f.Version, f.Synthetic, f.Modified
	})
	return errors.Join(translate("copy", out.path, err), out.Close())
}

// SetTimes sets the times of a file; zero times stay.
func (k *Kernel) SetTimes(p *Process, path string, created, modified, accessed time.Time) error {
	full, err := k.allowed(p, "set times", path, host.RightWrite)
	if err != nil {
		return err
	}
	var previous time.Time
	err = k.host.FS.Change(full, func(f *host.File) {
		previous = f.Created
		f.Created, f.Modified, f.Accessed = or(created, f.Created), or(modified, f.Modified), or(accessed, f.Accessed)
	})
	if err != nil {
		return translate("set times", full, err)
	}
	if f, err := k.host.FS.Stat(full); err == nil && !created.IsZero() && !created.Equal(previous) {
		k.Publish(FileTimeChanged{By: k.By(p), File: f, Previous: previous})
	}
	return nil
}

func or(t, fallback time.Time) time.Time {
	if t.IsZero() {
		return fallback
	}
	return t.UTC()
}

// SetAttributes replaces the attributes of a file; Directory stays as it is.
func (k *Kernel) SetAttributes(p *Process, path string, a host.Attributes) error {
	full, err := k.allowed(p, "set attributes", path, host.RightWrite)
	if err != nil {
		return err
	}
	return translate("set attributes", full, k.host.FS.Change(full, func(f *host.File) {
		f.Attributes = f.Attributes&host.Directory | a&^host.Directory
	}))
}

// SetAccess replaces the access control list of a file or directory, nil to
// inherit, and its owner unless that is "".
func (k *Kernel) SetAccess(p *Process, path string, acl host.ACL, owner string) error {
	full, err := k.Path(p, path)
	if err != nil {
		return err
	}
	f, err := k.host.FS.Stat(full)
	if err != nil {
		return translate("set access", full, err)
	}
	takes := owner != "" && p.Token.Elevated
	if !takes && !p.Token.Is(f.Owner) && !f.Access.Allows(p.Token, host.RightControl) {
		return fail("set access", full, AccessDenied)
	}
	return translate("set access", full, k.host.FS.Change(full, func(f *host.File) {
		f.Access = acl
		if owner != "" {
			f.Owner = owner
		}
	}))
}

// PlaceImage writes an executable with a version resource, as installers and
// servicing do: also in the place of one that is in use. Its content stands for
// that of the real file.
func (k *Kernel) PlaceImage(p *Process, path string, v host.Version) error {
	image := host.Image(path, v)
	f, err := k.open(p, path, CreateAlways, true)
	if err != nil {
		return err
	}
	if _, err := f.Write(image.Content); err != nil {
		return err
	}
	err = k.host.FS.Change(f.path, func(f *host.File) { f.Version, f.Synthetic = &v, true })
	return errors.Join(translate("write", f.path, err), f.Close())
}
