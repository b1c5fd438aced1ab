package syntax

import "strings"

// startsOperator reports whether the next word, where an expression may stand too, begins an operator.
func (p *parser) startsOperator() bool {
	t := p.tokens[p.pos]
	if t.kind != wordToken || t.class&keyword == 0 {
		return false
	}
	setting := func() bool { return p.scanProperty(1, nil) > 0 }
	switch word := p.slice(t); word {
	case "evaluate":
		return p.scanName(1) > 0 || setting()
	case "facet":
		return p.isWord(1, "by")
	case "partition", "reduce":
		return p.isWord(1, "by") || setting()
	case "range":
		size := p.scanName(1)
		return size > 0 && p.isWord(1+size, "from")
	case "render":
		next := p.peek(1)
		return next.kind == wordToken && (next.class&bareName != 0 || isChart(p.slice(next)))
	case "fork", "lookup", "__partitionby", "inline_external_table":
		return false
	case "graph-shortest-paths", "graph-where-nodes", "graph-where-edges":
		return false
	default:
		return t.class&bareName == 0 && isOperatorWord(word)
	}
}

// isOperatorWord reports whether an operator begins with the word.
func isOperatorWord(word string) bool {
	switch word {
	case "as", "assert-schema", "consume", "count", "distinct", "evaluate", "__executeAndCache", "extend", "facet",
		"filter", "find", "fork", "getschema", "graph-mark-components", "graph-match", "graph-shortest-paths",
		"graph-to-table", "graph-where-edges", "graph-where-nodes", "invoke", "join", "limit", "lookup", "macro-expand",
		"make-graph", "make-series", "mv-apply", "mv-expand", "mvapply", "mvexpand", "order", "parse", "parse-kv",
		"parse-where", "partition", "__partitionby", "print", "project", "project-away", "project-by-names",
		"project-keep", "project-rename", "project-reorder", "range", "reduce", "render", "sample", "sample-distinct",
		"scan", "search", "serialize", "sort", "summarize", "take", "top", "top-hitters", "top-nested", "union", "where":
		return true
	}
	return false
}

// requiredPipeline reads a table or an expression, or reports that it is missing.
func (p *parser) requiredPipeline() Expr {
	if e := p.pipeline(); e != nil {
		return e
	}
	p.missing("an expression")
	return p.bad()
}

// pipeline reads `source | operator | operator`, an operator that is a source, or an expression; or nil.
func (p *parser) pipeline() Expr {
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	start := p.start()
	var source Expr
	var first Operator
	if p.atWord("inline_external_table") {
		source = p.inlineExternalTable()
	}
	if source == nil && p.startsOperator() {
		first = p.operator()
	}
	if source == nil && first == nil {
		if source = p.expression(); source == nil {
			first = p.operator()
		}
	}
	switch {
	case first != nil:
		return p.piped(start, nil, []Operator{first})
	case source != nil:
		return p.piped(start, source, nil)
	}
	return nil
}

// piped reads the operators after a source.
func (p *parser) piped(start int, source Expr, operators []Operator) Expr {
	for p.accept('|') || p.mendPipe() {
		operators = append(operators, p.requiredOperator())
	}
	if len(operators) == 0 {
		return source
	}
	return &Pipeline{extent: p.from(start), Source: source, Operators: operators}
}

// mendPipe looks at what follows an operator instead of a pipe. If that cannot follow, it reports it and finds the
// place to read on from; it reports whether an operator is to be read there.
func (p *parser) mendPipe() bool {
	t := p.tokens[p.pos]
	if p.endOfList() || t.is(',') || p.startsStatement() {
		return false
	}
	word := ""
	if t.kind == wordToken {
		word = p.slice(t)
	}
	if isOperatorWord(word) && p.failed != p.pos {
		// A forgotten pipe: read on as if it were there.
		p.fail("KS005", `expected "|" or ";", got `+p.got(), `write "| `+word+`"`)
		return true
	}
	hint := ""
	if lower := strings.ToLower(word); words[lower].strength != noOperator {
		hint = `did you mean "` + lower + `"?`
	} else if p.peek(1).kind != signToken {
		hint = didYouMean(word, "| ", OperatorWords())
	}
	p.fail(p.leftover(), `expected "|" or ";", got `+p.got(), hint)
	p.resync()
	return p.accept('|')
}

// requiredOperator reads the operator after a pipe. If there is none it reports that and passes the text up to the next pipe.
func (p *parser) requiredOperator() Operator {
	if op := p.operator(); op != nil {
		return op
	}
	start := p.start()
	t := p.tokens[p.pos]
	bad := &BadOperator{}
	hint := ""
	if t.kind == wordToken {
		bad.word = Word{Text: p.slice(t), Span: Span{int(t.start), int(t.end)}}
		hint = didYouMean(bad.word.Text, "", OperatorWords())
	}
	if p.atWord("count") {
		hint = "the operator takes no arguments; count(...) goes into summarize"
	}
	p.fail("KS176", "expected a query operator, got "+p.got(), hint)
	if !p.endOfList() {
		p.pos++
		p.resync()
		p.failed = p.pos
	}
	bad.extent = p.from(start)
	return bad
}

// operator reads an operator, or nil if the next word begins none.
func (p *parser) operator() Operator {
	t := p.tokens[p.pos]
	if t.kind != wordToken || t.class&keyword == 0 || !p.enter() {
		return nil
	}
	defer p.leave()
	base := operator{extent: extent{Span{int(t.start), int(t.end)}}}
	base.word = Word{Text: p.slice(t), Span: base.span}
	op := p.operatorAfter(base)
	if op == nil {
		return nil
	}
	if end := p.from(int(t.start)); end.span.End > op.base().span.End {
		op.base().span = end.span
	}
	return op
}

// operatorReader is an operator whose span is set when its end is known.
type operatorReader interface {
	Operator
	base() *operator
}

func (o *operator) base() *operator { return o }

// begin consumes the operator's word.
func (p *parser) begin() { p.pos++ }

// operatorAfter picks the method that reads the operator; it consumes nothing if there is none.
func (p *parser) operatorAfter(o operator) operatorReader {
	switch o.word.Text {
	case "where", "filter":
		return p.whereOperator(o)
	case "extend":
		return p.extendOperator(o)
	case "summarize":
		return p.summarizeOperator(o)
	case "distinct":
		return p.distinctOperator(o)
	case "count":
		return p.countOperator(o)
	case "take", "limit":
		return p.takeOperator(o)
	case "sample":
		return p.sampleOperator(o)
	case "sample-distinct":
		return p.sampleDistinctOperator(o)
	case "sort", "order":
		return p.sortOperator(o)
	case "top":
		return p.topOperator(o)
	case "top-hitters":
		return p.topHittersOperator(o)
	case "top-nested":
		return p.topNestedOperator(o)
	case "join":
		return p.joinOperator(o)
	case "lookup":
		return p.lookupOperator(o)
	case "union":
		return p.unionOperator(o)
	case "find":
		return p.findOperator(o)
	case "search":
		return p.searchOperator(o)
	case "print":
		return p.printOperator(o)
	case "range":
		return p.rangeOperator(o)
	}
	if op := p.projectOperators(o); op != nil {
		return op
	}
	if op := p.expandingOperators(o); op != nil {
		return op
	}
	if op := p.rareOperators(o); op != nil {
		return op
	}
	return p.graphOperators(o)
}

func (p *parser) projectOperators(o operator) operatorReader {
	switch o.word.Text {
	case "project":
		return p.projectOperator(o)
	case "project-away":
		return p.projectAwayOperator(o)
	case "project-keep":
		return p.projectKeepOperator(o)
	case "project-rename":
		return p.projectRenameOperator(o)
	case "project-reorder":
		return p.projectReorderOperator(o)
	case "project-by-names":
		return p.projectByNamesOperator(o)
	}
	return nil
}

func (p *parser) expandingOperators(o operator) operatorReader {
	switch o.word.Text {
	case "mv-expand", "mvexpand":
		return p.mvExpandOperator(o)
	case "mv-apply", "mvapply":
		return p.mvApplyOperator(o)
	case "parse", "parse-where":
		return p.parseOperator(o)
	case "parse-kv":
		return p.parseKVOperator(o)
	case "make-series":
		return p.makeSeriesOperator(o)
	case "scan":
		return p.scanOperator(o)
	case "partition":
		return p.partitionOperator(o)
	case "__partitionby":
		return p.partitionByOperator(o)
	case "evaluate":
		return p.evaluateOperator(o)
	case "invoke":
		return p.invokeOperator(o)
	case "facet":
		return p.facetOperator(o)
	case "fork":
		return p.forkOperator(o)
	case "macro-expand":
		return p.macroExpandOperator(o)
	}
	return nil
}

func (p *parser) rareOperators(o operator) operatorReader {
	switch o.word.Text {
	case "as":
		return p.asOperator(o)
	case "serialize":
		return p.serializeOperator(o)
	case "render":
		return p.renderOperator(o)
	case "reduce":
		return p.reduceOperator(o)
	case "consume":
		return p.consumeOperator(o)
	case "getschema":
		return p.getSchemaOperator(o)
	case "assert-schema":
		return p.assertSchemaOperator(o)
	case "__executeAndCache":
		return p.executeAndCacheOperator(o)
	}
	return nil
}

func (p *parser) graphOperators(o operator) operatorReader {
	switch o.word.Text {
	case "make-graph":
		return p.makeGraphOperator(o)
	case "graph-match":
		return p.graphMatchOperator(o)
	case "graph-shortest-paths":
		return p.graphShortestPathsOperator(o)
	case "graph-to-table":
		return p.graphToTableOperator(o)
	case "graph-where-nodes":
		return p.graphWhereNodesOperator(o)
	case "graph-where-edges":
		return p.graphWhereEdgesOperator(o)
	case "graph-mark-components":
		return p.graphMarkComponentsOperator(o)
	}
	return nil
}
