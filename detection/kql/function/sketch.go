package function

func sketchFunctions() []Function {
	return []Function{
		{Name: "dcount_hll", Signatures: []string{"name_first long hll:DynamicArray"}, Doc: "dcount-hll-function"},
		{Name: "hll_merge", Signatures: []string{"prefix=hll_merged_result array hll:DynamicArray{2,16}"}, Doc: "hll-merge-function"},
		{Name: "hll_isvalid", Signatures: []string{"- bool hll:DynamicArray value:Scalar"}, Doc: "hll-isvalid-function"},
		{Name: "__hll_normalize", Signatures: []string{"first dynamic hll:dynamic{2,16}"}},
		{Name: "merge_tdigest", Signatures: []string{"prefix=tdigests_merge_result array tdigest:DynamicArray{2,16}"}, Doc: "merge-tdigest-function"},
		{Name: "tdigest_merge", Signatures: []string{"prefix=tdigests_merge_result array tdigest:DynamicArray{2,16}"}, Doc: "merge-tdigest-function"},
		{Name: "tdigest_isvalid", Signatures: []string{"- bool digest:DynamicArray value:Scalar"}, Doc: "tdigest-isvalid-function"},
		{Name: "percentile_tdigest", Signatures: []string{
			"name_first dynamic tdigest:DynamicArray percentile1:real",
			"name_first literaln tdigest:DynamicArray percentile1:real type:type/Literal",
		}, Doc: "percentile-tdigest-function"},
		{Name: "percentiles_array_tdigest", Signatures: []string{
			"prefix_first=percentile_tdigest array tdigest:DynamicArray percentile:real+",
			"prefix_first=percentile_tdigest array tdigest:DynamicArray percentiles:DynamicArray",
		}, Doc: "percentile-array-tdigest-function"},
		{Name: "percentrank_tdigest", Signatures: []string{"- real digest:DynamicArray value:Scalar"}, Doc: "percentrank-tdigest-function"},
		{Name: "rank_tdigest", Signatures: []string{"- real digest:DynamicArray value:Scalar"}, Doc: "rank-tdigest-function"},
	}
}
