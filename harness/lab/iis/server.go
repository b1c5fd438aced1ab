package iis

import (
	"strings"
	"sync"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// Where the configuration lives, in the spelling of the configuration system.
const (
	configFolder     = `C:\Windows\system32\inetsrv\config`
	configFile       = configFolder + `\applicationHost.config`
	redirectionFile  = configFolder + `\redirection.config`
	reader           = `C:\Windows\System32\inetsrv\nativerd.dll`
	configPath       = "MACHINE/WEBROOT/APPHOST"
	globalModules    = "/system.webServer/globalModules"
	modules          = "/system.webServer/modules"
	sitesSection     = "/system.applicationHost/sites"
	applicationPools = "/system.applicationHost/applicationPools"
)

// Server is IIS on one machine. It is safe for concurrent use.
type Server struct {
	k *kernel.Kernel

	editing sync.Mutex // one commit at a time

	mu      sync.Mutex
	pools   map[string]*pool // by folded name
	sites   map[string]bool  // stopped sites, by folded name
	readers map[uint64]bool  // processes that have loaded the configuration reader, by key

	history history
}

// New returns the server of the machine and takes over its configuration
// history.
func New(k *kernel.Kernel) *Server {
	s := &Server{k: k, pools: map[string]*pool{}, sites: map[string]bool{}, readers: map[uint64]bool{}}
	s.history = history{k: k, rand: k.Host().Rand.Stream("iis history")}
	k.Subscribe(s.observe)
	return s
}

// observe notices every change of the configuration file, whoever makes it.
func (s *Server) observe(a kernel.Activity) {
	if written, ok := a.(kernel.FileWritten); ok && host.Fold(s.k.Host().FS.LongPath(written.File.Path)) == host.Fold(configFile) {
		s.history.changed()
	}
}

// loadReader maps the DLL of the configuration system into a process that uses
// it for the first time. The programs of IIS have it from their start.
func (s *Server) loadReader(p *kernel.Process) {
	if host.Within(p.Image, host.Parent(workerImage)) || strings.EqualFold(p.Name(), "svchost.exe") {
		return
	}
	s.mu.Lock()
	known := s.readers[p.Key]
	s.readers[p.Key] = true
	s.mu.Unlock()
	if !known {
		_ = s.k.LoadImage(p, reader) // a process without it fails at the file, too
	}
}

// Configuration reads applicationHost.config as p.
func (s *Server) Configuration(p *kernel.Process) (*Document, error) {
	s.loadReader(p)
	if _, err := s.k.ReadFile(p, redirectionFile); err != nil && !kernel.IsNotFound(err) {
		return nil, fileError(redirectionFile, err, "read")
	}
	data, err := s.k.ReadFile(p, configFile)
	if err != nil {
		return nil, fileError(configFile, err, "read")
	}
	d, err := ParseDocument(data)
	if err != nil {
		return nil, &Error{HRESULT: resultInvalid, File: `\\?\` + configFile, Message: "Configuration file is not well-formed XML"}
	}
	return d, nil
}

// Section returns the elements at a path such as
// /system.webServer/globalModules/add, as p.
func (s *Server) Section(p *kernel.Process, path string) ([]*Element, error) {
	d, err := s.Configuration(p)
	if err != nil {
		return nil, err
	}
	return d.Find(path)
}

// change is a set of edits that is committed together.
type change struct {
	doc     *Document
	commits []kernel.ConfigurationCommitted
}

func (c *change) record(section, operation, old, value string) {
	c.commits = append(c.commits, kernel.ConfigurationCommitted{
		PhysicalPath: `\\?\` + configFile, ConfigPath: configPath,
		Section: section, Operation: operation, OldValue: old, NewValue: value,
	})
}

// commit reads the configuration, lets edit change it and writes the result,
// all as p. Nothing is written when edit fails or changes nothing.
func (s *Server) commit(p *kernel.Process, edit func(*change) error) error {
	// Not Lock: a kernel operation lets time pass, and what is due then may
	// commit, too, in this very goroutine.
	if !s.editing.TryLock() {
		return &Error{HRESULT: resultBusy, File: `\\?\` + configFile, Message: "Cannot commit configuration changes because the file has changed on disk"}
	}
	defer s.editing.Unlock()
	doc, err := s.Configuration(p)
	if err != nil {
		return err
	}
	c := &change{doc: doc}
	if err := edit(c); err != nil {
		return err
	}
	if len(c.commits) == 0 {
		return nil
	}
	if err := s.k.WriteFile(p, configFile, c.doc.Bytes(), kernel.TruncateExisting); err != nil {
		return fileError(configFile, err, "write")
	}
	for i, done := range c.commits {
		done.By, done.Last = s.k.By(p), i == len(c.commits)-1
		s.k.Publish(done)
	}
	return nil
}
