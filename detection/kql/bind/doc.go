// Package bind gives the names of a KQL query their meaning: it resolves tables, columns,
// variables and functions against a [Schema], chooses overloads, computes the result
// columns of every operator, and reports whatever does not fit.
//
// [Bind] is the entry point. Its [Result] holds diagnostics and, if none of them is an
// error, a plan: a tree of [Operator] nodes over [Expr] nodes in which no name is left. Columns
// are positions in the row of the input, scalar variables and functions are expanded where they
// are used, and a table bound by let or materialize is a [Shared] node.
//
// The reference for verdicts, codes ("KS142"), result names and types is Microsoft's
// language service (Kusto.Language); where the engine behind it is known to differ, the engine wins.
package bind
