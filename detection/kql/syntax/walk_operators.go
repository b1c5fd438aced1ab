package syntax

func (n *Where) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Predicate)
}

func (n *Extend) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *Project) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *ProjectAway) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *ProjectKeep) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *ProjectRename) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *ProjectReorder) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *ProjectByNames) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *Summarize) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Aggregates)
	each(visit, n.By)
	one(visit, n.Bin)
}

func (n *Distinct) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *Count) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.As)
}

func (n *Take) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.N)
}

func (n *Sample) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.N)
}

func (n *SampleDistinct) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.N)
	one(visit, n.Of)
}

func (n *Sort) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Keys)
}

func (n *Top) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.N)
	one(visit, n.Key)
}

func (n *TopHitters) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.N)
	one(visit, n.Of)
	one(visit, n.By)
}

func (n *TopNested) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Clauses)
}

func (n *TopNestedClause) children(visit func(Node)) {
	one(visit, n.N)
	one(visit, n.Of)
	one(visit, n.Others)
	one(visit, n.By)
}

func (n *Join) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Right)
	each(visit, n.On)
	one(visit, n.Where)
}

func (n *Lookup) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Right)
	each(visit, n.On)
	one(visit, n.Where)
}

func (n *Union) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Tables)
}

func (n *Find) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Tables)
	one(visit, n.Predicate)
	each(visit, n.Columns)
	each(visit, n.Away)
}

func (n *FindColumn) children(visit func(Node)) {
	one(visit, n.Value)
}

func (n *Search) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Tables)
	one(visit, n.Predicate)
}

func (n *MvColumn) children(visit func(Node)) {
	one(visit, n.Column)
	one(visit, n.To)
}

func (n *MvExpand) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
	one(visit, n.Limit)
}

func (n *MvApply) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
	one(visit, n.Limit)
	one(visit, n.ContextID)
	one(visit, n.Subquery)
}

func (n *ParseOperator) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Input)
	each(visit, n.Pattern)
}

func (n *ParseKV) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Input)
	one(visit, n.Schema)
	each(visit, n.With)
}

func (n *MakeSeries) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Aggregates)
	one(visit, n.On)
	one(visit, n.From)
	one(visit, n.To)
	one(visit, n.Step)
	one(visit, n.Range)
	each(visit, n.By)
}

func (n *SeriesAggregate) children(visit func(Node)) {
	one(visit, n.Column)
	one(visit, n.Default)
}

func (n *Scan) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.OrderBy)
	each(visit, n.PartitionBy)
	each(visit, n.Declare)
	each(visit, n.Steps)
}

func (n *ScanStep) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Condition)
	each(visit, n.Assignments)
}

func (n *Partition) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.By)
	one(visit, n.Scope)
	one(visit, n.Subquery)
	one(visit, n.Body)
}

func (n *PartitionBy) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.By)
	one(visit, n.ContextID)
	one(visit, n.Subquery)
}

func (n *Evaluate) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Plugin)
	one(visit, n.Schema)
}

func (n *Invoke) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Function)
}

func (n *Facet) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.By)
	one(visit, n.With)
}

func (n *Fork) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Branches)
}

func (n *ForkBranch) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Subquery)
}

func (n *Reduce) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.By)
	each(visit, n.With)
}

func (n *Serialize) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *Render) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Bare)
	each(visit, n.With)
}

func (n *As) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.As)
}

func (n *Consume) children(visit func(Node)) {
	each(visit, n.Properties)
}

func (n *GetSchema) children(visit func(Node)) {
	each(visit, n.Properties)
}

func (n *AssertSchema) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Schema)
}

func (n *ExecuteAndCache) children(visit func(Node)) {
	each(visit, n.Properties)
}

func (n *PrintOperator) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Columns)
}

func (n *Range) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Column)
	one(visit, n.From)
	one(visit, n.To)
	one(visit, n.Step)
}

func (n *MacroExpand) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Group)
	one(visit, n.Scope)
	one(visit, n.Body)
}

func (n *BadOperator) children(visit func(Node)) {
	each(visit, n.Properties)
}

func (n *MakeGraph) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Source)
	one(visit, n.Target)
	each(visit, n.Nodes)
	one(visit, n.NodeID)
	one(visit, n.PartitionedBy)
	one(visit, n.Subquery)
}

func (n *GraphNodes) children(visit func(Node)) {
	one(visit, n.Table)
	one(visit, n.On)
}

func (n *GraphMatch) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Patterns)
	one(visit, n.Where)
	each(visit, n.Columns)
}

func (n *GraphPattern) children(visit func(Node)) {
	each(visit, n.Elements)
}

func (n *GraphElement) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Min)
	one(visit, n.Max)
}

func (n *GraphShortestPaths) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Patterns)
	one(visit, n.Where)
	each(visit, n.Columns)
}

func (n *GraphToTable) children(visit func(Node)) {
	each(visit, n.Properties)
	each(visit, n.Outputs)
}

func (n *GraphOutput) children(visit func(Node)) {
	one(visit, n.As)
	each(visit, n.Properties)
}

func (n *GraphWhereNodes) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Predicate)
}

func (n *GraphWhereEdges) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Predicate)
}

func (n *GraphMarkComponents) children(visit func(Node)) {
	each(visit, n.Properties)
}
