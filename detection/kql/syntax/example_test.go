package syntax_test

import (
	"fmt"

	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
)

func ExampleParse() {
	source := &syntax.Source{Name: "rule.kql", Text: "DeviceProcessEvents\n| wher FileName =~ 'w3wp.exe'\n| sumarize count() by DeviceName"}
	_, diagnostics := syntax.Parse(source)
	fmt.Println(syntax.NewError(source, diagnostics))
	// Output:
	// rule.kql:2:3: expected a query operator, got "wher"
	//   | wher FileName =~ 'w3wp.exe'
	//     ^^^^ did you mean "where"?
	// rule.kql:3:3: expected a query operator, got "sumarize"
	//   | sumarize count() by DeviceName
	//     ^^^^^^^^ did you mean "summarize"?
}

func ExamplePrint() {
	q, _ := syntax.Parse(&syntax.Source{Text: "let t=ago(1d);T|where Time>t and Name has'x'|project Name,Time"})
	fmt.Println(syntax.Print(q))
	// Output:
	// let t = ago(1d);
	// T
	// | where Time > t and Name has 'x'
	// | project Name, Time
}

func ExampleWalk() {
	q, _ := syntax.Parse(&syntax.Source{Text: "T | where x > 1 | join (U | where y) on k"})
	syntax.Walk(q, func(n syntax.Node) bool {
		if op, ok := n.(syntax.Operator); ok {
			fmt.Println(op.Name(), q.Source.Position(op.Keyword().Span.Start))
		}
		return true
	})
	// Output:
	// where 1:5
	// join 1:19
	// where 1:29
}

func ExampleSuggest() {
	columns := []string{"RegistryKey", "InitiatingProcessAccountName", "DeviceName"}
	fmt.Println(syntax.Suggest("AccountName", columns))
	// Output: InitiatingProcessAccountName true
}
