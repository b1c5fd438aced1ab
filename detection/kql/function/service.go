package function

func serviceFunctions() []Function {
	return []Function{
		{Name: "current_cluster_endpoint", Signatures: []string{"- string"}, Doc: "current-cluster-endpoint-function"},
		{Name: "current_database", Signatures: []string{"- string"}, Doc: "current-database-function"},
		{Name: "current_principal", Signatures: []string{"- string"}, Doc: "current-principal-function"},
		{Name: "current_principal_details", Signatures: []string{"- bag{UserPrincipalName:string,IdentityProvider:string,Authority:string,Mfa:string,Type:string,DisplayName:string,ObjectId:string,FQN:string,Notes:string}"}, Doc: "current-principal-details-function"},
		{Name: "current_principal_is_member_of", Signatures: []string{"- bool group:StringOrArray{1,64}"}, Doc: "current-principal-is-member-of-function"},
		{Name: "current_node_id", Signatures: []string{"- string"}},
		{Name: "cursor_after", Signatures: []string{"- bool cursor:string"}, Doc: "cursor-after-function"},
		{Name: "cursor_before_or_at", Signatures: []string{"- bool cursor:string"}, Doc: "cursor-before-or-at-function"},
		{Name: "cursor_current", Aliases: []string{"current_cursor"}, Signatures: []string{"- string"}, Doc: "cursor-current"},
		{Name: "extent_id", Aliases: []string{"extentid"}, Signatures: []string{"- guid"}, Doc: "extent-id-function"},
		{Name: "extent_tags", Signatures: []string{"- array<string>"}, Doc: "extent-tags-function"},
		{Name: "row_id", Signatures: []string{"- string"}},
		{Name: "rowstore_ordinal_range", Signatures: []string{"- dynamic"}},
		{Name: "ingestion_time", Signatures: []string{"prefix=$IngestionTime datetime"}, Doc: "ingestion-time-function", By: Executor},
	}
}
