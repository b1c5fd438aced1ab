package kernel

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Environment is a block of variables whose names are compared without case. It
// is safe for concurrent use.
type Environment struct {
	mu   sync.RWMutex
	vars map[string]variable
}

type variable struct{ name, value string }

// NewEnvironment returns a block of NAME=VALUE strings.
func NewEnvironment(assignments ...string) *Environment {
	e := &Environment{vars: map[string]variable{}}
	for _, a := range assignments {
		name, value, _ := strings.Cut(a, "=")
		e.Set(name, value)
	}
	return e
}

// Get returns the value of a variable, "" when it is not set.
func (e *Environment) Get(name string) string {
	value, _ := e.Lookup(name)
	return value
}

// Lookup returns the value of a variable and whether it is set.
func (e *Environment) Lookup(name string) (string, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	v, ok := e.vars[host.Fold(name)]
	return v.value, ok
}

// Set sets a variable; the first spelling of its name is kept.
func (e *Environment) Set(name, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old, ok := e.vars[host.Fold(name)]; ok {
		name = old.name
	}
	e.vars[host.Fold(name)] = variable{name, value}
}

// Unset removes a variable.
func (e *Environment) Unset(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.vars, host.Fold(name))
}

// Names returns the names of the variables in alphabetical order.
func (e *Environment) Names() []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	names := make([]string, 0, len(e.vars))
	for _, key := range slices.Sorted(maps.Keys(e.vars)) {
		names = append(names, e.vars[key].name)
	}
	return names
}

// Clone returns a block of its own with the same variables.
func (e *Environment) Clone() *Environment {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return &Environment{vars: maps.Clone(e.vars)}
}

// Expand replaces %NAME% as ExpandEnvironmentStrings does: unknown names stay.
func (e *Environment) Expand(text string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "%")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, after, ok := strings.Cut(rest, "%")
		value, set := e.Lookup(name)
		switch {
		case !ok:
			out.WriteString("%" + rest)
			return out.String()
		case set:
			out.WriteString(value)
			text = after
		default:
			out.WriteString("%" + name)
			text = "%" + after
		}
	}
}
