package kql

import (
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// fitFunction finds the functions that fit lines to a series, which give a bag of their results.
func fitFunction(name string) (func(y []float64) *value.Bag, bool) {
	switch strings.TrimSuffix(name, "_dynamic") {
	case "series_fit_line":
		return fitLine, true
	case "series_fit_2lines":
		return fitTwoLines, true
	default:
		return nil, false
	}
}

// fitPart gives one of the results of a fit, in the order of the documentation, or all of them as a bag.
func fitPart(fit func(y []float64) *value.Bag, part int) rowFunction {
	return func(c *invocation, args []value.Value) value.Value {
		y, ok := numbersOf(args[0])
		if !ok {
			return c.null()
		}
		bag := fit(y)
		if part < 0 {
			return value.NewDynamic(bag)
		}
		v, _ := bag.Get(bag.Keys()[part])
		return value.Convert(value.FromDynamic(v), c.result)
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
