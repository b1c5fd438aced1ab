package syntax

func (l *Literal) write(p *printer) { p.text(l.Raw) }

func (d *Dynamic) write(p *printer) {
	p.text("dynamic(")
	d.Value.write(p)
	p.text(")")
}

func (o *JSONObject) write(p *printer) {
	p.text("{")
	list(p, o.Members)
	p.text("}")
}

func (m *JSONMember) write(p *printer) {
	m.Key.write(p)
	p.text(": ")
	m.Value.write(p)
}

func (a *JSONArray) write(p *printer) {
	p.text("[")
	list(p, a.Elements)
	p.text("]")
}

func (t *TypeOf) write(p *printer) {
	p.text("typeof")
	if t.Schema != nil {
		t.Schema.write(p)
		return
	}
	p.text("(", t.Type.Text, ")")
}

func (*Star) write(p *printer) { p.text("*") }

func (w *Wildcard) write(p *printer) { p.text(w.Pattern) }

func (u *Unary) write(p *printer) {
	p.text(u.Op.Text)
	u.Operand.write(p)
}

func (b *Binary) write(p *printer) {
	b.Left.write(p)
	p.text(" ", b.Op.Text, " ")
	b.Right.write(p)
}

func (e *In) write(p *printer) {
	e.Left.write(p)
	p.text(" ", e.Op.Text, " ")
	if len(e.List) == 1 {
		p.nested("(", e.List[0])
		return
	}
	p.text("(")
	list(p, e.List)
	p.text(")")
}

func (b *Between) write(p *printer) {
	b.Left.write(p)
	p.text(" ", b.Op.Text, " (")
	b.Low.write(p)
	p.text(" .. ")
	b.High.write(p)
	p.text(")")
}

func (e *Parens) write(p *printer) { p.nested("(", e.Inner) }

func (c *Call) write(p *printer) {
	node(p, c.Name)
	p.text("(")
	list(p, c.Args)
	p.text(")")
}

func (n *NamedExpr) write(p *printer) {
	switch {
	case n.Tuple:
		p.text("(")
		list(p, n.Names)
		p.text(") = ")
	case len(n.Names) > 0:
		n.Names[0].write(p)
		p.text(" = ")
	}
	node(p, n.Value)
}

func (m *Member) write(p *printer) {
	m.Target.write(p)
	p.text(".")
	m.Member.write(p)
}

func (e *Element) write(p *printer) {
	e.Target.write(p)
	p.text("[")
	e.Index.write(p)
	p.text("]")
}

func (t *ToScalar) write(p *printer) {
	p.text("toscalar")
	p.properties(t.Properties)
	p.nested("(", t.Input)
}

func (t *ToTable) write(p *printer) {
	p.text("totable")
	p.properties(t.Properties)
	p.nested("(", t.Input)
}

func (m *Materialize) write(p *printer) {
	p.text("materialize")
	p.nested("(", m.Input)
}

func (e *Pipeline) write(p *printer) {
	first := e.Operators
	if e.Source != nil {
		e.Source.write(p)
	} else {
		first[0].write(p)
		first = first[1:]
	}
	for _, op := range first {
		p.line()
		p.text("| ")
		op.write(p)
	}
}

// schema writes a word, its properties and a schema, which follows the bare word without space.
func (p *printer) schema(word string, properties []*Property, schema *RowSchema) {
	p.text(word)
	p.properties(properties)
	if len(properties) > 0 {
		p.text(" ")
	}
	schema.write(p)
}

func (d *DataTable) write(p *printer) {
	p.schema("datatable", d.Properties, d.Schema)
	p.text(" [")
	if width := max(1, len(d.Schema.Columns)); !p.flat && len(d.Values) > width {
		d.printRows(p, width)
	} else {
		list(p, d.Values)
	}
	p.text("]")
}

// printRows writes a line for every row.
func (d *DataTable) printRows(p *printer, width int) {
	p.indent++
	for i, v := range d.Values {
		if i%width == 0 {
			p.line()
		} else {
			p.text(" ")
		}
		v.write(p)
		if i < len(d.Values)-1 {
			p.text(",")
		}
	}
	p.indent--
	p.line()
}

func (d *ContextualDataTable) write(p *printer) {
	p.text("__contextual_datatable ")
	d.ID.write(p)
	p.text(" ")
	node(p, d.Schema)
}

func (d *ExternalData) write(p *printer) {
	p.schema(d.Keyword.Text, d.Properties, d.Schema)
	p.text(" [")
	list(p, d.URIs)
	p.text("]")
	p.with(d.With)
}

func (d *InlineExternalTable) write(p *printer) {
	p.text("inline_external_table ")
	node(p, d.Schema)
	p.text(" kind=", d.Kind.Text)
	if d.Partitions != nil {
		p.text(" partition by (")
		list(p, d.Partitions)
		p.text(")")
	}
	if d.PathFormat != nil {
		p.text(" pathformat=(")
		for i, part := range d.PathFormat {
			if i > 0 {
				p.text(" ")
			}
			part.write(p)
		}
		p.text(")")
	}
	if d.DataFormat.Present() {
		p.text(" dataformat=", d.DataFormat.Text)
	}
	p.text(" (")
	list(p, d.URIs)
	p.text(")")
	p.with(d.With)
}

func (g *EntityGroup) write(p *printer) {
	p.text("entity_group [")
	list(p, g.Entities)
	p.text("]")
}

func (f *Function) write(p *printer) {
	if f.View.Present() {
		p.text("view ")
	}
	p.text("(")
	list(p, f.Parameters)
	p.text(") ")
	node(p, f.Body)
}

func (b *Bracketed) write(p *printer) {
	p.text("[")
	b.Inner.write(p)
	p.text("]")
}

func (s *DataScope) write(p *printer) {
	s.Target.write(p)
	p.text(" datascope=", s.Scope.Text)
}

func (l *NameList) write(p *printer) { list(p, l.Names) }

func (m *MaterializedViewCombine) write(p *printer) {
	p.text("materialized-view-combine ")
	p.nested("(", m.Name)
	p.nested(" base (", m.Base)
	p.nested(" delta (", m.Delta)
	p.nested(" aggregations (", m.Aggregation)
}

func (*BadExpr) write(*printer) {}
