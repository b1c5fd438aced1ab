package syntax

// MakeGraph is `make-graph source --> target with nodes on id`.
type MakeGraph struct {
	operator
	Source    Expr
	Direction Word
	Target    Expr
	// Nodes are the tables after `with`.
	Nodes []*GraphNodes
	// NodeID is the name of `with_node_id=name`, or nil.
	NodeID *Name
	// PartitionedBy is the column of `partitioned-by column (subquery)`, or nil.
	PartitionedBy Expr
	Subquery      Expr
}

// GraphNodes is `table on column`.
type GraphNodes struct {
	extent
	Table Expr
	On    Expr
}

// GraphMatch is `graph-match patterns where condition project columns`.
type GraphMatch struct {
	operator
	Patterns []*GraphPattern
	Where    Expr // or nil
	Columns  []*NamedExpr
}

// GraphShortestPaths is `graph-shortest-paths pattern where condition project columns`.
type GraphShortestPaths struct {
	operator
	Patterns []*GraphPattern
	Where    Expr // or nil
	Columns  []*NamedExpr
}

// GraphPattern is `(a)-[e]->(b)`: nodes and edges in turn.
type GraphPattern struct {
	extent
	Elements []*GraphElement
}

// GraphElement is a node or an edge of a pattern.
type GraphElement struct {
	extent
	// Text is the form: "()" for a node, else the edge without name and range:
	// "-->", "<--", "--", "-[]->", "<-[]-", "-[]-".
	Text string
	Name *Name // or nil
	// Min and Max are the bounds of a variable length edge `*1..3`, or nil.
	Min, Max Expr
}

// GraphToTable is `graph-to-table nodes as N, edges as E`.
type GraphToTable struct {
	operator
	Outputs []*GraphOutput
}

// GraphOutput is `nodes as name with_node_id=id`.
type GraphOutput struct {
	extent
	Kind       Word
	As         *Name // or nil
	Properties []*Property
}

// GraphWhereNodes is `graph-where-nodes predicate`.
type GraphWhereNodes struct {
	operator
	Predicate Expr
}

// GraphWhereEdges is `graph-where-edges predicate`.
type GraphWhereEdges struct {
	operator
	Predicate Expr
}

// GraphMarkComponents is `graph-mark-components kind=strong with_component_id=name`.
type GraphMarkComponents struct{ operator }
