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

// DefenderXDRFunctions are the tabular functions of advanced hunting in Microsoft Defender XDR
// (learn.microsoft.com, "FileProfile()", "SeenBy()", "DeviceFromIP()", "AssignedIPAddresses()").
func DefenderXDRFunctions() []ServiceFunction {
	text := func(name string, optional, column bool) ServiceParameter {
		return ServiceParameter{Name: name, Type: value.String, Optional: optional, Column: column}
	}
	return []ServiceFunction{
		{
			Name: "FileProfile", Invoked: true, Columns: fileProfileColumns(),
			Parameters: []ServiceParameter{text("x", true, true), {Name: "y", Type: value.Long, Optional: true}},
		},
		{
			Name: "SeenBy", Invoked: true, Columns: []value.Column{{Name: "SeenBy", Type: value.Dynamic}},
			Parameters: []ServiceParameter{text("x", true, true)},
		},
		{
			Name: "DeviceFromIP", Invoked: true,
			Columns:    []value.Column{{Name: "IP", Type: value.String}, {Name: "DeviceId", Type: value.String}},
			Parameters: []ServiceParameter{text("x", true, true), {Name: "y", Type: value.DateTime, Optional: true}},
		},
		{
			Name: "AssignedIPAddresses", Open: true,
			Columns: []value.Column{
				{Name: "Timestamp", Type: value.DateTime},
				{Name: "IPAddress", Type: value.String},
				{Name: "IPType", Type: value.String},
				{Name: "NetworkAdapterType", Type: value.String},
				{Name: "ConnectedNetworks", Type: value.Dynamic},
			},
			Parameters: []ServiceParameter{text("x", false, false), {Name: "y", Type: value.DateTime, Optional: true}},
		},
	}
}

// fileProfileColumns are what FileProfile adds to a row about a file.
func fileProfileColumns() []value.Column {
	return []value.Column{
		{Name: "SHA1", Type: value.String},
		{Name: "SHA256", Type: value.String},
		{Name: "MD5", Type: value.String},
		{Name: "FileSize", Type: value.Long},
		{Name: "GlobalPrevalence", Type: value.Long},
		{Name: "GlobalFirstSeen", Type: value.DateTime},
		{Name: "GlobalLastSeen", Type: value.DateTime},
		{Name: "Signer", Type: value.String},
		{Name: "Issuer", Type: value.String},
		{Name: "SignerHash", Type: value.String},
		{Name: "IsCertificateValid", Type: value.Bool},
		{Name: "IsRootSignerMicrosoft", Type: value.Bool},
		{Name: "SignatureState", Type: value.String},
		{Name: "IsExecutable", Type: value.Bool},
		{Name: "ThreatName", Type: value.String},
		{Name: "Publisher", Type: value.String},
		{Name: "SoftwareName", Type: value.String},
		{Name: "ProfileAvailability", Type: value.String},
	}
}

// SentinelFunctions are the tabular functions that Microsoft Sentinel adds to a workspace
// (learn.microsoft.com, "Build queries or detection rules with watchlists").
func SentinelFunctions() []ServiceFunction {
	return []ServiceFunction{{
		Name: "_GetWatchlist", Open: true,
		Columns: []value.Column{
			{Name: "_DTItemId", Type: value.String},
			{Name: "LastUpdatedTimeUTC", Type: value.DateTime},
			{Name: "SearchKey", Type: value.String},
			{Name: "WatchlistItem", Type: value.Dynamic},
		},
		Parameters: []ServiceParameter{{Name: "watchlistAlias", Type: value.String}},
	}}
}
