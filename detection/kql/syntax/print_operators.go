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
	n.write(p)
}

func (o *Where) write(p *printer)   { o.operand(p, o.Predicate) }
func (o *Take) write(p *printer)    { o.operand(p, o.N) }
func (o *Sample) write(p *printer)  { o.operand(p, o.N) }
func (o *As) write(p *printer)      { o.operand(p, o.As) }
func (o *Invoke) write(p *printer)  { o.operand(p, o.Function) }
func (o *Consume) write(p *printer) { o.head(p) }

func (o *ExecuteAndCache) write(p *printer)     { o.head(p) }
func (o *BadOperator) write(p *printer)         { o.head(p) }
func (o *GraphMarkComponents) write(p *printer) { o.head(p) }
func (o *GraphWhereNodes) write(p *printer)     { o.operand(p, o.Predicate) }
func (o *GraphWhereEdges) write(p *printer)     { o.operand(p, o.Predicate) }
func (o *AssertSchema) write(p *printer)        { o.operand(p, o.Schema) }

func (o *Extend) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Project) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectAway) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectKeep) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectRename) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectReorder) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *ProjectByNames) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Distinct) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Serialize) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *PrintOperator) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
}

func (o *Union) write(p *printer) {
	o.head(p)
	columns(p, o.Tables)
}

func (k *OrderKey) write(p *printer) {
	k.Value.write(p)
	if k.Order.Present() {
		p.text(" ", k.Order.Text)
	}
	if k.Nulls.Present() {
		p.text(" nulls ", k.Nulls.Text)
	}
}

func (o *Summarize) write(p *printer) {
	o.head(p)
	p.by(o.ByWord, o.By, columns(p, o.Aggregates))
	after(p, " bin=", o.Bin)
}

func (o *Count) write(p *printer) {
	o.head(p)
	after(p, " as ", o.As)
}

func (o *SampleDistinct) write(p *printer) {
	o.operand(p, o.N)
	after(p, " of ", o.Of)
}

func (o *Sort) write(p *printer) {
	o.head(p)
	p.text(" by")
	columns(p, o.Keys)
}

func (o *Top) write(p *printer) {
	o.operand(p, o.N)
	after(p, " by ", o.Key)
}

func (o *TopHitters) write(p *printer) {
	o.operand(p, o.N)
	after(p, " of ", o.Of)
	after(p, " by ", o.By)
}

func (o *TopNested) write(p *printer) { list(p, o.Clauses) }

func (c *TopNestedClause) write(p *printer) {
	p.text("top-nested")
	after(p, " ", c.N)
	after(p, " of ", c.Of)
	after(p, " with others = ", c.Others)
	after(p, " by ", c.By)
}

func (o *Join) write(p *printer) {
	o.operand(p, o.Right)
	if len(o.On) > 0 {
		p.text(" on ")
		list(p, o.On)
	}
	after(p, " where ", o.Where)
}

func (o *Lookup) write(p *printer) {
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

func (o *Find) write(p *printer) {
	p.text(o.word.Text)
	p.scope(o.Scope)
	p.properties(o.Properties)
	p.inTables(o.Tables)
	p.text(" where ")
	o.Predicate.write(p)
	if o.Project.Present() {
		p.text(" ", o.Project.Text)
		columns(p, o.Columns)
	}
	if o.Away != nil {
		p.text(" __projectAway")
		columns(p, o.Away)
	}
}

func (c *FindColumn) write(p *printer) {
	c.Value.write(p)
	if c.Type.Present() {
		p.text(":", c.Type.Text)
	}
}

func (o *Search) write(p *printer) {
	o.head(p)
	p.scope(o.Scope)
	p.inTables(o.Tables)
	p.text(" ")
	o.Predicate.write(p)
}

func (c *MvColumn) write(p *printer) {
	node(p, c.Column)
	if c.To != nil {
		if c.Column != nil {
			p.text(" ")
		}
		p.text("to ")
		c.To.write(p)
	}
}

func (o *MvExpand) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
	after(p, " limit ", o.Limit)
}

func (o *MvApply) write(p *printer) {
	o.head(p)
	columns(p, o.Columns)
	after(p, " limit ", o.Limit)
	after(p, " id ", o.ContextID)
	p.text(" on ")
	p.nested("(", o.Subquery)
}

func (o *ParseOperator) write(p *printer) {
	o.operand(p, o.Input)
	p.text(" with")
	for _, part := range o.Pattern {
		p.text(" ")
		part.write(p)
	}
}

func (o *ParseKV) write(p *printer) {
	o.operand(p, o.Input)
	after(p, " as ", o.Schema)
	p.with(o.With)
}

func (o *MakeSeries) write(p *printer) {
	o.head(p)
	columns(p, o.Aggregates)
	after(p, " on ", o.On)
	after(p, " in ", o.Range)
	after(p, " from ", o.From)
	after(p, " to ", o.To)
	after(p, " step ", o.Step)
	p.by(o.ByWord, o.By, false)
}

func (a *SeriesAggregate) write(p *printer) {
	node(p, a.Column)
	after(p, " default = ", a.Default)
}

func (o *Scan) write(p *printer) {
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
		s.write(p)
	}
	p.indent--
	p.line()
	p.text(")")
}

func (s *ScanStep) write(p *printer) {
	p.text("step ")
	node(p, s.Name)
	if s.Optional.Present() {
		p.text(" optional")
	}
	if s.Output.Present() {
		p.text(" output=", s.Output.Text)
	}
	p.text(": ")
	s.Condition.write(p)
	if len(s.Assignments) > 0 {
		p.text(" => ")
		list(p, s.Assignments)
	}
	p.text(";")
}

func (o *Partition) write(p *printer) {
	o.head(p)
	after(p, " by ", o.By)
	after(p, " in ", o.Scope)
	if o.Subquery != nil {
		p.nested(" (", o.Subquery)
	}
	after(p, " ", o.Body)
}

func (o *PartitionBy) write(p *printer) {
	o.operand(p, o.By)
	after(p, " id ", o.ContextID)
	p.nested(" (", o.Subquery)
}

func (o *Evaluate) write(p *printer) {
	o.operand(p, o.Plugin)
	after(p, " : ", o.Schema)
}

func (o *Facet) write(p *printer) {
	o.head(p)
	p.text(" by ")
	list(p, o.By)
	if o.With != nil {
		p.nested(" with (", o.With)
	}
}

func (o *Fork) write(p *printer) {
	o.head(p)
	p.indent++
	for _, b := range o.Branches {
		p.line()
		b.write(p)
	}
	p.indent--
}

func (b *ForkBranch) write(p *printer) {
	if b.Name != nil {
		b.Name.write(p)
		p.text(" = ")
	}
	p.nested("(", b.Subquery)
}

func (o *Reduce) write(p *printer) {
	o.head(p)
	after(p, " by ", o.By)
	if len(o.With) > 0 {
		p.text(" with ")
		list(p, o.With)
	}
}

func (o *Render) write(p *printer) {
	o.head(p)
	p.text(" ", o.Chart.Text)
	for _, s := range o.Bare {
		p.text(" ")
		switch s.Name.Text {
		case "with", "by":
			p.text(s.Name.Text, " ")
			s.Value.write(p)
		default:
			s.write(p)
		}
	}
	p.with(o.With)
}

func (o *GetSchema) write(p *printer) {
	o.head(p)
	if o.Kind.Present() {
		p.text(" kind=", o.Kind.Text)
	}
}

func (o *Range) write(p *printer) {
	o.operand(p, o.Column)
	after(p, " from ", o.From)
	after(p, " to ", o.To)
	after(p, " step ", o.Step)
}

func (o *MacroExpand) write(p *printer) {
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

func (o *MakeGraph) write(p *printer) {
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
		o.PartitionedBy.write(p)
		p.nested(" (", o.Subquery)
	}
}

func (n *GraphNodes) write(p *printer) {
	n.Table.write(p)
	after(p, " on ", n.On)
}

// graphClauses writes `where condition project columns`.
func (p *printer) graphClauses(where Expr, project []*NamedExpr) {
	p.indent++
	if where != nil {
		p.line()
		p.text("where ")
		where.write(p)
	}
	if project != nil {
		p.line()
		p.text("project")
		columns(p, project)
	}
	p.indent--
}

func (o *GraphMatch) write(p *printer) {
	o.head(p)
	columns(p, o.Patterns)
	p.graphClauses(o.Where, o.Columns)
}

func (o *GraphShortestPaths) write(p *printer) {
	o.head(p)
	columns(p, o.Patterns)
	p.graphClauses(o.Where, o.Columns)
}

func (g *GraphPattern) write(p *printer) {
	for _, e := range g.Elements {
		e.write(p)
	}
}

func (e *GraphElement) write(p *printer) {
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
		e.Min.write(p)
		after(p, " .. ", e.Max)
	}
	p.text(e.Text[open:])
}

func (o *GraphToTable) write(p *printer) {
	o.head(p)
	columns(p, o.Outputs)
}

func (g *GraphOutput) write(p *printer) {
	p.text(g.Kind.Text)
	after(p, " as ", g.As)
	p.properties(g.Properties)
}
