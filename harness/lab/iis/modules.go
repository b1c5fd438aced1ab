package iis

import (
	"fmt"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// Module is an entry of <globalModules>: a native module that every worker
// process loads.
type Module struct {
	Name         string
	Image        string // as stored, usually with %windir%
	PreCondition string // "bitness64", "" for none
}

func (m Module) attributes() []Attribute {
	list := []Attribute{{Name: "name", Value: m.Name}, {Name: "image", Value: m.Image}}
	if m.PreCondition != "" {
		list = append(list, Attribute{Name: "preCondition", Value: m.PreCondition})
	}
	return list
}

// Enabled is an entry of <modules>: a module that takes part in requests.
type Enabled struct {
	Name         string
	Type         string // of a managed module, "" for a native one
	PreCondition string
	Locked       bool
}

func (m Enabled) attributes() []Attribute {
	list := []Attribute{{Name: "name", Value: m.Name}}
	if m.Type != "" {
		list = append(list, Attribute{Name: "type", Value: m.Type})
	}
	if m.PreCondition != "" {
		list = append(list, Attribute{Name: "preCondition", Value: m.PreCondition})
	}
	if m.Locked {
		list = append(list, Attribute{Name: "lockItem", Value: "true"})
	}
	return list
}

// GlobalModules lists <globalModules> in order, read as p.
func (s *Server) GlobalModules(p *kernel.Process) ([]Module, error) {
	entries, err := s.Section(p, globalModules+"/add")
	return moduleList(entries), err
}

func moduleList(entries []*Element) []Module {
	list := make([]Module, 0, len(entries))
	for _, e := range entries {
		list = append(list, Module{Name: e.Value("name"), Image: e.Value("image"), PreCondition: e.Value("preCondition")})
	}
	return list
}

// Modules lists <modules> in order, read as p.
func (s *Server) Modules(p *kernel.Process) ([]Enabled, error) {
	entries, err := s.Section(p, modules+"/add")
	list := make([]Enabled, 0, len(entries))
	for _, e := range entries {
		list = append(list, Enabled{Name: e.Value("name"), Type: e.Value("type"), PreCondition: e.Value("preCondition"), Locked: e.Value("lockItem") == "true"})
	}
	return list, err
}

// AddGlobalModule adds an entry to <globalModules> as p; it is not enabled by
// that. A name that exists gives an error for which IsDuplicate holds.
func (s *Server) AddGlobalModule(p *kernel.Process, m Module) error {
	return s.AddElement(p, globalModules, "add", m.attributes()...)
}

// RemoveGlobalModule deletes an entry of <globalModules> as p.
func (s *Server) RemoveGlobalModule(p *kernel.Process, name string) error {
	return s.RemoveElement(p, moduleEntry(globalModules, name))
}

// SetGlobalModule changes image and precondition of an entry as p.
func (s *Server) SetGlobalModule(p *kernel.Process, m Module) error {
	return s.commit(p, func(c *change) error {
		if err := c.set(moduleEntry(globalModules, m.Name), "image", m.Image); err != nil {
			return err
		}
		return c.set(moduleEntry(globalModules, m.Name), "preCondition", m.PreCondition)
	})
}

// EnableModule adds an entry to <modules> as p.
func (s *Server) EnableModule(p *kernel.Process, m Enabled) error {
	return s.AddElement(p, modules, "add", m.attributes()...)
}

// DisableModule deletes an entry of <modules> as p.
func (s *Server) DisableModule(p *kernel.Process, name string) error {
	return s.RemoveElement(p, moduleEntry(modules, name))
}

// InstallModule adds a module to <globalModules> and, when enable is set, to
// <modules>, in one commit as p.
func (s *Server) InstallModule(p *kernel.Process, m Module, enable, lock bool) error {
	return s.commit(p, func(c *change) error {
		if err := c.add(globalModules, "add", m.attributes()); err != nil || !enable {
			return err
		}
		return c.add(modules, "add", Enabled{Name: m.Name, PreCondition: m.PreCondition, Locked: lock}.attributes())
	})
}

// UninstallModule deletes a module from both lists in one commit as p. A module
// that is not enabled is only taken from <globalModules>.
func (s *Server) UninstallModule(p *kernel.Process, name string) error {
	return s.commit(p, func(c *change) error {
		if err := c.remove(moduleEntry(globalModules, name)); err != nil {
			return err
		}
		if err := c.remove(moduleEntry(modules, name)); err != nil && !IsNotFound(err) {
			return err
		}
		return nil
	})
}

func moduleEntry(section, name string) string {
	return fmt.Sprintf("%s/add[@name=%s]", section, quoteValue(name))
}

// quoteValue puts quotation marks around the value of a predicate.
func quoteValue(value string) string {
	for i := range len(value) {
		if value[i] == '\'' {
			return `"` + value + `"`
		}
	}
	return "'" + value + "'"
}
