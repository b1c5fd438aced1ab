package syntax

// wordClass says what a word may be.
type wordClass uint8

const (
	// keyword marks the words of the language; other words are names.
	keyword wordClass = 1 << iota
	// bareName marks words that can be a name without brackets.
	bareName
	// bareNewName marks words that can be declared as a name, as in `by = 1`, though
	// not all of them can be used as one.
	bareNewName
	// truth marks the boolean literals.
	truth
	// parenLiteral marks the types whose literals are written `type(text)`.
	parenLiteral
)

// The binding strength of binary operators, weakest first. String operators bind
// tighter than arithmetic: a has "x" + "y" is (a has "x") + "y".
const (
	noOperator     uint8 = iota
	orOperator           // or
	andOperator          // and
	equality             // == != <> in between has_any ...; does not chain
	relational           // < <= > >=; does not chain
	additive             // + -
	multiplicative       // * / %
	stringOperator       // has, contains, =~, : ...; does not chain
)

// wordInfo is what the lexer knows of a word.
type wordInfo struct {
	class    wordClass
	strength uint8
}

// classify looks a word up; a word that is not in the language is a name.
func classify(word string) wordInfo {
	if info, ok := words[word]; ok {
		return info
	}
	return wordInfo{class: bareName | bareNewName}
}

// words are the reserved words. Which of them can also be names is measured
// with Microsoft's parser.
var words = func() map[string]wordInfo {
	m := make(map[string]wordInfo, 300)
	add := func(info wordInfo, list ...string) {
		for _, w := range list {
			m[w] = info
		}
	}
	add(wordInfo{class: keyword | bareName | bareNewName},
		"access", "alias", "bin", "consume", "count", "database", "declare", "default", "distinct", "entity_group",
		"evaluate", "extend", "dataformat", "inline_external_table", "datetime_pattern", "facet", "filter", "fork",
		"from", "getschema", "edges", "id", "best_effort", "join", "let", "limit", "lookup", "mvapply", "mvexpand",
		"nodes", "null", "nulls", "on", "optional", "order", "output", "pack", "parse", "__partitionby", "partition",
		"pattern", "plotly", "graph", "query_parameters", "range", "reduce", "regex", "render", "restrict", "scan",
		"serialize", "sort", "step", "summarize", "take", "top", "typeof", "uuid", "view", "with", "with_node_id")
	add(wordInfo{class: keyword | bareNewName},
		"accumulate", "as", "by", "datatable", "earliest", "externaldata", "find", "invoke", "latest",
		"materialize", "mdm", "of", "print", "sample", "sample-distinct", "search", "set", "sql", "title", "to",
		"toscalar", "totable", "top-nested", "top-hitters", "verbose", "viewers", "where")
	add(wordInfo{class: keyword},
		"__crossCluster", "__crossDB", "__id", "__isFuzzy", "__noWithSource", "__packedColumn", "__sourceColumnIndex",
		"3Dchart", "anomalychart", "areachart", "asc", "assert-schema", "bagexpansion", "barchart", "bin_legacy",
		"cachingpolicy", "callout", "cancel", "card", "columnchart", "commands-and-queries", "__contextual_datatable",
		"cycles", "dataexport", "datascope", "decodeblocks", "desc", "encodingpolicy", "__executeAndCache",
		"extent_tags_retention", "external_data", "first", "flags", "granny-asc", "granny-desc", "graph-match",
		"graph-shortest-paths", "graph-to-table", "harddelete", "hardretention", "hint.concurrency", "hint.distribution",
		"hint.materialized", "hint.num_partitions", "hint.shufflekey", "hint.spread", "hint.remote", "hint.strategy",
		"hint.progressive_top", "hotcache", "isfuzzy", "force_remote", "journal", "kind", "ladderchart", "last",
		"linechart", "macro-expand", "make-graph", "graph-mark-components", "graph-where-nodes", "graph-where-edges",
		"make-series", "materialized-view-combine", "materialized-views", "missing", "mv-apply", "mv-expand",
		"nooptimization", "others", "parse-where", "parse-kv", "partitioned-by", "pathformat", "piechart", "pivotchart",
		"project", "project-away", "project-by-names", "__projectAway", "project-keep", "project-rename",
		"project-reorder", "project-smart", "queries", "query_results", "relaxed", "restricted_view_access",
		"row_level_security", "rowstore", "rowstore_references", "rowstore_sealinfo", "rowstorepolicy", "rowstores",
		"scatterchart", "seal", "seals", "set-or-append", "set-or-replace", "shards", "simple", "softdelete",
		"softretention", "stackedareachart", "statistics", "storedqueryresultcontainers", "tablepurge", "timechart",
		"timeline", "timepivot", "treemap", "union", "unrestrictedviewers", "views", "with_itemindex", "with_match_id",
		"with_source", "with_step_name", "withsource", "writeaheadlog", "expandoutput",
		"boolean", "int8", "char", "uint8", "byte", "int16", "uint16", "uint", "uint32", "ulong", "uint64", "float",
		"string", "uniqueid", "dynamic")
	add(wordInfo{class: keyword | parenLiteral},
		"int", "int32", "long", "int64", "real", "decimal", "double", "time", "timespan", "date", "datetime")
	add(wordInfo{class: keyword | parenLiteral | bareName | bareNewName}, "bool", "guid")
	add(wordInfo{class: truth}, "true", "True", "TRUE", "false", "False", "FALSE")
	add(wordInfo{class: keyword, strength: orOperator}, "or")
	add(wordInfo{class: keyword, strength: andOperator}, "and")
	add(wordInfo{class: keyword, strength: equality},
		"in~", "!in", "!in~", "has_any", "has_all", "between", "!between")
	add(wordInfo{class: keyword | bareNewName, strength: equality}, "in")
	add(wordInfo{class: keyword | bareNewName, strength: stringOperator}, "has", "contains")
	add(wordInfo{class: keyword, strength: stringOperator},
		"!has", "has_cs", "!has_cs", "hasprefix", "!hasprefix", "hasprefix_cs", "!hasprefix_cs",
		"hassuffix", "!hassuffix", "hassuffix_cs", "!hassuffix_cs", "like", "notlike", "likecs", "notlikecs",
		"notcontains", "!contains", "containscs", "contains_cs", "notcontainscs", "!contains_cs",
		"startswith", "!startswith", "startswith_cs", "!startswith_cs",
		"endswith", "!endswith", "endswith_cs", "!endswith_cs", "matches regex")
	return m
}()

// compounds are the keywords with signs in them, by their first word. The
// longest comes first where one begins another.
var compounds = map[string][]string{
	"project":      {"project-away", "project-by-names", "project-keep", "project-rename", "project-reorder", "project-smart"},
	"mv":           {"mv-apply", "mv-expand"},
	"top":          {"top-hitters", "top-nested"},
	"sample":       {"sample-distinct"},
	"make":         {"make-graph", "make-series"},
	"parse":        {"parse-where", "parse-kv"},
	"graph":        {"graph-match", "graph-shortest-paths", "graph-to-table", "graph-mark-components", "graph-where-nodes", "graph-where-edges"},
	"macro":        {"macro-expand"},
	"assert":       {"assert-schema"},
	"granny":       {"granny-asc", "granny-desc"},
	"partitioned":  {"partitioned-by"},
	"materialized": {"materialized-view-combine", "materialized-views"},
	"commands":     {"commands-and-queries"},
	"set":          {"set-or-append", "set-or-replace"},
	"hint": {
		"hint.concurrency", "hint.distribution", "hint.materialized", "hint.num_partitions", "hint.shufflekey",
		"hint.spread", "hint.remote", "hint.strategy", "hint.progressive_top",
	},
	"matches": {"matches regex"},
	"in":      {"in~"},
	"!in":     {"!in~"},
}

// OperatorWords are the words that begin an operator after a pipe, two spellings of one operator included, in alphabetical order.
func OperatorWords() []string {
	return []string{
		"as", "assert-schema", "consume", "count", "distinct", "evaluate", "extend", "facet", "filter", "find", "fork",
		"getschema", "graph-mark-components", "graph-match", "graph-shortest-paths", "graph-to-table",
		"graph-where-edges", "graph-where-nodes", "invoke", "join", "limit", "lookup", "make-graph", "make-series",
		"mv-apply", "mv-expand", "order", "parse", "parse-kv", "parse-where", "partition", "print", "project",
		"project-away", "project-by-names", "project-keep", "project-rename", "project-reorder", "range", "reduce",
		"render", "sample", "sample-distinct", "scan", "search", "serialize", "sort", "summarize", "take", "top",
		"top-hitters", "top-nested", "union", "where",
	}
}
