package syntax

// mvColumn reads `name = value to typeof(type)`, or nil.
func (p *parser) mvColumn() *MvColumn {
	start := p.start()
	c := &MvColumn{}
	if p.atWord("to") && p.isWord(1, "typeof") {
		p.missing("an expression")
	} else if c.Column = p.named(); c.Column == nil {
		return nil
	}
	c.To = p.toTypeOf()
	c.extent = p.from(start)
	return c
}

// toTypeOf reads `to typeof(type)`, or nil.
func (p *parser) toTypeOf() *TypeOf {
	if !p.acceptWord("to").Present() {
		return nil
	}
	if p.atWord("typeof") {
		if t := p.typeOf(); t != nil {
			return t
		}
	}
	p.expected("KS006", "typeof(type)")
	return nil
}

// mvLimit reads `limit n`, or nil.
func (p *parser) mvLimit() Expr {
	if p.acceptWord("limit").Present() {
		return p.required()
	}
	return nil
}

func (p *parser) mvExpandOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &MvExpand{operator: o}
	ended := func() bool { return p.atWord("limit") || p.endOfList() }
	p.commaList("an expression", true, false, ended, func() bool {
		return collect(&op.Columns, p.mvColumn())
	})
	op.Limit = p.mvLimit()
	return op
}

func (p *parser) mvApplyOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &MvApply{operator: o}
	if p.atWord("to") && p.isWord(1, "typeof") {
		start := p.start()
		c := &MvColumn{To: p.toTypeOf()}
		c.extent = p.from(start)
		op.Columns = []*MvColumn{c}
	} else {
		p.commaList("an expression", true, false, p.endOfMvApply, func() bool {
			return collect(&op.Columns, p.mvColumn())
		})
	}
	op.Limit = p.mvLimit()
	if p.acceptWord("id").Present() {
		op.ContextID = p.required()
	}
	p.requireWord("on")
	op.Subquery = p.subquery()
	return op
}

// endOfMvApply reports whether the columns of mv-apply end: `on` and `limit` may be columns too.
func (p *parser) endOfMvApply() bool {
	if p.atWord("limit") || p.atWord("id") || p.atWord("on") {
		next := p.peek(1)
		return !next.is(',') && !next.is('=') && !p.isWord(1, "to")
	}
	return p.endOfList()
}

// subquery reads `(operator | operator)`, whose input is the outer operator's.
func (p *parser) subquery() Expr {
	if !p.require('(') {
		return p.bad()
	}
	start := p.start()
	var source Expr
	var operators []Operator
	if p.atWord("__contextual_datatable") {
		source = p.contextualDataTable()
	} else {
		operators = []Operator{p.requiredOperator()}
	}
	e := p.piped(start, source, operators)
	p.closing(')')
	return e
}

func (p *parser) parseOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true, "flags")
	op := &ParseOperator{operator: o, Input: p.required()}
	p.requireWord("with")
	for {
		part := p.patternPart()
		if part == nil {
			return op
		}
		op.Pattern = append(op.Pattern, part)
	}
}

// patternPart reads a star, a string or `name:type` of a parse pattern, or nil.
func (p *parser) patternPart() Node {
	start := p.start()
	switch {
	case p.at('*'):
		return p.star()
	case p.tokens[p.pos].kind == stringToken:
		return p.stringLiteral()
	}
	name := p.newName()
	if name == nil && !p.at(':') {
		return nil
	}
	if name == nil {
		p.expected("KS006", "the name of a column")
	}
	c := &ColumnDeclaration{Name: name}
	if p.accept(':') {
		c.Type = p.scalarType()
	}
	c.extent = p.from(start)
	return c
}

func (p *parser) parseKVOperator(o operator) operatorReader {
	p.begin()
	op := &ParseKV{operator: o, Input: p.required()}
	p.requireWord("as")
	op.Schema = p.rowSchema()
	if p.acceptWord("with").Present() && p.require('(') {
		op.With = p.ownProperties(func(string) Expr { return p.settingValue() },
			"pair_delimiter", "kv_delimiter", "regex", "quote", "escape", "greedy")
		p.closing(')')
	}
	return op
}

func (p *parser) makeSeriesOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	op := &MakeSeries{operator: o}
	ended := func() bool { return p.atWord("on") || p.atWord("from") || p.atWord("in") || p.endOfList() }
	p.commaList("an aggregate", true, false, ended, func() bool {
		return collect(&op.Aggregates, p.seriesAggregate())
	})
	p.requireWord("on")
	op.On = p.requiredNamed()
	p.seriesRange(op)
	if op.ByWord = p.acceptWord("by"); op.ByWord.Present() {
		op.By = p.columns(true, p.endOfList)
	}
	return op
}

// seriesAggregate reads `name = aggregate default = value`, or nil.
func (p *parser) seriesAggregate() *SeriesAggregate {
	start := p.start()
	a := &SeriesAggregate{Column: p.named()}
	if a.Column == nil {
		return nil
	}
	if p.acceptWord("default").Present() {
		p.require('=')
		a.Default = p.requiredNameable()
	}
	a.extent = p.from(start)
	return a
}

// seriesRange reads `from a to b step c` or the old `in range(a, b, c)`.
func (p *parser) seriesRange(op *MakeSeries) {
	if p.acceptWord("in").Present() {
		if p.atWord("range") && p.peek(1).is('(') {
			op.Range = p.call()
		} else {
			p.expected("KS005", `"range("`)
		}
		return
	}
	if !p.atWord("from") && !p.atWord("to") && !p.atWord("step") {
		p.expected("KS005", `"from", "to" or "step"`)
		return
	}
	if p.acceptWord("from").Present() {
		op.From = p.required()
	}
	if p.acceptWord("to").Present() {
		op.To = p.required()
	}
	p.requireWord("step")
	op.Step = p.required()
}

func (p *parser) scanOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false)
	op := &Scan{operator: o}
	ended := func() bool {
		return p.atWord("partition") || p.atWord("order") || p.atWord("by") || p.atWord("declare") || p.atWord("with") || p.endOfList()
	}
	if p.acceptWord("order").Present() {
		p.requireWord("by")
		op.OrderBy = p.orderKeys(ended)
	}
	if p.acceptWord("partition").Present() {
		p.requireWord("by")
		p.commaList("an expression", true, false, ended, func() bool {
			return collect(&op.PartitionBy, p.expression())
		})
	}
	if p.acceptWord("declare").Present() {
		op.Declare = p.parameters(false)
	}
	p.requireWord("with")
	if p.require('(') {
		for p.atWord("step") {
			op.Steps = append(op.Steps, p.scanStep())
		}
		p.closing(')')
	}
	return op
}

// scanStep reads `step name optional output=all: condition => assignments;`.
func (p *parser) scanStep() *ScanStep {
	start := p.start()
	p.pos++
	s := &ScanStep{}
	if s.Name = p.newName(); s.Name == nil {
		p.missing("a name")
		s.Name = &Name{extent: extent{Span{p.start(), p.start()}}}
	}
	s.Optional = p.acceptWord("optional")
	if p.acceptWord("output").Present() {
		p.require('=')
		s.Output = p.requireWord("all", "last", "none")
	}
	p.require(':')
	s.Condition = p.required()
	if p.accept(arrow) {
		p.commaList("an assignment", true, false, p.endOfList, func() bool {
			return collect(&s.Assignments, p.assignment())
		})
	}
	if !p.require(';') {
		p.resync()
		p.accept(';')
	}
	s.extent = p.from(start)
	return s
}

// assignment reads `name = expression`, or nil.
func (p *parser) assignment() *NamedExpr {
	start := p.start()
	name := p.newName()
	if name == nil {
		return nil
	}
	a := &NamedExpr{Names: []*Name{name}}
	p.require('=')
	a.Value = p.required()
	a.extent = p.from(start)
	return a
}

func (p *parser) partitionOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false)
	p.requireWord("by")
	op := &Partition{operator: o}
	if op.By = p.simplePath(); op.By == nil {
		p.missing("a column")
		op.By = p.bad()
	}
	if p.acceptWord("in").Present() {
		op.Scope = p.partitionScope()
	}
	start := p.start()
	switch {
	case p.at('('):
		op.Subquery = p.subquery()
	case p.accept('{'):
		at := p.start()
		value := p.requiredPipeline()
		p.closing('}')
		op.Body = &Block{extent: p.from(start), Statements: []Statement{
			&ExpressionStatement{extent: extent{Span{at, value.Span().End}}, Value: value},
		}}
	default:
		p.expected("KS005", `"("`)
	}
	return op
}

// partitionScope reads a call or dynamic(...).
func (p *parser) partitionScope() Expr {
	if p.startsCall() {
		return p.call()
	}
	if p.atWord("dynamic") {
		if d := p.dynamic(); d != nil {
			return d
		}
	}
	p.missing("an expression")
	return p.bad()
}

func (p *parser) partitionByOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false)
	op := &PartitionBy{operator: o}
	if op.By = p.simplePath(); op.By == nil {
		p.missing("a column")
		op.By = p.bad()
	}
	if p.acceptWord("id").Present() {
		if op.ContextID = p.literal(); op.ContextID == nil {
			p.expected("KS006", "a literal")
		}
	}
	op.Subquery = p.subquery()
	return op
}

func (p *parser) evaluateOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false)
	op := &Evaluate{operator: o}
	if p.startsCall() {
		op.Plugin = p.call()
	} else if name := p.name(); name != nil {
		p.require('(')
		op.Plugin = &Call{extent: extent{name.span}, Name: name}
	} else {
		p.expected("KS006", "a plugin and its arguments")
	}
	if op.Plugin == nil {
		op.Plugin = &Call{extent: extent{Span{p.start(), p.start()}}, Name: &Name{extent: extent{Span{p.start(), p.start()}}}}
	}
	if p.accept(':') {
		op.Schema = p.starSchema()
	}
	return op
}

func (p *parser) invokeOperator(o operator) operatorReader {
	p.begin()
	start := p.start()
	op := &Invoke{operator: o}
	if !p.startsCall() {
		p.expected("KS006", "a function and its arguments")
		op.Function = p.bad()
		return op
	}
	op.Function = p.call()
	for p.at('.') && p.scanCall(1) {
		p.pos++
		op.Function = p.member(start, op.Function)
	}
	return op
}

func (p *parser) facetOperator(o operator) operatorReader {
	p.begin()
	p.requireWord("by")
	op := &Facet{operator: o}
	ended := func() bool { return p.atWord("with") || p.endOfList() }
	p.commaList("a column", true, false, ended, func() bool {
		return collect(&op.By, p.simplePath())
	})
	if !p.acceptWord("with").Present() {
		return op
	}
	if p.at('(') {
		op.With = p.subquery()
		return op
	}
	start := p.start()
	first := p.requiredOperator()
	op.With = &Pipeline{extent: p.from(start), Operators: []Operator{first}}
	return op
}

func (p *parser) forkOperator(o operator) operatorReader {
	p.begin()
	op := &Fork{operator: o}
	for {
		start := p.start()
		b := &ForkBranch{}
		if size := p.scanName(0); size > 0 && p.peek(size).is('=') {
			b.Name = p.anyName()
			p.pos++
		} else if !p.at('(') {
			break
		}
		b.Subquery = p.forkQuery()
		b.extent = p.from(start)
		op.Branches = append(op.Branches, b)
	}
	if len(op.Branches) == 0 {
		p.expected("KS005", `"("`)
	}
	return op
}

// forkQuery reads a branch of fork: operators, or a table.
func (p *parser) forkQuery() Expr {
	if !p.require('(') {
		return p.bad()
	}
	start := p.start()
	var e Expr
	if first := p.operator(); first != nil {
		e = p.piped(start, nil, []Operator{first})
	} else {
		e = p.requiredPipeline()
	}
	p.closing(')')
	return e
}

func (p *parser) macroExpandOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true, "best_effort")
	op := &MacroExpand{operator: o}
	switch {
	case p.atWord("entity_group"):
		op.Group = p.entityGroup()
	case (p.atWord("database") || p.atWord("cluster")) && p.peek(1).is('('):
		op.Group = p.entity()
	default:
		if n := p.name(); n != nil {
			op.Group = n
		} else {
			p.missing("an entity group")
			op.Group = p.bad()
		}
	}
	if p.acceptWord("as").Present() {
		op.Scope = p.requiredName()
	}
	start := p.start()
	if p.require('(') {
		op.Body = &Block{Statements: p.nestedStatements()}
		p.closing(')')
		op.Body.extent = p.from(start)
	}
	return op
}

// nestedStatements reads statements up to a closing bracket.
func (p *parser) nestedStatements() []Statement {
	var list []Statement
	for {
		s := p.statement()
		if s == nil {
			return list
		}
		list = append(list, s)
		if !p.accept(';') {
			return list
		}
	}
}

func (p *parser) asOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	return &As{operator: o, As: p.requiredName()}
}

func (p *parser) serializeOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(true)
	return &Serialize{operator: o, Columns: p.columns(false, p.endOfList)}
}

func (p *parser) reduceOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false, "threshold", "characters")
	p.requireWord("by")
	op := &Reduce{operator: o, By: p.requiredNameable()}
	if p.acceptWord("with").Present() {
		op.With = p.ownProperties(func(string) Expr { return p.settingValue() }, "threshold", "characters", "kind")
	}
	return op
}

func (p *parser) consumeOperator(o operator) operatorReader {
	p.begin()
	o.Properties = p.properties(false)
	return &Consume{operator: o}
}

func (p *parser) getSchemaOperator(o operator) operatorReader {
	p.begin()
	op := &GetSchema{operator: o}
	if p.atWord("kind") && p.peek(1).is('=') {
		p.pos += 2
		if p.tokens[p.pos].kind == wordToken {
			op.Kind = p.word()
		} else {
			p.expected("KS005", "a kind of schema")
		}
	}
	return op
}

func (p *parser) assertSchemaOperator(o operator) operatorReader {
	p.begin()
	return &AssertSchema{operator: o, Schema: p.rowSchema()}
}

func (p *parser) executeAndCacheOperator(o operator) operatorReader {
	p.begin()
	return &ExecuteAndCache{operator: o}
}
