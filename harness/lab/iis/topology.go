package iis

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// State is the run state of a site or an application pool.
type State string

// The states that appcmd prints.
const (
	Started State = "Started"
	Stopped State = "Stopped"
)

// Site is a web site with its applications.
type Site struct {
	Name         string
	ID           string
	Bindings     []Binding
	State        State
	Applications []Application
}

// Binding is where a site listens.
type Binding struct {
	Protocol    string
	Information string // "*:80:"
}

// String is the binding as appcmd prints it.
func (b Binding) String() string { return b.Protocol + "/" + b.Information }

// Application is an application of a site with its virtual directories.
type Application struct {
	Path        string // "/"
	Pool        string
	Directories []Directory
}

// Directory is a virtual directory.
type Directory struct {
	Path         string // "/"
	PhysicalPath string // as stored, with %SystemDrive%
}

// Pool is an application pool.
type Pool struct {
	Name           string
	RuntimeVersion string // "v4.0", "" for no managed code
	PipelineMode   string // "Integrated" or "Classic"
	State          State
}

// Sites lists the web sites, read as p.
func (s *Server) Sites(p *kernel.Process) ([]Site, error) {
	d, err := s.Configuration(p)
	if err != nil {
		return nil, err
	}
	return s.sitesOf(d), nil
}

func (s *Server) sitesOf(d *Document) []Site {
	var list []Site
	pool := "DefaultAppPool"
	for _, e := range lookup(d, sitesSection+"/applicationDefaults") {
		if name := e.Value("applicationPool"); name != "" {
			pool = name
		}
	}
	for _, e := range lookup(d, sitesSection+"/site") {
		site := Site{Name: e.Value("name"), ID: e.Value("id"), State: s.siteState(e.Value("name"))}
		for _, b := range find(e, []step{{name: "bindings"}, {name: "binding"}}) {
			site.Bindings = append(site.Bindings, Binding{Protocol: b.Value("protocol"), Information: b.Value("bindingInformation")})
		}
		for _, a := range find(e, []step{{name: "application"}}) {
			site.Applications = append(site.Applications, applicationOf(a, pool))
		}
		list = append(list, site)
	}
	return list
}

func applicationOf(e *Element, pool string) Application {
	a := Application{Path: e.Value("path"), Pool: e.Value("applicationPool")}
	if a.Pool == "" {
		a.Pool = pool
	}
	for _, v := range find(e, []step{{name: "virtualDirectory"}}) {
		a.Directories = append(a.Directories, Directory{Path: v.Value("path"), PhysicalPath: v.Value("physicalPath")})
	}
	return a
}

// lookup finds a path of this package's own, which is well formed.
func lookup(d *Document, path string) []*Element {
	found, _ := d.Find(path)
	return found
}

// Pools lists the application pools, read as p.
func (s *Server) Pools(p *kernel.Process) ([]Pool, error) {
	d, err := s.Configuration(p)
	if err != nil {
		return nil, err
	}
	return s.poolsOf(d), nil
}

func (s *Server) poolsOf(d *Document) []Pool {
	defaults := Pool{RuntimeVersion: "v4.0", PipelineMode: "Integrated"}
	for _, e := range lookup(d, applicationPools+"/applicationPoolDefaults") {
		if version, ok := e.Attribute("managedRuntimeVersion"); ok {
			defaults.RuntimeVersion = version
		}
	}
	var list []Pool
	for _, e := range lookup(d, applicationPools+"/add") {
		pool := defaults
		pool.Name = e.Value("name")
		if version, ok := e.Attribute("managedRuntimeVersion"); ok {
			pool.RuntimeVersion = version
		}
		if mode := e.Value("managedPipelineMode"); mode != "" {
			pool.PipelineMode = mode
		}
		pool.State = s.poolState(pool.Name)
		list = append(list, pool)
	}
	return list
}

// Running reports whether the web service runs.
func (s *Server) Running() bool {
	_, ok := s.k.ServiceProcess("W3SVC")
	return ok
}

func (s *Server) siteState(name string) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sites[host.Fold(name)] || !s.Running() {
		return Stopped
	}
	return Started
}

func (s *Server) poolState(name string) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pl := s.pools[host.Fold(name)]; !s.Running() || pl != nil && pl.stopped {
		return Stopped
	}
	return Started
}

// SetSiteState starts or stops a site; it reports false for an unknown name.
func (s *Server) SetSiteState(p *kernel.Process, name string, state State) (bool, error) {
	sites, err := s.Sites(p)
	known := slices.ContainsFunc(sites, func(site Site) bool { return strings.EqualFold(site.Name, name) })
	if err != nil || !known {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sites[host.Fold(name)] = state == Stopped
	return true, nil
}

// SetPoolState starts or stops an application pool; it reports false for an
// unknown name. A stopped pool has no worker process, a started one gets its
// worker with the next request.
func (s *Server) SetPoolState(p *kernel.Process, name string, state State) (bool, error) {
	pools, err := s.Pools(p)
	known := slices.ContainsFunc(pools, func(pool Pool) bool { return strings.EqualFold(pool.Name, name) })
	if err != nil || !known {
		return false, err
	}
	s.mu.Lock()
	pl := s.pool(name)
	pl.stopped = state == Stopped
	worker := pl.retire()
	s.mu.Unlock()
	s.end(worker)
	return true, nil
}
