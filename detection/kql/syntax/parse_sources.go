package syntax

// toScalar reads toscalar(table).
func (p *parser) toScalar() Expr {
	start := p.start()
	t := &ToScalar{Keyword: p.word(), Properties: p.properties(true)}
	t.Input = p.parenthesizedPipeline()
	t.extent = p.from(start)
	return t
}

// dataTable reads `datatable(schema) [values]`.
func (p *parser) dataTable() Expr {
	start := p.start()
	d := &DataTable{Keyword: p.word(), Properties: p.properties(false)}
	d.Schema = p.rowSchema()
	p.require('[')
	p.accept(',')
	p.commaList("a literal", false, true, p.endOfList, func() bool {
		return collect(&d.Values, p.literal())
	})
	p.closing(']')
	d.extent = p.from(start)
	return d
}

// contextualDataTable reads `__contextual_datatable id schema`.
func (p *parser) contextualDataTable() Expr {
	start := p.start()
	d := &ContextualDataTable{Keyword: p.word()}
	if d.ID = p.literal(); d.ID == nil {
		d.ID = p.required()
	}
	d.Schema = p.rowSchema()
	d.extent = p.from(start)
	return d
}

// externalData reads `externaldata(schema) [uris] with (properties)`.
func (p *parser) externalData() Expr {
	start := p.start()
	d := &ExternalData{Keyword: p.word(), Properties: p.properties(false)}
	d.Schema = p.rowSchema()
	p.require('[')
	d.URIs = p.uris()
	p.closing(']')
	if p.acceptWord("with").Present() {
		d.With = p.parenthesizedProperties()
	}
	d.extent = p.from(start)
	return d
}

// uris reads the connection strings of external data.
func (p *parser) uris() []Expr {
	var list []Expr
	p.commaList("a connection string", false, true, p.endOfList, func() bool {
		return collect(&list, p.pipeline())
	})
	return list
}

// inlineExternalTable reads `inline_external_table ...`, or nil if the word is a name here.
func (p *parser) inlineExternalTable() Expr {
	if !p.peek(1).is('(') && !p.isWord(1, "kind") {
		return nil
	}
	start := p.start()
	d := &InlineExternalTable{Keyword: p.word()}
	if p.at('(') {
		d.Schema = p.rowSchema()
	}
	p.requireWord("kind")
	p.require('=')
	d.Kind = p.requireWord("storage", "delta")
	if p.acceptWord("partition").Present() {
		p.requireWord("by")
		d.Partitions = p.partitionColumns()
	}
	if p.acceptWord("pathformat").Present() {
		p.require('=')
		d.PathFormat = p.pathFormat()
	}
	if p.atWord("dataformat") || d.Kind.Text != "delta" {
		p.requireWord("dataformat")
		p.require('=')
		if p.tokens[p.pos].kind == wordToken {
			d.DataFormat = p.word()
		} else {
			p.expected("KS005", "a data format")
		}
	}
	if p.require('(') {
		d.URIs = p.uris()
		p.closing(')')
	}
	if p.acceptWord("with").Present() {
		d.With = p.parenthesizedProperties()
	}
	d.extent = p.from(start)
	return d
}

// partitionColumns reads `(name:type = expression, ...)`.
func (p *parser) partitionColumns() []*Parameter {
	var list []*Parameter
	if !p.require('(') {
		return nil
	}
	p.accept(',')
	p.commaList("a partition column", false, true, p.endOfList, func() bool {
		start := p.start()
		c := &Parameter{Name: p.newName()}
		if c.Name == nil {
			return false
		}
		p.require(':')
		c.Type = p.scalarType()
		if p.accept('=') {
			c.Default = p.expression()
		}
		c.extent = p.from(start)
		return collect(&list, c)
	})
	p.closing(')')
	return list
}

// pathFormat reads `("prefix" name "/" datetime_pattern("yyyy", name))`.
func (p *parser) pathFormat() []Expr {
	var list []Expr
	if !p.require('(') {
		return nil
	}
	for !p.endOfList() {
		part := Expr(nil)
		if p.tokens[p.pos].kind == stringToken {
			part = p.stringLiteral()
		} else {
			part = p.selectorOrCall()
		}
		if part == nil {
			break
		}
		list = append(list, part)
	}
	p.closing(')')
	return list
}

// materializedViewCombine reads `materialized-view-combine (name) base (t) delta (t) aggregations (summarize)`.
func (p *parser) materializedViewCombine() Expr {
	start := p.start()
	m := &MaterializedViewCombine{Keyword: p.word()}
	m.Name = p.parenthesizedPipeline()
	for _, part := range []struct {
		word   string
		target *Expr
	}{{"base", &m.Base}, {"delta", &m.Delta}, {"aggregations", &m.Aggregation}} {
		if p.requireWord(part.word).Present() {
			*part.target = p.parenthesizedPipeline()
		} else {
			*part.target = p.bad()
		}
	}
	m.extent = p.from(start)
	return m
}
