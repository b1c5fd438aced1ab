package bind

import (
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindCall binds f(args): a builtin, an aggregate, a function of the query, or one of the service.
func (b *binder) bindCall(e *syntax.Call, table bool) *bound {
	name := e.Name.Text
	if !b.within(len(e.Args), maxArguments, e, "arguments of one call") {
		return bad(e)
	}
	if e.Name.Client {
		b.bindArguments(e)
		b.report("KS213", e.Name.Span(), "client parameters are not supported")
		return bad(e)
	}
	if b.mode == aggregating {
		if f := b.builtins.aggregates[name]; f != nil {
			return b.bindAggregate(e, f)
		}
	}
	if f := b.builtins.scalars[name]; f != nil && (b.inGraph || !ofGraphs(name)) {
		return b.bindBuiltin(e, f)
	}
	if sym := b.scope.find(name); sym != nil && sym.fn != nil {
		return b.callUser(e, sym.fn)
	}
	if f, ok := b.schema.Function(name); ok {
		return b.callService(e, f)
	}
	if b.invoked == nil { // else the arguments may be names that only the function knows what to do with
		b.bindArguments(e)
	}
	return b.unknownFunction(e, table)
}

// bindArguments binds arguments as those of a scalar function.
func (b *binder) bindArguments(e *syntax.Call) []*bound {
	mode := b.mode
	if mode != aggregating {
		b.mode = normal
	}
	defer func() { b.mode = mode }()
	row := b.row
	defer func() { b.row = row }()
	out := make([]*bound, len(e.Args))
	for i, x := range e.Args {
		out[i] = b.bindExpr(x)
		if i == 0 && b.inGraph && ofElements(e.Name.Text) && out[0].typing.shape == record {
			b.row = &relation{columns: out[0].typing.props()}
		}
	}
	return out
}

// ofElements reports whether a function evaluates its second argument on the elements of a path, its first one.
func ofElements(name string) bool { return name == "all" || name == "any" || name == "map" }

func (b *binder) unknownFunction(e *syntax.Call, table bool) *bound {
	name, at := e.Name.Text, e.Name.Span()
	out := bad(e)
	switch {
	case b.builtins.aggregates[name] != nil:
		b.report("KS144", at, "the aggregate function '%s' is not allowed in this context", name)
	case b.builtins.plugins[name] != nil:
		b.report("KS126", at, "the plug-in function '%s' is not allowed in this context", name)
	case b.fuzzy:
		b.warn("KS205", at, "the fuzzy name '%s' does not refer to any known function", name)
		return tableOf(e, &relation{open: true, op: b.nowhere(e)})
	default:
		if sym := b.scope.find(name); sym != nil {
			b.report("KS128", at, "the name '%s' does not refer to a function", name)
			return out
		}
		d := b.report("KS211", at, "the name '%s' does not refer to any known function", name)
		d.Hint = hint(name, b.functionNames())
	}
	if table {
		return tableOf(e, &relation{open: true, op: b.nowhere(e)})
	}
	return out
}

func (b *binder) functionNames() []string {
	out := append(b.scope.names(), b.schema.FunctionNames()...)
	out = append(out, keys(b.builtins.scalars)...)
	if b.mode == aggregating {
		out = append(out, keys(b.builtins.aggregates)...)
	}
	return out
}

// bindBuiltin binds a call of a scalar function, or of table(), database() and the like.
func (b *binder) bindBuiltin(e *syntax.Call, f *function) *bound {
	args := operands(b.bindArguments(e))
	if out := b.bindReference(e, f, args); out != nil {
		b.resolveCall(e, f, args)
		return out
	}
	out := &bound{node: e, constant: allConstant(args) && foldable(f.name)}
	c := b.resolveCall(e, f, args)
	if c == nil {
		out.typing = typing{shape: unknown}
		out.expr = placeholder(e)
		out.name, out.hasName = b.callName(f, args)
		return out
	}
	out.typing = b.operatorResult(f, c, args)
	out.name, out.hasName = b.callName(f, args)
	b.finishCall(e, f, c, out)
	return out
}

// resolveCall chooses the overload and reports a call that fits none.
func (b *binder) resolveCall(e *syntax.Call, f *function, args []*bound) *call {
	found := choose(f.signatures, args, false)
	at := e.Name.Span()
	if len(found) == 1 {
		b.check(f.name, found[0], at)
		return found[0]
	}
	switch {
	case len(args) == 0:
		b.report("KS120", at, "the function '%s' expects arguments", f.name)
	case !anyUnresolved(args):
		b.report("KS127", at, "the function '%s' is not compatible with arguments (%s)", f.name, typeNames(typings(args)))
	}
	if len(found) > 1 && equal(b.commonResult(found), b.result(f, found[0])) {
		return found[0]
	}
	return nil
}

// foldable reports whether a function of constants is a constant.
func foldable(name string) bool { return name != "rand" && name != "new_guid" }

func (b *binder) finishCall(e *syntax.Call, f *function, c *call, out *bound) {
	plan := &Call{Typed: Typed{Result: out.typing.valueType(), At: e.Span()}, Name: f.planName()}
	for _, a := range c.args {
		if !a.star {
			plan.Args = append(plan.Args, a.expr)
			continue
		}
		for i, col := range b.row.all() {
			plan.Args = append(plan.Args, columnAt(i, col))
		}
	}
	out.expr = plan
	if cols := b.severalValues(f, c); len(cols) > 0 {
		b.spread(out, plan, cols)
	}
	if isConversion(f.name) && len(c.args) == 1 && c.args[0].column != nil && equal(c.args[0].typing, out.typing) {
		out.result = c.args[0].column
	}
	if f.name == "column_names_of" && len(c.args) == 1 && c.args[0].table != nil && !c.args[0].table.open {
		out.expr = columnNamesOf(c.args[0].table, e.Span())
	}
	b.checkWord(f, c)
	if f.name == "iscolumnexists" && b.row != nil && !b.row.open {
		b.bindIsColumnExists(c, out)
	}
	if f.name == "bin_auto" {
		plan.Args = append(plan.Args, b.queryProperty("query_bin_auto_size", e.Span()), b.queryProperty("query_bin_auto_at", e.Span()))
	}
	b.checkBranches(e, f, c)
	b.checkSerialized(f.name, e.Name.Span())
	b.checkRegex(f.planName(), c.args)
	if f.name == "column_ifexists" || f.name == "columnifexists" {
		b.bindColumnIfExists(c, out)
	}
	if (f.name == "pack_all" || f.name == "pack_array" && len(c.args) == 1 && c.args[0].star) && b.row != nil {
		b.bindPackAll(f, plan, c)
	}
}

// spread makes an expression with several values of a call.
func (b *binder) spread(out *bound, plan *Call, cols []*column) {
	plan.Results = valueColumns(cols)
	out.several, out.typing = &several{values: cols}, cols[0].typing
	plan.Result = out.typing.valueType()
	for i, c := range cols {
		part := &Part{Typed: Typed{Result: c.typing.valueType(), At: plan.At}, Target: plan, Index: i}
		out.several.parts = append(out.several.parts, part)
	}
	out.expr = out.several.parts[0]
}

// columnNamesOf is the value of column_names_of(T), which is known once T is.
func columnNamesOf(r *relation, at syntax.Span) Expr {
	names := []any{}
	for _, c := range r.columns {
		names = append(names, c.name)
	}
	return &Literal{Typed: Typed{Result: value.Dynamic, At: at}, Value: value.NewDynamic(names)}
}

// bindColumnIfExists turns the call into the column, in the type of the default as Microsoft's binder says, or into the default.
func (b *binder) bindColumnIfExists(c *call, out *bound) {
	if len(c.args) != 2 {
		return
	}
	name, ok := c.args[0].text()
	if !ok {
		return
	}
	if i, found := b.row.find(name); found != nil {
		out.expr = columnAt(i, found)
		if to := out.typing.valueType(); found.typing.valueType() != to {
			out.expr = retyped(out.expr, to)
		}
		return
	}
	if b.row != nil && b.row.open {
		return
	}
	out.expr = c.args[1].expr
}

// queryProperty is the value that a set statement gave a property, or null.
func (b *binder) queryProperty(name string, at syntax.Span) Expr {
	if x := b.properties[name]; x != nil {
		return x
	}
	return &Literal{Typed: Typed{Result: value.Unknown, At: at}, Value: value.Null(value.Unknown)}
}

// bindIsColumnExists is what iscolumnexists("name") says, which is known once the columns are.
func (b *binder) bindIsColumnExists(c *call, out *bound) {
	if len(c.args) != 1 {
		return
	}
	if name, ok := c.args[0].text(); ok {
		_, found := b.row.find(name)
		out.expr = &Literal{Typed: Typed{Result: value.Bool, At: out.span()}, Value: value.NewBool(found != nil)}
	}
}

// bindPackAll names the columns that pack_all() and pack_array(*) take: name, value, name, value ...
func (b *binder) bindPackAll(f *function, plan *Call, c *call) {
	var args []Expr
	for i, col := range b.row.all() {
		if f.name == "pack_all" {
			args = append(args, &Literal{
				Typed: Typed{Result: value.String, At: plan.At}, Value: value.NewString(col.name),
			})
		}
		args = append(args, columnAt(i, col))
	}
	if f.name == "pack_array" {
		plan.Args = args
		return
	}
	var ignore Expr = &Literal{Typed: Typed{Result: value.Bool, At: plan.At}, Value: value.NewBool(false)}
	if len(c.args) > 0 {
		ignore = c.args[0].expr
	}
	plan.Args = append([]Expr{ignore}, args...)
}

// planName is the one name under which the executor knows a function and its aliases.
func (f *function) planName() string { return f.canonical }

func isConversion(name string) bool {
	switch name {
	case "tobool", "todatetime", "todecimal", "todouble", "todynamic", "toguid", "toint", "tolong", "toreal", "tostring",
		"totime", "totimespan":
		return true
	default:
		return false
	}
}

// callName is the name of a column made of a call.
func (b *binder) callName(f *function, args []*bound) (string, bool) {
	first, ok := "", false
	if len(args) > 0 {
		first, ok = args[0].name, args[0].hasName
	}
	switch f.naming {
	case "first":
		return first, ok
	case "only":
		return first, ok && len(args) == 1
	case "name_first":
		return f.name + "_" + first, true
	case "prefix_first":
		return f.prefix + "_" + first, true
	case "prefix":
		return f.prefix, f.hasPrefix
	case "value":
		if len(args) == 0 {
			return "", false
		}
		text, isText := args[0].text()
		if _, c := b.row.find(text); isText && c != nil {
			return text, true
		}
	}
	return "", false
}

// bindReference binds the functions that name a table, a database or a cluster; nil for all others.
func (b *binder) bindReference(e *syntax.Call, f *function, args []*bound) *bound {
	rule := f.signatures[0].returns
	name, literal := "", false
	if len(args) > 0 {
		name, literal = args[0].text()
	}
	open := func() *bound { return tableOf(e, &relation{open: true, op: b.nowhere(e)}) }
	switch rule {
	case "table":
		if t, ok := b.schema.Table(name); ok && literal {
			return tableOf(e, b.scan(t, e.Span()))
		}
		if literal && !b.fuzzy {
			d := b.report("KS204", args[0].span(), "the name '%s' does not refer to any known table, tabular variable or function", name)
			d.Hint = hint(name, b.schema.TableNames())
		}
		return open()
	case "database":
		if literal && name != b.schema.Name() {
			b.report("KS208", args[0].span(), "the name '%s' does not refer to any known database", name)
		}
		return &bound{node: e, typing: typing{shape: database}}
	case "cluster":
		if literal {
			b.warn("KS207", args[0].span(), "the name '%s' does not refer to a reachable cluster", name)
		}
		return &bound{node: e, typing: typing{shape: cluster}}
	case "externaltable", "materializedview", "storedqueryresult":
		if literal {
			code := map[string]string{"externaltable": "KS209", "materializedview": "KS210", "storedqueryresult": "KS248"}[rule]
			b.report(code, args[0].span(), "the name '%s' does not refer to any known %s", name, spaced(rule))
		}
		return open()
	case "entitygroup":
		if literal {
			b.report("KS247", args[0].span(), "the name '%s' does not refer to any known entity group", name)
		}
		return &bound{node: e, typing: typing{shape: nothing}}
	case "graph":
		if literal {
			b.report("KS260", e.Name.Span(), "the name '%s' does not refer to any known graph model", name)
		}
		return &bound{node: e, typing: typing{shape: tabular}, table: &relation{open: true, op: b.nowhere(e), graph: &graph{open: true}}}
	default:
		return nil
	}
}

func spaced(rule string) string {
	switch rule {
	case "externaltable":
		return "external table"
	case "materializedview":
		return "materialized view"
	default:
		return "stored query result"
	}
}

// databaseMember binds database("d").T.
func (b *binder) databaseMember(e *syntax.Member, member *syntax.Name) *bound {
	if t, ok := b.schema.Table(member.Text); ok && !b.elsewhere(e.Target) {
		return tableOf(e, b.scan(t, e.Span()))
	}
	if !b.elsewhere(e.Target) {
		b.report("KS204", member.Span(), "the name '%s' does not refer to any known table, tabular variable or function", member.Text)
	}
	return tableOf(e, &relation{open: true, op: b.nowhere(e)})
}

// elsewhere reports whether a database is one the schema does not describe.
func (b *binder) elsewhere(target syntax.Expr) bool {
	switch t := target.(type) {
	case *syntax.Call:
		return t.Name.Text == "database" && len(t.Args) > 0
	default:
		return true
	}
}

// bindMemberCall binds database("d").f(x) and cluster("c").database("d").
func (b *binder) bindMemberCall(e *syntax.Member, target *bound, member *syntax.Call) *bound {
	switch {
	case target.typing.shape == cluster && member.Name.Text == "database":
		b.bindArguments(member)
		return &bound{node: e, typing: typing{shape: database}}
	case target.typing.shape == database:
		args := b.bindArguments(member)
		if f := b.builtins.scalars[member.Name.Text]; f != nil && !b.elsewhere(e.Target) {
			if out := b.bindReference(member, f, args); out != nil {
				return out
			}
		}
		if !b.elsewhere(e.Target) {
			b.report("KS211", member.Name.Span(), "the name '%s' does not refer to any known function", member.Name.Text)
		}
		return tableOf(e, &relation{open: true, op: b.nowhere(e)})
	case target.typing.isDynamic():
		b.bindArguments(member)
		b.unsupported(member.Name.Span(), "a dynamic value has no functions")
		out := &bound{node: e, typing: typing{shape: anything}, expr: placeholder(e), hasName: true}
		out.name = pathName(target, "")
		return out
	case target.typing.unresolved():
		b.bindArguments(member)
		return &bound{node: e, typing: target.typing, expr: placeholder(e)}
	default:
		b.bindArguments(member)
		b.report("KS211", member.Name.Span(), "the name '%s' does not refer to any known function", member.Name.Text)
		return bad(e)
	}
}
