package kernel

import (
	"errors"
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Disposition says what to do with a file that exists or does not, as the
// argument of CreateFile.
type Disposition int

// The dispositions, with the numbers of fileapi.h.
const (
	CreateNew        Disposition = 1 // fail when it exists
	CreateAlways     Disposition = 2 // overwrite when it exists
	OpenExisting     Disposition = 3 // fail when it does not exist
	OpenAlways       Disposition = 4 // create when it does not exist
	TruncateExisting Disposition = 5 // overwrite; fail when it does not exist
)

// Stat describes a file or directory.
func (k *Kernel) Stat(p *Process, path string) (host.File, error) {
	full, err := k.Path(p, path)
	if err != nil {
		return host.File{}, err
	}
	f, err := k.host.FS.Stat(full)
	return f, translate("open", full, err)
}

// ReadDirectory describes what a directory holds, ordered by name.
func (k *Kernel) ReadDirectory(p *Process, path string) ([]host.File, error) {
	full, err := k.allowed(p, "list", path, host.RightRead)
	if err != nil {
		return nil, err
	}
	files, err := k.host.FS.List(full)
	return files, translate("list", full, err)
}

// ReadFile returns the content of a file.
func (k *Kernel) ReadFile(p *Process, path string) ([]byte, error) {
	full, err := k.allowed(p, "open", path, host.RightRead)
	if err != nil {
		return nil, err
	}
	f, err := k.host.FS.Stat(full)
	if err != nil {
		return nil, translate("open", full, err)
	}
	if f.IsDirectory() {
		return nil, fail("open", full, AccessDenied)
	}
	k.work(20*time.Microsecond, 300*time.Microsecond)
	k.Publish(FileRead{By: k.By(p), File: f})
	return slices.Clone(f.Content), nil
}

// WriteFile opens a file with a disposition and writes data as its content. With
// OpenExisting and OpenAlways the first bytes of an existing file are replaced.
func (k *Kernel) WriteFile(p *Process, path string, data []byte, d Disposition) error {
	f, err := k.Create(p, path, d)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Close()
}

// AppendFile adds data to the end of a file, which is created when missing.
func (k *Kernel) AppendFile(p *Process, path string, data []byte) error {
	f, err := k.Create(p, path, OpenAlways)
	if err != nil {
		return err
	}
	f.SeekEnd()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Close()
}

// A File is a file that a process has open for writing.
type File struct {
	k      *Kernel
	p      *Process
	path   string
	offset int
	dirty  bool
}

// Create opens a file for writing.
func (k *Kernel) Create(p *Process, path string, d Disposition) (*File, error) {
	return k.open(p, path, d, false)
}

func (k *Kernel) open(p *Process, path string, d Disposition, inUse bool) (*File, error) {
	if err := k.alive(p, "open", path); err != nil {
		return nil, err
	}
	full, err := k.Path(p, path)
	if err != nil {
		return nil, err
	}
	k.work(100*time.Microsecond, 900*time.Microsecond)
	f, err := k.host.FS.Stat(full)
	switch {
	case errors.Is(err, host.ErrNotExist):
		err = k.createNew(p, full, d)
	case err != nil:
		err = translate("open", full, err)
	default:
		full, err = f.Path, k.openExisting(p, f, d, inUse)
	}
	if err != nil {
		return nil, err
	}
	return &File{k: k, p: p, path: full}, nil
}

func (k *Kernel) createNew(p *Process, path string, d Disposition) error {
	if d == OpenExisting || d == TruncateExisting {
		return fail("open", path, FileNotFound)
	}
	if err := k.mayCreateIn(p, "open", path); err != nil {
		return err
	}
	now := k.host.Clock.Now()
	err := k.host.FS.Create(host.File{
		Path: path, Content: []byte{}, Created: now, Modified: now, Accessed: now, Attributes: host.Archive, Owner: p.Token.Owner(),
	})
	if err != nil {
		return translate("open", path, err)
	}
	k.publishCreated(p, path, true)
	return nil
}

func (k *Kernel) openExisting(p *Process, f host.File, d Disposition, inUse bool) error {
	switch {
	case d == CreateNew:
		return fail("open", f.Path, FileExists)
	case f.IsDirectory() || f.Attributes&host.ReadOnly != 0 || !f.Access.Allows(p.Token, host.RightWrite):
		return fail("open", f.Path, AccessDenied)
	case !inUse && k.mapped(f.Path):
		return fail("open", f.Path, SharingViolation)
	case d == OpenExisting || d == OpenAlways:
		return nil
	}
	now := k.host.Clock.Now()
	err := k.host.FS.Change(f.Path, func(f *host.File) {
		f.Content, f.Modified, f.Version, f.Synthetic = []byte{}, now, nil, false
	})
	if err != nil {
		return translate("open", f.Path, err)
	}
	k.publishCreated(p, f.Path, false)
	return nil
}

func (k *Kernel) publishCreated(p *Process, path string, isNew bool) {
	if f, err := k.host.FS.Stat(path); err == nil {
		k.Publish(FileCreated{By: k.By(p), File: f, New: isNew})
	}
}

// Path is the file's full path.
func (f *File) Path() string { return f.path }

// SeekEnd makes the next Write append.
func (f *File) SeekEnd() {
	if s, err := f.k.host.FS.Stat(f.path); err == nil {
		f.offset = len(s.Content)
	}
}

// Write puts data at the current position and moves it.
func (f *File) Write(data []byte) (int, error) {
	if err := f.k.alive(f.p, "write", f.path); err != nil {
		return 0, err
	}
	f.k.work(20*time.Microsecond, 200*time.Microsecond)
	now := f.k.host.Clock.Now()
	err := f.k.host.FS.Change(f.path, func(file *host.File) {
		head := file.Content[:min(f.offset, len(file.Content))]
		var tail []byte
		if end := f.offset + len(data); end < len(file.Content) {
			tail = file.Content[end:]
		}
		file.Content = slices.Concat(head, data, tail)
		file.Modified = now
	})
	if err != nil {
		return 0, translate("write", f.path, err)
	}
	f.offset += len(data)
	f.dirty = true
	return len(data), nil
}

// Close ends the access; sensors learn of the writes.
func (f *File) Close() error {
	if !f.dirty {
		return nil
	}
	f.dirty = false
	s, err := f.k.host.FS.Stat(f.path)
	if err != nil {
		return translate("close", f.path, err)
	}
	f.k.Publish(FileWritten{By: f.k.By(f.p), File: s})
	return nil
}

// allowed makes path absolute and checks that p has the rights on what is there.
func (k *Kernel) allowed(p *Process, op, path string, want host.Rights) (string, error) {
	if err := k.alive(p, op, path); err != nil {
		return "", err
	}
	full, err := k.Path(p, path)
	if err != nil {
		return "", err
	}
	f, err := k.host.FS.Stat(full)
	if err != nil {
		return "", translate(op, full, err)
	}
	if !f.Access.Allows(p.Token, want) {
		return "", fail(op, full, AccessDenied)
	}
	return f.Path, nil
}
