package powershell

import "strings"

// scope holds the variables and functions of one dynamic scope.
type scope struct {
	vars      map[string]*variable
	functions map[string]*function
	parent    *scope
	script    bool // the scope of a script file, for $script:
}

type variable struct {
	name     string
	value    any
	typ      *TypeRef // of a typed variable
	constant bool
}

func newScope(parent *scope) *scope {
	return &scope{vars: map[string]*variable{}, functions: map[string]*function{}, parent: parent}
}

func (s *scope) find(name string) *variable {
	key := strings.ToLower(name)
	for at := s; at != nil; at = at.parent {
		if v, ok := at.vars[key]; ok {
			return v
		}
	}
	return nil
}

func (s *scope) set(name string, v any) {
	s.vars[strings.ToLower(name)] = &variable{name: name, value: v}
}

func (s *scope) function(name string) *function {
	key := strings.ToLower(name)
	for at := s; at != nil; at = at.parent {
		if f, ok := at.functions[key]; ok {
			return f
		}
	}
	return nil
}

// named returns the scope that a qualifier means.
func (in *interp) named(qualifier string) *scope {
	switch qualifier {
	case "global":
		return in.global
	case "script":
		for s := in.scope; s != nil; s = s.parent {
			if s.script || s.parent == nil {
				return s
			}
		}
	}
	return in.scope
}

// variable reads a variable; the second result is false when there is none.
func (in *interp) variable(qualifier, name string) (any, bool) {
	switch qualifier {
	case "", "local", "private", "variable", "using":
		if v := in.scope.find(name); v != nil {
			return v.value, true
		}
		return in.automatic(name)
	case "global", "script":
		if v := in.named(qualifier).vars[strings.ToLower(name)]; v != nil {
			return v.value, true
		}
		return in.automatic(name)
	case "env":
		v, ok := in.p.Env.Lookup(name)
		if !ok {
			return nil, false
		}
		return v, true
	case "function":
		if f := in.scope.function(name); f != nil {
			return &ScriptBlock{ast: f.body}, true
		}
		return nil, false
	}
	if v, err := in.getContent(qualifier+":"+name, "", false); err == nil {
		return v, true
	}
	return nil, false
}

// automatic computes the variables that PowerShell keeps itself.
func (in *interp) automatic(name string) (any, bool) {
	switch strings.ToLower(name) {
	case "?":
		return in.ok, true
	case "error":
		list := &Array{Type: arrayList}
		for _, r := range in.errors {
			list.Items = append(list.Items, r)
		}
		return list, true
	case "lastexitcode":
		return in.lastExit, in.lastExit != nil
	case "pwd":
		return in.pathInfo(), true
	}
	return nil, false
}

// setVariable assigns to a variable and honours its type.
func (in *interp) setVariable(qualifier, name string, v any) error {
	if name == "null" {
		return nil
	}
	v = unvoid(v)
	switch qualifier {
	case "env":
		if v == nil || v == "" {
			in.p.Env.Unset(name)
		} else {
			in.p.Env.Set(name, in.str(v))
		}
		return nil
	case "", "local", "private", "variable", "global", "script":
	case "function":
		if sb, ok := v.(*ScriptBlock); ok {
			in.scope.functions[strings.ToLower(name)] = &function{name: name, body: sb.ast}
		}
		return nil
	default:
		return in.setContent(qualifier+":"+name, []any{v}, "", false)
	}
	s := in.named(qualifier)
	old := s.vars[strings.ToLower(name)]
	if old == nil {
		if up := s.find(name); up != nil && up.constant {
			old = up
		}
	}
	return in.store(s, old, name, v)
}

func (in *interp) store(s *scope, old *variable, name string, v any) error {
	if old == nil {
		s.set(name, v)
		return nil
	}
	if old.constant {
		return newError("System.Management.Automation.SessionStateUnauthorizedAccessException", "VariableNotWritable", "WriteError",
			"Cannot overwrite variable %s because it is read-only or constant.", name).on(name)
	}
	if old.typ != nil {
		c, err := in.cast(v, old.typ)
		if err != nil {
			return err
		}
		v = c
	}
	old.value = v
	return nil
}
