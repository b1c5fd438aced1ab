package function

func referenceFunctions() []Function {
	return []Function{
		{Name: "cluster", Signatures: []string{"- cluster name:string"}, Doc: "cluster-function", By: Binder},
		{Name: "database", Signatures: []string{"- database name:string?"}, Doc: "database-function", By: Binder},
		{Name: "table", Signatures: []string{"- table name:string query_data_scope:string?"}, Doc: "table-function", By: Binder},
		{Name: "external_table", Signatures: []string{
			"- externaltable name:string mapping:string?",
			"- externaltable name:string max_age:timespan",
		}, Doc: "external-table-function"},
		{Name: "materialized_view", Signatures: []string{"- materializedview name:string max_age:timespan?"}, Doc: "materialized-view-function"},
		{Name: "entity_group", Signatures: []string{"- entitygroup name:string"}},
		{Name: "stored_query_result", Signatures: []string{
			"- storedqueryresult name:string",
			"- storedqueryresult name:string index:long",
			"- storedqueryresult name:string table_name:string",
		}, Doc: "stored-query-result-function"},
		{Name: "graph", Signatures: []string{
			"- graph name:string snapshot:string?",
			"- graph name:string volatile:bool",
		}, Doc: "graph-function"},
		{Name: "column_names_of", Signatures: []string{"- array<string> table:Tabular"}, Doc: "column-names-of-function", By: Binder},
		{Name: "column_ifexists", Aliases: []string{"columnifexists"}, Signatures: []string{"value param1 column_name:string/Constant defaultValue:Scalar"}, Doc: "column-ifexists-function", By: Binder},
		{Name: "iscolumnexists", Signatures: []string{"- bool column_name:string/Constant"}, By: Binder},
	}
}
