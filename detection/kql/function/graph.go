package function

func graphFunctions() []Function {
	return []Function{
		{Name: "all", Signatures: []string{"- bool pattern_element:Scalar expression:bool/Expression_Parameter0_Element"}, Doc: "all-function"},
		{Name: "any", Signatures: []string{"- bool pattern_element:Scalar expression:bool/Expression_Parameter0_Element"}, Doc: "any-function"},
		{Name: "map", Signatures: []string{"- custom pattern_element:Scalar expression:Scalar/Expression_Parameter0_Element"}, Doc: "map-function"},
		{Name: "inner_nodes", Signatures: []string{"- custom edge:Scalar"}, Doc: "inner-nodes-function"},
		{Name: "node_id", Signatures: []string{"- string node:Scalar?"}, Doc: "node-id-function"},
		{Name: "node_degree_in", Signatures: []string{"- long node:Scalar?"}, Doc: "node-degree-in-function"},
		{Name: "node_degree_out", Signatures: []string{"- long node:Scalar?"}, Doc: "node-degree-out-function"},
		{Name: "labels", Signatures: []string{"- array<string> pattern_element:Scalar?"}, Doc: "labels-function"},
	}
}
