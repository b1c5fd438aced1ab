package bind

import (
	"maps"
	"slices"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// Table is a table of a [Schema].
type Table struct {
	Name    string
	Columns []value.Column
}

// Schema is what a query can refer to: the tables of a service, by exact name, and the
// tabular functions that only this service has. It is immutable once made.
type Schema struct {
	name      string
	tables    map[string]*Table
	functions map[string]ServiceFunction
}

// NewSchema makes a schema. A table given twice counts as the later one.
func NewSchema(name string, tables []Table, functions ...ServiceFunction) *Schema {
	s := &Schema{name: name, tables: map[string]*Table{}, functions: map[string]ServiceFunction{}}
	for i := range tables {
		s.tables[tables[i].Name] = &tables[i]
	}
	for _, f := range functions {
		s.functions[f.Name] = f
	}
	return s
}

// Name is the name of the schema, for messages.
func (s *Schema) Name() string { return s.name }

// Table finds a table by its exact name.
func (s *Schema) Table(name string) (*Table, bool) {
	t, ok := s.tables[name]
	return t, ok
}

// TableNames lists the tables in alphabetical order.
func (s *Schema) TableNames() []string { return slices.Sorted(maps.Keys(s.tables)) }

// Function finds a function of the service by its exact name.
func (s *Schema) Function(name string) (ServiceFunction, bool) {
	f, ok := s.functions[name]
	return f, ok
}

// FunctionNames lists the functions of the service in alphabetical order.
func (s *Schema) FunctionNames() []string { return slices.Sorted(maps.Keys(s.functions)) }

// ServiceFunction is a tabular function that a service adds to the language.
type ServiceFunction struct {
	Name string
	// Parameters are the scalar parameters after the table, in order.
	Parameters []ServiceParameter
	// Invoked is set for functions used as `T | invoke f(...)`: the result has all columns of T, then
	// those of Columns that T lacks.
	Invoked bool
	// Columns are the columns the function is known to give.
	Columns []value.Column
	// Open is set if the result can have columns that are known only at run time, as those of a watchlist.
	Open bool
}

// ServiceParameter is a scalar parameter of a [ServiceFunction].
type ServiceParameter struct {
	Name     string
	Type     value.Type
	Optional bool
	// Column is set if the argument may be the bare name of a column of the table,
	// as in `invoke FileProfile(SHA1, 1000)`.
	Column bool
}
