// Package syntax reads and writes the Kusto query language (KQL): tokens, the
// syntax tree, a parser that recovers from errors, a printer, and the
// diagnostics every later stage of the engine reports with.
//
// [Parse] turns a [Source] into a [Query], a list of [Statement]. An expression
// that yields rows and one that yields a value look the same in KQL (`let x = y`
// may name either), so there is one interface [Expr] for both; what the rows
// flow through is a [Pipeline] of [Operator], one Go type for every operator of
// the language. Every node knows its [Span], and every name and operator word
// keeps its own, so that a diagnostic can point at exactly what it is about.
//
// The tree holds what was written and no meaning: names are not resolved,
// literals are not converted, and `filter` stays `filter` (see
// [Operator.Name] for the name that unites the spellings of one operator).
//
// The reference for what parses is Microsoft's own parser
// (Kusto.Language, https://github.com/microsoft/Kusto-Query-Language); the
// language is described at https://learn.microsoft.com/kusto/query.
package syntax
