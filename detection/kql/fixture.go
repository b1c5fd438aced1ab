package kql

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/function"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// ExternalFixture is the name of the table that stands in for `externaldata` with an address.
func ExternalFixture(address string) string { return "externaldata(" + strconv.Quote(address) + ")" }

// WatchlistFixture is the name of the table that stands in for a watchlist.
func WatchlistFixture(alias string) string { return "_GetWatchlist(" + strconv.Quote(alias) + ")" }

// fixtureForm is a call of one of the functions that take a text, or the name of another.
var fixtureForm = regexp.MustCompile(`^(_GetWatchlist|externaldata)\("[^"]+"\)$|^(FileProfile|SeenBy|DeviceFromIP|AssignedIPAddresses|_GetWatchlistAlias|` + geoFixture + `)$`)

// IsFixture reports whether a table of that name can stand in for something that only a service knows.
func IsFixture(name string) bool { return fixtureForm.MatchString(name) }

// Fixtures lists the tables, sorted, that the [Database] must have in place of what only a
// service knows; see the package documentation. Without one, [Query.Run] ends in an error of
// syntax.ClassUnsupported as soon as a row depends on it. Names that are computed are not among them.
func (q *Query) Fixtures() []string { return q.fixtures }

// needs notes a fixture.
func (c *compiler) needs(name string) {
	if !slices.Contains(c.fixtures, name) {
		c.fixtures = append(c.fixtures, name)
	}
}

// fixture finds a fixture.
func (x *execution) fixture(span syntax.Span, what, name string) (*Table, error) {
	if t, ok := x.db.Table(name); ok {
		return t, nil
	}
	return nil, &syntax.Error{Source: x.source, Diagnostics: []syntax.Diagnostic{{
		Class: syntax.ClassUnsupported, Message: what + " needs data that is not in a recording", Span: span,
		Hint: "add a fixture: a table named " + name,
	}}}
}

// withoutLineage is the given columns of a fixture, by name. Its rows are no events.
func (t *Table) withoutLineage(columns []value.Column) *relation {
	r := &relation{columns: columns, rows: t.rows, lineage: newSlot(noLineage(t.rows))}
	for _, c := range columns {
		i := indexOfColumn(t.columns, c.Name)
		if i < 0 {
			r.slots = append(r.slots, newSlot(constantOf(value.Null(c.Type), t.rows)))
			continue
		}
		r.slots = append(r.slots, newSlot(convertVector(t.vectors[i], c.Type)))
	}
	return r
}

// external is externaldata: the fixtures of its addresses, one after the other.
type external struct {
	plan      *bind.External
	addresses []expr
	at        syntax.Span
}

func (c *compiler) external(p *bind.External) operator {
	o := &external{plan: p, addresses: c.exprs(p.Addresses), at: c.wordOf(p, "externaldata")}
	for _, a := range o.addresses {
		if v, ok := constantValue(a); ok {
			c.needs(ExternalFixture(v.Str()))
		}
	}
	return o
}

func (o *external) run(x *execution) (*relation, error) {
	addresses, err := evalAll(x, newRelation(nil, nil, noLineage(1)), o.addresses)
	if err != nil {
		return nil, err
	}
	var parts []*relation
	for _, a := range addresses {
		t, err := x.fixture(o.at, "externaldata", ExternalFixture(a.value(0).Str()))
		if err != nil {
			return nil, err
		}
		parts = append(parts, t.withoutLineage(o.plan.Fields))
	}
	return concat(o.plan.Fields, parts, sameColumn), nil
}

// service compiles a function of the service.
func (c *compiler) service(p *bind.Service) operator {
	switch p.Name {
	case "_GetWatchlist", "_GetWatchlistAlias", "AssignedIPAddresses":
		o := &serviceTable{plan: p, args: c.exprs(p.Args), at: c.wordOf(p, p.Name)}
		if name, ok := o.constantName(); ok {
			c.needs(name)
		}
		return o
	case "FileProfile":
		return c.enrich(p, "SHA1", "SHA1", "SHA256", "MD5")
	case "SeenBy":
		return c.enrich(p, "DeviceId", "DeviceId")
	case "DeviceFromIP":
		return c.enrich(p, "IP", "IP")
	default:
		return c.missingOperator(p)
	}
}

// serviceTable is a function that gives a table: a watchlist, or the addresses of a device.
type serviceTable struct {
	plan *bind.Service
	args []expr
	at   syntax.Span
}

// constantName is the fixture's name if it is known before the query runs.
func (o *serviceTable) constantName() (string, bool) {
	if o.plan.Name != "_GetWatchlist" {
		return o.plan.Name, true
	}
	if len(o.args) == 0 {
		return "", false
	}
	v, ok := constantValue(o.args[0])
	return WatchlistFixture(v.Str()), ok
}

func (o *serviceTable) run(x *execution) (*relation, error) {
	args, err := evalAll(x, newRelation(nil, nil, noLineage(1)), o.args)
	if err != nil {
		return nil, err
	}
	name := o.plan.Name
	if name == "_GetWatchlist" {
		name = WatchlistFixture(args[0].value(0).Str())
	}
	t, err := x.fixture(o.at, o.plan.Name, name)
	if err != nil {
		return nil, err
	}
	if o.plan.Open {
		return nil, &openSchema{o.plan.Span(), o.columns(t), t.rows == 0 && len(t.columns) == 0}
	}
	r := t.withoutLineage(o.plan.Fields)
	if device := indexOfColumn(t.columns, "DeviceId"); o.plan.Name == "AssignedIPAddresses" && device >= 0 && len(args) > 0 {
		r = r.filter(rowsWith(t.vectors[device], args[0].value(0).String()))
	}
	return r, nil
}

// columns are those that every such table has, then those of the fixture.
func (o *serviceTable) columns(t *Table) []value.Column {
	out := slices.Clone(o.plan.Fields)
	for _, c := range t.columns {
		key := o.plan.Name == "AssignedIPAddresses" && c.Name == "DeviceId"
		if !key && indexOfColumn(out, c.Name) < 0 {
			out = append(out, c)
		}
	}
	return out
}

// rowsWith lists the rows with a text, whatever its case.
func rowsWith(v *vector, want string) []uint32 {
	out := []uint32{}
	for row := range v.rows {
		if strings.EqualFold(v.value(row).String(), want) {
			out = append(out, uint32(row))
		}
	}
	return out
}

// enrich is a function that adds to every row what the service knows of one of its values: a pair for every
// row of the fixture with that value in a key column, whatever its case; a row without one keeps nulls.
type enrich struct {
	input operator
	plan  *bind.Service
	key   expr
	keys  []string // the fixture's columns that the value can be in
	at    syntax.Span
}

// enrich compiles such a function; absent is the column that is looked up if the call names none.
func (c *compiler) enrich(p *bind.Service, absent string, keys ...string) operator {
	if p.Input == nil {
		return c.missingOperator(p)
	}
	o := &enrich{input: c.operator(p.Input), plan: p, keys: keys, at: c.wordOf(p, p.Name)}
	c.needs(p.Name)
	if len(p.Args) > 0 {
		column, named := p.Args[0].(*bind.Literal)
		if !named || column.Value.Type() != value.String {
			o.key = c.expr(p.Args[0])
			return o
		}
		absent = column.Value.Str()
	}
	i := indexOfColumn(p.Input.Columns(), absent)
	if i < 0 {
		c.report(syntax.ClassBind, o.at, "%s needs a column %s", p.Name, absent)
		return o
	}
	o.key = &columnRef{index: i}
	return o
}

func (o *enrich) run(x *execution) (*relation, error) {
	left, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	keys, err := o.key.eval(x, left)
	if err != nil {
		return nil, err
	}
	added := o.plan.Fields[len(left.slots):]
	right := &relation{columns: added, lineage: newSlot(noLineage(0))}
	for _, c := range added {
		right.slots = append(right.slots, newSlot(constantOf(value.Null(c.Type), 0)))
	}
	index := map[string][]uint32{}
	if left.rows > 0 {
		t, err := x.fixture(o.at, o.plan.Name, o.plan.Name)
		if err != nil {
			return nil, err
		}
		right, index = t.withoutLineage(added), o.index(t)
	}
	var l, r []uint32
	for row := range left.rows {
		matches := index[strings.ToLower(keys.value(row).String())]
		if len(matches) == 0 {
			matches = []uint32{uint32(right.rows)}
		}
		for _, m := range matches {
			l, r = append(l, uint32(row)), append(r, m)
		}
	}
	left, right = left.filter(l), padded(right).filter(r)
	left.columns = o.plan.Fields
	left.slots = typed(left.columns, append(slices.Clone(left.slots), right.slots...))
	return left, nil
}

// index finds the rows of the fixture by the values of its key columns.
func (o *enrich) index(t *Table) map[string][]uint32 {
	index := map[string][]uint32{}
	for _, name := range o.keys {
		i := indexOfColumn(t.columns, name)
		if i < 0 {
			continue
		}
		for row := range t.rows {
			if key := strings.ToLower(t.vectors[i].value(row).String()); key != "" {
				index[key] = append(index[key], uint32(row))
			}
		}
	}
	return index
}

// geoFixture is the name of the table behind geo_info_from_ip_address.
const geoFixture = "geo_info_from_ip_address"

// places is the fixture of geo_info_from_ip_address, by network.
type places struct {
	table   *Table
	network int
	lookup  addressLookup
	index   networkIndex
}

// geoInfo is geo_info_from_ip_address: the columns of the narrowest network that an address lies in, as a bag.
// Source: https://learn.microsoft.com/kusto/query/geo-info-from-ip-address-function
type geoInfo struct {
	arg  expr
	span syntax.Span
}

func (e *geoInfo) eval(x *execution, r *relation) (*vector, error) {
	p, err := x.placesAt(e.span)
	if err != nil {
		return nil, err
	}
	arg, err := e.arg.eval(x, r)
	if err != nil {
		return nil, err
	}
	f := newFrame(r.rows, []*vector{arg})
	out := newBuffer(value.Dynamic, f.n)
	for i := range f.n {
		out.set(i, p.find(f.args[0].value(i)))
	}
	return f.finish(out.vector()), nil
}

// find gives what is known of an address; null if nothing is.
func (p *places) find(address value.Value) value.Value {
	rows := p.lookup.matches(p.index, address)
	if len(rows) == 0 {
		return value.Null(value.Dynamic)
	}
	bag := value.NewBag()
	for i, column := range p.table.columns {
		if v := p.table.At(int(rows[0]), i); i != p.network && !v.IsNull() {
			bag.Set(column.Name, v.ToDynamic())
		}
	}
	return value.NewDynamic(bag)
}

// placesAt reads the fixture once a run.
func (x *execution) placesAt(span syntax.Span) (*places, error) {
	if x.places != nil {
		return x.places, nil
	}
	t, err := x.fixture(span, geoFixture, geoFixture)
	if err != nil {
		return nil, err
	}
	network := indexOfColumn(t.columns, "network")
	if network < 0 {
		return nil, x.fail(span, "the fixture %s needs a column network", geoFixture)
	}
	p := &places{table: t, network: network, lookup: addressLookup{parse: function.ParseIPv6}}
	p.index = p.lookup.index(t.vectors[network])
	x.places = p
	return p, nil
}
