package syntax

import "strings"

// head writes the operator's word and its properties.
func (o *operator) head(p *printer) {
	p.text(o.word.Text)
	p.properties(o.Properties)
}

// operand writes the operator's word and one operand.
func (o *operator) operand(p *printer, n Node) {
	o.head(p)
	p.text(" ")
	n.print(p)
}

func (o *Where) print(p *printer)   { o.operand(p, o.Predicate) }
func (o *Take) print(p *printer)    { o.operand(p, o.N) }
func (o *Sample) print(p *printer)  { o.operand(p, o.N) }
func (o *As) print(p *printer)      { o.operand(p, o.As) }
func (o *Invoke) print(p *printer)  { o.operand(p, o.Function) }
func (o *Consume) print(p *printer) { o.head(p) }

func (o *ExecuteAndCache) print(p *printer)     { o.head(p) }
func (o *BadOperator) print(p *printer)         { o.head(p) }
func (o *GraphMarkComponents) print(p *printer) { o.head(p) }
func (o *GraphWhereNodes) print(p *printer)     { o.operand(p, o.Predicate) }
func (o *GraphWhereEdges) print(p *printer)     { o.operand(p, o.Predicate) }
func (o *AssertSchema) print(p *printer)        { o.operand(p, o.Schema) }

func (o *Extend) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Project) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectAway) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectKeep) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectRename) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectReorder) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectByNames) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Distinct) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Serialize) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *PrintOperator) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Union) print(p *printer) {
	o.head(p)
	columns(p, o.Tables)
}

func (k *OrderKey) print(p *printer) {
	k.Value.print(p)
	if k.Order.Present() {
		p.text(" ", k.Order.Text)
	}
	if k.Nulls.Present() {
		p.text(" nulls ", k.Nulls.Text)
	}
}

func (o *Summarize) print(p *printer) {
	o.head(p)
	p.by(o.ByWord, o.By, columns(p, o.Aggregates))
	after(p, " bin=", o.Bin)
}

func (o *Count) print(p *printer) {
	o.head(p)
	after(p, " as ", o.As)
}

func (o *SampleDistinct) print(p *printer) {
	o.operand(p, o.N)
	after(p, " of ", o.Of)
}

func (o *Sort) print(p *printer) {
	o.head(p)
	p.text(" by")
	columns(p, o.Keys)
}

func (o *Top) print(p *printer) {
	o.operand(p, o.N)
	after(p, " by ", o.Key)
}

func (o *TopHitters) print(p *printer) {
	o.operand(p, o.N)
	after(p, " of ", o.Of)
	after(p, " by ", o.By)
}

func (o *TopNested) print(p *printer) { list(p, o.Clauses) }

func (c *TopNestedClause) print(p *printer) {
	p.text("top-nested")
	after(p, " ", c.N)
	after(p, " of ", c.Of)
	after(p, " with others = ", c.Others)
	after(p, " by ", c.By)
}

func (o *Join) print(p *printer) {
	o.operand(p, o.Right)
	if len(o.On) > 0 {
		p.text(" on ")
		list(p, o.On)
	}
	after(p, " where ", o.Where)
}

func (o *Lookup) print(p *printer) {
	o.operand(p, o.Right)
	if len(o.On) > 0 {
		p.text(" on ")
		list(p, o.On)
	}
	after(p, " where ", o.Where)
}

// inTables writes `in (tables)`.
func (p *printer) inTables(tables []Expr) {
	if tables != nil {
		p.text(" in (")
		list(p, tables)
		p.text(")")
	}
}

// scope writes `datascope=all`.
func (p *printer) scope(scope Word) {
	if scope.Present() {
		p.text(" datascope=", scope.Text)
	}
}

func (o *Find) print(p *printer) {
	p.text(o.word.Text)
	p.scope(o.Scope)
	p.properties(o.Properties)
	p.inTables(o.Tables)
	p.text(" where ")
	o.Predicate.print(p)
	if o.Project.Present() {
		p.text(" ", o.Project.Text)
		columns(p, o.Columns)
	}
	if o.Away != nil {
		p.text(" __projectAway")
		columns(p, o.Away)
	}
}

func (c *FindColumn) print(p *printer) {
	c.Value.print(p)
	if c.Type.Present() {
		p.text(":", c.Type.Text)
	}
}

func (o *Search) print(p *printer) {
	o.head(p)
	p.scope(o.Scope)
	p.inTables(o.Tables)
	p.text(" ")
	o.Predicate.print(p)
}

func (c *MvColumn) print(p *printer) {
	node(p, c.Column)
	if c.To != nil {
		if c.Column != nil {
			p.text(" ")
		}
		p.text("to ")
		c.To.print(p)
	}
}

func (o *MvExpand) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
	after(p, " limit ", o.Limit)
}

func (o *MvApply) print(p *printer) {
	o.head(p)
	columns(p, o.Columns)
	after(p, " limit ", o.Limit)
	after(p, " id ", o.ContextID)
	p.text(" on ")
	p.nested("(", o.Subquery, ")")
}

func (o *ParseOperator) print(p *printer) {
	o.operand(p, o.Input)
	p.text(" with")
	for _, part := range o.Pattern {
		p.text(" ")
		part.print(p)
	}
}

func (o *ParseKV) print(p *printer) {
	o.operand(p, o.Input)
	after(p, " as ", o.Schema)
	p.with(o.With)
}

func (o *MakeSeries) print(p *printer) {
	o.head(p)
	columns(p, o.Aggregates)
	after(p, " on ", o.On)
	after(p, " in ", o.Range)
	after(p, " from ", o.From)
	after(p, " to ", o.To)
	after(p, " step ", o.Step)
	p.by(o.ByWord, o.By, false)
}

func (a *SeriesAggregate) print(p *printer) {
	node(p, a.Column)
	after(p, " default = ", a.Default)
}

func (o *Scan) print(p *printer) {
	o.head(p)
	if o.OrderBy != nil {
		p.text(" order by ")
		list(p, o.OrderBy)
	}
	if o.PartitionBy != nil {
		p.text(" partition by ")
		list(p, o.PartitionBy)
	}
	if o.Declare != nil {
		p.text(" declare (")
		list(p, o.Declare)
		p.text(")")
	}
	p.text(" with (")
	p.indent++
	for _, s := range o.Steps {
		p.line()
		s.print(p)
	}
	p.indent--
	p.line()
	p.text(")")
}

func (s *ScanStep) print(p *printer) {
	p.text("step ")
	node(p, s.Name)
	if s.Optional.Present() {
		p.text(" optional")
	}
	if s.Output.Present() {
		p.text(" output=", s.Output.Text)
	}
	p.text(": ")
	s.Condition.print(p)
	if len(s.Assignments) > 0 {
		p.text(" => ")
		list(p, s.Assignments)
	}
	p.text(";")
}

func (o *Partition) print(p *printer) {
	o.head(p)
	after(p, " by ", o.By)
	after(p, " in ", o.Scope)
	if o.Subquery != nil {
		p.nested(" (", o.Subquery, ")")
	}
	after(p, " ", o.Body)
}

func (o *PartitionBy) print(p *printer) {
	o.operand(p, o.By)
	after(p, " id ", o.ContextID)
	p.nested(" (", o.Subquery, ")")
}

func (o *Evaluate) print(p *printer) {
	o.operand(p, o.Plugin)
	after(p, " : ", o.Schema)
}

func (o *Facet) print(p *printer) {
	o.head(p)
	p.text(" by ")
	list(p, o.By)
	if o.With != nil {
		p.nested(" with (", o.With, ")")
	}
}

func (o *Fork) print(p *printer) {
	o.head(p)
	p.indent++
	for _, b := range o.Branches {
		p.line()
		b.print(p)
	}
	p.indent--
}

func (b *ForkBranch) print(p *printer) {
	if b.Name != nil {
		b.Name.print(p)
		p.text(" = ")
	}
	p.nested("(", b.Subquery, ")")
}

func (o *Reduce) print(p *printer) {
	o.head(p)
	after(p, " by ", o.By)
	if len(o.With) > 0 {
		p.text(" with ")
		list(p, o.With)
	}
}

func (o *Render) print(p *printer) {
	o.head(p)
	p.text(" ", o.Chart.Text)
	for _, s := range o.Bare {
		p.text(" ")
		switch s.Name.Text {
		case "with", "by":
			p.text(s.Name.Text, " ")
			s.Value.print(p)
		default:
			s.print(p)
		}
	}
	p.with(o.With)
}

func (o *GetSchema) print(p *printer) {
	o.head(p)
	if o.Kind.Present() {
		p.text(" kind=", o.Kind.Text)
	}
}

func (o *Range) print(p *printer) {
	o.operand(p, o.Column)
	after(p, " from ", o.From)
	after(p, " to ", o.To)
	after(p, " step ", o.Step)
}

func (o *MacroExpand) print(p *printer) {
	o.operand(p, o.Group)
	after(p, " as ", o.Scope)
	p.text(" (")
	if o.Body != nil {
		p.indent++
		p.line()
		p.statements(o.Body.Statements)
		p.indent--
		p.line()
	}
	p.text(")")
}

func (o *MakeGraph) print(p *printer) {
	o.operand(p, o.Source)
	p.text(" ", o.Direction.Text, " ")
	node(p, o.Target)
	after(p, " with_node_id=", o.NodeID)
	if len(o.Nodes) > 0 {
		p.text(" with ")
		list(p, o.Nodes)
	}
	if o.PartitionedBy != nil {
		p.text(" partitioned-by ")
		o.PartitionedBy.print(p)
		p.nested(" (", o.Subquery, ")")
	}
}

func (n *GraphNodes) print(p *printer) {
	n.Table.print(p)
	after(p, " on ", n.On)
}

// graphClauses writes `where condition project columns`.
func (p *printer) graphClauses(where Expr, project []*NamedExpr) {
	p.indent++
	if where != nil {
		p.line()
		p.text("where ")
		where.print(p)
	}
	if project != nil {
		p.line()
		p.text("project")
		columns(p, project)
	}
	p.indent--
}

func (o *GraphMatch) print(p *printer) {
	o.head(p)
	columns(p, o.Patterns)
	p.graphClauses(o.Where, o.Columns)
}

func (o *GraphShortestPaths) print(p *printer) {
	o.head(p)
	columns(p, o.Patterns)
	p.graphClauses(o.Where, o.Columns)
}

func (g *GraphPattern) print(p *printer) {
	for _, e := range g.Elements {
		e.print(p)
	}
}

func (e *GraphElement) print(p *printer) {
	switch e.Text {
	case "-->", "<--", "--":
		p.text(e.Text)
		return
	}
	open := strings.IndexAny(e.Text, "[(") + 1
	p.text(e.Text[:open])
	node(p, e.Name)
	if e.Min != nil {
		p.text("*")
		e.Min.print(p)
		after(p, " .. ", e.Max)
	}
	p.text(e.Text[open:])
}

func (o *GraphToTable) print(p *printer) {
	o.head(p)
	columns(p, o.Outputs)
}

func (g *GraphOutput) print(p *printer) {
	p.text(g.Kind.Text)
	after(p, " as ", g.As)
	p.properties(g.Properties)
}
