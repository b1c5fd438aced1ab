package schema_test

import (
	"fmt"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/schema"
)

func ExampleDefenderXDR() {
	source := &syntax.Source{Name: "rule.kql", Text: "DeviceRegistryEvents | project AccountName"}
	tree, _ := syntax.Parse(source)
	bound := bind.Bind(source, tree, schema.DefenderXDR())
	fmt.Println(syntax.NewError(source, bound.Diagnostics))
	// Output:
	// rule.kql:1:32: the name 'AccountName' does not refer to any known column, table, variable or function
	//   DeviceRegistryEvents | project AccountName
	//                                  ^^^^^^^^^^^ did you mean "InitiatingProcessAccountName"?
}
