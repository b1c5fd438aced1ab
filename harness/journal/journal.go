// Package journal keeps on disk what runs owe to hosts: a file for each run, begun before anything is done on the host
// and removed when nothing is left to undo. What a killed geiger leaves behind is what `geiger sweep` works off.
//
// A file is a line of JSON with the debt, and a line for every command that was about to be executed. Each is on disk
// before the command is. A last line that was cut short by the end of the machine is one that nothing came of.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
)

// Folder is where journals are kept.
type Folder struct {
	Dir string
	// Process is the id of this process, by which a journal that is still being written is known.
	Process int
	Now     func() time.Time
}

// Entry is the journal of one run.
type Entry struct {
	harness.Debt
	Inventory string    `json:"inventory"` // the file that declares the target, as an absolute path
	Process   int       `json:"process"`   // that wrote it
	Began     time.Time `json:"began"`

	// Phases are those of the commands that were about to be executed, in order.
	Phases []harness.Phase `json:"-"`
	file   string
}

// Attacked reports whether the test may have been started.
func (e *Entry) Attacked() bool {
	for _, p := range e.Phases {
		if p == harness.Attack || p == harness.Cleanup {
			return true
		}
	}
	return false
}

// note is a line behind the first.
type note struct {
	Phase harness.Phase `json:"phase"`
	At    time.Time     `json:"at"`
}

const extension = ".journal"

// Of is the journal of the targets that an inventory declares.
func (f *Folder) Of(inventory string) harness.Journal { return &writer{f, inventory} }

type writer struct {
	folder    *Folder
	inventory string
}

// Begin implements harness.Journal.
func (w *writer) Begin(d harness.Debt) error {
	file, err := w.folder.file(d.Run)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.folder.Dir, 0o700); err != nil {
		return err
	}
	return add(file, os.O_CREATE|os.O_EXCL, Entry{Debt: d, Inventory: w.inventory, Process: w.folder.Process, Began: w.folder.Now().UTC()})
}

// Note implements harness.Journal.
func (w *writer) Note(run string, p harness.Phase) error {
	file, err := w.folder.file(run)
	if err != nil {
		return err
	}
	return add(file, 0, note{p, w.folder.Now().UTC()})
}

// Settled implements harness.Journal.
func (w *writer) Settled(run string) error {
	file, err := w.folder.file(run)
	if err != nil {
		return err
	}
	return os.Remove(file)
}

// runName is what a run may be called: it becomes the name of a file.
var runName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (f *Folder) file(run string) (string, error) {
	if !runName.MatchString(run) {
		return "", fmt.Errorf("run %q: a name has letters, digits and hyphens", run)
	}
	return filepath.Join(f.Dir, run+extension), nil
}

// add appends a line and waits until the disk has it.
func add(file string, flag int, line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, flag|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return errors.Join(err, out.Sync(), out.Close())
}

// Unsettled reads the journals that are there, in order of their names. A file that cannot be read is in the error; the
// others are returned all the same.
func (f *Folder) Unsettled() ([]Entry, error) {
	files, err := filepath.Glob(filepath.Join(f.Dir, "*"+extension))
	if err != nil {
		return nil, err
	}
	var entries []Entry
	var faults []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // settled meanwhile
		}
		if err == nil {
			var e Entry
			if e, err = Parse(text); err == nil {
				e.file = file
				entries = append(entries, e)
				continue
			}
		}
		faults = append(faults, fmt.Errorf("%s: %w", file, err))
	}
	return entries, errors.Join(faults...)
}

// Remove forgets a run, whose debt is settled.
func (e *Entry) Remove() error { return os.Remove(e.file) }

// Parse reads a journal.
func Parse(text []byte) (Entry, error) {
	if !bytes.ContainsRune(text, '\n') {
		return Entry{}, errors.New("the journal ends in its first line: nothing was done on the host, the file can be removed")
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	lines.Scan()
	var e Entry
	if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
		return Entry{}, fmt.Errorf("not a journal: %w", err)
	}
	if e.Target == "" || !runName.MatchString(e.Run) {
		return Entry{}, errors.New("not a journal: it names no run or no target")
	}
	for lines.Scan() {
		var n note
		if json.Unmarshal(lines.Bytes(), &n) == nil { // else cut short: the command was not begun
			e.Phases = append(e.Phases, n.Phase)
		}
	}
	return e, lines.Err()
}
