package syntax

func (p *parser) whereOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	return &Where{operator: o, Predicate: p.requiredNameable()}
}

func (p *parser) extendOperator(o operator) operatorReader {
	p.begin()
	return &Extend{operator: o, Columns: p.columns(true, p.endOfList)}
}

func (p *parser) projectOperator(o operator) operatorReader {
	p.begin()
	return &Project{operator: o, Columns: p.columns(false, p.endOfList)}
}

func (p *parser) projectRenameOperator(o operator) operatorReader {
	p.begin()
	return &ProjectRename{operator: o, Columns: p.columns(false, p.endOfList)}
}

// columnNames reads names and patterns for names separated by commas.
func (p *parser) columnNames() []Expr {
	var list []Expr
	p.commaList("a column", false, false, p.endOfList, func() bool {
		return collect(&list, p.nameOrWildcard())
	})
	return list
}

func (p *parser) projectAwayOperator(o operator) operatorReader {
	p.begin()
	return &ProjectAway{operator: o, Columns: p.columnNames()}
}

func (p *parser) projectKeepOperator(o operator) operatorReader {
	p.begin()
	return &ProjectKeep{operator: o, Columns: p.columnNames()}
}

func (p *parser) projectByNamesOperator(o operator) operatorReader {
	p.begin()
	op := &ProjectByNames{operator: o}
	p.commaList("a column", false, false, p.endOfList, func() bool {
		if w := p.wildcard(); w != nil {
			return collect(&op.Columns, Expr(w))
		}
		return collect(&op.Columns, p.expression())
	})
	return op
}

func (p *parser) projectReorderOperator(o operator) operatorReader {
	p.begin()
	op := &ProjectReorder{operator: o}
	p.commaList("a column", false, false, p.endOfList, func() bool {
		start := p.start()
		column := p.nameOrWildcard()
		if column == nil {
			return false
		}
		k := &OrderKey{Value: column, Order: p.acceptWord("asc", "desc", "granny-asc", "granny-desc")}
		k.extent = p.from(start)
		return collect(&op.Columns, k)
	})
	return op
}

func (p *parser) summarizeOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &Summarize{operator: o}
	op.Aggregates = p.columns(false, func() bool { return p.atWord("by") || p.endOfList() })
	if op.ByWord = p.acceptWord("by"); !op.ByWord.Present() {
		return op
	}
	op.By = p.columns(true, func() bool { return p.atBin() || p.endOfList() })
	if p.atWord("bin") && p.peek(1).is('=') {
		p.pos += 2
		op.Bin = p.required()
	}
	return op
}

// atBin reports whether the old clause `bin=1h` is next.
func (p *parser) atBin() bool {
	if !p.atWord("bin") || !p.peek(1).is('=') {
		return false
	}
	switch p.peek(2).kind {
	case longToken, realToken, timespanToken, parenLiteralToken, boolToken, stringToken, rawGUIDToken:
		return true
	}
	return false
}

func (p *parser) distinctOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &Distinct{operator: o}
	p.commaList("a column", true, false, p.endOfList, func() bool {
		if p.at('*') {
			star := p.star()
			return collect(&op.Columns, &NamedExpr{extent: extent{star.Span()}, Value: star})
		}
		return collect(&op.Columns, p.named())
	})
	return op
}

func (p *parser) countOperator(o operator) operatorReader {
	if p.peek(1).is('(') {
		return nil
	}
	p.begin()
	op := &Count{operator: o}
	if p.acceptWord("as").Present() {
		if t := p.tokens[p.pos]; t.kind == wordToken && t.class&keyword == 0 {
			op.As = p.anyName()
		} else {
			p.expected("KS005", "a name")
		}
	}
	return op
}

func (p *parser) takeOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	return &Take{operator: o, N: p.requiredNameable()}
}

func (p *parser) sampleOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	return &Sample{operator: o, N: p.requiredNameable()}
}

func (p *parser) sampleDistinctOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &SampleDistinct{operator: o, N: p.requiredNameable()}
	p.requireWord("of")
	op.Of = p.requiredNameable()
	return op
}

// orderKey reads `expression asc nulls last`, or nil.
func (p *parser) orderKey() *OrderKey {
	start := p.start()
	value := p.nameable()
	if value == nil {
		return nil
	}
	k := &OrderKey{Value: value, Order: p.acceptWord("asc", "desc", "granny-asc", "granny-desc")}
	if p.acceptWord("nulls").Present() {
		k.Nulls = p.requireWord("first", "last")
	}
	k.extent = p.from(start)
	return k
}

// requiredOrderKey reads a key, or reports that it is missing.
func (p *parser) requiredOrderKey() *OrderKey {
	if k := p.orderKey(); k != nil {
		return k
	}
	p.missing("an expression to order by")
	e := p.bad()
	return &OrderKey{extent: extent{e.Span()}, Value: e}
}

// orderKeys reads keys separated by commas.
func (p *parser) orderKeys(ended func() bool) []*OrderKey {
	var list []*OrderKey
	p.commaList("an expression to order by", true, false, ended, func() bool {
		return collect(&list, p.orderKey())
	})
	return list
}

func (p *parser) sortOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false)
	p.requireWord("by")
	return &Sort{operator: o, Keys: p.orderKeys(p.endOfList)}
}

func (p *parser) topOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &Top{operator: o, N: p.requiredNameable()}
	p.requireWord("by")
	op.Key = p.requiredOrderKey()
	return op
}

func (p *parser) topHittersOperator(o operator) operatorReader {
	p.begin()
	op := &TopHitters{operator: o, N: p.requiredNameable()}
	p.requireWord("of")
	op.Of = p.requiredNameable()
	if p.acceptWord("by").Present() {
		op.By = p.requiredNameable()
	}
	return op
}

func (p *parser) topNestedOperator(o operator) operatorReader {
	op := &TopNested{operator: o}
	p.commaList(`"top-nested"`, true, false, p.endOfList, func() bool {
		return collect(&op.Clauses, p.topNestedClause())
	})
	return op
}

// topNestedClause reads `top-nested n of a with others = b by c`, or nil.
func (p *parser) topNestedClause() *TopNestedClause {
	start := p.start()
	if !p.acceptWord("top-nested").Present() {
		return nil
	}
	c := &TopNestedClause{}
	if !p.atWord("of") {
		c.N = p.nameable()
	}
	p.requireWord("of")
	c.Of = p.requiredNamed()
	if p.acceptWord("with").Present() {
		p.requireWord("others")
		p.require('=')
		if c.Others = p.literal(); c.Others == nil {
			c.Others = p.required()
		}
	}
	p.requireWord("by")
	c.By = p.requiredOrderKey()
	c.extent = p.from(start)
	return c
}

// onClause reads the conditions after `on`, if it is there.
func (p *parser) onClause() (list []Expr, found bool) {
	if !p.acceptWord("on").Present() {
		return nil, false
	}
	for {
		e := p.expression()
		if e == nil {
			p.missing("an expression")
			return append(list, p.bad()), true
		}
		list = append(list, e)
		if !p.accept(',') {
			return list, true
		}
	}
}

func (p *parser) joinOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &Join{operator: o, Right: p.required()}
	var found bool
	if op.On, found = p.onClause(); !found && p.acceptWord("where").Present() {
		op.Where = p.required()
	}
	return op
}

func (p *parser) lookupOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &Lookup{operator: o, Right: p.required()}
	var found bool
	if op.On, found = p.onClause(); !found {
		p.expected("KS006", `"on"`)
	}
	return op
}

func (p *parser) unionOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true, "best_effort")
	op := &Union{operator: o}
	p.commaList("a table", true, false, p.endOfList, func() bool {
		if p.at('(') {
			return collect(&op.Tables, p.parens())
		}
		return collect(&op.Tables, p.entity())
	})
	return op
}

// tablesClause reads `in (tables)` of find and search; nil without it.
func (p *parser) tablesClause() []Expr {
	if !p.acceptWord("in").Present() {
		return nil
	}
	var list []Expr
	if p.require('(') {
		p.commaList("a table", true, false, p.endOfList, func() bool {
			return collect(&list, p.findTable())
		})
		p.closing(')')
	}
	return list
}

// findTable reads a table of find: as union does, or `name | as alias`.
func (p *parser) findTable() Expr {
	start := p.start()
	table := p.entity()
	if _, ok := table.(*Name); !ok || !p.at('|') || !p.isWord(1, "as") {
		return table
	}
	p.pos++
	return &Pipeline{Source: table, Operators: []Operator{p.requiredOperator()}, extent: p.from(start)}
}

func (p *parser) findOperator(o operator) operatorReader {
	p.begin()
	scope := p.dataScopeClause()
	o.Properties = p.properties(false)
	op := &Find{operator: o, Scope: scope, Tables: p.tablesClause()}
	if where := p.acceptWord("where"); !where.Present() && (op.Tables != nil || len(o.Properties) > 0) {
		p.expected("KS005", `"where"`)
	}
	op.Predicate = p.required()
	if op.Project = p.acceptWord("project", "project-smart"); op.Project.Text == "project" {
		op.Columns = p.findColumns()
	}
	if p.acceptWord("__projectAway").Present() {
		op.Away = p.findColumns()
	}
	return op
}

// findColumns reads the columns of find's projection.
func (p *parser) findColumns() []*FindColumn {
	var list []*FindColumn
	for {
		c := p.findColumn()
		if c == nil {
			p.missing("a column")
			return list
		}
		list = append(list, c)
		if !p.accept(',') {
			return list
		}
	}
}

// findColumn reads `name:type`, `*` or `pack(*)`, or nil.
func (p *parser) findColumn() *FindColumn {
	start := p.start()
	c := &FindColumn{}
	switch {
	case p.atWord("pack"):
		c.Value = p.packAll()
	case p.at('*'):
		c.Value = p.star()
	default:
		n := p.name()
		if n == nil {
			return nil
		}
		c.Value = n
		if p.accept(':') {
			if t := p.tokens[p.pos]; t.kind == wordToken && isOldType(p.slice(t)) {
				c.Type = p.word()
			} else {
				c.Type = p.scalarType()
			}
		}
	}
	c.extent = p.from(start)
	return c
}

// packAll reads `pack(*)`.
func (p *parser) packAll() Expr {
	start := p.start()
	c := &Call{Name: p.anyName()}
	if p.require('(') {
		if p.at('*') {
			c.Args = []Expr{p.star()}
		} else {
			p.expected("KS005", `"*"`)
		}
		p.closing(')')
	}
	c.extent = p.from(start)
	return c
}

func (p *parser) searchOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	scope := p.dataScopeClause()
	op := &Search{operator: o, Scope: scope, Tables: p.tablesClause()}
	op.Predicate = p.searchPredicate()
	return op
}

// searchPredicate reads an expression, `*`, or `* and expression`.
func (p *parser) searchPredicate() Expr {
	start := p.start()
	if e := p.expression(); e != nil {
		return e
	}
	if !p.at('*') {
		return p.required()
	}
	star := p.star()
	and := p.acceptWord("and")
	if !and.Present() {
		return star
	}
	right := p.required()
	return &Binary{extent: p.from(start), Op: and, Left: star, Right: right}
}

func (p *parser) printOperator(o operator) operatorReader {
	p.begin()
	return &PrintOperator{operator: o, Columns: p.columns(true, p.endOfList)}
}

func (p *parser) rangeOperator(o operator) operatorReader {
	if p.peek(1).is('(') {
		return nil
	}
	p.begin()
	op := &Range{operator: o, Column: p.requiredName()}
	p.requireWord("from")
	op.From = p.required()
	p.requireWord("to")
	op.To = p.required()
	p.requireWord("step")
	op.Step = p.required()
	return op
}
