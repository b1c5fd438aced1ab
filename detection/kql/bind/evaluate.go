package bind

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// bindEvaluate binds `evaluate plugin(...)`.
func (b *binder) bindEvaluate(op *syntax.Evaluate, in *relation, first bool) *relation {
	name := op.Plugin.Name.Text
	f := b.builtins.plugins[name]
	if f == nil {
		b.bindArguments(op.Plugin)
		d := b.report("KS124", op.Plugin.Name.Span(), "the plug-in function '%s' is not defined", name)
		d.Hint = hint(name, keys(b.builtins.plugins))
		return b.declaredSchema(op, &relation{open: true, op: b.nowhere(op)})
	}
	plan := &Evaluate{Name: name, Declared: op.Schema != nil}
	if !first {
		plan.Input = in.op
	}
	args := b.bindPluginArguments(op.Plugin, f, in, plan)
	r := &relation{open: true}
	if c := b.resolveCall(op.Plugin, f, args); c != nil {
		r = b.pluginResult(f, c, in)
	}
	r = b.declaredSchema(op, r)
	r.op = plan
	plan.At = op.Span()
	b.unpacked(r, &plan.Output)
	plan.Fields, plan.Open = valueColumns(r.all()), r.open
	return r
}

func keys(m map[string]*function) []string { return slices.Sorted(maps.Keys(m)) }

// declaredSchema applies the schema after the colon of `evaluate f() : (a:string)`.
func (b *binder) declaredSchema(op *syntax.Evaluate, r *relation) *relation {
	if op.Schema == nil {
		return r
	}
	cols := b.schemaColumns(op.Schema)
	out := &relation{op: r.op}
	if op.Schema.Star {
		for _, c := range r.columns {
			named := false
			for _, d := range cols {
				named = named || d.name == c.name
			}
			if !named {
				out.columns = append(out.columns, c)
			}
		}
	}
	out.columns = append(out.columns, cols...)
	return out
}

// bindPluginArguments binds the arguments of a plugin: columns of the input, of a lookup table, or an aggregate.
func (b *binder) bindPluginArguments(e *syntax.Call, f *function, in *relation, plan *Evaluate) []*bound {
	row, subject := b.row, b.subject
	defer func() { b.row, b.subject, b.mode = row, subject, normal }()
	b.mode, b.subject = normal, nil
	var args []*bound
	for i, x := range e.Args {
		b.row, b.mode = in, normal
		restrict := pluginRestriction(f, i)
		a := Argument{}
		group := &aggregation{}
		saved := b.aggregates
		switch restrict {
		case "Aggregate":
			b.aggregates, b.mode = group, aggregating
		case "Column_Parameter0":
			b.row = firstTable(args, in)
		case "Column_Parameter0_Common":
			b.row = &relation{columns: shared(in, firstTable(args, in))}
		}
		v := b.bindExpr(x)
		b.aggregates = saved
		if len(group.calls) > 0 {
			a.Aggregate = &group.calls[0]
		}
		a.Name, a.Expr = v.named(), v.expr
		if v.table != nil {
			a.Table, a.Expr = v.table.op, nil
		}
		args = append(args, v)
		plan.Args = append(plan.Args, a)
	}
	return args
}

func pluginRestriction(f *function, i int) string {
	params := f.signatures[0].params
	if i < len(params) {
		return params[i].restrict
	}
	if len(params) == 0 {
		return ""
	}
	for _, p := range params {
		if p.max == unbounded {
			return p.restrict
		}
	}
	return params[len(params)-1].restrict
}

func firstTable(args []*bound, in *relation) *relation {
	if len(args) > 0 && args[0].table != nil {
		return args[0].table
	}
	return in
}

// shared are the columns that two relations have in common by name.
func shared(a, b *relation) []*column {
	var out []*column
	for _, c := range a.all() {
		if _, d := b.find(c.name); d != nil {
			out = append(out, c)
		}
	}
	return out
}

// pluginResult is the relation that a plugin gives.
func (b *binder) pluginResult(f *function, c *call, in *relation) *relation {
	if c.signature.returns == "" {
		r := &relation{}
		for i := range c.signature.columns {
			r.columns = append(r.columns, &c.signature.columns[i])
		}
		return r
	}
	switch f.name {
	case "bag_unpack":
		return unpackedBag(c, in)
	case "pivot":
		return pivoted(c, in)
	case "identity", "identity_v3", "rows_near", "preview":
		return &relation{columns: in.all(), open: in.open}
	case "ipv4_lookup", "ipv6_lookup", "geo_polygon_lookup", "geo_line_lookup":
		return lookedUp(f.name, c, in)
	case "python", "r", "csharp":
		if len(c.args) > 0 && c.args[0].typing.shape == typeName && len(c.args[0].schema.all()) > 0 {
			return &relation{columns: c.args[0].schema.all(), open: in.open}
		}
		return &relation{open: true}
	case "autocluster", "basket", "diffpatterns", "dcount_intersect", "ai_embed_text", "ai_embeddings",
		"ai_chat_completion", "ai_chat_completion_prompt":
		return widened(f.name, c, in)
	default:
		return activity(f.name, c)
	}
}

// unpackedBag is the input without the column that is taken apart; what it holds is known at run time.
func unpackedBag(c *call, in *relation) *relation {
	r := &relation{open: true}
	for _, col := range in.columns {
		if len(c.args) == 0 || col != c.args[0].column {
			r.columns = append(r.columns, col)
		}
	}
	return r
}

// pivoted is the columns that stay rows; those made of values are known at run time.
func pivoted(c *call, in *relation) *relation {
	r := &relation{open: true}
	for i, a := range c.args {
		if i >= 2 && a.column != nil {
			r.columns = append(r.columns, a.column)
		}
	}
	if len(r.columns) > 0 {
		return r
	}
	var by, aggregated *column
	if len(c.args) > 0 {
		by = c.args[0].column
	}
	if len(c.args) > 1 {
		aggregated = c.args[1].first
	}
	for _, col := range in.columns {
		if col != by && col != aggregated {
			r.columns = append(r.columns, col)
		}
	}
	return r
}

// lookedUp is the input followed by the lookup table, without the columns both share as extra keys.
func lookedUp(name string, c *call, in *relation) *relation {
	if len(c.args) == 0 || c.args[0].table == nil {
		return &relation{columns: in.all(), open: in.open}
	}
	extra := map[string]bool{}
	for i, p := range c.params {
		if p != nil && p.name == "ExtraKey" && c.args[i].column != nil {
			extra[c.args[i].column.name] = true
		}
	}
	cols := append([]*column(nil), in.all()...)
	key := ""
	if strings.HasPrefix(name, "geo_") && !returnsKey(c) && len(c.args) > 1 && c.args[1].column != nil {
		key = c.args[1].column.name
	}
	if name == "ipv6_lookup" {
		return &relation{columns: uniqueNames(append(append([]*column(nil), c.args[0].table.all()...), in.all()...))}
	}
	for _, col := range c.args[0].table.all() {
		if !extra[col.name] && (key == "" || !strings.EqualFold(col.name, key)) {
			cols = append(cols, col)
		}
	}
	return &relation{columns: uniqueNames(cols)}
}

// returnsKey reports whether return_lookup_key=true is given.
func returnsKey(c *call) bool {
	for i, p := range c.params {
		if l, ok := c.args[i].expr.(*Literal); ok && p != nil && p.name == "return_lookup_key" {
			return l.Value.Type() == value.Bool && l.Value.Bool()
		}
	}
	return false
}

// widened is the input with columns before or after it.
func widened(name string, c *call, in *relation) *relation {
	before, after := "", ""
	label := ""
	if len(c.args) > 0 {
		label = c.args[0].name
	}
	switch name {
	case "autocluster", "basket":
		before = "SegmentId:long,Count:long,Percent:real"
	case "diffpatterns":
		before = "SegmentId:long,CountA:long,CountB:long,PercentA:real,PercentB:real,PercentDiffAB:real"
	case "dcount_intersect":
		for i := range c.args {
			after += ",s" + itoa(i) + ":long"
		}
	case "ai_embed_text":
		after = label + "_embedding:dynamic"
	case "ai_embeddings":
		after = label + "_embeddings:dynamic"
	default:
		after = label + "_completion:string"
	}
	r := &relation{open: in.open}
	r.columns = append(r.columns, pointers(parseColumns(before))...)
	r.columns = append(r.columns, in.all()...)
	r.columns = append(r.columns, pointers(parseColumns(strings.TrimPrefix(after, ",")))...)
	return r
}

func pointers(cols []column) []*column {
	out := make([]*column, len(cols))
	for i := range cols {
		out[i] = &cols[i]
	}
	return out
}

// activity is the outcome of the user-analytics plugins: the timeline, the dimensions, the metrics.
func activity(name string, c *call) *relation {
	metrics := map[string]string{
		"active_users_count":         "dcount:long",
		"activity_counts_metrics":    "count:long,dcount:long,new_dcount:long,aggregated_dcount:long",
		"activity_engagement":        "dcount_activities_inner:long,dcount_activities_outer:long,activity_ratio:real",
		"activity_metrics":           "dcount_values:long,dcount_newvalues:long,retention_rate:real,churn_rate:real",
		"funnel_sequence":            "dcount:long,samples:array",
		"funnel_sequence_completion": "Period:timespan,dcount:long",
		"new_activity_metrics": "dcount_new_values:long,dcount_retained_values:long,dcount_churn_values:long," +
			"retention_rate:real,churn_rate:real",
		"session_count":         "count_sessions:long",
		"sliding_window_counts": "Count:long,Dcount:long",
		"sequence_detect":       "Duration:timespan",
		"estimate_rows_count":   "EstimatedRowsCount:long",
	}
	spec, known := metrics[name]
	if !known && name != "rolling_percentile" {
		return &relation{open: true}
	}
	r := &relation{}
	timeline, state, dimensions := pluginColumns(c)
	switch {
	case timeline == nil:
	case name == "new_activity_metrics":
		r.columns = append(r.columns,
			&column{name: "from_" + timeline.name, typing: timeline.typing},
			&column{name: "to_" + timeline.name, typing: timeline.typing})
	case name == "sequence_detect":
		r.columns = append(r.columns, dimensions...)
		dimensions = nil
		for i, p := range c.params {
			if p != nil && p.name == "Expr" {
				r.columns = append(r.columns, &column{name: c.args[i].name + "_" + timeline.name, typing: timeline.typing})
			}
		}
	default:
		r.columns = append(r.columns, timeline)
	}
	if state != nil && name == "funnel_sequence" {
		r.columns = append(r.columns, &column{name: "prev", typing: state.typing}, &column{name: "next", typing: state.typing})
	} else if state != nil {
		r.columns = append(r.columns, &column{name: state.name, typing: scalar(value.String)})
	}
	r.columns = append(r.columns, dimensions...)
	if name == "rolling_percentile" {
		r.columns = append(r.columns, rollingColumn(c))
	}
	r.columns = append(r.columns, pointers(parseColumns(spec))...)
	return r
}

// pluginColumns are the columns that arguments of the analytics plugins name.
func pluginColumns(c *call) (timeline, state *column, dimensions []*column) {
	for i, p := range c.params {
		if p == nil || c.args[i].column == nil {
			continue
		}
		switch p.name {
		case "TimelineColumn", "IndexColumn":
			timeline = c.args[i].column
		case "StateColumn":
			state = c.args[i].column
		case "Dimension":
			dimensions = append(dimensions, c.args[i].column)
		}
	}
	return timeline, state, dimensions
}

func rollingColumn(c *call) *column {
	bins, percentile, label, t := "0", "0", "value", scalar(value.Long)
	for i, p := range c.params {
		if p == nil {
			continue
		}
		l, isLiteral := c.args[i].expr.(*Literal)
		switch {
		case p.name == "BinsPerWindow" && isLiteral:
			bins = l.Value.String()
		case p.name == "Percentile" && isLiteral:
			percentile = l.Value.String()
		case p.name == "ValueColumn" && c.args[i].column != nil:
			label, t = c.args[i].column.name, c.args[i].column.typing
		}
	}
	return &column{name: "rolling_" + bins + "_percentile_" + label + "_" + percentile, typing: t}
}

// bindInvoke binds `T | invoke f(...)`: T is the first argument.
func (b *binder) bindInvoke(op *syntax.Invoke, in *relation) *relation {
	row, subject := b.row, b.subject
	b.row, b.subject, b.invoked = nil, nil, in
	defer func() { b.row, b.subject, b.invoked = row, subject, nil }()
	var v *bound
	switch f := op.Function.(type) {
	case *syntax.Call:
		v = b.bindIn(f, true)
	case *syntax.Name:
		v = b.bindIn(f, true)
	default:
		v = b.bindExpr(op.Function)
	}
	if v.table == nil {
		return &relation{open: true, op: b.nowhere(op)}
	}
	return v.table
}
