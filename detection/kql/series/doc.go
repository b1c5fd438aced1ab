// Package series holds the arithmetic of the series_*() functions of the Kusto Query Language: Fourier
// transforms, filters, regressions, the detection of periods, decomposition into season, trend and residual, and
// the scores of outliers.
//
// A series is a []float64 whose points are evenly spaced in time; NaN is a point without a value (a null of the
// query). No function changes its arguments. Every function takes any series, also one that is empty, constant,
// or not finite.
//
// The documentation names the methods, not their formulas. What it leaves open is taken from answers that the service
// gave to its own examples, and from what the service's authors have said in public; where neither
// decides, the comment says that a choice was made.
// Source: https://learn.microsoft.com/kusto/query/time-series-analysis
package series
