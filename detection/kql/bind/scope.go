package bind

import (
	"maps"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// relation is a bound table expression: its columns and the plan that produces them.
type relation struct {
	columns []*column
	// open is set if there can be columns that are not known here; a name that is referred to is then
	// taken to be one of them, and kept in inferred.
	open     bool
	inferred []*column
	// fields are the columns as a plan has them, if they have been asked for.
	fields []value.Column
	// serialized is set if the rows have an order that functions of neighbouring rows can rely on.
	serialized bool
	op         Operator
	// name is what union's withsource= calls the rows.
	name  string
	graph *graph
}

// all are the columns known and those taken to exist.
func (r *relation) all() []*column {
	if r == nil {
		return nil
	}
	if len(r.inferred) == 0 {
		return r.columns
	}
	return append(slices.Clip(r.columns), r.inferred...)
}

// find looks a column up by its exact name.
func (r *relation) find(name string) (int, *column) {
	for i, c := range r.all() {
		if c.name == name {
			return i, c
		}
	}
	return -1, nil
}

// infer takes a column of an open relation to exist.
func (r *relation) infer(name string) *column {
	if _, c := r.find(name); c != nil {
		return c
	}
	c := &column{name: name, typing: typing{shape: unknown}}
	r.inferred = append(r.inferred, c)
	return c
}

// infer takes a column of an open relation to exist, and remembers its name.
func (b *binder) infer(r *relation, name string) *column {
	if b.late == nil {
		b.late = map[string]bool{}
	}
	b.late[name] = true
	return r.infer(name)
}

// symbol is what a name stands for outside the columns of a row.
type symbol struct {
	name   string
	size   int // see maxSize
	scalar *bound
	table  *relation
	fn     *userFunction
	// byRow is set for an argument that depends on the row of the call.
	byRow bool
	// kind is "database" and the like for the rest.
	bound *bound
}

// scope holds the names that let, parameters and operators such as as declare. A declaration adds a scope and leaves those
// before it as they are, so that a function sees what was declared before it and nothing later, not even itself.
type scope struct {
	parent  *scope
	symbols map[string]*symbol
	// block is set where a block begins: a name can be declared anew below it.
	block bool
}

func newScope(parent *scope) *scope {
	return &scope{parent: parent, symbols: map[string]*symbol{}, block: true}
}

// with is the scope after one more declaration.
func (s *scope) with(sym *symbol) *scope {
	return &scope{parent: s, symbols: map[string]*symbol{sym.name: sym}}
}

// declares reports whether the current block declares the name.
func (s *scope) declares(name string) bool {
	for ; s != nil; s = s.parent {
		if _, ok := s.symbols[name]; ok {
			return true
		}
		if s.block {
			return false
		}
	}
	return false
}

func (s *scope) find(name string) *symbol {
	for ; s != nil; s = s.parent {
		if sym, ok := s.symbols[name]; ok {
			return sym
		}
	}
	return nil
}

func (s *scope) define(sym *symbol) { s.symbols[sym.name] = sym }

// names lists every name in scope.
func (s *scope) names() []string {
	var out []string
	for ; s != nil; s = s.parent {
		out = append(out, slices.Sorted(maps.Keys(s.symbols))...)
	}
	return out
}

// userFunction is a function that let declares.
type userFunction struct {
	name   string
	decl   *syntax.Function
	scope  *scope
	params []parameter
	// defaults are the bound default values, by position.
	defaults []*bound
	shapes   []*relation // the declared schema of tabular parameters
	// pattern is the declaration, if the function is a pattern.
	pattern *syntax.DeclarePattern
}

func (f *userFunction) signature() *signature {
	return &signature{params: f.params, user: true}
}

// optionalOnly reports whether the function can be called without arguments.
func (f *userFunction) optionalOnly() bool {
	for _, p := range f.params {
		if p.min > 0 {
			return false
		}
	}
	return true
}
