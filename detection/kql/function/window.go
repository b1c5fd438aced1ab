package function

func windowFunctions() []Function {
	return []Function{
		{Name: "prev", Signatures: []string{"- param0 column:Scalar/Column offset:long? default_value:Scalar/Constant?"}, Doc: "prev-function", By: Executor},
		{Name: "next", Signatures: []string{"- param0 column:Scalar/Column offset:long? default_value:Scalar/Constant?"}, Doc: "next-function", By: Executor},
		{Name: "row_number", Signatures: []string{"- long startingIndex:long? restart:bool?"}, Doc: "row-number-function", By: Executor},
		{Name: "row_cumsum", Signatures: []string{"- param0 term:Number restart:bool?"}, Doc: "row-cumsum-function", By: Executor},
		{Name: "row_rank", Signatures: []string{"- long column:NotDynamic dense:bool/Constant?"}, Doc: "row-rank-dense-function", By: Executor},
		{Name: "row_rank_dense", Signatures: []string{"- long term:NotDynamic restart:bool?"}, Doc: "row-rank-dense-function", By: Executor},
		{Name: "row_rank_min", Signatures: []string{"- long term:NotDynamic restart:bool?"}, Doc: "row-rank-min-function", By: Executor},
		{Name: "row_window_session", Signatures: []string{"- param0 expr:datetime maxDistanceFromFirst:timespan maxDistanceBetweenNeighbors:timespan restart:bool?"}, Doc: "row-window-session-function", By: Executor},
	}
}
