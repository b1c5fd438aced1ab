// Package kqltest is a language for tests of a KQL engine, and its runner.
//
// A test file, *.kqltest, is a list of directives with blank lines between them. This
// one says what the operator where does:
//
//	# The where operator.
//	# source: https://learn.microsoft.com/kusto/query/where-operator
//
//	table Processes
//	FileName:string, ProcessId:long
//	"cmd.exe", 1001
//	"powershell.exe", 4312
//
//	query == compares strings with case
//	Processes
//	| where FileName == "cmd.exe"
//	----
//	FileName:string, ProcessId:long
//	"cmd.exe", 1001
//
//	query an unknown column
//	Processes
//	| where FileNme == "cmd.exe"
//	----
//	error 2:9: no column "FileNme"
//	  | where FileNme == "cmd.exe"
//	          ^^^^^^^ did you mean "FileName"?
//
// # Directives
//
// `table NAME` defines a table, or replaces it, for the rest of the file: a header of columns
// with their types, then a row on every line, the values written as KQL literals. Header and
// rows are what `datatable` takes, so a table can be pasted from a query and into one.
//
// `query NAME` runs the query below it and compares the outcome with what stands below the
// line of four dashes. NAME names the subtest. Words before the name change the comparison:
//
//   - `ordered`: the rows must come in this order. Without it they are compared as a
//     multiset, and written sorted.
//   - `todo`: the engine is known not to do this. The case must fail; when it passes, the
//     word has to go.
//
// `print NAME` parses the query, does not run it, and compares how it is printed.
//
// Lines that begin with # before a directive are comments. By convention `# source: URL` says which
// documentation a case restates, and `# differs: ...` where an engine knowingly does something else.
//
// # Outcomes
//
// The header of a result asserts the names of the columns, their order and their types, also when no
// row follows. Strings are written in double quotes, nulls as `long(null)`, dynamic values as
// `dynamic(...)`; a number or a boolean in a column of its type stands bare.
//
// An error is written as it is shown to people, with position, line and caret, after one of two words:
// `error` if the text is not KQL, does not bind or fails while it runs, `unsupported` if it is
// valid KQL that the engine lacks. A rule that is merely beyond the engine can so
// never pass for one that does not fire.
//
// # Runs for free
//
// A query that gives rows is run again in four ways that must not change the outcome: printed
// and parsed again; with the rows of its tables shuffled (unless it is `ordered`); with `| where true` after
// every table it names; and with the rows of every such table in two tables that union puts together (unless
// the query reads tables by a pattern, which would find the parts as well).
//
// Now is [Now] in every query. A table with the name of a fixture (see package kql) stands in for what only a
// service knows.
//
// # Use
//
// [Run] runs the files of a file system with any [Engine], each file and each case as a subtest; [Offline] is this
// module's engine. Blanks in the name of a case are underscores in that of its subtest:
//
//	go test ./detection/kql/kqltest -run 'Conformance/where/an_unknown_column'
//
// With [Update] the outcomes are written instead of compared, and the change to the files is for review. Comments stay, as do
// cases that -run leaves out, todo cases, and outcomes that are right in other words. The other ways to run a query are
// checked all the same.
//
// [Cases] and [Queries] list what is in the files, to seed fuzz tests and benchmarks with; [Vary] asks of any query
// whether the other ways to run it give the same.
//
// # The suite
//
// The files beside this package are its conformance suite: one for each operator or family of functions, at most 300
// lines long, with the page of Kusto's documentation that its cases restate in other words and on other data. A test
// demands a case of every function, aggregate, plugin and operator that the language has.
package kqltest
