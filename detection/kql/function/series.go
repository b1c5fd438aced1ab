package function

import (
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/series"
)

func seriesFunctions() []Function {
	return []Function{
		{Name: "series_add", Signatures: []string{
			"- array series1:DynamicArray series2:DynamicArray",
			"- array series1:DynamicArray series2:Number",
			"- array series1:Number series2:DynamicArray",
		}, Doc: "series-add-function", Call: seriesArithmetic(func(a, b float64) float64 { return a + b }, func(a, b int64) int64 { return a + b })},
		{Name: "series_subtract", Signatures: []string{
			"- array series1:DynamicArray series2:DynamicArray",
			"- array series1:DynamicArray series2:Number",
			"- array series1:Number series2:DynamicArray",
		}, Doc: "series-subtract-function", Call: seriesArithmetic(func(a, b float64) float64 { return a - b }, func(a, b int64) int64 { return a - b })},
		{Name: "series_multiply", Signatures: []string{
			"- array series1:DynamicArray series2:DynamicArray",
			"- array series1:DynamicArray series2:Number",
			"- array series1:Number series2:DynamicArray",
		}, Doc: "series-multiply-function", Call: seriesArithmetic(func(a, b float64) float64 { return a * b }, func(a, b int64) int64 { return a * b })},
		{Name: "series_divide", Signatures: []string{
			"- array<real> series1:DynamicArray series2:DynamicArray",
			"- array<real> series1:DynamicArray series2:Number",
			"- array<real> series1:Number series2:DynamicArray",
		}, Doc: "series-divide-function", Call: seriesReal(func(a, b float64) float64 { return a / b })},
		{Name: "series_pow", Signatures: []string{
			"- array<real> series1:DynamicArray series2:DynamicArray",
			"- array<real> series1:DynamicArray series2:Number",
			"- array<real> series1:Number series2:DynamicArray",
		}, Doc: "series-pow-function", Call: seriesReal(math.Pow)},
		{Name: "series_greater", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-greater-function", Call: seriesComparison(func(order int) bool { return order > 0 })},
		{Name: "series_greater_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-greater-equals-function", Call: seriesComparison(func(order int) bool { return order >= 0 })},
		{Name: "series_less", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-less-function", Call: seriesComparison(func(order int) bool { return order < 0 })},
		{Name: "series_less_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-less-equals-function", Call: seriesComparison(func(order int) bool { return order <= 0 })},
		{Name: "series_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-equals-function", Call: seriesComparison(func(order int) bool { return order == 0 })},
		{Name: "series_not_equals", Signatures: []string{
			"- array<bool> series1:DynamicArray series2:DynamicArray",
			"- array<bool> series1:DynamicArray series2:Number",
			"- array<bool> series1:Number series2:DynamicArray",
		}, Doc: "series-not-equals-function", Call: seriesComparison(func(order int) bool { return order != 0 })},
		{Name: "series_exp", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-exp-function", Call: onRealElements(math.Exp)},
		{Name: "series_sign", Signatures: []string{"- array<long> series:DynamicArray"}, Doc: "series-sign-function", Call: onElements(elementSign)},
		{Name: "series_abs", Signatures: []string{"- param0 series:DynamicArray"}, Doc: "series-abs-function", Call: onElements(elementAbs)},
		{Name: "series_sin", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-sin-function", Call: onRealElements(math.Sin)},
		{Name: "series_asin", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-asin-function", Call: onRealElements(math.Asin)},
		{Name: "series_cos", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-cos-function", Call: onRealElements(math.Cos)},
		{Name: "series_acos", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-acos-function", Call: onRealElements(math.Acos)},
		{Name: "series_tan", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-tan-function", Call: onRealElements(math.Tan)},
		{Name: "series_atan", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-atan-function", Call: onRealElements(math.Atan)},
		{Name: "series_log", Signatures: []string{"- array<real> series:DynamicArray"}, Doc: "series-log-function", Call: onRealElements(math.Log)},
		{Name: "series_floor", Signatures: []string{"- array series:DynamicArray"}, Doc: "series-floor-function", Call: onRealElements(math.Floor)},
		{Name: "series_ceiling", Signatures: []string{"- param0 series:DynamicArray"}, Doc: "series-ceiling-function", Call: onRealElements(math.Ceil)},
	}
}

func seriesProcessingFunctions() []Function {
	return []Function{
		{Name: "series_sum", Signatures: []string{"- real series:DynamicArray"}, Doc: "series-sum-function", Call: onArray(arraySum)},
		{Name: "series_product", Signatures: []string{"- real series:DynamicArray"}, Doc: "series-product-function", Call: seriesProduct},
		{Name: "series_magnitude", Signatures: []string{"- real series:DynamicArray"}, Doc: "series-magnitude-function", Call: seriesMagnitude},
		{Name: "series_dot_product", Signatures: []string{
			"- real series1:DynamicArray series2:DynamicArray",
			"- real series1:DynamicArray series2:Number",
			"- real series1:Number series2:DynamicArray",
		}, Doc: "series-dot-product-function", Call: seriesDotProduct},
		{Name: "series_cosine_similarity", Signatures: []string{"- real series1:DynamicArray series2:DynamicArray series1_magnitude:real? series2_magnitude:real?"}, Doc: "series-cosine-similarity-function", Call: seriesCosine},
		{Name: "series_pearson_correlation", Signatures: []string{"- real series1:DynamicArray series2:DynamicArray"}, Doc: "series-pearson-correlation-function", Call: seriesCorrelation},
		{Name: "series_fill_backward", Signatures: []string{"first param0 series:DynamicArray missing_value_placeholder:Number?"}, Doc: "series-fill-backward-function", Call: fillNeighbour(true)},
		{Name: "series_fill_forward", Signatures: []string{"first param0 series:DynamicArray missing_value_placeholder:Number?"}, Doc: "series-fill-forward-function", Call: fillNeighbour(false)},
		{Name: "series_fill_const", Signatures: []string{"first param0 series:DynamicArray constant_value:Number? missing_value_placeholder:Number?"}, Doc: "series-fill-const-function", Call: onArray(fillConstant)},
		{Name: "series_fill_linear", Signatures: []string{"first param0 series:DynamicArray missing_value_placeholder:Number? fill_edges:bool? constant_value:Number?"}, Doc: "series-fill-linear-function", Call: onArray(fillLinear)},
		{Name: "series_fir", Signatures: []string{"first array<real> series:DynamicArray filter:DynamicArray normalize:bool? center:bool?"}, Doc: "series-fir-function", Call: seriesFIR},
		{Name: "series_iir", Signatures: []string{"first array<real> series:DynamicArray numerators:DynamicArray denominators:DynamicArray"}, Doc: "series-iir-function", Call: seriesIIR},
		{Name: "series_outliers", Signatures: []string{
			"first param0 series:DynamicArray kind:string? ignore_val:Number?",
			"first param0 series:DynamicArray kind:string ignore_val:real min_percentile:real max_percentile:real? test_points:Integer?",
		}, Doc: "series-outliers-function", Call: seriesOutliers},
		{Name: "series_seasonal", Signatures: []string{
			"- array<real> series:DynamicArray",
			"- array<real> series:DynamicArray period:Integer",
			"- array<real> series:DynamicArray period:Integer test_points:Integer",
		}, Doc: "series-seasonal-function", Call: seriesSeasonal},
		{Name: "series_periods_detect", Signatures: []string{"- custom series:DynamicArray min_period:Number max_period:Number num_periods:long"}, Doc: "series-periods-detect-function", Results: "periods:array<real>,scores:array<real>", Parts: detectedPeriods},
		{Name: "series_periods_validate", Signatures: []string{"- custom series:DynamicArray period:Number{1,16}"}, Doc: "series-periods-validate-function", Results: "periods:array<real>,scores:array<real>", Parts: validatedPeriods},
	}
}

func seriesAnalysisFunctions() []Function {
	return []Function{
		{Name: "series_stats", Signatures: []string{"- custom series:DynamicArray ignore_nonfinite:bool/Constant?"}, Doc: "series-stats-function", Results: "min:real,min_idx:long,max:real,max_idx:long,avg:real,stdev:real,variance:real", Parts: statsParts},
		{Name: "series_stats_dynamic", Signatures: []string{"- custom series:DynamicArray ignore_nonfinite:bool/Constant?"}, Doc: "series-stats-dynamic-function", Call: statsBag},
		{Name: "series_fft", Signatures: []string{"- custom series:DynamicArray series_imaginary:DynamicArray?"}, Doc: "series-fft-function", Results: "real:array<real>,imag:array<real>", Parts: fourierParts(series.Fourier)},
		{Name: "series_ifft", Signatures: []string{"- custom series:DynamicArray series_imaginary:DynamicArray?"}, Doc: "series-ifft-function", Results: "real:array<real>,imag:array<real>", Parts: fourierParts(series.InverseFourier)},
		{Name: "series_fit_line", Signatures: []string{"- custom series:DynamicArray"}, Doc: "series-fit-line-function", Results: "rsquare:real,slope:real,variance:real,rvariance:real,interception:real,line_fit:array<real>", Parts: fitParts(lineParts)},
		{Name: "series_fit_line_dynamic", Signatures: []string{"- custom series:DynamicArray"}, Doc: "series-fit-line-dynamic-function", Call: fitBag(lineBag)},
		{Name: "series_fit_2lines", Signatures: []string{"- custom array:DynamicArray"}, Doc: "series-fit-2lines-function", Results: "rsquare:real,split_idx:long,variance:real,rvariance:real,line_fit:array<real>,right_rsquare:real,right_slope:real,right_interception:real,right_variance:real,right_rvariance:real,left_rsquare:real,left_slope:real,left_interception:real,left_variance:real,left_rvariance:real", Parts: fitParts(twoLinesParts)},
		{Name: "series_fit_2lines_dynamic", Signatures: []string{"- custom series:DynamicArray"}, Doc: "series-fit-2lines-dynamic-function", Call: fitBag(twoLinesBag)},
		{Name: "series_fit_poly", Signatures: []string{"- custom y_series:DynamicArray x_series:DynamicArray? degree:int?"}, Doc: "series-fit-poly-function", Results: "rsquare:real,coefficients:array<real>,variance:real,rvariance:real,poly_fit:array<real>", Parts: polynomialParts},
		{Name: "series_decompose", Signatures: []string{"- custom series:DynamicArray period:Integer? trend:string? test_points:Integer? seasonality_threshold:Number?"}, Doc: "series-decompose-function", Results: "baseline:array,seasonal:array,trend:array,residual:array", Parts: decomposeParts},
		{Name: "series_decompose_forecast", Signatures: []string{"- custom series:DynamicArray test_points:Integer period:Integer? trend:string? seasonality_threshold:Number?"}, Doc: "series-decompose-forecast-function", Results: "baseline:array,seasonal:array,trend:array,residual:array", Parts: forecastParts},
		{Name: "series_decompose_anomalies", Signatures: []string{"- custom series:DynamicArray threshold:Number? period:Integer? trend:string? test_points:Integer? method:string? seasonality_threshold:Number?"}, Doc: "series-decompose-anomalies-function", Results: "ad_flag:array,ad_score:array,baseline:array", Parts: anomalyParts},
	}
}
