package bind

import (
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

// bindStatements binds statements in order; the outcome is that of the last expression.
func (b *binder) bindStatements(list []syntax.Statement) *bound {
	var out *bound
	for i, s := range list {
		if !b.within(i+1, maxStatements, s, "statements") {
			break
		}
		switch s := s.(type) {
		case *syntax.ExpressionStatement:
			out = b.bindExpr(s.Value)
		case *syntax.Let:
			b.bindLet(s)
		case *syntax.QueryParameters:
			b.bindQueryParameters(s)
		case *syntax.Set:
			b.bindSet(s)
		case *syntax.DeclarePattern:
			b.bindPattern(s)
		case *syntax.Alias:
			b.bindExpr(s.Value)
		case *syntax.Command:
			out = b.bindCommand(s, out)
		case *syntax.Restrict:
			for _, t := range s.Tables {
				b.bindIn(t, true)
			}
		}
	}
	return out
}

// bindSet keeps the properties of the query that functions look at; the others steer the service only.
func (b *binder) bindSet(s *syntax.Set) {
	if s.Name == nil || s.Value == nil || !strings.HasPrefix(s.Name.Text, "query_bin_auto_") {
		return
	}
	if b.properties == nil {
		b.properties = map[string]Expr{}
	}
	b.properties[s.Name.Text] = b.bindExpr(s.Value).expr
}

func (b *binder) bindLet(s *syntax.Let) {
	if s.Name == nil || s.Value == nil {
		return
	}
	name := s.Name.Text
	if b.scope.declares(name) {
		b.report("KS201", s.Name.Span(), "a variable with the name '%s' has already been declared", name)
	}
	sym := &symbol{name: name}
	if f, ok := s.Value.(*syntax.Function); ok {
		sym.fn = b.declareFunction(name, f)
		b.scope = b.scope.with(sym)
		return
	}
	v := b.bindExpr(s.Value)
	sym.size = v.size
	switch {
	case v.table != nil:
		sym.table = b.share(name, v.table, s.Value)
	case v.fn != nil:
		sym.fn = v.fn
	case len(v.values()) > 1:
		b.report("KS139", s.Value.Span(), "the multi-valued expression cannot be assigned to a variable")
		sym.scalar = v
	case v.typing.isScalar() || v.typing.shape == invalid:
		sym.scalar = v
	default:
		sym.bound = v
	}
	b.scope = b.scope.with(sym)
}

// share gives a table a name. If the query mentions the name more than once, its rows may be computed once.
func (b *binder) share(name string, r *relation, at syntax.Node) *relation {
	out := *r
	if strings.Count(b.source.Text, name) <= 2 || b.mentioned(name) <= 2 {
		return &out
	}
	if _, done := r.op.(*Shared); done {
		return &out
	}
	out.op = &Shared{Output: b.output(r, at), ID: b.id(), Name: name, Input: r.op}
	return &out
}

// output is the Output of an operator that gives the columns of a relation.
func (b *binder) output(r *relation, at syntax.Node) Output {
	b.widen(len(r.columns), at)
	if all := r.all(); len(r.fields) != len(all) {
		r.fields = valueColumns(all)
	}
	return Output{Fields: slices.Clip(r.fields), At: at.Span(), Open: r.open}
}

func (b *binder) bindQueryParameters(s *syntax.QueryParameters) {
	canBeTable := true
	f := &userFunction{}
	for _, p := range s.Parameters {
		b.declareParameter(f, p, &canBeTable)
	}
	for i, p := range f.params {
		sym := f.standIn(i, p, s.Parameters[i])
		if f.defaults[i] != nil {
			sym.scalar = f.defaults[i]
		}
		b.scope = b.scope.with(sym)
	}
}

// bindPipeline binds source | operator | operator.
func (b *binder) bindPipeline(e *syntax.Pipeline) *bound {
	row, right, mode, began := b.row, b.right, b.mode, b.began
	defer func() { b.row, b.right, b.mode, b.began = row, right, mode, began }()
	b.right, b.began = nil, b.size
	in := b.subject
	if e.Source != nil {
		in = b.bindPipelineSource(e)
	}
	first := e.Source == nil && b.subject == nil
	var group []*relation
	for i, op := range e.Operators {
		if !b.spend(1, op) || !b.within(i+1, maxOperators, op, "operators in one pipeline") {
			break
		}
		if group != nil {
			in = b.afterSeveral(in, op)
		}
		b.row, b.mode = in, normal
		if first {
			b.row = nil
		}
		b.checkPlace(op, first)
		b.checkSettings(op.Name(), op.Settings())
		in, group = b.bindOperator(op, in, first)
		first = false
	}
	if in == nil {
		return bad(e)
	}
	out := tableOf(e, in)
	out.tables = group
	return out
}

// afterSeveral is what follows an operator with several results: rows without columns, as in Microsoft's binder.
func (b *binder) afterSeveral(in *relation, at syntax.Node) *relation {
	r := &relation{}
	r.op = &Project{Output: b.output(r, at), Input: in.op, Keyword: "project"}
	return r
}

// bindPipelineSource binds what a pipeline begins with; isfuzzy of a first union covers it too.
func (b *binder) bindPipelineSource(e *syntax.Pipeline) *relation {
	fuzzy, subject := b.fuzzy, b.subject
	defer func() { b.fuzzy, b.subject = fuzzy, subject }()
	b.subject = nil
	if len(e.Operators) > 0 {
		if u, ok := e.Operators[0].(*syntax.Union); ok && isTrue(u.Properties, "isfuzzy") {
			b.fuzzy = true
		}
	}
	return b.bindTable(e.Source)
}

// checkPlace reports operators that must or must not begin a query.
func (b *binder) checkPlace(op syntax.Operator, first bool) {
	at := op.Keyword().Span
	switch op := op.(type) {
	case *syntax.PrintOperator, *syntax.Range:
		if !first {
			b.report("KS175", at, "the operator must be the first operator in the query")
		}
	case *syntax.Find:
		if !first && op.Tables != nil {
			b.report("KS175", at, "the operator must be the first operator in the query")
		}
	case *syntax.Search:
		if !first && op.Tables != nil {
			b.report("KS175", at, "the operator must be the first operator in the query")
		}
	case *syntax.Union, *syntax.Evaluate, *syntax.MacroExpand, *syntax.BadOperator:
	default:
		if first {
			b.report("KS174", at, "the operator cannot be the first operator in a query")
		}
	}
}

// property finds a setting of an operator under any of its names.
func property(list []*syntax.Property, names ...string) *syntax.Property {
	for _, name := range names {
		if p := syntax.FindProperty(list, name); p != nil {
			return p
		}
	}
	return nil
}

// word is the text of a setting: a name, or the text of a literal.
func word(p *syntax.Property) string {
	if p == nil {
		return ""
	}
	switch v := p.Value.(type) {
	case *syntax.Name:
		return v.Text
	case *syntax.Literal:
		return v.Text
	default:
		return ""
	}
}

func isTrue(list []*syntax.Property, name string) bool {
	w := word(property(list, name, "__"+name))
	return w == "true" || w == "True"
}

// words are all settings as text, for the plan.
func words(list []*syntax.Property) map[string]string {
	out := map[string]string{}
	for _, p := range list {
		if p.Name != nil {
			out[p.Name.Text] = word(p)
		}
	}
	return out
}

// bindMaterialize binds materialize(table).
func (b *binder) bindMaterialize(e *syntax.Materialize) *bound {
	in := b.bindIn(e.Input, true)
	if in.table == nil {
		if in.typing.shape != invalid && !in.typing.isScalar() {
			b.report("KS111", e.Input.Span(), "tabular value expected")
		}
		out := *in
		out.node = e
		return &out
	}
	r := *in.table
	r.op = &Shared{Output: b.output(&r, e), ID: b.id(), Materialized: true, Input: in.table.op}
	return tableOf(e, &r)
}
