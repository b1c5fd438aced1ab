package syntax

// acceptGlued consumes signs that are written together, such as -->.
func (p *parser) acceptGlued(list ...string) Word {
next:
	for _, text := range list {
		for i := range len(text) {
			if t := p.peek(i); !t.is(sign(text[i])) || i > 0 && !t.glued {
				continue next
			}
		}
		start := p.start()
		p.pos += len(text)
		return Word{Text: text, Span: p.from(start).span}
	}
	return Word{}
}

func (p *parser) makeGraphOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &MakeGraph{operator: o, Source: p.columnName()}
	if op.Direction = p.acceptGlued("-->", "--"); !op.Direction.Present() {
		p.expected("KS005", `"-->"`)
	}
	op.Target = p.columnName()
	switch {
	case p.acceptWord("with_node_id").Present():
		p.require('=')
		op.NodeID = p.requiredName()
	case p.acceptWord("with").Present():
		ended := func() bool { return p.atWord("partitioned-by") || p.endOfList() }
		p.commaList("a table of nodes", true, false, ended, func() bool {
			return collect(&op.Nodes, p.graphNodes())
		})
	}
	if p.acceptWord("partitioned-by").Present() {
		if op.PartitionedBy = p.simplePath(); op.PartitionedBy == nil {
			p.missing("a column")
			op.PartitionedBy = p.bad()
		}
		op.Subquery = p.subquery()
	}
	return op
}

// columnName reads a name, or reports that it is missing.
func (p *parser) columnName() Expr {
	if n := p.name(); n != nil {
		return n
	}
	p.missing("a column")
	return p.bad()
}

// graphNodes reads `table on column`, or nil.
func (p *parser) graphNodes() *GraphNodes {
	start := p.start()
	table := p.unary()
	if table == nil {
		return nil
	}
	n := &GraphNodes{Table: table}
	p.requireWord("on")
	n.On = p.columnName()
	n.extent = p.from(start)
	return n
}

func (p *parser) graphMatchOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &GraphMatch{operator: o, Patterns: p.graphPatterns()}
	op.Where, op.Columns = p.graphClauses()
	return op
}

func (p *parser) graphShortestPathsOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true, "output")
	op := &GraphShortestPaths{operator: o, Patterns: p.graphPatterns()}
	op.Where, op.Columns = p.graphClauses()
	return op
}

// graphClauses reads `where condition project columns`, both optional.
func (p *parser) graphClauses() (where Expr, columns []*NamedExpr) {
	if p.acceptWord("where").Present() {
		where = p.required()
	}
	if p.acceptWord("project").Present() {
		columns = p.columns(true, p.endOfList)
	}
	return where, columns
}

// graphPatterns reads patterns separated by commas.
func (p *parser) graphPatterns() []*GraphPattern {
	var list []*GraphPattern
	for {
		start := p.start()
		pattern := &GraphPattern{}
		for {
			e := p.graphElement()
			if e == nil {
				break
			}
			pattern.Elements = append(pattern.Elements, e)
		}
		if len(pattern.Elements) == 0 {
			p.expected("KS006", "a graph pattern such as (a)-[e]->(b)")
		}
		pattern.extent = p.from(start)
		list = append(list, pattern)
		if !p.accept(',') {
			return list
		}
	}
}

// graphElement reads a node `(name)` or an edge `-[name*1..3]->`, or nil.
func (p *parser) graphElement() *GraphElement {
	start := p.start()
	e := &GraphElement{}
	if p.accept('(') {
		e.Text = "()"
		e.Name = p.name()
		p.closing(')')
		e.extent = p.from(start)
		return e
	}
	if edge := p.acceptGlued("-->", "<--", "--"); edge.Present() {
		e.Text = edge.Text
		e.extent = p.from(start)
		return e
	}
	open := p.acceptGlued("-[", "<-[")
	if !open.Present() {
		return nil
	}
	e.Name = p.name()
	if p.accept('*') {
		e.Min = p.graphBound()
		p.require(dotDot)
		e.Max = p.graphBound()
	}
	end := p.acceptGlued("]->", "]-")
	if !end.Present() {
		p.expected("KS005", `"]->" or "]-"`)
	}
	e.Text = open.Text + end.Text
	e.extent = p.from(start)
	return e
}

// graphBound reads a bound of a variable length edge.
func (p *parser) graphBound() Expr {
	if e := p.unary(); e != nil {
		return e
	}
	p.missing("a number")
	return p.bad()
}

func (p *parser) graphToTableOperator(o operator) operatorReader {
	p.begin()
	op := &GraphToTable{operator: o}
	for {
		start := p.start()
		out := &GraphOutput{Kind: p.requireWord("nodes", "edges")}
		if !out.Kind.Present() {
			return op
		}
		if p.acceptWord("as").Present() {
			out.As = p.requiredName()
		}
		out.Properties = p.properties(true, "with_node_id", "with_source_id", "with_target_id")
		out.extent = p.from(start)
		op.Outputs = append(op.Outputs, out)
		if !p.accept(',') {
			return op
		}
	}
}

func (p *parser) graphWhereNodesOperator(o operator) operatorReader {
	p.begin()
	return &GraphWhereNodes{operator: o, Predicate: p.required()}
}

func (p *parser) graphWhereEdgesOperator(o operator) operatorReader {
	p.begin()
	return &GraphWhereEdges{operator: o, Predicate: p.required()}
}

func (p *parser) graphMarkComponentsOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true, "with_component_id")
	return &GraphMarkComponents{operator: o}
}
