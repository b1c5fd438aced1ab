package syntax

func (l *Literal) print(p *printer) { p.text(l.Raw) }

func (d *Dynamic) print(p *printer) {
	p.text("dynamic(")
	d.Value.print(p)
	p.text(")")
}

func (o *JSONObject) print(p *printer) {
	p.text("{")
	list(p, o.Members)
	p.text("}")
}

func (m *JSONMember) print(p *printer) {
	m.Key.print(p)
	p.text(": ")
	m.Value.print(p)
}

func (a *JSONArray) print(p *printer) {
	p.text("[")
	list(p, a.Elements)
	p.text("]")
}

func (t *TypeOf) print(p *printer) {
	p.text("typeof")
	if t.Schema != nil {
		t.Schema.print(p)
		return
	}
	p.text("(", t.Type.Text, ")")
}

func (*Star) print(p *printer) { p.text("*") }

func (w *Wildcard) print(p *printer) { p.text(w.Pattern) }

func (u *Unary) print(p *printer) {
	p.text(u.Op.Text)
	u.Operand.print(p)
}

func (b *Binary) print(p *printer) {
	b.Left.print(p)
	p.text(" ", b.Op.Text, " ")
	b.Right.print(p)
}

func (e *In) print(p *printer) {
	e.Left.print(p)
	p.text(" ", e.Op.Text, " ")
	if len(e.List) == 1 {
		p.nested("(", e.List[0], ")")
		return
	}
	p.text("(")
	list(p, e.List)
	p.text(")")
}

func (b *Between) print(p *printer) {
	b.Left.print(p)
	p.text(" ", b.Op.Text, " (")
	b.Low.print(p)
	p.text(" .. ")
	b.High.print(p)
	p.text(")")
}

func (e *Parens) print(p *printer) { p.nested("(", e.Inner, ")") }

func (c *Call) print(p *printer) {
	node(p, c.Name)
	p.text("(")
	list(p, c.Args)
	p.text(")")
}

func (n *NamedExpr) print(p *printer) {
	switch {
	case n.Tuple:
		p.text("(")
		list(p, n.Names)
		p.text(") = ")
	case len(n.Names) > 0:
		n.Names[0].print(p)
		p.text(" = ")
	}
	node(p, n.Value)
}

func (m *Member) print(p *printer) {
	m.Target.print(p)
	p.text(".")
	m.Member.print(p)
}

func (e *Element) print(p *printer) {
	e.Target.print(p)
	p.text("[")
	e.Index.print(p)
	p.text("]")
}

func (t *ToScalar) print(p *printer) {
	p.text("toscalar")
	p.properties(t.Properties)
	p.nested("(", t.Input, ")")
}

func (t *ToTable) print(p *printer) {
	p.text("totable")
	p.properties(t.Properties)
	p.nested("(", t.Input, ")")
}

func (m *Materialize) print(p *printer) {
	p.text("materialize")
	p.nested("(", m.Input, ")")
}

func (e *Pipeline) print(p *printer) {
	first := e.Operators
	if e.Source != nil {
		e.Source.print(p)
	} else {
		first[0].print(p)
		first = first[1:]
	}
	for _, op := range first {
		p.line()
		p.text("| ")
		op.print(p)
	}
}

func (d *DataTable) print(p *printer) {
	p.text("datatable")
	p.properties(d.Properties)
	p.text(" ")
	node(p, d.Schema)
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
		switch {
		case i%width == 0:
			p.line()
		default:
			p.text(" ")
		}
		v.print(p)
		if i < len(d.Values)-1 {
			p.text(",")
		}
	}
	p.indent--
	p.line()
}

func (d *ContextualDataTable) print(p *printer) {
	p.text("__contextual_datatable ")
	d.ID.print(p)
	p.text(" ")
	node(p, d.Schema)
}

func (d *ExternalData) print(p *printer) {
	p.text(d.Keyword.Text)
	p.properties(d.Properties)
	p.text(" ")
	node(p, d.Schema)
	p.text(" [")
	list(p, d.URIs)
	p.text("]")
	p.with(d.With)
}

func (d *InlineExternalTable) print(p *printer) {
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
			part.print(p)
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

func (g *EntityGroup) print(p *printer) {
	p.text("entity_group [")
	list(p, g.Entities)
	p.text("]")
}

func (f *Function) print(p *printer) {
	if f.View.Present() {
		p.text("view ")
	}
	p.text("(")
	list(p, f.Parameters)
	p.text(") ")
	node(p, f.Body)
}

func (b *Bracketed) print(p *printer) {
	p.text("[")
	b.Inner.print(p)
	p.text("]")
}

func (s *DataScope) print(p *printer) {
	s.Target.print(p)
	p.text(" datascope=", s.Scope.Text)
}

func (l *NameList) print(p *printer) { list(p, l.Names) }

func (m *MaterializedViewCombine) print(p *printer) {
	p.text("materialized-view-combine ")
	p.nested("(", m.Name, ")")
	p.nested(" base (", m.Base, ")")
	p.nested(" delta (", m.Delta, ")")
	p.nested(" aggregations (", m.Aggregation, ")")
}

func (*BadExpr) print(*printer) {}
