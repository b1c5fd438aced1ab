package host

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Why an operation on state failed. Kernel turns them into Win32 codes.
var (
	ErrNotExist     = errors.New("no such object")
	ErrNoParent     = errors.New("no such parent")
	ErrExist        = errors.New("object exists")
	ErrDirectory    = errors.New("is a directory")
	ErrNotDirectory = errors.New("is not a directory")
	ErrNotEmpty     = errors.New("is not empty")
)

// Attributes are the file attributes of Win32 that the machine keeps.
type Attributes uint32

// The attributes, with the values of FILE_ATTRIBUTE_*.
const (
	ReadOnly  Attributes = 0x1
	Hidden    Attributes = 0x2
	SystemBit Attributes = 0x4
	Directory Attributes = 0x10
	Archive   Attributes = 0x20
)

// Version is the version resource of an executable, as Sysmon and Explorer show
// it, and who signed it.
type Version struct {
	FileVersion, Description, Product, Company, OriginalFileName string

	Signer string // "" for an unsigned file
}

// A File describes one file or directory. It is a copy: changing it changes
// nothing.
type File struct {
	Path       string // as stored, `C:\Windows\System32\cmd.exe`
	Content    []byte // must not be modified; nil for directories
	Created    time.Time
	Modified   time.Time
	Accessed   time.Time
	Attributes Attributes
	Owner      string
	Access     ACL // in effect
	Inherits   bool
	Version    *Version // nil when the file has no version resource
	Synthetic  bool     // the content stands in for an image of the operating system
}

// Name is the last part of the path.
func (f File) Name() string { return Base(f.Path) }

// IsDirectory reports whether f is a directory.
func (f File) IsDirectory() bool { return f.Attributes&Directory != 0 }

// Size is the number of bytes of the content.
func (f File) Size() int64 { return int64(len(f.Content)) }

// FileSystem is the NTFS-like tree of the machine's drives. Names keep their
// case and are compared without it. Its methods check structure, not rights:
// rights are the kernel's job.
type FileSystem struct {
	mu     sync.RWMutex
	drives map[string]*entry
}

type entry struct {
	name     string
	short    string // "" when name is of the form 8.3
	file     File   // Path unused
	access   ACL    // nil inherits
	parent   *entry
	children map[string]*entry // nil for files
	shorts   map[string]*entry // the children with a short name, by that
}

// NewFileSystem returns a file system with an empty drive C:.
func NewFileSystem(now time.Time) *FileSystem {
	root := &entry{name: "C:", children: map[string]*entry{}}
	root.file = File{Attributes: Directory, Created: now, Modified: now, Accessed: now, Owner: TrustedInstaller}
	return &FileSystem{drives: map[string]*entry{"c:": root}}
}

// find returns the entry at a path, and the path with the names as they are
// stored, except for those that the caller gave in their short form.
func (fs *FileSystem) find(path string) (e *entry, spelled string, err error) {
	parts := strings.Split(strings.TrimRight(path, `\`), `\`)
	at, ok := fs.drives[Fold(parts[0])]
	if !ok {
		return nil, "", ErrNoParent
	}
	names := []string{at.name}
	for i, part := range parts[1:] {
		next, byShort := at.child(part)
		if next == nil {
			if i == len(parts)-2 && at.children != nil {
				return nil, "", ErrNotExist
			}
			return nil, "", ErrNoParent
		}
		at = next
		if byShort {
			names = append(names, part)
		} else {
			names = append(names, at.name)
		}
	}
	return at, joined(names), nil
}

// joined is a path from its drive and its names.
func joined(names []string) string {
	if len(names) == 1 {
		return names[0] + `\`
	}
	return strings.Join(names, `\`)
}

// spell is the path of an entry with a choice of names.
func (e *entry) spell(name func(*entry) string) string {
	var names []string
	for at := e; at != nil; at = at.parent {
		names = append(names, name(at))
	}
	slices.Reverse(names)
	return joined(names)
}

func (e *entry) effective() ACL {
	if e.access != nil || e.parent == nil {
		return e.access
	}
	return e.parent.effective().Inherited(e.file.Owner)
}

func (e *entry) snapshot(path string) File {
	f := e.file
	f.Path, f.Access, f.Inherits = path, e.effective(), e.access == nil
	return f
}

// Stat describes the file or directory at the absolute path.
func (fs *FileSystem) Stat(path string) (File, error) {
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	e, spelled, err := fs.find(path)
	if err != nil {
		return File{}, err
	}
	return e.snapshot(spelled), nil
}

// List describes what is in a directory, ordered by name as NTFS keeps it.
func (fs *FileSystem) List(path string) ([]File, error) {
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	e, spelled, err := fs.find(path)
	if err != nil {
		return nil, err
	}
	if e.children == nil {
		return nil, ErrNotDirectory
	}
	names := slices.SortedFunc(maps.Keys(e.children), func(a, b string) int {
		return cmp.Compare(strings.ToUpper(a), strings.ToUpper(b))
	})
	files := make([]File, len(names))
	for i, name := range names {
		child := e.children[name]
		files[i] = child.snapshot(Join(spelled, child.name))
	}
	return files, nil
}

// Put creates the file or directory that f describes, with every directory on
// the way, or replaces its description. A nil Access inherits.
func (fs *FileSystem) Put(f File) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	parts := strings.Split(strings.TrimRight(f.Path, `\`), `\`)
	at := fs.drives[Fold(parts[0])]
	for i, part := range parts[1:] {
		next, _ := at.child(part)
		if next == nil {
			next = at.add(part, i < len(parts)-2 || f.IsDirectory(), f)
		}
		at = next
	}
	at.describe(f)
}

func (e *entry) add(name string, directory bool, like File) *entry {
	child := &entry{name: name}
	child.file = File{Created: like.Created, Modified: like.Created, Accessed: like.Created, Owner: like.Owner}
	if directory {
		child.children = map[string]*entry{}
		child.file.Attributes = Directory
	}
	e.attach(child)
	return child
}

func (e *entry) describe(f File) {
	e.access = f.Access
	f.Path, f.Access, f.Inherits = "", nil, false
	if e.children != nil {
		f.Attributes |= Directory
	}
	e.file = f
}

// Create makes a new file in an existing directory.
func (fs *FileSystem) Create(f File) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	parent, _, err := fs.find(Parent(f.Path))
	if err != nil || parent.children == nil {
		return ErrNoParent
	}
	if there, _ := parent.child(Base(f.Path)); there != nil {
		return ErrExist
	}
	parent.add(Base(f.Path), f.IsDirectory(), f).describe(f)
	parent.file.Modified = f.Created
	return nil
}

// Change lets edit alter the description of an existing object; its place and
// its kind stay.
func (fs *FileSystem) Change(path string, edit func(*File)) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	e, spelled, err := fs.find(path)
	if err != nil {
		return err
	}
	f := e.snapshot(spelled)
	if f.Inherits {
		f.Access = nil
	}
	edit(&f)
	e.describe(f)
	return nil
}

// Remove deletes a file or an empty directory.
func (fs *FileSystem) Remove(path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	e, _, err := fs.find(path)
	if err != nil {
		return err
	}
	if len(e.children) > 0 || e.parent == nil {
		return ErrNotEmpty
	}
	e.detach()
	return nil
}

// Rename moves a file or directory to a new path that must be free.
func (fs *FileSystem) Rename(from, to string) error {
	return fs.move(from, to, func(*entry) bool { return false })
}

// Replace moves a file to a new path, in the place of the file that is there.
func (fs *FileSystem) Replace(from, to string) error {
	return fs.move(from, to, func(there *entry) bool { return there.children == nil })
}

func (fs *FileSystem) move(from, to string, mayGo func(there *entry) bool) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	e, _, err := fs.find(from)
	if err != nil {
		return err
	}
	parent, _, err := fs.find(Parent(to))
	if err != nil || parent.children == nil {
		return ErrNoParent
	}
	there, byShort := parent.child(Base(to))
	if there != nil && there != e {
		if !mayGo(there) {
			return ErrExist
		}
		there.detach()
	}
	e.detach()
	if e.name = Base(to); byShort && there != e {
		e.name = there.name
	}
	parent.attach(e)
	return nil
}
