package syntax

// Walk calls f for a node and, as long as f returns true, for the nodes below it, in the order of the text.
func Walk(n Node, f func(Node) bool) {
	if f(n) {
		n.children(func(child Node) { Walk(child, f) })
	}
}

// one visits a node that may be left out.
func one[T interface {
	comparable
	Node
}](visit func(Node), n T,
) {
	var none T
	if n != none {
		visit(n)
	}
}

// each visits the nodes of a list.
func each[T Node](visit func(Node), list []T) {
	for _, n := range list {
		visit(n)
	}
}

func (*Name) children(func(Node)) {}

func (n *Query) children(visit func(Node)) {
	each(visit, n.Statements)
}

func (n *Block) children(visit func(Node)) {
	each(visit, n.Statements)
}

func (n *ExpressionStatement) children(visit func(Node)) {
	one(visit, n.Value)
}

func (n *Let) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Value)
}

func (n *Set) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Value)
}

func (n *Alias) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Value)
}

func (n *QueryParameters) children(visit func(Node)) {
	each(visit, n.Parameters)
}

func (n *Command) children(visit func(Node)) {
	each(visit, n.Tables)
	each(visit, n.Entities)
	one(visit, n.Function)
	one(visit, n.Query)
	one(visit, n.Piped)
}

func (n *DeclarePattern) children(visit func(Node)) {
	one(visit, n.Name)
	each(visit, n.Arguments)
	one(visit, n.Path)
	each(visit, n.Cases)
}

func (n *PatternCase) children(visit func(Node)) {
	each(visit, n.Arguments)
	one(visit, n.Path)
	one(visit, n.Body)
}

func (n *Restrict) children(visit func(Node)) {
	each(visit, n.Tables)
	each(visit, n.With)
}

func (n *Parameter) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Schema)
	one(visit, n.Default)
}

func (n *RowSchema) children(visit func(Node)) {
	each(visit, n.Columns)
}

func (n *ColumnDeclaration) children(visit func(Node)) {
	one(visit, n.Name)
}

func (n *Property) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Value)
}

func (n *OrderKey) children(visit func(Node)) {
	one(visit, n.Value)
}

func (*Literal) children(func(Node)) {}

func (n *Dynamic) children(visit func(Node)) {
	one(visit, n.Value)
}

func (n *JSONObject) children(visit func(Node)) {
	each(visit, n.Members)
}

func (n *JSONMember) children(visit func(Node)) {
	one(visit, n.Key)
	one(visit, n.Value)
}

func (n *JSONArray) children(visit func(Node)) {
	each(visit, n.Elements)
}

func (n *TypeOf) children(visit func(Node)) {
	one(visit, n.Schema)
}

func (*Star) children(func(Node)) {}

func (*Wildcard) children(func(Node)) {}

func (n *Unary) children(visit func(Node)) {
	one(visit, n.Operand)
}

func (n *Binary) children(visit func(Node)) {
	one(visit, n.Left)
	one(visit, n.Right)
}

func (n *In) children(visit func(Node)) {
	one(visit, n.Left)
	each(visit, n.List)
}

func (n *Between) children(visit func(Node)) {
	one(visit, n.Left)
	one(visit, n.Low)
	one(visit, n.High)
}

func (n *Parens) children(visit func(Node)) {
	one(visit, n.Inner)
}

func (n *Call) children(visit func(Node)) {
	one(visit, n.Name)
	each(visit, n.Args)
}

func (n *NamedExpr) children(visit func(Node)) {
	each(visit, n.Names)
	one(visit, n.Value)
}

func (n *Member) children(visit func(Node)) {
	one(visit, n.Target)
	one(visit, n.Member)
}

func (n *Element) children(visit func(Node)) {
	one(visit, n.Target)
	one(visit, n.Index)
}

func (n *ToScalar) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Input)
}

func (n *ToTable) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Input)
}

func (n *Materialize) children(visit func(Node)) {
	one(visit, n.Input)
}

func (n *Pipeline) children(visit func(Node)) {
	one(visit, n.Source)
	each(visit, n.Operators)
}

func (n *DataTable) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Schema)
	each(visit, n.Values)
}

func (n *ContextualDataTable) children(visit func(Node)) {
	one(visit, n.ID)
	one(visit, n.Schema)
}

func (n *ExternalData) children(visit func(Node)) {
	each(visit, n.Properties)
	one(visit, n.Schema)
	each(visit, n.URIs)
	each(visit, n.With)
}

func (n *InlineExternalTable) children(visit func(Node)) {
	one(visit, n.Schema)
	each(visit, n.Partitions)
	each(visit, n.PathFormat)
	each(visit, n.URIs)
	each(visit, n.With)
}

func (n *EntityGroup) children(visit func(Node)) {
	each(visit, n.Entities)
}

func (n *Function) children(visit func(Node)) {
	each(visit, n.Parameters)
	one(visit, n.Body)
}

func (n *Bracketed) children(visit func(Node)) {
	one(visit, n.Inner)
}

func (n *DataScope) children(visit func(Node)) {
	one(visit, n.Target)
}

func (n *NameList) children(visit func(Node)) {
	each(visit, n.Names)
}

func (n *MaterializedViewCombine) children(visit func(Node)) {
	one(visit, n.Name)
	one(visit, n.Base)
	one(visit, n.Delta)
	one(visit, n.Aggregation)
}

func (*BadExpr) children(func(Node)) {}
