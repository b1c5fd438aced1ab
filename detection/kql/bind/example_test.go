package bind_test

import (
	"fmt"

	"github.com/seed-67b27da2/geiger/detection/kql/bind"
	"github.com/seed-67b27da2/geiger/detection/kql/syntax"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func ExampleBind() {
	schema := bind.NewSchema("lab", []bind.Table{{Name: "DeviceFileEvents", Columns: []value.Column{
		{Name: "Timestamp", Type: value.DateTime},
		{Name: "FileName", Type: value.String},
		{Name: "InitiatingProcessAccountName", Type: value.String},
	}}})

	good := &syntax.Source{Text: `DeviceFileEvents | summarize Files = dcount(FileName) by bin(Timestamp, 1h)`}
	q, _ := syntax.Parse(good)
	for _, c := range bind.Bind(good, q, schema).Columns {
		fmt.Println(c.Name, c.Type)
	}

	wrong := &syntax.Source{Name: "rule.kql", Text: `DeviceFileEvents | project AccountName`}
	q, _ = syntax.Parse(wrong)
	fmt.Println(syntax.NewError(wrong, bind.Bind(wrong, q, schema).Diagnostics))
	// Output:
	// Timestamp datetime
	// Files long
	// rule.kql:1:28: the name 'AccountName' does not refer to any known column, table, variable or function
	//   DeviceFileEvents | project AccountName
	//                              ^^^^^^^^^^^ did you mean "InitiatingProcessAccountName"?
}
