package kql

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// openSchema is raised by an operator whose columns depend on its rows, once it knows
// them: the query is bound again with them and run again.
type openSchema struct {
	at      syntax.Span
	columns []value.Column
	// empty is set where there were no rows to tell the columns: those that the query names are taken to be among them.
	empty bool
}

// Error is never shown: [Query.Run] handles it.
func (e *openSchema) Error() string { return "the columns are known only now" }

// evaluate compiles a plugin.
func (c *compiler) evaluate(p *bind.Evaluate) operator {
	if p.Input == nil {
		return c.missingOperator(p)
	}
	if o := c.plugin(p); o != nil {
		return o
	}
	return c.missingOperator(p)
}

// pluginCompiler compiles a call of a plugin; nil if it lacks what the plugin needs.
type pluginCompiler func(c *compiler, p *bind.Evaluate) operator

// plugin compiles a plugin; nil for one that nothing runs.
func (c *compiler) plugin(p *bind.Evaluate) operator {
	compile, ok := pluginOf(p.Name)
	if !ok {
		return nil
	}
	return compile(c, p)
}

// pluginOf finds a plugin by its name.
func pluginOf(name string) (pluginCompiler, bool) {
	switch name {
	case "bag_unpack":
		return (*compiler).bagUnpack, true
	case "pivot":
		return (*compiler).pivot, true
	case "ipv4_lookup", "ipv6_lookup":
		return (*compiler).addressLookup, true
	case "rows_near":
		return (*compiler).rowsNear, true
	case "narrow":
		return func(c *compiler, p *bind.Evaluate) operator {
			return &narrowRows{input: c.operator(p.Input), plan: p}
		}, true
	case "identity":
		return func(c *compiler, p *bind.Evaluate) operator { return c.operator(p.Input) }, true
	case "preview":
		// Of its two tables the first: some rows. The other one is their number.
		return func(c *compiler, p *bind.Evaluate) operator {
			return &take{input: c.operator(p.Input), n: c.expr(p.Args[0].Expr)}
		}, true
	case "dcount_intersect":
		return (*compiler).dcountIntersect, true
	case "schema_merge":
		return (*compiler).schemaMerge, true
	case "rolling_percentile":
		return (*compiler).rollingPercentile, true
	case "basket", "autocluster", "diffpatterns":
		return (*compiler).patterns, true
	case "sequence_detect":
		return (*compiler).sequenceDetect, true
	}
	compute, _ := activityOf(name)
	return (*compiler).activity, compute != nil
}

// bagUnpack makes a column of every property of a bag: columns first that stay, then
// the properties in alphabetical order.
type bagUnpack struct {
	input    operator
	plan     *bind.Evaluate
	bag      expr
	prefix   string
	conflict string // what a property does to a column of its name: error, replace_source, keep_source
	ignored  map[string]bool
}

func (c *compiler) bagUnpack(p *bind.Evaluate) operator {
	o := &bagUnpack{input: c.operator(p.Input), plan: p, bag: c.expr(p.Args[0].Expr), conflict: "error", ignored: map[string]bool{}}
	for i, a := range p.Args[1:] {
		v, ok := constantValue(c.expr(a.Expr))
		if !ok {
			c.unsupported(a.Expr.Span(), "a plugin argument that is not a literal is not supported")
		}
		name := a.Name
		if name == "" {
			name = [...]string{"columnPrefix", "columnsConflict", "ignoredProperties"}[min(i, 2)]
		}
		switch {
		case strings.HasSuffix(name, "refix"):
			o.prefix = v.Str()
		case name == "columnsConflict":
			o.conflict = v.Str()
		default:
			for _, property := range texts(nil, v) {
				o.ignored[property] = true
			}
		}
	}
	return o
}

func (o *bagUnpack) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	bags, err := o.bag.eval(x, r)
	if err != nil {
		return nil, err
	}
	found := o.properties(bags)
	kept := o.kept(r)
	var columns []value.Column
	for _, i := range kept {
		columns = append(columns, r.columns[i])
	}
	for _, p := range found {
		p.Name = o.prefix + p.Name
		at := slices.IndexFunc(columns, func(c value.Column) bool { return c.Name == p.Name })
		switch {
		case at < 0:
			columns = append(columns, p)
		case o.conflict == "replace_source":
			columns[at] = p
		case o.conflict != "keep_source":
			return nil, x.fail(o.plan.Span(), "bag_unpack: the column %s exists already", p.Name)
		}
	}
	if o.plan.Open {
		return nil, &openSchema{o.plan.Span(), columns, r.rows == 0}
	}
	return o.unpack(r, bags, kept, found), nil
}

// kept lists the input columns other than the bag's.
func (o *bagUnpack) kept(r *relation) []int {
	bag, _ := o.bag.(*columnRef)
	var out []int
	for i := range r.slots {
		if bag == nil || i != bag.index {
			out = append(out, i)
		}
	}
	return out
}

// properties finds the names and types; a property of several types is dynamic.
func (o *bagUnpack) properties(bags *vector) []value.Column {
	types := map[string]value.Type{}
	for row := range bags.rows {
		bag, ok := bags.value(row).Dynamic().(*value.Bag)
		if !ok {
			continue
		}
		for _, name := range bag.Keys() {
			x, _ := bag.Get(name)
			t := value.FromDynamic(x).Type()
			switch known, ok := types[name]; {
			case o.ignored[name]:
			case x == nil && !ok:
				types[name] = value.Unknown
			case x == nil || known == t:
			case !ok || known == value.Unknown:
				types[name] = t
			default:
				types[name] = value.Dynamic
			}
		}
	}
	var out []value.Column
	for name, t := range types {
		if t == value.Unknown {
			t = value.Dynamic
		}
		out = append(out, value.Column{Name: name, Type: t})
	}
	slices.SortFunc(out, func(a, b value.Column) int { return compareBoxed(value.NewString(a.Name), value.NewString(b.Name)) })
	return out
}

// unpack fills the columns that the plan has: from the bag, or kept by name.
func (o *bagUnpack) unpack(r *relation, bags *vector, kept []int, found []value.Column) *relation {
	f := newFrame(r.rows, []*vector{bags})
	slots := make([]*slot, len(o.plan.Fields))
	for i, c := range o.plan.Fields {
		own := slices.IndexFunc(kept, func(k int) bool { return r.columns[k].Name == c.Name })
		unpacked := slices.ContainsFunc(found, func(p value.Column) bool { return o.prefix+p.Name == c.Name })
		if own >= 0 && (!unpacked || o.conflict != "replace_source") {
			slots[i] = newSlot(convertVector(r.vector(kept[own]), c.Type))
			continue
		}
		b := newBuffer(c.Type, f.n)
		for row := range f.n {
			b.set(row, f.args[0].value(row).Property(strings.TrimPrefix(c.Name, o.prefix)))
		}
		slots[i] = newSlot(f.finish(b.vector()))
	}
	return r.with(o.plan.Fields, slots)
}

// pivot makes a column of every value of a column, with an aggregate in each cell.
type pivot struct {
	input     operator
	plan      *bind.Evaluate
	by        expr
	aggregate aggregateCall
}

func (c *compiler) pivot(p *bind.Evaluate) operator {
	o := &pivot{input: c.operator(p.Input), plan: p, by: c.expr(p.Args[0].Expr)}
	o.aggregate = c.aggregate(bind.Aggregate{Name: "count", Results: []value.Column{{Type: value.Long}}, At: p.Span()})
	if len(p.Args) > 1 && p.Args[1].Aggregate != nil {
		o.aggregate = c.aggregate(*p.Args[1].Aggregate)
	}
	return o
}

func (o *pivot) run(x *execution) (*relation, error) {
	r, err := o.input.run(x)
	if err != nil {
		return nil, err
	}
	by, err := o.by.eval(x, r)
	if err != nil {
		return nil, err
	}
	by = convertVector(by, value.String)
	columns := group(by.rows, []*vector{by})
	names := make([]string, 0, len(columns.first))
	for _, row := range columns.first {
		if by.rows > 0 {
			names = append(names, by.value(int(row)).Str())
		}
	}
	keys, fields := o.keyColumns(r, names)
	if o.plan.Open {
		for _, name := range slices.Sorted(slices.Values(names)) {
			fields = append(fields, value.Column{Name: name, Type: o.aggregate.results[0].Type})
		}
		return nil, &openSchema{o.plan.Span(), fields, r.rows == 0}
	}
	return o.grid(x, r, keys, columns, names)
}

// keyColumns are the columns of the plan that come from the input.
func (o *pivot) keyColumns(r *relation, names []string) ([]int, []value.Column) {
	var keys []int
	var fields []value.Column
	for _, c := range o.plan.Fields {
		i := slices.IndexFunc(r.columns, func(d value.Column) bool { return d.Name == c.Name })
		if i >= 0 && (o.plan.Open || !slices.Contains(names, c.Name)) {
			keys, fields = append(keys, i), append(fields, c)
		}
	}
	return keys, fields
}

// grid aggregates for every combination of key and column at once, so that an absent
// one has the aggregate of nothing.
func (o *pivot) grid(x *execution, r *relation, keys []int, columns *grouping, names []string) (*relation, error) {
	vectors := make([]*vector, len(keys))
	for i, k := range keys {
		vectors[i] = r.vector(k)
	}
	rows := group(r.rows, vectors)
	cells := &grouping{of: make([]uint32, r.rows), first: make([]uint32, len(rows.first)*len(names))}
	for row := range cells.of {
		cells.of[row] = rows.of[row]*uint32(len(names)) + columns.of[row]
	}
	if len(cells.first) > x.limits.Rows {
		return nil, x.tooMany(o.plan.Span(), "pivot")
	}
	results, err := o.aggregate.run(x, r, cells)
	if err != nil {
		return nil, err
	}
	out := &relation{columns: o.plan.Fields, rows: len(rows.first), lineage: newSlot(lineageOf(x.lineage.collect(r, rows.of, len(rows.first))))}
	for _, c := range o.plan.Fields {
		key := slices.IndexFunc(keys, func(k int) bool { return r.columns[k].Name == c.Name })
		v := constantOf(value.Null(c.Type), out.rows)
		if at := slices.Index(names, c.Name); key >= 0 {
			v = vectors[key].gather(rows.first)
		} else if at >= 0 {
			v = results[0].gather(stride(at, len(names), out.rows))
		}
		out.slots = append(out.slots, newSlot(convertVector(v, c.Type)))
	}
	return out, nil
}

// stride lists n numbers, a step apart.
func stride(from, step, n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(from + i*step)
	}
	return out
}
