package function

import (
	"github.com/seed-67b27da2/geiger/detection/kql/sketch"
	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func sketchFunctions() []Function {
	return []Function{
		{Name: "dcount_hll", Signatures: []string{"name_first long hll:DynamicArray"}, Doc: "dcount-hll-function", Call: distinctCount},
		{Name: "hll_merge", Signatures: []string{"prefix=hll_merged_result array hll:DynamicArray{2,16}"}, Doc: "hll-merge-function", Call: mergeHLLs},
		{Name: "hll_isvalid", Signatures: []string{"- bool hll:DynamicArray value:Scalar"}, Doc: "hll-isvalid-function", Call: isHLL},
		{Name: "__hll_normalize", Signatures: []string{"first dynamic hll:dynamic{2,16}"}},
		{Name: "merge_tdigest", Signatures: []string{"prefix=tdigests_merge_result array tdigest:DynamicArray{2,16}"}, Doc: "merge-tdigest-function", Call: mergeTDigests},
		{Name: "tdigest_merge", Signatures: []string{"prefix=tdigests_merge_result array tdigest:DynamicArray{2,16}"}, Doc: "merge-tdigest-function", Call: mergeTDigests},
		{Name: "tdigest_isvalid", Signatures: []string{"- bool digest:DynamicArray value:Scalar"}, Doc: "tdigest-isvalid-function", Call: isTDigest},
		{Name: "percentile_tdigest", Signatures: []string{
			"name_first dynamic tdigest:DynamicArray percentile1:real",
			"name_first literaln tdigest:DynamicArray percentile1:real type:type/Literal",
		}, Doc: "percentile-tdigest-function", Call: percentileOf},
		{Name: "percentiles_array_tdigest", Signatures: []string{
			"prefix_first=percentile_tdigest array tdigest:DynamicArray percentile:real+",
			"prefix_first=percentile_tdigest array tdigest:DynamicArray percentiles:DynamicArray",
		}, Doc: "percentile-array-tdigest-function", Call: percentilesOf},
		{Name: "percentrank_tdigest", Signatures: []string{"- real digest:DynamicArray value:Scalar"}, Doc: "percentrank-tdigest-function", Call: percentRank},
		{Name: "rank_tdigest", Signatures: []string{"- real digest:DynamicArray value:Scalar"}, Doc: "rank-tdigest-function", Call: rankOf},
	}
}

// What is no sketch gives null, or does not count in a merger.

func distinctCount(c *Invocation, args []value.Value) value.Value {
	h, ok := sketch.ParseHLL(args[0].Dynamic())
	if !ok {
		return c.Null()
	}
	return value.NewLong(h.Count())
}

func isHLL(_ *Invocation, args []value.Value) value.Value {
	_, ok := sketch.ParseHLL(args[0].Dynamic())
	return value.NewBool(ok)
}

func isTDigest(_ *Invocation, args []value.Value) value.Value {
	_, ok := sketch.ParseTDigest(args[0].Dynamic())
	return value.NewBool(ok)
}

func mergeHLLs(c *Invocation, args []value.Value) value.Value {
	var out *sketch.HLL
	for _, a := range args {
		h, ok := sketch.ParseHLL(a.Dynamic())
		switch {
		case !ok:
		case out == nil:
			out = h
		default:
			out.Merge(h)
		}
	}
	if out == nil {
		return c.Null()
	}
	return value.NewDynamic(out.Dynamic())
}

func mergeTDigests(c *Invocation, args []value.Value) value.Value {
	var out *sketch.TDigest
	for _, a := range args {
		d, ok := sketch.ParseTDigest(a.Dynamic())
		switch {
		case !ok:
		case out == nil:
			out = d
		default:
			out.Merge(d)
		}
	}
	if out == nil {
		return c.Null()
	}
	return value.NewDynamic(out.Dynamic())
}

// percentileOf is percentile_tdigest(digest, percentage [, typeof]). A digest of instants or durations is one of ticks,
// which the type makes instants again.
func percentileOf(c *Invocation, args []value.Value) value.Value {
	d, ok := sketch.ParseTDigest(args[0].Dynamic())
	if !ok {
		return c.Null()
	}
	return percentile(d, args[1], c.Result)
}

// percentilesOf gives several percentiles in an array.
func percentilesOf(c *Invocation, args []value.Value) value.Value {
	d, ok := sketch.ParseTDigest(args[0].Dynamic())
	if !ok {
		return c.Null()
	}
	list := []any{}
	for _, p := range elements(args[1:]) {
		list = append(list, percentile(d, p, value.Dynamic).Dynamic())
	}
	return value.NewDynamic(list)
}

func percentile(d *sketch.TDigest, percent value.Value, t value.Type) value.Value {
	x, ok := d.Percentile(value.Scalar(percent).Real())
	if !ok {
		return value.Null(t)
	}
	v := value.NewReal(x)
	if n := int64(x); float64(n) == x {
		v = value.NewLong(n)
	}
	return value.Convert(v, t)
}

// rankOf is about how many of the values are not greater.
func rankOf(c *Invocation, args []value.Value) value.Value {
	d, ok := sketch.ParseTDigest(args[0].Dynamic())
	if !ok || args[1].IsNull() {
		return c.Null()
	}
	return value.NewReal(d.Rank(value.Scalar(args[1]).Real()))
}

// percentRank is the same as a percentage.
func percentRank(c *Invocation, args []value.Value) value.Value {
	d, ok := sketch.ParseTDigest(args[0].Dynamic())
	if !ok || args[1].IsNull() || d.Total() == 0 {
		return c.Null()
	}
	return value.NewReal(100 * d.Rank(value.Scalar(args[1]).Real()) / d.Total())
}
