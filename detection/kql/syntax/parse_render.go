package syntax

// isChart reports whether render knows the word as a chart.
func isChart(word string) bool {
	switch word {
	case "table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart",
		"areachart", "stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card",
		"treemap", "plotly", "graph", "sankey":
		return true
	}
	return false
}

func (p *parser) renderOperator(o operator) operatorReader {
	p.begin()
	op := &Render{operator: o}
	t := p.tokens[p.pos]
	if t.kind == wordToken && (isChart(p.slice(t)) || t.class&keyword == 0) { // the binder says which there are
		op.Chart = p.word()
	} else {
		p.expected("KS005", "a kind of chart")
	}
	for {
		bare := p.bareRenderProperty()
		if bare == nil {
			break
		}
		op.Bare = append(op.Bare, bare)
	}
	if p.acceptWord("with").Present() && p.require('(') {
		p.accept(',')
		op.With = p.ownProperties(p.renderValue, "kind", "title", "accumulate", "xcolumn", "ycolumns",
			"anomalycolumns", "series", "xtitle", "ytitle", "xaxis", "yaxis", "legend", "ysplit", "ymin", "ymax", "xmin", "xmax")
		p.closing(')')
	}
	return op
}

// bareRenderProperty reads a property of the old form without parentheses, or nil.
func (p *parser) bareRenderProperty() *Property {
	start := p.start()
	s := &Property{}
	switch equals := p.peek(1).is('='); {
	case equals && (p.atWord("kind") || p.atWord("title") || p.atWord("accumulate")):
		s.Name = p.anyName()
		p.pos++
		s.Value = p.renderValue(s.Name.Text)
	case p.atWord("with") && !p.peek(1).is('('):
		s.Name = p.anyName()
		s.Value = p.settingValue()
	case p.atWord("by"):
		s.Name = p.anyName()
		s.Value = p.nameList()
	default:
		return nil
	}
	if s.Value == nil {
		p.expected("KS006", "a value for "+s.Name.Text)
		s.Value = p.bad()
	}
	s.extent = p.from(start)
	return s
}

// renderValue reads the value of a property of render, or nil.
func (p *parser) renderValue(name string) Expr {
	switch name {
	case "title", "xtitle", "ytitle":
		return p.path()
	case "ycolumns", "anomalycolumns", "series":
		return p.nameList()
	}
	return p.settingValue()
}

// nameList reads `a, b`, up to the comma before the next property; or nil.
func (p *parser) nameList() Expr {
	start := p.start()
	l := &NameList{}
	for {
		n := p.newName()
		if n == nil {
			break
		}
		l.Names = append(l.Names, n)
		size := p.scanNewName(1)
		if !p.at(',') || size == 0 || p.peek(1+size).is('=') {
			break
		}
		p.pos++
	}
	if len(l.Names) == 0 {
		return nil
	}
	l.extent = p.from(start)
	return l
}
