package function

import "github.com/seed-67b27da2/geiger/detection/kql/value"

func seriesFunctions() []Function {
	return []Function{
		{Name: "series_add", Signatures: []string{
			"- array series1:DynamicArray series2:DynamicArray",
			"- array series1:DynamicArray series2:Number",
			"- array series1:Number series2:DynamicArray",
		}, Doc: "series-add-function"},
		{Name: "series_subtract", Signatures: []string{
			"- array series1:DynamicArray series2:DynamicArray",
			"- array series1:DynamicArray series2:Number",
			"- array series1:Number series2:DynamicArray",
		}, Doc: "series-subtract-function"},
		{Name: "series_multiply", Signatures: []string{
			"- array series1:DynamicArray series2:DynamicArray",
			"- array series1:DynamicArray series2:Number",
			"- array series1:Number series2:DynamicArray",
		}, Doc: "series-multiply-function"},
		{Name: "series_divide", Signatures: []string{
			"- array<real> series1:DynamicArray series2:DynamicArray",
			"- array<real> series1:DynamicArray series2:Number",
			"- array<real> series1:Number series2:DynamicArray",
		}, Doc: "series-divide-function"},
		{Name: "series_pow", Signatures: []string{
			"- array<real> series1:DynamicArray series2:DynamicArray",
			"- array<real> series1:DynamicArray series2:Number",
			"- array<real> series1:Number series2:DynamicArray",
		}, Doc: "series-pow-function"},
		{Name: "series_greater", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-greater-function"},
		{Name: "series_greater_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-greater-equals-function"},
		{Name: "series_less", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-less-function"},
		{Name: "series_less_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-less-equals-function"},
		{Name: "series_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-equals-function"},
		{Name: "series_not_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-not-equals-function"},
		{Name: "series_exp", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-exp-function"},
		{Name: "series_sign", Signatures: []string{"- array<long> series:DynamicArray"}, Doc: "series-sign-function"},
		{Name: "series_abs", Signatures: []string{"- param0 series:DynamicArray"}, Doc: "series-abs-function"},
		{Name: "series_sin", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-sin-function"},
		{Name: "series_asin", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-asin-function"},
		{Name: "series_cos", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-cos-function"},
		{Name: "series_acos", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-acos-function"},
		{Name: "series_tan", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-tan-function"},
		{Name: "series_atan", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-atan-function"},
		{Name: "series_log", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-log-function"},
		{Name: "series_floor", Signatures: []string{"- array series:DynamicArray"}, Doc: "series-floor-function"},
		{Name: "series_ceiling", Signatures: []string{"- param0 series:DynamicArray"}, Doc: "series-ceiling-function"},
	}
}

func seriesProcessingFunctions() []Function {
	return []Function{
		{Name: "series_sum", Signatures: []string{"- real series:DynamicArray"}, Doc: "series-sum-function", Call: onArray(arraySum)},
		{Name: "series_product", Signatures: []string{"- real series:DynamicArray"}, Doc: "series-product-function"},
		{Name: "series_magnitude", Signatures: []string{"- real series:DynamicArray"}, Doc: "series-magnitude-function"},
		{Name: "series_dot_product", Signatures: []string{
			"- real series1:DynamicArray series2:DynamicArray",
			"- real series1:DynamicArray series2:Number",
			"- real series1:Number series2:DynamicArray",
		}, Doc: "series-dot-product-function"},
		{Name: "series_cosine_similarity", Signatures: []string{"- real series1:DynamicArray series2:DynamicArray series1_magnitude:real? series2_magnitude:real?"}, Doc: "series-cosine-similarity-function"},
		{Name: "series_pearson_correlation", Signatures: []string{"- real series1:DynamicArray series2:DynamicArray"}, Doc: "series-pearson-correlation-function"},
		{Name: "series_fill_backward", Signatures: []string{"first param0 series:DynamicArray missing_value_placeholder:Number?"}, Doc: "series-fill-backward-function"},
		{Name: "series_fill_forward", Signatures: []string{"first param0 series:DynamicArray missing_value_placeholder:Number?"}, Doc: "series-fill-forward-function"},
		{Name: "series_fill_const", Signatures: []string{"first param0 series:DynamicArray constant_value:Number? missing_value_placeholder:Number?"}, Doc: "series-fill-const-function"},
		{Name: "series_fill_linear", Signatures: []string{"first param0 series:DynamicArray missing_value_placeholder:Number? fill_edges:bool? constant_value:Number?"}, Doc: "series-fill-linear-function"},
		{Name: "series_fir", Signatures: []string{"first array<real> series:DynamicArray filter:DynamicArray normalize:bool? center:bool?"}, Doc: "series-fir-function"},
		{Name: "series_iir", Signatures: []string{"first array<real> series:DynamicArray numerators:DynamicArray denominators:DynamicArray"}, Doc: "series-iir-function"},
		{Name: "series_outliers", Signatures: []string{
			"first param0 series:DynamicArray kind:string? ignore_val:Number?",
			"first param0 series:DynamicArray kind:string ignore_val:real min_percentile:real max_percentile:real? test_points:Integer?",
		}, Doc: "series-outliers-function"},
		{Name: "series_seasonal", Signatures: []string{
			"- array<real> series:DynamicArray",
			"- array<real> series:DynamicArray period:Integer",
			"- array<real> series:DynamicArray period:Integer test_points:Integer",
		}, Doc: "series-seasonal-function"},
		{Name: "series_periods_detect", Signatures: []string{"- custom series:DynamicArray min_period:Number max_period:Number num_periods:long"}, Doc: "series-periods-detect-function"},
		{Name: "series_periods_validate", Signatures: []string{"- custom series:DynamicArray period:Number{1,16}"}, Doc: "series-periods-validate-function"},
	}
}

func seriesAnalysisFunctions() []Function {
	return []Function{
		{Name: "series_stats", Signatures: []string{"- custom series:DynamicArray ignore_nonfinite:bool/Constant?"}, Doc: "series-stats-function"},
		{Name: "series_stats_dynamic", Signatures: []string{"- custom series:DynamicArray ignore_nonfinite:bool/Constant?"}, Doc: "series-stats-dynamic-function"},
		{Name: "series_fft", Signatures: []string{"- custom series:DynamicArray series_imaginary:DynamicArray?"}, Doc: "series-fft-function"},
		{Name: "series_ifft", Signatures: []string{"- custom series:DynamicArray series_imaginary:DynamicArray?"}, Doc: "series-ifft-function"},
		{Name: "series_fit_line", Signatures: []string{"- custom series:DynamicArray"}, Doc: "series-fit-line-function", Parts: fitParts(fitLine)},
		{Name: "series_fit_line_dynamic", Signatures: []string{"- custom series:DynamicArray"}, Doc: "series-fit-line-dynamic-function", Call: fitBag(fitLine)},
		{Name: "series_fit_2lines", Signatures: []string{"- custom array:DynamicArray"}, Doc: "series-fit-2lines-function", Parts: fitParts(fitTwoLines)},
		{Name: "series_fit_2lines_dynamic", Signatures: []string{"- custom series:DynamicArray"}, Doc: "series-fit-2lines-dynamic-function", Call: fitBag(fitTwoLines)},
		{Name: "series_fit_poly", Signatures: []string{"- custom y_series:DynamicArray x_series:DynamicArray? degree:int?"}, Doc: "series-fit-poly-function"},
		{Name: "series_decompose", Signatures: []string{"- custom series:DynamicArray period:Integer? trend:string? test_points:Integer? seasonality_threshold:Number?"}, Doc: "series-decompose-function"},
		{Name: "series_decompose_forecast", Signatures: []string{"- custom series:DynamicArray test_points:Integer period:Integer? trend:string? seasonality_threshold:Number?"}, Doc: "series-decompose-forecast-function"},
		{Name: "series_decompose_anomalies", Signatures: []string{"- custom series:DynamicArray threshold:Number? period:Integer? trend:string? test_points:Integer? method:string? seasonality_threshold:Number?"}, Doc: "series-decompose-anomalies-function"},
	}
}

// fitParts gives the results of a fit in the order of the documentation.
func fitParts(fit func(y []float64) *value.Bag) func(*Invocation, []value.Value) []value.Value {
	return func(_ *Invocation, args []value.Value) []value.Value {
		y, ok := numbersOf(args[0])
		if !ok {
			return nil
		}
		var out []value.Value
		bag := fit(y)
		for _, k := range bag.Keys() {
			v, _ := bag.Get(k)
			out = append(out, value.FromDynamic(v))
		}
		return out
	}
}

// fitBag gives the results of a fit in a bag.
func fitBag(fit func(y []float64) *value.Bag) Call {
	return func(c *Invocation, args []value.Value) value.Value {
		y, ok := numbersOf(args[0])
		if !ok {
			return c.Null()
		}
		return value.NewDynamic(fit(y))
	}
}

// numbersOf reads an array of numbers.
func numbersOf(v value.Value) ([]float64, bool) {
	list, ok := v.Dynamic().([]any)
	if !ok || len(list) < 2 {
		return nil, false
	}
	out := make([]float64, len(list))
	for i, x := range list {
		n := value.Convert(value.FromDynamic(x), value.Real)
		if n.IsNull() {
			return nil, false
		}
		out[i] = n.Real()
	}
	return out, true
}

// line is a least-squares fit of y over 1, 2, 3 ..., as the service counts
type line struct {
	slope, interception float64
	variance, rvariance float64 // of the values, and of what the line leaves over
	fit                 []float64
	residual            float64 // sum of squares
}

func lineOf(y []float64) line {
	n := float64(len(y))
	meanX, meanY := (n-1)/2, 0.0
	for _, v := range y {
		meanY += v / n
	}
	var sxx, sxy, syy float64
	for i, v := range y {
		dx, dy := float64(i)-meanX, v-meanY
		sxx, sxy, syy = sxx+dx*dx, sxy+dx*dy, syy+dy*dy
	}
	l := line{}
	if sxx > 0 {
		l.slope = sxy / sxx
	}
	l.interception = meanY - l.slope*(meanX+1)
	for i, v := range y {
		f := l.slope*float64(i+1) + l.interception
		l.fit = append(l.fit, f)
		l.residual += (v - f) * (v - f)
	}
	if len(y) > 1 {
		l.variance, l.rvariance = syy/(n-1), l.residual/(n-1)
	}
	return l
}

// rsquare is the share of the variance that a fit explains.
func rsquare(variance, left float64) float64 {
	if variance == 0 {
		return 0
	}
	return 1 - left/variance
}

// fitLine is series_fit_line.
// Source: https://learn.microsoft.com/kusto/query/series-fit-line-function
func fitLine(y []float64) *value.Bag {
	l := lineOf(y)
	bag := value.NewBag()
	bag.Set("rsquare", rsquare(l.variance, l.rvariance))
	bag.Set("slope", l.slope)
	bag.Set("variance", l.variance)
	bag.Set("rvariance", l.rvariance)
	bag.Set("interception", l.interception)
	bag.Set("line_fit", realList(l.fit))
	return bag
}

// fitTwoLines is series_fit_2lines: the split into two lines, each of two points at least, that leaves least over.
// Source: https://learn.microsoft.com/kusto/query/series-fit-2lines-function
func fitTwoLines(y []float64) *value.Bag {
	whole := lineOf(y)
	split, left, right := 0, line{}, whole
	for k := 2; k <= len(y)-2; k++ {
		l, r := lineOf(y[:k]), lineOf(y[k:])
		if split == 0 || l.residual+r.residual < left.residual+right.residual {
			split, left, right = k, l, r
		}
	}
	rest := (left.residual + right.residual) / float64(len(y)-1)
	bag := value.NewBag()
	bag.Set("rsquare", rsquare(whole.variance, rest))
	bag.Set("split_idx", int64(split))
	bag.Set("variance", whole.variance)
	bag.Set("rvariance", rest)
	bag.Set("line_fit", realList(append(left.fit, right.fit...)))
	for _, side := range []struct {
		name string
		line line
	}{{"right_", right}, {"left_", left}} {
		bag.Set(side.name+"rsquare", rsquare(side.line.variance, side.line.rvariance))
		bag.Set(side.name+"slope", side.line.slope)
		bag.Set(side.name+"interception", side.line.interception)
		bag.Set(side.name+"variance", side.line.variance)
		bag.Set(side.name+"rvariance", side.line.rvariance)
	}
	return bag
}

func realList(f []float64) []any {
	out := make([]any, len(f))
	for i, v := range f {
		out[i] = v
	}
	return out
}
